from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower

from wearoff.stats.power.normal import (
    group_sizes,
    hazard_of_share,
    log_ratio,
    share_of_hazard,
    signal_needed,
    signal_power,
    smallest_total,
)


@given(st.floats(0.06, 0.999), st.sampled_from([0.01, 0.05, 0.1]), st.sampled_from([1, 2]))
def test_a_signal_as_large_as_needed_has_the_power(power: float, alpha: float, sides: int) -> None:
    if power > alpha / sides + 0.001:
        found = signal_power(signal_needed(power, alpha=alpha, sides=sides), alpha=alpha, sides=sides)
        assert found == pytest.approx(power, rel=1e-9)


@pytest.mark.parametrize("signal", [0.5, 1.0, 2.0, 2.8, 4.0])
def test_the_power_of_one_side_is_that_of_statsmodels(signal: float) -> None:
    theirs = NormalIndPower().power(signal / 5.0, 50, 0.05, ratio=1.0, alternative="larger")
    assert signal_power(signal, alpha=0.05, sides=1) == pytest.approx(theirs, rel=1e-9)


def test_without_a_signal_only_chance_finds_something_and_only_on_one_side() -> None:
    assert signal_power(0.0) == pytest.approx(0.025)
    assert signal_power(0.0, sides=1) == pytest.approx(0.05)


@given(st.floats(0.0, 0.99), st.floats(0.1, 10.0))
def test_a_yearly_share_and_its_hazard_are_the_same_loss(share: float, years: float) -> None:
    hazard = hazard_of_share(share)
    assert share_of_hazard(hazard) == pytest.approx(share, abs=1e-12)
    assert share_of_hazard(hazard, years) == pytest.approx(1 - (1 - share) ** years, abs=1e-9)
    assert exp(-hazard) == pytest.approx(1 - share)


@given(st.integers(1, 2000), st.floats(0.01, 0.99))
def test_groups_are_whole_and_grow_one_at_a_time(total: int, share: float) -> None:
    first, second = group_sizes(total, share)
    assert first + second == total
    assert abs(first - total * share) <= 0.5 + 1e-9
    more = group_sizes(total + 1, share)
    assert (more[0] - first, more[1] - second) in {(0, 1), (1, 0)}


def test_the_smallest_total_does_not_fall_back_below_the_target() -> None:
    def saw(total: int) -> float:  # a tooth of ten sizes that rises slowly
        return 0.01 * (total // 10) + 0.002 * (total % 10)

    found = smallest_total(saw, 0.5, start=300)
    assert all(saw(total) >= 0.5 for total in range(found, 1000))
    assert saw(found - 1) < 0.5
    assert found == smallest_total(saw, 0.5, start=3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: signal_needed(0.02), "above 0.025"),
        (lambda: signal_needed(1.0), "below 1"),
        (lambda: signal_power(1.0, alpha=5), "alpha is a chance"),
        (lambda: signal_power(1.0, sides=3), "1 or 2 sides"),
        (lambda: hazard_of_share(1.0), "below 1"),
        (lambda: hazard_of_share(-0.1), "from 0"),
        (lambda: log_ratio(1.0), "no difference to find"),
        (lambda: log_ratio(-2.0), "above 0"),
        (lambda: smallest_total(lambda _: 0.1, 0.8, start=5, most=50), "no total up to 50"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(call, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
