"""On which day the next infusion comes: the plan, skipped and late infusions, and the room of the infusion unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.trial.world.luck import Luck

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.trial.protocol import Attendance, Capacity

__all__ = ["Booked", "Bookings"]


@dataclass(frozen=True, slots=True, eq=False)
class Booked:
    """The next infusion of some patients, days from their entry.

    Attributes:
        planned: when the interval asks for it.
        day: when it is given.
        put_off_weeks: weeks by which the unit put it off.
    """

    planned: Float[np.ndarray, " some"]
    day: Float[np.ndarray, " some"]
    put_off_weeks: Int[np.ndarray, " some"]


class Bookings:
    """The books of the infusion units, one for each replicate.

    An infusion is booked when the one before it is given. It is planned as many whole days after that as the interval
    has; a skipped one is planned a whole interval later; a patient who is late keeps the later day. Where a week has no
    room left, the infusion moves to the same weekday of the next week with room. The first infusion is not counted,
    because a study lets its patients begin.

    Args:
        attendance: lateness and skipping.
        capacity: what each unit can do; None for no limit.
        seed: the seed.
        first: index of the first patient.
        replicate: index of each patient's replicate among those here.
        entry_d: calendar day of entry of each patient.
    """

    def __init__(
        self,
        attendance: Attendance,
        capacity: Capacity | None,
        seed: int,
        first: int,
        replicate: Int[np.ndarray, " patients"],
        entry_d: Float[np.ndarray, " patients"],
    ) -> None:
        self._attendance = attendance
        self._most = None if capacity is None else capacity.infusions_per_week
        self._luck = Luck(seed, first, replicate.size)
        self._replicate, self._entry_d = replicate, entry_d
        self._used = np.zeros((int(replicate.max(initial=0)) + 1, 64), dtype=np.int64)

    def book(
        self,
        where: Int[np.ndarray, " some"],
        day: Float[np.ndarray, " some"],
        interval_weeks: Float[np.ndarray, " some"],
        number: Int[np.ndarray, " some"],
    ) -> Booked:
        """The next infusion of some patients, first come first served within a week.

        Args:
            where: their indices.
            day: of the infusion that they just had.
            interval_weeks: that is wanted until the next.
            number: of that next one, by which its luck is keyed.
        """
        step = np.maximum(np.round(7.0 * interval_weeks), 7.0)
        left_out = self._geometric("skipped", where, number, self._attendance.skipped)
        planned = day + step * (1.0 + left_out)
        late = self._attendance.late_d
        wanted = planned + self._geometric("late", where, number, late / (1.0 + late))
        put_off = np.zeros(where.size, dtype=np.int64)
        if self._most is not None and where.size:
            put_off = self._put_off(where, wanted)
        return Booked(planned, wanted + 7.0 * put_off, put_off)

    def _geometric(self, what: str, where: np.ndarray, number: np.ndarray, share: float) -> np.ndarray:
        """How often something happens in a row that happens with this chance."""
        if share <= 0:
            return np.zeros(where.size)
        return np.asarray(np.floor(np.log(self._luck.uniforms(what, where, number)) / np.log(share)))

    def _put_off(self, where: np.ndarray, wanted: np.ndarray) -> Int[np.ndarray, " some"]:
        """Weeks until there is room."""
        assert self._most is not None  # noqa: S101 - asked before
        calendar = self._entry_d[where] + wanted
        unit, week = self._replicate[where], np.floor(calendar / 7.0).astype(np.int64)
        begin = week.copy()
        pending = np.lexsort((where, calendar, unit))
        while pending.size:
            self._grow(int(week[pending].max()) + 1)
            place = unit[pending] * self._used.shape[1] + week[pending]
            order = np.argsort(place, kind="stable")
            pending, place = pending[order], place[order]
            rank = np.arange(place.size) - np.searchsorted(place, place)
            has_room = rank < self._most - self._used.ravel()[place]
            np.add.at(self._used, (unit[pending[has_room]], week[pending[has_room]]), 1)
            pending = pending[~has_room]
            week[pending] += 1
        return np.asarray(week - begin)

    def _grow(self, weeks: int) -> None:
        if weeks > self._used.shape[1]:
            more = max(weeks, 2 * self._used.shape[1]) - self._used.shape[1]
            self._used = np.pad(self._used, ((0, 0), (0, more)))
