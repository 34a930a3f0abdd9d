"""How far a repeated infusion still has to go until it changes nothing any more.

From one dose to the next a small deviation of the two amounts in the body is multiplied by A, the matrix exponential
of the rates over one interval. A change r is followed by A r, A^2 r and so on, together A (I - A)^-1 r. Both rates of A
are known from the parameters. The changes alone do not show them: a change that is mostly the faster way of forgetting
hides how much the slower one has still to bring.

Saturable elimination stands in A with a mean of its slope Vmax Km / (Km + C)^2 between peak and trough. Two means are
taken. Over ln C it comes close to the slope that holds, and is good for a jump. Over the days that one compartment
would spend at each level it is exact for one compartment; with two the level falls faster at first, so that this
mean is mostly too small and the way that is left too long, which is what a judgement whether it is short enough needs.

The solver's error in one interval fades no faster than anything else, so that it adds up to many times as much in who
forgets little. He is solved the more exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.adaptive import VISIBLE

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

LEAST_FORGOTTEN = 1e-8  # of a deviation in one interval; who forgets less does not settle
_LEAST_FALL = 1e-3  # of a level from peak to trough; below it the slope is nearly that of one level
_LEAST_LEVEL = 1e-9  # mg/L
_TINY = 1e-200
_SHARE = 0.25  # of the accuracy, for the solver in one interval, at most
_NEAR = 0.1  # of the accuracy, for what is still to come
_SHORTEST = 0.05  # of a jump


@dataclass(frozen=True, slots=True)
class Cycle:
    """The last of a few doses.

    Attributes:
        before: central and peripheral amount just before the dose, mg.
        after: the same just before the next one, mg.
        trough: level just before the next one, mg/L.
        peak: level at the end of the dose, mg/L.
        interval_d: dosing interval, days, one for all or one for each.
    """

    before: Float[np.ndarray, "2 patients"]
    after: Float[np.ndarray, "2 patients"]
    trough: Float[np.ndarray, " patients"]
    peak: Float[np.ndarray, " patients"]
    interval_d: float | Float[np.ndarray, "#patients"]


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the patients of a block stand on the way to their steady states.

    Attributes:
        state: depot, central and peripheral amount from which to go on, mg.
        change: of the central and the peripheral amount from the last dose to the next, mg.
        stride: the share of a jump that was taken, because elimination that saturates can throw it too far.
        share: of the accuracy, for the solver in the next interval.
        is_there: whether what is still to come is small enough.
    """

    state: Float[np.ndarray, "3 patients"]
    change: Float[np.ndarray, "2 patients"]
    stride: Float[np.ndarray, " patients"]
    share: Float[np.ndarray, " patients"]
    is_there: Bool[np.ndarray, " patients"]


def at_first(patients: int) -> Heading:
    """Nobody has been given anything."""
    state, one = np.zeros((3, patients)), np.ones(patients)
    return Heading(state, state[1:], one, _SHARE * one, np.zeros(patients, dtype=bool))


def headed(
    last: Heading, cycle: Cycle, parameters: Float[np.ndarray, "8 patients"], accuracy: float
) -> Heading:
    """The amounts after some doses moved to where they are heading, and who is already there.

    Args:
        last: from where the doses began.
        cycle: the last of them.
        parameters: in the order of `PARAMETER_NAMES`.
        accuracy: largest relative error of a level above 0.001 mg/L.
    """
    likely, slowest = fading_between(parameters, cycle.interval_d, cycle.trough, cycle.peak)
    change = cycle.after - cycle.before
    # who turned round after a jump went too far, who did not may go further
    turned = -(change * last.change).sum(axis=0) / np.maximum((last.change**2).sum(axis=0), _TINY)
    stride = np.clip(last.stride / (1.0 + np.clip(turned, -0.5, 4.0)), _SHORTEST, 1.0)
    end = np.maximum(cycle.after + stride * likely.still_to_come(change), 0.0)
    # nothing is in the depot, because every dose is an infusion
    state = np.concatenate((np.zeros_like(end[:1]), end))
    forgotten = slowest.forgotten
    share = np.clip(forgotten, LEAST_FORGOTTEN, _SHARE)
    left = slowest.seen(slowest.still_to_come(change))
    is_near = left <= _NEAR * accuracy * np.maximum(cycle.trough, VISIBLE) * parameters[1]
    is_exact = (last.share <= 2 * share) & (forgotten > LEAST_FORGOTTEN)
    return Heading(state, change, stride, share, is_near & is_exact)


