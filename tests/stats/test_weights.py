from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from scipy import stats

from wearoff.stats import (
    TRUNCATIONS,
    cox,
    effective_size,
    inverse_probability_weights,
    standardised_differences,
    weighted_comparison,
)

Array = npt.NDArray[np.float64]


def confounded(seed: int, rows: int = 400) -> tuple[Array, Array, Array]:
    """Group and outcome that both depend on two covariates; the group itself adds 0.5."""
    rng = np.random.default_rng(seed)
    covariates = np.column_stack([rng.normal(size=rows), rng.random(rows) < 0.4]).astype(float)
    lean = 0.8 * covariates[:, 0] - 0.7 * covariates[:, 1]
    first = (rng.random(rows) < 1 / (1 + np.exp(-lean))).astype(float)
    outcome = 1.0 * covariates[:, 0] + 0.8 * covariates[:, 1] + 0.5 * first + rng.normal(size=rows)
    return first, covariates, outcome


def test_the_propensity_is_a_logistic_regressions() -> None:
    first, covariates, _ = confounded(1)
    found = inverse_probability_weights(first, covariates, names=["a", "b"], is_stabilised=False)
    other = sm.Logit(first, sm.add_constant(covariates)).fit(disp=0, tol=1e-12).predict()
    assert found.propensity == pytest.approx(other, abs=1e-8)
    assert found.weights == pytest.approx(np.where(first == 1, 1 / other, 1 / (1 - other)), rel=1e-7)


def test_weights_balance_what_confounded_and_stabilised_ones_have_mean_1() -> None:
    first, covariates, _ = confounded(2, 2000)
    found = inverse_probability_weights(first, covariates, names=["a", "b"])
    assert abs(found.balance[0].before) > 0.4
    assert max(abs(balance.after) for balance in found.balance) < 0.06
    assert found.weights.mean() == pytest.approx(1, abs=0.02)
    assert all(effective < size for effective, size in zip(found.effective_sizes, found.sizes, strict=True))


def test_a_model_with_a_parameter_per_cell_balances_exactly() -> None:
    first, cell = np.array([1, 1, 1, 0, 1, 0, 0, 0.0]), np.array([1, 1, 1, 1, 0, 0, 0, 0.0])
    found = inverse_probability_weights(first, cell, names=["cell"])
    assert found.balance[0].after == pytest.approx(0, abs=1e-9)
    assert found.propensity == pytest.approx([0.75] * 4 + [0.25] * 4, abs=1e-9)


def test_groups_made_by_chance_have_weights_near_1_and_equal_covariates_exactly_1() -> None:
    first, covariate = np.tile([0.0, 1.0], 50), np.repeat(np.arange(50.0), 2)
    found = inverse_probability_weights(first, covariate, names=["pair"])
    assert found.weights == pytest.approx(np.ones(100), abs=1e-9)
    assert found.effective_sizes == pytest.approx((50, 50))


@pytest.mark.parametrize("rule", TRUNCATIONS)
def test_truncation_follows_its_name(rule: str) -> None:
    first, covariates, _ = confounded(3, 300)
    whole = inverse_probability_weights(first, 3 * covariates, names=["a", "b"], is_stabilised=False).weights
    found = inverse_probability_weights(
        first,
        3 * covariates,
        names=["a", "b"],
        is_stabilised=False,
        truncation=rule,  # type: ignore[arg-type]
    )
    limits = {
        "none": (whole.min(), whole.max()),
        "percentiles 1 and 99": tuple(np.percentile(whole, [1, 99])),
        "percentiles 5 and 95": tuple(np.percentile(whole, [5, 95])),
        "at most 10": (whole.min(), 10.0),
    }[rule]
    assert found.weights == pytest.approx(np.clip(whole, *limits))
    assert found.truncated == int(((whole < limits[0]) | (whole > limits[1])).sum())


def test_groups_without_overlap_are_refused_and_scarce_overlap_is_mentioned() -> None:
    with pytest.raises(ValueError) as caught:
        inverse_probability_weights([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6], names=["age"])
    assert "age: some values occur in one group only" in str(caught.value)
    first, covariates, _ = confounded(4, 300)
    lean = np.where(first == 1, 1.5, -1.5)[:, None] + covariates[:, :1]
    found = inverse_probability_weights(first, lean, names=["lean"])
    assert "under 2 %" in str(found.note)
    for wrong in (np.ones(300), np.zeros(300)):
        with pytest.raises(ValueError):
            inverse_probability_weights(wrong, covariates, names=["a", "b"])


