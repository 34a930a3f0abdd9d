"""Files that are safe in a spreadsheet, and whole or absent."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.errors import InputError
from wearoff.report.files import csv_of, json_of, put, refuse_a_file


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_text_that_would_be_a_formula_gets_an_apostrophe(start):
    frame = pl.DataFrame({"a": [f"{start}1+1", "plain"], "b": [-1.5, 2.0]})
    rows = rows_of(csv_of(frame))
    assert rows[1] == [f"'{start}1+1", "-1.5"]
    assert rows[2] == ["plain", "2.0"]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_no_written_text_starts_a_formula(texts):
    rows = rows_of(csv_of(pl.DataFrame({"n": 1, "a": texts})))
    assert not [row for row in rows if row[1][:1] in tuple("=+-@\t\r\n")]


def test_categories_lists_and_headings_are_guarded_too():
    frame = pl.DataFrame({"=a": ["=1"], "list": [["=2", "b"]]}).with_columns(
        pl.col("=a").cast(pl.Categorical)
    )
    assert rows_of(csv_of(frame)) == [["'=a", "list"], ["'=1", "'=2; b"]]


def test_numbers_keep_every_digit_and_nan_is_empty():
    frame = pl.DataFrame({"a": [0.1 + 0.2, float("nan"), None], "b": [1, 2, 3]})
    rows = rows_of(csv_of(frame))
    assert float(rows[1][0]) == 0.1 + 0.2
    assert [row[0] for row in rows[2:]] == ["", ""]


def test_json_has_sorted_keys_and_no_number_that_is_none() -> None:
    assert json_of({"b": float("inf"), "a": (1, float("nan"))}) == (
        '{\n  "a": [\n    1,\n    null\n  ],\n  "b": null\n}\n'
    )
    with pytest.raises(TypeError, match="object"):
        json_of(object())


def test_a_failed_write_leaves_what_was_there_and_no_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    put(path, b"before")

    def fail(_: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        put(path, b"after")
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    refuse_a_file(tmp_path / "new" / "deep")
    with pytest.raises(InputError, match="this is a file"):
        refuse_a_file(tmp_path / "notes" / "deep")
