from __future__ import annotations

import time
from fractions import Fraction
from itertools import permutations, product
from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wearoff.stats import TwoByTwo, exact_trend, fisher_exact, jonckheere, kruskal_wallis

small_tables = st.lists(
    st.integers(0, 7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=2,
    max_size=4,
)
samples = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=8), min_size=2, max_size=4)


def trend_by_enumeration(events: list[int], totals: list[int], scores: list[Fraction]) -> tuple[float, float]:
    drawn, total = sum(events), sum(totals)
    mean = Fraction(drawn, total) * sum((s * n for s, n in zip(scores, totals, strict=True)), Fraction(0))
    seen = abs(sum((s * x for s, x in zip(scores, events, strict=True)), Fraction(0)) - mean)
    beyond = equal = 0
    for counts in product(*(range(n + 1) for n in totals)):
        if sum(counts) != drawn:
            continue
        ways = 1
        for n, x in zip(totals, counts, strict=True):
            ways *= comb(n, x)
        distance = abs(sum((s * x for s, x in zip(scores, counts, strict=True)), -mean))
        beyond += ways if distance > seen else 0
        equal += ways if distance == seen else 0
    every = comb(total, drawn)
    return (beyond + equal) / every, (beyond + equal / 2) / every


@given(small_tables, st.data())
def test_the_exact_trend_equals_counting_every_table(
    table: list[tuple[int, int]], data: st.DataObject
) -> None:
    events, totals = [x for x, _ in table], [n for _, n in table]
    quarters = data.draw(st.lists(st.integers(-12, 40), min_size=len(table), max_size=len(table)))
    scores = [Fraction(quarter, 4) for quarter in quarters]
    found = exact_trend(events, totals, scores=[float(score) for score in scores])
    used = {score for score, n in zip(scores, totals, strict=True) if n}
    if sum(events) in (0, sum(totals)) or len(used) < 2:
        assert (found.p, found.mid_p) == (None, None)
        assert found.note
        return
    assert (found.p, found.mid_p) == pytest.approx(trend_by_enumeration(events, totals, scores), rel=1e-10)
    t = sum(float(s) * x for s, x in zip(scores, events, strict=True))
    assert found.statistic == pytest.approx(t, abs=1e-12)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_two_groups_give_the_hypergeometric_distribution(n0: int, n1: int, data: st.DataObject) -> None:
    x0, x1 = data.draw(st.integers(0, n0)), data.draw(st.integers(0, n1))
    found = exact_trend([x0, x1], [n0, n1])
    if 0 < x0 + x1 < n0 + n1:
        drawn = x0 + x1
        k = np.arange(max(0, drawn - n0), min(n1, drawn) + 1)
        every = comb(n0 + n1, drawn)
        chances = np.array([comb(n1, int(i)) * comb(n0, drawn - int(i)) / every for i in k])
        middle = drawn * n1 / (n0 + n1)
        far = np.abs(k - middle) >= abs(x1 - middle) - 1e-9
        assert found.p == pytest.approx(chances[far].sum(), rel=1e-8)
        if n0 == n1:  # a symmetric distribution: likelier and nearer are the same
            assert found.p == pytest.approx(fisher_exact(TwoByTwo(x1, n1, x0, n0)), rel=1e-8)


@given(small_tables, st.integers(1, 9), st.integers(-20, 20))
def test_the_trend_does_not_care_about_the_unit_of_the_scores_nor_which_outcome_is_the_event(
    table: list[tuple[int, int]], unit: int, start: int
) -> None:
    events, totals = [x for x, _ in table], [n for _, n in table]
    found = exact_trend(events, totals)
    moved = exact_trend(events, totals, scores=[start - unit * i for i in range(len(table))])
    absent = exact_trend([n - x for x, n in table], totals)
    if found.p is not None:
        assert moved.p == pytest.approx(found.p, rel=1e-9)
        assert absent.p == pytest.approx(found.p, rel=1e-9)
        assert absent.mid_p == pytest.approx(found.mid_p, rel=1e-9)


