"""The promise of the protocol edge: whatever line comes, the server lives and answers every id."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, cast

import pytest
from mcp.types import JSONRPCError, JSONRPCMessage, JSONRPCRequest, JSONRPCResponse

from aquatint.mcp_server.transport import Line, judged, lines, written
from wire import Pipes, peak_memory, pipes

LONG = b"x" * 1_200_000
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
SURROGATE = rb'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"\ud800"}}'
REQUEST = b'{"jsonrpc":"2.0","id":%d,"method":"tools/list","params":'

# (a line with an id to be answered, the code of the answer)
ANSWERED = [
    (REQUEST + b"7}", -32602),
    (REQUEST + b"[1]}", -32602),
    (REQUEST + b'"text"}', -32602),
    (b'{"jsonrpc":"1.0","id":%d,"method":"tools/list"}', -32600),
    (b'{"id":%d,"method":"tools/list"}', -32600),
    (b'{"jsonrpc":"2.0","id":%d}', -32600),
    (b'{"jsonrpc":"2.0","id":%d,"method":7}', -32600),
    (b'{"jsonrpc":"2.0","id":%d,"method":null,"params":{}}', -32600),
    (b'[{"jsonrpc":"2.0","id":%d,"method":"tools/list"}]', -32600),
    (SURROGATE, -32700),
    (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":%d,"method":"tools/list"}', -32700),
    (REQUEST + b'{"a":"' + LONG + b'"}}', -32600),
    (b'{"method":"m","params":{"a":"' + LONG + b'"},"jsonrpc":"2.0","id":%d}', -32600),
    (b'{"method":"m","params":{"a":"' + LONG + b'"},"id":%d,"jsonrpc":"2.0"}', -32600),
]
# Not JSON, or without a readable id: answered once each, with the id null.
BROKEN = [
    (b"not json", -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"tools/\xff\xfelist"}', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"tools/list",}', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"tools/list"} trailing', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"tools/list"', -32700),
    (b"{'jsonrpc':'2.0', \"id\":7, 'method':'tools/list'}", -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":' + DEEP + b"}", -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":' + b"[" * 100_000, -32700),
    (b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"tools/list"}', -32700),
    (b"\x00\x01\x02", -32700),
    (b"\xff" * 100, -32700),
    (b"[" * 100_000, -32700),
    (LONG, -32600),
    (b'{"jsonrpc":"2.0","id":[7],"method":"tools/call","params":{"a":"' + LONG + b'"}}', -32600),
]
IGNORED = [
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b'{"jsonrpc":"2.0","id":[1],"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":true,"method":"tools/list"}',
    rb'{"jsonrpc":"2.0","id":"\ud800","method":7}',
    b'{"jsonrpc":"2.0","id":"what","result":7}',
    b'{"jsonrpc":"2.0","id":"what","error":7}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}',
    b'{"jsonrpc":"2.0","method":"notifications/nothing"}',
    b"",
    b"\r",
    b"   ",
]


@pytest.fixture(params=[True, False], ids=["2026", "2025"])
def modern(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_every_malformed_line_with_an_id_is_answered(home: Path, modern: bool) -> None:
    with pipes(home, modern=modern, AQUATINT_MAX_LINE="1000000") as server:
        server.send(*IGNORED)
        server.alive()
        for number, (line, code) in enumerate(ANSWERED):
            server.send(line.replace(b"%d", str(number).encode()))
            answer = server.answers([number])[0]
            assert answer["error"]["code"] == code, line[:80]
            assert "xxxx" not in answer["error"]["message"]
        server.send(*IGNORED)
        server.alive("still")
    assert len(server.said) == len(ANSWERED) + 2 + (not modern)


def test_every_line_that_is_not_json_is_answered_without_an_id(home: Path, modern: bool) -> None:
    with pipes(home, modern=modern, AQUATINT_MAX_LINE="1000000") as server:
        server.send(*(line for line, _ in BROKEN))
        server.alive()
    answers = [json.loads(line) for line in server.said]
    unnamed = [one["error"]["code"] for one in answers if one.get("id", "") is None]
    assert unnamed == [code for _, code in BROKEN]


def test_the_first_line_may_be_anything(home: Path) -> None:
    for number, line in enumerate([b"not json", b"\xff", b"[]", ANSWERED[0][0]]):
        with pipes(home) as server:
            server.send(*[line] * 20)
            server.alive(f"alive {number}")


def test_a_batch_is_answered_one_by_one(home: Path) -> None:
    batch = [{"jsonrpc": "2.0", "id": n, "method": "tools/list"} for n in range(3)]
    with pipes(home) as server:
        server.send(json.dumps([*batch, {"jsonrpc": "2.0", "method": "x"}, 7]).encode())
        assert [one["error"]["code"] for one in server.answers(range(3))] == [-32600] * 3


def test_an_endless_line_takes_no_memory_and_the_next_is_read(home: Path) -> None:
    with pipes(home, AQUATINT_MAX_LINE="1000000") as server:
        server.alive()
        before = peak_memory(server.process.pid)
        assert server.process.stdin
        server.process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"')
        for _ in range(100):
            server.process.stdin.write(b"x" * 1_000_000)
        server.send(b"")
        told = server.answers([1])[0]["error"]["message"]
        assert "AQUATINT_MAX_LINE" in told
        server.alive("again")
        assert peak_memory(server.process.pid) - before < 60_000_000  # imports warm up meanwhile


def test_a_line_of_the_usual_limit_is_read_within_four_times_its_size(home: Path) -> None:
    with pipes(home) as server:
        server.alive()
        before = peak_memory(server.process.pid)
        image = "data:image/png;base64," + "A" * 70_000_000
        told = server.ask(1, "tools/call", {"name": "get_image", "arguments": {"image": image}})
        assert told["result"]["isError"]
        assert peak_memory(server.process.pid) - before < 4 * 80_000_000


def test_what_is_printed_never_reaches_the_wire(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "noisy.py"
    script.write_text(
        "import os, sys, logging\n"
        "from aquatint.app import build\n"
        "from aquatint.settings import Settings\n"
        "app = build(Settings(home=sys.argv[1]))\n"
        "handle = app.server._handle_list_tools\n"
        "async def noisy(*given):\n"
        "    print('printed')\n"
        "    os.write(1, b'written')\n"
        "    os.system('echo echoed; cat')\n"
        "    return await handle(*given)\n"
        "low = app.server._lowlevel_server\n"
        "from mcp.types import PaginatedRequestParams\n"
        "low.add_request_handler('tools/list', PaginatedRequestParams, noisy)\n"
        "app.server.run('stdio')\n"
    )
    with pipes(home, arguments=[str(script), str(home)]) as server:
        server.alive()
        server.alive("twice")
    assert len(server.said) == 2
    complaints = (home.parent / "stderr.txt").read_text()
    assert all(word in complaints for word in ("printed", "written", "echoed"))


async def test_lines_are_put_together_and_taken_apart_as_they_come() -> None:
    given = [b"a\nb", b"", b"c\n\n", b"d" * 6000, b"d" * 6000 + b"end\ne"]
    waiting = [one for one in given if one]

    async def read() -> bytes:
        return waiting.pop(0) if waiting else b""

    found = [one async for one in lines(read, 10_000)]
    assert [one.whole for one in found] == [True, True, False, True]
    assert [bytes(one.data) for one in found[:2]] == [b"a", b"bc"]
    assert found[2].data.endswith(b"end")
    assert len(found[2].data) == 8192


def test_an_answer_that_cannot_be_written_becomes_an_error() -> None:
    line = written(JSONRPCResponse(jsonrpc="2.0", id=3, result={"path": "a\udcff"}))
    answer = json.loads(line)
    assert answer["id"] == 3
    assert answer["error"]["code"] == -32603


def judge(line: bytes) -> JSONRPCMessage | list[JSONRPCError]:
    return judged(Line(bytearray(line), True), 100)


def test_a_good_line_is_read_as_it_is() -> None:
    message = judge(b'{"jsonrpc":"2.0","id":"a","method":"tools/list"}')
    assert isinstance(message, JSONRPCRequest)


# Fuzzing: mutants of good lines, checked against what Python's own parser says of them.

SEEDS: list[tuple[str, dict[str, Any]]] = [
    ("tools/list", {}),
    ("ping", {}),
    ("resources/list", {"cursor": "x"}),
    ("resources/templates/list", {}),
    ("resources/read", {"uri": "image://abcdefgh23456777/recipe"}),
    ("tools/call", {"name": "recent_images", "arguments": {"limit": 3, "query": "狐"}}),
    ("tools/call", {"name": "get_image", "arguments": {"image": "latest", "edge": 64}}),
    (
        "tools/call",
        {
            "name": "generate_image",
            "arguments": {"prompt": "a fox", "size": "64x64", "dry_run": True, "n": 1},
        },
    ),
    (
        "tools/call",
        {"name": "edit_image", "arguments": {"images": ["latest"], "prompt": "x", "dry_run": True}},
    ),
    (
        "completion/complete",
        {"ref": {"type": "ref/resource", "uri": "image://{id}"}, "argument": {"name": "id"}},
    ),
]
SPLICES = [b"\x00", b"\xff", b'"', b"}", b"{", b"[", b"\\ud800", b"\\", b"null", b"-1", b"1e999"]
VALUES: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    "\u202e",
    [],
    {},
    [[]],
    "x" * 2000,
    "image://",
]


def swapped(value: Any, dice: random.Random) -> Any:
    """The same tree with one leaf or branch of another type."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        branches = cast("dict[str, Any]", value)
        key = dice.choice(list(branches))
        return {**branches, key: swapped(branches[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.5:
        first, *others = cast("list[Any]", value)
        return [swapped(first, dice), *others]
    return dice.choice(VALUES)


def mutant(server: Pipes, number: int, dice: random.Random) -> bytes:
    method, params = dice.choice(SEEDS)
    line = server.request(number, method, params)
    match dice.randrange(6):
        case 0:
            message = json.loads(line)
            key = dice.choice(list(message))
            message[key] = swapped(message[key], dice)
            return json.dumps(message).encode()
        case 1:
            message = json.loads(line)
            message["params"] = swapped(message["params"], dice)
            return json.dumps(message, ensure_ascii=False).encode()
        case 2:
            place = dice.randrange(len(line))
            return line[:place] + dice.choice(SPLICES) + line[place:]
        case 3:
            return line[: dice.randrange(len(line))]
        case 4:
            flipped = bytearray(line)
            for _ in range(dice.randint(1, 4)):
                flipped[dice.randrange(len(line))] = dice.choice(range(32, 256))
            return bytes(flipped)
        case _:
            a, b = sorted(dice.sample(range(len(line)), 2))
            return line[:a] + line[b:] if dice.random() < 0.5 else line[:b] + line[a:]


def owed(line: bytes) -> list[int | str]:
    """The id that an answer is owed to, as Python's own parser sees the line."""
    try:
        parsed: Any = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return []
    if not isinstance(parsed, dict):
        return []
    message = cast("dict[str, Any]", parsed)
    if "method" not in message and {"result", "error"} & message.keys():
        return []
    identity = message.get("id")
    if isinstance(identity, bool) or not isinstance(identity, int | str):
        return []
    return [identity] if isinstance(identity, int) or identity.isprintable() else []


def fuzz(home: Path, *, modern: bool, count: int, seed: int) -> None:
    dice = random.Random(seed)
    with pipes(home, modern=modern, AQUATINT_MAX_LINE="100000") as server:
        for start in range(0, count, 50):
            batch = [mutant(server, start + n, dice) for n in range(50)]
            batch = [line.replace(b"\n", b" ") for line in batch]
            server.send(*batch)
            server.answers([identity for line in batch for identity in owed(line)])
        server.alive()


def test_500_fuzzed_lines_leave_a_living_server_that_answered_every_id(
    home: Path, modern: bool
) -> None:
    fuzz(home, modern=modern, count=500, seed=1)


@pytest.mark.full
def test_10000_fuzzed_lines_leave_a_living_server_that_answered_every_id(
    home: Path, modern: bool
) -> None:
    fuzz(home, modern=modern, count=10_000, seed=2)
