"""Tests of `trial/recording/relapses.py`: which relapses are known, and of what day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from tests.trial.recording.recorded import NOTHING_LOST, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.trial.recording.record import record
from wearoff.trial.truth import Events


def test_without_loss_every_relapse_is_there_on_its_day() -> None:
    asked = protocol(recording=NOTHING_LOST)
    people = truth(asked, replicates=5, relapses_per_year=1.0)
    found = placed(record(asked, people), "relapse", "onset_date").select("patient", "since").rows()
    days = np.rint(people.relapses.day).astype(int).tolist()
    assert found == list(dict.fromkeys(zip(people.relapses.patient.tolist(), days, strict=True)))
    assert len(found) > 100


def test_the_share_stated_goes_unreported_whichever_relapse_it_is() -> None:
    asked = protocol(size=4_000, recording={"unreported_relapse": 0.3})
    people = truth(asked, relapses_per_year=2.0)
    known = placed(record(asked, people), "relapse", "onset_date")
    assert is_near(people.relapses.day.size - known.height, people.relapses.day.size, 0.3)
    number = np.arange(people.relapses.day.size) - np.searchsorted(
        people.relapses.patient, people.relapses.patient
    )
    reported = set(known.select("patient", "since").rows())
    for which in (0, 1, 2):
        rows = np.flatnonzero(number == which)
        is_known = [
            (int(people.relapses.patient[row]), round(float(people.relapses.day[row]))) in reported
            for row in rows
        ]
        assert is_near(rows.size - sum(is_known), rows.size, 0.3)


def test_two_onsets_on_one_day_are_one_relapse() -> None:
    asked = protocol(recording=NOTHING_LOST)
    people = replace(
        truth(asked), relapses=Events(np.array([2, 2, 2, 3]), np.array([100.1, 100.3, 101.2, 101.2]))
    )
    found = placed(record(asked, people), "relapse", "onset_date").select("patient", "since").rows()
    assert found == [(2, 100), (2, 101), (3, 101)]


def test_a_relapse_lasts_as_long_as_its_rise_of_the_edss() -> None:
    asked = protocol(recording=NOTHING_LOST)
    people = truth(asked, replicates=5, relapses_per_year=1.0)
    found = record(asked, people).relapse
    lasting = people.disability.until_d - people.disability.day
    stays = np.isinf(lasting)
    told = found["duration_h"].drop_nulls().to_numpy()
    assert np.array_equal(told, np.rint(24.0 * lasting[~stays]))
    assert set(found.filter(pl.col("duration_h").is_null())["duration_h_missing"]) == {"UNK"}
    assert found["duration_h"].null_count() == np.count_nonzero(stays) > 0
    assert set(found["objective_sign"]) == {"Y"}
    assert set(found["fever_or_infection"]) == {"N"}
