from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from wearoff.dosing.forecast import Forecast, Plan, forecasts, weight_differences
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import steady_state
from wearoff.dosing.regimen import Regimen, every

MODEL = load_model()


def follow(
    regimen: Regimen, weight: float = 75.0, spread: float = 0.0, draws: int = 50, **more: float
) -> Forecast:
    return next(forecasts([Plan("population", regimen, weight, spread)], MODEL, draws=draws, seed=1, **more))  # type: ignore[arg-type]


def test_the_typical_patient_reaches_the_steady_state_of_the_model() -> None:
    found = follow(every(4, times=30))
    settled = steady_state(MODEL.typical(75), 4)
    assert found.troughs[-1].typical == pytest.approx(settled.trough.item(), rel=1e-6)
    assert found.peaks[-1].typical == pytest.approx(settled.peak.item(), rel=1e-6)
    assert (found.runs[0].interval_d, found.runs[0].intervals, found.runs[0].is_settled) == (28, 29, True)


def test_the_fall_of_a_longer_interval_is_measured_against_the_four_weekly_run() -> None:
    found = follow(every(4, times=14).then(every(6, times=10)))
    four, six = found.runs
    assert four.fall is None
    assert six.fall == pytest.approx(1 - six.trough.value / four.trough.value)
    assert six.fall_error is not None
    assert 0.5 < six.fall < 0.8


def test_bands_are_in_order_and_the_columns_have_one_length() -> None:
    found = follow(every(4, times=3), draws=100)
    names = ("p05", "p25", "p50", "p75", "p95")
    for lower, upper in pairwise(names):
        assert bool(np.all(found.bands[lower] <= found.bands[upper]))
    assert {len(values) for values in found.columns().values()} == {found.day.size}
    assert bool(np.all(found.saturation_low <= found.saturation_high))


def test_the_end_asked_for_cuts_the_doses_after_it() -> None:
    found = follow(every(4, times=14), until_weeks=9)
    assert found.plan.regimen.number == 3
    assert found.day[-1] == 63


def test_what_leaves_the_data_of_the_model_is_said_from_there_on() -> None:
    found = follow(every(10, times=2))
    late = found.day > 56
    assert {text for text, is_late in zip(found.outside, late, strict=True) if not is_late and text} == set()
    assert "more than 8 weeks after a dose" in found.outside[int(np.flatnonzero(late)[1])]
    assert all("weight 160 kg outside" in text for text in follow(every(4, times=2), weight=160).outside)


def test_weights_of_a_population_keep_the_mean_and_the_limits_of_the_model() -> None:
    plan = Plan("population", every(4), 79.0, 20.0)
    weights = 79 + weight_differences(plan, MODEL, 20_000, seed=3)
    low, high = MODEL.domain.weight_kg
    assert low <= weights.min() <= weights.max() <= high
    assert weights.mean() == pytest.approx(80, abs=1.0)
    assert weights.std() == pytest.approx(19, abs=1.0)


def test_a_forecast_does_not_depend_on_the_plans_beside_it() -> None:
    alone = follow(every(4, times=3), draws=20).bands["p50"]
    plans = [Plan("other", every(6, times=2), 90.0), Plan("population", every(4, times=3), 75.0)]
    beside = list(forecasts(plans, MODEL, draws=20, seed=1))[1].bands["p50"]
    np.testing.assert_allclose(alone, beside, rtol=1e-12)
