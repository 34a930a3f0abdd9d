"""Where the integrator steps: a time grid cut at everything that happens to one patient.

The solver takes steps of a fixed, high-order series, so its accuracy is decided here and nowhere else.
A step never crosses an event (start or end of an input, a plasma exchange, a change of parameters, a
requested time), and it is shorter than the fastest time constant of the patient's model: the saturable
term makes the concentration analytic only within about pi of those time constants of the real axis,
so less than one leaves a wide margin for every draw and not only for the easy ones. When drug starts to
flow into a nearly empty compartment, followed backwards in time the level soon reaches -Km, where it is singular;
there the grid grows geometrically from that distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from wearoff.dosing.pk.inputs import Inputs
    from wearoff.dosing.pk.models import Parameters

EVENTS = (
    "length",
    "rate",
    "depot_rate",
    "central_bolus",
    "depot_bolus",
    "kept_depot",
    "kept_central",
    "kept_peripheral",
)
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
        rate_mg_per_d: inflow into the central compartment during the step.
        depot_rate_mg_per_d: inflow into the depot during the step, before bioavailability.
        central_bolus_mg: amount put into the central compartment at the start of the step.
        depot_bolus_mg: amount put into the depot at the start of the step, before bioavailability.
        kept: share of depot, central and peripheral amount that is left at the start of the step, before
            anything is put in.
        segment: index of the segment of the parameters that holds.
        slot: index among the distinct outputs of the one at which the step ends, else -1.
        gather: for each requested time, its index among the distinct outputs.
    """

    start_d: float
    length_d: Float[np.ndarray, " steps"]
    rate_mg_per_d: Float[np.ndarray, " steps"]
    depot_rate_mg_per_d: Float[np.ndarray, " steps"]
    central_bolus_mg: Float[np.ndarray, " steps"]
    depot_bolus_mg: Float[np.ndarray, " steps"]
    kept: Float[np.ndarray, "steps 3"]
    segment: Int[np.ndarray, " steps"]
    slot: Int[np.ndarray, " steps"]
    gather: Int[np.ndarray, " times"]

    @property
    def outputs(self) -> int:
        """The number of distinct outputs."""
        return int(self.gather.max(initial=-1)) + 1

    @property
    def events(self) -> Float[np.ndarray, "steps events"]:
        """Everything from outside in one table, with the columns of `EVENTS`."""
        columns = (self.length_d, self.rate_mg_per_d, self.depot_rate_mg_per_d)
        boluses = (self.central_bolus_mg, self.depot_bolus_mg)
        return np.column_stack([*columns, *boluses, self.kept])

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
        slowest_uptake_per_d: smallest rate at which the depot empties, 1/day.
        return_per_d: largest rate at which the peripheral compartment gives back, 1/day.
    """

    fastest_per_d: float
    crossing_mg: float
    uptake_mg_per_d_per_mg: float
    slowest_uptake_per_d: float
    return_per_d: float


def pace_of(parameters: Parameters, patient: int) -> Pace:
    """The fastest rates of one patient's model, which decide the length of the steps."""

    def values(name: str) -> Float[np.ndarray, "draws segments"]:
        array = getattr(parameters, name)
        return np.asarray(array[min(patient, array.shape[0] - 1)])

    central = values("central_volume")
    crossing = values("michaelis_constant") * central
    flow = values("intercompartmental_clearance")
    is_saturable = bool(np.any(values("maximal_rate") > 0))
    back = flow / values("peripheral_volume")
    fastest = values("maximal_rate") / crossing + (values("clearance") + flow) / central + back
    uptake = values("absorption_rate")
    return Pace(
        fastest_per_d=float(max(fastest.max(), uptake.max())),
        crossing_mg=float(crossing.min()) if is_saturable else np.inf,
        uptake_mg_per_d_per_mg=float((uptake * values("bioavailability")).max()),
        slowest_uptake_per_d=float(uptake.min()),
        return_per_d=float(back.max()),
    )


