"""Who is watched until when: to the end of the study, until lost, or not beyond entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.intervals import YEAR_D

if TYPE_CHECKING:
    from jaxtyping import Bool, Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.truth import Truth

__all__ = ["ENDED", "FAILED", "LOST", "REASONS", "Watched", "last_day", "watch"]

REASONS = (
    "end of study",
    "lost to follow-up",
    "lost at entry: the levels of this virtual patient could not be solved",
)
"""What stands in `end_reason`."""
ENDED, LOST, FAILED = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """How long each patient is watched.

    Attributes:
        last_d: the last day on which anything is recorded, days since entry, shape [patients].
        reason: why it is the last, an index into `REASONS`, shape [patients].
        is_known: whether anything that hangs on the levels is known, so that it can be recorded, shape [patients].
    """

    last_d: Int[np.ndarray, " patients"]
    reason: Int[np.ndarray, " patients"]
    is_known: Bool[np.ndarray, " patients"]


def last_day(protocol: Protocol) -> int:
    """The last day of the study for a patient who stays, days since entry."""
    return 7 * protocol.schedule.followup_weeks


def watch(protocol: Protocol, truth: Truth, chance: Chance) -> Watched:
    """The last day of each patient.

    The time until somebody is lost is exponential with the rate -ln(1 - share lost in a year), which is the rate at
    which that share is lost within a year. The last day is the last whole day before it.
    """
    end, share = last_day(protocol), protocol.recording.dropout_per_year
    last = np.full(truth.patients, end)
    if share > 0.0:
        waiting_d = YEAR_D * np.log(chance.uniform("drop-out")) / np.log1p(-share)
        last = np.minimum(waiting_d, end).astype(np.int64)
    reason = np.where(truth.failed, FAILED, np.where(last < end, LOST, ENDED))
    return Watched(np.where(truth.failed, 0, last), reason, ~truth.failed)