def test_the_difference_in_standard_deviations_is_its_formula() -> None:
    first, shares = (
        np.repeat([1, 0], [10, 20]),
        np.concatenate([np.repeat([1, 0], [4, 6]), np.repeat([1, 0], [5, 15])]),
    )
    found = standardised_differences(first, shares, names=["share"])[0]
    assert found.before == pytest.approx((0.4 - 0.25) / np.sqrt((0.24 + 0.1875) / 2))
    assert found.after == found.before


def test_the_effective_size_is_that_of_equal_weights_at_most() -> None:
    rng = np.random.default_rng(5)
    assert effective_size(np.full(30, 7.0)) == pytest.approx(30)
    weights = rng.exponential(1, 30)
    assert effective_size(weights) < 30
    assert effective_size(weights * 13) == pytest.approx(effective_size(weights))


def test_weights_of_1_give_the_plain_comparison() -> None:
    first, _, outcome = confounded(6, 80)
    found = weighted_comparison(outcome, first, np.ones(80))
    group, other = outcome[first == 1], outcome[first == 0]
    assert found.difference.coefficient == pytest.approx(group.mean() - other.mean(), abs=1e-12)
    error = np.sqrt(group.var() / len(group) + other.var() / len(other))
    assert found.difference.standard_error == pytest.approx(error, rel=1e-12)


def test_robust_errors_are_those_of_weighted_least_squares_with_a_sandwich() -> None:
    first, covariates, outcome = confounded(7)
    weights = inverse_probability_weights(first, covariates, names=["a", "b"]).weights
    found = weighted_comparison(outcome, first, weights)
    other = sm.WLS(outcome, sm.add_constant(first), weights=weights).fit(cov_type="HC0")
    assert found.difference.coefficient == pytest.approx(other.params[1], rel=1e-9)
    assert found.difference.standard_error == pytest.approx(other.bse[1], rel=1e-9)
    sites = (np.arange(400) % 20).tolist()
    clustered = weighted_comparison(outcome, first, weights, clusters=sites)
    other = sm.WLS(outcome, sm.add_constant(first), weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(sites), "use_correction": False}
    )
    assert clustered.difference.standard_error == pytest.approx(other.bse[1], rel=1e-9)


def test_events_over_time_are_compared_as_rates() -> None:
    counts, first = np.array([2.0, 0, 1, 4, 1, 0]), np.array([1, 1, 1, 0, 0, 0])
    time = np.array([1.0, 2, 3, 1, 2, 1])
    found = weighted_comparison(counts, first, np.ones(6), exposure=time)
    assert (found.first, found.second) == pytest.approx((3 / 6, 5 / 4))
    assert found.ratio is not None
    assert found.ratio.ratio == pytest.approx(0.4)
    turned = weighted_comparison(counts, 1 - first, np.ones(6), exposure=time)
    assert turned.ratio is not None
    assert turned.ratio.ratio_interval.low == pytest.approx(1 / found.ratio.ratio_interval.high)
    nobody = weighted_comparison(counts * first, first, np.ones(6), exposure=time)
    assert nobody.ratio is None


@pytest.mark.parametrize("is_rate", [False, True])
def test_errors_for_few_rows_are_the_sandwich_of_least_squares_with_leverage(is_rate: bool) -> None:
    rng = np.random.default_rng(31)
    first, time = np.repeat([1.0, 0.0], [9, 14]), rng.uniform(0.3, 2.0, 23) if is_rate else np.ones(23)
    outcome, weights = rng.poisson(1.5 * time).astype(float), rng.uniform(0.3, 3.0, 23)
    found = weighted_comparison(outcome, first, weights, exposure=time if is_rate else None, has_few=True)
    rate = sm.WLS(outcome / time, sm.add_constant(first), weights=weights * time)
    other = rate.fit(cov_type="HC2")
    assert found.difference.coefficient == pytest.approx(other.params[1], rel=1e-9)
    assert found.difference.standard_error == pytest.approx(other.bse[1], rel=1e-9)
    assert found.ratio is not None
    each = np.column_stack([1 - first, first])
    apart = sm.WLS(outcome / time, each, weights=weights * time).fit(cov_type="HC2")
    expected = np.sqrt(((apart.bse / apart.params) ** 2).sum())
    assert found.ratio.standard_error == pytest.approx(expected, rel=1e-9)


