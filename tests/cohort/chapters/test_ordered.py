from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cohort.chapters.people import crowd, half_and_half
from tests.cohort.cohorts import on
from wearoff.cohort.association import SAMPLE_SCHEMA
from wearoff.cohort.chapters import ordered_answer
from wearoff.cohort.chapters.ordered import laboratory_sites
from wearoff.cohort.records import Cohort
from wearoff.cohort.values import VALUES_SCHEMA

NO_SAMPLES = pl.DataFrame(schema=SAMPLE_SCHEMA)


def values(answers: dict[str, str], seed: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        (p, answer, quantity, unit, float(rng.normal(70, 9)))
        for p, answer in answers.items()
        for quantity, unit in (("weight", "kg"), ("predicted trough", "mg/L"))
    ]
    return pl.DataFrame(rows, schema=VALUES_SCHEMA, orient="row")


def labs(tmp_path: Path, places: dict[str, list[str]]) -> Cohort:
    rows = [
        f"{p},{on(28)}T0{k}:00,natalizumab_conc,20,mg/L,{lab}"
        for p, own in places.items()
        for k, lab in enumerate(own)
    ]
    header = "patient_id,time,analyte,value,unit,lab"
    return crowd(tmp_path, half_and_half(24), measurement=[header, *rows])


def test_a_laboratory_stands_for_the_site_only_of_patients_who_had_one(tmp_path: Path) -> None:
    found = laboratory_sites(labs(tmp_path, {"P00": ["A", "A"], "P01": ["B"], "P02": ["A", "B"]}))
    assert found is not None
    assert dict(found.rows()) == {"P00": "A", "P01": "B"}


@pytest.mark.parametrize("places", [{}, {"P00": ["A"], "P01": ["A"]}])
def test_without_two_laboratories_the_site_is_not_held_and_that_is_said(
    places: dict[str, list[str]], tmp_path: Path
) -> None:
    records = labs(tmp_path, places)
    assert laboratory_sites(records) is None
    found = ordered_answer(records, values(half_and_half(24)), NO_SAMPLES, ["weight", "predicted trough"])
    assert set(found.tables[0].frame["adjusted_for"]) == {"nothing", "weight"}
    assert any("the site is not held" in text for text in found.section.paragraphs)


def test_with_two_laboratories_rows_that_hold_them_are_added_and_the_others_stay(tmp_path: Path) -> None:
    answers = half_and_half(24)
    places = {p: ["A" if k % 3 else "B"] for k, p in enumerate(answers)}
    with_labs, without = labs(tmp_path / "a", places), labs(tmp_path / "b", {})
    tables = [
        ordered_answer(r, values(answers), NO_SAMPLES, ["weight", "predicted trough"]).tables[0].frame
        for r in (with_labs, without)
    ]
    assert set(tables[0]["adjusted_for"]) == {"nothing", "weight", "site", "weight and site"}
    assert tables[0].filter(~pl.col("adjusted_for").str.contains("site")).equals(tables[1])


def test_without_a_quantity_or_a_sample_the_table_is_empty_and_the_reason_stands_there(
    tmp_path: Path,
) -> None:
    found = ordered_answer(
        crowd(tmp_path, {"A": "never"}), pl.DataFrame(schema=VALUES_SCHEMA), NO_SAMPLES, []
    )
    assert [table.name for table in found.tables] == ["ordered_answer"]
    assert found.tables[0].frame.is_empty()
    assert any("no mixed model" in text for text in found.section.paragraphs)
