from __future__ import annotations

from pathlib import Path

import pytest

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.wearing_off import ANSWERS, CODINGS, answers_by_patient, load_coding
from wearoff.errors import UnknownNameError

ROWS = [
    "patient_id,date,answer",
    f"P1,{on(0)},sometimes",
    f"P1,{on(370)},regularly",
    f"P1,{on(720)},never",
    f"P2,{on(5)},never",
]


def test_the_first_the_last_or_the_worst_answer_of_a_patient_is_used(tmp_path: Path) -> None:
    records = cohort(tmp_path, wearing_off=ROWS)
    used = {
        choice: answers_by_patient(records, choice=choice)["answer"][0]  # type: ignore[arg-type]
        for choice in ("first", "last", "worst")
    }
    assert used == {"first": "sometimes", "last": "never", "worst": "regularly"}


def test_a_patient_without_an_answer_stays_and_belongs_to_no_group(tmp_path: Path) -> None:
    records = cohort(tmp_path, wearing_off=ROWS, visit=["patient_id,date,edss", f"P3,{on(0)},2"])
    answers = answers_by_patient(records)
    assert answers["patient_id"].to_list() == ["P1", "P2", "P3"]
    assert answers["answer"].to_list() == ["sometimes", "never", None]
    assert answers["answers"].to_list() == [3, 1, 0]
    exposed = answers.select(CODINGS["any_vs_never"].exposed_expression.alias("exposed"))["exposed"]
    assert exposed.to_list() == [True, False, None]


def test_an_undated_answer_is_used_and_two_of_them_cannot_be_ordered(tmp_path: Path) -> None:
    records = cohort(tmp_path, wearing_off=["patient_id,answer", "P1,never", "P2,never", "P2,regularly"])
    assert answers_by_patient(records)["answer"].to_list() == ["never", None]
    assert records.receipt.refusals["patient_id"].unique().to_list() == ["P2"]


@pytest.mark.parametrize("name", CODINGS)
def test_every_coding_divides_the_three_answers_in_two(name: str) -> None:
    coding = load_coding(name)
    assert coding.exposed < set(ANSWERS)
    assert "never" not in coding.exposed
    assert "regularly" in coding.exposed


def test_an_unknown_coding_is_named_with_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="any_vs_never, regular_vs_rest"):
        load_coding("any")
