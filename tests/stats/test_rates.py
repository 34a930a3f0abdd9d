from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wearoff.stats import poisson_rate, poisson_ratio

counts, times = st.integers(0, 60), st.floats(0.5, 500)


def test_the_ratio_of_11_in_800_and_21_in_3011_is_that_of_r() -> None:
    # poisson.test(c(11, 21), c(800, 3011))
    found = poisson_ratio(11, 800, 21, 3011)
    assert found.ratio == pytest.approx(1.971488, abs=5e-7)
    assert found.interval.low == pytest.approx(0.8584264, abs=5e-8)
    assert found.interval.high == pytest.approx(4.2772659, abs=5e-8)
    assert found.p == pytest.approx(0.07967, abs=5e-6)


def test_the_rate_of_137_in_24_19893_is_that_of_r() -> None:
    # poisson.test(137, 24.19893): 5.661407 (4.753125 to 6.692709)
    found = poisson_rate(137, 24.19893)
    assert found.estimate == pytest.approx(5.661407, abs=5e-7)
    assert (found.interval.low, found.interval.high) == pytest.approx((4.753125, 6.692709), abs=5e-7)


@given(counts, times)
def test_the_limits_of_a_rate_leave_half_of_alpha_beyond(events: int, time: float) -> None:
    found = poisson_rate(events, time)
    assert stats.poisson.cdf(events, found.interval.high * time) == pytest.approx(0.025, rel=1e-8)
    if events:
        assert stats.poisson.sf(events - 1, found.interval.low * time) == pytest.approx(0.025, rel=1e-8)
    else:
        assert found.interval.low == 0


@given(counts, times, counts, times)
def test_p_and_limits_are_those_of_the_exact_binomial_test(a: int, t: float, b: int, u: float) -> None:
    found = poisson_ratio(a, t, b, u)
    if a + b == 0:
        assert found.p is None
        assert found.ratio is None
        assert (found.interval.low, found.interval.high) == (0, inf)
        return
    other = stats.binomtest(a, a + b, t / (t + u))
    limits = other.proportion_ci(0.95, "exact")
    assert found.p == pytest.approx(other.pvalue, rel=1e-6)
    assert found.interval.low == pytest.approx(limits.low / (1 - limits.low) * u / t, rel=1e-9)
    if b:
        assert found.interval.high == pytest.approx(limits.high / (1 - limits.high) * u / t, rel=1e-9)
    else:
        assert found.interval.high == inf


@given(counts, times, counts, times)
def test_swapped_groups_invert_the_ratio(a: int, t: float, b: int, u: float) -> None:
    found, turned = poisson_ratio(a, t, b, u), poisson_ratio(b, u, a, t)
    assert (found.p is None) == (turned.p is None)
    if found.p is not None and a and b:
        assert found.p == pytest.approx(turned.p, rel=1e-7)
        assert turned.ratio == pytest.approx(1 / (found.ratio or inf), rel=1e-12)
        assert turned.interval.low == pytest.approx(1 / found.interval.high, rel=1e-9)


@pytest.mark.parametrize(("events", "time"), [(-1, 2.0), (1.5, 2.0), (1, 0.0), (1, inf)])
def test_impossible_counts_and_times_are_refused(events: int, time: float) -> None:
    with pytest.raises((ValueError, TypeError)):
        poisson_rate(events, time)
