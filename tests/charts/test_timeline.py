from __future__ import annotations

import polars as pl

from tests.charts.example import example_result, with_frame
from tests.charts.test_registry import svg_of, texts
from wearoff.charts.timeline import INTERVALS, MOST_PATIENTS


def timeline(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={
            "patient_id": pl.String,
            "kind": pl.String,
            "day": pl.Float64,
            "interval_d": pl.Float64,
            "is_active": pl.Boolean,
            "answer": pl.String,
        },
        orient="row",
    )


def test_groups_stand_in_the_order_of_the_answers_with_their_counts():
    headings = [text for text in texts(svg_of("intervals")) if text.startswith("Wearing-off:")]
    order = ["never", "sometimes", "regularly", "no answer"]
    named = [heading.split(": ")[1].split(" (")[0] for heading in headings]
    assert named == [answer for answer in order if answer in named]
    assert sum(int(heading.split("(")[1].split(" ")[0]) for heading in headings) == 12


def test_an_interval_is_long_from_43_whole_days_on():
    for days, is_long in ((42.0, False), (42.4, False), (43.0, True)):
        rows = [("A", "infusion", 0.0, None, None, "never"), ("A", "infusion", days, days, None, "never")]
        said = INTERVALS.alt_text(with_frame(example_result(), "timeline", timeline(rows)))
        assert f"{int(is_long)} after an interval over 6 weeks" in said


def test_an_answer_that_is_missing_is_no_answer_and_not_never():
    rows = [("A", "infusion", 0.0, None, None, None), ("A", "followup_end", 90.0, None, None, None)]
    picture = svg_of("intervals", with_frame(example_result(), "timeline", timeline(rows)))
    assert [t for t in texts(picture) if "Wearing-off" in t] == ["Wearing-off: no answer (1 patient)"]


def test_a_cohort_larger_than_the_picture_says_how_many_are_drawn():
    result = example_result(patients=MOST_PATIENTS + 12)
    picture = svg_of("intervals", result)
    assert any(f"{MOST_PATIENTS} of {MOST_PATIENTS + 12} patients" in text for text in texts(picture))
    assert float(picture.attrib["height"]) < 1800


def test_few_patients_are_named_and_many_are_not():
    assert "P001" in texts(svg_of("intervals"))
    assert "P001" not in texts(svg_of("intervals", example_result(patients=110)))


def test_a_relapse_that_the_rule_does_not_count_is_drawn_open():
    rows = [
        ("A", "relapse", 30.0, None, True, "never"),
        ("A", "relapse", 60.0, None, False, "never"),
        ("A", "followup_end", 90.0, None, None, "never"),
    ]
    result = with_frame(example_result(), "timeline", timeline(rows))
    assert " 1 relapses " in INTERVALS.alt_text(result)
    stroked = [e.attrib for e in svg_of("intervals", result).iter() if e.attrib.get("stroke-width") == "1.2"]
    assert [mark["fill"] for mark in stroked if "fill" in mark] == ["white"]
