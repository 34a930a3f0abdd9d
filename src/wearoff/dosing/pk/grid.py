"""Where the integrator steps: a time grid cut at everything that happens to one patient.

The solver takes steps of a fixed, high-order series, so its accuracy is decided here and nowhere else.
A step never crosses an event (start or end of an infusion, subcutaneous uptake, a weight change, a
requested time), and it is shorter than the fastest time constant of the patient's model: the saturable
term makes the concentration analytic only within about pi of those time constants of the real axis,
so less than one leaves a wide margin for every draw and not only for the easy ones. When
drug starts to flow into a nearly empty compartment the level crosses Km at once; there the grid
grows geometrically from the crossing time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.dosing.pk.models import Parameters
    from wearoff.dosing.regimen import Regimen

MAX_STEP_D = 4.0
MAX_STEPS = 2_000_000
_STEP_PER_TIME_CONSTANT = 0.8
_GROWTH = 1.25


@dataclass(frozen=True, slots=True)
class Grid:
    """One patient's steps, in order; every array has one entry per step.

    Attributes:
        start_d: the time at which the first step starts, days.
        length_d: length of the step, days; the first step has length 0 and holds the start.
        rate_mg_per_d: infusion rate during the step.
        bolus_mg: amount put into the subcutaneous depot at the start of the step, before
            bioavailability.
        segment: index of the dose whose parameters hold (the last one given, 0 before the first).
        slot: index among the distinct output times of the one at which the step ends, else -1.
        gather: for each requested time, its index among the distinct output times.
    """

    start_d: float
    length_d: Float[np.ndarray, " steps"]
    rate_mg_per_d: Float[np.ndarray, " steps"]
    bolus_mg: Float[np.ndarray, " steps"]
    segment: Int[np.ndarray, " steps"]
    slot: Int[np.ndarray, " steps"]
    gather: Int[np.ndarray, " times"]

    @property
    def outputs(self) -> int:
        """The number of distinct output times."""
        return int(self.gather.max(initial=-1)) + 1

    def time_d(self, step: int) -> float:
        """The time at which a step ends, days."""
        return self.start_d + float(self.length_d[: step + 1].sum())


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one patient's model can move, over all its draws and segments.

    Attributes:
        fastest_per_d: a bound on every rate of the model, 1/day.
        crossing_mg: the smallest central amount at the Michaelis constant, mg; infinite without
            saturable elimination.
        uptake_mg_per_d_per_mg: largest flow out of the depot per mg given.
    """

    fastest_per_d: float
    crossing_mg: float
    uptake_mg_per_d_per_mg: float


def pace_of(parameters: Parameters, patient: int) -> Pace:
    """The fastest rates of one patient's model, which decide the length of the steps."""

    def values(name: str) -> Float[np.ndarray, "draws segments"]:
        array = getattr(parameters, name)
        return np.asarray(array[min(patient, array.shape[0] - 1)])

    central = values("central_volume")
    crossing = values("michaelis_constant") * central
    flow = values("intercompartmental_clearance")
    is_saturable = bool(np.any(values("maximal_rate") > 0))
    fastest = (
        values("maximal_rate") / crossing
        + (values("clearance") + flow) / central
        + flow / values("peripheral_volume")
    )
    uptake = values("absorption_rate")
    return Pace(
        fastest_per_d=float(max(fastest.max(), uptake.max())),
        crossing_mg=float(crossing.min()) if is_saturable else np.inf,
        uptake_mg_per_d_per_mg=float((uptake * values("bioavailability")).max()),
    )


