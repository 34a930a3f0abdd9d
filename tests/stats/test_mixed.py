from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from tests.stats.published import distances
from wearoff.stats import random_intercept


def test_the_distances_of_27_children_have_the_published_fit() -> None:
    # lme(distance ~ age + Sex, Orthodont, random = ~ 1 | Subject), Pinheiro and Bates 2000
    distance, age, girl, child = distances()
    fit = random_intercept(distance, np.column_stack([age, girl]), child, names=["age", "girl"])
    assert fit.intercept.coefficient == pytest.approx(17.706713, abs=5e-7)
    assert [term.coefficient for term in fit.terms] == pytest.approx([0.660185, -2.321023], abs=5e-7)
    assert fit.intercept.standard_error == pytest.approx(0.8339225, abs=2e-6)
    assert [term.standard_error for term in fit.terms] == pytest.approx([0.0616059, 0.7614168], abs=2e-6)
    assert (fit.between_sd, fit.within_sd) == pytest.approx((1.807425, 1.431592), abs=2e-6)
    assert fit.log_likelihood == pytest.approx(-218.7563, abs=5e-5)
    assert fit.terms[1].p == pytest.approx(0.0054, abs=5e-5)  # 25 degrees of freedom
    assert (fit.rows, fit.groups) == (108, 27)


@pytest.mark.parametrize("seed", range(5))
def test_unequal_groups_agree_with_an_independent_library(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 9, 20)
    groups = np.repeat(np.arange(20), sizes)
    predictors = np.column_stack([rng.normal(size=len(groups)), rng.normal(size=20)[groups]])
    outcome = 1 + predictors @ [0.5, -0.3] + 0.9 * rng.normal(size=20)[groups] + rng.normal(size=len(groups))
    fit = random_intercept(outcome, predictors, groups.tolist(), names=["a", "b"])
    other = MixedLM(outcome, np.column_stack([np.ones(len(groups)), predictors]), groups).fit(
        method="bfgs", gtol=1e-9
    )
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-6)
    assert [term.coefficient for term in fit.terms] == pytest.approx(other.fe_params[1:].tolist(), abs=1e-4)
    # Its errors come from the joint Hessian; R's and ours are those of generalised least squares.
    design = np.column_stack([np.ones(len(groups)), predictors])
    covariance = fit.within_sd**2 * np.eye(len(groups)) + fit.between_sd**2 * (groups[:, None] == groups)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ np.linalg.solve(covariance, design))))
    assert [term.standard_error for term in fit.terms] == pytest.approx(errors[1:].tolist(), rel=1e-9)
    assert fit.between_sd == pytest.approx(float(other.cov_re[0, 0]) ** 0.5, rel=1e-3)


def test_balanced_groups_have_the_variances_of_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(6)
    groups, within = np.repeat(np.arange(12), 5), np.tile(np.arange(5.0), 12)
    outcome = 2 * rng.normal(size=12)[groups] + 0.3 * within + rng.normal(size=60)
    fit = random_intercept(outcome, within, groups.tolist(), names=["within"])
    table = outcome.reshape(12, 5)
    slope = stats.linregress(within, (table - table.mean(axis=1, keepdims=True)).ravel()).slope
    rest = table - table.mean(axis=1, keepdims=True) - slope * (within - 2).reshape(12, 5)
    inside = float((rest**2).sum()) / (60 - 12 - 1)
    outside = 5 * float(table.mean(axis=1).var(ddof=1))
    assert fit.terms[0].coefficient == pytest.approx(slope, rel=1e-9)
    assert fit.within_sd**2 == pytest.approx(inside, rel=1e-6)
    assert fit.between_sd**2 == pytest.approx((outside - inside) / 5, rel=1e-5)
    assert fit.terms[0].standard_error == pytest.approx((inside / (12 * 10)) ** 0.5, rel=1e-6)


def test_groups_that_vary_less_than_chance_are_fitted_as_independent_rows_and_say_so() -> None:
    predictor, groups = np.tile(np.arange(4.0), 6), np.repeat(np.arange(6), 4)
    outcome = predictor + np.tile([1.0, -1, -1, 1], 6)
    fit = random_intercept(outcome, predictor, groups.tolist(), names=["x"])
    line = stats.linregress(predictor, outcome)
    assert fit.between_sd == 0
    assert fit.correlation == 0
    assert fit.terms[0].coefficient == pytest.approx(line.slope)
    assert fit.terms[0].standard_error == pytest.approx(line.stderr)
    assert fit.intercept.coefficient == pytest.approx(line.intercept)
    assert fit.intercept.standard_error == pytest.approx(line.intercept_stderr)
    assert "no variance between groups" in str(fit.note)


def test_units_and_names_of_groups_do_not_matter() -> None:
    distance, age, girl, child = distances()
    fit = random_intercept(distance, np.column_stack([age, girl]), child, names=["age", "girl"])
    other = random_intercept(
        1000 + distance / 10,
        np.column_stack([365.25 * age, 1 - girl]),
        [f"c{k}" for k in child],
        names=["age", "boy"],
    )
    assert other.terms[0].coefficient == pytest.approx(fit.terms[0].coefficient / 3652.5, rel=1e-7)
    assert other.terms[1].coefficient == pytest.approx(-fit.terms[1].coefficient / 10, rel=1e-7)
    assert other.terms[1].p == pytest.approx(fit.terms[1].p, rel=1e-6)
    assert other.correlation == pytest.approx(fit.correlation, rel=1e-6)


def test_groups_of_one_row_are_refused() -> None:
    with pytest.raises(ValueError) as caught:
        random_intercept([1, 2, 3], [1, 2, 4], ["a", "b", "c"], names=["x"])
    assert "every group has one row" in str(caught.value)


@pytest.mark.slow
def test_intervals_cover_the_true_effects_as_often_as_they_say() -> None:
    rng = np.random.default_rng(9)
    inner = outer = 0
    groups = np.repeat(np.arange(10), 4)
    for _ in range(1000):
        predictors = np.column_stack([rng.normal(size=40), rng.normal(size=10)[groups]])
        outcome = predictors @ [0.5, -0.3] + rng.normal(size=10)[groups] + rng.normal(size=40)
        fit = random_intercept(outcome, predictors, groups.tolist(), names=["a", "b"])
        inner += 0.5 in fit.terms[0].interval
        outer += -0.3 in fit.terms[1].interval
    assert 0.93 < inner / 1000 < 0.967
    assert 0.93 < outer / 1000 < 0.975
