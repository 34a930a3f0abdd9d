"""What a population comes to dose by dose: its spread, the means of runs of equal intervals, shares.

All of it is worked out from means, standard deviations and one row of covariances, which a population of
any size can be streamed into, so that a thousand and ten million virtual patients go the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.plan import USUAL_INTERVAL_D

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.regimen import Regimen

QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}
LEAST_INTERVALS = 3
"""Fewer intervals of one length are no run to speak of."""
SETTLED = 0.01


@dataclass(frozen=True, slots=True)
class Band:
    """A level of the typical patient, and the 5 and 95 % of the drawn ones, mg/L."""

    typical: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Levels of the typical patient and the spread between the drawn ones, one after another, mg/L.

    Attributes:
        typical: of the typical patient, shape [levels].
        quantiles: of the drawn patients by name, each of shape [levels].
        mean, sd: of the drawn patients, shape [levels].
    """

    typical: Float[np.ndarray, " levels"]
    quantiles: Mapping[str, Float[np.ndarray, " levels"]]
    mean: Float[np.ndarray, " levels"]
    sd: Float[np.ndarray, " levels"]

    def band(self, index: int) -> Band:
        """One of the levels with its band."""
        low, high = self.quantiles["p05"], self.quantiles["p95"]
        return Band(float(self.typical[index]), float(low[index]), float(high[index]))

    def columns(self, name: str) -> dict[str, list[float]]:
        """The levels as columns that begin with a name."""
        parts = {"typical": self.typical, "mean": self.mean, "sd": self.sd, **self.quantiles}
        return {f"{name}_{part}": values.tolist() for part, values in parts.items()}


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over the population with its spread and Monte Carlo error, mg/L."""

    value: float
    spread: float
    error: float


@dataclass(frozen=True, slots=True)
class Run:
    """A run of equal intervals, at its last dose.

    Attributes:
        interval_d: length of the intervals, days.
        intervals: how many there are.
        trough, peak: means over the population.
        fall: by how much the mean trough lies below that of the 4-weekly run before, as a share; negative where
            it lies above; None without such a run.
        fall_error: its Monte Carlo error.
        is_settled: whether the last interval changed the mean trough by less than `SETTLED`.
    """

    interval_d: float
    intervals: int
    trough: Mean
    peak: Mean
    fall: float | None
    fall_error: float | None
    is_settled: bool


def spread_of(typical: Float[np.ndarray, " levels"], drawn: Float[np.ndarray, "draws levels"]) -> Spread:
    """The spread between patients whose levels are at hand."""
    found = np.quantile(drawn, list(QUANTILES.values()), axis=0)
    return Spread(
        typical=typical,
        quantiles=dict(zip(QUANTILES, found, strict=True)),
        mean=drawn.mean(axis=0),
        sd=drawn.std(axis=0, ddof=1),
    )


def share_error(share: Float[np.ndarray, "..."], draws: int) -> Float[np.ndarray, "..."]:
    """Monte Carlo error of a share of so many draws: the binomial one, and not zero where it is 0 or 1.

    The standard deviation of a binomial share with a flat prior, sqrt((k+1)(n-k+1)/((n+2)^2 (n+3))).
    """
    above = share * draws
    variance = (above + 1) * (draws - above + 1) / ((draws + 2.0) ** 2 * (draws + 3.0))
    return np.asarray(np.sqrt(variance))


def reference_dose(regimen: Regimen) -> int | None:
    """The index of the last dose of the first 4-weekly run, with which later runs are compared."""
    return next((end - 1 for days, _, end in _long(regimen) if days == USUAL_INTERVAL_D), None)


def runs_of(
    regimen: Regimen,
    troughs: Spread,
    peaks: Spread,
    covariance: Float[np.ndarray, " doses"] | None,
    draws: int,
) -> Iterator[Run]:
    """The means of each run of equal intervals at its last dose.

    Args:
        regimen: the doses.
        troughs: before each dose.
        peaks: after each dose.
        covariance: of each trough with the trough before the reference dose, where there is one.
        draws: patients behind the means.
    """
    reference = reference_dose(regimen)
    for days, begin, end in _long(regimen):
        last, fall, error = end - 1, None, None
        value = float(troughs.mean[last])
        if reference is not None and last > reference and covariance is not None:
            usual = float(troughs.mean[reference])
            ratio = value / usual
            square = troughs.sd[last] ** 2 + (ratio * troughs.sd[reference]) ** 2
            square -= 2 * ratio * covariance[last]
            fall, error = 1 - ratio, float(np.sqrt(max(square, 0.0) / draws)) / usual
        yield Run(
            interval_d=days,
            intervals=end - begin,
            trough=_mean(troughs, last, draws),
            peak=_mean(peaks, last, draws),
            fall=fall,
            fall_error=error,
            is_settled=bool(abs(value - troughs.mean[last - 1]) <= SETTLED * value),
        )


def _mean(levels: Spread, index: int, draws: int) -> Mean:
    spread = float(levels.sd[index])
    return Mean(float(levels.mean[index]), spread, spread / float(np.sqrt(draws)))


def _long(regimen: Regimen) -> list[tuple[float, int, int]]:
    """The runs that have enough intervals."""
    return [run for run in regimen.runs() if run[2] - run[1] >= LEAST_INTERVALS]
