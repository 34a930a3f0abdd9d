from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cohort.cohorts import on
from tests.cohort.wearing_off.diaries import diaries as diary_cohort
from wearoff.cohort.chapters import Chapter, diaries
from wearoff.cohort.chapters import diaries as chapter_function
from wearoff.cohort.records import Cohort
from wearoff.cohort.wearing_off import (
    answers_by_patient,
    diary_wearing_off,
    fit_diary_model,
    load_diary_rule,
)
from wearoff.cohort.wearing_off.diary_model import DiaryModel

RULE = load_diary_rule()
RISING = [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 4.0], [1.0, 3.0, 3.0, 5.0]]
FLAT = [[2.0, 2.0, 2.0, 2.0]] * 3


def told(records: Cohort) -> Chapter:
    return chapter_function(records, answers_by_patient(records), RULE)


def frame(found: Chapter, name: str) -> pl.DataFrame:
    return next(table.frame for table in found.tables if table.name == name)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    people = {f"R{k}": RISING for k in range(4)} | {f"F{k}": FLAT for k in range(3)}
    answers = [
        "patient_id,date,answer",
        *(f"{p},{on(0)},{'regularly' if p < 'G' else 'never'}" for p in people),
    ]
    return diary_cohort(tmp_path_factory.mktemp("diaries"), people, wearing_off=answers)


def test_the_tables_are_those_of_the_rule(records: Cohort) -> None:
    whole, found = diary_wearing_off(records, RULE), told(records)
    assert frame(found, "diary_patients").equals(whole.patients)
    assert frame(found, "diary_cycles").equals(whole.cycles)
    assert frame(found, "diary_by_cycle_day").equals(whole.by_cycle_day)
    assert "7 of 7 patients kept a diary: wearing-off 4, steady 3." in found.section.paragraphs


def test_the_verdict_stands_beside_the_answer(records: Cohort) -> None:
    rows = frame(told(records), "diary_by_answer").rows()
    assert sorted(rows) == [("steady", "regularly", 3), ("wearing-off", "never", 4)]


def test_the_mixed_model_is_printed_with_its_interval_and_its_words(records: Cohort) -> None:
    model = fit_diary_model(diary_wearing_off(records, RULE).entries)
    assert isinstance(model, DiaryModel)
    found = told(records)
    slope = frame(found, "diary_model").row(0, named=True)
    assert (slope["estimate"], slope["low"], slope["high"]) == (
        model.slope,
        model.slope_low,
        model.slope_high,
    )
    note = next(table.note for table in found.tables if table.name == "diary_model")
    assert model.describe() in note


def test_without_a_diary_there_is_a_sentence_and_no_table(tmp_path: Path) -> None:
    found = told(diary_cohort(tmp_path, {"A": [[None]]}))
    assert found.tables == ()
    assert found.section.paragraphs[0].endswith("wearing-off is known from the question alone.")


def test_one_patient_has_a_verdict_and_the_group_no_model(tmp_path: Path) -> None:
    found = told(diary_cohort(tmp_path, {"A": RISING}))
    assert frame(found, "diary_patients")["verdict"].to_list() == ["wearing-off"]
    assert "diary_model" not in {table.name for table in found.tables}
    assert any("No mixed model was fitted: 1 patients" in text for text in found.section.paragraphs)


def test_more_entries_than_the_model_can_take_are_said(
    records: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    module = importlib.import_module("wearoff.cohort.chapters.diaries")
    monkeypatch.setattr(module, "MOST_ENTRIES", 10)
    assert any("more than 10 usable entries" in text for text in told(records).section.paragraphs)


def test_the_rule_is_named_in_the_section_and_under_every_table(records: Cohort) -> None:
    found = diaries(records, answers_by_patient(records), load_diary_rule("rise_four_cycles"))
    assert all(table.note.startswith("Rule rise_four_cycles.") for table in found.tables)
    assert found.section.paragraphs[0].startswith("Rule rise_four_cycles:")
