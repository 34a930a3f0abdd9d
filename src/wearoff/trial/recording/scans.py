"""The table of scans: what a reader sees on each, compared with the last one that took place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.trial.recording.assessments import take_place
from wearoff.trial.recording.watched import last_day

if TYPE_CHECKING:
    from jaxtyping import Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Events, Truth

__all__ = ["record_scans"]


def record_scans(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each scan that took place, by patient and date.

    A scan shows the lesions that came up to its day. The first one has nothing to be compared with. Without
    contrast nothing is said of enhancing lesions.
    """
    schedule, recording = protocol.schedule, protocol.recording
    scans = take_place(
        "scan",
        every_weeks=schedule.mri_every_weeks,
        window_d=schedule.mri_window_d,
        missed=recording.unscanned,
        last_d=last_day(protocol),
        watched=watched,
        chance=chance,
    )
    is_done = scans.is_done & watched.is_known[:, None]
    is_given = np.full(is_done.shape, schedule.is_with_gadolinium)
    for place in range(is_done.shape[1]):
        is_given[:, place] &= ~chance.happens(recording.no_gadolinium, f"scan {place} no gadolinium")
    seen = _come_up_to(truth.lesions, scans.day)
    begun, over = truth.enhancing, truth.enhancing_d
    enhancing = _come_up_to(begun, scans.day) - _come_up_to(begun, scans.day, gone_after_d=over)

    patient, which = np.nonzero(is_done)
    day, total = scans.day[patient, which], seen[patient, which]
    is_first = np.ones(patient.size, dtype=bool)
    is_first[1:] = patient[1:] != patient[:-1]
    before = np.maximum(np.arange(patient.size) - 1, 0)
    rows = pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "date": clock.date(patient, day),
            "reference": clock.date(patient, day[before]),
            "new": pl.Series(total - total[before]),
            "enhancing": pl.Series(enhancing[patient, which]),
            "is_first": pl.Series(is_first),
            "is_given": pl.Series(is_given[patient, which]),
        }
    )
    return rows.select(
        "patient_id",
        "date",
        pl.lit("brain").alias("region"),
        pl.when(~pl.col("is_first")).then("reference").alias("reference_date"),
        pl.when(~pl.col("is_first")).then("new").alias("new_t2"),
        pl.when("is_given").then(pl.lit("Y")).otherwise(pl.lit("N")).alias("gd_given"),
        pl.when("is_given").then("enhancing").alias("gd_lesions"),
        pl.when("is_first").then(pl.lit("NA")).alias("reference_date_missing"),
        pl.when("is_first").then(pl.lit("NA")).alias("new_t2_missing"),
        pl.when(~pl.col("is_given")).then(pl.lit("ND")).alias("gd_lesions_missing"),
    )


def _come_up_to(
    events: Events, day: Int[np.ndarray, "patients planned"], *, gone_after_d: float = 0.0
) -> Int[np.ndarray, "patients planned"]:
    """How many events of each patient were so many days ago by each day, the day itself included."""
    patients, planned = day.shape
    counts = np.zeros(day.shape, dtype=np.int64)
    for place in range(planned):
        is_past = events.day + gone_after_d <= day[events.patient, place]
        counts[:, place] = np.bincount(events.patient[is_past], minlength=patients)
    return counts
