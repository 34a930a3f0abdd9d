from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cohort.chapters.people import crowd, half_and_half
from wearoff.cohort.chapters import all_effects, over_time
from wearoff.cohort.chapters.effects import EFFECT_SCHEMA
from wearoff.cohort.neda import histories, load_rule
from wearoff.cohort.results import Table
from wearoff.cohort.wearing_off import answers_by_patient


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    records = crowd(
        tmp_path_factory.mktemp("effects"), half_and_half(12), relapses={"P01": 100, "P03": 400, "P02": 50}
    )
    found = over_time(records, list(histories(records)), answers_by_patient(records), load_rule("neda3_12w"))
    return {table.name: table for table in found.tables}


def test_every_ratio_of_the_other_tables_stands_in_it_once(tables: dict[str, Table]) -> None:
    frame = all_effects(tables).tables[0].frame
    assert frame.schema == pl.Schema(EFFECT_SCHEMA)
    hazards = tables["first_activity"].frame["hazard_ratio"].to_list()
    rates = tables["rate_ratios"].frame
    assert frame.filter(pl.col("measure") == "hazard ratio")["estimate"].to_list() == hazards
    exact = frame.filter(pl.col("analysis") == "rate, exact")
    model = frame.filter(pl.col("analysis") == "rate, negative binomial")
    assert exact["estimate"].to_list() == rates["exact_ratio"].to_list()
    assert model["high"].to_list() == rates["high"].to_list()


def test_a_rate_has_the_events_and_patients_of_both_groups(tables: dict[str, Table]) -> None:
    frame = all_effects(tables).tables[0].frame
    rows = frame.filter((pl.col("outcome") == "relapses") & (pl.col("analysis") == "rate, exact"))
    assert rows["events"].to_list() == [3, 3]
    assert rows["patients"].to_list() == [12, 12]


def test_a_row_without_an_estimate_stays_with_its_verdict(tables: dict[str, Table]) -> None:
    frame = all_effects(tables).tables[0].frame
    lesions = frame.filter(pl.col("outcome") == "new or enlarging T2 lesions")
    assert lesions.height == 4
    assert lesions["estimate"].null_count() == 4
    assert set(lesions["verdict"]) == {"uninformative"}


def test_without_any_table_it_is_empty_and_says_so() -> None:
    found = all_effects({})
    assert found.tables[0].frame.is_empty()
    assert found.section.paragraphs[0].startswith("0 comparisons, 0 with an estimate")


def test_the_sentence_counts_the_rows(tmp_path: Path, tables: dict[str, Table]) -> None:
    found = all_effects(tables)
    frame = found.tables[0].frame
    known = frame["estimate"].drop_nulls().len()
    assert found.section.paragraphs[0].startswith(f"{frame.height} comparisons, {known} with an estimate")
