"""The line of every table and key, whatever stands between them."""

from __future__ import annotations

import doctest
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wearoff.dosing.toml_lines
from wearoff.dosing.toml_lines import Path, find_lines

AWKWARD = '''\
# [[level]] in a comment
title = "a # and a [[level]] in a text"  # and "a text" in a comment

[patient]
name = 'single \\' # 'no'
"quoted key" . "with \\u00e9" = 1
a.b.c = 2
a.b . d = 3
long = """
[[level]]
value = "not this" \\
"" quotes inside ""
"""
raw = \'\'\'
# [patient]
\\\'\'\'
[[level]]
time = 2024-01-02 03:04:05  # a local time with a blank
value = "1 mg/L"
more = [1, # one ]
  [2, "]"],
  { x = 1, y = [3] } ]
  [[ level ]]
  value.of = { text = "}", "k#" = "1" }
[level.inside]
deep = true
[[level.sample]]
x = 1
[[level.sample]]
x = 2
[[level]]
[[level.sample]]
x = 3
[outer.inner]
z = -1.5e3
'''


def places(document: Any, path: Path = ()) -> set[Path]:
    """Every path in a document that was read."""
    inside = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return {path} - {()} | {place for key, value in inside for place in places(value, (*path, key))}


def test_an_awkward_file_has_every_line() -> None:
    lines = find_lines(AWKWARD)
    assert set(lines) == places(tomllib.loads(AWKWARD))
    expected: dict[Path, int] = {
        ("title",): 2,
        ("patient",): 4,
        ("patient", "quoted key", "with é"): 6,
        ("patient", "a", "b"): 7,
        ("patient", "a", "b", "d"): 8,
        ("patient", "raw"): 14,
        ("level", 0): 17,
        ("level", 0, "time"): 18,
        ("level", 0, "more", 1, 1): 21,
        ("level", 0, "more", 2, "y", 0): 22,
        ("level", 1): 23,
        ("level", 1, "value", "of", "k#"): 24,
        ("level", 1, "inside", "deep"): 26,
        ("level", 1, "sample", 1, "x"): 30,
        ("level", 2): 31,
        ("level", 2, "sample", 0, "x"): 33,
        ("outer", "inner"): 34,
        ("outer", "inner", "z"): 35,
    }
    assert {place: lines[place] for place in expected} == expected


def test_line_ends_of_another_system_count_once() -> None:
    assert find_lines(AWKWARD.replace("\n", "\r\n")) == find_lines(AWKWARD)


names = st.text("ab_-19", min_size=1, max_size=3)
texts = st.sampled_from(
    ['"a"', "'[x]'", '"# \\" ]"', '"""\n[[a]]\n"""', "'''\n\"\n'''", '""""quoted"""""', "{}", "[\n# ]\n]"]
)
numbers = st.sampled_from(["1", "-2.5", "true", "2024-01-02", "2024-01-02T03:04:05+02:00", "07:32:00", "nan"])
values = st.recursive(
    texts | numbers,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(names, inner, max_size=2).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + "}"
        )
    ),
    max_leaves=6,
)
tables = st.dictionaries(names, values, max_size=4)
between = st.sampled_from(["", "\n", "# [[a]] = '\n", "  \t\n\n"])


@given(st.lists(st.tuples(names, between, tables), max_size=5), between)
def test_every_line_is_where_it_was_written(
    blocks: list[tuple[str, str, dict[str, str]]], before: str
) -> None:
    text, expected, counts = before, dict[Path, int](), dict[str, int]()
    for name, gap, pairs in blocks:
        counts[name] = counts.get(name, -1) + 1
        expected[name, counts[name]] = text.count("\n") + 1
        text += f"[[{name}]]\n{gap}"
        for key, value in pairs.items():
            expected[name, counts[name], key] = text.count("\n") + 1
            text += f"  {key} = {value} # {gap.strip()}\n"
    lines = find_lines(text)
    assert {place: lines[place] for place in expected} == expected
    assert set(lines) == places(tomllib.loads(text))


@pytest.mark.parametrize("text", ["= 1", "a = ", "[a", 'a = "x', "[[a]\n"])
def test_what_is_no_toml_is_not_walked_for_ever(text: str) -> None:
    with pytest.raises(ValueError, match="line 1 is not TOML"):
        find_lines(text)


def test_the_example_holds() -> None:
    assert doctest.testmod(wearoff.dosing.toml_lines).failed == 0
