"""The table of answers to the wearing-off question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from wearoff.trial.recording.assessments import planned_days
from wearoff.trial.recording.watched import last_day

if TYPE_CHECKING:
    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["ANSWERS", "record_answers"]

ANSWERS: Final = ("never", "sometimes", "regularly")
_SOMETIMES = 1


def record_answers(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each answer, at entry and each of the planned weeks, by patient and date.

    An answer that is not the true one is one step off: `sometimes` of those at either end, and of those between them
    either end as often as the other.
    """
    planned = np.array(planned_days(protocol.schedule.question_every_weeks, last_day(protocol)))
    is_asked = (planned <= watched.last_d[:, None]) & watched.is_known[:, None]
    answer = np.repeat(truth.wearing_off[:, None], planned.size, axis=1)
    if protocol.recording.other_answer > 0.0:
        for place in range(planned.size):
            is_other = chance.happens(protocol.recording.other_answer, f"answer {place} is another")
            end = 2 * chance.happens(0.5, f"answer {place} goes up")
            other = np.where(truth.wearing_off == _SOMETIMES, end, _SOMETIMES)
            answer[:, place] = np.where(is_other, other, truth.wearing_off)
    patient, which = np.nonzero(is_asked)
    return pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "date": clock.date(patient, planned[which]),
            "answer": pl.Series(ANSWERS, dtype=pl.String).gather(answer[patient, which]),
            "question_version": pl.Series(["3 levels"], dtype=pl.String).new_from_index(0, patient.size),
        }
    )
