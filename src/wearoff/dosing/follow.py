"""Plans followed through, from doses to forecasts, in one of two ways that draw the same people.

Up to `MOST_BY_DAY` virtual patients are followed day by day. More of them, of one population, are streamed from
dose to dose and keep no day, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from wearoff.dosing.by_dose import QUANTILES, Spread, reference_dose, runs_of, spread_of
from wearoff.dosing.forecast import ByDay, DrawnNumbers, Forecast
from wearoff.dosing.occupancy import SaturationCurve, curve_names, load_curve
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, PkModel
from wearoff.dosing.pk.virtual import draw_numbers_of, draw_patients
from wearoff.dosing.plan import Plan, begins_settled, cut, outside, weights_of
from wearoff.dosing.streams import stream
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.dosing.regimen import Regimen

MOST_BY_DAY = 10_000
"""More virtual patients of one plan are not followed day by day."""
_BATCH = 1024  # the usual thousand and the typical patient in one
_BLOCK = 65_536


def forecasts(
    plans: Sequence[Plan],
    model: PkModel,
    *,
    draws: int,
    seed: int,
    until_weeks: float | None = None,
    targets: Sequence[float] = (),
    parameter_uncertainty: bool = False,
    curves: Mapping[str, SaturationCurve] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Forecast]:
    """Follow every plan through.

    Args:
        plans: who is given what.
        model: the dosing model.
        draws: patients drawn for each plan; more than `MOST_BY_DAY` only for a population.
        seed: seed of every drawn number.
        until_weeks: the end, in weeks after the first dose; by default one interval after the last.
        targets: levels of which the share of patients at or above is wanted, mg/L.
        parameter_uncertainty: whether each drawn patient has his own draw of the model's numbers from their
            published intervals. His deviation from the typical patient stays the same.
        curves: saturation curves by name; by default those of `curve_names`.
        progress: called with the number of patients done and the number in all.

    Raises:
        ComputationError: a prediction failed; names patient, time and parameters.
        ValueError: more than `MOST_BY_DAY` copies of one patient.
    """
    under = {name: load_curve(name) for name in curve_names()} if curves is None else dict(curves)
    for index, whole in enumerate(plans):

        def report(done: int, before: int = index * draws) -> None:
            if progress is not None:
                progress(before + done, len(plans) * draws)

        plan, times = cut(whole, until_weeks)
        numbers = DrawnNumbers() if parameter_uncertainty else None
        task = _Task(plan, times, model, draws, seed, tuple(targets), numbers, under)
        yield _streamed(task, report) if draws > MOST_BY_DAY else _followed(task, report)


def weight_differences(plan: Plan, model: PkModel, draws: int, seed: int) -> Float[np.ndarray, " draws"]:
    """Differences of a patient's copies from the plan's weight, kg: normal, cut off where the model's weights end."""
    from scipy.special import ndtr, ndtri  # a tenth of a second that most commands need not wait for

    low, high = ndtr((np.array(model.domain.weight_kg) - plan.weights_kg[0]) / plan.weight_sd)
    uniform = stream(seed, plan.patient, "weight").random(draws)
    return np.asarray(plan.weight_sd * ndtri(low + (high - low) * uniform))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One plan and how it is to be followed; `numbers` counts the draws of the model's numbers on the way."""

    plan: Plan
    times: Float[np.ndarray, " times"]
    model: PkModel
    draws: int
    seed: int
    targets: tuple[float, ...]
    numbers: DrawnNumbers | None
    curves: Mapping[str, SaturationCurve]

    @property
    def at(self) -> list[int]:
        """The index of each dose, and of the end, among the times."""
        return [*np.searchsorted(self.times, self.plan.regimen.start_d).tolist(), self.times.size - 1]

    def typical(self) -> Parameters:
        weight = self.plan.weights_kg[None, None]
        return self.model.typical(weight, (self.plan.patient,), **self._over_time)

    @property
    def _over_time(self) -> dict[str, Any]:
        """What changes on which days, besides the weight."""
        return {"has_antibodies": self.plan.has_antibodies[None], "change_d": (self.plan.change_d,)}

    def people(self, first: int, count: int) -> Parameters:
        """Some people of a population."""
        numbers = None
        if self.numbers is not None:
            numbers = draw_numbers_of(self.model, first, count, self.seed)
            self.numbers.count(numbers)
        weights = weights_of(self.plan, self.model)
        return draw_patients(
            self.model,
            weights,
            first,
            count,
            self.seed,
            numbers=numbers,
            change_d=self.plan.change_d,
            gain_kg=self.plan.weights_kg - self.plan.weights_kg[0],
            has_antibodies=self.plan.has_antibodies,
        )

    def copies(self) -> Parameters:
        """Copies of one patient."""
        spread = np.zeros(self.draws)
        if self.plan.weight_sd:
            spread = weight_differences(self.plan, self.model, self.draws, self.seed)
        numbers = None
        if self.numbers is not None:
            numbers = self.model.draw_parameters(self.draws, self.seed)
            self.numbers.count(numbers)
        everyone = (self.plan.weights_kg + spread[:, None])[None]
        patients = (self.plan.patient,)
        return self.model.draw(
            everyone, patients, self.draws, self.seed, parameter_draws=numbers, **self._over_time
        )

    def levels(self, parameters: Parameters) -> Float[np.ndarray, "draws times"]:
        from wearoff.dosing.pk.solve import simulate  # loads JAX, which a faulty command must not wait for

        after = begins_settled(self.plan, self.times)
        return simulate(parameters, [self.plan.given], [self.times], is_after=[after])[0]


