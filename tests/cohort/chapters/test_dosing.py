from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cohort.chapters.people import crowd, half_and_half
from wearoff.cohort.association import SID_EID, compare_dosing, emulate_trials
from wearoff.cohort.chapters import Chapter, dosing_arms
from wearoff.cohort.chapters.dosing import interval_classes
from wearoff.cohort.interval_class import load_interval_rule
from wearoff.cohort.neda import histories
from wearoff.cohort.records import Cohort
from wearoff.cohort.wearing_off import answers_by_patient

RULE = load_interval_rule("touch_primary")
STANDARD = [28] * 30
SEED = 4


def told(records: Cohort) -> Chapter:
    people = list(histories(records))
    return dosing_arms(records, people, answers_by_patient(records), rule=RULE, seed=SEED)


def frame(found: Chapter, name: str) -> pl.DataFrame:
    return next(table.frame for table in found.tables if table.name == name)


def two_arms(tmp_path: Path) -> Cohort:
    """Twenty-four patients on 28 days; every third is extended to 42 days after one to six more cycles."""
    answers = half_and_half(24)
    gaps = {p: [*[28] * (7 + k % 6), *[42] * 18] if k % 3 == 0 else STANDARD for k, p in enumerate(answers)}
    attributes = [
        "patient_id,followup_start,followup_end,sex,birth_year",
        *(
            f"{p},2020-01-01,2021-12-31,{'F' if (k // 2) % 2 else 'M'},{1970 + k % 7}"
            for k, p in enumerate(answers)
        ),
    ]
    return crowd(tmp_path, answers, gaps=gaps, patient=attributes)


def weighable(folder: Path, *, is_complete: bool = True) -> Cohort:
    """Forty patients who are extended now and then, so that weights can make the arms alike."""
    rng = random.Random(0)  # noqa: S311 - people, not secrets
    answers = half_and_half(40)
    gaps = {
        p: [
            gap
            for _ in range(6)
            for gap in [*[rng.choice((27, 28, 29)) for _ in range(rng.choice((6, 7, 8)))], 42]
        ]
        for p in answers
    }
    attributes = ["patient_id,followup_start,followup_end,sex,birth_year"]
    for k, p in enumerate(answers):
        born = rng.randrange(1965, 1995)
        own = "" if not is_complete and k % 7 == 0 else str(born)
        attributes.append(f"{p},2020-01-01,2021-12-31,{rng.choice('FM')},{own}")
    relapses = {p: rng.randrange(200, 700) for p in list(answers)[::3]}
    return crowd(folder, answers, relapses=relapses, gaps=gaps, patient=attributes)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return weighable(tmp_path_factory.mktemp("arms"))


def test_the_tables_are_those_of_the_comparison(records: Cohort) -> None:
    trials = emulate_trials(records, histories(records), SID_EID)
    whole, found = compare_dosing(trials, seed=SEED), told(records)
    arms = frame(found, "dosing_trial")
    assert arms["entries"].to_list() == [arm.entries for arm in whole.arms]
    assert arms["relapses"].to_list() == [arm.events for arm in whole.arms]
    effects = frame(found, "dosing_effects")
    assert whole.plain is not None
    assert whole.rate_ratio is not None
    assert effects["estimate"].to_list()[:2] == [whole.rate_ratio.ratio, whole.plain.ratio]
    assert effects["verdict"].to_list()[2] == whole.verdict == "difference shown"
    assert whole.weighted is not None
    assert effects["estimate"].to_list()[2] == whole.weighted.term.ratio
    assert effects["patients"].unique().to_list() == [
        trials.filter(pl.col("arm").is_not_null())["patient_id"].n_unique()
    ]


def test_every_eligible_entry_is_in_an_arm_or_left_out_with_a_reason(records: Cohort) -> None:
    trials, found = emulate_trials(records, histories(records), SID_EID), told(records)
    counted = frame(found, "dosing_trial")["entries"].sum() + frame(found, "dosing_left_out")["entries"].sum()
    assert counted == trials.height > 0


def test_weights_make_the_arms_alike_and_cost_some_entries(records: Cohort) -> None:
    found = told(records)
    balance, arms = frame(found, "balance"), frame(found, "dosing_trial")
    assert balance["smd_before"].abs().max() > 0.1 > 10 * balance["smd_after"].abs().max()
    assert (arms["effective_entries"] < arms["entries"]).all()
    said = found.section.paragraphs[1]
    assert said.startswith("Recorded at entry and held by the weights: age, sex, relapses before")
    assert "EDSS (the same at every entry)" in said
    assert "filled in" not in said


