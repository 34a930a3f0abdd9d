"""The tables of patients, arms and infusions: who takes part, and what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from wearoff.trial.recording.watched import DAYS_PER_YEAR, REASONS

if TYPE_CHECKING:
    from jaxtyping import Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["ARM_KIND", "INFUSION_MINUTE", "record_arms", "record_infusions", "record_patients"]

ARM_KIND: Final = "arm"
"""The `kind` of the event that says in its column `arm` to which arm a patient belongs."""
INFUSION_MINUTE: Final = 9 * 60
"""Infusions begin at 09:00 UTC."""
_DOSE_MG, _RUNS_MIN = 300.0, 60.0  # product information of Tysabri: 300 mg over about an hour
_SHORTEST_CM, _TALLEST_CM, _LIGHTEST_KG, _HEAVIEST_KG = (
    100.0,
    230.0,
    25.0,
    250.0,
)  # what the data dictionary allows


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
            "kind": pl.Series([ARM_KIND], dtype=pl.String).new_from_index(0, truth.patients),
            "arm": names.gather(truth.people.arm),
            "treated_since": since.dt.to_string("%Y-%m-%d"),
        }
    )


def record_infusions(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each infusion until the last day that the patient was watched, by patient and time."""
    given = truth.infusions
    first_d = -7 * protocol.schedule.before_weeks
    with np.errstate(invalid="ignore"):  # an unused place holds NaN, which lies between no two days
        is_given = (given.day >= first_d) & (given.day <= watched.last_d[:, None])
    is_weighed = np.ones(is_given.shape, dtype=bool)
    if protocol.recording.missing_weight > 0.0:
        for place in np.flatnonzero(is_given.any(axis=0)):
            is_weighed[:, place] = ~chance.happens(
                protocol.recording.missing_weight, f"infusion {place} unweighed"
            )
    patient, which = np.nonzero(is_given)
    planned = given.planned[patient, which]
    weight = np.clip(np.round(truth.people.weight_kg, 1), _LIGHTEST_KG, _HEAVIEST_KG)
    rows = pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "start_time": clock.time(patient, _whole(given.day[patient, which]), INFUSION_MINUTE),
            "planned_date": clock.date(patient, _whole(planned)),
            "weight_kg": pl.Series(weight[patient]),
            "is_weighed": pl.Series(is_weighed[patient, which]),
        }
    )
    return rows.select(
        "patient_id",
        "start_time",
        pl.lit(value=False).alias("start_is_date_only"),
        pl.lit(_DOSE_MG).alias("dose_mg"),
        pl.lit("IV").alias("route"),
        "planned_date",
        pl.when("is_weighed").then("weight_kg").alias("weight_kg"),
        pl.lit(_RUNS_MIN).alias("duration_min"),
        pl.when(~pl.col("is_weighed")).then(pl.lit("ND")).alias("weight_kg_missing"),
    )


def _whole(day: np.ndarray) -> Int[np.ndarray, " rows"]:
    whole: np.ndarray = np.rint(day).astype(np.int64)
    return whole


def _days_ago(years: np.ndarray) -> Int[np.ndarray, " patients"]:
    return -_whole(years * DAYS_PER_YEAR)
