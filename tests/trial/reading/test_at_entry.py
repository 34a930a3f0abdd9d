"""Tests of `trial/reading/at_entry.py`: what was recorded of each patient by entry."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.trial.truths import protocol, truth
from wearoff.cohort.records import cohort_of_frames
from wearoff.trial.reading.at_entry import covariates_at_entry, recorded_arms
from wearoff.trial.recording.record import record

ASKED = protocol(size=60, weeks=(4.0, 6.0), schedule={"accrual_weeks": 20})


def test_covariates_are_what_is_true_as_far_as_records_go() -> None:
    drawn = truth(ASKED)
    cohort = record(ASKED, drawn)
    found, people = covariates_at_entry(cohort), drawn.people
    assert recorded_arms(cohort).to_list() == [ASKED.arms[index].name for index in people.arm]
    assert np.array_equal(found["is_female"].to_numpy(), people.is_female)
    for name, within in {"age": 1.0, "ms_years": 0.002, "treatment_years": 0.002, "height_cm": 0.5}.items():
        assert found[name].to_numpy() == pytest.approx(getattr(people, name), abs=within), name


def test_a_jcv_index_below_its_limit_is_none_and_not_unknown() -> None:
    drawn = truth(ASKED)
    index = covariates_at_entry(record(ASKED, drawn))["jcv_index"]
    is_negative = np.isnan(drawn.people.jcv_index)
    assert 0 < is_negative.sum() < is_negative.size
    assert index.null_count() == 0
    assert set(index.filter(pl.Series(is_negative))) == {0.0}


def test_without_the_date_of_the_first_dose_treatment_time_is_not_known() -> None:
    cohort = record(ASKED, truth(ASKED))
    frames = {name: frame for name, frame in cohort.tables.items() if name in cohort.present}
    frames["event"] = frames["event"].drop("treated_since")
    bare = cohort_of_frames(
        frames, as_of=cohort.as_of, timezone=cohort.timezone, label=cohort.label, is_simulated=True
    )
    assert covariates_at_entry(bare)["treatment_years"].null_count() == 120