@dataclass(frozen=True, slots=True)
class Fading:
    """How small deviations fade from dose to dose, for patients side by side.

    Attributes:
        outflow: elimination from the central compartment, 1/day.
        forth: rate from the central to the peripheral compartment, 1/day.
        back: rate back, 1/day; 0 with one compartment, and where too little comes back to be seen.
        fast: the faster rate at which a deviation is forgotten, 1/day.
        slow: the slower one; with one compartment the same.
        interval_d: dosing interval, days, one for all or one for each.
    """

    outflow: Float[np.ndarray, " patients"]
    forth: Float[np.ndarray, " patients"]
    back: Float[np.ndarray, " patients"]
    fast: Float[np.ndarray, " patients"]
    slow: Float[np.ndarray, " patients"]
    interval_d: float | Float[np.ndarray, "#patients"]

    @property
    def forgotten(self) -> Float[np.ndarray, " patients"]:
        """The share of a deviation that is gone after one interval, by the slower rate."""
        return -np.expm1(-self.slow * self.interval_d)

    def still_to_come(self, change: Float[np.ndarray, "2 patients"]) -> Float[np.ndarray, "2 patients"]:
        """The sum of all changes after the last one, of the central and the peripheral amount, mg."""
        # a function of a 2 x 2 matrix is its value at one rate and the divided difference between both
        growth = np.expm1(np.clip(self.slow * self.interval_d, LEAST_FORGOTTEN, 700.0))
        apart = np.maximum(self.fast - self.slow, _TINY)
        fallen = -np.expm1(-np.maximum(self.fast * self.interval_d, LEAST_FORGOTTEN))
        steepness = -np.expm1(-apart * self.interval_d) / (apart * fallen * growth)
        central, peripheral = change
        turned = np.stack(
            [
                (self.slow - self.outflow - self.forth) * central + self.back * peripheral,
                self.forth * central + (self.slow - self.back) * peripheral,
            ]
        )
        ahead: np.ndarray = change / growth + steepness * turned
        return ahead

    def seen(self, deviation: Float[np.ndarray, "2 patients"]) -> Float[np.ndarray, " patients"]:
        """The most that two amounts bring into the central compartment at any time in an interval, mg."""
        central, peripheral = np.abs(deviation)
        shown: np.ndarray = central + np.minimum(self.back * self.interval_d, 1.0) * peripheral
        return shown


def fading_between(
    parameters: Float[np.ndarray, "8 patients"],
    interval_d: float | Float[np.ndarray, "#patients"],
    trough: Float[np.ndarray, " patients"],
    peak: Float[np.ndarray, " patients"],
) -> tuple[Fading, Fading]:
    """How deviations fade in patients who go from a peak to a trough in one interval: likely, and at the slowest.

    Args:
        parameters: in the order of `PARAMETER_NAMES`.
        interval_d: dosing interval, days, one for all or one for each.
        trough: mg/L.
        peak: mg/L.
    """
    clearance, central, peripheral, flow, maximal, km = parameters[:6]
    low = np.maximum(trough, _LEAST_LEVEL)
    high = np.maximum(peak, low * (1 + _LEAST_FALL))
    fall = np.log(high / low)
    by_level = maximal / km * (_summed_squares(km, high) - _summed_squares(km, low)) / fall
    by_day = _mean_over_days(clearance, maximal, km, low, high, fall)
    least, most = (maximal * km / (km + level) ** 2 for level in (high, low))

    forth, back = flow / central, flow / peripheral
    back = np.where(back * interval_d > LEAST_FORGOTTEN, back, 0.0)

    def with_slope(slope: np.ndarray) -> Fading:
        outflow = (clearance + np.clip(slope, least, most)) / central
        # the roots of the exchange; that of their difference is a sum of squares
        half = 0.5 * (outflow + forth + back)
        fast = half + np.sqrt((0.5 * (outflow + forth - back)) ** 2 + forth * back)
        slow = np.where(back > 0, outflow * back / np.maximum(fast, _TINY), fast)
        return Fading(outflow, forth, back, fast, slow, interval_d)

    return with_slope(by_level), with_slope(by_day)


def _summed_squares(km: np.ndarray, level: np.ndarray) -> np.ndarray:
    """An antiderivative of (Km / (Km + C))^2 over ln C."""
    share = km / (km + level)
    summed: np.ndarray = np.log1p(-share) + share
    return summed


def _mean_over_days(
    clearance: np.ndarray,
    maximal: np.ndarray,
    km: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    fall: np.ndarray,
) -> np.ndarray:
    """The mean slope over the days in which one compartment falls from high to low, L/day.

    It falls by E(C) dt, so that the mean of E' is ln E(high) / E(low) over the integral of dC / E.
    """
    at_zero = np.maximum(clearance * km + maximal, _TINY)
    eliminated = [np.maximum(level * (clearance + maximal / (km + level)), _TINY) for level in (low, high)]
    gap = (high - low) / (at_zero + clearance * low)
    bend = np.maximum(clearance * gap, 1e-8)
    days_per_litre = (km * fall + maximal * gap * np.log1p(bend) / bend) / at_zero
    mean: np.ndarray = np.log(eliminated[1] / eliminated[0]) / np.maximum(days_per_litre, _TINY) - clearance
    return mean