def _followed(task: _Task, report: Callable[[int], None]) -> Forecast:
    """Everyone day by day."""
    drawn = _as_draws(task.people(0, task.draws), task.plan) if task.plan.is_population else task.copies()
    everyone, at = task.typical().joined(drawn), task.at
    level = np.empty((task.draws + 1, task.times.size))
    order = _by_pace(everyone)
    for first in range(0, task.draws + 1, _BATCH):
        rows = order[first : first + _BATCH]
        arrays = {name: getattr(everyone, name)[:, rows] for name in PARAMETER_NAMES}
        level[rows] = task.levels(replace(everyone, **arrays))
        report(min(first + _BATCH, task.draws))
    highest = _highest(level, at)
    bands = dict(zip(QUANTILES, np.quantile(level[1:], list(QUANTILES.values()), axis=0), strict=True))
    curves = task.curves.values()
    by_day = ByDay(
        bands=bands,
        saturation_low=np.min([curve.saturation(bands["p05"]) for curve in curves], axis=0),
        saturation_high=np.max([curve.saturation(bands["p95"]) for curve in curves], axis=0),
        shares={target: (level[1:] >= target).mean(axis=0) for target in task.targets},
    )
    reference, covariance = reference_dose(task.plan.regimen), None
    if reference is not None:
        distance = level[1:, at] - level[1:, at].mean(axis=0)
        covariance = distance[:, reference] @ distance / max(task.draws - 1, 1)
    return _forecast(
        task,
        level[0],
        troughs=spread_of(level[0, at], level[1:, at]),
        peaks=spread_of(highest[0], highest[1:]),
        shares={target: share[at] for target, share in by_day.shares.items()},
        covariance=covariance,
        by_day=by_day,
    )


def _streamed(task: _Task, report: Callable[[int], None]) -> Forecast:
    """A population from dose to dose, in memory that does not grow with it."""
    from wearoff.dosing.pk.summaries import summarise_population  # loads JAX, see `_Task.levels`

    if not task.plan.is_population:
        raise ValueError(f"at most {MOST_BY_DAY} copies of one patient")
    found = summarise_population(
        task.people,
        0.0,
        _with_end(task.plan.regimen, float(task.times[-1])),
        task.draws,
        task.seed,
        levels=tuple(QUANTILES.values()),
        targets=task.targets,
        reference=reference_dose(task.plan.regimen),
        block=_BLOCK,
        progress=lambda done, _: report(done),
    )
    if not found.patients:
        raise ComputationError("none of the drawn patients could be solved")
    typical, at = task.levels(task.typical())[0], task.at
    doses = slice(None, -1)  # nothing follows the end
    return _forecast(
        task,
        typical,
        troughs=Spread(
            typical[at], dict(zip(QUANTILES, found.trough, strict=True)), found.mean_trough, found.sd_trough
        ),
        peaks=Spread(
            _highest(typical[None], at)[0],
            dict(zip(QUANTILES, found.peak[:, doses], strict=True)),
            found.mean_peak[doses],
            found.sd_peak[doses],
        ),
        shares=dict(zip(task.targets, found.share_at_or_above, strict=True)),
        covariance=found.covariance,
        failed=found.failed,
    )


def _forecast(
    task: _Task,
    typical: Float[np.ndarray, " times"],
    *,
    troughs: Spread,
    peaks: Spread,
    shares: Mapping[float, Float[np.ndarray, " levels"]],
    covariance: Float[np.ndarray, " levels"] | None,
    failed: int = 0,
    by_day: ByDay | None = None,
) -> Forecast:
    """The forecast of one plan from the typical patient and the spread by dose."""
    regimen, times = task.plan.regimen, task.times
    return Forecast(
        plan=task.plan,
        model=task.model.name,
        draws=task.draws,
        seed=task.seed,
        failed=failed,
        day=times - regimen.start_d[0],
        dose_number=np.searchsorted(regimen.start_d, times, side="left"),
        is_trough=np.isin(times, regimen.start_d[1:]),
        typical=typical,
        saturations={name: curve.saturation(typical) for name, curve in task.curves.items()},
        outside=tuple(outside(task.plan, task.model, times)),
        at=tuple(task.at),
        troughs=troughs,
        peaks=peaks,
        shares=shares,
        runs=tuple(runs_of(regimen, troughs, peaks, covariance, task.draws - failed)),
        numbers=task.numbers,
        by_day=by_day,
    )


def _by_pace(everyone: Parameters) -> Int[np.ndarray, " draws"]:
    """The draws in order of how fast the saturable way can move, because the fastest sets the steps of a batch."""
    rate = everyone.maximal_rate / (everyone.central_volume * everyone.michaelis_constant)
    return np.argsort(rate.max(axis=(0, 2)), kind="stable")


def _highest(level: Float[np.ndarray, "rows times"], at: Sequence[int]) -> Float[np.ndarray, "rows doses"]:
    """The highest level between each dose and the next."""
    return np.stack([level[:, a : b + 1].max(axis=1) for a, b in pairwise(at)], axis=1)


def _as_draws(people: Parameters, plan: Plan) -> Parameters:
    """People of a population as draws of the one patient that a plan has."""
    arrays = {name: getattr(people, name).swapaxes(0, 1) for name in PARAMETER_NAMES}
    return replace(people, patients=(plan.patient,), change_d=(plan.change_d,), **arrays)


def _with_end(regimen: Regimen, end_d: float) -> Regimen:
    """The regimen with a dose of nothing at the end, so that the level there counts as a trough."""
    # an injection of nothing may stand inside an infusion that still runs at the end
    is_inside = bool((regimen.end_d > end_d).any())
    return replace(
        regimen,
        start_d=np.append(regimen.start_d, end_d),
        dose_mg=np.append(regimen.dose_mg, 0.0),
        duration_d=np.append(regimen.duration_d, 0.0),
        is_subcutaneous=np.append(regimen.is_subcutaneous, is_inside),
    )
