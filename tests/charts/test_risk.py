from __future__ import annotations

import polars as pl

from tests.charts.example import with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.risk import RISK_BY_GROUP, SPLITS


def test_a_group_without_events_stands_at_zero_with_its_interval():
    frame = RESULT.tables["risk_by_group"].frame.filter(events=0, evaluable=15)
    picture = svg_of("risk_by_group", with_frame(RESULT, "risk_by_group", frame))
    assert "0 of 15: 0 % (0 to 22 %), 2 not known" in texts(picture)
    lines = [e for e in picture.iter() if e.tag.endswith("line") and e.attrib.get("stroke-width") == "2"]
    assert len(lines) == 1
    assert float(lines[0].attrib["x2"]) != 0
    points = [e for e in picture.iter() if e.attrib.get("fill") == "white" and "transform" in e.attrib]
    assert len(points) == 1
    assert points[0].attrib["transform"].startswith("translate(0,")


def test_a_group_with_nobody_to_judge_has_words_and_no_point():
    frame = RESULT.tables["risk_by_group"].frame.filter(evaluable=0)
    words = texts(svg_of("risk_by_group", with_frame(RESULT, "risk_by_group", frame)))
    assert "no patient evaluable, 6 not known" in words


def test_the_words_carry_every_group_in_order():
    said = RISK_BY_GROUP.alt_text(RESULT)
    assert "first year, any: 0 of 15: 0 % (0 to 22 %)" in said


def test_each_split_has_its_line_and_its_figures():
    words = texts(svg_of("splits"))
    assert "15 and 20" in words
    assert "0 (−16.1 to +20.4)" in words
    assert "Possible splits: 6" in SPLITS.alt_text(RESULT)


def test_hundreds_of_tables_still_fit_a_page():
    frame = RESULT.tables["reconstructions"].frame
    many = pl.concat([frame] * 60)
    picture = svg_of("reconstructions", with_frame(RESULT, "reconstructions", many))
    assert float(picture.attrib["height"]) < 1600


def test_what_is_counted_is_named_by_what_the_groups_are():
    frame = RESULT.tables["risk_by_group"].frame
    axis = "Patients with {}, of those evaluable"
    assert axis.format("disease activity") in texts(svg_of("risk_by_group"))
    for coding, event in (("interval", "wearing-off"), ("dose", "an event")):
        result = with_frame(RESULT, "risk_by_group", frame.with_columns(coding=pl.lit(coding)))
        assert axis.format(event) in texts(svg_of("risk_by_group", result))
        assert axis.format(event) in RISK_BY_GROUP.alt_text(result)


def test_splits_of_two_codings_stand_apart_on_one_axis():
    frame = RESULT.tables["splits"].frame
    two = pl.concat(
        frame.with_columns(coding=pl.lit(coding)) for coding in ("any_vs_never", "regular_vs_rest")
    )
    words = texts(svg_of("splits", with_frame(RESULT, "splits", two)))
    assert sum(word.startswith("Evaluable patients") for word in words) == 2
    assert words.count("15 and 20") == 2
    assert words.count("Risk difference, percentage points") == 1
