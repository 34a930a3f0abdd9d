"""What is recorded without loss gives back what was true, within the looks that there were."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl

from tests.trial import truths
from wearoff.cohort.records import Cohort
from wearoff.trial.protocol import Protocol
from wearoff.trial.reading.endpoints import endpoints_of
from wearoff.trial.recording.record import record
from wearoff.trial.truth import Events, Truth

KINDS = ("first_activity", "first_relapse", "relapses", "lesions", "neda", "level", "occupancy")
PERFECT = {"edss_sd": 0.0, "occupancy_sd": 0.0, "level_cv": 0.0, "level_lloq_mg_per_l": 0.0}


def study(**parts: object) -> Protocol:
    return truths.protocol(
        weeks=(4.0, 6.0),
        schedule={"mri_every_weeks": 26, "is_with_gadolinium": False},
        endpoint=tuple({"name": kind, "kind": kind} for kind in KINDS),
        analysis=({"name": "odds", "method": "fisher", "endpoint": "neda", "by": "arm"},),
        recording=PERFECT,
        **parts,
    )


@cache
def recorded() -> tuple[Truth, Cohort, pl.DataFrame]:
    it = study()
    truth = truths.truth(it, replicates=3, relapses_per_year=0.4, lesions_per_year=0.6)
    cohort = record(it, truth)
    return truth, cohort, endpoints_of(cohort, it)


def first_of(events: Events, patients: int) -> np.ndarray:
    found = np.full(patients, np.inf)
    np.minimum.at(found, events.patient, events.day)
    return found


def test_arms_and_replicates_come_back() -> None:
    truth, _, found = recorded()
    names = [arm.name for arm in study().arms]
    assert found["arm"].to_list() == [names[place] for place in truth.people.arm]
    assert found["replicate"].to_list() == truth.people.replicate.tolist()


def test_relapses_are_counted_as_often_as_they_came() -> None:
    truth, _, found = recorded()
    inside = truth.relapses.day <= 364
    counts = np.bincount(truth.relapses.patient[inside], minlength=truth.patients)
    assert counts.sum() > 30
    # A relapse of the day of entry or of the last day may fall on either side of a date.
    assert np.abs(found["relapses.count"].to_numpy() - counts).sum() <= 2
    np.testing.assert_allclose(found["relapses.years"].to_numpy() * 365.25, 364.0)


def test_lesions_are_counted_between_the_first_and_the_last_scan() -> None:
    truth, cohort, found = recorded()
    entry = pl.Series(cohort.patient.sort("patient_id")["followup_start"])
    days = (
        cohort.mri.join(pl.DataFrame({"patient_id": cohort.patients, "entry": entry}), on="patient_id")
        .with_columns(day=(pl.col("date") - pl.col("entry")).dt.total_days())
        .group_by("patient_id")
        .agg(last=pl.col("day").max())
        .sort("patient_id")["last"]
        .to_numpy()
    )
    seen = truth.lesions.day <= days[truth.lesions.patient]
    counts = np.bincount(truth.lesions.patient[seen], minlength=truth.patients)
    assert counts.sum() > 50
    assert np.abs(found["lesions.count"].to_numpy() - counts).sum() <= 2
    np.testing.assert_allclose(found["lesions.years"].to_numpy() * 365.25, days, atol=1.0)


def test_first_activity_lies_in_its_window() -> None:
    truth, _, found = recorded()
    relapse, lesion = (first_of(events, truth.patients) for events in (truth.relapses, truth.lesions))
    first = np.minimum(relapse, lesion)
    high = found["first_activity.high_d"].fill_null(np.inf).to_numpy()
    low = found["first_activity.low_d"].to_numpy()
    # A worsening of the EDSS may come before both.
    is_plain = np.bincount(truth.disability.patient, minlength=truth.patients) == 0
    assert is_plain.sum() > 50
    assert np.isfinite(high[is_plain]).sum() > 30
    assert (low[is_plain] <= first[is_plain] + 1.0).all()
    assert (first[is_plain] <= high[is_plain] + 1.0).all()
    assert (high >= low).all()
    states = found["neda.state"].to_numpy()
    assert ((states == "active") == found["first_activity.is_event"].to_numpy()).all()
    # With every look made nobody is unknown, and who is free of activity was free of it.
    assert "unknown" not in states[is_plain]
    assert (first[(states == "neda") & is_plain] > low[(states == "neda") & is_plain] - 1.0).all()


def test_troughs_come_back_to_the_digit_that_is_written() -> None:
    truth, _, found = recorded()
    levels = found["level.samples"].to_list()
    known = np.sort(truth.infusions.trough_mg_per_l, axis=1)
    assert sum(map(len, levels)) > truth.patients / 2
    for samples, true in zip(levels, known, strict=True):
        assert all(np.nanmin(np.abs(true - sample)) < 0.06 for sample in samples)
