"""The table of relapses: those that somebody reported, by the day on which they began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from jaxtyping import Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["record_relapses"]

_LONGEST_H = 17_520.0
"""What the data dictionary allows, two years."""


def record_relapses(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each reported relapse, by patient and onset.

    The onset is the nearest whole day; what begins twice on one day is one relapse. Every reported one was seen by an
    examiner, came without fever, and lasted as long as its rise of the EDSS, or for a time that nobody wrote down.
    """
    patient, onset = truth.relapses.patient, np.rint(truth.relapses.day).astype(np.int64)
    is_reported = ~_each_happens(patient, protocol.recording.unreported_relapse, chance)
    is_reported &= (onset <= watched.last_d[patient]) & watched.is_known[patient]
    patient, onset, hours = patient[is_reported], onset[is_reported], 24.0 * _lasting_d(truth)[is_reported]
    is_other = np.ones(patient.size, dtype=bool)
    is_other[1:] = (patient[1:] != patient[:-1]) | (onset[1:] != onset[:-1])
    patient, onset, hours = patient[is_other], onset[is_other], hours[is_other]
    rows = pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "onset_date": clock.date(patient, onset),
            "hours": pl.Series(np.rint(hours), dtype=pl.Float64),
        }
    )
    is_told = pl.col("hours") <= _LONGEST_H
    return rows.select(
        "patient_id",
        "onset_date",
        pl.lit("N").alias("fever_or_infection"),
        pl.lit("Y").alias("objective_sign"),
        pl.when(is_told).then("hours").alias("duration_h"),
        pl.when(~is_told).then(pl.lit("UNK")).alias("duration_h_missing"),
    )


def _each_happens(patient: Int[np.ndarray, " relapses"], share: float, chance: Chance) -> np.ndarray:
    """Whether each relapse goes unreported, by its number within the patient."""
    happens = np.zeros(patient.size, dtype=bool)
    if share == 0.0 or not patient.size:
        return happens
    begins = np.searchsorted(patient, patient)
    number = np.arange(patient.size) - begins
    for which in range(int(number.max()) + 1):
        rows = number == which
        happens[rows] = chance.happens(share, f"relapse {which} unreported")[patient[rows]]
    return happens


def _lasting_d(truth: Truth) -> np.ndarray:
    """How long the rise of the EDSS lasts that begins with each relapse; infinite where it stays or there is none."""
    relapses, changes = truth.relapses, truth.disability
    lasting = np.full(relapses.patient.size, np.inf)
    ends = {
        (patient, day): until - day
        for patient, day, until in zip(
            changes.patient.tolist(), changes.day.tolist(), changes.until_d.tolist(), strict=True
        )
        if until < np.inf
    }
    for place, key in enumerate(zip(relapses.patient.tolist(), relapses.day.tolist(), strict=True)):
        lasting[place] = ends.get(key, np.inf)
    return lasting
