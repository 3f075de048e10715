"""Table 3a: what a provider can do to a call, and what is promised about each."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fake_openai import misbehave

from .bench import Bench
from .evidence import Result, jobs, rows
from .processes import Host, peak, workers
from .provider import KEY

DEADLINE = 3.0  # seconds, AQUATINT_DEADLINE of these servers
AT_DEADLINE = (DEADLINE - 1, DEADLINE + 1)
MEMORY = 64.0  # MB that one reply may cost, however large it says it is

Run = Callable[[Bench, int], Result]


@dataclass(frozen=True, slots=True)
class Reply:
    """One fault; without a `code` the picture must come. `hits`: most requests of one call."""

    name: str
    mode: str
    code: str = ""
    state: str = "failed"
    words: tuple[str, ...] = ()
    hits: int = 1
    fewest: int = 1
    within: tuple[float, float] | None = None  # seconds, least and most
    kept: int = 0  # pictures of a failed call that are kept (early looks)


REFUSED = [
    Reply(
        "400 moderation",
        "moderation",
        "content_policy",
        "refused",
        ("req-", "retryable: when changed"),
    ),
    Reply("401", "wrong_key", "invalid_key", words=("OPENAI_API_KEY",)),
    Reply("403 unverified", "403", "org_unverified", words=("settings/organization/general",)),
    Reply("404 model gone", "404", "model_not_found"),
    Reply("409", "409", "conflict", "unknown"),
    Reply("429 Retry-After 2", "retry_after once=1", hits=2, fewest=2, within=(2, 5)),
    Reply("429 for good", "retry_after", "rate_limited", hits=3, fewest=2, within=(2, 9)),
    Reply(
        "429 Retry-After 3600", "retry_after_3600", "rate_limited", words=("3600",), within=(0, 1)
    ),
    Reply("429 insufficient_quota", "quota", "billing"),
    Reply("500", "500", "provider_error", "unknown"),
    Reply("502", "502", "provider_error", "unknown"),
    Reply("502 as HTML", "html502", "provider_error", "unknown"),
    Reply("504", "504", "gateway_timeout", "unknown"),
    Reply("503 + Retry-After", "503 once=1", hits=2, fewest=2),
]
BROKEN = [
    Reply("hang", "hang", "timeout", "unknown", within=AT_DEADLINE),
    Reply("slow drip", "drip", "timeout", "unknown", within=AT_DEADLINE),
    Reply("cut in the picture", "cut_in_last", "bad_provider_reply"),
    Reply("503 without a word", "503_plain", "provider_error", "unknown"),
    Reply("empty", "empty", "bad_provider_reply", "unknown"),
    Reply("HTML with 200", "html200", "bad_provider_reply", "unknown"),
    Reply("a JSON list", "list", "bad_provider_reply", "unknown"),
    Reply("error in 200", "error_in_200", "provider_error", "unknown"),
    Reply("data null", "data_null", "bad_provider_reply"),
    Reply("data empty", "data_empty", "bad_provider_reply"),
    Reply("b64 null", "b64_null", "bad_provider_reply"),
    Reply("bad base64", "b64_bad", "bad_provider_reply"),
    Reply("base64 of no picture", "b64_text", "bad_provider_reply"),
    Reply("half a PNG", "truncated_png", "bad_provider_reply"),
    Reply("redirect to another host", "redirect_here", "redirect"),
    Reply("gzip bomb", "gzip_bomb", "reply_too_large"),
    Reply("120 MB body", "large", "reply_too_large"),
]
ACCEPTED = [
    Reply("url-safe base64", "b64_urlsafe"),
    Reply("no padding", "b64_unpadded"),
    Reply("wrong content type", "wrong_content_type"),
    Reply("another format than claimed", "wrong_format"),
]
BEHIND = [
    Reply("JSON cut behind the picture", "truncated_json"),
    Reply("cut right behind the picture", "cut_behind_pictures"),
    Reply("junk behind the JSON", "junk_behind"),
    Reply("a hang behind the JSON", "hang_behind", within=(0, DEADLINE - 1)),
    Reply("a hang behind the picture", "hang_behind_pictures", within=(1, DEADLINE)),
    Reply("a count of 400 digits", "usage_huge", words=("token count cannot be right",)),
    Reply("a count of 5,000 digits", "usage_digits", words=("token count cannot be right",)),
    Reply("a negative count", "usage_negative", words=("token count cannot be right",)),
    Reply("a count of a thousand million", "usage_absurd", words=("token count cannot be right",)),
]
ODD = [  # what crashed us once, by what is told within the second
    Reply(
        "a palette picture without its palette",
        "no_palette",
        "bad_provider_reply",
        words=("cannot be used", ".rescued", "money spent: yes"),
        within=(0, 1),
    ),
    Reply(
        "a count of 400 digits",
        "usage_huge",
        words=("token count cannot be right",),
        within=(0, 1),
    ),
]
STREAMS = [
    Reply(
        "stops after partials", "stream_partials_then_end", "stream_incomplete", "unknown", kept=1
    ),
    Reply("cut in completed", "stream_cut_in_completed", "stream_incomplete", "unknown", kept=1),
    Reply("error event", "stream_error_event", "provider_error", "unknown", kept=1),
    Reply("stall", "stream_stall", "timeout", "unknown", within=AT_DEADLINE, kept=1),
    Reply("garbage, then completed", "stream_garbage_then_ok"),
    Reply("no end behind completed", "stream_hang", within=(0, DEADLINE - 1)),
    Reply("cut behind the picture", "stream_cut_behind_picture"),
    Reply("an event of another type", "stream_other_type", "stream_incomplete", "unknown"),
    Reply("completed twice", "stream_duplicate"),
]


def replies(faults: Sequence[Reply], streamed: bool = False) -> Run:
    """Each fault as one call, in both revisions; the provider counts."""

    def run(bench: Bench, times: int) -> Result:
        found = Result()
        settings = {**bench.provider.settings(), "AQUATINT_DEADLINE": str(DEADLINE)}
        settings["AQUATINT_PARTIALS"] = "2" if streamed else "0"
        for modern in (True, False)[: min(times, 2)]:
            home = bench.home("reply")
            with Host(home, settings, modern=modern) as host:
                host.answer(host.generate(bench.prompt(home, "warm")))  # starts the worker
                for fault in faults:
                    found.add(_one(bench, host, fault))
            told = bench.verdict(home, may_lose=True, hits=max(one.hits for one in faults))
            found.add(Result(paid=told.paid, hits=told.hits, broken=told.broken))
        return found

    return run


def odd(bench: Bench, times: int) -> Result:
    """The same end, told at once, in the worker and in a server without one; listed, and kept."""
    found = Result()
    for worker in ("true", "false"):
        home = bench.home("odd")
        settings = {**bench.provider.settings(), "AQUATINT_WORKER": worker}
        with Host(home, settings) as host:
            host.answer(host.generate(bench.prompt(home, "warm")))  # starts the worker
            found.expect(bool(workers(home)) == (worker == "true"), "the wrong process draws")
            for fault in ODD * times:
                found.add(_one(bench, host, fault))
            listed = json.dumps(host.result("recent_images", limit=50))
            shown = [row["id"] for row in rows(home, "SELECT id FROM pictures WHERE shown")]
            found.expect(all(one in listed for one in shown), "a picture is not listed")
        kept = list((home / ".aquatint/parts").glob("*.rescued"))
        found.expect(len(kept) == times, f"{len(kept)} of {times} odd files were kept")
        told = bench.verdict(home, may_lose=True)
        found.add(Result(paid=told.paid, hits=told.hits, broken=told.broken))
    return found


def _one(bench: Bench, host: Host, fault: Reply) -> Result:
    found = Result(injections=1)
    prompt = bench.prompt(host.home, f"mode={fault.mode}")
    before = _memory(host)
    began = time.monotonic()
    number = host.generate(prompt, fresh=True)
    answer = host.answer(number)
    took = time.monotonic() - began
    told = json.dumps(answer)
    asked = bench.provider.asked(prompt)
    row = jobs(host.home, prompt)[-1:]
    state = row[0]["state"] if row else None
    shown = rows(host.home, "SELECT * FROM pictures WHERE prompt = ?", prompt)
    digests = {one for each in asked for one in each.digests}

    def expect(kept: object, otherwise: str) -> None:
        found.expect(kept, f"{fault.name}: {otherwise}")

    expect(fault.fewest <= len(asked) <= fault.hits, f"{len(asked)} hits")
    expect(KEY not in told, "the key is in the answer")
    expect(not any("/stolen/" in one.path for one in asked), "the redirect was followed")
    expect(_memory(host) - before < MEMORY, f"took {_memory(host) - before:.0f} MB")
    if fault.code:
        expect(answer.get("isError"), "no error")
        expect(f"code: {fault.code}" in told, told[:300])
        expect(state == fault.state, f"the row says {state}")
        expect(len(shown) == fault.kept, f"{len(shown)} pictures")
        expect(all("early look" in (one["note"] or "") for one in shown), "not named as early")
    else:
        expect(not answer.get("isError"), told[:300])
        expect(state == "done", f"the row says {state}")
        expect(len(shown) == 1 and shown[0]["sha256"] in digests, f"{len(shown)} pictures")
        expect(all(_suffix(one) for one in shown), "named by another format")
    for word in fault.words:
        expect(word in told, f"{word!r} is not said: {told[:300]}")
    if len(asked) > 1 and fault.within:
        gap = asked[1].at - asked[0].at
        expect(gap >= fault.within[0], f"asked again after {gap:.1f} s")
        expect(any("pausing" in beat for beat in host.beats.get(number, [])), "no progress said so")
    if fault.within and bench.strict:
        expect(fault.within[0] <= took <= fault.within[1], f"answered after {took:.1f} s")
    found.hits = len(asked)
    return found


def _suffix(image: dict[str, Any]) -> bool:
    return image["key"].endswith({"jpeg": ".jpg"}.get(image["format"], f".{image['format']}"))


def _memory(host: Host) -> float:
    """MB, the most that the server and its worker ever had, together."""
    return sum(peak(pid) for pid in [host.process.pid, *workers(host.home)])


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection that ends before its time."""

    answer: bytes
    reset: bool
    code: str
    state: str = "unknown"
    streamed: bool = False


