from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from wearoff.dosing.by_dose import QUANTILES
from wearoff.dosing.follow import _Task, forecasts, weight_differences
from wearoff.dosing.forecast import Forecast
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.solve import simulate, steady_state
from wearoff.dosing.pk.virtual import draw_patients, truncated_weights
from wearoff.dosing.plan import Plan, cut
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.schedule import Schedule, ScheduledDose

MODEL = load_model()


def follow(
    regimen: Regimen, weight: float = 75.0, spread: float = 0.0, draws: int = 50, **more: Any
) -> Forecast:
    plan = Plan("population", regimen, weight, spread, is_population=True)
    return next(forecasts([plan], MODEL, draws=draws, seed=1, **more))


def test_the_typical_patient_reaches_the_steady_state_of_the_model() -> None:
    found = follow(every(4, times=30))
    settled = steady_state(MODEL.typical(75), 4)
    assert found.troughs.typical[-1] == pytest.approx(settled.trough.item(), rel=1e-6)
    assert found.peaks.typical[-1] == pytest.approx(settled.peak.item(), rel=1e-6)
    assert (found.runs[0].interval_d, found.runs[0].intervals, found.runs[0].is_settled) == (28, 29, True)


def test_the_fall_of_a_longer_interval_is_measured_against_the_four_weekly_run() -> None:
    found = follow(every(4, times=14).then(every(6, times=10)))
    four, six = found.runs
    assert four.fall is None
    assert six.fall == pytest.approx(1 - six.trough.value / four.trough.value)
    assert six.fall_error is not None
    assert 0.5 < six.fall < 0.8


def test_bands_are_in_order() -> None:
    found = follow(every(4, times=3), draws=100).by_day
    assert found is not None
    for lower, upper in pairwise(("p05", "p25", "p50", "p75", "p95")):
        assert bool(np.all(found.bands[lower] <= found.bands[upper]))
    assert bool(np.all(found.saturation_low <= found.saturation_high))


def test_weights_of_copies_keep_the_mean_and_the_limits_of_the_model() -> None:
    plan = Plan("A", every(4), 79.0, 20.0)
    weights = 79 + weight_differences(plan, MODEL, 20_000, seed=3)
    low, high = MODEL.domain.weight_kg
    assert low <= weights.min() <= weights.max() <= high
    assert weights.mean() == pytest.approx(80, abs=1.0)
    assert weights.std() == pytest.approx(19, abs=1.0)


def bands(found: Forecast) -> Any:
    assert found.by_day is not None
    return found.by_day.bands


def test_a_forecast_does_not_depend_on_the_plans_beside_it() -> None:
    alone = follow(every(4, times=3), draws=20)
    plans = [
        Plan("other", every(6, times=2), 90.0),
        Plan("population", every(4, times=3), 75.0, is_population=True),
    ]
    beside = list(forecasts(plans, MODEL, draws=20, seed=1))[1]
    np.testing.assert_allclose(bands(alone)["p50"], bands(beside)["p50"], rtol=1e-12)


CHANGED = every(4, times=8).then(every(6, times=5))
"""Infusions, at two intervals."""
INJECTED = every(4, times=4, is_subcutaneous=True)
INSIDE = {"until_weeks": 8 + 0.5 / 168}
"""An end while the third infusion still runs."""


