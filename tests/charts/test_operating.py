"""Tests of `charts/operating.py`: a look is named where there is more than one."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl

from tests.charts.example import example_result
from wearoff.charts.operating import ESTIMATES, OPERATING
from wearoff.charts.picture import Picture
from wearoff.cohort.results import StudyResult, Table


def with_looks(looks: int) -> StudyResult:
    """The example, in which each table has its rows of so many looks."""
    result = example_result()
    tables = dict(result.tables)
    for name in ("operating", "estimates"):
        rows = tables[name].frame.filter(pl.col("look") == tables[name].frame["look"].max())
        frame = pl.concat([rows.with_columns(look=pl.lit(look, pl.Int64)) for look in range(1, looks + 1)])
        tables[name] = Table(name, tables[name].title, frame)
    return replace(result, tables=tables)


def drawn(picture: Picture, result: StudyResult) -> str:
    chart = picture.draw(result)
    assert chart is not None
    return json.dumps(chart.to_dict()) + picture.alt_text(result)


def test_a_study_that_is_looked_at_once_names_no_look() -> None:
    for picture in (OPERATING, ESTIMATES):
        assert "look 1" not in drawn(picture, with_looks(1))


def test_each_of_several_looks_is_named() -> None:
    for picture in (OPERATING, ESTIMATES):
        text = drawn(picture, with_looks(2))
        assert "look 1" in text
        assert "look 2" in text
