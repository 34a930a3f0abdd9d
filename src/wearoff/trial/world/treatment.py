"""Infusions of many patients side by side, a week at a time: levels, events, decisions and bookings in order of time.

Stable patients have had a year of 4-weekly dosing, the last infusion of which is on the day of entry; starters have
their first one then. What follows is decided at each infusion and booked from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.virtual_activity import RUN_IN_DOSES, RUN_IN_WEEKS
from wearoff.trial.truth import Infusions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float, Int

    from wearoff.dosing.occupancy import SaturationCurve
    from wearoff.dosing.pk.weekly import WeekLevels, WeeklyLevels
    from wearoff.trial.world.booking import Bookings
    from wearoff.trial.world.deciding import Decider
    from wearoff.trial.world.events import Infiltrate, Process, Stretch

__all__ = ["RUN_IN_D", "Infused", "follow", "run_in", "table_of"]

RUN_IN_D = 7.0 * RUN_IN_WEEKS * (RUN_IN_DOSES - 1)
_NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Infused:
    """Infusions of some patients on one round.

    Attributes:
        where: their indices.
        day, planned, trough_mg_per_l, interval_weeks: as in `Infusions`.
    """

    where: Int[np.ndarray, " some"]
    day: Float[np.ndarray, " some"]
    planned: Float[np.ndarray, " some"]
    trough_mg_per_l: Float[np.ndarray, " some"]
    interval_weeks: Float[np.ndarray, " some"]


def run_in(levels: WeeklyLevels, infiltrate: Infiltrate | None = None) -> list[Infused]:
    """A year of 4-weekly dosing, up to the day of entry and without the infusion on it.

    Args:
        levels: of patients without drug; they are moved on to the day of entry.
        infiltrate: moved on with them, where it is wanted.
    """
    everyone = np.arange(levels.status.size)
    given: list[Infused] = []
    every = round(RUN_IN_WEEKS)
    for week in range(-round(RUN_IN_D / 7.0), 0):
        is_given = week % every == 0
        begin = np.full(everyone.size, 7.0 * week)
        found = levels.advance(
            everyone,
            np.full(everyone.size, 0 if is_given else _NEVER),
            np.full(everyone.size, 7.0 * (every - week % every)),
        )
        if is_given:
            given.append(
                Infused(everyone, begin, begin, found.level[0], np.full(everyone.size, RUN_IN_WEEKS))
            )
        if infiltrate is not None:
            infiltrate.advance(everyone, begin, found)
    return given


@dataclass(slots=True, eq=False)
class _Course:
    """Where every patient stands: the infusion that comes next, and the interval."""

    day: Float[np.ndarray, " patients"]
    planned: Float[np.ndarray, " patients"]
    interval_weeks: Float[np.ndarray, " patients"]
    number: Int[np.ndarray, " patients"]
    given: list[Infused] = field(default_factory=list)


def follow(
    levels: WeeklyLevels,
    decider: Decider,
    bookings: Bookings,
    processes: Sequence[Process],
    stretch_of: Callable[[np.ndarray, np.ndarray, WeekLevels], Stretch],
    weeks: int,
    entry_week: Int[np.ndarray, " patients"],
) -> list[Infused]:
    """Treatment from entry to the end of the follow-up.

    Args:
        levels: of all patients at entry, before the infusion on that day.
        decider: who decides on intervals, and keeps the log.
        bookings: the books.
        processes: lesions and relapses, which are followed on the way.
        stretch_of: makes of a week of some patients what the processes follow.
        weeks: from entry to the end.
        entry_week: calendar week of entry of each, so that who comes first is booked first.

    Returns:
        Every infusion from entry to the end.
    """
    patients = entry_week.size
    course = _Course(
        day=np.zeros(patients),
        planned=np.zeros(patients),
        interval_weeks=decider.begin_weeks.copy(),
        number=np.zeros(patients, dtype=np.int64),
    )
    end = 7.0 * weeks
    for step in range(int(entry_week.min(initial=0)), int(entry_week.max(initial=0)) + weeks + 1):
        week = step - entry_week
        where = np.flatnonzero((week >= 0) & (week <= weeks))
        begin = 7.0 * week[where]
        offset = course.day[where] - begin
        is_given = offset < 7.0
        infused = np.where(is_given, offset, _NEVER).astype(np.int64)
        # where the next infusion is not booked yet, the longest plan until then bounds the lowest level
        until = np.where(is_given, offset + 14.0 * course.interval_weeks[where], offset)
        found = levels.advance(where, infused, until)
        stretch = stretch_of(where, begin, found)
        for process in processes:
            process.follow(stretch)
        lanes = np.flatnonzero(is_given)
        if lanes.size:
            trough = found.level[infused[lanes], lanes]
            trough = np.where(levels.status[where[lanes]] == 0, trough, np.nan)
            _infuse(course, decider, bookings, where[lanes], trough, end)
    return course.given


def _infuse(
    course: _Course,
    decider: Decider,
    bookings: Bookings,
    where: Int[np.ndarray, " some"],
    trough: Float[np.ndarray, " some"],
    end: float,
) -> None:
    """What happens at an infusion: it is noted, the interval is decided on, and the next one is booked."""
    day, planned = course.day[where].copy(), course.planned[where].copy()
    is_in = day <= end
    where, trough, day, planned = where[is_in], trough[is_in], day[is_in], planned[is_in]
    number = course.number[where]
    interval = decider.decide(where, day, number, trough, course.interval_weeks[where])
    booked = bookings.book(where, day, interval, number + 1)
    decider.note_put_off(where, day, interval, booked)
    course.given.append(Infused(where, day, planned, trough, interval))
    course.interval_weeks[where], course.number[where] = interval, number + 1
    course.day[where], course.planned[where] = booked.day, booked.planned


def table_of(
    given: Sequence[Infused], curve: SaturationCurve, failed: np.ndarray, before: Sequence[Infused] = ()
) -> Infusions:
    """All infusions as a table with a row for each patient.

    Args:
        given: from entry on.
        curve: the saturation curve.
        failed: patients whose levels were not solved, shape [patients].
        before: those before entry.
    """
    rounds = (*before, *given)
    names = ("where", "day", "planned", "trough_mg_per_l", "interval_weeks")
    where, day, planned, trough, interval = (
        np.concatenate([np.zeros(0), *(getattr(one, name) for one in rounds)]) for name in names
    )
    order = np.lexsort((day, where))
    patient = where[order].astype(np.int64)
    place = np.arange(patient.size) - np.searchsorted(patient, patient)
    most = int(place.max(initial=-1)) + 1

    def wide(values: np.ndarray) -> Float[np.ndarray, "patients infusions"]:
        table = np.full((failed.size, most), np.nan)
        table[patient, place] = values[order]
        return table

    level = wide(np.maximum(trough, 0.0))
    level[failed] = np.nan
    return Infusions(
        day=wide(day),
        planned=wide(planned),
        trough_mg_per_l=level,
        saturation=curve.saturation(level),
        interval_weeks=wide(interval),
    )
