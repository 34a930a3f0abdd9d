"""Concentration over time: one compiled solver for one patient, a cohort or a virtual trial.

The equations stand in `models.py`, the steps in `grid.py`, the compiled arithmetic in `series.py`, and
`layout.py` lays the patients out for it. The status that comes out with the result is read once, here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.grid import MAX_STEP_D, Grid, build_grid, pace_of
from wearoff.dosing.pk.layout import BLOCK, idle, sizes_for, unit_of
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, PkModel
from wearoff.dosing.pk.series import ROWS, advance
from wearoff.dosing.pk.tasks import tasks_of
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.schedule import Schedule
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    import jax
    from jaxtyping import Bool, Float

BAND = (0.05, 0.25, 0.50, 0.75, 0.95)
_CHUNK = 4  # units in one call
_Key = tuple[int, int]  # a task and the first of a block of draws


@dataclass(frozen=True, slots=True)
class Amounts:
    """Where the drug of one patient is, in mg, at the requested times.

    Attributes:
        depot: still under the skin (after bioavailability).
        central: in the central compartment.
        peripheral: in the peripheral compartment.
        eliminated: gone since the beginning, by both ways of elimination and by plasma exchange or reset.
    """

    depot: Float[np.ndarray, "draws times"]
    central: Float[np.ndarray, "draws times"]
    peripheral: Float[np.ndarray, "draws times"]
    eliminated: Float[np.ndarray, "draws times"]


@dataclass(frozen=True, slots=True)
class SteadyState:
    """What a regimen settles to.

    Attributes:
        trough: concentration just before a dose, mg/L.
        peak: concentration at the end of the infusion, mg/L.
        cycles: number of doses it took to settle.
    """

    trough: Float[np.ndarray, "patients draws"]
    peak: Float[np.ndarray, "patients draws"]
    cycles: int


@dataclass(frozen=True, slots=True)
class Cycle:
    """The predicted concentration over one steady-state interval, with the spread between patients.

    Attributes:
        day: days since the start of the infusion.
        typical: concentration of the typical patient, mg/L.
        levels: the quantiles that `band` holds.
        band: concentration at each quantile of the spread between patients, mg/L.
        model: name of the model.
        weight_kg: body weight, kg.
        interval_weeks: the interval.
        draws: number of virtual patients behind the band.
        seed: the seed they were drawn with.
    """

    day: Float[np.ndarray, " times"]
    typical: Float[np.ndarray, " times"]
    levels: tuple[float, ...]
    band: Float[np.ndarray, "levels times"]
    model: str
    weight_kg: float
    interval_weeks: float
    draws: int
    seed: int


def simulate(
    parameters: Parameters,
    regimens: Sequence[Regimen | Schedule],
    times_d: Sequence[Float[np.ndarray, " times"]],
    *,
    is_after: Sequence[Bool[np.ndarray, " times"]] | None = None,
    max_step_d: float = MAX_STEP_D,
) -> list[Float[np.ndarray, "draws times"]]:
    """The concentration of every patient and draw at the requested times, mg/L.

    A time equal to the start of a dose gives the value just before that dose.

    Args:
        parameters: individual parameters; one patient is a batch of one.
        regimens: the doses of each patient, as they were given or as an event table schedules them.
        times_d: for each patient the times wanted, days, in any order; may be empty.
        is_after: for each patient and time whether the value after what happens at that moment is wanted: a
            bolus, a plasma exchange, a reset, the beginning of a steady state.
        max_step_d: no step is longer than this, days; accuracy shortens steps by itself.

    Returns:
        For each patient an array of shape draws, times.

    Raises:
        ValueError: the lists do not fit the patients, or a time is not finite.
        ComputationError: a value was not finite or negative, or a steady state cannot be had; names
            patient, time and parameters.
    """
    states = _integrate(parameters, regimens, times_d, max_step_d, is_after=is_after)
    return [state[0] for state in states]


def simulate_amounts(
    parameters: Parameters,
    regimens: Sequence[Regimen | Schedule],
    times_d: Sequence[Float[np.ndarray, " times"]],
    *,
    is_after: Sequence[Bool[np.ndarray, " times"]] | None = None,
    max_step_d: float = MAX_STEP_D,
) -> list[Amounts]:
    """Where the drug is at the requested times; arguments and errors as for `simulate`."""
    states = _integrate(parameters, regimens, times_d, max_step_d, is_after=is_after, is_balanced=True)
    return [Amounts(*state[1:]) for state in states]


def steady_state(
    parameters: Parameters,
    interval_weeks: float,
    dose_mg: float = 300.0,
    duration_h: float = 1.0,
    *,
    tolerance: float = 1e-8,
    max_cycles: int = 2000,
) -> SteadyState:
    """Trough and peak of a regimen repeated until nothing changes any more.

    Args:
        parameters: individual parameters with one segment.
        interval_weeks: dosing interval in weeks.
        dose_mg: dose, mg.
        duration_h: length of the infusion, hours.
        tolerance: largest distance to the limit, relative, extrapolated from the last two changes.
        max_cycles: doses after which to give up.

    Raises:
        ComputationError: a patient does not settle; names the patient and the parameters.
    """
    regimen = every(interval_weeks, dose_mg, 1, duration_h)
    states, cycles = _settled(parameters, interval_weeks, regimen, tolerance, max_cycles)
    times = [np.array([0.0, duration_h / 24.0])] * len(parameters.patients)
    regimens = [regimen] * len(parameters.patients)
    whole = np.stack(_integrate(parameters, regimens, times, MAX_STEP_D, states))
    return SteadyState(trough=whole[:, 0, :, 0], peak=whole[:, 0, :, 1], cycles=cycles)


def typical_cycle(
    model: PkModel,
    interval_weeks: float,
    weight_kg: float = 75.0,
    *,
    dose_mg: float = 300.0,
    duration_h: float = 1.0,
    draws: int = 1000,
    seed: int = 0,
    points: int = 200,
) -> Cycle:
    """The concentration over one cycle at steady state: typical value and between-patient band.

    Args:
        model: the model.
        interval_weeks: dosing interval in weeks.
        weight_kg: body weight, kg.
        dose_mg: dose, mg.
        duration_h: length of the infusion, hours.
        draws: number of virtual patients behind the band.
        seed: seed of the draws.
        points: number of times over the cycle.

    Raises:
        ComputationError: a virtual patient does not settle.
    """
    everyone = model.typical(weight_kg, ("cycle",)).joined(model.draw(weight_kg, ("cycle",), draws, seed))
    regimen = every(interval_weeks, dose_mg, 1, duration_h)
    states, _ = _settled(everyone, interval_weeks, regimen)
    day = np.unique(np.append(np.linspace(0.0, 7.0 * interval_weeks, points), duration_h / 24.0))
    concentration = _integrate(everyone, [regimen], [day], MAX_STEP_D, states)[0][0]
    return Cycle(
        day=day,
        typical=concentration[0],
        levels=BAND,
        band=np.quantile(concentration[1:], BAND, axis=0),
        model=model.name,
        weight_kg=weight_kg,
        interval_weeks=interval_weeks,
        draws=draws,
        seed=seed,
    )


def _settled(
    parameters: Parameters,
    interval_weeks: float,
    once: Regimen,
    tolerance: float = 1e-8,
    max_cycles: int = 2000,
) -> tuple[list[Float[np.ndarray, "rows draws"]], int]:
    """The state of every patient just before a dose at steady state, and the doses it took."""
    cycle_d, doses = 7.0 * interval_weeks, 16
    regimen = every(interval_weeks, once.dose_mg[0], doses, 24.0 * once.duration_d[0])
    patients = len(parameters.patients)
    times = [np.arange(doses - 2, doses + 1) * cycle_d] * patients
    states: list[Float[np.ndarray, "rows draws"]] | None = None
    for cycles in range(doses, max_cycles + doses, doses):
        found = _integrate(parameters, [regimen] * patients, times, MAX_STEP_D, states)
        amounts = np.stack(found)[:, 2:4]
        change = np.abs(np.diff(amounts, axis=-1)).max(axis=1)
        scale = amounts[..., 2].max(axis=1)
        # geometric approach: what is still missing is the last change times r/(1 - r)
        ratio = np.clip(change[..., 1] / np.maximum(change[..., 0], 1e-300), 0.0, 1.0 - 1e-6)
        missing = change[..., 1] * ratio / (1.0 - ratio)
        # of changes as small as these the ratio is mostly rounding; of larger ones a slow patient has many to come
        is_tiny = change[..., 1] <= 1e-12 * scale
        is_settled = is_tiny | (missing <= tolerance * scale)
        states = [state[:, :, 2] for state in found]
        if is_settled.all():
            return states, cycles
    patient, draw = np.argwhere(~is_settled)[0]
    raise ComputationError(
        f"patient {parameters.patients[patient]}: the level does not settle within {cycles} doses "
        f"({_described(parameters, patient, draw)})"
    )


def _integrate(
    parameters: Parameters,
    regimens: Sequence[Regimen | Schedule],
    times_d: Sequence[Float[np.ndarray, " times"]],
    max_step_d: float,
    initial: Sequence[Float[np.ndarray, "rows draws"]] | None = None,
    *,
    is_after: Sequence[Bool[np.ndarray, " times"]] | None = None,
    is_balanced: bool = False,
) -> list[Float[np.ndarray, "rows draws times"]]:
    """The one path to the compiled code; rows are those of `ROWS`, `initial` likewise.

    The eliminated amount costs a third of the time and is integrated only with `is_balanced`.
    """
    patients, draws, _ = parameters.shape
    if not len(regimens) == len(times_d) == patients or (is_after is not None and len(is_after) != patients):
        raise ValueError("one regimen and one array of times for each patient")
    if not 0 < max_step_d < np.inf:
        raise ValueError("max_step_d must be a positive number of days")
    results: list[Float[np.ndarray, "rows draws times"]] = [
        np.zeros((len(ROWS), draws, len(times))) for times in times_d
    ]
    after = [None] * patients if is_after is None else is_after
    tasks = [
        task
        for patient in range(patients)
        if len(times_d[patient])
        for task in tasks_of(parameters, patient, regimens[patient], times_d[patient], after[patient])
    ]
    grids = [
        build_grid(
            task.inputs,
            task.times_d,
            pace=pace_of(parameters, task.patient),
            is_after=task.is_after,
            max_step_d=max_step_d,
        )
        for task in tasks
    ]
    units = [(index, start) for index in range(len(tasks)) for start in range(0, draws, BLOCK)]
    if not units:
        return results
    sizes = sizes_for(grids, parameters)

    def start_of(chunk: list[_Key]) -> tuple[jax.Array, jax.Array]:
        inputs = [
            unit_of(parameters, grids[index], tasks[index].patient, start, sizes, initial)
            for index, start in chunk
        ]
        inputs += [idle(inputs[0])] * (_CHUNK - len(chunk))
        stacked = {name: np.stack([unit[name] for unit in inputs]) for name in inputs[0]}
        states, failed = advance(stacked, outputs=sizes.outputs, is_balanced=is_balanced)
        return states, failed

    for chunk, (outputs, failed) in _ahead(start_of, list(_chunks(units))):
        states, failures = np.asarray(outputs), np.asarray(failed)
        for place, (index, start) in enumerate(chunk):
            patient, grid, width = tasks[index].patient, grids[index], min(sizes.draws, draws - start)
            _check(failures[place, :width], parameters, grid, patient, start)
            part = states[place][grid.gather, :, :width].transpose(1, 2, 0)
            results[patient][:, start : start + width] += part
    return results


def _chunks(units: list[_Key], size: int = _CHUNK) -> Iterator[list[_Key]]:
    """The units in groups small enough to keep little in memory at once."""
    for start in range(0, len(units), size):
        yield units[start : start + size]


def _ahead(
    start_of: Callable[[list[_Key]], tuple[jax.Array, jax.Array]],
    chunks: list[list[_Key]],
    ahead: int = 3,
) -> Iterator[tuple[list[_Key], tuple[jax.Array, jax.Array]]]:
    """The chunks with their results, a few started before the first is waited for.

    The compiled code runs in the background, so that more than one core has work.
    """
    running: deque[tuple[list[_Key], tuple[jax.Array, jax.Array]]] = deque()
    for chunk in chunks:
        running.append((chunk, start_of(chunk)))
        if len(running) > ahead:
            yield running.popleft()
    yield from running


def _check(
    failed: Bool[np.ndarray, " draws"],
    parameters: Parameters,
    grid: Grid,
    patient: int,
    start: int,
) -> None:
    """Read the status of one patient's draws; stop at the first bad one."""
    bad = np.flatnonzero(failed >= 0)
    if bad.size:
        draw = start + int(bad[0])
        day = grid.time_d(int(failed[bad[0]]))
        raise ComputationError(
            f"patient {parameters.patients[patient]}, day {day:.4g}: the level is not finite or "
            f"negative ({_described(parameters, patient, draw)}); shorten max_step_d or check "
            "the parameters"
        )


def _described(parameters: Parameters, patient: int, draw: int) -> str:
    """The parameters of one draw, for an error message."""
    values = []
    for name in PARAMETER_NAMES:
        array = getattr(parameters, name)
        mine = array[min(patient, array.shape[0] - 1)]
        values.append(f"{name} {mine[min(draw, mine.shape[0] - 1), 0]:.4g}")
    return ", ".join(values)
