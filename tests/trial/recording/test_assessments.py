"""Tests of `trial/recording/assessments.py`: the day of a planned assessment."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.trial.recording.recorded import is_near
from wearoff.errors import InputError
from wearoff.trial.recording.assessments import Assessments, planned_days, take_place
from wearoff.trial.recording.chance import Chance
from wearoff.trial.recording.watched import Watched

PATIENTS, END = 10_000, 364
CHANCE = Chance(seed=1, first=0, count=PATIENTS)
STAYING = Watched(np.full(PATIENTS, END), np.zeros(PATIENTS, dtype=int), np.ones(PATIENTS, dtype=bool))


def assessments(
    every: int = 13, window: int = 10, missed: float = 0.0, who: Watched = STAYING
) -> Assessments:
    return take_place(
        "visit", every_weeks=every, window_d=window, missed=missed, last_d=END, watched=who, chance=CHANCE
    )


def test_assessments_are_planned_from_entry_to_the_last_day() -> None:
    assert planned_days(13, 364) == (0, 91, 182, 273, 364)
    assert planned_days(24, 364) == (0, 168, 336)
    assert planned_days(60, 364) == (0,)


def test_every_day_of_a_window_is_as_likely_as_any_other() -> None:
    found = assessments(window=3)
    assert set(found.day[:, 0]) == {0}
    for place, plan in ((1, 91), (2, 182), (3, 273)):
        days, counts = np.unique(found.day[:, place], return_counts=True)
        assert days.tolist() == list(range(plan - 3, plan + 4))
        assert stats.chisquare(counts).pvalue > 0.01


def test_the_last_assessment_is_made_by_the_last_day() -> None:
    last = assessments().day[:, -1]
    assert last.max() == END
    assert last.min() == END - 10
    assert is_near(np.count_nonzero(last < END), PATIENTS, 10 / 21)


def test_assessments_follow_one_another_however_wide_the_windows() -> None:
    assert np.all(np.diff(assessments(every=3, window=10).day, axis=1) > 0)


@pytest.mark.parametrize(("every", "window"), [(3, 11), (2, 7), (1, 4)])
def test_windows_that_touch_are_refused(every: int, window: int) -> None:
    with pytest.raises(
        InputError, match=f"a visit every {every} weeks, each up to {window} days early or late"
    ):
        assessments(every=every, window=window)


def test_the_share_stated_is_missed_but_never_the_one_at_entry() -> None:
    found = assessments(missed=0.2).is_done
    assert found[:, 0].all()
    for place in range(1, found.shape[1]):
        assert is_near(np.count_nonzero(~found[:, place]), PATIENTS, 0.2)
    both = np.count_nonzero(~found[:, 1] & ~found[:, 2])
    assert is_near(both, PATIENTS, 0.04)


def test_nobody_is_assessed_after_being_lost() -> None:
    last = CHANCE.uniform("lost") * END
    lost = Watched(last.astype(int), np.ones(PATIENTS, dtype=int), np.ones(PATIENTS, dtype=bool))
    found, all_stay = assessments(missed=0.2, who=lost), assessments(missed=0.2)
    assert np.array_equal(found.day, all_stay.day)
    assert np.array_equal(found.is_done, all_stay.is_done & (all_stay.day <= lost.last_d[:, None]))
