from __future__ import annotations

import itertools
from math import inf

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize

from tests.stats.published import COSMESIS_CHEMOTHERAPY, COSMESIS_RADIOTHERAPY, INF, cosmesis
from wearoff.stats import cox, interval_regression

Array = npt.NDArray[np.float64]


def both_groups() -> tuple[Array, Array, Array]:
    alone, more = cosmesis(COSMESIS_RADIOTHERAPY), cosmesis(COSMESIS_CHEMOTHERAPY)
    group = np.repeat([0.0, 1.0], [len(alone[0]), len(more[0])])
    return np.concatenate([alone[0], more[0]]), np.concatenate([alone[1], more[1]]), group


def simulated(seed: int, rows: int = 200, exponent: float = 1.0) -> tuple[Array, Array, Array, Array]:
    """True times with a hazard ratio of exp(0.7), their windows between visits, and the group."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, rows).astype(float)
    true = 12 * rng.exponential(np.exp(-0.7 * group)) ** (1 / exponent)
    visits = np.column_stack(
        [np.zeros(rows), np.cumsum(rng.uniform(3, 9, (rows, 4)), axis=1), np.full(rows, INF)]
    )
    after = (visits[:, 1:-1] < true[:, None]).sum(axis=1)
    places = np.arange(rows)
    return true, visits[places, after], visits[places, after + 1], group


def height(log_scale: float, shape: float, beta: float, data: tuple[Array, Array, Array]) -> float:
    left, right, group = data
    hazard = np.exp(log_scale + beta * group)
    gone = np.exp(-hazard * np.where(np.isinf(right), 0, right) ** shape) * np.isfinite(right)
    return float(np.log(np.exp(-hazard * left**shape) - gone).sum())


def test_the_retraction_of_the_breast_has_the_weibull_fit_of_a_librarys() -> None:
    fit = interval_regression(*both_groups(), names=["chemotherapy"])
    # lifelines 0.30.3, WeibullAFTFitter.fit_interval_censoring, coefficients turned into hazards
    assert fit.log_likelihood == pytest.approx(-143.3208271, abs=1e-6)
    assert fit.shape == pytest.approx(1.61462, abs=2e-5)
    assert fit.terms[0].coefficient == pytest.approx(0.91638, abs=2e-5)
    assert (fit.rows, fit.events) == (94, 56)


def test_the_weibull_fit_is_the_top_of_its_likelihood_and_the_limits_of_its_profile() -> None:
    data = both_groups()
    fit = interval_regression(*data, names=["chemotherapy"])

    def profile(beta: float) -> float:
        found = minimize(
            lambda at: -height(at[0], np.exp(at[1]), beta, data),
            [-5.0, 0.4],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000},
        )
        return -float(found.fun)

    term = fit.terms[0]
    assert profile(term.coefficient) == pytest.approx(fit.log_likelihood, abs=1e-7)
    for limit in (term.interval.low, term.interval.high):
        assert 2 * (fit.log_likelihood - profile(limit)) == pytest.approx(3.841459, abs=1e-5)
    assert fit.likelihood_ratio == pytest.approx(2 * (fit.log_likelihood - profile(0.0)), abs=1e-6)
    assert term.p == pytest.approx(fit.p, abs=1e-9)


def test_a_constant_hazard_on_known_times_has_a_closed_form() -> None:
    rng = np.random.default_rng(1)
    times, events, group = rng.exponential(5, 60), rng.random(60) < 0.6, rng.integers(0, 2, 60)
    fit = interval_regression(times, np.where(events, times, INF), group, names=["group"], knots=[])
    rates = [events[group == g].sum() / times[group == g].sum() for g in (0, 1)]
    assert fit.terms[0].ratio == pytest.approx(rates[1] / rates[0], rel=1e-8)
    assert fit.hazards == pytest.approx((rates[0],), rel=1e-8)
    error = np.sqrt(sum(1 / events[group == g].sum() for g in (0, 1)))
    assert fit.terms[0].standard_error == pytest.approx(error, rel=1e-7)
    expected = sum(events[group == g].sum() * (np.log(rates[g]) - 1) for g in (0, 1))
    assert fit.log_likelihood == pytest.approx(expected, abs=1e-8)


def test_hazards_between_knots_on_known_times_are_events_over_time_in_each_piece() -> None:
    rng = np.random.default_rng(3)
    times = rng.exponential(5, 4000)
    times, events = np.minimum(times, 12.0), times < 12.0
    group = np.tile([0.0, 1.0], 2000)
    fit = interval_regression(times, np.where(events, times, INF), group, names=["group"], knots=[3.0, 6.0])
    bounds = [0.0, 3.0, 6.0, INF]
    ratio = fit.terms[0].ratio
    for piece, (begin, end) in enumerate(itertools.pairwise(bounds)):
        spent = np.clip(times, begin, end) - begin
        seen = (events & (times > begin) & (times <= end)).sum()
        assert fit.hazards[piece] == pytest.approx(seen / (spent * ratio**group).sum(), rel=1e-6)


@pytest.mark.parametrize("knots", [None, [5.0, 12.0]])
def test_swapped_groups_invert_the_ratio_and_units_do_not_matter(knots: list[float] | None) -> None:
    _, left, right, group = simulated(4)
    fit = interval_regression(left, right, group, names=["group"], knots=knots)
    turned = interval_regression(
        left * 7,
        right * 7,
        1 - group,
        names=["group"],
        knots=None if knots is None else [7 * knot for knot in knots],
    )
    assert turned.terms[0].ratio == pytest.approx(1 / fit.terms[0].ratio, rel=1e-6)
    assert turned.terms[0].ratio_interval.low == pytest.approx(1 / fit.terms[0].ratio_interval.high, rel=1e-5)
    if knots is None:
        assert turned.shape == pytest.approx(fit.shape, rel=1e-6)
    else:
        hazards = np.array(fit.hazards) * fit.terms[0].ratio / 7
        assert turned.hazards == pytest.approx(hazards.tolist(), rel=1e-6)


def test_narrow_windows_say_what_known_times_say() -> None:
    true, _, _, group = simulated(5, rows=4000)
    seen = true < 20
    end = np.minimum(true, 20.0)
    known = interval_regression(end, np.where(seen, end, INF), group, names=["group"])
    narrow = interval_regression(end * (1 - 1e-5), np.where(seen, end, INF), group, names=["group"])
    assert narrow.terms[0].coefficient == pytest.approx(known.terms[0].coefficient, abs=1e-4)
    assert narrow.shape == pytest.approx(known.shape, abs=1e-4)
    assert known.terms[0].coefficient == pytest.approx(
        cox(end, seen, group, names=["group"]).terms[0].coefficient, abs=0.02
    )


@pytest.mark.parametrize("knots", [None, [6.0, 12.0]])
def test_the_true_ratio_is_found_from_windows(knots: list[float] | None) -> None:
    _, left, right, group = simulated(6, rows=4000, exponent=1.5 if knots is None else 1.0)
    fit = interval_regression(left, right, group, names=["group"], knots=knots)
    assert fit.terms[0].coefficient == pytest.approx(0.7, abs=0.12)
    if knots is None:
        assert fit.shape == pytest.approx(1.5, abs=0.1)
    else:
        assert fit.hazards == pytest.approx([1 / 12] * 3, rel=0.2)


def test_a_group_without_any_event_has_a_one_sided_interval() -> None:
    left = np.array([0.0, 6, 0, 12, 6, 18, 18, 24, 24, 12])
    right = np.array([6.0, 12, 6, 18, 12] + [INF] * 5)
    group = np.array([0.0] * 5 + [1.0] * 5)
    fit = interval_regression(left, right, group, names=["group"])
    assert fit.terms[0].ratio == 0
    assert fit.terms[0].interval.low == -inf
    assert fit.terms[0].ratio_interval.high < 1
    assert "one side" in str(fit.note)


def test_no_event_and_descending_knots_are_refused() -> None:
    with pytest.raises(ValueError) as caught:
        interval_regression([1, 2], [INF, INF], [0, 1], names=["group"])
    assert "no event" in str(caught.value)
    with pytest.raises(ValueError) as caught:
        interval_regression([1, 2, 3], [2, 3, INF], [0, 1, 1], names=["group"], knots=[3, 2])
    assert "ascend" in str(caught.value)


@pytest.mark.slow
def test_intervals_cover_the_true_ratio_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(1000):
        _, left, right, group = simulated(50_000 + seed, rows=80)
        inside += 0.7 in interval_regression(left, right, group, names=["group"]).terms[0].interval
    assert 0.93 < inside / 1000 < 0.967
