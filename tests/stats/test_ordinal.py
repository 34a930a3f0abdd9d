from __future__ import annotations

from math import inf

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from statsmodels.miscmodels.ordinal_model import OrderedModel

from tests.stats.published import housing
from wearoff.stats import indicators, proportional_odds

Array = npt.NDArray[np.float64]


def simulated(seed: int, rows: int = 200, *, tilt: float = 0.0) -> tuple[Array, Array]:
    """Four levels with slopes 0.7 and -0.5; with a tilt the first slope differs at the cuts."""
    rng = np.random.default_rng(seed)
    predictors = np.column_stack([rng.normal(size=rows), rng.random(rows) < 0.5]).astype(float)
    noise = rng.logistic(size=rows)
    latent = predictors @ [0.7, -0.5] + noise
    cuts = np.array([-1.0, 0.3, 1.5]) - tilt * predictors[:, :1] * np.array([-1.0, 0.0, 1.0])
    return (latent[:, None] > cuts).sum(axis=1).astype(float), predictors


def test_the_tenants_of_copenhagen_have_the_published_fit() -> None:
    # polr(Sat ~ Infl + Type + Cont, weights = Freq, data = housing), Venables and Ripley, MASS
    satisfaction, predictors = housing()
    names = ["medium", "high", "apartment", "atrium", "terrace", "contact"]
    fit = proportional_odds(satisfaction, predictors, names=names)
    assert [term.coefficient for term in fit.terms] == pytest.approx(
        [0.5663937, 1.2888191, -0.5723501, -0.3661866, -1.0910149, 0.3602841], abs=3e-7
    )
    errors = [0.10465, 0.12716, 0.11924, 0.15517, 0.15149, 0.09554]
    assert [term.standard_error for term in fit.terms] == pytest.approx(errors, abs=6e-6)
    assert fit.cuts == pytest.approx((-0.4961353, 0.6907083), abs=3e-7)
    assert -2 * fit.log_likelihood == pytest.approx(3479.149, abs=5e-4)


@pytest.mark.parametrize("seed", range(4))
def test_the_fit_agrees_with_an_independent_library(seed: int) -> None:
    outcome, predictors = simulated(seed)
    fit = proportional_odds(outcome, predictors, names=["a", "b"])
    other = OrderedModel(outcome.astype(int), predictors, distr="logit").fit(method="bfgs", disp=0, gtol=1e-8)
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-6)
    assert [term.coefficient for term in fit.terms] == pytest.approx(other.params[:2].tolist(), abs=1e-4)
    assert [term.standard_error for term in fit.terms] == pytest.approx(other.bse[:2].tolist(), rel=1e-3)


def test_two_levels_are_a_logistic_regression() -> None:
    outcome, predictors = simulated(5)
    fit = proportional_odds(outcome > 1, predictors, names=["a", "b"])
    other = sm.Logit(outcome > 1, sm.add_constant(predictors)).fit(disp=0, tol=1e-12)
    assert [term.coefficient for term in fit.terms] == pytest.approx(other.params[1:].tolist(), abs=1e-8)
    assert [term.standard_error for term in fit.terms] == pytest.approx(other.bse[1:].tolist(), rel=1e-7)
    assert fit.cuts == pytest.approx((-other.params[0],), abs=1e-8)
    assert fit.parallel == ()


def test_levels_read_from_the_other_end_invert_the_ratios() -> None:
    outcome, predictors = simulated(6)
    fit = proportional_odds(outcome, predictors, names=["a", "b"])
    turned = proportional_odds(7 - 2 * outcome, 100 + 10 * predictors, names=["a", "b"])
    for one, other in zip(fit.terms, turned.terms, strict=True):
        assert other.coefficient == pytest.approx(-one.coefficient / 10, rel=1e-7)
        assert other.interval.low == pytest.approx(-one.interval.high / 10, rel=1e-6)
        assert other.p == pytest.approx(one.p, abs=1e-9)
    for before, after in zip(fit.parallel, turned.parallel, strict=True):
        assert after.statistic == pytest.approx(before.statistic, rel=1e-6)


def test_slopes_at_all_cuts_are_compared_with_the_covariance_that_simulation_gives() -> None:
    # Under the model the joint statistic has mean equal to its degrees of freedom.
    statistics = []
    for seed in range(150):
        outcome, predictors = simulated(1000 + seed, rows=400)
        statistics.append(proportional_odds(outcome, predictors, names=["a", "b"]).parallel[-1].statistic)
    found = np.array(statistics, dtype=float)
    assert found.mean() == pytest.approx(4, abs=4 * np.sqrt(8 / 150))
    tilted, predictors = simulated(3, rows=1000, tilt=0.4)
    tests = {test.name: test for test in proportional_odds(tilted, predictors, names=["a", "b"]).parallel}
    assert tests["a"].p is not None
    assert tests["b"].p is not None
    assert tests["a"].p < 1e-4 < tests["b"].p
    assert (tests["a"].freedom, tests["all"].freedom) == (2, 4)


def test_a_site_enters_by_its_indicators() -> None:
    outcome, predictors = simulated(8)
    columns, names = indicators([f"s{row % 3}" for row in range(200)], name="site")
    fit = proportional_odds(outcome, np.column_stack([predictors, columns]), names=["a", "b", *names])
    assert [term.name for term in fit.terms] == ["a", "b", "site s1", "site s2"]


def test_a_predictor_that_decides_the_level_has_a_one_sided_interval() -> None:
    fit = proportional_odds([0, 0, 1, 1, 2, 2], [1, 2, 3, 4, 5, 6], names=["dose"])
    assert fit.terms[0].ratio == inf
    assert 0 < fit.terms[0].interval.low < inf
    assert "no finite estimate" in str(fit.note)
    assert fit.parallel[-1].statistic is None


def test_one_level_is_refused() -> None:
    with pytest.raises(ValueError) as caught:
        proportional_odds([1, 1, 1], [1, 2, 3], names=["dose"])
    assert "same outcome" in str(caught.value)


@pytest.mark.slow
def test_intervals_cover_the_true_ratio_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(1000):
        outcome, predictors = simulated(5000 + seed, rows=80)
        fit = proportional_odds(outcome, predictors, names=["a", "b"])
        inside += (0.7 in fit.terms[0].interval) + (-0.5 in fit.terms[1].interval)
    assert 0.93 < inside / 2000 < 0.965
