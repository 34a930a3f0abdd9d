"""Tests of `trial/recording/people.py`: who takes part, and in which arm."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from tests.trial.recording.recorded import placed
from tests.trial.truths import protocol, truth
from wearoff.trial.recording.record import record


def test_the_event_of_entry_says_the_arm_and_since_when_somebody_is_treated() -> None:
    asked = protocol(size=15, weeks=(4.0, 6.0), schedule={"accrual_weeks": 10})
    people = truth(asked, replicates=2)
    found = placed(record(asked, people), "event", "start_date")
    assert found["patient"].to_list() == list(range(60))
    assert set(found["kind"]) == {"arm"}
    assert set(found["since"]) == {0}
    assert found["arm"].to_list() == (["every 4 weeks"] * 15 + ["every 6 weeks"] * 15) * 2
    since = [
        entry - timedelta(days=round(years * 365.25))
        for entry, years in zip(found["start_date"], people.people.treatment_years.tolist(), strict=True)
    ]
    assert [date.fromisoformat(text) for text in found["treated_since"]] == since


def test_a_patient_is_described_as_drawn() -> None:
    asked = protocol(schedule={"accrual_weeks": 26})
    people = truth(asked).people
    found = record(asked, truth(asked)).patient
    entry = found["followup_start"].to_list()
    assert [(day - date(2020, 1, 6)).days for day in entry] == people.entry_d.astype(int).tolist()
    assert (found["sex"] == "F").to_list() == people.is_female.tolist()
    assert np.array_equal(found["height_cm"].to_numpy(), np.rint(people.height_cm))
    age = np.array([day.year for day in entry]) - found["birth_year"].to_numpy()
    assert np.all(np.abs(age - people.age) <= 1.0)
    onset = [(day - first).days / 365.25 for day, first in zip(entry, found["ms_onset_date"], strict=True)]
    assert np.allclose(onset, people.ms_years, atol=0.002)
    assert set(found["end_reason"]) == {"end of study"}
    assert set((found["followup_end"] - found["followup_start"]).dt.total_days()) == {364}
