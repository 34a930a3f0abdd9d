from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.charts.theme import ANSWER_COLOURS, ANSWERS, extent, inline, percent, plain


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_colour_of_an_answer_stands_out_from_the_paper(answer):
    contrast = 1.05 / (luminance(ANSWER_COLOURS[answer]) + 0.05)
    assert contrast >= 3


@given(st.text(), st.integers(1, 50))
def test_drawn_text_is_short_and_has_no_control_characters(text, limit):
    line = plain(text, limit)
    assert len(line) <= limit
    assert all(character.isprintable() or ord(character) > 0x9F for character in line)


def test_numbers_that_are_none_become_null_inside_a_chart():
    frame = pl.DataFrame({"a": [1.0, float("nan"), float("inf"), None]})
    assert [row["a"] for row in inline(frame).to_dict()["values"]] == [1.0, None, None, None]


def test_the_extent_of_nothing_is_a_plain_range():
    assert extent(pl.Series([None, float("nan")], dtype=pl.Float64)) == [0.0, 1.0]
    assert extent(pl.Series([3, None, -1])) == [-1.0, 3.0]


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.086, "8.6 %"), (0.0996, "10 %"), (0.218, "22 %"), (1.0, "100 %"), (None, "–")],
)
def test_a_share_is_written_in_percent(share, words):
    assert percent(share) == words
