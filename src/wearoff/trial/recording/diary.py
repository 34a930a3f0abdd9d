"""The table of diaries: the severity of each week, which rises over the interval in those whose drug wears off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from wearoff.trial.recording.watched import last_day

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["cycle_share", "record_diary"]

WEEK_D: Final = 7
_TYPICAL, _SD_BETWEEN, _LOWEST, _HIGHEST = 3.0, 1.0, 1.0, 6.0
"""Severity just after an infusion: mean and spread between patients, cut off at both ends; all assumed."""
_DECIMALS = 1
_SHARE_OF_RISE = np.array([0.0, 0.5, 1.0])
"""Of the protocol's rise, by wearing-off: never, sometimes, regularly."""


def record_diary(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each week with an entry, by patient and week.

    The first week begins on the day of entry. Severity is a patient's own level, the rise by the day of the cycle in
    the middle of the week, and an error; it is stated between 0 and 10 to a tenth.
    """
    recording = protocol.recording
    weeks = min(protocol.schedule.diary_weeks, (last_day(protocol) + 1) // WEEK_D)
    ending = WEEK_D * np.arange(1, weeks + 1) - 1
    is_written = (ending <= watched.last_d[:, None]) & watched.is_known[:, None]
    is_written &= np.arange(weeks) < _weeks_written(recording.diary_fatigue_per_week, chance)[:, None]
    own = np.clip(_TYPICAL + _SD_BETWEEN * chance.normal("diary level"), _LOWEST, _HIGHEST)
    rise = recording.diary_rise * _SHARE_OF_RISE[truth.wearing_off]
    severity = own[:, None] + rise[:, None] * cycle_share(truth, ending - WEEK_D // 2)
    for week in range(weeks):
        severity[:, week] += recording.diary_sd * chance.normal(f"diary {week} severity")
        if recording.missing_diary > 0.0:
            is_written[:, week] &= ~chance.happens(recording.missing_diary, f"diary {week} missing")
    patient, which = np.nonzero(is_written)
    return pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "week_ending": clock.date(patient, ending[which]),
            "severity_0_10": pl.Series(np.round(np.clip(severity[patient, which], 0.0, 10.0), _DECIMALS)),
            "entered_late_d": pl.Series(np.zeros(patient.size, dtype=np.int64)),
        }
    )


def cycle_share(truth: Truth, day: Int[np.ndarray, " weeks"]) -> Float[np.ndarray, "patients weeks"]:
    """How much of its cycle has passed on each day: 0 on the day of an infusion, 1 at the planned time of the next.

    A cycle is as long as it was to the next infusion, and as it was planned where there is none. Before the first
    infusion the share is 0; it is never above 1.
    """
    given = truth.infusions
    share = np.zeros((truth.patients, day.size))
    everyone = np.arange(truth.patients)
    following = np.full(given.day.shape, np.nan)
    following[:, :-1] = given.day[:, 1:]
    length = np.where(np.isnan(following), 7.0 * given.interval_weeks, following - given.day)
    with np.errstate(invalid="ignore"):  # an unused place holds NaN, which is before no day
        for week, middle in enumerate(day):
            before = np.count_nonzero(given.day <= middle, axis=1)
            last = np.maximum(before - 1, 0)
            passed = (middle - given.day[everyone, last]) / length[everyone, last]
            share[:, week] = np.where(before > 0, np.minimum(passed, 1.0), 0.0)
    return np.nan_to_num(share)


def _weeks_written(fatigue: float, chance: Chance) -> Float[np.ndarray, " patients"]:
    """After how many weeks each patient stops: of those still writing the same share stops in every week."""
    if fatigue == 0.0:
        return np.full(chance.count, np.inf)
    weeks: np.ndarray = np.floor(np.log(chance.uniform("diary fatigue")) / np.log1p(-fatigue))
    return weeks
