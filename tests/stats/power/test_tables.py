from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wearoff.stats import (
    TwoByTwo,
    fisher_exact,
    fisher_mid_p,
    fisher_p_values,
    fisher_power,
    fisher_total,
    group_sizes,
    noninferiority_exact_total,
    noninferiority_power,
    risk_difference,
)

sizes = st.tuples(st.integers(1, 14), st.integers(1, 14))
chance = st.floats(1e-6, 1 - 1e-6) | st.sampled_from([0.0, 1.0])
chances = st.tuples(chance, chance)


def summed(n: tuple[int, int], p: tuple[float, float], is_shown) -> float:
    """Every pair of counts, one by one, with the chance that SciPy gives it."""
    return sum(
        stats.binom.pmf(x, n[0], p[0]) * stats.binom.pmf(y, n[1], p[1])
        for x in range(n[0] + 1)
        for y in range(n[1] + 1)
        if is_shown(TwoByTwo(x, n[0], y, n[1]))
    )


def test_the_study_of_fifteen_and_twenty_could_hardly_see_a_doubling() -> None:
    assert fisher_power((15, 20), (2 * 0.041, 0.041)) == pytest.approx(0.013, abs=0.0005)


@settings(max_examples=40)
@given(sizes, chances, st.sampled_from([0.01, 0.05, 0.2]))
def test_power_is_the_sum_over_every_table_that_fishers_test_rejects(n, p, alpha: float) -> None:
    found = fisher_power(n, p, alpha=alpha)
    by_hand = summed(n, p, lambda table: fisher_exact(table) <= alpha * (1 + 1e-9))
    assert found == pytest.approx(by_hand, abs=1e-10)
    mid_p = summed(n, p, lambda table: fisher_mid_p(table) <= alpha * (1 + 1e-9))
    assert fisher_power(n, p, alpha=alpha, test="mid_p") == pytest.approx(mid_p, abs=1e-10)


@given(sizes, st.integers(0, 28))
def test_the_p_of_every_table_is_that_of_the_estimator(n, events: int) -> None:
    events = min(events, sum(n))
    p, mid_p = fisher_p_values(n, events), fisher_p_values(n, events, test="mid_p")
    for x in range(max(0, events - n[1]), min(events, n[0]) + 1):
        table = TwoByTwo(x, n[0], events - x, n[1])
        assert p[x] == pytest.approx(fisher_exact(table), abs=1e-12)
        assert mid_p[x] == pytest.approx(fisher_mid_p(table), abs=1e-12)


@pytest.mark.parametrize("n", [(15, 20), (40, 30), (60, 80)])
@pytest.mark.parametrize("chance", [0.02, 0.1, 0.4])
def test_fishers_test_is_never_larger_than_it_claims(n: tuple[int, int], chance: float) -> None:
    assert fisher_power(n, (chance, chance)) <= 0.05
    assert fisher_power(n, (chance, chance), test="mid_p") <= 0.06


@pytest.mark.parametrize("p", [(0.5, 0.1), (0.3, 0.05), (0.1, 0.6)])
@pytest.mark.parametrize("share", [0.5, 0.3])
def test_the_smallest_total_has_the_power_and_keeps_it(p: tuple[float, float], share: float) -> None:
    found = fisher_total(p, share=share)
    assert fisher_power(group_sizes(found - 1, share), p) < 0.8
    assert all(fisher_power(group_sizes(total, share), p) >= 0.8 for total in range(found, found + 40))


@settings(max_examples=40)
@given(sizes, chances, st.floats(0.02, 0.6), st.sampled_from([0.025, 0.05]))
def test_power_within_a_margin_is_the_sum_over_the_tables_whose_interval_excludes_it(
    n, p, margin: float, alpha: float
) -> None:
    def is_shown(table: TwoByTwo) -> bool:
        return risk_difference(table, level=1 - 2 * alpha).interval.high < margin

    found = noninferiority_power(n, p, margin=margin, alpha=alpha)
    assert found == pytest.approx(summed(n, p, is_shown), abs=1e-10)


@pytest.mark.parametrize("share", [0.5, 0.3])
@pytest.mark.parametrize("p", [(0.1, 0.1), (0.06, 0.04), (0.02, 0.02)])
def test_the_smallest_total_within_a_margin_has_the_power_and_keeps_it(
    p: tuple[float, float], share: float
) -> None:
    found = noninferiority_exact_total(p, margin=0.12, share=share)
    assert noninferiority_power(group_sizes(found - 1, share), p, margin=0.12) < 0.8
    assert all(
        noninferiority_power(group_sizes(total, share), p, margin=0.12) >= 0.8
        for total in range(found, found + 40)
    )


def test_more_members_show_more() -> None:
    powers = [noninferiority_power((n, n), (0.1, 0.1), margin=0.1) for n in (50, 100, 200, 400)]
    assert powers == sorted(powers)
    powers = [fisher_power((n, n), (0.2, 0.1)) for n in (25, 50, 100, 200, 400)]
    assert powers == sorted(powers)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fisher_power((0, 5), (0.1, 0.2)), "at least one member"),
        (lambda: fisher_power((5, 5), (0.1, 1.2)), "between 0 and 1"),
        (lambda: fisher_power((5, 5), (0.1, 0.2), test="chi"), "choose one of fisher, mid_p"),
        (lambda: fisher_total((0.1, 0.1)), "no difference to find"),
        (lambda: noninferiority_power((5, 5), (0.1, 0.1), margin=0.0), "margin"),
        (lambda: noninferiority_exact_total((0.3, 0.1), margin=0.1), "reaches the margin"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(call, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
