"""A regimen followed through: the level and the saturation of a typical patient and of a population.

A plan says who is given what. Its forecast holds the level at every day and dose, for the typical patient of the
weight and as the spread between drawn patients, the saturation under every curve, the means of each run of equal
intervals with their Monte Carlo error, and why a prediction leaves the model's data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, PkModel
from wearoff.dosing.streams import stream

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.regimen import Regimen

QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}
LEAST_INTERVALS = 3
"""Fewer intervals of one length are no run to speak of."""
SETTLED = 0.01
USUAL_INTERVAL_D = 28.0
_BATCH = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Who is given what.

    Attributes:
        patient: identifier; it keys the random numbers.
        regimen: the doses.
        weight_kg: one weight, or one for each dose, shape [doses].
        weight_sd: spread of the weight in the population, kg; 0 gives everyone the same.
    """

    patient: str
    regimen: Regimen
    weight_kg: Float[np.ndarray, " doses"] | float
    weight_sd: float = 0.0


@dataclass(frozen=True, slots=True)
class Band:
    """A level of the typical patient, and the 5 and 95 % of the drawn ones, mg/L."""

    typical: float
    low: float
    high: float


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


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What a plan comes to.

    Attributes:
        plan: the plan, cut at the end asked for.
        model, draws, seed: what it was computed with.
        day: days since the first dose, shape [times].
        dose_number: the dose given last; at the very start of a dose it is still the one before.
        is_trough: whether the time is the start of a dose after the first.
        typical: level of the typical patient, mg/L, shape [times].
        bands: quantiles of the drawn patients by name, each of shape [times].
        saturations: saturation of the typical patient under each curve, shape [times].
        saturation_low, saturation_high: range over the curves and the 5-95 % band, shape [times].
        outside: for each time why the prediction leaves the model's data; empty where it does not.
        troughs: before each dose, and at the end; shape [doses + 1].
        peaks: after each dose; shape [doses].
        at: index of each dose, and of the end, among the times.
        runs: the runs of equal intervals.
    """

    plan: Plan
    model: str
    draws: int
    seed: int
    day: Float[np.ndarray, " times"]
    dose_number: Float[np.ndarray, " times"]
    is_trough: Float[np.ndarray, " times"]
    typical: Float[np.ndarray, " times"]
    bands: Mapping[str, Float[np.ndarray, " times"]]
    saturations: Mapping[str, Float[np.ndarray, " times"]]
    saturation_low: Float[np.ndarray, " times"]
    saturation_high: Float[np.ndarray, " times"]
    outside: tuple[str, ...]
    troughs: tuple[Band, ...]
    peaks: tuple[Band, ...]
    at: tuple[int, ...]
    runs: tuple[Run, ...]

    def columns(self) -> dict[str, Sequence[object]]:
        """The forecast by time as columns: what `wearoff simulate -o` writes."""
        times = self.day.size
        return {
            "patient_id": [self.plan.patient] * times,
            "day": self.day.tolist(),
            "week": (self.day / 7.0).tolist(),
            "dose_number": self.dose_number.tolist(),
            "is_trough": self.is_trough.tolist(),
            "level_typical": self.typical.tolist(),
            **{f"level_{name}": values.tolist() for name, values in self.bands.items()},
            **{f"saturation_{name}": values.tolist() for name, values in self.saturations.items()},
            "saturation_low": self.saturation_low.tolist(),
            "saturation_high": self.saturation_high.tolist(),
            "outside_model": [reason or None for reason in self.outside],
            "unit": ["mg/L"] * times,
            "model": [self.model] * times,
            "draws": [self.draws] * times,
            "seed": [self.seed] * times,
        }


def forecasts(
    plans: Sequence[Plan],
    model: PkModel,
    *,
    draws: int,
    seed: int,
    until_weeks: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Forecast]:
    """Follow every plan through, a thousand patients at a time.

    Args:
        plans: who is given what.
        model: the dosing model.
        draws: patients drawn for each plan.
        seed: seed of every drawn number.
        until_weeks: the end, in weeks after the first dose; by default one interval after the last.
        progress: called with the number of patients done and the number in all.

    Raises:
        ComputationError: a prediction failed; names patient, time and parameters.
    """
    from wearoff.dosing.pk.solve import simulate  # loads JAX, which a look at the help must not

    for index, whole in enumerate(plans):
        plan, times = _cut(whole, until_weeks)
        weight = np.broadcast_to(np.asarray(plan.weight_kg, dtype=float), plan.regimen.start_d.shape)
        spread = weight_differences(plan, model, draws, seed) if plan.weight_sd else np.zeros(draws)
        drawn = model.draw((weight + spread[:, None])[None], (plan.patient,), draws, seed)
        everyone = model.typical(weight[None, None], (plan.patient,)).joined(drawn)
        level = np.empty((draws + 1, times.size))
        for first in range(0, draws + 1, _BATCH):
            rows = slice(first, first + _BATCH)
            arrays = {name: getattr(everyone, name)[:, rows] for name in PARAMETER_NAMES}
            batch = Parameters(patients=everyone.patients, lag_d=everyone.lag_d, **arrays)
            level[rows] = simulate(batch, [plan.regimen], [times])[0]
            if progress is not None:
                progress(index * draws + min(first + _BATCH, draws), len(plans) * draws)
        yield _forecast(plan, times, level, model, seed)


def weight_differences(plan: Plan, model: PkModel, draws: int, seed: int) -> Float[np.ndarray, " draws"]:
    """Differences from the plan's mean weight, kg: normal, cut off where the model's weights end."""
    from scipy.special import ndtr, ndtri  # slow to load, and only a spread of weights needs it

    low, high = ndtr((np.array(model.domain.weight_kg) - plan.weight_kg) / plan.weight_sd)
    uniform = stream(seed, plan.patient, "weight").random(draws)
    return np.asarray(plan.weight_sd * ndtri(low + (high - low) * uniform))


def _cut(plan: Plan, until_weeks: float | None) -> tuple[Plan, Float[np.ndarray, " times"]]:
    """The doses up to a week, and the days on which the level is wanted."""
    regimen, first = plan.regimen, plan.regimen.start_d[0]
    usual = regimen.start_d[-1] + (regimen.interval_d[-1] if regimen.number > 1 else USUAL_INTERVAL_D)
    last = usual if until_weeks is None else first + 7.0 * until_weeks
    regimen = regimen.before(last)
    weight = plan.weight_kg[: regimen.number] if isinstance(plan.weight_kg, np.ndarray) else plan.weight_kg
    ends = regimen.end_d[regimen.end_d < last]
    times = np.unique(np.concatenate((np.arange(first, last), regimen.start_d, ends, [last])))
    return replace(plan, regimen=regimen, weight_kg=weight), times


def _forecast(
    plan: Plan,
    times: Float[np.ndarray, " times"],
    level: Float[np.ndarray, "rows times"],
    model: PkModel,
    seed: int,
) -> Forecast:
    """The forecast of one plan from the level of everyone, the typical patient in the first row."""
    regimen = plan.regimen
    bands = dict(zip(QUANTILES, np.quantile(level[1:], list(QUANTILES.values()), axis=0), strict=True))
    curves = {name: load_curve(name) for name in curve_names()}
    at = [*np.searchsorted(times, regimen.start_d).tolist(), times.size - 1]
    peaks = np.stack([level[:, a : b + 1].max(axis=1) for a, b in pairwise(at)], axis=1)
    return Forecast(
        plan=plan,
        model=model.name,
        draws=level.shape[0] - 1,
        seed=seed,
        day=times - regimen.start_d[0],
        dose_number=np.searchsorted(regimen.start_d, times, side="left"),
        is_trough=np.isin(times, regimen.start_d[1:]),
        typical=level[0],
        bands=bands,
        saturations={name: curve.saturation(level[0]) for name, curve in curves.items()},
        saturation_low=np.min([curve.saturation(bands["p05"]) for curve in curves.values()], axis=0),
        saturation_high=np.max([curve.saturation(bands["p95"]) for curve in curves.values()], axis=0),
        outside=tuple(_outside(plan, model, times)),
        troughs=tuple(_band(level[:, where]) for where in at),
        peaks=tuple(_band(peaks[:, dose]) for dose in range(regimen.number)),
        at=tuple(at),
        runs=tuple(_runs(regimen, level[1:, at], peaks[1:])),
    )


def _band(level: Float[np.ndarray, " rows"]) -> Band:
    low, high = np.quantile(level[1:], [0.05, 0.95])
    return Band(float(level[0]), float(low), float(high))


def _mean(values: Float[np.ndarray, " draws"]) -> Mean:
    spread = float(values.std(ddof=1))
    return Mean(float(values.mean()), spread, spread / float(np.sqrt(values.size)))


def _outside(plan: Plan, model: PkModel, times: Float[np.ndarray, " times"]) -> Iterator[str]:
    """For each time why the prediction leaves the model's data; empty where it does not."""
    regimen, domain = plan.regimen, model.domain
    given = np.searchsorted(regimen.start_d, times, side="left")
    weight = np.broadcast_to(plan.weight_kg, regimen.start_d.shape)
    (low, high), longest = domain.weight_kg, domain.longest_interval_weeks
    routes = ["SC" if is_subcutaneous else "IV" for is_subcutaneous in regimen.is_subcutaneous]
    for time, doses in zip(times, given, strict=True):
        last = max(int(doses) - 1, 0)
        reasons = []
        if not low <= weight[last] <= high:
            reasons.append(f"weight {weight[last]:g} kg outside {low:g} to {high:g} kg")
        if time - regimen.start_d[last] > 7.0 * longest + 1e-9:
            reasons.append(f"more than {longest:g} weeks after a dose")
        reasons += [f"route {route}" for route in sorted(set(routes[: int(doses)]) - set(domain.routes))]
        yield "; ".join(reasons)


def _runs(
    regimen: Regimen, troughs: Float[np.ndarray, "draws doses"], peaks: Float[np.ndarray, "draws doses"]
) -> Iterator[Run]:
    """The means of each run of equal intervals at its last dose."""
    reference: Float[np.ndarray, " draws"] | None = None
    for days, begin, end in regimen.runs():
        if end - begin < LEAST_INTERVALS:
            continue
        last, before = troughs[:, end - 1], troughs[:, end - 2]
        fall, error = None, None
        if reference is not None:
            ratio = float(last.mean() / reference.mean())
            fall = 1 - ratio
            error = float((last - ratio * reference).std(ddof=1) / reference.mean() / np.sqrt(last.size))
        elif days == USUAL_INTERVAL_D:
            reference = last
        yield Run(
            interval_d=float(days),
            intervals=end - begin,
            trough=_mean(last),
            peak=_mean(peaks[:, end - 1]),
            fall=fall,
            fall_error=error,
            is_settled=bool(abs(last.mean() - before.mean()) <= SETTLED * last.mean()),
        )
