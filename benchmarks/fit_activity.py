"""The fit behind `activity.toml`: how steeply lesions follow free alpha-4, from what came back after stopping.

    python -m benchmarks.fit_activity [PATIENTS]

It stands here and not among the examples because nobody's work begins with it: it makes numbers of the package, and a
test repeats it. RESTORE stopped the drug in people stable on it and scanned them every four weeks. Four findings enter:

- no Gd+ lesion was seen before week 12 in 122 (the first ones came then);
- 3 of the 122 met the MRI criterion of a recurrence at week 12; that the count goes by this criterion, two or more Gd+
  lesions on a scan, is our reading of the abstract;
- of 41 on placebo 19 met it by week 28, and 6 more had any Gd+ lesion;
- none of 45 who went on had one.

The placebo arm is part of the 122, so that its first weeks count twice; that one lesion larger than 0.8 cm3 also meets
the criterion is left out. The time constant and the rate of monthly scans are known only as ranges: the likelihood is
averaged over both, evenly, and over virtual patients. Before these findings the logarithm of the exponent is spread
evenly from 1 to 8. They bound it from below only: activity came back late, and above about 4 the likelihood hardly
changes, so that the upper end is that of the prior. Once it is known, the rate on the drug is what 4.1 % of stable
4-weekly patients with a new T2 lesion in 72 weeks leaves for it; how many were scanned is not said, 195 completed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import roots_genlaguerre
from scipy.stats import binom

from wearoff.dosing.activity import activity_file, share_without
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.virtual import draw_patients, truncated_weights
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.trafficking import free_share
from wearoff.dosing.turnover import turn_over
from wearoff.dosing.virtual_activity import population_samples
from wearoff.dosing.virtual_troughs import WEIGHT_MEAN_KG, WEIGHT_SD_KG
from wearoff.sources import figure
from wearoff.stats.proportions import proportion_interval

SEED = 20260915
PATIENTS = 256
EXPONENTS = np.geomspace(1.0, 8.0, 25)
STOPPED, PLACEBO = 122, 41
RUN_IN_D = 13 * 28.0
SCANS_D = RUN_IN_D + 28.0 * np.arange(8)  # week 0, then every 4 weeks to week 28
WEEKS_72_D = 72 * 7.0
FIRST_SEEN, RECURRENCE = 2, 3  # scans up to week 8, and up to week 12


@dataclass(frozen=True)
class Levels:
    """Levels of virtual patients on some days, mg/L."""

    day: np.ndarray
    level: np.ndarray


@dataclass(frozen=True)
class Fit:
    """What is known of the exponent under one curve.

    Attributes:
        curve: name of the saturation curve.
        posterior: of each of `EXPONENTS`.
        median, low, high: the middle of it and the ends that hold 95 %.
        rate_on_drug: T2 lesions a year that full block leaves, at the median.
        rate_low, rate_high: the same at the ends of the exact 95 % interval of the share with a lesion.
        deviance: -2 log likelihood at its best exponent, against the counts as they are.
    """

    curve: str
    posterior: np.ndarray
    median: float
    low: float
    high: float
    rate_on_drug: float
    rate_low: float
    rate_high: float
    deviance: float


def shape_of(mean: float, without: float) -> float:
    """The gamma shape at which so large a share has no event at this mean."""
    return float(brentq(lambda k: float(share_without(mean, k)) - without, 1e-3, 1e3))


@cache
def levels(regimen_name: str, patients: int) -> Levels:
    """Levels of virtual patients who stop after a year of 4-weekly dosing, or go on."""
    model = load_model()
    weights = truncated_weights(WEIGHT_MEAN_KG, WEIGHT_SD_KG, *model.domain.weight_kg)
    regimen: Regimen = every(4, times=14)
    regimen = regimen.then(every(4, 0.0, 7)) if regimen_name == "stopped" else every(4, times=33)
    people = draw_patients(model, weights, 0, patients, SEED)
    day, level = population_samples(simulate_population(people, regimen, daily=True), regimen, np.inf)
    # two intervals before the last dose are enough for the infiltrate to settle on next to nothing
    is_late = day >= RUN_IN_D - 168
    return Levels(day[is_late], level[:, is_late])


def areas(
    found: Levels, curve: str, exponent: float, infiltrate_d: float, at: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The integral of the infiltrate between the days, shape [patients, windows], and the time between, years."""
    free = free_share(load_curve(curve), found.level)
    area = turn_over(found.day, free**exponent, 1.0 / infiltrate_d, 0.0).area
    where = np.searchsorted(found.day, at)
    return np.diff(area[:, where], axis=1) / YEAR_D, np.diff(at) / YEAR_D


