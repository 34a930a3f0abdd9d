"""The scoreboard as a picture: a mark for each prediction at its place against the band, misses apart from hits."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.charts.test_registry import texts
from wearoff.charts.scoreboard import (
    draw_scoreboard,
    scoreboard_alt_text,
    scoreboard_image,
    scoreboard_points,
)
from wearoff.charts.theme import to_svg
from wearoff.dosing.published_dosing import Estimate
from wearoff.dosing.scoreboard.entries import entries
from wearoff.dosing.scoreboard.score import Scoreboard, Scored

PEAK, PAIR = (
    next(entry for entry in entries() if entry.name == name)
    for name in ("peak_q4w", "occupancy_standard_foley")
)


def board(*values: float) -> Scoreboard:
    rows = [Scored(PEAK, None, Estimate(value, 1.0)) for value in values]
    rows += [Scored(PAIR, curve, Estimate(87.0, 0.0)) for curve in ("bridge", "trough_pairs_high")]
    return Scoreboard(tuple(rows), 10, 10, 0, {"model": "m"})


@given(st.floats(0, 1000))
def test_a_mark_stands_inside_the_band_exactly_when_it_is_a_hit(value: float) -> None:
    drawn = board(value)
    point = scoreboard_points(drawn).row(0, named=True)
    assert (abs(point["at"]) <= 1 + 1e-9) == drawn.rows[0].is_hit or abs(abs(point["at"]) - 1) < 1e-9
    assert (point["arrow"] != "") == (abs(value - 110) > 2.5 * 52)
    assert point["verdict"] == ("hit" if drawn.rows[0].is_hit else "missed")


def test_what_was_used_to_fit_has_a_mark_of_its_own_and_a_value_that_is_none_has_no_mark() -> None:
    points = scoreboard_points(board(110, float("nan")))
    assert points.get_column("verdict").to_list() == ["hit", "hit", "hit, used to fit"]


def test_the_picture_names_every_figure_with_its_curve_and_fits_the_page() -> None:
    picture = ET.fromstring(to_svg(draw_scoreboard(board(110))))  # noqa: S314  drawn here
    words = texts(picture)
    assert PEAK.title in words
    assert f"{PAIR.title}, trough_pairs_high" in words
    assert {"hit", "missed", "hit, used to fit", "missed, used to fit"} <= set(words)
    assert float(picture.attrib["width"]) <= 720


def test_no_name_of_a_figure_is_cut_and_none_stands_twice() -> None:
    rows = tuple(
        Scored(entry, curve, Estimate(1.0, 0.0))
        for entry in entries()
        for curve in (("trough_pairs_high", "bridge") if entry.by_curve else (None,))
    )
    drawn = Scoreboard(rows, 10, 10, 0, {"model": "m"})
    names = scoreboard_points(drawn).get_column("name").to_list()
    assert len(set(names)) == len(rows)
    picture = ET.fromstring(to_svg(draw_scoreboard(drawn)))  # noqa: S314  drawn here
    assert set(names) <= set(texts(picture))
    assert float(picture.attrib["width"]) <= 720


def test_the_words_give_the_counts_and_every_miss() -> None:
    said = scoreboard_alt_text(board(110, 170))
    assert "2 of 3 predictions that test the models are hit, 1 of 1 that were used to fit" in said
    assert f"Missed: {PEAK.title} by 8." in said
    assert scoreboard_alt_text(board(110)).endswith("Missed: none.")


@pytest.mark.parametrize(("ending", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG")])
def test_the_ending_decides_the_format(ending: str, start: bytes) -> None:
    assert scoreboard_image(board(110), ending).startswith(start)
