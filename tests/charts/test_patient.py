"""The course of one patient: its data are those of the assessment, solid before today and hatched after it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.charts.test_registry import texts
from tests.one_patient import answered, crowded, hostile, under_saturation, without_a_floor
from wearoff.charts.patient import draw_patient
from wearoff.charts.patient_data import caption_of, clock
from wearoff.charts.theme import to_svg


def layers(chart: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every layer that draws something."""
    for key in ("vconcat", "layer"):
        for part in chart.get(key, []):
            yield from layers(part)
    if "mark" in chart:
        yield chart


def drawn(found: Any, kind: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every layer of a kind of mark, with its rows."""
    chart = draw_patient(found).to_dict()
    shown = [layer for layer in layers(chart) if layer["mark"]["type"] == kind]
    return [
        (layer, layer["data"].get("values") or chart["datasets"][layer["data"]["name"]]) for layer in shown
    ]


def words_of(found: Any) -> list[str]:
    return texts(ET.fromstring(to_svg(draw_patient(found))))  # noqa: S314  drawn here


def test_the_picture_names_axis_today_floor_laboratories_and_every_interval() -> None:
    words = words_of(answered())
    assert {"Natalizumab in serum, mg/L", "today", "your floor, 5 mg/L", "1. Bergen", "2. Elsewhere"} <= set(
        words
    )
    assert {"4", "5", "6", "7", "8"} <= set(words)
    assert "< 15" in words


def test_the_bands_until_today_are_those_of_the_course() -> None:
    found = answered()
    is_past = ~found.course.is_future
    for (_, rows), low, high in zip(drawn(found, "area"), ("p05", "p25"), ("p95", "p75"), strict=True):
        np.testing.assert_array_equal([row["low"] for row in rows], found.course.level[low][is_past])
        np.testing.assert_array_equal([row["high"] for row in rows], found.course.level[high][is_past])


def test_after_today_there_are_strokes_and_no_area() -> None:
    found = answered()
    now = clock(found, found.patient.today_d) + "Z"
    assert all(row["utc"] <= now for _, rows in drawn(found, "area") for row in rows)
    hatches = [rows for layer, rows in drawn(found, "rule") if "high" in rows[0] and "word" not in rows[0]]
    assert len(hatches) == 2
    level = {clock(found, day) + "Z": at for at, day in enumerate(found.course.day.tolist())}
    for rows, low, high in zip(hatches, ("p05", "p25"), ("p95", "p75"), strict=True):
        assert len(rows) > 20
        for row in rows:
            assert row["utc"] >= now
            assert row["low"] == found.course.level[low][level[row["utc"]]]
            assert row["high"] == found.course.level[high][level[row["utc"]]]


def test_the_lines_are_the_median_and_the_typical_patient() -> None:
    found = answered()
    (rows,) = [rows for _, rows in drawn(found, "line") if "part" in rows[0]]
    for name, values in (("median", found.course.level["p50"]), ("typical", found.course.typical)):
        line = [row["low"] for row in rows if row["part"].startswith(name)]
        is_shown = np.array([value is not None for value in line])
        np.testing.assert_array_equal([v for v in line if v is not None], values[is_shown])
        # what is left out lies below the axis
        assert not (values[~is_shown] > values[is_shown].min()).any()


def test_a_level_stands_where_it_was_measured_and_one_below_its_limit_points_down() -> None:
    found = answered()
    levels = found.patient.levels
    points = [
        (layer["mark"], row) for layer, rows in drawn(found, "point") for row in rows if "laboratory" in row
    ]
    seen = {row["utc"]: (mark.get("shape"), row["low"], row["laboratory"]) for mark, row in points}
    for at, day in enumerate(levels.time_d.tolist()):
        shape, value, laboratory = seen[clock(found, day) + "Z"]
        assert laboratory.endswith(levels.laboratory[at])
        if levels.is_below[at]:
            assert (shape, value) == ("triangle-down", levels.lloq_mg_per_l[at])
        else:
            assert (shape, value) == (None, levels.value_mg_per_l[at])


def test_every_interval_is_marked_at_its_next_trough() -> None:
    found = answered()
    (rows,) = [rows for _, rows in drawn(found, "rule") if "middle" in rows[0]]
    for row, option in zip(rows, found.options, strict=True):
        trough = option.next_trough
        assert (row["low"], row["middle"], row["high"]) == (trough["p05"], trough["p50"], trough["p95"])
        assert row["utc"] == clock(found, option.next_d) + "Z"


def test_the_falling_curve_passes_through_the_troughs_of_the_intervals() -> None:
    found = answered()
    for option in found.options:
        fall = np.interp(option.next_d, found.course.day, np.log(found.course.level["p50"]))
        assert np.exp(fall) == pytest.approx(option.next_trough["p50"], rel=2e-3)


def test_a_saturation_as_the_floor_has_a_panel_of_its_own_with_the_range_over_the_curves() -> None:
    found = under_saturation()
    words = words_of(found)
    assert "Saturation" in words
    assert "your floor, 80 % saturation under bridge" in words
    assert not any("mg/L" in word and "floor" in word for word in words)
    (rows,) = [rows for layer, rows in drawn(found, "area") if layer["mark"]["color"] == "#dfe3e6"]
    medians = np.array([bands["p50"] for bands in found.course.saturation.values()])
    np.testing.assert_array_equal([row["low"] for row in rows], medians.min(axis=0))
    np.testing.assert_array_equal([row["high"] for row in rows], medians.max(axis=0))


def test_without_a_floor_none_is_drawn() -> None:
    assert not any("floor" in word for word in words_of(without_a_floor()))


def test_names_that_are_code_stay_text() -> None:
    svg = to_svg(draw_patient(hostile()))
    assert "<script" not in svg
    assert any("<script>alert(1)" in word for word in texts(ET.fromstring(svg)))  # noqa: S314  drawn here


def test_intervals_that_lie_close_are_named_on_two_sides() -> None:
    found = answered()
    close = tuple(replace(one, next_d=found.options[0].next_d + at) for at, one in enumerate(found.options))
    sides = {
        layer["mark"]["baseline"]
        for layer, rows in drawn(replace(found, options=close), "text")
        if rows and rows[0].get("word") in {"4", "5"}
    }
    assert sides == {"top", "bottom"}


def test_many_intervals_and_a_long_name_are_drawn() -> None:
    assert to_svg(draw_patient(crowded())).startswith("<svg")


def test_a_day_after_the_picture_is_said_and_not_drawn() -> None:
    found = answered()
    late = replace(found, patient=replace(found.patient, today_d=found.course.day[-1] + 30.0))
    assert "today" not in words_of(late)
    assert "Today, 2026-08-14, lies after the end of the picture." in caption_of(late)
    assert "lies after the end" not in caption_of(found)
