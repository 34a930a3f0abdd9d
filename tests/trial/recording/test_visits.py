"""Tests of `trial/recording/visits.py`: the EDSS that is found."""

from __future__ import annotations

import numpy as np
import polars as pl

from tests.trial.recording.recorded import NO_WINDOWS, NOTHING_LOST, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.trial.recording.record import record
from wearoff.trial.recording.visits import on_scale

SCALE = np.array([0.0, *np.arange(1.0, 10.0, 0.5)])


def test_what_is_found_is_the_nearest_value_of_the_scale() -> None:
    raw = np.linspace(-2.0, 12.0, 2_801)
    found = on_scale(raw)
    assert set(found) == set(SCALE)
    assert np.allclose(np.abs(found - raw), np.abs(SCALE[None, :] - raw[:, None]).min(axis=1))
    assert np.array_equal(on_scale(SCALE), SCALE)


def test_without_loss_every_visit_has_the_true_edss_of_its_day() -> None:
    asked = protocol(recording=NOTHING_LOST, schedule={"visit_every_weeks": 6, "visit_window_d": 9})
    people = truth(asked, replicates=3, relapses_per_year=1.5)
    visits = placed(record(asked, people), "visit", "date")
    assert visits.height == people.patients * 9
    changes = people.disability
    expected = [
        people.people.edss[patient]
        + sum(
            step
            for who, begin, until, step in zip(
                changes.patient, changes.day, changes.until_d, changes.steps, strict=True
            )
            if who == patient and begin <= day < until
        )
        for patient, day in visits.select("patient", "since").iter_rows()
    ]
    assert np.array_equal(visits["edss"].to_numpy(), on_scale(np.array(expected)))
    assert len(set(expected)) > 10


def test_an_examiner_errs_by_the_spread_that_is_stated() -> None:
    asked = protocol(size=4_000, recording={"edss_sd": 0.6}, schedule=NO_WINDOWS)
    people = truth(asked, relapses_per_year=0.0)
    visits = placed(record(asked, people), "visit", "date")
    true = people.people.edss[visits["patient"].to_numpy()]
    middle = (true >= 3.5) & (true <= 6.0)  # away from the ends, and from the step of one point
    error = visits["edss"].to_numpy()[middle] - true[middle]
    rounded = 0.5**2 / 12.0
    assert abs(error.mean()) < 3.0 * 0.6 / np.sqrt(error.size)
    assert abs(error.var() - 0.36 - rounded) < 3.0 * (0.36 + rounded) * np.sqrt(2.0 / error.size)
    assert set(visits["edss"]) <= set(SCALE)


def test_the_share_stated_has_no_edss_and_says_that_it_was_not_done() -> None:
    asked = protocol(size=4_000, recording={"no_edss": 0.15})
    visits = record(asked, truth(asked, relapses_per_year=0.0)).visit
    none = visits.filter(pl.col("edss").is_null())
    assert is_near(none.height, visits.height, 0.15)
    assert set(none["edss_missing"]) == {"ND"}
    assert none["edss_source"].null_count() == none.height
    rest = visits.filter(pl.col("edss").is_not_null())
    assert set(rest["edss_source"]) == {"examined"}
    assert rest["edss_missing"].null_count() == rest.height
    assert set(visits["visit_kind"]) == {"scheduled"}
