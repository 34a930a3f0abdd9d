from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cohort.chapters.people import crowd, half_and_half
from wearoff.cohort.association import ORDERED_SCHEMA
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


def test_what_is_held_and_which_occupancy_it_is_stand_in_the_row() -> None:
    occupancy = "measured occupancy, flow, bound of total, CD8"
    rows = [
        {"quantity": occupancy, "unit": "%", "adjusted_for": "weight and site", "odds_ratio": 0.5},
        {"quantity": "weight", "unit": "kg", "adjusted_for": "nothing"},
    ]
    ordered = pl.DataFrame(rows, schema=ORDERED_SCHEMA)
    frame = all_effects({"ordered_answer": Table("ordered_answer", "", ordered)}).tables[0].frame
    assert frame["analysis"].to_list() == [
        "answer in order, held: weight, site",
        "answer in order, unadjusted",
    ]
    assert frame["outcome"].to_list() == ["per %: occupancy CD8, flow, bound of total", "per kg: weight"]
    assert frame["estimate"].to_list() == [0.5, None]


def test_a_ratio_that_only_the_penalty_makes_is_no_estimate() -> None:
    row = {"window": "year 1", "coding": "any_vs_never", "odds_ratio": 1.3, "or_low": 0.02, "or_high": 70.0}
    counts = {"active_with": 0, "active_without": 0, "evaluable_with": 5, "evaluable_without": 7}
    frame = pl.DataFrame([row | counts | {"verdict": "uninformative"}])
    found = all_effects({"comparisons": Table("comparisons", "", frame)}).tables[0].frame
    assert found.row(0, named=True)["estimate"] is None
    assert found.row(0, named=True)["high"] is None
    assert found["patients"].to_list() == [12]
