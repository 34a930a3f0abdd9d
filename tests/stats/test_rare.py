from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from firthmodels import FirthLogisticRegression
from hypothesis import given, settings
from hypothesis import strategies as st

from wearoff.stats import firth_logistic, odds_ratio_firth

Array = npt.NDArray[np.float64]

groups = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def data(seed: int, rows: int, slope: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    predictors = rng.normal(size=(rows, 3))
    predictors[:, 1] = predictors[:, 1] > 0
    chance = 1 / (1 + np.exp(1.5 - slope * predictors[:, 0]))
    return (rng.random(rows) < chance).astype(float), predictors


@pytest.mark.parametrize(("seed", "rows", "slope"), [(1, 40, 0.5), (2, 70, 1.0), (3, 120, 0.3), (4, 60, 3.0)])
def test_the_fit_agrees_with_an_independent_library(seed: int, rows: int, slope: float) -> None:
    outcome, predictors = data(seed, rows, slope)
    found = firth_logistic(outcome, predictors, names=["a", "b", "c"])
    other = FirthLogisticRegression(max_iter=1000, gtol=1e-8, xtol=1e-8).fit(predictors, outcome)
    limits = np.exp(other.conf_int(method="pl", max_iter=1000, tol=1e-8))
    other.lrt()
    assert found.is_converged
    assert found.log_likelihood == pytest.approx(other.loglik_, abs=1e-8)
    for index, term in enumerate(found.terms):
        assert term.odds_ratio == pytest.approx(np.exp(other.coef_[index]), rel=1e-6)
        assert term.interval.low == pytest.approx(limits[index, 0], rel=1e-6)
        assert term.interval.high == pytest.approx(limits[index, 1], rel=1e-6)
        assert term.p == pytest.approx(other.lrt_pvalues_[index], rel=1e-5, abs=1e-6)


def test_a_separated_predictor_agrees_with_an_independent_library() -> None:
    outcome = np.array([1.0] * 5 + [0.0] * 35)
    predictors = np.array([1.0] * 17 + [0.0] * 23)[:, None]
    other = FirthLogisticRegression(max_iter=1000, gtol=1e-8, xtol=1e-8).fit(predictors, outcome)
    low, high = np.exp(other.conf_int(method="pl", max_iter=1000, tol=1e-8))[0]
    found = odds_ratio_firth(5, 17, 0, 23)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), rel=1e-6)
    assert found.p == pytest.approx(other.lrt(0).lrt_pvalues_[0], abs=1e-6)


def test_no_event_in_15_and_20_gives_the_published_odds_ratio() -> None:
    found = odds_ratio_firth(0, 15, 0, 20)
    assert found.odds_ratio == pytest.approx(1.32, abs=5e-3)
    assert found.interval.low == pytest.approx(0.007, abs=5e-4)
    assert found.interval.high == pytest.approx(251, abs=0.5)


