"""Rows that are watched from an entry to an exit, and who is at risk when.

A row is at risk at time t if entry < t <= exit: whoever enters at t cannot have the event of t, whoever
leaves at t can. Without entries everybody is at risk from the beginning, time 0 included.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from wearoff.stats.terms import Array, checked_column, checked_flags


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Rows under observation.

    Attributes:
        entry: when the row comes under observation, minus infinity for always, shape (rows,).
        exit: when it leaves, later than `entry`, shape (rows,).
        event: whether the event ended it, shape (rows,).
    """

    entry: Array
    exit: Array
    event: npt.NDArray[np.bool_]

    def chosen(self, rows: npt.NDArray[np.bool_]) -> Spells:
        """Some of the rows.

        Args:
            rows: which, shape (rows,).
        """
        return Spells(self.entry[rows], self.exit[rows], self.event[rows])

    def event_times(self) -> Array:
        """The distinct times at which an event happened, ascending."""
        return np.unique(self.exit[self.event])

    def at_risk(self, times: Array) -> Array:
        """How many are at risk at each time.

        Args:
            times: shape (times,).
        """
        leave_later = len(self.exit) - np.searchsorted(np.sort(self.exit), times, side="left")
        enter_later = len(self.entry) - np.searchsorted(np.sort(self.entry), times, side="left")
        return np.asarray(leave_later - enter_later, dtype=np.float64)

    def events_at(self, times: Array) -> Array:
        """How many events happened at each time.

        Args:
            times: shape (times,).
        """
        ends = np.sort(self.exit[self.event])
        count = np.searchsorted(ends, times, side="right") - np.searchsorted(ends, times, side="left")
        return np.asarray(count, dtype=np.float64)


def spells(time: npt.ArrayLike, event: npt.ArrayLike, entry: npt.ArrayLike | None = None) -> Spells:
    """Checked rows.

    Args:
        time: when each row leaves, 0 or more, shape (rows,).
        event: 1 where the event ended it, 0 where it was censored, shape (rows,).
        entry: when each row comes under observation (delayed entry), shape (rows,); None for the beginning.

    Raises:
        ValueError: there is no row, a shape disagrees, a value is missing, or a row does not leave after it
            entered.
    """
    ends = checked_column(time, None, "time", lowest=0.0)
    if len(ends) == 0:
        raise ValueError("there is no row: nobody was observed")
    flags = checked_flags(event, len(ends), "event")
    if entry is None:
        return Spells(np.full(len(ends), -inf), ends, flags)
    starts = checked_column(entry, len(ends), "entry")
    if (starts >= ends).any():
        first = int(np.flatnonzero(starts >= ends)[0])
        raise ValueError(
            f"row {first} enters at {starts[first]:g} and leaves at {ends[first]:g}; it must leave later "
            "than it enters, so leave out rows that were never at risk"
        )
    return Spells(starts, ends, flags)


def numbers_at_risk(
    time: npt.ArrayLike, at: npt.ArrayLike, *, entry: npt.ArrayLike | None = None
) -> npt.NDArray[np.int64]:
    """How many are still under observation at given times, for the line under a curve.

    Whoever leaves at a time still counts at it. Of rows with an entry, those that enter at a time do not yet
    count, except at the earliest entry of all, where the table begins.

    Args:
        time: when each row leaves, 0 or more, shape (rows,).
        at: the times of the table, shape (times,).
        entry: when each row comes under observation, shape (rows,); None for the beginning.

    Raises:
        ValueError: as `spells` does.

    Example:
        >>> numbers_at_risk([6, 6, 12, 12, 18, 24], [0, 6, 12, 18, 24]).tolist()
        [6, 6, 4, 2, 1]
    """
    ends = checked_column(time, None, "time", lowest=0.0)
    rows = spells(ends, np.zeros(len(ends)), entry)
    times = checked_column(at, None, "at")
    first = float(rows.entry.min())
    beginning = np.where(times == first, float((rows.entry == first).sum()), 0.0)
    return np.asarray(rows.at_risk(times) + beginning, dtype=np.int64)
