from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cohort.chapters.people import END, crowd, half_and_half
from wearoff.cohort.association import FROM_START, REBASELINED
from wearoff.cohort.chapters import Chapter, outcome_rule, over_time
from wearoff.cohort.neda import histories, load_rule
from wearoff.cohort.records import Cohort
from wearoff.cohort.wearing_off import answers_by_patient

RULE = load_rule("neda3_12w")


def told(records: Cohort) -> Chapter:
    people = list(histories(records, RULE.relapses))
    return over_time(records, people, answers_by_patient(records), RULE)


def frame(found: Chapter, name: str) -> pl.DataFrame:
    return next(table.frame for table in found.tables if table.name == name)


def ratios(found: Chapter) -> pl.DataFrame:
    here = (pl.col("outcome") == "relapses") & (pl.col("coding") == "any_vs_never")
    return frame(found, "rate_ratios").filter(here)


def test_rates_are_counts_over_the_years_that_everybody_was_watched(tmp_path: Path) -> None:
    found = told(crowd(tmp_path, half_and_half(12), relapses={"P01": 100, "P03": 400, "P02": 50}))
    rates = frame(found, "activity_rates").filter(
        (pl.col("outcome") == "relapses") & (pl.col("coding") == "any_vs_never")
    )
    assert rates["events"].to_list() == [2, 1]
    assert rates["years"].to_list() == pytest.approx([6 * END / 365.25] * 2)
    assert ratios(found)["exact_ratio"].item() == pytest.approx(2.0)


def test_without_an_event_every_comparison_is_uninformative(tmp_path: Path) -> None:
    found = told(crowd(tmp_path, half_and_half(12)))
    numbers = {
        "first_activity": ["hazard_ratio", "low", "high", "p", "log_rank_p"],
        "rate_ratios": ["exact_ratio", "exact_low", "exact_high", "exact_p", "ratio", "low", "high", "p"],
    }
    for name, columns in numbers.items():
        table = frame(found, name)
        assert set(table["verdict"]) == {"uninformative"}
        assert table.select(columns).null_count().row(0) == (table.height,) * len(columns)
    curves = frame(found, "activity_curves").filter(pl.col("outcome") == "first relapse")
    assert (curves["free"] == 1.0).all()
    assert (curves["low"] < 1.0).all()  # nobody of six is not certainty


def test_where_everybody_had_a_relapse_the_curves_end_at_nothing(tmp_path: Path) -> None:
    answers = half_and_half(12)
    records = crowd(tmp_path, answers, relapses={p: 30 + 10 * k for k, p in enumerate(answers)})
    curves = frame(told(records), "activity_curves").filter(
        (pl.col("outcome") == "first relapse") & (pl.col("coding") == "any_vs_never")
    )
    last = curves.group_by("group").agg(pl.col("free").sort_by("day").last())
    assert last["free"].to_list() == [0.0, 0.0]
    at_start = curves.filter(pl.col("day") == 0)
    assert at_start["at_risk"].to_list() == [6, 6]


def test_swapping_the_groups_inverts_every_ratio(tmp_path: Path) -> None:
    answers, relapses = half_and_half(12), {"P01": 100, "P03": 400, "P02": 50}
    swapped = {p: "never" if a == "sometimes" else "sometimes" for p, a in answers.items()}
    one = ratios(told(crowd(tmp_path / "a", answers, relapses=relapses)))
    other = ratios(told(crowd(tmp_path / "b", swapped, relapses=relapses)))
    assert one["exact_ratio"].item() * other["exact_ratio"].item() == pytest.approx(1.0)
    assert one["low"].item() * other["high"].item() == pytest.approx(1.0, rel=1e-4)
    assert one["p"].item() == pytest.approx(other["p"].item(), rel=1e-6)


@pytest.mark.parametrize(("table", "said"), [("relapse", "no known relapse history"), ("mri", "no MRI")])
def test_an_absent_table_is_said_and_counts_nobody_as_free(table: str, said: str, tmp_path: Path) -> None:
    found = told(crowd(tmp_path, half_and_half(12), relapses={"P01": 9}, without=[table]))
    sentence = next(text for text in found.section.paragraphs if said in text)
    assert sentence.startswith("12 of 12 patients")
    assert f"the cohort has no {table} table (12)" in sentence
    outcome = {"relapse": "any relapse", "mri": "any MRI activity"}[table]
    lost = frame(found, "missing_outcomes").filter(pl.col("outcome") == outcome)
    assert (lost["lost_with"] + lost["lost_without"]).to_list() == [12, 12]


def test_one_patient_is_a_curve_and_no_comparison(tmp_path: Path) -> None:
    found = told(crowd(tmp_path, {"A": "never"}, relapses={"A": 100}))
    assert set(frame(found, "first_activity")["verdict"]) == {"uninformative"}
    assert frame(found, "missing_outcomes")["note"].to_list() == ["a group has nobody"] * 4


def test_every_note_names_both_rules(tmp_path: Path) -> None:
    found = told(crowd(tmp_path, half_and_half(4)))
    assert all(table.note.startswith("Rule from_start; relapses by rule reported.") for table in found.tables)
    assert FROM_START.describe() in found.section.paragraphs


def test_lesions_count_from_the_day_of_the_neda_rule() -> None:
    assert outcome_rule(RULE) is FROM_START
    assert outcome_rule(RULE.with_settings(mri_rebaseline_day=90)) is REBASELINED
    own = outcome_rule(RULE.with_settings(rebaseline_day=180))
    assert (own.name, own.mri_from_d) == ("rebaselined_180d", 180)
