"""The table of visits: the EDSS that an examiner found at each assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.trial.recording.assessments import Assessments, take_place
from wearoff.trial.recording.watched import last_day

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["HIGHEST_EDSS", "on_scale", "record_visits", "true_edss"]

HIGHEST_EDSS = 9.5
"""10 is death, which no examiner finds by an error of half a step."""


def record_visits(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each visit that took place, by patient and date."""
    schedule, recording = protocol.schedule, protocol.recording
    visits = take_place(
        "visit",
        every_weeks=schedule.visit_every_weeks,
        window_d=schedule.visit_window_d,
        missed=recording.missed_visit,
        last_d=last_day(protocol),
        watched=watched,
        chance=chance,
    )
    found, is_examined = true_edss(truth, visits), np.ones(visits.day.shape, dtype=bool)
    for place in range(found.shape[1]):
        error = recording.edss_sd * chance.normal(f"visit {place} edss")
        found[:, place] = on_scale(found[:, place] + error)
        is_examined[:, place] = ~chance.happens(recording.no_edss, f"visit {place} no edss")
    patient, which = np.nonzero(visits.is_done)
    examined = pl.Series(is_examined[patient, which])
    edss = pl.Series(found[patient, which])
    return pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "date": clock.date(patient, visits.day[patient, which]),
            "edss": edss,
            "examined": examined,
        }
    ).select(
        "patient_id",
        "date",
        pl.lit("scheduled").alias("visit_kind"),
        pl.when("examined").then("edss").alias("edss"),
        pl.when("examined").then(pl.lit("examined")).alias("edss_source"),
        pl.when(~pl.col("examined")).then(pl.lit("ND")).alias("edss_missing"),
    )


def true_edss(truth: Truth, visits: Assessments) -> Float[np.ndarray, "patients planned"]:
    """The true EDSS on the day of each visit: that at entry, and the changes that are there on the day."""
    changes = truth.disability
    edss = np.repeat(truth.people.edss[:, None], visits.day.shape[1], axis=1)
    for place in range(edss.shape[1]):
        day = visits.day[changes.patient, place]
        is_there = (changes.day <= day) & (day < changes.until_d)
        edss[:, place] += np.bincount(
            changes.patient[is_there], weights=changes.steps[is_there], minlength=truth.patients
        )
    return edss


def on_scale(edss: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """The nearest value of the scale 0, 1, 1.5 and so on to 9.5; what lies between two goes up."""
    steps = np.floor(2.0 * edss + 0.5) / 2.0
    low = np.where(edss < 0.5, 0.0, 1.0)
    nearest: np.ndarray = np.clip(np.where(steps < 1.0, low, steps), 0.0, HIGHEST_EDSS)
    return nearest