def test_few_rows_of_equal_weight_are_compared_as_by_welch() -> None:
    first, _, outcome = confounded(32, 20)
    found = weighted_comparison(outcome, first, np.ones(20), has_few=True).difference
    welch = stats.ttest_ind(outcome[first == 1], outcome[first == 0], equal_var=False)
    limits = welch.confidence_interval(0.95)
    assert found.p == pytest.approx(welch.pvalue, rel=1e-9)
    assert (found.interval.low, found.interval.high) == pytest.approx((limits.low, limits.high), rel=1e-9)


def test_a_group_of_one_row_excludes_nothing_where_rows_are_few() -> None:
    found = weighted_comparison([1, 0, 1, 0], [1, 0, 0, 0], np.ones(4), has_few=True)
    for term in (found.difference, found.ratio):
        assert term is not None
        assert (term.p, term.interval.low, term.interval.high) == (1.0, -np.inf, np.inf)


def test_few_clusters_are_refused() -> None:
    with pytest.raises(ValueError, match="leave the clusters out"):
        weighted_comparison([1, 0, 1, 0], [1, 1, 0, 0], np.ones(4), clusters=[1, 2, 1, 2], has_few=True)


def exact_error(sizes: tuple[int, int], chance: float, *, has_few: bool) -> float:
    """How often equal chances are told apart at 5 %, every pair of counts with its probability."""
    found = 0.0
    for x in range(sizes[0] + 1):
        for y in range(sizes[1] + 1):
            counts = (x, sizes[0] - x, y, sizes[1] - y)
            if 0 < x + y < sum(sizes):
                term = weighted_comparison(
                    np.repeat([1, 0, 1, 0], counts),
                    np.repeat([1, 1, 0, 0], counts),
                    np.ones(sum(sizes)),
                    has_few=has_few,
                ).difference
                probability = stats.binom.pmf(x, sizes[0], chance) * stats.binom.pmf(y, sizes[1], chance)
                found += float(probability) * (term.p <= 0.05)
    return found


@pytest.mark.parametrize("chance", [0.2, 0.3])
def test_small_groups_of_equal_chances_are_told_apart_no_more_often_than_they_may_be(chance: float) -> None:
    kept, plain = (exact_error((16, 16), chance, has_few=has_few) for has_few in (True, False))
    assert kept <= 0.05 < 0.055 < plain


def test_weighting_removes_the_confounding_that_was_measured() -> None:
    first, covariates, outcome = confounded(8, 20_000)
    weights = inverse_probability_weights(first, covariates, names=["a", "b"]).weights
    plain = weighted_comparison(outcome, first, np.ones(20_000)).difference.coefficient
    weighted = weighted_comparison(outcome, first, weights).difference
    assert plain > 0.8
    assert 0.5 in weighted.interval
    # The same weights serve a hazard ratio: without an effect it is 1.
    rng = np.random.default_rng(9)
    times = rng.exponential(np.exp(-0.7 * covariates[:, 0]))
    fit = cox(times, np.ones(20_000), first, names=["first"], weights=weights)
    assert 0.0 in fit.terms[0].interval
    assert fit.terms[0].interval.method == "Wald, robust"


@pytest.mark.slow
def test_intervals_cover_the_true_difference_at_least_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(1000):
        first, covariates, outcome = confounded(500 + seed)
        weights = inverse_probability_weights(first, covariates, names=["a", "b"]).weights
        inside += 0.5 in weighted_comparison(outcome, first, weights).difference.interval
    assert inside / 1000 > 0.94


def test_a_row_that_could_only_be_where_it_is_has_the_weight_of_one_and_no_warning() -> None:
    rng = np.random.default_rng(29)
    covariates = rng.normal(size=(10, 3)).round(1)
    first = rng.random(10) < 1.0 / (1.0 + np.exp(-2.0 * covariates[:, 0]))
    found = inverse_probability_weights(first, covariates, names=list("abc"), is_stabilised=False)
    own = np.where(first, found.propensity, 1.0 - found.propensity)
    assert found.propensity.max() == 1.0
    np.testing.assert_allclose(found.weights, 1.0 / own)