@settings(max_examples=25)
@given(groups, groups)
def test_two_groups_have_a_closed_form_half_an_event_in_each_cell(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    (a, n1), (c, n0) = first, second
    found = odds_ratio_firth(a, n1, c, n0)
    expected = (a + 0.5) * (n0 - c + 0.5) / ((n1 - a + 0.5) * (c + 0.5))
    assert found.odds_ratio == pytest.approx(expected, rel=1e-8)
    # On the odds ratio found, everything mirrors when the groups swap.
    turned = odds_ratio_firth(c, n0, a, n1)
    assert turned.odds_ratio == pytest.approx(1 / expected, rel=1e-8)
    assert turned.interval.low == pytest.approx(1 / found.interval.high, rel=1e-6)
    assert turned.p == pytest.approx(found.p, abs=1e-8)
    assert found.odds_ratio in found.interval


@settings(max_examples=20)
@given(groups, groups)
def test_the_profile_of_two_groups_falls_by_the_chi_squared_quantile_at_both_limits(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    (a, n1), (c, n0) = first, second
    found = odds_ratio_firth(a, n1, c, n0)

    # In the cells, the penalised likelihood is that of half an event more of either kind per group.
    def height(p1: Array, p0: Array) -> Array:
        one = (a + 0.5) * np.log(p1) + (n1 - a + 0.5) * np.log1p(-p1)
        return np.asarray(one + (c + 0.5) * np.log(p0) + (n0 - c + 0.5) * np.log1p(-p0), dtype=np.float64)

    top = height(np.array((a + 0.5) / (n1 + 1)), np.array((c + 0.5) / (n0 + 1)))
    for limit in (found.interval.low, found.interval.high):
        log_odds = np.linspace(-25, 25, 200_001)
        p0 = 1 / (1 + np.exp(-log_odds + np.log(limit) / 2))
        p1 = 1 / (1 + np.exp(-log_odds - np.log(limit) / 2))
        assert 2 * (top - height(p1, p0).max()) == pytest.approx(3.841459, abs=1e-4)


@pytest.mark.parametrize(
    "counts", [(5, 17, 0, 23), (0, 15, 0, 20), (8, 8, 3, 9), (1, 1, 0, 1), (2, 60, 31, 33), (0, 4, 7, 7)]
)
@pytest.mark.parametrize("level", [0.9, 0.995])
def test_rows_and_counts_give_the_same_odds_ratio(counts: tuple[int, int, int, int], level: float) -> None:
    a, n1, c, n0 = counts
    outcome = [1] * a + [0] * (n1 - a) + [1] * c + [0] * (n0 - c)
    term = firth_logistic(outcome, [1] * n1 + [0] * n0, names=["exposed"], level=level).terms[0]
    counted = odds_ratio_firth(a, n1, c, n0, level=level)
    assert (term.odds_ratio, term.p) == pytest.approx((counted.odds_ratio, counted.p), rel=1e-8)
    assert term.interval.low == pytest.approx(counted.interval.low, rel=1e-8)
    assert term.interval.high == pytest.approx(counted.interval.high, rel=1e-8)


def test_the_odds_ratio_follows_the_unit_and_the_origin_of_a_predictor() -> None:
    outcome, predictors = data(7, 60, 0.8)
    found = firth_logistic(outcome, predictors, names=["a", "b", "c"])
    moved = predictors.copy()
    moved[:, 0] = 1000 + 100 * moved[:, 0]
    other = firth_logistic(outcome, moved, names=["a", "b", "c"])
    assert other.terms[0].odds_ratio ** 100 == pytest.approx(found.terms[0].odds_ratio, rel=1e-7)
    assert other.terms[0].p == pytest.approx(found.terms[0].p, abs=1e-9)
    assert other.terms[1].interval.low == pytest.approx(found.terms[1].interval.low, rel=1e-7)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_an_outcome_of_one_class_gives_finite_wide_intervals_and_says_so(outcome: float) -> None:
    _, predictors = data(5, 50, 0.0)
    found = firth_logistic(np.full(50, outcome), predictors, names=["a", "b", "c"])
    assert found.is_converged
    assert "penalty alone" in str(found.note)
    for term in found.terms:
        assert 0 < term.interval.low < term.odds_ratio < term.interval.high < np.inf
        assert 1 in term.interval
        assert term.p > 0.05


@pytest.mark.parametrize("seed", range(4))
def test_perfectly_separated_data_converge(seed: int) -> None:
    _, predictors = data(seed, 45, 0.0)
    outcome = predictors[:, 0] > np.median(predictors[:, 0])
    found = firth_logistic(outcome, predictors, names=["a", "b", "c"])
    assert found.is_converged
    assert found.terms[0].p < 1e-6
    for term in found.terms:
        assert term.interval.low <= term.odds_ratio <= term.interval.high


def test_the_p_value_is_below_the_level_just_when_the_interval_excludes_one() -> None:
    for seed in range(8):
        outcome, predictors = data(seed, 50, 0.7)
        for term in firth_logistic(outcome, predictors, names=["a", "b", "c"]).terms:
            assert (term.p < 0.05) == (1 not in term.interval)


def test_a_fit_that_runs_out_of_steps_gives_no_term() -> None:
    outcome, predictors = data(1, 40, 0.5)
    found = firth_logistic(outcome, predictors, names=["a", "b", "c"], max_iterations=2)
    assert not found.is_converged
    assert found.terms == ()
    assert "not maximised" in str(found.note)


def test_unusable_rows_are_refused_with_the_reason() -> None:
    outcome = [0, 1, 0, 1]
    with pytest.raises(ValueError, match="'a' has the same value"):
        firth_logistic(outcome, [2, 2, 2, 2], names=["a"])
    with pytest.raises(ValueError, match="not linearly independent"):
        firth_logistic(outcome, [[0, 0], [1, 2], [2, 4], [5, 10]], names=["a", "b"])
    with pytest.raises(ValueError, match="not linearly independent"):
        firth_logistic([0, 1], [[0, 3], [1, 2]], names=["a", "b"])
    with pytest.raises(ValueError, match="one name"):
        firth_logistic(outcome, [0, 1, 2, 3], names=["a", "b"])
    with pytest.raises(ValueError, match="same rows"):
        firth_logistic(outcome, [0, 1, 2], names=["a"])
    with pytest.raises(ValueError, match="0 or 1"):
        firth_logistic([0, 1, 2, 1], [0, 1, 2, 3], names=["a"])
    with pytest.raises(ValueError, match="missing or infinite"):
        firth_logistic(outcome, [0, 1, float("nan"), 3], names=["a"])
    with pytest.raises(ValueError, match="no row"):
        firth_logistic([], np.zeros((0, 1)), names=["a"])
    with pytest.raises(ValueError, match="empty"):
        odds_ratio_firth(0, 0, 1, 3)
