from __future__ import annotations

from math import exp, log, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower

from wearoff.stats import (
    ordered_levels_power,
    ordered_levels_total,
    rank_sum_power,
    rank_sum_total,
    superiority_of_shift,
)

LEVELS = st.lists(st.floats(0.05, 1.0), min_size=2, max_size=6).map(lambda x: [part / sum(x) for part in x])


@given(st.floats(0.05, 0.95).filter(lambda p: abs(p - 0.5) > 0.02), st.floats(0.1, 0.9))
def test_size_and_power_of_the_rank_sum_are_inverse(superiority: float, share: float) -> None:
    total = rank_sum_total(superiority, share=share, power=0.9)
    assert rank_sum_power(total, superiority, share=share) == pytest.approx(0.9, rel=1e-9)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_for_a_small_normal_shift_ranks_need_pi_thirds_of_what_means_need(share: float) -> None:
    shift = 0.02
    means = NormalIndPower().solve_power(shift, None, 0.05, 0.8, ratio=(1 - share) / share) / share
    ranks = rank_sum_total(superiority_of_shift(shift), share=share)
    assert ranks / means == pytest.approx(pi / 3, rel=1e-3)


def test_the_example_of_whitehead_needs_187_members() -> None:
    assert round(ordered_levels_total(exp(0.887), [0.289, 0.486, 0.153, 0.072], power=0.9)) == 187


@given(st.floats(0.2, 5.0).filter(lambda r: abs(r - 1) > 0.05), LEVELS, st.floats(0.05, 2.0))
def test_size_and_power_of_ordered_levels_are_inverse(ratio: float, levels, variance: float) -> None:
    total = ordered_levels_total(ratio, levels, variance=variance, power=0.7)
    assert ordered_levels_power(total, ratio, levels, variance=variance) == pytest.approx(0.7, rel=1e-9)


def test_two_levels_are_the_comparison_of_two_shares_near_no_difference() -> None:
    share, odds_ratio = 0.3, 1.02
    # the information of two levels is share (1 - share): (1 - p^3 - q^3) / 3 = p q
    needed = (2.8015852 / log(odds_ratio)) ** 2 / (share * (1 - share) * 0.25)
    assert ordered_levels_total(odds_ratio, [share, 1 - share]) == pytest.approx(needed, rel=1e-6)


def test_more_levels_tell_more() -> None:
    sizes = [ordered_levels_total(2.0, [1 / count] * count) for count in (2, 3, 5, 50)]
    assert sizes == sorted(sizes, reverse=True)
    # without end this is the rank-sum test on a logistic scale
    superiority = 0.5 + log(1.02) / 6
    assert ordered_levels_total(1.02, [1 / 500] * 500) == pytest.approx(rank_sum_total(superiority), rel=1e-3)


def test_a_shift_of_nothing_makes_neither_higher() -> None:
    assert superiority_of_shift(0.0) == 0.5
    assert superiority_of_shift(sqrt(2)) == pytest.approx(0.8413, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rank_sum_total(0.5), "nothing to find"),
        (lambda: rank_sum_total(1.5), "superiority"),
        (lambda: rank_sum_power(0, 0.6), "total"),
        (lambda: ordered_levels_total(2.0, [1.0]), "two or more shares"),
        (lambda: ordered_levels_total(2.0, [0.5, 0.6]), "sum to 1"),
        (lambda: ordered_levels_total(2.0, [0.5, 0.5], variance=0), "variance"),
        (lambda: ordered_levels_power(-1, 2.0, [0.5, 0.5]), "total"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(call, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
