from __future__ import annotations

import re

import polars as pl
import pytest

from tests.charts.example import example_result, with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.theme import VERMILLION
from wearoff.charts.time_to_event import ACTIVITY_CURVES
from wearoff.cohort.association import CURVE_SCHEMA

YEAR = 365.25


def curves(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=CURVE_SCHEMA, orient="row")


def relapse(day: float, free: float | None, at_risk: int, group: str = "never") -> tuple:
    limits = (None, None) if free is None else (free - 0.1, min(1.0, free + 0.1))
    return ("first relapse", "any_vs_never", group, day, free, *limits, at_risk)


def drawn(rows: list[tuple]):
    return svg_of("activity_curves", with_frame(RESULT, "activity_curves", curves(rows)))


def strokes(picture) -> int:
    """Marks of those who left without the event; each is a small upright rule of the theme's tick."""
    return sum(
        len(list(group.iter())) - 1
        for group in picture.iter()
        if group.tag.endswith("}g")
        and "role-mark" in group.attrib.get("class", "")
        and "mark-rect" in group.attrib.get("class", "")
        and any(e.attrib.get("fill") == VERMILLION and e.attrib.get("opacity") == "1" for e in group)
    )


def at(element) -> tuple[float, float]:
    x, y = re.findall(r"-?[\d.]+", element.attrib["transform"])[:2]
    return float(x), float(y)


def test_the_numbers_at_risk_stand_under_their_ticks():
    # 24 followed; 6 leave at half a year, 12 at two, the rest at three: the table is asked between its rows too
    picture = drawn(
        [
            relapse(0.0, 1.0, 24),
            relapse(0.5 * YEAR, 1.0, 24),
            relapse(2 * YEAR, 0.5, 18),
            relapse(3 * YEAR, 0.5, 6),
        ]
    )
    centred = [
        ("".join(e.itertext()), at(e)[0], e.attrib["font-size"])
        for e in picture.iter()
        if e.tag.endswith("text") and e.attrib.get("text-anchor") == "middle"
    ]
    numbers = [(word, x) for word, x, size in centred if size == "11.5px"]
    years = ["0", "0.5", "1", "1.5", "2", "2.5", "3"]
    ticks = [x for word, x, size in centred if size == "12px" and word in years]
    assert [word for word, _ in numbers] == ["24", "24", "18", "18", "18", "6", "6"]
    assert [x for _, x in numbers] == pytest.approx(ticks, abs=0.6)


def test_past_the_last_row_nobody_is_at_risk():
    words = texts(
        drawn(
            [
                relapse(0.0, 1.0, 5, "short"),
                relapse(YEAR, 1.0, 5, "short"),
                relapse(0.0, 1.0, 7, "long"),
                relapse(2 * YEAR, 1.0, 7, "long"),
            ]
        )
    )
    # ticks at 0, 0.5, 1, 1.5 and 2 years; one of the two noughts on the axes
    assert words.count("5") == 3
    assert words.count("7") == 5
    assert words.count("0") == 3


def test_whoever_left_without_the_event_has_a_stroke():
    none = [relapse(0.0, 1.0, 4), relapse(100.0, 0.75, 4), relapse(200.0, 0.0, 3)]
    assert strokes(drawn(none)) == 0
    # at day 100 one of four relapses and one leaves; at day 200 the last two leave
    some = [relapse(0.0, 1.0, 4), relapse(100.0, 0.75, 4), relapse(200.0, 0.75, 2)]
    assert strokes(drawn(some)) == 2


def test_mri_has_no_numbers_at_risk_and_is_drawn_as_what_is_open():
    rows = [
        ("first MRI activity", "any_vs_never", "never", day, high, low, high, None)
        for day, low, high in ((0.0, 1.0, 1.0), (180.0, 1.0, 1.0), (360.0, 0.6, 0.6), (720.0, 0.6, 0.6))
    ]
    picture = drawn(rows)
    assert "Number at risk" not in texts(picture)
    open_stretches = [
        e
        for e in picture.iter()
        if e.tag.endswith("path") and e.attrib.get("fill") == VERMILLION and e.attrib.get("opacity") == "0.17"
    ]
    heights = [float(re.findall(r"v(-?[\d.]+)", e.attrib["d"])[0]) for e in open_stretches]
    assert [round(height) for height in heights] == [0, 76, 0]  # 0.4 of 190 between the two scans alone
    said = ACTIVITY_CURVES.alt_text(with_frame(RESULT, "activity_curves", curves(rows)))
    assert "60 % free at 2.0 years" in said


def test_the_words_name_who_was_followed_and_who_is_left_with_limits():
    rows = [relapse(0.0, 1.0, 10), relapse(YEAR, 0.8, 10)]
    said = ACTIVITY_CURVES.alt_text(with_frame(RESULT, "activity_curves", curves(rows)))
    assert "10 at risk at first, 80 % free at 1.0 years (70 to 90 %)" in said


@pytest.mark.parametrize("patients", [2, 3, 200])
def test_two_patients_and_two_hundred_fit_the_page(patients):
    picture = svg_of("activity_curves", example_result(patients))
    assert float(picture.attrib["width"]) <= 720
    assert float(picture.attrib["height"]) < 720
