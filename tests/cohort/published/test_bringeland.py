from __future__ import annotations

import polars as pl
import pytest

from wearoff.cohort.published import analyse_bringeland
from wearoff.cohort.results import StudyResult

# What the published counts say, worked out independently of this project: percentages to one decimal.
WHOLE_COHORT = {
    ("NEDA at one year, 35 of 35 followed", "Clopper-Pearson"): (90.0, 100.0),
    ("risk of activity, two-sided upper limit", "Clopper-Pearson"): (0.0, 10.0),
    ("risk of activity, two-sided upper limit", "mid-P"): (0.0, 8.2),
    ("risk of activity, one-sided upper limit", "Clopper-Pearson, one-sided 95 %"): (0.0, 8.2),
    ("risk of activity, upper limit", "rule of three"): (0.0, 8.6),
    ("worst case: all 5 lost were active, NEDA 35 of 40", "Clopper-Pearson"): (73.2, 95.8),
}


@pytest.fixture(scope="module")
def result() -> StudyResult:
    return analyse_bringeland()


@pytest.mark.parametrize(("row", "expected"), WHOLE_COHORT.items())
def test_the_whole_cohort_has_its_known_intervals(
    result: StudyResult, row: tuple[str, str], expected: tuple[float, float]
) -> None:
    quantity, method = row
    frame = result.tables["whole_cohort"].frame
    found = frame.filter((pl.col("quantity") == quantity) & (pl.col("method") == method)).to_dicts()[0]
    assert (round(100 * found["low"], 1), round(100 * found["high"], 1)) == expected


def test_every_possible_split_of_those_followed_is_analysed(result: StudyResult) -> None:
    splits = result.tables["splits"].frame.filter(pl.col("coding") == "any_vs_never")
    assert splits["exposed_evaluable"].to_list() == [12, 13, 14, 15, 16, 17]
    assert (splits["exposed_evaluable"] + splits["other_evaluable"]).unique().to_list() == [35]
    assert splits["verdict"].unique().to_list() == ["uninformative"]
    assert splits["fisher_p"].null_count() == 6


def test_the_split_of_15_and_20_has_its_known_difference_and_odds_ratio(result: StudyResult) -> None:
    row = result.tables["splits"].frame.filter(pl.col("exposed_evaluable") == 15).to_dicts()[0]
    assert (round(100 * row["low"], 1), round(100 * row["high"], 1)) == (-16.1, 20.4)
    assert round(row["odds_ratio"], 2) == 1.32
    assert (round(row["or_low"], 3), round(row["or_high"])) == (0.007, 251)


def test_the_worst_attrition_is_five_of_17_against_none_of_23(result: StudyResult) -> None:
    row = result.tables["attrition"].frame.filter(pl.col("lost_with") == 5).to_dicts()[0]
    assert row["if_all_lost_with_wearing_off_active"] == "5/17 v 0/23"
    assert round(row["p_then"], 3) == 0.009


def test_the_first_screen_says_what_is_shown_and_what_is_not(result: StudyResult) -> None:
    text = " ".join((result.answer.headline, *result.answer.sentences, *result.answer.limits))
    for phrase in ("uninformative", "5 of 17 against 0 of 23 (Fisher p = 0.009)", "larger and longer cohort"):
        assert phrase in text
    assert "35 of 35" in result.answer.findings[0].value


def test_every_published_input_is_cited(result: StudyResult) -> None:
    sources = result.tables["sources"].frame
    assert set(sources["id"]) == set(result.provenance.inputs)
    assert bool(sources["source"].str.contains("https://doi.org/").all())
