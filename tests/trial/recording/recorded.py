"""Recorded patients for tests: each table beside the truth that it came from."""

from __future__ import annotations

import numpy as np
import polars as pl

from wearoff.cohort.records import Cohort
from wearoff.trial.truth import Truth

NOTHING_LOST = {
    "edss_sd": 0.0,
    "level_cv": 0.0,
    "level_lloq_mg_per_l": 0.0,
    "occupancy_sd": 0.0,
    "diary_sd": 0.0,
}
NO_WINDOWS = {"visit_window_d": 0, "mri_window_d": 0}


def placed(cohort: Cohort, table: str, day: str) -> pl.DataFrame:
    """A table with the patient's place in the truth (`patient`) and the day since entry (`since`)."""
    people = cohort.patient.select("patient_id", "followup_start").with_row_index("patient")
    column = pl.col(day).dt.date() if day in ("time", "start_time") else pl.col(day)
    return (
        cohort.tables[table]
        .join(people, on="patient_id", maintain_order="left")
        .with_columns(since=(column - pl.col("followup_start")).dt.total_days())
    )


def counted(truth: Truth, patient: np.ndarray) -> np.ndarray:
    """How often each patient is named."""
    return np.bincount(patient, minlength=truth.patients)


def is_near(found: int, of: int, share: float) -> bool:
    """Whether so many are within three standard errors of the share that is stated."""
    return abs(found / of - share) <= 3.0 * np.sqrt(share * (1.0 - share) / of)