HALF = b'{"created": 1, "data": [{"b64_json": "iVBORw0KGgoAAAANSUhEUgAA'
JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n"
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 900000\r\n\r\n"
CUTS = {
    "reset before an answer": Cut(b"", True, "connection_lost"),
    "close before an answer": Cut(b"", False, "connection_lost"),
    "reset in the body": Cut(JSON_HEAD + HALF, True, "connection_lost"),
    "close in the body": Cut(JSON_HEAD + HALF, False, "connection_lost"),
    "reset in a stream": Cut(SSE_HEAD + b"data: {", True, "connection_lost", streamed=True),
}


def cut(bench: Bench, times: int) -> Result:
    """Raw sockets that reset or close; each call reaches them once and is told as unknown."""
    found = Result()
    for number, (name, fault) in enumerate(CUTS.items()):
        home = bench.home("cut")
        with misbehave(fault.answer, reset=fault.reset) as server:
            settings = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY}
            settings["AQUATINT_PARTIALS"] = "2" if fault.streamed else "0"
            with Host(home, settings, modern=number % 2 == 0) as host:
                for _ in range(times):
                    before = server.hits
                    told = json.dumps(host.answer(host.generate(bench.prompt(home))))
                    hits = server.hits - before
                    found.hits, found.paid = max(found.hits, hits), found.paid + hits
                    found.injections += 1
                    found.expect(hits == 1, f"{name}: {hits} hits")
                    found.expect(f"code: {fault.code}" in told, f"{name}: {told[:300]}")
        bench.repaired(home)
        states = {row["state"] for row in jobs(home)}
        found.expect(states == {fault.state}, f"{name}: the rows say {states}")
    return found


def unreachable(bench: Bench, times: int) -> Result:
    """Nobody listens: nothing was sent, so nothing is owed."""
    found = Result(injections=times)
    home = bench.home("nobody")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "OPENAI_API_KEY": KEY}
    with Host(home, settings) as host:
        for _ in range(times):
            told = json.dumps(host.answer(host.generate(bench.prompt(home))))
            found.expect("money spent: no" in told and "code: unreachable" in told, told[:300])
    found.expect({row["state"] for row in jobs(home)} == {"failed"}, "a row says otherwise")
    return found
