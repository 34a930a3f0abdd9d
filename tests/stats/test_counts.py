from __future__ import annotations

from math import exp, inf, log

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special
from scipy.optimize import minimize
from statsmodels.discrete.discrete_model import NegativeBinomial, Poisson

from wearoff.stats import negative_binomial, poisson_ratio

Array = npt.NDArray[np.float64]


def simulated(seed: int, rows: int = 120, dispersion: float = 0.8) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    predictors = rng.normal(size=(rows, 2))
    predictors[:, 1] = predictors[:, 1] > 0
    time = rng.uniform(0.5, 3, rows)
    mean = time * np.exp(0.2 + 0.4 * predictors[:, 0] - 0.6 * predictors[:, 1])
    drawn = (
        rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, rows)) if dispersion else rng.poisson(mean)
    )
    return drawn.astype(float), predictors, time


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_agrees_with_an_independent_library(seed: int) -> None:
    counts, predictors, time = simulated(seed)
    fit = negative_binomial(counts, predictors, names=["a", "b"], exposure=time)
    design = np.column_stack([np.ones(len(counts)), predictors])
    other = NegativeBinomial(counts, design, exposure=time).fit(
        disp=0, method="newton", tol=1e-12, maxiter=200
    )
    assert fit.model == "negative binomial"
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-8)
    assert [term.coefficient for term in fit.terms] == pytest.approx(other.params[1:3].tolist(), abs=1e-6)
    assert [term.standard_error for term in fit.terms] == pytest.approx(other.bse[1:3].tolist(), rel=1e-5)
    assert fit.dispersion == pytest.approx(other.params[3], rel=1e-5)
    assert fit.rate == pytest.approx(exp(other.params[0]), rel=1e-6)


def test_limits_are_where_the_profile_has_fallen_by_the_quantile() -> None:
    counts, predictors, time = simulated(7)
    fit = negative_binomial(counts, predictors, names=["a", "b"], exposure=time)
    design = np.column_stack([np.ones(len(counts)), predictors])

    def height(at: Array, held: float) -> float:
        mean, size = time * np.exp(design @ np.array([at[0], at[1], held])), np.exp(-at[2])
        parts = special.gammaln(counts + size) - special.gammaln(size) - special.gammaln(counts + 1)
        parts += counts * np.log(mean / (mean + size)) + size * np.log(size / (mean + size))
        return -float(parts.sum())

    def profile(held: float) -> float:
        options = {"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000}
        return -float(minimize(height, [0.2, 0.4, -0.3], (held,), method="Nelder-Mead", options=options).fun)

    term = fit.terms[1]
    assert profile(term.coefficient) == pytest.approx(fit.log_likelihood, abs=1e-7)
    for limit in (term.interval.low, term.interval.high):
        assert 2 * (fit.log_likelihood - profile(limit)) == pytest.approx(3.841459, abs=1e-5)
    assert term.p == pytest.approx(special.chdtrc(1, 2 * (fit.log_likelihood - profile(0.0))), abs=1e-6)


def test_counts_that_vary_less_than_chance_are_fitted_as_poisson_and_say_so() -> None:
    counts, group = np.array([1.0, 2, 1, 2, 1, 4, 4, 5, 4, 4]), np.repeat([0.0, 1.0], 5)
    fit = negative_binomial(counts, group, names=["group"], exposure=np.full(10, 2.0))
    assert fit.model == "Poisson"
    assert fit.dispersion == 0
    assert fit.dispersion_p is None
    assert "no more than chance" in str(fit.note)
    # Two groups: events over time, errors 1/events, and the profile of a binomial share.
    assert fit.terms[0].ratio == pytest.approx(21 / 7, rel=1e-8)
    assert fit.terms[0].standard_error == pytest.approx((1 / 21 + 1 / 7) ** 0.5, rel=1e-7)
    assert fit.rate == pytest.approx(7 / 10, rel=1e-8)
    other = Poisson(counts, np.column_stack([np.ones(10), group]), exposure=np.full(10, 2.0)).fit(disp=0)
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-8)