@pytest.mark.parametrize(
    ("regimen", "uncertain", "more"),
    [(CHANGED, False, {}), (CHANGED, True, {}), (INJECTED, False, {}), (CHANGED, False, INSIDE)],
)
def test_both_ways_follow_the_same_people_to_the_same_figures(
    regimen: Regimen, uncertain: bool, more: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {
        "draws": 3000,
        "targets": (5.0, 20.0),
        "parameter_uncertainty": uncertain,
        **more,
    }
    day = follow(regimen, 79.0, 20.0, **given)
    monkeypatch.setattr("wearoff.dosing.follow.MOST_BY_DAY", 2999)
    dose = follow(regimen, 79.0, 20.0, **given)
    assert day.by_day is not None
    assert dose.by_day is None
    # by day an injection's peak is the highest of the days, which lies a little below the highest of all times
    for kind, exact in (("troughs", 2e-4), ("peaks", 3e-3 if regimen is INJECTED else 2e-4)):
        ours, theirs = getattr(day, kind), getattr(dose, kind)
        np.testing.assert_allclose(ours.typical, theirs.typical, rtol=1e-8)
        np.testing.assert_allclose(theirs.mean, ours.mean, rtol=exact, atol=1e-4)
        np.testing.assert_allclose(theirs.sd, ours.sd, rtol=2 * exact, atol=1e-4)
        for name in QUANTILES:
            # the one way takes a point between two neighbours in the order of size, the other one of the two
            apart = 0.05 if name == "p05" else 0.01
            np.testing.assert_allclose(theirs.quantiles[name], ours.quantiles[name], rtol=apart, atol=2e-3)
    for target in given["targets"]:
        # a level within 1e-4 of the target may count on the other side
        np.testing.assert_allclose(dose.shares[target], day.shares[target], atol=1.01 / given["draws"])
    assert len(day.runs) == len(dose.runs)
    for ours, theirs in zip(day.runs, dose.runs, strict=True):
        assert theirs.trough.error == pytest.approx(ours.trough.error, rel=1e-3)
        if ours.fall is not None:
            assert theirs.fall == pytest.approx(ours.fall, rel=1e-4)
            assert theirs.fall_error == pytest.approx(ours.fall_error, rel=1e-3)
    if uncertain:
        assert day.numbers is not None
        assert day.numbers == dose.numbers


def test_a_streamed_population_is_that_of_the_days_within_its_monte_carlo_error() -> None:
    few = follow(CHANGED, 79.0, 20.0, draws=10_000, targets=(5.0,))
    plan = Plan("population", CHANGED, 79.0, 20.0, is_population=True)
    many = next(forecasts([plan], MODEL, draws=20_000, seed=2, targets=(5.0,)))
    assert many.by_day is None
    pair = np.sqrt(1 / 10_000 + 1 / 20_000)
    for kind in ("troughs", "peaks"):
        ours, theirs = getattr(few, kind), getattr(many, kind)
        assert bool(np.all(np.abs(ours.mean - theirs.mean) <= 4 * pair * ours.sd))
    share, other = few.shares[5.0], many.shares[5.0]
    middle = (share + 2 * other) / 3
    assert bool(np.all(np.abs(share - other) <= 4 * pair * np.sqrt(middle * (1 - middle))))
    first, second = few.runs[1], many.runs[1]
    assert first.fall is not None
    assert second.fall is not None
    errors = (first.fall_error or 0.0, second.fall_error or 0.0)
    assert abs(first.fall - second.fall) <= 4 * float(np.hypot(*errors))


def test_a_smaller_population_is_the_beginning_of_a_larger_one() -> None:
    small, large = (people(draws) for draws in (300, 500))
    np.testing.assert_array_equal(small, large[:300])


def people(draws: int) -> Any:
    plan, times = cut(Plan("population", every(4, times=2), 79.0, 20.0, is_population=True), None)
    return _Task(plan, times, MODEL, draws, 1, (), None, {}).people(0, draws).clearance


def test_shares_are_those_of_numpy_on_the_same_draws() -> None:
    found = follow(every(6, times=5), 79.0, 20.0, draws=500, targets=(3.0,))
    drawn = draw_patients(MODEL, truncated_weights(79, 20, 40, 130), 0, 500, 1)
    levels = simulate_population(drawn, every(6, times=6), accuracy=1e-9).trough
    np.testing.assert_array_equal(found.shares[3.0], (levels >= 3.0).mean(axis=0))


def test_parameter_uncertainty_widens_the_band_and_keeps_the_typical_patient_and_the_seed() -> None:
    plain, wide, again = (
        follow(every(4, times=4), draws=1500, parameter_uncertainty=is_on) for is_on in (False, True, True)
    )
    np.testing.assert_allclose(plain.typical, wide.typical, rtol=1e-8)
    for kind in ("troughs", "peaks"):
        narrow, broad = (getattr(found, kind) for found in (plain, wide))
        width, more = (found.quantiles["p95"][-1] - found.quantiles["p05"][-1] for found in (narrow, broad))
        assert more > 1.01 * width
    np.testing.assert_array_equal(again.troughs.mean, wide.troughs.mean)
    assert plain.numbers is None
    assert wide.numbers is not None
    assert wide.numbers.redrawn > 0
    assert "clearance.typical" in wide.numbers.names
    assert wide.numbers.kept["bioavailability.typical"] == "no interval was published"


def test_copies_of_a_patient_with_parameter_uncertainty_are_those_of_the_model() -> None:
    plan = Plan("A", every(4, times=2), 70.0)
    found = next(forecasts([plan], MODEL, draws=30, seed=4, parameter_uncertainty=True, targets=(10.0,)))
    drawn = MODEL.draw(70.0, ("A",), 30, 4, parameter_draws=MODEL.draw_parameters(30, 4))
    levels = simulate(drawn, [every(4, times=2)], [np.array([28.0, 56.0])])[0]
    np.testing.assert_allclose(found.troughs.mean[1:], levels.mean(axis=0), rtol=1e-9)
    np.testing.assert_array_equal(found.shares[10.0][1:], (levels >= 10).mean(axis=0))


def test_more_copies_of_one_patient_than_can_be_followed_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 10000 copies of one patient"):
        next(forecasts([Plan("A", every(4, times=2), 70.0)], MODEL, draws=10_001, seed=1))


@pytest.mark.parametrize("uncertain", [False, True])
def test_what_changes_on_a_day_is_the_same_day_by_day_and_streamed(uncertain: bool) -> None:
    regimen = every(4, times=5).exchanged([60.0, 62.0], 0.7)
    plan = Plan(
        "population",
        regimen,
        np.array([70.0, 95.0]),
        12.0,
        is_population=True,
        weight_d=np.array([0.0, 30.0]),
        antibodies_from_d=90.0,
    )
    few, many = (
        next(forecasts([plan], MODEL, draws=draws, seed=1, parameter_uncertainty=uncertain))
        for draws in (4000, 12_000)
    )
    assert many.by_day is None
    np.testing.assert_allclose(few.typical, many.typical, rtol=1e-9)
    error = few.troughs.sd * np.sqrt(1 / 4000 + 1 / 12_000)
    assert (np.abs(few.troughs.mean - many.troughs.mean)[1:] <= 4 * error[1:]).all()
    # without them the same people have more drug at the end
    usual = next(forecasts([Plan("population", every(4, times=5), 70.0, 12.0, is_population=True)],
                           MODEL, draws=4000, seed=1))  # fmt: skip
    assert few.troughs.mean[-1] < 0.4 * usual.troughs.mean[-1]


def test_antibodies_multiply_the_linear_clearance_from_their_day_on() -> None:
    plan = Plan("A", every(4, times=3), 75.0, antibodies_from_d=28.0)
    found = next(forecasts([plan], MODEL, draws=20, seed=1))
    usual = next(forecasts([Plan("A", every(4, times=3), 75.0)], MODEL, draws=20, seed=1))
    is_before = found.day <= 28
    np.testing.assert_allclose(found.typical[is_before], usual.typical[is_before], rtol=1e-9)
    typical = MODEL.typical(75.0)
    faster = replace(typical, clearance=2.45 * typical.clearance)
    after = simulate(faster, [every(4, times=2)], [np.array([28.0])])[0][0, 0]
    before = simulate(typical, [every(4, times=1)], [np.array([28.0])])[0][0, 0]
    assert after < found.typical[found.day == 56][0] < after + before


def test_a_patient_in_steady_state_begins_there() -> None:
    dose = ScheduledDose(0.0, 300.0, 1 / 24, every_d=28.0, further=3, steady=1)
    schedule = Schedule((dose,))
    plan = Plan("A", schedule.regimen(), 75.0, schedule=schedule)
    found = next(forecasts([plan], MODEL, draws=20, seed=1))
    np.testing.assert_allclose(found.troughs.typical, found.troughs.typical[0], rtol=1e-6)
    assert found.troughs.typical[0] == pytest.approx(25.59, abs=0.01)
