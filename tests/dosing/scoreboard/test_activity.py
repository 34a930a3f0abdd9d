"""Lesions and relapses of the scoreboard: closed forms, drawn counts, published bands, and the misses."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.activity import share_without, typical_activity
from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.scoreboard import activity
from wearoff.dosing.scoreboard.entries import entries
from wearoff.dosing.scoreboard.score import Scoreboard, score
from wearoff.dosing.scoreboard.simulations import Simulations
from wearoff.dosing.virtual_activity import Watch
from wearoff.sources import figure
from wearoff.stats.proportions import proportion_interval

SIMULATIONS = Simulations(load_model(), 1500, 2, 4)
ENTRIES = {entry.name: entry for entry in entries()}
BRIDGE = {"curve": "bridge"}


@pytest.fixture(scope="module")
def board() -> Scoreboard:
    chosen = [entry for entry in ENTRIES.values() if hasattr(activity, entry.computation)]
    return score(2000, 1, policy_patients=2, chosen=chosen)


def test_without_the_drug_the_rates_of_the_file_come_out() -> None:
    numbers = typical_activity("bridge")
    lesions = activity.untreated_events(SIMULATIONS, {"kind": "t2", **BRIDGE})
    assert lesions.value == pytest.approx(2 * float(numbers.t2_rate[0]))
    relapses = activity.untreated_events(SIMULATIONS, {"kind": "relapse", **BRIDGE})
    assert relapses.value == pytest.approx(float(numbers.relapse_rate[0]))
    without = activity.untreated_share_without(SIMULATIONS, {"kind": "t2", **BRIDGE})
    assert without.value == pytest.approx(100 * float(share_without(11.0, numbers.lesion_shape)[0]))


@pytest.mark.parametrize("name", curve_names())
def test_without_the_drug_every_curve_gives_the_same(name: str) -> None:
    one, other = (
        activity.untreated_share_without(SIMULATIONS, {"kind": "t2", "curve": curve}).value
        for curve in (name, "bridge")
    )
    assert one == pytest.approx(other, rel=1e-9)


def test_the_closed_form_of_an_arm_agrees_with_drawn_counts() -> None:
    settings = {"arm": "IO081", "until_week": 28, **BRIDGE}
    found = SIMULATIONS.activity("bridge", "stable", None, Watch(gd_d=tuple(28.0 * np.arange(1, 8))))
    drawn = found.share_with("gd")
    error = np.sqrt(drawn * (1 - drawn) / SIMULATIONS.patients)
    assert abs(activity.patients_with_gd(SIMULATIONS, settings).value / 41 - drawn) < 4 * error


def test_the_first_scan_of_a_group_is_the_one_that_drawn_groups_have() -> None:
    settings = {"arm": "IO083", "until_week": 28, **BRIDGE}
    week = activity.week_of_first_gd(SIMULATIONS, settings).value
    found = SIMULATIONS.activity("bridge", "stable", None, Watch(gd_d=tuple(28.0 * np.arange(1, 8))))
    is_new = (found.counts["gd"] > 0)[: 12 * 122].reshape(12, 122, -1).any(axis=1)
    drawn = 4 * (1 + is_new.argmax(axis=1))
    assert abs(week - np.median(drawn)) <= 4


def test_a_larger_group_sees_its_first_lesion_no_later() -> None:
    weeks = [
        activity.week_of_first_gd(SIMULATIONS, {"arm": arm, "until_week": 28, **BRIDGE}).value
        for arm in ("IO081", "IO083")  # 41 and 122 people
    ]
    assert weeks[0] >= weeks[1]


def test_going_on_means_fewer_lesions_than_stopping_and_a_longer_interval_not_fewer() -> None:
    stopped = activity.patients_with_gd(SIMULATIONS, {"arm": "IO080", "until_week": 28, **BRIDGE})
    went_on = activity.patients_with_gd(SIMULATIONS, {"arm": "IO080", "until_week": 28, "weeks": 4, **BRIDGE})
    assert went_on.value < 0.1 * stopped.value
    four, six, twelve = (
        activity.share_with_lesions(SIMULATIONS, {"weeks": weeks, "until_week": 72, **BRIDGE}).value
        for weeks in (4, 6, 12)
    )
    assert four < six < twelve


def test_an_arm_of_unknown_size_is_refused() -> None:
    with pytest.raises(ValueError, match="W102 does not say how many"):
        activity.patients_with_gd(SIMULATIONS, {"arm": "W102", "until_week": 28, **BRIDGE})


@pytest.mark.parametrize(
    ("name", "events", "total", "times"),
    [
        ("gd_after_stopping", 25, 41, 41),
        ("gd_continued", 0, 45, 45),
        ("neda_one_year", 35, 35, 35),
        ("lesions_4_weekly", 8, 195, 100),
        ("without_lesion_untreated", 47, 315, 100),
    ],
)
def test_a_band_that_is_called_exact_is_the_exact_interval(
    name: str, events: int, total: int, times: float
) -> None:
    interval, entry = proportion_interval(events, total), ENTRIES[name]
    assert "exact 95 % interval" in entry.why
    assert entry.accepted == pytest.approx((times * interval.low, times * interval.high), abs=0.06)
    scale = 100 / total if entry.unit == "%" else 1.0
    assert events * scale == pytest.approx(entry.number, abs=0.1)


def test_six_weekly_dosing_is_hit_under_three_curves_and_missed_narrowly_under_the_fourth(
    board: Scoreboard,
) -> None:
    rows = {row.curve: row for row in board.rows if row.entry.name == "lesions_6_weekly"}
    assert {curve for curve, row in rows.items() if row.is_hit} == set(curve_names()) - {"trough_pairs_high"}
    assert 0 < rows["trough_pairs_high"].missed_by < 0.8
    assert all(row.predicted.value > float(figure("W102").value) for row in rows.values())


def test_twelve_weekly_rescue_falls_short_and_says_by_how_much(board: Scoreboard) -> None:
    rows = [row for row in board.rows if row.entry.name == "rescued_12_weekly"]
    assert all(-9 < row.missed_by <= 0 for row in rows)
    assert sum(not row.is_hit for row in rows) >= 2
    assert "clusters, so that a miss is expected" in rows[0].entry.note


def test_no_comparison_of_intervals_and_no_outcome_of_starters_was_used_to_fit(board: Scoreboard) -> None:
    tests = {row.entry.name for row in board.rows if not row.is_fitted}
    assert tests == {"lesions_6_weekly", "rescued_12_weekly", "neda_one_year", "lesions_of_starters"}


def test_everything_that_the_activity_was_fitted_to_is_hit(board: Scoreboard) -> None:
    assert [row.entry.name for row in board.rows if row.is_fitted and not row.is_hit] == []
