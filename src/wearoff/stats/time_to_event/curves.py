"""The share still without the event over time: Kaplan and Meier's curve with limits that stay in 0 to 1.

The product over event times of (1 - events / at risk), doi 10.1080/01621459.1958.10501452. Limits are
made on the scale log(-log S) from Greenwood's variance, as Kalbfleisch and Prentice advise; those of a
quantile are the times at which the limits of the curve cross it (Brookmeyer and Crowley 1982,
doi 10.2307/2530286). Before the first event that variance is 0, which is no certainty: the lower limit is then
the exact binomial one of no event among those still at risk.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.proportions import Interval, checked_level
from wearoff.stats.terms import Array
from wearoff.stats.time_to_event.spells import Spells, spells

_METHOD = "log-log"


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalCurve:
    """A step function: each value holds from its time until the next.

    Attributes:
        times: the distinct times at which somebody left, ascending, shape (times,).
        at_risk: number at risk at each time.
        events: number of events at each time.
        survival: share without the event just after each time.
        standard_error: of `survival`, by Greenwood's formula; nan where the curve has reached 0.
        low: lower limit of `survival`; nan where the curve has reached 0.
        high: upper limit of `survival`; nan where the curve has reached 0.
        rows: number of rows.
        level: two-sided confidence of the limits, each time by itself.
        note: what the reader must know, or None.
    """

    times: Array
    at_risk: Array
    events: Array
    survival: Array
    standard_error: Array
    low: Array
    high: Array
    rows: int
    level: float
    note: str | None = None

    def at(self, time: float) -> float:
        """The share still without the event at a time; nan beyond the last observed one unless it is 0.

        Args:
            time: 0 or later.
        """
        place = self._place(time)
        if place < 0:
            return 1.0
        is_seen = time <= self.times[-1] or self.survival[-1] == 0.0
        return float(self.survival[place]) if is_seen else np.nan

    def interval_at(self, time: float) -> Interval:
        """The limits at a time; 0 to 1 beyond the last observed one.

        Args:
            time: 0 or later.
        """
        place = self._place(time)
        if time > self.times[-1]:
            return Interval(0.0, 1.0, self.level, "not observed")
        if place < 0:
            low = ((1.0 - self.level) / 2.0) ** (1.0 / self.at_risk[0]) if self.at_risk[0] else 0.0
            return Interval(float(low), 1.0, self.level, _METHOD)
        return Interval(float(self.low[place]), float(self.high[place]), self.level, _METHOD)

    def quantile(self, share: float) -> float:
        """When a share of the rows has had the event; infinite if that was not reached.

        Where the curve is flat at exactly that share, the middle of the flat part, as R has it.

        Args:
            share: with the event, between 0 and 1.
        """
        return _crossing(self.times, self.survival, 1.0 - share)

    def quantile_interval(self, share: float) -> Interval:
        """The limits of `quantile`; the upper one is infinite if the upper limit does not come down.

        Args:
            share: with the event, between 0 and 1.
        """
        low = _crossing(self.times, np.nan_to_num(self.low, nan=0.0), 1.0 - share)
        high = _crossing(self.times, np.nan_to_num(self.high, nan=1.0), 1.0 - share)
        return Interval(low, high, self.level, f"{_METHOD}, limits of the curve")

    @property
    def median(self) -> float:
        """When half of the rows have had the event; infinite if that was not reached."""
        return self.quantile(0.5)

    @property
    def median_interval(self) -> Interval:
        """The limits of the median."""
        return self.quantile_interval(0.5)

    def _place(self, time: float) -> int:
        return int(np.searchsorted(self.times, time, side="right")) - 1


def kaplan_meier(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> SurvivalCurve:
    """The share still without the event over time, where follow-up is of unequal length.

    Censoring must say nothing about the event to come. With delayed entry the curve starts with few at
    risk and may fall to 0 early; `note` says so if it did.

    Args:
        time: when each row leaves, 0 or more, shape (rows,).
        event: 1 where the event ended it, 0 where it was censored, shape (rows,).
        entry: when each row comes under observation, shape (rows,); None for the beginning.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: as `spells` does, or the level is not between 0 and 1.

    Example:
        >>> curve = kaplan_meier([9, 13, 13, 18, 23], [1, 1, 0, 1, 1])
        >>> round(curve.at(18), 3), curve.median
        (0.3, 18.0)
    """
    checked_level(level)
    return _curve(spells(time, event, entry), level)


def _curve(rows: Spells, level: float) -> SurvivalCurve:
    times = np.unique(rows.exit)
    at_risk, events = rows.at_risk(times), rows.events_at(times)
    survival = np.asarray(np.cumprod(1.0 - events / at_risk), dtype=np.float64)
    is_left = survival > 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.asarray(np.cumsum(events / (at_risk * (at_risk - events))), dtype=np.float64)
        error = np.asarray(np.where(is_left, survival * np.sqrt(greenwood), np.nan), dtype=np.float64)
        low, high = _limits(survival, greenwood, at_risk, level)
    note = None
    if not is_left.all() and times[~is_left][0] < times[-1]:
        note = (
            f"everybody at risk at {times[~is_left][0]:g} had the event while others were still to enter; "
            "the curve is 0 from there on and is no estimate"
        )
    return SurvivalCurve(times, at_risk, events, survival, error, low, high, len(rows.exit), level, note)


def _limits(survival: Array, greenwood: Array, at_risk: Array, level: float) -> tuple[Array, Array]:
    """Limits on the log-log scale; exact before the first event; nan once nobody is left."""
    tail = (1.0 - level) / 2.0
    log_survival = np.log(survival)
    reach = float(special.ndtri(1.0 - tail)) * np.sqrt(greenwood) / -log_survival
    low, high = survival ** np.exp(reach), survival ** np.exp(-reach)
    none_yet = greenwood == 0.0
    low = np.where(none_yet, tail ** (1.0 / at_risk), low)
    high = np.where(none_yet, 1.0, high)
    is_gone = survival <= 0.0
    return np.where(is_gone, np.nan, low), np.where(is_gone, np.nan, high)


def _crossing(times: Array, curve: Array, share: float) -> float:
    """The first time at which a falling step function is at or below a share, the middle of a flat part."""
    rounding = 1e-12
    below = np.flatnonzero(curve <= share + rounding)
    if len(below) == 0:
        return inf
    first = float(times[below[0]])
    if abs(curve[below[0]] - share) > rounding:
        return first
    lower = np.flatnonzero(curve < share - rounding)
    return (first + float(times[lower[0]])) / 2.0 if len(lower) else first
