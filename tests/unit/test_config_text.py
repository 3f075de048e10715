"""Editing a host's configuration changes our entry and not one byte more, in every format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aquatint.domain.errors import Misconfigured
from aquatint.install.editors import edit
from aquatint.install.hosts import Kind, fields_of

ENTRY = {"command": "/usr/bin/aquatint", "args": ["a b", "ü\u2028\x85"], "env": {"X_Y": "1"}}
PATHS: dict[Kind, tuple[str, ...]] = {
    "json": ("mcpServers", "aquatint"),
    "toml": ("mcp_servers", "aquatint"),
    "yaml": ("extensions", "aquatint"),
}


def only_inserted(old: str, new: str) -> bool:
    """Whether `new` is `old` with one piece put in, and perhaps one comma before it."""
    for _ in range(2):
        shared = next(
            (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old)
        )
        if new.endswith(old[shared:]):
            return True
        if new[shared : shared + 1] != ",":
            return False
        new = new[:shared] + new[shared + 1 :]
    return False


def there_and_back(kind: Kind, text: str) -> str:
    """The text after our entry was put in, twice, and taken out again."""
    new = edit.put(kind, text, PATHS[kind], ENTRY)
    assert edit.entry_at(edit.read(kind, new), PATHS[kind]) == ENTRY
    assert only_inserted(text, new)
    assert edit.put(kind, new, PATHS[kind], ENTRY) == new
    return edit.drop(kind, new, PATHS[kind])


EXACT: list[tuple[Kind, str]] = [
    ("json", '{"mcpServers": {"a": {}}}'),
    ("json", '{\n  "mcpServers": {\n    "a": {}\n  }\n}\n'),
    ("json", '{\n\t"mcpServers": {\n\t\t"a": {}, // why\n\t\t/* b */\n\t},\n}'),
    ("json", '\ufeff{\r\n    "mcpServers": {\r\n        "a": {}\r\n    }\r\n}\r\n'),
    ("json", '// top\n{\n  "z": 1,\n  "mcpServers": {},\n  // bottom\n}\n'),
    ("json", '{ "mcpServers": { "a": {} /* x */ } }'),
    ("json", '{\n  "mcpServers": {\n    "a": {"b": [1,\n 2]} // c\n    // "old": {}\n  }\n}'),
    ("json", '{\n  "mcpServers": { "a": {}, }\n}'),
    ("toml", "# mine\n[mcp_servers.other]\ncommand = 'x' # y\n"),
    (
        "toml",
        'model = "m"\r\n\r\n[mcp_servers.a]\r\ncommand = """\r\n[mcp_servers.aquatint]\r\n"""\r\n',
    ),
    ("toml", '\ufeffa = [\n  ["mcp_servers"],\n]\n[[b]]\nc = 1\n# end\n'),
    ("yaml", "extensions:\n  a:\n    cmd: x # why\n\n# end\nother: 1\n"),
    (
        "yaml",
        "# top\nGOOSE: 1\nextensions:   # mine\n    # first\n    a: {b: 1}\n    c: |\n      text\n",
    ),
    ("yaml", "extensions:\r\n  a:\r\n    cmd: x\r\n"),
]


@pytest.mark.parametrize(("kind", "text"), EXACT)
def test_what_was_put_in_comes_out_and_leaves_the_file_as_it_was(kind: Kind, text: str) -> None:
    assert there_and_back(kind, text) == text


CLOSE: list[tuple[Kind, str, str]] = [
    ("json", "", '{\n  "mcpServers": {}\n}\n'),
    ("json", "{}", '{\n  "mcpServers": {}\n}'),
    ("json", '{"a": 1}', '{"a": 1, "mcpServers": {}}'),
    ("json", '{\n  "a": 1, // x\n}\n', '{\n  "a": 1, // x\n  "mcpServers": {},\n}\n'),
    ("json", '{\n "mcpServers": {\n }\n}', '{\n "mcpServers": {}\n}'),
    ("toml", "", ""),
    ("toml", "a = 1", "a = 1\n"),
    ("yaml", "", "extensions: {}\n"),
    ("yaml", "a: 1", "a: 1\nextensions: {}\n"),
]


@pytest.mark.parametrize(("kind", "text", "left"), CLOSE)
def test_a_container_that_was_not_there_is_left_empty(kind: Kind, text: str, left: str) -> None:
    assert there_and_back(kind, text) == left


@pytest.mark.parametrize("empty", ["null", "~", "{}", "", "{ }  # none"])
def test_an_empty_section_of_yaml_takes_the_entry(empty: str) -> None:
    new = edit.put("yaml", f"extensions: {empty}\nb: 2\n", PATHS["yaml"], ENTRY)
    assert edit.read("yaml", new) == {"extensions": {"aquatint": ENTRY}, "b": 2}


def test_a_null_container_of_json_takes_the_entry() -> None:
    new = edit.put("json", '{"mcpServers": null, "b": 2}', PATHS["json"], ENTRY)
    assert json.loads(new) == {"mcpServers": {"aquatint": ENTRY}, "b": 2}


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("json", '{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: a comma or } is missing"),
        ("json", '{"a": }', "line 1, column 7"),
        ("json", "[]", "line 1, column 1: an object"),
        ("json", "{} x", "after the end"),
        ("json", '{"a": "\n"}', "line 1"),
        ("json", '{"mcpServers": []}', "holds no entries"),
        ("json", "{'a': 1}", "double quotes"),
        ("json", "{/* never closed", "line 1, column 2"),
        ("json", '{"a": ' + "[" * 5000, "nested too deeply"),
        ("json", '{"mcpServers": {"aquatint": 1, "aquatint": 2}}', "a second time"),
        ("toml", "a = 1\nb = = 2\n", "line 2, column"),
        ("toml", "[a]\n[a]\n", "line 2"),
        ("toml", "a = 'x", "line 1, at the end"),
        ("yaml", "a: 1\n  b: [\n", "line 2"),
        ("yaml", "- a\n- b\n", "line 1"),
        ("yaml", "a: 1\n---\nb: 2\n", "line 2"),
    ],
)
def test_a_broken_file_is_named_by_its_line_and_not_touched(
    kind: Kind, text: str, told: str
) -> None:
    with pytest.raises(Misconfigured) as raised:
        edit.put(kind, text, PATHS[kind], ENTRY)
    assert told in raised.value.message
    assert "Nothing was written" in raised.value.fix


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("toml", 'mcp_servers = {a = {command = "x"}}\n'),
        ("toml", 'mcp_servers.aquatint.command = "x"\n'),
        ("yaml", "extensions: {a: {cmd: x}}\n"),
        ("yaml", "a: 1\n...\n"),
    ],
)
def test_a_layout_that_cannot_be_edited_safely_is_left_to_the_person(kind: Kind, text: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        edit.put(kind, text, PATHS[kind], ENTRY)
    assert "--print" in raised.value.fix


def test_a_question_is_asked_once_and_goes_with_the_entry() -> None:
    item = {"id": "k", "type": "promptString"}
    for text in (
        '{"inputs": [{"id": "other"}]}',
        '{\n  "inputs": [\n    {"id": "other"}\n  ]\n}\n',
    ):
        once = edit.put_input(text, item)
        assert edit.put_input(once, item) == once
        assert edit.drop_input(once, "k") == text


def test_an_entry_in_the_middle_is_taken_out_with_its_line() -> None:
    text = '{\n  "mcpServers": {\n    "aquatint": {}, // ours\n    "b": 1\n  }\n}'
    assert edit.drop("json", text, PATHS["json"]) == ('{\n  "mcpServers": {\n    "b": 1\n  }\n}')
    toml = (
        '[mcp_servers.aquatint]\ncommand = "x"\n\n[mcp_servers.aquatint.env]\nA = "1"\n\n# b\n[b]\n'
    )
    assert edit.drop("toml", toml, PATHS["toml"]) == "\n# b\n[b]\n"
    yaml = "extensions:\n  a: {}\n  aquatint:\n    args:\n    - |\n      x\n  # b\n  b: {}\n"
    assert edit.drop("yaml", yaml, PATHS["yaml"]) == "extensions:\n  a: {}\n  # b\n  b: {}\n"


GAPS = st.sampled_from(["", " ", "\n", "\n  ", "\r\n\t", " // c\n", "/* c */", "\n// d\n    "])
NAMES = st.sampled_from(["a", "b", "mcpServers", "aquatint", "ü", "", "//", "\\"])
LEAVES = st.sampled_from(["1", "-2.5e3", '"x // y"', '"/*"', '"\\u00e9\\""', "true", "null", '"{"'])


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> str:
    """An object with comments, odd gaps and perhaps a trailing comma."""
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    gap = [draw(GAPS) for _ in range(4)]
    parts = [
        f"{gap[0]}{json.dumps(name)}{gap[1]}:{gap[2]}{draw(values(name, depth))}{gap[3]}"
        for name in names
    ]
    trailing = f",{draw(GAPS)}" if parts and draw(st.booleans()) else draw(GAPS)
    return "{" + ",".join(parts) + trailing + "}"


def values(name: str, depth: int) -> st.SearchStrategy[str]:
    if name == "mcpServers":
        return documents(depth - 1)
    if depth <= 0:
        return LEAVES
    lists = st.lists(LEAVES, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
    return st.one_of(LEAVES, lists, documents(depth - 1))


@settings(max_examples=300, deadline=None)
@given(documents(), GAPS)
def test_any_json_with_comments_keeps_every_other_byte(document: str, gap: str) -> None:
    text = gap + document + gap
    before = edit.read("json", text)
    servers = fields_of(before.get("mcpServers"))
    new = edit.put("json", text, PATHS["json"], ENTRY)
    if "aquatint" not in servers:
        assert only_inserted(text, new)
    left = edit.drop("json", new, PATHS["json"])
    kept = {key: value for key, value in servers.items() if key != "aquatint"}
    assert edit.read("json", left) == {**before, "mcpServers": kept}
    if kept and "aquatint" not in servers:
        assert left == text


LINES = st.lists(
    st.sampled_from(
        [
            "",
            "# note",
            "[a]",
            "[mcp_servers.b]",
            "[mcp_servers.b.env]",
            "[[c]]",
            '["mcp_servers"."d e"]',
        ]
    ),
    max_size=6,
    unique_by=lambda line: line if line.startswith("[") else object(),
)


@settings(max_examples=50, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_any_order_of_toml_tables_comes_back_whole(lines: list[str], end: str) -> None:
    filled = [part for line in lines for part in ([line, "k = 1 # v"] if "[" in line else [line])]
    text = "".join(line + end for line in filled)
    try:
        edit.read("toml", text)
    except Misconfigured:
        return  # [a.env] before [a] twice over; not what this is about
    assert there_and_back("toml", text) in {text, text + end}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12), st.booleans())
def test_any_words_survive_in_every_format(name: str, word: str, yes: bool) -> None:
    entry: dict[str, Any] = {"command": word, "args": [word, name], "env": {"N": name}, "on": yes}
    for kind, path in PATHS.items():
        try:
            new = edit.put(kind, "", path, entry)
        except Misconfigured:
            assert any("\ud800" <= letter <= "\udfff" for letter in name + word)
            continue
        assert edit.entry_at(edit.read(kind, new), path) == entry
