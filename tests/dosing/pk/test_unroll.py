"""Steady states, resets and layers mean what an event table says they mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wearoff.dosing.pk.models import Parameters, load_model
from wearoff.dosing.pk.solve import simulate, simulate_amounts, steady_state
from wearoff.dosing.pk.unroll import slowest_rate_per_d, unroll
from wearoff.dosing.regimen import every
from wearoff.dosing.schedule import Schedule, ScheduledDose
from wearoff.errors import ComputationError

TYPICAL = load_model().typical(75)
LINEAR = replace(TYPICAL, maximal_rate=np.zeros((1, 1, 1)))
MONTHLY = ScheduledDose(0.0, 300.0, 1 / 24, every_d=28.0, further=3, steady=1)


def level(given: Parameters, *doses: ScheduledDose, days: object, is_after: bool = True) -> np.ndarray:
    times = np.asarray(days, dtype=float)
    after = np.full(times.shape, is_after)
    return simulate(given, [Schedule(doses)], [times], is_after=[after])[0][0]


def test_a_plain_schedule_is_its_regimen() -> None:
    schedule = Schedule((ScheduledDose(0.0, 300.0, 1 / 24, every_d=28.0, further=5),))
    days = np.linspace(0, 200, 41)
    np.testing.assert_array_equal(
        simulate(TYPICAL, [schedule], [days]), simulate(TYPICAL, [every(4, times=6)], [days])
    )


@pytest.mark.parametrize("weeks", [4, 6, 8])
def test_a_steady_state_is_what_repetition_settles_to(weeks: int) -> None:
    dose = replace(MONTHLY, every_d=7.0 * weeks)
    settled = steady_state(TYPICAL, weeks)
    found = level(TYPICAL, dose, days=[0, 1 / 24, 7 * weeks])
    np.testing.assert_allclose(
        found, [settled.trough[0, 0], settled.peak[0, 0], settled.trough[0, 0]], rtol=1e-7
    )
    assert level(TYPICAL, dose, days=[0], is_after=False) == 0


def test_a_reset_leaves_nothing_and_ends_what_still_runs() -> None:
    long = ScheduledDose(0.0, 300.0, 2.0, every_d=10.0, further=4)
    reset = ScheduledDose(11.0, 0.0, is_reset=True)
    assert level(TYPICAL, long, reset, days=[11], is_after=False)[0] > 30
    assert (level(TYPICAL, long, reset, days=[11, 15, 25, 60]) == 0).all()
    again = ScheduledDose(11.0, 150.0, is_reset=True)
    assert level(TYPICAL, long, again, days=[11]) == pytest.approx(150 / 3.48)


def test_what_a_reset_removes_is_counted_as_gone() -> None:
    schedule = Schedule((ScheduledDose(0.0, 300.0), ScheduledDose(5.0, 0.0, is_reset=True)))
    (amounts,) = simulate_amounts(TYPICAL, [schedule], [np.array([9.0])])
    assert amounts.central[0, 0] == 0
    assert amounts.eliminated[0, 0] == pytest.approx(300)


def test_a_second_steady_state_adds_to_the_first_where_elimination_is_linear() -> None:
    second = replace(MONTHLY, time_d=14.0, amount_mg=100.0, steady=2)
    days = np.array([14, 20, 30, 60, 100.0])
    alone = level(LINEAR, MONTHLY, days=days)
    on_top = level(LINEAR, replace(second, steady=1), days=days)
    np.testing.assert_allclose(level(LINEAR, MONTHLY, second, days=days), alone + on_top, rtol=1e-9)
    np.testing.assert_allclose(level(LINEAR, MONTHLY, second, days=[5]), level(LINEAR, MONTHLY, days=[5]))
    with pytest.raises(ComputationError, match=r"patient typical: .*SS=2.*linear"):
        level(TYPICAL, MONTHLY, second, days=days)


def test_an_endless_infusion_reaches_its_rate_by_its_clearance() -> None:
    endless = ScheduledDose(0.0, 0.0, steady=1, rate_mg_per_d=8.0)
    assert level(LINEAR, endless, days=[0]) == pytest.approx(8 / 0.164)
    assert level(LINEAR, endless, days=[1])[0] < 8 / 0.164


def test_a_model_that_forgets_nothing_has_no_steady_state() -> None:
    never = replace(TYPICAL, clearance=np.zeros((1, 1, 1)))
    with pytest.raises(
        ComputationError, match=r"patient typical: a steady state \(SS\) needs linear elimination"
    ):
        level(never, MONTHLY, days=[0])
    with pytest.raises(ValueError, match="more than 20000"):
        unroll(Schedule((replace(MONTHLY, every_d=0.01),)), lag_d=0, slowest_per_d=1e-3)


def test_the_slowest_rate_is_the_terminal_one() -> None:
    k10, k12, k21 = 0.164 / 3.48, 0.4 / 3.48, 0.4 / 3.48
    roots = np.roots([1, -(k10 + k12 + k21), k10 * k21])
    assert slowest_rate_per_d(TYPICAL, 0) == pytest.approx(min(roots))
    one = replace(TYPICAL, intercompartmental_clearance=np.zeros((1, 1, 1)))
    assert slowest_rate_per_d(one, 0) == pytest.approx(k10)


def test_parameters_change_on_the_days_of_the_schedule_and_a_steady_state_has_those_of_its_record() -> None:
    heavier = replace(
        load_model().typical([[60.0, 90.0]], ["A"]), change_d=(np.array([0.0, 56.0]),)
    )  # fmt: skip
    steady = replace(MONTHLY, time_d=56.0)
    (found,) = simulate(heavier, [Schedule((steady,))], [np.array([56.0])], is_after=[np.array([True])])
    assert found[0, 0] == pytest.approx(steady_state(load_model().typical(90), 4).trough[0, 0], rel=1e-6)
