"""Tests of `trial/recording/diary.py`: severity over the cycle, and who still writes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from tests.trial.recording.recorded import NOTHING_LOST, is_near, placed
from tests.trial.truths import protocol, truth
from wearoff.trial.recording.diary import cycle_share
from wearoff.trial.recording.record import record
from wearoff.trial.truth import Truth

ALL_YEAR = {"diary_weeks": 52}


def test_weeks_begin_on_the_day_of_entry_and_end_seven_days_apart() -> None:
    asked = protocol(recording=NOTHING_LOST, schedule={"diary_weeks": 20})
    found = placed(record(asked, truth(asked)), "diary", "week_ending")
    assert found["since"].to_list() == [7 * week + 6 for week in range(20)] * asked.size
    longer = protocol(recording=NOTHING_LOST, schedule={"diary_weeks": 200})
    assert placed(record(longer, truth(longer)), "diary", "week_ending")["since"].max() == 363


def test_the_share_of_a_cycle_goes_from_infusion_to_infusion() -> None:
    asked = protocol(size=1, schedule={"before_weeks": 4})
    people = truth(asked)
    day = np.full(people.infusions.day.shape, np.nan)
    day[0, :3] = (0, 28, 42)
    weeks = np.where(np.isnan(day), np.nan, 4.0)
    people = replace(people, infusions=replace(people.infusions, day=day, interval_weeks=weeks))
    at = np.array([-3, 0, 7, 27, 28, 35, 42, 56, 70, 200])
    expected = [0.0, 0.0, 0.25, 27 / 28, 0.0, 0.5, 0.0, 0.5, 1.0, 1.0]
    assert np.allclose(cycle_share(people, at), [expected])


def slopes(people: Truth, found: pl.DataFrame, rise: float) -> None:
    """Severity less a patient's own level is the rise by the share of the cycle."""
    share = cycle_share(people, np.arange(3, 364, 7))
    for patient in range(people.patients):
        severity = found.filter(pl.col("patient") == patient)["severity_0_10"].to_numpy()
        expected = rise * people.wearing_off[patient] / 2.0 * share[patient]
        assert np.ptp(severity - expected) <= 0.1 + 1e-9


def test_severity_rises_by_the_points_stated_half_of_them_in_those_with_some() -> None:
    for rise in (0.0, 3.0):
        asked = protocol(recording=NOTHING_LOST | {"diary_rise": rise}, schedule=ALL_YEAR)
        people = truth(asked)
        slopes(people, placed(record(asked, people), "diary", "week_ending"), rise)


def test_severity_scatters_by_the_points_stated_and_stays_on_the_scale() -> None:
    schedule = {"diary_weeks": 40}
    asked = protocol(size=400, recording={"diary_sd": 0.8, "diary_rise": 0.0}, schedule=schedule)
    found = record(asked, truth(asked)).diary
    middle = found.filter(pl.col("severity_0_10").mean().over("patient_id").is_between(3.5, 6.5))
    spread = middle.select(pl.col("severity_0_10") - pl.col("severity_0_10").mean().over("patient_id"))
    variance = float(spread.to_numpy().var() * 40 / 39)
    expected = 0.8**2 + 0.1**2 / 12.0
    assert abs(variance - expected) < 3.0 * expected * np.sqrt(2.0 / middle.height)
    wide = protocol(size=400, recording={"diary_sd": 8.0}, schedule=schedule)
    assert record(wide, truth(wide)).diary["severity_0_10"].is_between(0.0, 10.0).all()


def test_the_shares_stated_stop_in_every_week_and_leave_weeks_out() -> None:
    asked = protocol(size=5_000, recording={"diary_fatigue_per_week": 0.05}, schedule={"diary_weeks": 30})
    found = placed(record(asked, truth(asked)), "diary", "week_ending")
    written = np.array([found.filter(pl.col("since") == 7 * week + 6).height for week in range(30)])
    begun = np.concatenate([[asked.size], written])
    assert all(is_near(int(begun[k] - begun[k + 1]), int(begun[k]), 0.05) for k in range(0, 30, 5))
    lengths = found.group_by("patient").agg(pl.len(), last=(pl.col("since").max() + 1) // 7)
    assert (lengths["len"] == lengths["last"]).all()
    asked = protocol(size=2_000, recording={"missing_diary": 0.2}, schedule={"diary_weeks": 10})
    height = record(asked, truth(asked)).diary.height
    assert is_near(20_000 - height, 20_000, 0.2)


def test_without_a_planned_diary_there_is_no_such_table() -> None:
    asked = protocol()
    recorded = record(asked, truth(asked))
    assert "diary" not in recorded.present
    assert "score" not in recorded.present