def test_the_exact_trend_nears_the_chi_squared_one_in_large_groups_and_stays_fast() -> None:
    events, totals = np.array([90, 105, 118, 122]), np.array([300, 300, 300, 300])
    began = time.perf_counter()
    found = exact_trend(events.tolist(), totals.tolist())
    assert time.perf_counter() - began < 5
    share, scores = events.sum() / totals.sum(), np.arange(4)
    spread = totals @ scores**2 - (totals @ scores) ** 2 / totals.sum()
    z = (events @ scores - share * totals @ scores) / sqrt(share * (1 - share) * spread)
    assert found.mid_p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=0.02)


def test_a_trend_without_information_has_no_p_but_a_note() -> None:
    assert exact_trend([0, 0, 0], [5, 6, 7]).p is None
    assert "no event" in str(exact_trend([0, 0, 0], [5, 6, 7]).note)
    assert "everyone" in str(exact_trend([5, 6], [5, 6]).note)
    assert exact_trend([], []).p is None
    assert exact_trend([2, 0], [5, 0]).p is None
    assert exact_trend([2, 1], [5, 5], scores=[3, 3]).p is None
    assert "1 empty" in str(exact_trend([2, 0, 1], [5, 0, 9]).note)


def test_impossible_trends_are_refused_with_the_reason() -> None:
    with pytest.raises(ValueError, match="one entry per group"):
        exact_trend([1, 2], [3, 4, 5])
    with pytest.raises(ValueError, match="more events"):
        exact_trend([4, 2], [3, 4])
    with pytest.raises(ValueError, match="finite"):
        exact_trend([1, 2], [3, 4], scores=[0, float("inf")])
    with pytest.raises(ValueError, match="too finely divided"):
        exact_trend([1, 2], [3, 4], scores=[0, 2**0.5])
    with pytest.raises(ValueError, match="rounder"):
        exact_trend([400, 500, 300], [900] * 3, scores=[0, 0.0101, 99.9999])


def test_kruskal_wallis_equals_a_hand_computed_example() -> None:
    # Ranks 1, 2 | 3, 4 | 5, 6: H = 12/42 * (3^2 + 7^2 + 11^2)/2 - 3*7 = 32/7.
    found = kruskal_wallis([[1, 2], [3, 4], [5, 6]])
    assert found.statistic == pytest.approx(32 / 7)
    assert found.p == pytest.approx(stats.chi2.sf(32 / 7, 2))


@given(samples)
def test_kruskal_wallis_agrees_with_scipy_and_depends_on_order_only(
    groups: list[list[int]],
) -> None:
    found = kruskal_wallis(groups)
    if len({value for group in groups for value in group}) == 1:
        assert found.p is None
        assert "equal" in str(found.note)
        return
    expected = stats.kruskal(*groups)
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-8)
    stretched = kruskal_wallis([np.exp(np.array(group)) for group in groups])
    assert stretched.statistic == pytest.approx(found.statistic, abs=1e-9)


def test_jonckheere_equals_a_hand_computed_example() -> None:
    # No ties: J = 12 of 12 pairs, E J = (36 - 12)/4 = 6, Var J = (36*15 - 3*4*7)/72 = 19/3.
    found = jonckheere([[1, 2], [3, 4], [5, 6]], seed=3)
    assert found.statistic == 12
    assert found.z == pytest.approx(6 / sqrt(19 / 3))
    # With ties, pair by pair:
    tied = jonckheere([[1, 2, 2], [2, 3], [3, 4]], seed=3)
    first_second = 1 + 0.5 + 0.5 + 3  # 2 against 1, 2, 2, then 3 against all three
    first_third = 6
    second_third = 1 + 0.5 + 2  # 3 against 2, 3, then 4 against both
    assert tied.statistic == first_second + first_third + second_third
    mean = (49 - 9 - 4 - 4) / 4
    # Sizes 3, 2, 2; ties 1, 3, 2, 1 of the values 1, 2, 3, 4; N = 7.
    main = (7 * 6 * 19 - (3 * 2 * 11 + 2 * 9 + 2 * 9) - (3 * 2 * 11 + 2 * 9)) / 72
    threes = (3 * 2 * 1) * (3 * 2 * 1) / (36 * 7 * 6 * 5)
    twos = (6 + 2 + 2) * (6 + 2) / (8 * 7 * 6)
    assert tied.z == pytest.approx((tied.statistic - mean) / sqrt(main + threes + twos))