def chances(mean: np.ndarray, shape: float) -> dict[str, float]:
    """Shares of people with findings on monthly scans, from the mean new lesions at each, [patients, scans]."""
    node, weight = roots_genlaguerre(24, shape - 1.0)
    frailty, weight = node / shape, weight / weight.sum()
    # at most one lesion on every scan: no recurrence
    quiet = np.ones((mean.shape[0], frailty.size))
    no_recurrence = []
    for scan in mean.T:
        expected = scan[:, None] * frailty
        quiet = quiet * np.exp(-expected) * (1.0 + expected)
        no_recurrence.append(float((quiet @ weight).mean()))
    none = share_without(mean.cumsum(axis=1), shape).mean(axis=0)
    return {
        "any by week 8": 1.0 - float(none[FIRST_SEEN - 1]),
        "recurrence by week 12": 1.0 - no_recurrence[RECURRENCE - 1],
        "any by week 28": 1.0 - float(none[-1]),
        "recurrence by week 28": 1.0 - no_recurrence[-1],
    }


def log_likelihood(stopped: dict[str, float], went_on: dict[str, float]) -> float:
    """Of the findings of RESTORE."""
    recurred, any_gd = (int(figure(row).value) for row in ("IO070", "IO081"))
    week_12 = int(figure("IO074").value)
    went = figure("IO080")
    some = stopped["any by week 28"] - stopped["recurrence by week 28"]
    shares = np.clip([1.0 - stopped["any by week 28"], some, stopped["recurrence by week 28"]], 1e-12, 1.0)
    counts = np.array([PLACEBO - any_gd, any_gd - recurred, recurred])
    return float(
        binom.logpmf(0, STOPPED, stopped["any by week 8"])
        + binom.logpmf(week_12, STOPPED, stopped["recurrence by week 12"])
        + (counts * np.log(shares)).sum()
        + binom.logpmf(int(went.value), int(went.n or 0), went_on["any by week 28"])
    )


def fit(curve: str, patients: int = PATIENTS, points: int = 5) -> Fit:
    """The exponent under one curve, averaged over the ranges of what is not known better.

    Args:
        curve: name of the saturation curve.
        patients: virtual patients.
        points: Gauss-Legendre points over each range.
    """
    numbers = activity_file()
    shape, t2_rate = numbers.lesion_shape.value, numbers.t2_rate.value
    left = float(figure("W101").value) / 100
    completed = int(figure("W099").value)
    interval = proportion_interval(round(left * completed), completed)
    totals = [
        brentq(lambda mean, at=at: 1.0 - float(share_without(mean, shape)) - at, 1e-9, 1.0)
        / (WEEKS_72_D / YEAR_D)
        for at in (left, interval.low, interval.high)
    ]
    stop, go_on = levels("stopped", patients), levels("went on", patients)
    node, weight = np.polynomial.legendre.leggauss(points)
    ranges = [numbers.infiltrate_d.interval, numbers.gd_rate.interval]
    constants, rates = ((low + high) / 2 + (high - low) / 2 * node for low, high in ranges if low is not None)
    likelihood = np.zeros((EXPONENTS.size, points, points))
    on_drug = np.zeros((3, EXPONENTS.size, points))
    for i, exponent in enumerate(EXPONENTS):
        for j, constant in enumerate(constants):
            off, passed = areas(stop, curve, exponent, constant, SCANS_D)
            on, passed_on = areas(go_on, curve, exponent, constant, SCANS_D)
            year, time = areas(go_on, curve, exponent, constant, np.array([RUN_IN_D, RUN_IN_D + WEEKS_72_D]))
            share = float(year.mean() / time[0])
            on_drug[:, i, j] = np.maximum(np.array(totals) - t2_rate * share, 0.0) / (1.0 - share)
            for k, rate in enumerate(rates):
                base = on_drug[0, i, j] * rate / t2_rate
                likelihood[i, j, k] = log_likelihood(
                    chances(base * (passed - off) + rate * off, shape),
                    chances(base * (passed_on - on) + rate * on, shape),
                )
    both = weight[:, None] * weight / 4.0
    marginal = (np.exp(likelihood - likelihood.max()) * both).sum(axis=(1, 2))
    posterior = marginal / marginal.sum()
    low, middle, high = (_quantile(posterior, share) for share in (0.025, 0.5, 0.975))
    rates_on_drug = (float(np.interp(middle, EXPONENTS, row @ (weight / 2.0))) for row in on_drug)
    return Fit(curve, posterior, middle, low, high, *rates_on_drug, float(-2 * likelihood.max()))


def _quantile(posterior: np.ndarray, share: float) -> float:
    """A quantile of a density that runs straight between the grid's exponents."""
    area = np.concatenate(([0.0], np.cumsum((posterior[1:] + posterior[:-1]) / 2)))
    return float(np.interp(share, area / area[-1], EXPONENTS))


def main() -> None:
    """Print the fit under every curve."""
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS
    print(f"{'curve':20} exponent  95 % interval   rate on drug, a year        deviance")
    for name in curve_names():
        found = fit(name, patients)
        print(
            f"{name:20} {found.median:8.2f}  {found.low:.2f} to {found.high:.2f}"
            f"   {found.rate_on_drug:.4f} ({found.rate_low:.4f} to {found.rate_high:.4f})   {found.deviance:8.2f}"
        )


if __name__ == "__main__":
    main()
