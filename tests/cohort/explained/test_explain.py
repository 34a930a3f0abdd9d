"""The seven questions, and what no answer may say."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.explained import DRAWS, SEED, answered, every_text
from wearoff.cohort.explained.explain import explain
from wearoff.dosing.activity import activity_digest
from wearoff.sources import figure

QUESTIONS = (
    "Is wearing-off a sign of disease activity?",
    "What does extending to 6 weeks change in the brain for CD4, CD8, B cells and monocytes?",
    "Does blocking VCAM-1 adhesion matter in an inflamed lung?",
    "Is a patient most vulnerable right after the infusion?",
    "How long after the last dose does protection last, and when does disease return?",
    "What does a missed, late or exchanged dose do?",
    "What is known, what is assumed, and what would have to be measured?",
)
FORBIDDEN = (
    *("safe", "safer", "safest", "harmless", "protected", "guarantee"),
    *("should", "must", "recommend", "recommended", "advise", "optimal", "best"),
)
EVERY = pytest.mark.parametrize("each", answered().explanations, ids=lambda each: each.name)


def test_every_question_is_answered_once_and_in_order() -> None:
    assert tuple(each.question for each in answered().explanations) == QUESTIONS


@EVERY
def test_an_answer_has_numbers_or_lists_limits_and_sources_that_exist(each) -> None:
    assert each.grids or each.lists
    assert each.limits
    assert len(set(each.evidence)) == len(each.evidence) > 0
    assert all(figure(id_).value for id_ in each.evidence)


@EVERY
def test_every_band_holds_its_middle(each) -> None:
    for grid in each.grids:
        for _, cells in grid.rows:
            assert all(cell.low <= cell.middle_low <= cell.middle_high <= cell.high for cell in cells)


@pytest.mark.parametrize(
    "word",
    FORBIDDEN,
)
def test_no_answer_instructs_or_calls_anything_safe(word: str) -> None:
    text = every_text().lower().replace("is known best", "")
    assert re.search(rf"\b{word}\b", text) is None


def test_no_answer_gives_a_risk_of_infection() -> None:
    for sentence in re.split(r"(?<=[.!?;:]) ", every_text()):
        if "infection" in sentence.lower():
            assert re.search(r"\d", sentence) is None, sentence


def test_what_nobody_has_compared_or_shown_is_said() -> None:
    text = every_text()
    assert "No human comparison of cerebrospinal fluid under 4- and 6-weekly dosing exists." in text
    assert "No cohort has shown a difference in outcome by day of the cycle." in text


def test_the_answers_name_what_they_were_computed_from_and_follow_the_seed() -> None:
    source = answered().provenance
    assert source["activity_digest"] == activity_digest()
    assert (source["draws of tissue"], source["seed"]) == (str(DRAWS), str(SEED))
    other = explain(draws=DRAWS, seed=1)
    assert other.explanations[0] == answered().explanations[0]  # published figures alone
    assert other.explanations[1] != answered().explanations[1]


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        answered().named("nothing")


def test_importing_the_questions_loads_no_jax() -> None:
    code = "import sys\nimport wearoff.cohort.explained.explain\nassert 'jax' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
