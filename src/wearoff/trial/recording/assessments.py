"""When an assessment takes place that was planned for a day: within its window, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from jaxtyping import Bool, Int

    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.watched import Watched

__all__ = ["Assessments", "planned_days", "take_place"]


@dataclass(frozen=True, slots=True, eq=False)
class Assessments:
    """Planned assessments of one kind.

    Attributes:
        day: when each takes place, or would have, days since entry, shape [patients, planned].
        is_done: whether it takes place.
    """

    day: Int[np.ndarray, "patients planned"]
    is_done: Bool[np.ndarray, "patients planned"]


def planned_days(every_weeks: int, last_d: int) -> tuple[int, ...]:
    """Entry and every so many weeks until the last day of the study."""
    return tuple(range(0, last_d + 1, 7 * every_weeks))


def take_place(
    what: str,
    *,
    every_weeks: int,
    window_d: int,
    missed: float,
    last_d: int,
    watched: Watched,
    chance: Chance,
) -> Assessments:
    """The day of each planned assessment, and whether it takes place.

    Every day of the window is as likely as any other. The one at entry takes place on the day of entry. What would
    come after the last day of the study is done on that day.

    Args:
        what: what the assessments are called: `visit` or `scan`.
        every_weeks: weeks between them.
        window_d: days that one may be early or late.
        missed: share of those after entry that do not take place.
        last_d: last day of the study, days since entry.
        watched: until when each patient is watched.
        chance: random numbers.

    Raises:
        InputError: windows that touch, so that the order of two assessments would be open.
    """
    planned = planned_days(every_weeks, last_d)
    if len(planned) > 1 and 2 * window_d >= 7 * every_weeks:
        reason = (
            f"a {what} every {every_weeks} weeks, each up to {window_d} days early or late, may come on the day of the "
            "next; make the window less than half of the time between them."
        )
        raise InputError(Problem(reason, table="schedule"))
    day = np.zeros((chance.count, len(planned)), dtype=np.int64)
    is_done = np.ones(day.shape, dtype=bool)
    for place, plan in enumerate(planned[1:], start=1):
        shift = (
            np.floor(chance.uniform(f"{what} {place} day") * (2 * window_d + 1)).astype(np.int64) - window_d
        )
        day[:, place] = np.minimum(plan + shift, last_d)
        is_done[:, place] = ~chance.happens(missed, f"{what} {place} missed")
    return Assessments(day, is_done & (day <= watched.last_d[:, None]))