def test_two_groups_have_their_rates_whatever_the_dispersion() -> None:
    counts, group = np.array([0.0, 0, 7, 1, 0, 3, 0, 12, 2, 0, 5, 1]), np.repeat([0.0, 1.0], 6)
    fit = negative_binomial(counts, group, names=["group"])
    assert fit.model == "negative binomial"
    assert fit.terms[0].ratio == pytest.approx(counts[6:].mean() / counts[:6].mean(), rel=1e-8)
    exact = poisson_ratio(int(counts[6:].sum()), 6, int(counts[:6].sum()), 6)
    assert fit.terms[0].ratio_interval.high > exact.interval.high  # Poisson is too sure of such counts


def test_a_group_without_events_has_a_one_sided_interval() -> None:
    fit = negative_binomial([0, 0, 9, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1], names=["group"])
    assert fit.terms[0].ratio == 0
    assert fit.terms[0].ratio_interval.low == 0
    assert 0 < fit.terms[0].ratio_interval.high < inf
    assert "no event was counted on one side" in str(fit.note)


def test_swapped_groups_and_other_units_change_nothing() -> None:
    counts, predictors, time = simulated(3)
    fit = negative_binomial(counts, predictors, names=["a", "b"], exposure=time)
    turned = predictors.copy()
    turned[:, 0] = 50 + 10 * turned[:, 0]
    turned[:, 1] = 1 - turned[:, 1]
    other = negative_binomial(counts, turned, names=["a", "b"], exposure=time * 365.25)
    assert other.terms[0].coefficient == pytest.approx(fit.terms[0].coefficient / 10, rel=1e-7)
    assert other.terms[1].ratio == pytest.approx(1 / fit.terms[1].ratio, rel=1e-7)
    assert other.terms[1].ratio_interval.low == pytest.approx(1 / fit.terms[1].ratio_interval.high, rel=1e-6)
    assert other.dispersion == pytest.approx(fit.dispersion, rel=1e-6)


def test_poisson_rows_of_a_group_add_up_to_events_over_time() -> None:
    counts, group, time = np.array([3.0, 1, 5, 2]), np.array([0.0, 0, 1, 1]), np.array([2.0, 3, 4, 1])
    whole = negative_binomial(counts, group, names=["group"], exposure=time)
    assert whole.model == "Poisson"
    assert whole.terms[0].coefficient == pytest.approx(log((7 / 5) / (4 / 5)), rel=1e-8)


@pytest.mark.parametrize(
    ("counts", "exposure", "message"),
    [
        ([0, 0, 0], None, "no event"),
        ([1, 0.5, 0], None, "row 1"),
        ([1, -1, 0], None, "row 1"),
        ([1, 2, 0], [1, 2, 0], "above 0"),
        ([1, 2], None, "2 rows"),
    ],
)
def test_impossible_counts_are_refused(
    counts: list[float], exposure: list[float] | None, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        negative_binomial(counts, [0, 1, 1], names=["group"], exposure=exposure)
    assert message in str(caught.value)


@pytest.mark.slow
def test_intervals_cover_the_true_ratio_as_often_as_they_say() -> None:
    inside = total = 0
    for seed in range(1000):
        counts, predictors, time = simulated(100 + seed, rows=100)
        fit = negative_binomial(counts, predictors, names=["a", "b"], exposure=time)
        inside += (0.4 in fit.terms[0].interval) + (-0.6 in fit.terms[1].interval)
        total += 2
    assert 0.93 < inside / total < 0.965


@pytest.mark.slow
def test_poisson_counts_seldom_look_dispersed() -> None:
    small = 0
    for seed in range(500):
        counts, predictors, time = simulated(9000 + seed, dispersion=0.0)
        p = negative_binomial(counts, predictors, names=["a", "b"], exposure=time).dispersion_p
        small += p is not None and p < 0.05
    assert small / 500 < 0.075
