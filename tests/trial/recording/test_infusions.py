"""Tests of `trial/recording/infusions.py`: what was given."""

from __future__ import annotations

import numpy as np
import polars as pl

from tests.trial.recording.recorded import NOTHING_LOST, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.trial.recording.record import record


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
