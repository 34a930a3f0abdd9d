"""A patient's infusions and samples on days since the first infusion, ready for the dosing model.

What the record does not say is filled in here by a named assumption, and every assumption is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from wearoff.dosing.antibodies import persistent_from
from wearoff.dosing.modifiers import exchange_share
from wearoff.dosing.regimen import Regimen

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.cohort.records import Cohort

ANALYTES = ("natalizumab_conc", "receptor_occupancy")
USUAL_DOSE_MG, USUAL_DURATION_MIN, USUAL_ROUTE = 300.0, 60.0, "IV"
SUBCUTANEOUS_PEAK_D = 14.0
PLASMA_EXCHANGE = ("plasma_exchange", "plasma exchange", "plex")
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Course:
    """One patient's record on days since the first infusion.

    Attributes:
        patient: the patient's identifier.
        rows: the infusions as recorded, in order of time, with what was missing filled in.
        regimen: the same for the solver, with the plasma exchanges.
        weight_kg: weight at each infusion; None where none was ever recorded.
        samples: the levels and occupancies, in order of time.
        sample_d: the day of each sample.
        first_antibody_d: day of the first sample with antibodies, infinite without one.
        antibodies_from_d: day from which antibodies persist, infinite where they never do.
        is_incomplete: whether an infusion record of this patient was refused.
    """

    patient: str
    rows: list[dict[str, Any]]
    regimen: Regimen
    weight_kg: Float[np.ndarray, " doses"] | None
    samples: list[dict[str, Any]]
    sample_d: Float[np.ndarray, " samples"]
    first_antibody_d: float
    antibodies_from_d: float
    is_incomplete: bool

    @property
    def peak_d(self) -> list[Float[np.ndarray, " candidates"]]:
        """For each dose the times among which its peak is looked for."""
        following = np.append(self.regimen.start_d[1:], np.inf)
        candidates = []
        for index, start in enumerate(self.regimen.start_d):
            if self.regimen.is_subcutaneous[index]:
                last = min(start + SUBCUTANEOUS_PEAK_D, following[index])
                candidates.append(np.linspace(start, last, 57)[1:])
            else:
                candidates.append(self.regimen.end_d[index : index + 1])
        return candidates


def courses_of(cohort: Cohort) -> tuple[list[Course], tuple[str, ...]]:
    """The patients with infusions, in order, and what had to be assumed about them.

    The reader has refused a second infusion at the same time, so a patient's infusions make a regimen.
    """
    zone = ZoneInfo(cohort.timezone)
    counts: dict[tuple[str, str], int] = {}

    def count(what: str, done: str, number: int = 1) -> None:
        counts[what, done] = counts.get((what, done), 0) + number

    samples = cohort.measurement.filter(pl.col("analyte").is_in(ANALYTES)).sort("time", "row")
    by_sample = samples.partition_by("patient_id", as_dict=True, include_key=True)
    antibodies, exchanges = _antibody_samples(cohort), _exchange_dates(cohort)
    incomplete = cohort.refused_patients("infusion")
    courses = []
    by_patient = cohort.infusion.sort("start_time", "row").partition_by("patient_id", as_dict=True)
    for (patient,), frame in sorted(by_patient.items()):
        rows = frame.to_dicts()
        origin = rows[0]["start_time"]
        regimen = _regimen(rows, origin, count)
        mine = by_sample.get((patient,))
        taken = [] if mine is None else mine.to_dicts()
        days = np.array([_sample_day(sample, rows, origin, zone, count) for sample in taken], dtype=float)
        antibody = [
            (_days(moment, origin), is_found) for moment, is_found in antibodies.get(str(patient), ())
        ]
        sessions = [_exchange_day(date, rows, origin, zone) for date in exchanges.get(str(patient), ())]
        if sessions:
            share = exchange_share().value
            regimen = regimen.exchanged(sessions, share)
            done = (
                f"each taken as one session that removes {100 * share:g} % of the drug in the blood (assumed)"
            )
            count("plasma exchanges", done, len(sessions))
        courses.append(
            Course(
                patient=str(patient),
                rows=rows,
                regimen=regimen,
                weight_kg=_weights(rows, count),
                samples=taken,
                sample_d=days,
                first_antibody_d=min((day for day, is_found in antibody if is_found), default=np.inf),
                antibodies_from_d=persistent_from(antibody),
                is_incomplete=str(patient) in incomplete,
            )
        )
    return courses, tuple(f"{what} ({number}): {done}" for (what, done), number in counts.items())


def _regimen(rows: list[dict[str, Any]], origin: datetime, count: Callable[..., None]) -> Regimen:
    """The doses of one patient; fills `rows` in where the record is silent."""
    for row in rows:
        if row["route"] is None:
            row["route"] = USUAL_ROUTE
            count("infusions without a route", "taken as intravenous (assumed)")
        if row["dose_mg"] is None:
            row["dose_mg"] = USUAL_DOSE_MG
            count("infusions without a dose", "taken as 300 mg (assumed)")
        if row["route"] == "SC":
            row["duration_min"] = 0.0  # minutes are nothing beside the days of uptake
        elif row["duration_min"] is None:
            row["duration_min"] = USUAL_DURATION_MIN
            count("infusions without a duration", "taken as 60 minutes (assumed)")
    start = np.array([_days(row["start_time"], origin) for row in rows])
    duration = np.array([row["duration_min"] for row in rows]) / 1440.0
    subcutaneous = np.array([row["route"] == "SC" for row in rows])
    # an assumed duration may reach into the next infusion; a recorded one never does
    room = np.append(np.diff(start), np.inf)
    is_long = ~subcutaneous & (duration > room) & (room > 0)
    if is_long.any():
        count("infusions that overlap the next", "shortened to end before it", int(is_long.sum()))
        duration = np.where(is_long, room, duration)
    return Regimen(start, np.array([row["dose_mg"] for row in rows]), duration, subcutaneous)


def _weights(rows: list[dict[str, Any]], count: Callable[..., None]) -> Float[np.ndarray, " doses"] | None:
    """The weight at each infusion, carried from the last one known, or from the first one back."""
    weight = pl.Series([row["weight_kg"] for row in rows], dtype=pl.Float64)
    missing = weight.null_count()
    if missing == len(rows):
        count("patients without any weight", "drawn from a mean of 79 kg, SD 20 kg (assumed)")
        return None
    if missing:
        count("infusions without a weight", "taken from another infusion of the patient", missing)
    return weight.fill_null(strategy="forward").fill_null(strategy="backward").to_numpy()


def _sample_day(
    sample: dict[str, Any],
    rows: list[dict[str, Any]],
    origin: datetime,
    zone: ZoneInfo,
    count: Callable[..., None],
) -> float:
    """The day of a sample; where the order within a day is not recorded, before the infusion."""
    day = sample["time"].astimezone(zone).date()
    for row in rows:
        is_unordered = sample["time_is_date_only"] or row["start_is_date_only"]
        if is_unordered and row["start_time"].astimezone(zone).date() == day:
            count(
                "samples on an infusion day without both times of day",
                "taken as drawn before the infusion (assumed)",
            )
            return _days(row["start_time"], origin)
    return _days(sample["time"], origin)


def _antibody_samples(cohort: Cohort) -> dict[str, list[tuple[datetime, bool]]]:
    """For each patient the times of the samples for antibodies, in order, and whether there were any."""
    samples = (
        cohort.measurement.filter(
            (pl.col("analyte") == "anti_natalizumab_ab") & pl.col("value").is_not_null()
        )
        .with_columns(found=(pl.col("value") > 0) & (pl.col("below_lloq").fill_null("N") != "Y"))
        .sort("time", "row")
    )
    by_patient: dict[str, list[tuple[datetime, bool]]] = {}
    for patient, moment, is_found in samples.select("patient_id", "time", "found").iter_rows():
        by_patient.setdefault(patient, []).append((moment, is_found))
    return by_patient


def _exchange_dates(cohort: Cohort) -> dict[str, list[date]]:
    """For each patient the dates of the recorded plasma exchanges."""
    exchanges = cohort.event.filter(
        pl.col("kind").str.to_lowercase().is_in(PLASMA_EXCHANGE) & pl.col("start_date").is_not_null()
    )
    return dict(exchanges.group_by("patient_id").agg(pl.col("start_date").sort()).iter_rows())


def _exchange_day(day: date, rows: list[dict[str, Any]], origin: datetime, zone: ZoneInfo) -> float:
    """The day of a session of which only the date is known: before an infusion of that date, else at noon."""
    for row in rows:
        if row["start_time"].astimezone(zone).date() == day:
            return _days(row["start_time"], origin)
    return _days(datetime.combine(day, time(12), zone), origin)


def _days(moment: datetime, origin: datetime) -> float:
    return (moment - origin).total_seconds() / _DAY_S
