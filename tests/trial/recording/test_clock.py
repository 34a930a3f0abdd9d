"""Tests of `trial/recording/clock.py`: names, and days that become dates."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from tests.trial.truths import protocol, truth
from wearoff.trial.recording.clock import FIRST_ENTRY, Clock, frozen_on, patient_names


def test_names_tell_replicate_and_number_and_sort_as_the_patients_stand() -> None:
    people = truth(protocol(size=12), first=98, replicates=3).people
    names = patient_names(people).to_list()
    assert names[0] == "r000099-0001"
    assert names[-1] == "r000101-0012"
    assert names == sorted(set(names))


def test_a_day_since_entry_is_a_date_of_the_patients_own_calendar() -> None:
    asked = protocol(size=30, schedule={"accrual_weeks": 20})
    people = truth(asked).people
    clock = Clock.of(people)
    who = np.array([7, 7, 3])
    days = clock.date(who, np.array([0, 366, -10])).to_list()
    entry = [int(people.entry_d[patient]) for patient in who]
    assert days == [
        date.fromordinal(FIRST_ENTRY.toordinal() + begin + day)
        for begin, day in zip(entry, (0, 366, -10), strict=True)
    ]
    (moment,) = clock.time(np.array([7]), np.array([366]), 8 * 60 + 40)
    assert moment == datetime.combine(days[1], datetime.min.time(), UTC).replace(hour=8, minute=40)
    assert clock.who(who).to_list() == ["r000001-0008", "r000001-0008", "r000001-0004"]


def test_records_are_frozen_when_the_last_who_can_enter_has_been_followed_to_the_end() -> None:
    asked = protocol(schedule={"accrual_weeks": 20, "followup_weeks": 104})
    assert (frozen_on(asked) - FIRST_ENTRY).days == 7 * 124
