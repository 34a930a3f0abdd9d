"""Concentration and saturation computed as they were published: means over people, ratios, times.

Every function takes the shared simulations and the settings of its entry, and gives a value with its Monte Carlo
error (one SD), which is 0 for the typical patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.modifiers import exchange_share
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.published_dosing import Estimate
from wearoff.dosing.regimen import every
from wearoff.dosing.scoreboard.simulations import TYPICAL_KG, Simulations
from wearoff.sources import figure

if TYPE_CHECKING:
    from jaxtyping import Float

Settings = Mapping[str, float | str]

_DOSES = 14
_SETTLED_SHARE = 0.95
_FINE_D = 0.01


def mean_peak(simulations: Simulations, settings: Settings) -> Estimate:
    """The mean settled peak at an interval of `weeks`, mg/L."""
    return _mean(simulations.steady(_number(settings, "weeks")).peak)


def spread_of_measured_peaks(simulations: Simulations, settings: Settings) -> Estimate:
    """The SD of settled peaks as a laboratory would read them, mg/L; its error as for a normal sample."""
    measured = simulations.steady(_number(settings, "weeks")).peak * simulations.noise
    spread = float(measured.std(ddof=1))
    return Estimate(spread, float(spread / np.sqrt(2 * (measured.size - 1))))


def mean_trough(simulations: Simulations, settings: Settings) -> Estimate:
    """The mean settled trough at an interval of `weeks`, mg/L."""
    return _mean(simulations.steady(_number(settings, "weeks")).trough)


def fall_of_trough(simulations: Simulations, settings: Settings) -> Estimate:
    """By how much the mean settled trough at `weeks` lies below that at 4 weeks, %."""
    ratio = _ratio(simulations, _number(settings, "weeks"), 4.0)
    return Estimate(100 * (1 - ratio.value), 100 * ratio.error)


def ratio_of_troughs(simulations: Simulations, settings: Settings) -> Estimate:
    """The mean settled trough at `weeks` over that at `over_weeks`."""
    return _ratio(simulations, _number(settings, "weeks"), _number(settings, "over_weeks"))


def weeks_to_settle(simulations: Simulations, settings: Settings) -> Estimate:
    """When the trough of the typical patient is within 5 % of the settled one, weeks after the first dose."""
    from wearoff.dosing.pk.population import simulate_population, steady_population

    weeks = _number(settings, "weeks")
    trough = simulate_population(simulations.typical, every(weeks, times=_DOSES)).trough[0]
    settled = steady_population(simulations.typical, weeks).trough[0]
    is_near = trough >= _SETTLED_SHARE * settled
    return Estimate(weeks * int(np.argmax(is_near)) if is_near.any() else np.inf, 0.0)


def change_of_clearance(simulations: Simulations, settings: Settings) -> Estimate:
    """By how much the linear clearance changes with a weight of `times` the usual one, %."""
    usual, other = (
        float(simulations.model.typical(kg).clearance[0, 0, 0])
        for kg in (TYPICAL_KG, TYPICAL_KG * _number(settings, "times"))
    )
    return Estimate(100 * (other / usual - 1), 0.0)


def subcutaneous_peak(simulations: Simulations, _settings: Settings) -> Estimate:
    """The mean peak after one subcutaneous dose of 300 mg, mg/L."""
    return _mean(_single_peak(simulations, is_subcutaneous=True))


def subcutaneous_share(simulations: Simulations, _settings: Settings) -> Estimate:
    """That peak over the mean peak after one infusion of 300 mg, %."""
    under, into = (_single_peak(simulations, is_subcutaneous=route) for route in (True, False))
    found = _quotient(under, into)
    return Estimate(100 * found.value, 100 * found.error)


def subcutaneous_peak_day(simulations: Simulations, _settings: Settings) -> Estimate:
    """When the level of the typical patient is highest after one subcutaneous dose, days."""
    from wearoff.dosing.pk.solve import simulate

    days = np.arange(0.0, 28.0, _FINE_D)
    level = simulate(simulations.typical, [every(4, times=1, is_subcutaneous=True)], [days])[0][0]
    return Estimate(float(days[level.argmax()]), 0.0)


def fall_under_exchange(simulations: Simulations, settings: Settings) -> Estimate:
    """From before the first of three plasma exchanges to a week after the third, %, in the typical patient.

    Settings: `first_d`, days from a settled infusion to the first exchange; `span_d`, days from the first to the third.
    """
    from wearoff.dosing.pk.solve import simulate

    regimen = every(4, times=_DOSES)
    begin, span = float(regimen.start_d[-1]) + _number(settings, "first_d"), _number(settings, "span_d")
    exchanged = regimen.exchanged([begin, begin + span / 2, begin + span], exchange_share().value)
    days = np.array([begin, begin + span + 7.0])
    before, after = simulate(simulations.typical, [exchanged], [days])[0][0]
    return Estimate(float(100 * (1 - after / before)), 0.0)


def saturation_at(_simulations: Simulations, settings: Settings) -> Estimate:
    """The saturation that a `curve` gives at the concentration of a row of the evidence table (`level`), %."""
    level = figure(str(settings["level"])).number
    if level is None:
        raise ValueError(f"{settings['level']} is no single concentration")
    return Estimate(float(100 * load_curve(str(settings["curve"])).saturation(level)), 0.0)


def mean_saturation(simulations: Simulations, settings: Settings) -> Estimate:
    """The mean saturation that a `curve` gives at everyone's settled trough at `weeks`, %."""
    trough = simulations.steady(_number(settings, "weeks")).trough
    return _mean(100 * load_curve(str(settings["curve"])).saturation(trough))


def median_saturation(simulations: Simulations, settings: Settings) -> Estimate:
    """The median of those saturations, %; its error as for a normal sample."""
    trough = simulations.steady(_number(settings, "weeks")).trough
    saturation = 100 * load_curve(str(settings["curve"])).saturation(trough)
    error = np.sqrt(np.pi / 2) * saturation.std(ddof=1) / np.sqrt(saturation.size)
    return Estimate(float(np.median(saturation)), float(error))


def _single_peak(simulations: Simulations, *, is_subcutaneous: bool) -> Float[np.ndarray, " patients"]:
    from wearoff.dosing.pk.population import simulate_population

    dose = every(4, times=1, is_subcutaneous=is_subcutaneous)
    return np.asarray(simulate_population(simulations.parameters, dose).peak[:, 0])


def _ratio(simulations: Simulations, weeks: float, over_weeks: float) -> Estimate:
    return _quotient(simulations.steady(weeks).trough, simulations.steady(over_weeks).trough)


def _quotient(one: Float[np.ndarray, " patients"], other: Float[np.ndarray, " patients"]) -> Estimate:
    """The quotient of two means over the same people, its error by the delta method."""
    value = float(one.mean() / other.mean())
    error = (one - value * other).std(ddof=1) / (other.mean() * np.sqrt(one.size))
    return Estimate(value, float(error))


def _mean(values: Float[np.ndarray, " patients"]) -> Estimate:
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)))


def _number(settings: Settings, name: str) -> float:
    return float(settings[name])
