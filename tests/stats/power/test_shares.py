from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wearoff.stats import (
    binomial_power,
    binomial_total,
    noninferiority_chance,
    noninferiority_total,
    proportion_interval,
    upper_bound,
)

BASES = (0.041, 0.10, 0.157, 0.264)
DIRECTIONS = ("less", "greater", "different")


@pytest.mark.parametrize(("base", "published"), [*zip(BASES, (100, 228, 335, 492), strict=True)])
def test_the_published_sizes_within_ten_points_come_from_the_share_of_the_seed_study(
    base: float, published: int
) -> None:
    assert ceil(noninferiority_total((base, base), margin=0.1, share=0.425)) == published


@pytest.mark.parametrize(("base", "total"), [*zip(BASES, (98, 223, 328, 481), strict=True)])
def test_equal_arms_need_a_little_fewer(base: float, total: int) -> None:
    assert ceil(noninferiority_total((base, base), margin=0.1)) == total


@given(st.floats(0.02, 0.6), st.floats(-0.05, 0.05), st.floats(0.2, 0.8), st.floats(0.3, 0.99))
def test_size_and_power_within_a_margin_are_inverse(
    base: float, more: float, share: float, power: float
) -> None:
    chances = (min(0.99, max(0.001, base + more)), base)
    total = noninferiority_total(chances, margin=0.12, share=share, power=power)
    assert noninferiority_chance(total, chances, margin=0.12, share=share) == pytest.approx(power, rel=1e-9)


@settings(max_examples=60)
@given(st.integers(1, 60), st.floats(1e-6, 1.0), st.floats(0.05, 0.95), st.sampled_from(DIRECTIONS))
def test_power_of_one_share_is_the_sum_over_the_counts_that_the_exact_test_rejects(
    total: int, share: float, against: float, direction: str
) -> None:
    def is_shown(events: int) -> bool:
        if direction == "different":
            interval = proportion_interval(events, total)
            tails = [stats.binomtest(events, total, against, side).pvalue for side in ("less", "greater")]
            is_out = not interval.low <= against <= interval.high
            assert is_out == (min(tails) < 0.025) or min(tails) == pytest.approx(0.025)
            return is_out
        return bool(stats.binomtest(events, total, against, direction).pvalue <= 0.05)

    by_hand = sum(stats.binom.pmf(events, total, share) for events in range(total + 1) if is_shown(events))
    assert binomial_power(total, share, against, direction=direction) == pytest.approx(by_hand, abs=1e-9)  # type: ignore[arg-type]


def test_nobody_active_among_the_followed_shows_what_the_upper_bound_says() -> None:
    assert upper_bound(0, 35) < 0.1
    assert binomial_power(35, 0.0, 0.1, direction="less") == pytest.approx(1.0)
    assert binomial_power(28, 0.0, 0.1, direction="less") == 0.0


@pytest.mark.parametrize(("share", "against", "direction"), [(0.04, 0.1, "less"), (0.3, 0.2, "greater")])
def test_the_smallest_total_of_one_share_has_the_power_and_keeps_it(share, against, direction) -> None:
    found = binomial_total(share, against, direction=direction)
    assert binomial_power(found - 1, share, against, direction=direction) < 0.8
    assert all(
        binomial_power(total, share, against, direction=direction) >= 0.8
        for total in range(found, found + 60)
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: noninferiority_total((0.3, 0.1), margin=0.1), "reaches the margin"),
        (lambda: noninferiority_total((0.1, 0.1), margin=10), "the margin"),
        (lambda: noninferiority_chance(0, (0.1, 0.1), margin=0.1), "total"),
        (lambda: binomial_total(0.2, 0.1, direction="less"), "never shown to be less"),
        (lambda: binomial_power(10, 0.2, 0.1, direction="more"), "less, greater or different"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(call, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
