"""A cohort as it was known on a calendar day: what an interim look may see.

Nothing is scored here. Rows of later days are left out, and what ended later is open again, so that the code that
scores the whole cohort scores the look as well: a worsening whose confirmation is still to come is unconfirmed, and
who is followed beyond the day has been observed up to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from wearoff.cohort.records import Cohort

__all__ = ["cut_cohort"]

# The column that dates a row, and columns that may lie later than it.
_DATED = {
    "visit": ("date", ()),
    "relapse": ("onset_date", ("end_date",)),
    "mri": ("date", ()),
    "wearing_off": ("date", ()),
    "score": ("date", ()),
    "event": ("start_date", ()),
}
_TIMED = {"infusion": "start_time", "measurement": "time"}


def cut_cohort(cohort: Cohort, day: date) -> Cohort:
    """What was known at the end of a calendar day.

    Patients who entered later are not there yet. A follow-up that ended later ends on the day, without a reason; one
    without a recorded end keeps its last contact. An undated row is taken to be of later. Rows that were refused stay
    refused, as their day is not known.

    Args:
        cohort: the records.
        day: the last day that counts, in the cohort's timezone.
    """
    patient = cohort.patient.filter(pl.col("followup_start").is_null() | (pl.col("followup_start") <= day))
    is_later = pl.col("followup_end") > day
    patient = patient.with_columns(
        pl.when(is_later).then(pl.lit(day)).otherwise(pl.col("followup_end")).alias("followup_end"),
        pl.when(~is_later.fill_null(value=False)).then(pl.col("end_reason")).alias("end_reason"),
    )
    later = cohort.patient.filter(pl.col("followup_start") > day)["patient_id"]
    tables = {"patient": patient}
    for name, (column, ends) in _DATED.items():
        frame = cohort.tables[name]
        tables[name] = frame.filter(pl.col(column) <= day).with_columns(
            pl.when(pl.col(end) <= day).then(pl.col(end)).alias(end) for end in ends
        )
    for name, column in _TIMED.items():
        when = pl.col(column).dt.convert_time_zone(cohort.timezone).dt.date()
        tables[name] = cohort.tables[name].filter(when <= day)
    written = pl.col("week_ending") + pl.duration(days=pl.col("entered_late_d").fill_null(0))
    tables["diary"] = cohort.diary.filter(written <= day)
    if later.len():
        tables = {
            name: frame.filter(~pl.col("patient_id").is_in(later.implode())) for name, frame in tables.items()
        }
    return replace(
        cohort,
        patient=tables["patient"],
        infusion=tables["infusion"],
        measurement=tables["measurement"],
        visit=tables["visit"],
        relapse=tables["relapse"],
        mri=tables["mri"],
        wearing_off=tables["wearing_off"],
        diary=tables["diary"],
        score=tables["score"],
        event=tables["event"],
        as_of=min(cohort.as_of, day),
    )