def test_jonckheere_reproduces_the_textbook_example_of_hollander_and_wolfe() -> None:
    groups = [[40, 35, 38, 43, 44, 41], [38, 40, 47, 44, 40, 42], [48, 40, 45, 43, 46, 44]]
    found = jonckheere(groups, seed=1)
    assert found.statistic == 79
    assert found.p is not None
    assert found.p / 2 == pytest.approx(0.0207, abs=1e-4)


@given(samples)
def test_jonckheere_is_kendalls_tau_of_value_against_group(groups: list[list[int]]) -> None:
    found = jonckheere(groups, seed=1, permutations=10)
    values = [value for group in groups for value in group]
    labels = [index for index, group in enumerate(groups) for _ in group]
    if len(set(values)) == 1:
        assert found.p is None
        return
    if len(values) == 2:  # the other library divides by zero
        return
    expected = stats.kendalltau(labels, values, method="asymptotic")
    assert found.p == pytest.approx(expected.pvalue, rel=1e-8)
    assert np.sign(round(found.z or 0, 9)) == np.sign(round(expected.statistic, 9))
    backwards = jonckheere(groups[::-1], seed=1, permutations=10)
    assert backwards.z == pytest.approx(-(found.z or 0), abs=1e-9)


def test_the_permutation_p_is_within_its_monte_carlo_error_of_the_exact_one() -> None:
    groups = [[1.0, 2.0, 2.0], [2.0, 5.0], [3.0, 4.0]]
    found = jonckheere(groups, seed=11)
    assert found.statistic is not None
    pooled = [value for group in groups for value in group]
    distances = []
    for order in permutations(pooled):
        a, b, c = order[:3], order[3:5], order[5:]
        pairs = [(x, y) for low, high in ((a, b), (a, c), (b, c)) for x in low for y in high]
        distances.append(abs(sum((x < y) + 0.5 * (x == y) for x, y in pairs) - 8))
    exact = np.mean(np.array(distances) >= abs(found.statistic - 8))
    assert found.p_permutation is not None
    assert found.monte_carlo_se is not None
    assert abs(found.p_permutation - exact) < 4 * found.monte_carlo_se
    assert found.monte_carlo_se == pytest.approx(sqrt(exact * (1 - exact) / 20_000), rel=0.1)


def test_the_same_seed_gives_the_same_permutation_p_and_another_seed_another() -> None:
    rng = np.random.default_rng(0)
    groups = [rng.normal(size=12), rng.normal(0.4, size=9)]
    first = jonckheere(groups, seed=5, permutations=3000)
    assert jonckheere(groups, seed=5, permutations=3000) == first
    assert jonckheere(groups, seed=6, permutations=3000).p_permutation != first.p_permutation


def test_empty_groups_are_named_and_missing_values_refused() -> None:
    for found in (kruskal_wallis([[1, 2], [], [4]]), jonckheere([[1, 2], [], [4]], seed=1)):
        assert found.p is not None
        assert "1 empty" in str(found.note)
    for found in (kruskal_wallis([[1, 2], []]), jonckheere([], seed=1)):
        assert found.p is None
        assert "fewer than two" in str(found.note)
    with pytest.raises(ValueError, match="missing"):
        kruskal_wallis([[1, float("nan")], [2]])
    with pytest.raises(ValueError, match="single row"):
        kruskal_wallis([[[1.0]], [2]])
    with pytest.raises(ValueError, match="permutation"):
        jonckheere([[1], [2]], seed=1, permutations=0)
