"""How many have had which event by when, where one kind of end precludes the others.

Taking a competing end as censoring answers about a world without it. Aalen and Johansen's estimator adds,
at every event time, the share still without any event times the rate of each cause (1978; the closed form for
competing risks in Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data). The shares of
all causes and of those without an event add up to 1. Limits are made on the scale log(-log(1 - F)), so that with a
single cause they are those of Kaplan and Meier's curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.proportions import Interval, checked_level
from wearoff.stats.terms import Array, checked_column
from wearoff.stats.time_to_event.spells import Spells, spells


@dataclass(frozen=True, slots=True, eq=False)
class CauseCurve:
    """Cumulative incidence of one cause, a step function.

    Attributes:
        cause: its number, 1 or more.
        events: number of events of this cause at each time, shape (times,).
        incidence: share that has had this event by each time, shape (times,).
        standard_error: of `incidence`, by the delta method.
        low: lower limit, each time by itself.
        high: upper limit.
    """

    cause: int
    events: Array
    incidence: Array
    standard_error: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """Cumulative incidences of all causes.

    Attributes:
        times: the distinct times at which somebody left, ascending, shape (times,).
        at_risk: number at risk at each time.
        event_free: share without any event just after each time.
        causes: one curve per cause, by its number.
        level: two-sided confidence of the limits.
    """

    times: Array
    at_risk: Array
    event_free: Array
    causes: tuple[CauseCurve, ...]
    level: float

    def at(self, cause: int, time: float) -> float:
        """The share that has had the event of a cause by a time; nan beyond the last observed one.

        Args:
            cause: its number.
            time: 0 or later.

        Raises:
            ValueError: there is no such cause.
        """
        curve = self._curve(cause)
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if time > self.times[-1] and self.event_free[-1] > 0.0:
            return np.nan
        return 0.0 if place < 0 else float(curve.incidence[place])

    def interval_at(self, cause: int, time: float) -> Interval:
        """The limits at a time; 0 to 1 beyond the last observed one.

        Args:
            cause: its number.
            time: 0 or later.

        Raises:
            ValueError: there is no such cause.
        """
        curve = self._curve(cause)
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if time > self.times[-1]:
            return Interval(0.0, 1.0, self.level, "not observed")
        if place < 0:
            high = 1.0 - ((1.0 - self.level) / 2.0) ** (1.0 / self.at_risk[0]) if self.at_risk[0] else 1.0
            return Interval(0.0, float(high), self.level, "log-log")
        return Interval(float(curve.low[place]), float(curve.high[place]), self.level, "log-log")

    def _curve(self, cause: int) -> CauseCurve:
        for curve in self.causes:
            if curve.cause == cause:
                return curve
        known = ", ".join(str(curve.cause) for curve in self.causes)
        raise ValueError(f"there is no cause {cause}; known are {known}")


def cumulative_incidence(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    causes: int | None = None,
    level: float = 0.95,
) -> CumulativeIncidence:
    """The share with each kind of event over time, each kind precluding the others.

    Before the first event of a cause the variance is 0, which is no certainty: the upper limit is then the exact
    binomial one of no event among those still at risk.

    Args:
        time: when each row leaves, 0 or more, shape (rows,).
        cause: 0 where it was censored, otherwise the number of the event that ended it, shape (rows,).
        entry: when each row comes under observation, shape (rows,); None for the beginning.
        causes: how many causes there are, where the last ones may not have occurred; None for those seen.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: as `spells` does, or a cause is not a whole number from 0 to `causes`.

    Example:
        >>> found = cumulative_incidence([1, 2, 3, 4], [1, 2, 1, 0])
        >>> found.at(1, 3), found.at(2, 3)
        (0.5, 0.25)
    """
    checked_level(level)
    kinds = checked_column(cause, None, "cause", lowest=0.0)
    most = max(1, int(kinds.max(initial=0.0))) if causes is None else causes
    if (kinds != np.floor(kinds)).any() or kinds.max(initial=0.0) > most:
        raise ValueError(f"a cause must be a whole number, 0 (censored) to {most}")
    rows = spells(time, kinds > 0.0, entry)
    times = np.unique(rows.exit)
    at_risk, ended = rows.at_risk(times), rows.events_at(times)
    event_free = np.cumprod(1.0 - ended / at_risk)
    before = np.concatenate([[1.0], event_free[:-1]])
    curves = tuple(
        _curve(number, Spells(rows.entry, rows.exit, kinds == number), times, at_risk, ended, before, level)
        for number in range(1, most + 1)
    )
    return CumulativeIncidence(times, at_risk, np.asarray(event_free), curves, level)


def _curve(
    number: int, rows: Spells, times: Array, at_risk: Array, ended: Array, before: Array, level: float
) -> CauseCurve:
    events = rows.events_at(times)
    incidence = np.cumsum(before * events / at_risk)
    # Sums over earlier times of (F(t) - F(s))^2 a(s) and (F(t) - F(s)) c(s), multiplied out.
    leaving = at_risk * (at_risk - ended)
    a = np.divide(ended, leaving, out=np.zeros(len(times)), where=leaving > 0.0)
    c = before * events / at_risk**2
    own = before**2 * events * (at_risk - events) / at_risk**3
    variance = incidence**2 * np.cumsum(a) - 2.0 * incidence * np.cumsum(incidence * a)
    variance += np.cumsum(incidence**2 * a) + np.cumsum(own)
    variance -= 2.0 * (incidence * np.cumsum(c) - np.cumsum(incidence * c))
    error = np.sqrt(np.maximum(variance, 0.0))
    tail = (1.0 - level) / 2.0
    rest = 1.0 - incidence
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reach = float(special.ndtri(1.0 - tail)) * error / (rest * -np.log(rest))
        low, high = 1.0 - rest ** np.exp(-reach), 1.0 - rest ** np.exp(reach)
    none_yet, is_all = incidence == 0.0, rest <= 1e-12
    low = np.where(none_yet, 0.0, np.where(is_all, np.nan, low))
    high = np.where(none_yet, 1.0 - tail ** (1.0 / at_risk), np.where(is_all, np.nan, high))
    return CauseCurve(number, events, np.asarray(incidence), np.asarray(error), low, high)
