from __future__ import annotations

from math import atanh, factorial, sqrt, tanh

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from wearoff.stats import mann_whitney, spearman

distinct = st.lists(st.integers(-1000, 1000), min_size=2, max_size=30, unique=True)
tied = st.lists(st.integers(0, 5), min_size=1, max_size=20)


@given(distinct, st.integers(1, 29))
def test_without_ties_the_exact_p_equals_scipys(values: list[int], cut: int) -> None:
    cut = min(cut, len(values) - 1)
    found = mann_whitney(values[:cut], values[cut:])
    expected = stats.mannwhitneyu(values[:cut], values[cut:], method="exact")
    assert found.method == "exact"
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


@given(tied, tied)
def test_with_ties_the_corrected_p_equals_scipys(x: list[int], y: list[int]) -> None:
    found = mann_whitney(x, y)
    if len(set(x + y)) == 1:
        assert found.p is None
        assert found.shift == 0
    elif len(set(x + y)) < len(x + y):
        assert found.p == pytest.approx(stats.mannwhitneyu(x, y, method="asymptotic").pvalue, rel=1e-8)


@given(
    st.lists(st.floats(-5, 5), min_size=10, max_size=24, unique=True),
    st.integers(4, 6),
    st.sampled_from([0.8, 0.9, 0.95]),
)
def test_the_exact_interval_excludes_a_shift_just_when_the_test_refutes_it(
    values: list[float], cut: int, level: float
) -> None:
    x, y = np.round(values[:cut], 3), np.round(values[cut:], 3) + 0.00013
    found = mann_whitney(x, y, level)
    if found.interval is None or len(np.unique(np.concatenate([x, y]))) < len(values):
        return
    for limit, outwards in ((found.interval.low, -1), (found.interval.high, 1)):
        outside = mann_whitney(x - (limit + outwards * 1e-7), y, level)
        inside = mann_whitney(x - (limit - outwards * 1e-7), y, level)
        if outside.method == inside.method == "exact" and found.interval.low < found.interval.high:
            assert outside.p is not None
            assert inside.p is not None
            assert outside.p <= 1 - level + 1e-12 < inside.p + 2e-12


@given(tied, tied, st.integers(-20, 20))
def test_the_shift_moves_with_the_sample_and_changes_sign_when_the_samples_swap(
    x: list[int], y: list[int], move: int
) -> None:
    found = mann_whitney(x, y)
    moved = mann_whitney([value + move for value in x], [value + move for value in y])
    turned = mann_whitney(y, x)
    assert moved == found
    assert found.shift is not None
    assert turned.shift == -found.shift
    assert turned.p == found.p
    if found.interval is not None:
        assert turned.interval is not None
        assert turned.interval.low == -found.interval.high
        assert found.shift in found.interval


def test_the_exact_interval_equals_a_hand_computed_example() -> None:
    # Four against four: U = 0 has chance 1/70 on each side, so 95 % cuts one difference off each end.
    found = mann_whitney([5, 6, 7, 8.5], [1, 2, 3, 4.25])
    assert found.p == pytest.approx(2 / 70)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == (0.75, 7.5)


def test_large_samples_keep_the_nominal_coverage_with_ties() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(400):
        found = mann_whitney(rng.integers(0, 12, 60) + 3, rng.integers(0, 12, 55))
        covered += found.interval is not None and 3 in found.interval
    assert covered / 400 > 0.95 - 3 * sqrt(0.95 * 0.05 / 400)


def test_samples_without_an_answer_have_a_note() -> None:
    assert mann_whitney([], [1.0]).note == "a sample is empty"
    assert mann_whitney([2.0, 2.0], [2.0]).p is None
    few = mann_whitney([1, 2], [3, 4])
    assert few.p == pytest.approx(1 / 3)
    assert few.interval is None
    assert "too few" in str(few.note)
    with pytest.raises(ValueError, match="missing"):
        mann_whitney([float("nan")], [1.0])


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=9, max_size=30))
def test_spearman_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    found = spearman(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found.estimate is None
        assert found.p is None
        return
    expected = stats.spearmanr(x, y)
    assert found.estimate == pytest.approx(expected.statistic, abs=1e-12)
    if found.interval is not None and abs(expected.statistic) < 0.999:
        assert found.p == pytest.approx(expected.pvalue, rel=1e-6)
        assert expected.statistic in found.interval


def test_the_spearman_interval_is_that_of_bonett_and_wright() -> None:
    x = np.arange(10)
    y = np.array([1, 0, 3, 2, 5, 4, 7, 6, 9, 8])
    r = 1 - 6 * 10 / (10 * 99)
    reach = stats.norm.ppf(0.975) * sqrt((1 + r**2 / 2) / 7)
    found = spearman(x, y)
    assert found.estimate == pytest.approx(r)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(tanh(atanh(r) - reach))
    assert found.interval.high == pytest.approx(tanh(atanh(r) + reach))


def test_few_pairs_get_the_exact_p() -> None:
    # Of the 120 orderings of five, 16 are at least as far from no order as r = 0.8.
    assert spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]).p == pytest.approx(16 / 120)
    assert spearman([1, 2, 3, 4], [1, 2, 3, 4]).p == pytest.approx(2 / 24)


def test_a_perfect_order_has_an_exact_p_and_no_interval() -> None:
    found = spearman(range(12), range(12))
    assert found.p == pytest.approx(2 / factorial(12))
    assert found.interval is None
    falling = spearman([1, 1, 2, 3, 4, 5, 6, 7, 8], [-1, -1, -2, -3, -4, -5, -6, -7, -8])
    assert falling.estimate == pytest.approx(-1)
    assert falling.p == pytest.approx(2 / factorial(9))  # the tie cannot stand at the other end


def test_pairs_without_an_answer_have_a_note() -> None:
    assert spearman([1], [2]).note == "fewer than two pairs"
    assert spearman([1, 1, 1], [1, 2, 3]).p is None
    assert "fewer than four" in str(spearman([1, 2, 3], [1, 3, 2]).note)
    with pytest.raises(ValueError, match="pairs"):
        spearman([1, 2], [1])
