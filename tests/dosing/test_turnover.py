"""The turnover of one quantity: against closed forms, an independent solver, and what goes in and out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from wearoff.dosing.turnover import turn_over, turn_over_own

DAYS = np.array([0.0, 0.04, 1.0, 1.0, 2.5, 7.0, 40.0])


def test_a_constant_source_is_approached_as_the_closed_form_says() -> None:
    found = turn_over(DAYS, np.full(DAYS.size, 0.3), 0.1, start=1.0)
    np.testing.assert_allclose(found.value, 0.3 + 0.7 * np.exp(-0.1 * DAYS), rtol=1e-14)
    np.testing.assert_allclose(found.area, 0.3 * DAYS + 7.0 * (1 - np.exp(-0.1 * DAYS)), rtol=1e-13)


def test_a_source_that_climbs_straight_is_followed_exactly_whatever_the_step() -> None:
    q, day = 0.05, np.array([0.0, 90.0])
    exact = 0.2 + 0.01 * (day - 1 / q) + (1.0 - 0.2 + 0.01 / q) * np.exp(-q * day)
    np.testing.assert_allclose(turn_over(day, 0.2 + 0.01 * day, q).value, exact, rtol=1e-13)


def test_an_independent_solver_agrees() -> None:
    day = np.linspace(0, 60, 241)
    source = 0.5 + 0.4 * np.sin(day / 5)
    found = turn_over(day, source, 0.07, start=0.2)
    oracle = solve_ivp(
        lambda t, x: 0.07 * (np.interp(t, day, source) - x),
        (0, 60),
        [0.2],
        t_eval=day,
        rtol=1e-10,
        atol=1e-12,
        max_step=0.25,
    )
    np.testing.assert_allclose(found.value, oracle.y[0], rtol=1e-7)


@given(
    st.lists(st.floats(0, 2), min_size=7, max_size=7),
    st.floats(1e-9, 50),
    st.floats(0, 3),
)
def test_what_came_in_less_what_went_out_is_what_is_there(
    source: list[float], rate: float, start: float
) -> None:
    found = turn_over(DAYS, np.array(source), rate, start)
    came = rate * np.trapezoid(source, DAYS)
    went = rate * found.area[-1]
    assert came - went == pytest.approx(found.value[-1] - start, abs=1e-9 * (1 + rate * 80))
    # and it stays between the lowest and highest of where it began and what it fills toward
    assert min(*source, start) - 1e-12 <= found.value.min()
    assert found.value.max() <= max(*source, start) + 1e-12


@given(st.floats(1e-12, 1e-2))
def test_very_slow_turnover_loses_no_digits(rate: float) -> None:
    step = np.array([0.0, 0.5])
    value = turn_over(step, np.array([2.0, 4.0]), rate, 1.0).value[1]
    h = rate * 0.5
    series = 1 + h * (3 - 1) - h**2 * (2 / 2 + (4 - 2) / 6 - 0.5) + h**3 * (2 / 6 + 2 / 24 - 1 / 6)
    assert value - 1 == pytest.approx(series - 1, rel=1e-5)


def test_every_draw_has_its_own_rate() -> None:
    source = np.tile(np.linspace(1, 0, DAYS.size), (3, 1))
    together = turn_over(DAYS, source, np.array([0.01, 0.1, 1.0]), np.array([1.0, 0.5, 0.0]))
    for row, (rate, start) in enumerate(((0.01, 1.0), (0.1, 0.5), (1.0, 0.0))):
        np.testing.assert_array_equal(together.value[row], turn_over(DAYS, source[row], rate, start).value)


@pytest.mark.parametrize(
    ("day", "source", "rate"),
    [([1.0, 0.0], [1.0, 1.0], 1.0), ([0.0, 1.0], [1.0], 1.0), ([0.0, 1.0], [1.0, 1.0], 0.0), ([], [], 1.0)],
)
def test_days_that_decrease_or_no_turnover_are_refused(
    day: list[float], source: list[float], rate: float
) -> None:
    with pytest.raises(ValueError, match="turnover"):
        turn_over(np.array(day), np.array(source), rate)


def test_rows_with_gaps_of_their_own_are_what_each_is_alone() -> None:
    random = np.random.default_rng(0)
    length, source = random.uniform(0, 3, (9, 4)), random.uniform(0, 1, (10, 4))
    length[3, 1] = 0.0
    rate, start = random.uniform(0.01, 2, 4), random.uniform(0, 1, 4)
    found = turn_over_own(length, source, rate, start)
    for row in range(4):
        day = np.append(0.0, np.cumsum(length[:, row]))
        alone = turn_over(day, source[:, row], rate[row], start[row])
        np.testing.assert_allclose(found.value[:, row], alone.value, rtol=1e-12)
        np.testing.assert_allclose(found.area[:, row], alone.area, rtol=1e-11, atol=1e-13)


def test_gaps_that_do_not_fit_their_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        turn_over_own(np.full((2, 3), -1.0), np.zeros((3, 3)), 1.0)
    with pytest.raises(ValueError, match="between two samples"):
        turn_over_own(np.ones((3, 3)), np.zeros((3, 3)), 1.0)
    with pytest.raises(ValueError, match="more than 0"):
        turn_over_own(np.ones((2, 3)), np.zeros((3, 3)), 0.0)