def build_grid(
    inputs: Inputs,
    times_d: Float[np.ndarray, " times"],
    *,
    pace: Pace,
    is_after: Bool[np.ndarray, " times"] | None = None,
    max_step_d: float = MAX_STEP_D,
) -> Grid:
    """The steps that bring one patient from the first input or output to the last output.

    Args:
        inputs: what enters and leaves.
        times_d: output times in days, any order, repeats allowed, at least one.
        pace: the fastest rates of this patient's model.
        is_after: for each time whether what comes all at once at that moment is in already; without it the
            state just before is meant everywhere.
        max_step_d: no step is longer than this, days; accuracy may make it shorter.

    Raises:
        ValueError: a time is not finite, or the model is so stiff that the grid would be huge.
    """
    times = np.asarray(times_d, dtype=np.float64)
    if times.ndim != 1 or times.size == 0 or not np.isfinite(times).all():
        raise ValueError("times_d must be a one-dimensional array of finite days, at least one")
    after = np.zeros(times.size, dtype=bool) if is_after is None else np.asarray(is_after, dtype=bool)
    # an output after what comes at its moment is the end of a step of no length, which begins with it
    outputs, gather = np.unique(np.stack([times, after]), axis=1, return_inverse=True)
    first, last = min(outputs[0, 0], inputs.first_d), outputs[0, -1]
    longest = min(max_step_d, _STEP_PER_TIME_CONSTANT / pace.fastest_per_d)

    cuts = np.concatenate(([first], outputs[0], *_event_cuts(inputs, pace, longest)))
    points = np.unique(cuts[(cuts >= first) & (cuts <= last)])
    points = np.sort(np.concatenate((points, outputs[0, outputs[1] > 0])))
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

    def step_from(moment_d: Float[np.ndarray, " moments"]) -> Int[np.ndarray, " moments"]:
        """The step that begins with each moment; the number of steps where there is none."""
        place = np.searchsorted(points, moment_d)
        return np.where(place < points.size, ends[np.minimum(place, points.size - 1)] + 1, length.size)

    steps = length.size + 1  # one more, for what comes after the end
    rate, bolus, kept = np.zeros((2, steps)), np.zeros((2, steps)), np.ones((steps, 3))
    np.multiply.at(kept, step_from(inputs.moment_d), inputs.kept)
    depot = inputs.is_depot.astype(np.int64)
    is_sudden = inputs.is_sudden
    into = depot[is_sudden], step_from(inputs.start_d[is_sudden])
    np.add.at(bolus, into, inputs.amount_mg[is_sudden])
    begins, finishes = step_from(inputs.start_d), step_from(inputs.end_d)
    # over the length that the steps have, so that late on a long clock nothing of a short infusion is lost
    flow = inputs.amount_mg / np.where(is_sudden, 1.0, inputs.end_d - inputs.start_d)
    for index in np.flatnonzero(~is_sudden):
        rate[depot[index], begins[index] : finishes[index]] += flow[index]

    slot = np.full(length.size, -1, dtype=np.int32)
    before_or_after = np.where(
        outputs[1] > 0, np.searchsorted(points, outputs[0], "right") - 1, np.searchsorted(points, outputs[0])
    )
    slot[ends[before_or_after]] = np.arange(outputs.shape[1])
    middle = points[:-1] + gaps / 2
    segment = np.maximum(np.searchsorted(inputs.change_d, middle, side="right") - 1, 0)
    return Grid(
        start_d=float(first),
        length_d=length,
        rate_mg_per_d=rate[0, :-1],
        depot_rate_mg_per_d=rate[1, :-1],
        central_bolus_mg=bolus[0, :-1],
        depot_bolus_mg=bolus[1, :-1],
        kept=kept[:-1],
        segment=np.concatenate(([0], np.repeat(segment, pieces))).astype(np.int32),
        slot=slot,
        gather=gather.reshape(-1).astype(np.int64),
    )


