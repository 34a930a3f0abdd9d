from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stats.published import COSMESIS_CHEMOTHERAPY, COSMESIS_RADIOTHERAPY, INF, cosmesis
from wearoff.stats import kaplan_meier, turnbull

Array = npt.NDArray[np.float64]

looks = st.lists(
    st.tuples(st.integers(0, 8), st.one_of(st.integers(1, 6), st.just(INF))), min_size=1, max_size=25
)


def ends(found: list[tuple[int, float]]) -> tuple[Array, Array]:
    left = np.array([begin for begin, _ in found], dtype=float)
    return left, left + np.array([length for _, length in found], dtype=float)


def self_consistent(left: Array, right: Array) -> float:
    """The highest log-likelihood by Turnbull's own slow iteration on all whole days."""
    days = np.append(np.arange(1.0, 20.0), INF)
    holds = ((days > left[:, None]) & (days <= right[:, None])).astype(float)
    mass = np.full(len(days), 1 / len(days))
    for _ in range(20_000):
        mass = mass * (holds / (holds @ mass)[:, None]).mean(axis=0)
    return float(np.log(holds @ mass).sum())


def test_the_retraction_of_the_breast_has_the_published_masses() -> None:
    # icfit of R's package interval on its data bcos
    alone = turnbull(*cosmesis(COSMESIS_RADIOTHERAPY))
    assert list(zip(alone.left, alone.right, strict=True)) == [
        (4, 5), (6, 7), (7, 8), (11, 12), (24, 25), (33, 34), (38, 40), (46, 48),
    ]  # fmt: skip
    masses = [0.0463, 0.0334, 0.0887, 0.0708, 0.0926, 0.0818, 0.1209, 0.4656]
    assert alone.mass == pytest.approx(masses, abs=5e-5)
    both = turnbull(*cosmesis(COSMESIS_CHEMOTHERAPY))
    assert list(zip(both.left, both.right, strict=True)) == [
        (4, 5), (5, 8), (11, 12), (16, 17), (18, 19), (19, 20), (24, 25), (30, 31), (35, 36), (44, 48), (48, 60),
    ]  # fmt: skip
    masses = [0.0433, 0.0433, 0.0692, 0.1454, 0.1411, 0.1157, 0.0999, 0.0709, 0.1608, 0.0552, 0.0552]
    assert both.mass == pytest.approx(masses, abs=5e-5)
    assert alone.is_converged
    assert both.is_converged


@settings(max_examples=40)
@given(looks)
def test_no_other_curve_is_likelier(found: list[tuple[int, float]]) -> None:
    left, right = ends(found)
    curve = turnbull(left, right)
    assert curve.is_converged
    assert curve.mass.sum() == pytest.approx(1, abs=1e-9)
    assert curve.log_likelihood >= self_consistent(left, right) - 1e-6 * (1 + abs(curve.log_likelihood))


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=40))
def test_with_known_times_it_is_kaplan_and_meiers_curve(found: list[tuple[int, bool]]) -> None:
    times, events = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    mine = turnbull(times, np.where(events == 1, times, INF))
    curve = kaplan_meier(times, events)
    for time in range(int(times.max())):
        assert mine.bounds_at(time) == pytest.approx((curve.at(time),) * 2, abs=1e-6)


@given(looks, st.floats(0.01, 100))
def test_time_in_another_unit_moves_the_windows_alone(found: list[tuple[int, float]], unit: float) -> None:
    left, right = ends(found)
    one, other = turnbull(left, right), turnbull(left * unit, right * unit)
    assert other.left == pytest.approx(one.left * unit)
    assert other.mass == pytest.approx(one.mass, abs=1e-6)


def test_inside_of_a_window_the_curve_is_only_bounded() -> None:
    curve = turnbull([0, 2, 2], [2, 6, INF])
    assert curve.bounds_at(0) == (1, 1)
    assert curve.bounds_at(1) == pytest.approx((2 / 3, 1))
    assert curve.bounds_at(2) == pytest.approx((2 / 3, 2 / 3))
    low, high = curve.bounds_at(4)
    assert low < high
    assert high == pytest.approx(2 / 3)


def test_windows_that_end_before_they_begin_are_refused() -> None:
    for left, right in (([3.0], [2.0]), ([0.0], [0.0]), ([1.0], [float("nan")])):
        with pytest.raises(ValueError) as caught:
            turnbull(left, right)
        assert "row 0" in str(caught.value)


def test_a_thousand_irregular_looks_are_solved() -> None:
    rng = np.random.default_rng(2)
    true = rng.exponential(10, 1000)
    grid = np.cumsum(rng.uniform(2, 5, (1000, 8)), axis=1)
    after = (grid < true[:, None]).sum(axis=1)
    bounds = np.column_stack([np.zeros(1000), grid, np.full(1000, INF)])
    rows = np.arange(1000)
    curve = turnbull(bounds[rows, after], bounds[rows, after + 1])
    assert curve.is_converged
    for time in (5, 10, 15):
        low, high = curve.bounds_at(time)
        assert low - 0.08 < np.exp(-time / 10) < high + 0.08
