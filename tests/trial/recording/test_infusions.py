"""Tests of `trial/recording/infusions.py`: who takes part, in which arm, and what was given."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from tests.trial.recording.recorded import NOTHING_LOST, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.trial.record import record


def test_every_infusion_from_the_weeks_before_entry_on_is_there() -> None:
    asked = protocol(recording=NOTHING_LOST, weeks=(4.0, 6.0), schedule={"before_weeks": 16})
    people = truth(asked, replicates=2)
    found = placed(record(asked, people), "infusion", "start_time")
    day = people.infusions.day
    patient, place = np.nonzero((day >= -112) & (day <= 364))
    assert found.select("patient", "since").rows() == list(
        zip(patient.tolist(), day[patient, place].astype(int).tolist(), strict=True)
    )
    assert set(found["start_time"].dt.strftime("%H:%M")) == {"09:00"}
    plan = (found["planned_date"] - found["followup_start"]).dt.total_days().to_numpy()
    assert np.array_equal(plan, people.infusions.planned[patient, place])
    assert np.array_equal(found["weight_kg"].to_numpy(), np.round(people.people.weight_kg[patient], 1))
    assert set(found["dose_mg"]) == {300.0}


def test_the_share_stated_has_no_weight() -> None:
    asked = protocol(size=1_000, recording={"missing_weight": 0.4})
    found = record(asked, truth(asked)).infusion
    none = found.filter(pl.col("weight_kg").is_null())
    assert is_near(none.height, found.height, 0.4)
    assert set(none["weight_kg_missing"]) == {"ND"}


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