def _event_cuts(inputs: Inputs, pace: Pace, longest: float) -> list[Float[np.ndarray, " cuts"]]:
    """Where something happens, and the graded steps by which the level climbs past Km after it."""
    cuts = [inputs.start_d, inputs.end_d, inputs.moment_d, inputs.change_d[1:]]
    if not (np.isfinite(pace.crossing_mg) and inputs.amount_mg.any()):
        return cuts
    moments = np.unique(np.concatenate(cuts))
    flows = _inflows(inputs, pace, moments, until=longest / (_GROWTH - 1))
    nexts = np.append(moments[1:], np.inf)
    for begin, end, flow in zip(moments.tolist(), nexts.tolist(), flows.tolist(), strict=True):
        offsets = _climb(flow, pace, longest)
        cuts.append(begin + offsets[offsets < end - begin])
    return cuts


def _inflows(
    inputs: Inputs, pace: Pace, moments_d: Float[np.ndarray, " moments"], until: float
) -> Float[np.ndarray, " moments"]:
    """What flows into the central compartment after each moment, mg/day, or more.

    Args:
        inputs: what enters and leaves.
        pace: the fastest rates of this patient's model.
        moments_d: every moment at which something happens, increasing.
        until: how long what comes back after an exchange counts, days.
    """
    begins, ends = (np.searchsorted(moments_d, times) for times in (inputs.start_d, inputs.end_d))

    def sums(amount: Float[np.ndarray, " inputs"], place: Int[np.ndarray, " inputs"]) -> np.ndarray:
        return np.bincount(place, amount, minlength=moments_d.size)

    into_vein = np.where(inputs.is_depot | inputs.is_sudden, 0.0, inputs.amount_mg)
    rate = into_vein / np.where(inputs.is_sudden, 1.0, inputs.end_d - inputs.start_d)
    flow = np.cumsum(sums(rate, begins) - sums(rate, ends))
    # an infusion into the depot is all there from its start, and goes out from its end
    under_skin = np.where(inputs.is_depot, inputs.amount_mg, 0.0)
    arrived = sums(under_skin, ends)
    depot = np.cumsum(sums(under_skin, begins) - arrived)
    left, fall = 0.0, np.exp(-pace.slowest_uptake_per_d * np.diff(moments_d, prepend=moments_d[:1]))
    for index in np.flatnonzero(arrived.cumsum() > 0):
        left = left * fall[index] + arrived[index]
        depot[index] += left
    flow += pace.uptake_mg_per_d_per_mg * depot
    # after an exchange the tissue gives back at most what was ever given; a reset leaves it nothing to give
    exchanges = inputs.moment_d[inputs.kept[:, 2] > 0]
    if exchanges.size:
        last = np.searchsorted(exchanges, moments_d, side="right") - 1
        is_soon = (last >= 0) & (moments_d - exchanges[last] < until)
        flow += is_soon * pace.return_per_d * np.cumsum(sums(inputs.amount_mg, begins))
    return np.asarray(np.maximum(flow, 0.0))


def _climb(inflow: float, pace: Pace, longest: float) -> Float[np.ndarray, " cuts"]:
    """The graded steps, days after the start, by which an inflow, mg/day, takes an empty compartment past Km."""
    # at time s after the start the nearest singularity is behind + s away
    behind = _time_behind(inflow / pace.crossing_mg, pace.fastest_per_d)
    behind, until = max(behind, 1e-6 * longest), longest / (_GROWTH - 1)
    if not behind < until:
        return np.empty(0)
    count = int(np.ceil(np.log(until / behind) / np.log(_GROWTH)))
    return np.asarray(behind * (_GROWTH ** np.arange(1, count + 1) - 1))


def _time_behind(inflow: float, fastest: float) -> float:
    """How long before the start the level, followed backwards, would have been at -Km, where it is singular.

    Backwards in time the share x of -Km grows at most by inflow + fastest x/(1 - x), so this is the integral of
    its inverse from 0 to 1: 1/inflow where the inflow is fast, (log(fastest/inflow) - 1)/fastest where it is slow.

    Args:
        inflow: in units of Km, 1/day.
        fastest: bound on the rates of elimination, 1/day.
    """
    if not inflow > 1e-12 * fastest:
        return np.inf
    by = 1.0 - inflow / fastest
    if abs(by) < 1e-3:  # the two terms cancel
        return (0.5 + by / 3.0) / fastest
    return float((-np.log(inflow / fastest) / by - 1.0) / (by * fastest))
