"""The scoreboard: what must be reproduced is, what is missed is shown, and a verdict follows from its band."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.published_dosing import Estimate
from wearoff.dosing.scoreboard.entries import entries
from wearoff.dosing.scoreboard.score import Scoreboard, Scored, score

BY_NAME = {entry.name: entry for entry in entries()}
EXPOSURE = [entry for entry in entries() if entry.computation != "policy_figure"]


@pytest.fixture(scope="module")
def board() -> Scoreboard:
    return score(1000, 1, policy_patients=2, chosen=EXPOSURE)


@pytest.mark.parametrize(
    "name",
    [
        "peak_q4w",
        "trough_q4w",
        "trough_fall_q6w",
        "trough_ratio_5_weeks",
        "subcutaneous_peak",
        "subcutaneous_peak_day",
        "exchange_after_infusion",
    ],
)
def test_the_figures_that_must_be_reproduced_are(board: Scoreboard, name: str) -> None:
    (row,) = (row for row in board.rows if row.entry.name == name)
    assert row.is_hit


def test_both_published_occupancies_are_hit_under_at_least_two_curves(board: Scoreboard) -> None:
    hits = {
        name: {row.curve for row in board.rows if row.entry.name == name and row.is_hit}
        for name in ("occupancy_standard_foley", "occupancy_extended_foley")
    }
    assert len(set.intersection(*hits.values())) >= 2


def test_misses_are_kept_and_said_by_how_much(board: Scoreboard) -> None:
    missed = {row.entry.name: row for row in board.rows if not row.is_hit}
    nova, spread = missed["trough_q4w_nova"], missed["peak_q4w_spread"]
    assert nova.missed_by == pytest.approx(nova.predicted.value - 33)  # another laboratory
    assert spread.missed_by == pytest.approx(spread.predicted.value - 0.75 * 52)
    assert all(row.missed_by != 0 for row in missed.values())


def test_there_is_a_row_for_each_figure_and_for_each_curve_where_one_is_used(board: Scoreboard) -> None:
    expected = [
        (entry.name, curve) for entry in EXPOSURE for curve in (curve_names() if entry.by_curve else (None,))
    ]
    assert [(row.entry.name, row.curve) for row in board.rows] == expected
    assert {len(column) for column in board.columns().values()} == {len(expected)}


def test_the_counts_are_those_of_the_rows(board: Scoreboard) -> None:
    (hits, tests), (fitted_hits, fitted) = board.counts.values()
    assert tests + fitted == len(board.rows)
    assert hits + fitted_hits == sum(row.is_hit for row in board.rows)
    assert fitted == sum(row.is_fitted for row in board.rows) > 0


@given(st.floats(-100, 300), st.floats(0, 20))
def test_a_verdict_follows_from_the_band_alone(value: float, error: float) -> None:
    row = Scored(BY_NAME["peak_q4w"], None, Estimate(value, error))
    assert row.is_hit == (58 <= value <= 162) == (row.missed_by == 0)
    assert value - row.missed_by == pytest.approx(min(max(value, 58), 162))
    assert row.is_near_the_edge == (min(abs(value - 58), abs(value - 162)) < 2 * error)


def test_a_value_that_is_not_a_number_is_a_miss() -> None:
    assert not Scored(BY_NAME["peak_q4w"], None, Estimate(float("nan"), float("nan"))).is_hit


def test_the_same_seed_gives_the_same_scoreboard_and_it_names_its_model() -> None:
    chosen = [BY_NAME["trough_q4w"]]
    one, same, other = (score(50, seed, chosen=chosen) for seed in (1, 1, 2))
    assert one.rows == same.rows
    assert one.rows != other.rows
    assert one.provenance["model"] == "van_den_berg_2025"
    assert len(one.provenance["model_sha256"]) == 64


def test_reading_the_figures_loads_no_jax() -> None:
    code = (
        "import sys\nfrom wearoff.dosing.scoreboard.entries import entries\nentries()\n"
        "import wearoff.dosing.scoreboard.score\nassert 'jax' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
