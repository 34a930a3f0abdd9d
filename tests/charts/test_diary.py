from __future__ import annotations

import re

import polars as pl

from tests.charts.example import example_result, with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.diary import DIARY_HEAT_MAP, MOST_PATIENTS, _cells


def diary(rows: list[tuple[str, int, float | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(patient, day, 2, severity, 0.0) for patient, day, severity in rows],
        schema={
            "patient_id": pl.String,
            "cycle_day": pl.Int64,
            "entries": pl.Int64,
            "severity": pl.Float64,
            "severity_centred": pl.Float64,
        },
        orient="row",
    )


def drawn(frame: pl.DataFrame):
    return svg_of("diary_heat_map", with_frame(RESULT, "diary_by_cycle_day", frame))


def colours(picture) -> list[str]:
    return [
        e.attrib["fill"]
        for e in picture.iter()
        if e.tag.endswith("path")
        and e.attrib.get("stroke") == "white"
        and e.attrib.get("stroke-width") == "0.5"
    ]


def lightness(colour: str) -> int:
    return sum(int(part) for part in re.findall(r"\d+", colour))


def named(picture, prefix: str = "P") -> list[str]:
    return [word for word in texts(picture) if word.startswith(prefix)]


def test_the_worse_the_darker_on_one_scale_for_all():
    shades = colours(drawn(diary([("P1", 3, 0.0), ("P1", 10, 5.0), ("P2", 3, 5.0), ("P2", 10, 10.0)])))
    assert len(shades) == 4
    zero, *fives, ten = sorted(shades, key=lightness, reverse=True)
    assert fives[0] == fives[1]
    assert lightness(zero) > lightness(fives[0]) > lightness(ten)


def test_what_was_not_written_has_no_cell_and_its_line_shows():
    picture = drawn(diary([("P1", 3, 0.0), ("P1", 10, None), ("P1", 17, 2.0)]))
    assert len(colours(picture)) == 2
    lines = [e for e in picture.iter() if e.tag.endswith("line") and e.attrib.get("stroke") == "#a3a5a8"]
    assert [float(line.attrib["x2"]) for line in lines] == [560]


def test_a_cell_is_the_week_of_its_entry_and_cells_never_overlap():
    cells = _cells(diary([("P1", 3, 1.0), ("P1", 17, 1.0), ("P2", 3, 1.0), ("P2", 5, 1.0), ("P2", 12, 1.0)]))
    assert cells.select("since", "until").rows() == [
        (0.0, 7.0),
        (14.0, 21.0),
        (0.0, 4.5 + 0.0),
        (4.5, 9.0),
        (9.0, 16.0),
    ]


def test_the_largest_rise_stands_on_top_and_without_rises_the_severest():
    frame = diary([("P1", 3, 1.0), ("P2", 3, 9.0), ("P3", 3, 5.0)])
    assert named(drawn(frame)) == ["P2", "P3", "P1"]
    rises = pl.DataFrame({"patient_id": ["P1", "P2", "P3"], "rise": [0.5, None, 3.0]})
    result = with_frame(with_frame(RESULT, "diary_by_cycle_day", frame), "diary_patients", rises)
    assert named(svg_of("diary_heat_map", result)) == ["P3", "P1", "P2"]


def test_of_a_large_cohort_the_first_by_identifier_are_drawn_and_the_rest_counted():
    picture = svg_of("diary_heat_map", example_result(200))
    assert (
        f"{MOST_PATIENTS} of 200 patients are drawn, the first by identifier; the table has all of them."
        in texts(picture)
    )
    assert sorted(named(picture)) == [f"P{number:03d}" for number in range(1, MOST_PATIENTS + 1)]
    assert float(picture.attrib["height"]) < 900


def test_the_words_say_how_severe_and_when():
    frame = diary([("P1", 3, 1.0), ("P1", 24, 7.5), ("P2", 3, 2.0)])
    said = DIARY_HEAT_MAP.alt_text(with_frame(RESULT, "diary_by_cycle_day", frame))
    assert "2 patients, 6 entries, days 3 to 24" in said
    assert "from 1.0 to 7.5 of 10, the highest in P1 on day 24." in said
