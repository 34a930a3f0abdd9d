"""The tables of patients and of their arms: who takes part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.dosing.intervals import YEAR_D
from wearoff.trial.reading.at_entry import ARM
from wearoff.trial.recording.watched import REASONS

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["record_arms", "record_patients"]

_SHORTEST_CM, _TALLEST_CM = 100.0, 230.0  # what the data dictionary allows


def record_patients(truth: Truth, watched: Watched, clock: Clock) -> pl.DataFrame:
    """One row for each patient, lost ones too."""
    people, everyone = truth.people, np.arange(truth.patients)
    born = clock.date(everyone, _days_ago(people.age)).dt.year().cast(pl.Int64)
    onset = clock.date(everyone, _days_ago(people.ms_years))
    rows = pl.DataFrame(
        {
            "patient_id": clock.patient_id,
            "birth_year": born,
            "is_female": pl.Series(people.is_female),
            "height_cm": pl.Series(np.clip(np.rint(people.height_cm), _SHORTEST_CM, _TALLEST_CM)),
            "ms_onset_date": onset,
            "followup_start": clock.date(everyone, np.zeros(truth.patients, dtype=np.int64)),
            "followup_end": clock.date(everyone, watched.last_d),
            "reason": pl.Series(watched.reason),
        }
    )
    return rows.select(
        "patient_id",
        "birth_year",
        pl.when("is_female").then(pl.lit("F")).otherwise(pl.lit("M")).alias("sex"),
        "height_cm",
        "ms_onset_date",
        "followup_start",
        "followup_end",
        pl.col("reason").replace_strict(dict(enumerate(REASONS)), return_dtype=pl.String).alias("end_reason"),
    )


def record_arms(protocol: Protocol, truth: Truth, clock: Clock) -> pl.DataFrame:
    """One event for each patient, on the day of entry: the arm, and since when the drug was given."""
    names = pl.Series([arm.name for arm in protocol.arms], dtype=pl.String)
    everyone = np.arange(truth.patients)
    since = clock.date(everyone, _days_ago(truth.people.treatment_years))
    return pl.DataFrame(
        {
            "patient_id": clock.patient_id,
            "start_date": clock.date(everyone, np.zeros(truth.patients, dtype=np.int64)),
            "kind": pl.Series([ARM], dtype=pl.String).new_from_index(0, truth.patients),
            ARM: names.gather(truth.people.arm),
            "treated_since": since.dt.to_string("%Y-%m-%d"),
        }
    )


def _days_ago(years: Float[np.ndarray, " patients"]) -> Int[np.ndarray, " patients"]:
    days: np.ndarray = -np.rint(years * YEAR_D).astype(np.int64)
    return days
