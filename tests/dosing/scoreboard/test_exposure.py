"""The computations of exposure against closed forms, an independent integrator and the tests of their parts."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracles.ode import concentration
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import steady_state
from wearoff.dosing.regimen import every
from wearoff.dosing.scoreboard import exposure
from wearoff.dosing.scoreboard.simulations import Simulations
from wearoff.sources import figure

SIMULATIONS = Simulations(load_model(), 60, 2, 3)


def test_means_of_peak_and_trough_are_those_of_another_solver() -> None:
    settled = steady_state(SIMULATIONS.parameters, 6)
    trough = exposure.mean_trough(SIMULATIONS, {"weeks": 6})
    peak = exposure.mean_peak(SIMULATIONS, {"weeks": 6})
    assert trough.value == pytest.approx(np.mean(settled.trough), rel=1e-3)
    assert peak.value == pytest.approx(np.mean(settled.peak), rel=1e-3)
    assert trough.error == pytest.approx(np.std(settled.trough, ddof=1) / np.sqrt(60), rel=1e-2)


def test_measured_peaks_spread_by_patients_and_by_the_residual_error() -> None:
    peak = SIMULATIONS.steady(4).peak
    cv = load_model().residual_proportional.value
    many = Simulations(load_model(), 4000, 2, 3)
    found = exposure.spread_of_measured_peaks(many, {"weeks": 4}).value
    true = many.steady(4).peak
    expected = np.sqrt(true.var() + cv**2 * (true**2).mean())  # the noise does not depend on the level
    assert found == pytest.approx(expected, rel=0.05)
    assert found > peak.std()


def test_the_fall_of_a_trough_and_its_ratio_say_the_same() -> None:
    ratio = exposure.ratio_of_troughs(SIMULATIONS, {"weeks": 6, "over_weeks": 4})
    fall = exposure.fall_of_trough(SIMULATIONS, {"weeks": 6})
    assert fall.value == pytest.approx(100 * (1 - ratio.value))
    assert fall.error == pytest.approx(100 * ratio.error)
    assert exposure.fall_of_trough(SIMULATIONS, {"weeks": 4}).value == 0


def test_the_error_of_a_ratio_is_that_of_repeated_populations() -> None:
    several = [Simulations(load_model(), 60, 2, seed) for seed in range(40)]
    found = [exposure.ratio_of_troughs(each, {"weeks": 6, "over_weeks": 4}) for each in several]
    seen = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.error for each in found]) == pytest.approx(seen, rel=0.35)


def test_the_typical_patient_settles_when_an_independent_integrator_says_so() -> None:
    regimen = every(4, times=25)
    trough = concentration(SIMULATIONS.typical, regimen, regimen.start_d)
    first = next(index for index, level in enumerate(trough) if level >= 0.95 * trough[-1])
    assert exposure.weeks_to_settle(SIMULATIONS, {"weeks": 4}).value == 4 * first


@pytest.mark.parametrize("times", [1.43, 1.0, 0.57])
def test_clearance_changes_by_the_power_of_the_weight(times: float) -> None:
    found = exposure.change_of_clearance(SIMULATIONS, {"times": times})
    assert found.value == pytest.approx(100 * (times**0.60 - 1))


def test_the_level_under_the_skin_is_highest_where_an_independent_integrator_has_it() -> None:
    day = exposure.subcutaneous_peak_day(SIMULATIONS, {}).value
    near = np.array([day - 0.05, day, day + 0.05])
    before, at, after = concentration(SIMULATIONS.typical, every(4, times=1, is_subcutaneous=True), near)
    assert at > before
    assert at > after


def test_a_dose_under_the_skin_has_a_lower_peak_than_the_same_into_a_vein() -> None:
    under, share = (
        f(SIMULATIONS, {}).value for f in (exposure.subcutaneous_peak, exposure.subcutaneous_share)
    )
    into = 100 * under / share
    assert 0 < share < 84  # not above the share that is absorbed
    assert into == pytest.approx(
        exposure.mean_peak(SIMULATIONS, {"weeks": 12}).value, rel=0.02
    )  # nothing is left


def test_exchanges_lower_the_level_more_when_they_begin_early() -> None:
    early, late = (
        exposure.fall_under_exchange(SIMULATIONS, {"first_d": day, "span_d": 7.0}).value
        for day in (1.0, 14.0)
    )
    assert (round(early), round(late)) == (92, 80)


@pytest.mark.parametrize(
    ("curve", "formula"),
    [
        ("ec50_only", lambda c: c / (2.51 + c)),
        ("bridge", lambda c: 0.177 + 0.775 * c / (2.51 + c)),
        ("trough_pairs_low", lambda c: 0.93 * c / (2.0 + c)),
        ("trough_pairs_high", lambda c: c / (5.1 + c)),
    ],
)
def test_saturation_at_a_published_level_and_over_people_follows_the_curve(curve, formula) -> None:
    at = exposure.saturation_at(SIMULATIONS, {"level": "P090", "curve": curve})
    assert (at.value, at.error) == (pytest.approx(100 * formula(35.7)), 0)
    trough = SIMULATIONS.steady(4).trough
    mean = exposure.mean_saturation(SIMULATIONS, {"weeks": 4, "curve": curve})
    middle = exposure.median_saturation(SIMULATIONS, {"weeks": 4, "curve": curve})
    assert mean.value == pytest.approx(100 * formula(trough).mean())
    assert middle.value == pytest.approx(100 * np.median(formula(trough)))


def test_a_row_that_is_no_single_level_is_refused() -> None:
    assert figure("P101").number is None
    with pytest.raises(ValueError, match="P101 is no single concentration"):
        exposure.saturation_at(SIMULATIONS, {"level": "P101", "curve": "bridge"})