def build_grid(
    regimen: Regimen,
    times_d: Float[np.ndarray, " times"],
    *,
    pace: Pace,
    lag_d: float,
    max_step_d: float = MAX_STEP_D,
) -> Grid:
    """The steps that bring one patient from the first dose or output to the last output.

    Args:
        regimen: the doses.
        times_d: output times in days, any order, repeats allowed, at least one.
        pace: the fastest rates of this patient's model.
        lag_d: delay of subcutaneous uptake, days.
        max_step_d: no step is longer than this, days; accuracy may make it shorter.

    Raises:
        ValueError: a time is not finite, or the model is so stiff that the grid would be huge.
    """
    times = np.asarray(times_d, dtype=np.float64)
    if times.ndim != 1 or times.size == 0 or not np.isfinite(times).all():
        raise ValueError("times_d must be a one-dimensional array of finite days, at least one")
    outputs, gather = np.unique(times, return_inverse=True)
    first = min(outputs[0], regimen.start_d[0]) if regimen.start_d.size else outputs[0]
    last = outputs[-1]
    longest = min(max_step_d, _STEP_PER_TIME_CONSTANT / pace.fastest_per_d)

    cuts = np.concatenate(([first], outputs, *_event_cuts(regimen, pace, lag_d, longest)))
    points = np.unique(cuts[(cuts >= first) & (cuts <= last)])
    gaps = np.diff(points)
    if float(gaps.sum()) / longest > MAX_STEPS:
        raise ValueError(
            f"the model moves at {pace.fastest_per_d:.3g} per day and would need more than "
            f"{MAX_STEPS} steps; simulate a shorter time or check Km and Vmax"
        )
    pieces = np.maximum(np.ceil(gaps / longest), 1).astype(np.int64)
    # step 0 has length 0 and ends at points[0]; gap g ends with step ends[g + 1]
    ends = np.concatenate(([0], np.cumsum(pieces)))
    length = np.concatenate(([0.0], np.repeat(gaps / pieces, pieces)))

    middle = points[:-1] + gaps / 2
    dose = np.searchsorted(regimen.start_d, middle, side="right") - 1
    rate = np.zeros_like(middle)
    if regimen.start_d.size:
        given = np.maximum(dose, 0)
        is_running = (
            (dose >= 0)
            & ~regimen.is_subcutaneous[given]
            & (middle < regimen.start_d[given] + regimen.duration_d[given])
        )
        rate[is_running] = (regimen.dose_mg / regimen.duration_d)[given[is_running]]

    bolus = np.zeros(length.size)
    taken_up = regimen.start_d[regimen.is_subcutaneous] + lag_d
    amount = regimen.dose_mg[regimen.is_subcutaneous]
    is_in_time = taken_up < last
    at = ends[np.searchsorted(points, taken_up[is_in_time])] + 1
    np.add.at(bolus, at, amount[is_in_time])

    slot = np.full(length.size, -1, dtype=np.int32)
    slot[ends[np.searchsorted(points, outputs)]] = np.arange(outputs.size)
    return Grid(
        start_d=float(first),
        length_d=length,
        rate_mg_per_d=np.concatenate(([0.0], np.repeat(rate, pieces))),
        bolus_mg=bolus,
        segment=np.concatenate(([0], np.repeat(np.maximum(dose, 0), pieces))).astype(np.int32),
        slot=slot,
        gather=gather.astype(np.int64),
    )


def _event_cuts(
    regimen: Regimen, pace: Pace, lag_d: float, longest: float
) -> list[Float[np.ndarray, " cuts"]]:
    """Starts, ends and uptakes, and the graded steps by which the level climbs past Km."""
    start, end = regimen.start_d, regimen.start_d + regimen.duration_d
    subcutaneous = regimen.is_subcutaneous
    cuts = [start, end[~subcutaneous], start[subcutaneous] + lag_d]
    for index in range(start.size):
        if regimen.dose_mg[index] == 0:
            continue
        if subcutaneous[index]:
            begin, ends_after = start[index] + lag_d, np.inf
            inflow = regimen.dose_mg[index] * pace.uptake_mg_per_d_per_mg
        else:
            begin, ends_after = start[index], regimen.duration_d[index]
            inflow = regimen.dose_mg[index] / regimen.duration_d[index]
        # at time s after the start the nearest singularity is crossing_d + s away
        crossing_d = max(pace.crossing_mg / inflow, 1e-6 * longest)
        until = min(ends_after, longest / (_GROWTH - 1))
        if crossing_d * (_GROWTH - 1) < until:
            count = int(np.ceil(np.log1p(until / crossing_d) / np.log(_GROWTH)))
            growth = _GROWTH ** np.arange(1, count + 1)
            offsets = crossing_d * (growth - 1)
            cuts.append(begin + offsets[offsets < ends_after])
    return cuts
