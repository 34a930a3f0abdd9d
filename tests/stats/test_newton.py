from __future__ import annotations

from math import inf, log

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special

from wearoff.stats.newton import NotConvergedError, Surface, logistic, maximise, profile_term

Array = npt.NDArray[np.float64]


def binomial(events: int, total: int) -> Surface:
    """The log-likelihood of a proportion on the logit scale."""

    def surface(at: Array) -> tuple[float, Array, Array]:
        share = special.expit(at)
        value = events * special.log_expit(at) + (total - events) * special.log_expit(-at)
        return float(value[0]), events - total * share, -np.diag(total * share * (1 - share))

    return surface


def test_the_top_and_the_profile_of_a_proportion_have_closed_forms() -> None:
    surface = binomial(3, 10)
    peak = maximise(surface, np.zeros(1))
    assert peak.at[0] == pytest.approx(log(3 / 7), abs=1e-10)
    assert peak.covariance()[0, 0] == pytest.approx(1 / 3 + 1 / 7, rel=1e-9)
    term = profile_term(surface, peak, 0, "logit")
    for limit in (term.interval.low, term.interval.high):
        assert 2 * (peak.value - surface(np.array([limit]))[0]) == pytest.approx(3.841459, abs=1e-6)
    assert term.p == pytest.approx(special.chdtrc(1, 2 * (peak.value - 10 * log(0.5))), abs=1e-12)


def test_a_likelihood_that_rises_for_ever_is_unbounded_with_one_limit() -> None:
    surface = binomial(0, 10)
    peak = maximise(surface, np.zeros(1))
    assert peak.unbounded.tolist() == [True]
    term = profile_term(surface, peak, 0, "logit")
    assert (term.coefficient, term.interval.low) == (-inf, -inf)
    # 10 log(1 - p) = -3.841459 / 2
    assert special.expit(term.interval.high) == pytest.approx(1 - np.exp(-3.841459 / 20), abs=1e-6)


def test_nearly_collinear_predictors_are_not_taken_for_unbounded() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    twin = x + 1e-3 * rng.normal(size=300)
    design = np.column_stack([np.ones(300), x, twin / twin.std()])
    events = (rng.random(300) < special.expit(x)).astype(float)
    peak = maximise(logistic(events, design), np.zeros(3))
    assert not peak.unbounded.any()
    assert np.abs(design.T @ (events - special.expit(design @ peak.at))).max() < 1e-6
    assert np.sqrt(peak.covariance()[1, 1]) > 100


def test_the_scale_of_a_predictor_divides_everything_but_p() -> None:
    surface = binomial(3, 10)
    peak = maximise(surface, np.zeros(1))
    one, other = profile_term(surface, peak, 0, "x"), profile_term(surface, peak, 0, "x", scale=4.0)
    assert other.coefficient == pytest.approx(one.coefficient / 4)
    assert other.interval.low == pytest.approx(one.interval.low / 4)
    assert other.p == one.p


def test_a_flat_likelihood_is_not_taken_for_a_maximum() -> None:
    with pytest.raises(NotConvergedError):
        maximise(lambda at: (0.0, np.zeros(1), np.zeros((1, 1))), np.zeros(1))


def test_two_endless_parameters_that_make_up_for_each_other_say_nothing() -> None:
    design = np.column_stack([np.ones(6), [-2.0, -1, -1, 1, 1, 2], [-1.0, -1, -2, 2, 1, 1]])
    surface = logistic(np.array([0.0, 0, 0, 1, 1, 1]), design)
    peak = maximise(surface, np.zeros(3))
    assert peak.unbounded[1:].all()
    term = profile_term(surface, peak, 1, "x")
    assert (term.coefficient, term.interval.low, term.interval.high) == (inf, -inf, inf)
    assert term.p == pytest.approx(1, abs=1e-3)
