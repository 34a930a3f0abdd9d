"""A whole population under one regimen: trough and peak of every dose, daily levels, the steady state.

The patients are cut into blocks; a few blocks are on the way at once, so that every core has work, and what
comes out is copied into arrays whose innermost axis is the patient. `accuracy` decides
order and step length of the one series (`adaptive.py`); `solve.py` serves patients with regimens of their own. The
accuracy is held for models like the published ones; far beyond them (elimination below Km faster than about 20 a day)
compare with `simulate`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from wearoff.dosing.pk.adaptive import sweep
from wearoff.dosing.pk.grid import Grid, Pace, build_grid
from wearoff.dosing.pk.inputs import inputs_of
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.pk.settling import Cycle, at_first, headed
from wearoff.dosing.regimen import Regimen, every

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Int8

_BLOCKS = (32, 128, 512, 2048, 4096)  # patients side by side
_DAILY_BLOCK = 2048
_SMALL = 256  # fewer patients are not worth a second core
_WORKERS = os.cpu_count() or 1
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")
_ONE_GAP = Pace(
    fastest_per_d=1e-12,
    crossing_mg=np.inf,
    uptake_mg_per_d_per_mg=1.0,
    slowest_uptake_per_d=1.0,
    return_per_d=0.0,
)
_AFTER_LAST_D = 28.0
_USUAL_LEVEL = 20.0  # mg/L
_TOLERANCE = 0.5  # error of one step over the accuracy asked for


@dataclass(frozen=True, slots=True)
class PopulationLevels:
    """The levels of a population under one regimen, mg/L.

    Attributes:
        trough: just before each dose.
        peak: at the end of each infusion; with a subcutaneous dose in the regimen the highest level until
            the next dose, after the last one within four weeks.
        daily: on every day from the first dose to four weeks after the last, where asked for.
        day: the days of `daily`.
        status: 0 for a patient who was solved; 1 where a value was not finite, 2 where more steps were
            needed than are allowed; what stands in the other arrays is then no result.
    """

    trough: Float[np.ndarray, "patients doses"]
    peak: Float[np.ndarray, "patients doses"]
    daily: Float[np.ndarray, "patients days"] | None
    day: Float[np.ndarray, " days"] | None
    status: Int8[np.ndarray, " patients"]


@dataclass(frozen=True, slots=True)
class PopulationSteadyState:
    """What a regimen settles to in every patient, mg/L.

    Attributes:
        trough: just before a dose.
        peak: at the end of the infusion.
        status: as in `PopulationLevels`; 3 where nothing settled within the doses allowed.
    """

    trough: Float[np.ndarray, " patients"]
    peak: Float[np.ndarray, " patients"]
    status: Int8[np.ndarray, " patients"]


def simulate_population(
    parameters: Parameters, regimen: Regimen, *, accuracy: float = 1e-4, daily: bool = False
) -> PopulationLevels:
    """Trough and peak of every dose for everyone in a population, and the level of every day.

    Args:
        parameters: one draw for each patient, or one patient with many draws, each of which counts as a patient.
        regimen: the doses, the same for everyone, at least one.
        accuracy: largest relative error of a level above 0.001 mg/L, between 1e-10 and 1e-2.
        daily: whether the daily levels are wanted; they take 8 bytes a patient and day.

    Raises:
        ValueError: the parameters have several patients and several draws, or there is no dose.
    """
    plan = plan_of(regimen, parameters.lag_d, daily=daily, change_d=parameters.change_of(0))
    patients = _patients(parameters)
    doses = regimen.start_d.size
    # the patient is innermost, as the solver writes it; the transposed views cost nothing
    trough, peak = (np.empty((doses, patients)) for _ in range(2))
    days = np.empty((plan.day.size, patients)) if daily else None
    status = np.empty(patients, dtype=np.int8)
    for here, levels in blocks_of(parameters, plan, accuracy):
        trough[:, here], peak[:, here], status[here] = levels.trough, levels.peak, levels.status
        if days is not None:
            for row, end in zip(days, plan.daily, strict=True):
                row[here] = levels.level[end]
    return PopulationLevels(
        trough.T, peak.T, None if days is None else days.T, plan.day if daily else None, status
    )


def steady_population(
    parameters: Parameters,
    interval_weeks: float | Float[np.ndarray, " patients"],
    dose_mg: float = 300.0,
    duration_h: float = 1.0,
    *,
    accuracy: float = 1e-4,
    max_rounds: int = 120,
) -> PopulationSteadyState:
    """Trough and peak of everyone once a repeated infusion changes nothing any more.

    Three doses are followed by a jump to where the last change would lead, as the parameters say that it fades
    (`settling.py`); this is repeated until what is left lies well below the accuracy. An error of the solver in one
    interval fades no faster: who forgets little from dose to dose is solved the more exactly.

    Args:
        parameters: as for `simulate_population`, with one segment.
        interval_weeks: dosing interval, weeks, one for everyone or one for each patient.
        dose_mg: dose, mg.
        duration_h: length of the infusion, hours.
        accuracy: largest relative error of a level above 0.001 mg/L.
        max_rounds: rounds of three doses after which to give up.

    Raises:
        ValueError: as for `simulate_population`, or the intervals do not fit the patients or their infusion.
    """
    patients = _patients(parameters)
    weeks = np.asarray(interval_weeks, dtype=float)
    if weeks.ndim and weeks.shape != (patients,):
        raise ValueError(f"{patients} patients have one interval, or as many")
    if not (7 * weeks > duration_h / 24).all():
        raise ValueError("an interval is longer than its infusion")
    usual = float(weeks.max())
    plan = _settling_plan(usual, dose_mg, duration_h, parameters.lag_d)
    trough, peak = np.empty(patients), np.empty(patients)
    status = np.empty(patients, dtype=np.int8)

    def settle(chosen: np.ndarray) -> None:
        rows = _rows_of(parameters, chosen)
        size = rows.shape[2]
        heading, interval_d, shorter_d = at_first(size), 7.0 * weeks, None
        if weeks.ndim:
            # gaps of everyone's own are those of the longest interval, shortened
            interval_d = np.pad(interval_d[chosen], (0, size - chosen.size), mode="edge")
            shorter_d = 7.0 * usual - interval_d
        for _ in range(max_rounds):
            found = _launch(rows, plan, accuracy, heading.state, heading.share, shorter_d)
            level = np.asarray(found["level"])
            before, now = (
                np.stack([np.asarray(found[name])[end] for name in ("central", "peripheral")])
                for end in plan.trough[-2:]
            )
            cycle = Cycle(before, now, level[plan.trough[-1]], level[plan.peak[-2]], interval_d)
            heading = headed(heading, cycle, rows[0], accuracy)
            if heading.is_there.all():
                break
        level = level[:, : chosen.size]
        trough[chosen], peak[chosen] = level[plan.trough[-1]], level[plan.peak[-2]]
        mark = np.where(heading.is_there, np.int8(0), np.int8(3))
        status[chosen] = np.where(found["status"], found["status"], mark)[: chosen.size]

    for _ in ahead(settle, _alike(parameters)):
        pass
    return PopulationSteadyState(trough, peak, status)


@lru_cache(maxsize=256)
def _settling_plan(weeks: float, dose_mg: float, duration_h: float, lag_d: float) -> Plan:
    """The gaps of four doses; a rule that looks for an interval asks for the same ones again and again."""
    return plan_of(every(weeks, dose_mg, 4, duration_h), lag_d, is_stateful=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """The gaps between the events of a regimen, and the ends of gaps at which the levels are wanted."""

    grid: Grid
    has_depot: bool
    trough: np.ndarray
    peak: np.ndarray
    day: np.ndarray
    daily: np.ndarray
    ahead: np.ndarray
    is_stateful: bool


@dataclass(frozen=True, slots=True)
class BlockLevels:
    """The levels of one block of patients, the patient innermost; `level` holds the end of every gap."""

    trough: Float[np.ndarray, "doses patients"]
    peak: Float[np.ndarray, "doses patients"]
    level: Float[np.ndarray, "gaps patients"]
    status: Int8[np.ndarray, " patients"]


def blocks_of(
    parameters: Parameters, plan: Plan, accuracy: float
) -> Iterator[tuple[Int[np.ndarray, " patients"] | slice, BlockLevels]]:
    """The levels block by block with the indices of its patients, a few blocks calculated ahead."""
    yield from ahead(
        lambda chosen: _collected(chosen, _launch(_rows_of(parameters, chosen), plan, accuracy), plan),
        _alike(parameters, is_long=not plan.day.size),
    )


def ahead(work: Callable[[_Item], _Found], items: Sequence[_Item]) -> Iterator[_Found]:
    """What the work makes of each item, in order, a few worked on at once; the compiled code needs no lock."""
    if len(items) == 1:
        yield work(items[0])
        return
    with ThreadPoolExecutor(_WORKERS) as pool:
        running: deque[Future[_Found]] = deque()
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) > _WORKERS + 1:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _collected(chosen: np.ndarray, found: Any, plan: Plan) -> tuple[np.ndarray | slice, BlockLevels]:
    level = np.asarray(found["level"])[:, : chosen.size]
    if plan.has_depot:
        highest = np.asarray(found["highest"])[:, : chosen.size]
        peak = np.maximum.reduceat(highest, plan.trough + 1, axis=0)
    else:
        peak = level[plan.peak]
    status = np.asarray(found["status"])[: chosen.size]
    is_run = chosen[-1] - chosen[0] == chosen.size - 1 and bool((np.diff(chosen) == 1).all())
    here = slice(chosen[0], chosen[-1] + 1) if is_run else chosen
    return here, BlockLevels(level[plan.trough], peak, level, status)


def _alike(parameters: Parameters, *, is_long: bool = True) -> list[Int[np.ndarray, " patients"]]:
    """Blocks of patients who eliminate about equally fast, because the slowest holds up the others.

    Where the gaps are short everyone takes a step or two, and the order is left as it is.
    """
    patients, size = _patients(parameters), _BLOCKS[-1] if is_long else _DAILY_BLOCK
    if patients <= size:
        # one block for each core
        size = max(-(-patients // 2), _SMALL)
    everyone = np.arange(patients)
    if is_long and patients > size:
        flat = {name: _flat(parameters, name)[:, 0] for name in PARAMETER_NAMES}
        rate = flat["clearance"] + flat["maximal_rate"] / _USUAL_LEVEL
        pace = rate / (flat["central_volume"] + flat["peripheral_volume"])
        everyone = np.argsort(np.broadcast_to(pace, (patients,)))
    return [everyone[start : start + size] for start in range(0, patients, size)]


def _flat(parameters: Parameters, name: str) -> Float[np.ndarray, "#patients #segments"]:
    """A parameter with draws as patients."""
    array: np.ndarray = getattr(parameters, name)
    return array.reshape(-1, array.shape[2])


def _rows_of(
    parameters: Parameters, chosen: Int[np.ndarray, " patients"]
) -> Float[np.ndarray, "segments 8 patients"]:
    """The parameters of one block, the last patient repeated until it is full."""
    size = next((size for size in _BLOCKS if size >= chosen.size), _BLOCKS[-1])
    chosen = np.pad(chosen, (0, size - chosen.size), mode="edge")
    rows = np.empty((parameters.shape[2], len(PARAMETER_NAMES), size))
    for index, name in enumerate(PARAMETER_NAMES):
        flat = _flat(parameters, name)
        rows[:, index] = (flat[chosen] if flat.shape[0] > 1 else flat).T
    return rows


def _launch(
    rows: np.ndarray,
    plan: Plan,
    accuracy: float,
    state: np.ndarray | None = None,
    share: np.ndarray | float = 1.0,
    shorter_d: Float[np.ndarray, " patients"] | None = None,
) -> Any:
    """One block started in the background, each patient with his share of the accuracy.

    Where intervals are everyone's own, they are shorter than those of the plan by so many days.
    """
    if not 1e-10 <= accuracy <= 1e-2:
        raise ValueError("accuracy must lie between 1e-10 and 1e-2")
    segments, _, size = rows.shape
    grid, wait = plan.grid, plan.ahead
    events = grid.events
    if shorter_d is not None:
        events = np.repeat(events[:, :, None], size, axis=2)
        events[(grid.rate_mg_per_d == 0) & (grid.length_d > 0), 0] -= shorter_d
        # the last gap ends with its infusion, after which nothing falls
        wait = np.concatenate((wait[:-1, None] - shorter_d, np.full((1, size), wait[-1])))
    block = {
        "parameters": rows,
        "state": np.zeros((3, size)) if state is None else state,
        "events": events,
        "segment": np.minimum(grid.segment, segments - 1),
        "ahead": wait,
        "tolerance": np.asarray(_TOLERANCE * accuracy * share),
    }
    order = 16 if accuracy < 1e-6 else 4 if plan.day.size else 8
    return sweep(block, order=order, has_depot=plan.has_depot, with_peripheral=plan.is_stateful)


def plan_of(
    regimen: Regimen,
    lag_d: float,
    *,
    daily: bool = False,
    is_stateful: bool = False,
    change_d: Float[np.ndarray, " segments"] | None = None,
) -> Plan:
    """The gaps of a regimen, one for every stretch between two events or wanted times.

    Raises:
        ValueError: there is no dose.
    """
    if not regimen.start_d.size:
        raise ValueError("a regimen without a dose has no trough")
    has_depot = bool(regimen.is_subcutaneous.any())
    first, last = regimen.start_d[0], regimen.start_d[-1]
    day = np.arange(first, last + _AFTER_LAST_D + 1e-9) if daily else np.empty(0)
    late = [last + lag_d + _AFTER_LAST_D] if has_depot else []
    wanted = np.concatenate((regimen.start_d, regimen.end_d, day, late))
    # a dose that comes all at once has its peak just after it
    is_after = np.zeros(wanted.size, dtype=bool)
    is_after[regimen.number : 2 * regimen.number] = (regimen.duration_d == 0) & ~regimen.is_subcutaneous
    # one step a gap, whatever its length: the steps are chosen in the compiled code
    inputs = inputs_of(regimen, lag_d, change_d)
    grid = build_grid(inputs, wanted, pace=_ONE_GAP, is_after=is_after, max_step_d=1e9)
    ends = np.flatnonzero(grid.slot >= 0)[grid.gather]
    doses = regimen.start_d.size
    return Plan(
        grid=grid,
        has_depot=has_depot,
        trough=ends[:doses],
        peak=ends[doses : 2 * doses],
        day=day,
        daily=ends[2 * doses : 2 * doses + day.size],
        ahead=days_ahead(grid, regimen),
        is_stateful=is_stateful,
    )


def days_ahead(grid: Grid, regimen: Regimen) -> Float[np.ndarray, " gaps"]:
    """How long after the start of each gap the level is lowest before the end, were nothing more given, days.

    Where every dose is the same that is the longest interval to come, counted from the dose before the gap. A later
    dose may else be followed by less than what is there now, and only the end is certain.
    """
    finish = grid.start_d + np.cumsum(grid.length_d)
    begin, end = finish - grid.length_d, finish[-1]
    is_given = regimen.dose_mg > 0
    doses = np.stack([regimen.dose_mg, regimen.is_subcutaneous])[:, is_given]
    if regimen.exchange_d.size or not doses.size or np.ptp(doses, axis=1).any():
        return np.asarray(end - begin)
    start = regimen.start_d[is_given]
    longest = np.maximum.accumulate(np.diff(start, append=end)[::-1])[::-1]
    before = np.searchsorted(start, begin + 1e-9, side="right") - 1
    return np.asarray((start + longest)[before.clip(min=0)] - begin)


def _patients(parameters: Parameters) -> int:
    """The number of patients, each with one draw."""
    patients, draws, _ = parameters.shape
    if patients > 1 and draws > 1:
        raise ValueError("a population has one draw for each patient")
    return patients * draws
