"""A schedule written out as inputs, so that one solver serves it.

A steady state is reached by giving its dose until nothing is left of the start: the doses before it are put
into the solver's clock at the time of the record, and everything later moves on by as much. Every way of
elimination only speeds the approach up, so the slowest rate of the linear part says how many doses are enough.
A steady state on top of another (SS=2) is a layer of its own; layers add up where elimination is linear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.inputs import RESET, Inputs

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.dosing.pk.parameters import Parameters
    from wearoff.dosing.schedule import Schedule, ScheduledDose

_FORGOTTEN = 36.0  # time constants; exp(-36) is 2e-16
MOST_RUN_IN_DOSES = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A part of a schedule that runs on a clock of its own.

    Attributes:
        inputs: on the solver's clock.
        inserted_at_d: times of the schedule at which time was put in.
        inserted_d: how much, days.
    """

    inputs: Inputs
    inserted_at_d: Float[np.ndarray, " inserts"]
    inserted_d: Float[np.ndarray, " inserts"]

    def clock(
        self, times_d: Float[np.ndarray, " times"], is_after: Bool[np.ndarray, " times"]
    ) -> Float[np.ndarray, " times"]:
        """The solver's time for times of the schedule, before or after what is put in there."""
        at = self.inserted_at_d[:, None]
        is_past = (at < times_d) | ((at == times_d) & is_after)
        return np.asarray(times_d + (is_past * self.inserted_d[:, None]).sum(axis=0))


def slowest_rate_per_d(parameters: Parameters, patient: int) -> float:
    """The slowest rate at which the linear part of a patient's model forgets, 1/day; 0 where it never does."""

    def values(name: str) -> Float[np.ndarray, "draws segments"]:
        array = getattr(parameters, name)
        return np.asarray(array[min(patient, array.shape[0] - 1)])

    volume, flow = values("central_volume"), values("intercompartmental_clearance")
    out, forth, back = values("clearance") / volume, flow / volume, flow / values("peripheral_volume")
    whole = out + forth + back
    two = 2 * out * back / (whole + np.sqrt(np.maximum(whole**2 - 4 * out * back, 0.0)) + 1e-300)
    terminal = np.where(flow > 0, two, out)
    return float(min(terminal.min(), values("absorption_rate").min()))


def unroll(
    schedule: Schedule,
    *,
    lag_d: float,
    slowest_per_d: float,
    change_d: Float[np.ndarray, " segments"] | None = None,
) -> list[Layer]:
    """The layers of a schedule: one, and one more for each steady state on top (SS=2).

    Args:
        schedule: the records.
        lag_d: the model's delay of uptake from the depot, days.
        slowest_per_d: see `slowest_rate_per_d`.
        change_d: days from which the segments of the parameters hold; without it those of the doses, the
            repeated ones included.

    Raises:
        ValueError: a steady state is asked of a model that forgets nothing, or would take too many doses.
    """
    days = np.unique(schedule.dose_days) if change_d is None else change_d
    ordinary = [dose for dose in schedule.doses if dose.steady != 2]
    layers = [_layer(ordinary, lag_d, slowest_per_d, days)]
    for index, dose in enumerate(schedule.doses):
        if dose.steady == 2:
            ends = [_nothing(later) for later in schedule.doses[index + 1 :] if later.resets]
            layers.append(_layer([dose, *ends], lag_d, slowest_per_d, days))
    return layers


@dataclass(frozen=True, slots=True)
class _Input:
    start: float
    amount: float
    duration: float
    is_depot: bool

    def until(self, time: float) -> _Input:
        """What of it has come by a time."""
        if self.start + self.duration <= time:
            return self
        share = (time - self.start) / self.duration
        return replace(self, amount=self.amount * share, duration=time - self.start)


def _layer(doses: list[ScheduledDose], lag_d: float, slowest: float, change_d: np.ndarray) -> Layer:
    found: list[_Input] = []
    resets: list[float] = []
    inserts: list[tuple[float, float]] = []
    shift = 0.0
    for dose in doses:
        if dose.resets:
            now = dose.time_d + shift
            found = [one.until(now) for one in found if one.start < now]
            resets.append(now)
        lag = dose.lag_d + (lag_d if dose.is_depot else 0.0)
        numbers = range(0 if dose.is_nothing else dose.further + 1)
        if dose.steady:
            before = _doses_to_forget(dose, slowest, lag)
            length = before * dose.every_d or _FORGOTTEN / slowest
            if dose.rate_mg_per_d:
                start = dose.time_d + shift
                found.append(_Input(start, dose.rate_mg_per_d * length, length, dose.is_depot))
            shift += length
            inserts.append((dose.time_d, length))
            numbers = range(-before, numbers.stop)
        first = dose.time_d + shift + lag
        found += [
            _Input(first + number * dose.every_d, dose.amount_mg, dose.duration_d, dose.is_depot)
            for number in numbers
        ]
    at, inserted = np.array(inserts).reshape(-1, 2).T
    layer = Layer(_inputs(found, resets, change_d), at, inserted)
    moved = layer.clock(change_d, np.zeros(change_d.size, dtype=bool))
    return replace(layer, inputs=replace(layer.inputs, change_d=moved))


def _doses_to_forget(dose: ScheduledDose, slowest: float, lag: float) -> int:
    """How many doses bring the steady state."""
    if not slowest > 0:
        raise ValueError(
            "a steady state (SS) needs linear elimination; write enough doses before it with ADDL and II"
        )
    if not dose.every_d:
        return 0
    number = int(np.ceil((_FORGOTTEN / slowest + lag) / dose.every_d))
    if number > MOST_RUN_IN_DOSES:
        raise ValueError(
            f"a steady state (SS) would take {number} doses, more than {MOST_RUN_IN_DOSES}; "
            f"the slowest rate of the model is {slowest:.3g} per day"
        )
    return number


def _nothing(dose: ScheduledDose) -> ScheduledDose:
    """The reset of a record, alone."""
    return replace(dose, amount_mg=0.0, rate_mg_per_d=0.0, steady=0, further=0, is_reset=True)


def _inputs(found: list[_Input], resets: list[float], change_d: np.ndarray) -> Inputs:
    numbers = np.array([(one.start, one.amount, one.duration) for one in found]).reshape(-1, 3).T
    return Inputs(
        start_d=numbers[0],
        amount_mg=numbers[1],
        duration_d=numbers[2],
        is_depot=np.array([one.is_depot for one in found], dtype=bool),
        moment_d=np.array(resets),
        kept=np.tile(RESET, (len(resets), 1)),
        change_d=change_d,
    )
