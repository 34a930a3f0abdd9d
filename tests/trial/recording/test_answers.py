"""Tests of `trial/recording/answers.py`: answers to the wearing-off question."""

from __future__ import annotations

import numpy as np

from tests.trial.recording.recorded import NOTHING_LOST, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.trial.recording.answers import ANSWERS
from wearoff.trial.recording.record import record


def test_without_error_every_answer_is_true_and_on_its_day() -> None:
    asked = protocol(recording=NOTHING_LOST, schedule={"question_every_weeks": 13})
    people = truth(asked, replicates=2)
    found = placed(record(asked, people), "wearing_off", "date")
    assert found["since"].to_list() == [0, 91, 182, 273, 364] * people.patients
    assert found["answer"].to_list() == [ANSWERS[one] for one in people.wearing_off for _ in range(5)]


def test_the_share_stated_answers_one_step_off_and_from_the_middle_to_either_side() -> None:
    asked = protocol(size=12_000, recording={"other_answer": 0.3})
    people = truth(asked, relapses_per_year=0.0, lesions_per_year=0.0)
    found = placed(record(asked, people), "wearing_off", "date")
    for since in (0, 364):
        rows = found.filter(since == found["since"])
        given = np.array([ANSWERS.index(answer) for answer in rows["answer"]])
        true = people.wearing_off[rows["patient"].to_numpy()]
        off = given - true
        assert set(off) == {-1, 0, 1}
        for level in range(3):
            assert is_near(np.count_nonzero(off[true == level]), np.count_nonzero(true == level), 0.3)
        middle = off[(true == 1) & (off != 0)]
        assert is_near(np.count_nonzero(middle == 1), middle.size, 0.5)
