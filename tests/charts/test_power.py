from __future__ import annotations

import polars as pl

from tests.charts.example import with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.power import POWER_CURVES
from wearoff.charts.theme import BLUE, GREEN, VERMILLION

FRAME = RESULT.tables["power_curves"].frame


def drawn(frame: pl.DataFrame):
    return svg_of("power_curves", with_frame(RESULT, "power_curves", frame))


def strokes(picture, colour: str) -> int:
    return sum(element.attrib.get("stroke") == colour for element in picture.iter())


def test_a_panel_stands_for_each_number_that_is_moved_and_a_key_for_each_curve() -> None:
    shown = texts(drawn(FRAME))
    for word in ("Patients", "Share lost in a year", "Scans in a year", "1 year", "2 years", "as planned"):
        assert word in shown
    assert shown.count("Power") == 3


def test_a_second_curve_has_a_colour_of_its_own_and_a_third_is_not_drawn_before_it() -> None:
    both = drawn(FRAME)
    alone = drawn(FRAME.filter(pl.col("series") != "2 years"))
    assert strokes(both, VERMILLION) > 0
    assert strokes(alone, VERMILLION) == 0
    assert strokes(both, GREEN) == 0


def test_the_exact_power_is_a_dashed_line_and_only_where_it_is_known() -> None:
    def dashed(frame: pl.DataFrame) -> int:
        lines = [e for e in drawn(frame).iter() if e.attrib.get("stroke") == BLUE]
        return sum(bool(e.attrib.get("stroke-dasharray", "")) for e in lines)

    assert dashed(FRAME) == 1
    assert dashed(FRAME.with_columns(power_exact=pl.lit(None, dtype=pl.Float64))) == 0


def test_points_without_a_formula_are_still_drawn() -> None:
    bare = FRAME.with_columns(power_formula=pl.lit(None, dtype=pl.Float64))
    assert strokes(drawn(bare), BLUE) > 0


def test_shares_are_shown_in_per_cent_and_scans_at_their_numbers() -> None:
    shown = texts(drawn(FRAME))
    assert {"10 %", "20 %", "30 %"} <= set(shown)
    assert {"0.5", "1", "12"} <= set(shown)


def test_the_words_give_both_ends_of_every_curve() -> None:
    said = POWER_CURVES.alt_text(RESULT)
    assert "patients, 1 year: from 31 % at 130 to 81 % at 520" in said
    assert "scans in a year, within: from 31 % at 0.5 to 81 % at 12" in said
