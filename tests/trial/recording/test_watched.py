"""Tests of `trial/recording/watched.py`: until when each patient is watched."""

from __future__ import annotations

import numpy as np

from tests.trial.recording.recorded import is_near
from tests.trial.truths import protocol, truth, with_failed
from wearoff.trial.recording.chance import Chance
from wearoff.trial.recording.watched import ENDED, FAILED, LOST, Watched, watch


def watched(share: float, weeks: int, patients: int = 8_000) -> Watched:
    """Patients of one study, of whom so many are lost in a year."""
    asked = protocol(size=patients, schedule={"followup_weeks": weeks}, recording={"dropout_per_year": share})
    people = truth(asked, relapses_per_year=0.0, lesions_per_year=0.0)
    return watch(asked, people, Chance.of(people, patients))


def test_without_drop_out_everybody_stays_to_the_end() -> None:
    found = watched(0.0, 52, patients=50)
    assert set(found.last_d) == {364}
    assert set(found.reason) == {ENDED}


def test_the_share_stated_is_lost_in_every_year() -> None:
    found = watched(0.125, 156)
    waiting = np.where(found.reason == LOST, found.last_d, np.inf)
    for year in range(2):
        begins, ends = 365.25 * year, 365.25 * (year + 1)
        at_risk = waiting >= np.floor(begins)
        assert is_near(np.count_nonzero(waiting[at_risk] < np.floor(ends)), np.count_nonzero(at_risk), 0.125)


def test_the_lost_are_lost_before_the_end_and_the_others_stay_until_it() -> None:
    found = watched(0.3, 52)
    assert np.all(found.last_d[found.reason == LOST] < 364)
    assert np.all(found.last_d[found.reason == ENDED] == 364)
    assert np.all(found.last_d >= 0)


def test_a_longer_study_loses_the_same_people_on_the_same_days() -> None:
    short, long = watched(0.2, 52), watched(0.2, 104)
    assert np.array_equal(short.last_d, np.minimum(long.last_d, 364))


def test_the_unsolved_are_lost_at_entry() -> None:
    asked = protocol(size=10, recording={"dropout_per_year": 0.2})
    people = with_failed(truth(asked), [4])
    found = watch(asked, people, Chance.of(people, 10))
    assert (found.last_d[4], found.reason[4], found.is_known[4]) == (0, FAILED, False)
    assert FAILED not in np.delete(found.reason, 4)
    assert np.delete(found.is_known, 4).all()