def test_gaps_in_a_covariate_are_filled_in_and_what_that_costs_is_shown(tmp_path: Path) -> None:
    found = told(weighable(tmp_path, is_complete=False))
    assert any("were filled in 20 times" in text for text in found.section.paragraphs)
    weighted = frame(found, "dosing_effects").row(2, named=True)
    assert 0.0 < weighted["missing_information"] < 1.0
    assert weighted["low"] < weighted["estimate"] < weighted["high"]


def test_the_balance_before_weighting_is_shown_where_there_are_no_weights(tmp_path: Path) -> None:
    records = two_arms(tmp_path)
    found = told(records)
    rows = emulate_trials(records, histories(records), SID_EID).filter(pl.col("arm").is_not_null())
    ages = [rows.filter(pl.col("arm") == arm)["age"].to_numpy() for arm in ("eid", "sid")]
    by_hand = (ages[0].mean() - ages[1].mean()) / np.sqrt((ages[0].var() + ages[1].var()) / 2)
    balance = {row["covariate"]: row for row in frame(found, "balance").to_dicts()}
    assert balance["age"]["smd_before"] == pytest.approx(by_hand)
    assert balance["age"]["smd_after"] is None


def test_without_a_relapse_there_is_no_ratio_and_it_is_said(tmp_path: Path) -> None:
    found = told(two_arms(tmp_path))
    effects = frame(found, "dosing_effects")
    assert effects["estimate"].null_count() == 3
    assert set(effects["verdict"]) == {"uninformative"}
    said = found.section.paragraphs[1]
    assert said.startswith("Recorded at entry but held by no weights")
    assert "an arm has no relapse" in said


def test_the_e_value_of_an_interval_that_holds_one_is_one(records: Cohort) -> None:
    rows = frame(told(records), "dosing_effects")
    assert rows["estimate"].null_count() == 0
    for row in rows.to_dicts():
        away = max(row["estimate"], 1 / row["estimate"])
        if row["analysis"].startswith("unweighted rate"):
            assert row["e_value"] == pytest.approx(away + np.sqrt(away * (away - 1)))
        assert (row["e_value_of_limit"] == 1.0) == (row["low"] <= 1.0 <= row["high"])


@pytest.mark.parametrize("without", [["infusion"], []])
def test_without_an_infusion_there_is_a_sentence_and_no_table(without: list[str], tmp_path: Path) -> None:
    found = told(crowd(tmp_path, half_and_half(4), without=without))
    assert found.tables == ()
    assert "nothing can be said of the intervals" in found.section.paragraphs[0]


def test_one_patient_on_standard_dosing_is_an_arm_without_another(tmp_path: Path) -> None:
    found = told(crowd(tmp_path, {"A": "never"}, gaps={"A": STANDARD}))
    assert frame(found, "dosing_trial")["patients"].to_list() == [0, 1]
    assert frame(found, "balance").is_empty()


def test_nobody_stable_long_enough_is_said(tmp_path: Path) -> None:
    found = told(crowd(tmp_path, {"A": "never"}, gaps={"A": [28, 28]}))
    assert "Nobody entered the emulated trial: there is nothing to compare." in found.section.paragraphs


def test_the_class_is_asked_on_the_day_of_the_answer_and_of_the_last_infusion(tmp_path: Path) -> None:
    records = crowd(
        tmp_path, {"A": "never", "B": "", "C": "regularly"}, gaps={"A": STANDARD, "B": [28] * 6 + [42] * 20}
    )
    found = interval_classes(records, answers_by_patient(records), RULE)
    told_of = {(row["patient_id"], row["asked_on"]): row for row in found.to_dicts()}
    assert set(told_of) == {
        ("A", "day of the answer"),
        ("A", "last infusion"),
        ("B", "last infusion"),
        ("C", "day of the answer"),
    }
    assert told_of["A", "last infusion"]["class"] == "sid"
    assert told_of["B", "last infusion"]["class"] == "eid"
    assert told_of["B", "last infusion"]["answer"] == "no answer"
    assert told_of["C", "day of the answer"]["why"] == "no infusion by this date"


def test_the_rules_are_named_in_the_section_and_under_every_table(records: Cohort) -> None:
    found = told(records)
    assert SID_EID.describe() in found.section.paragraphs
    assert RULE.describe() in found.section.paragraphs
    assert all(SID_EID.name in table.note or RULE.name in table.note for table in found.tables)
