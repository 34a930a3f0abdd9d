from __future__ import annotations

import polars as pl

from tests.charts.example import with_frame
from tests.charts.test_registry import RESULT, svg_of, texts
from wearoff.charts.occupancy import OCCUPANCY


def test_assays_and_subsets_are_never_in_one_panel():
    frame = RESULT.tables["occupancy"].frame
    panels = frame.select("subset", "method", "lab").unique().height
    words = texts(svg_of("occupancy"))
    assert sum(word in {"CD4", "CD8"} for word in words) == panels


def test_laboratories_are_not_pooled_either():
    frame = RESULT.tables["occupancy"].frame.filter(subset="CD4")
    two = pl.concat([frame, frame.with_columns(lab=pl.lit("Oslo"))])
    words = texts(svg_of("occupancy", with_frame(RESULT, "occupancy", two)))
    assert words.count("CD4") == 2


def test_the_median_is_that_of_the_troughs():
    frame = pl.DataFrame(
        {
            "patient_id": ["A", "B", "C", "D"],
            "answer": ["never"] * 4,
            "subset": ["CD4"] * 4,
            "method": ["flow"] * 4,
            "lab": [None] * 4,
            "day": [1.0, 2.0, 3.0, 4.0],
            "cycle_day": [42.0, 42.0, 42.0, 2.0],
            "occupancy": [0.6, 0.7, 0.8, 0.99],
            "is_trough": [True, True, True, False],
        },
        schema_overrides={"lab": pl.String},
    )
    assert "CD4 by flow: never 70 % (n 3)" in OCCUPANCY.alt_text(with_frame(RESULT, "occupancy", frame))


def test_answers_stand_from_never_to_regularly_with_their_counts():
    words = [word.split("n = ")[0] for word in texts(svg_of("occupancy")) if "n = " in word]
    order = ["never", "sometimes", "regularly", "no answer"]
    present = [answer for answer in order if answer in words]
    assert words == present * 3
