"""Everybody's records on one clock, days since the start of follow-up, as arrays that the rules work on.

Dates become whole days since day 0, which is the recorded start of follow-up, else the first infusion, else
the first visit or scan. Observation ends at the recorded end of follow-up, else at the last visit or
infusion: a relapse or a scan tells what happened, not how long somebody watched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Shaped

from wearoff.cohort.neda.changes import Visits
from wearoff.cohort.neda.dated import NO_DAY, Dated
from wearoff.cohort.neda.relapses import MISSING, NO, UNKNOWN, YES, Reports

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

DayZero = Literal["followup_start", "first infusion", "first visit or scan", "none"]
DAY_ZERO_FROM: tuple[DayZero, ...] = ("followup_start", "first infusion", "first visit or scan", "none")
TABLES = ("visit", "relapse", "mri")
REGIONS = ("brain", "spine", "brain_and_spine")
NOT_READ = -1
_ANSWERS = {"N": NO, "Y": YES, "U": UNKNOWN}
_OFF_SCHEDULE = ("unscheduled", "relapse")


@dataclass(frozen=True, slots=True)
class Scans:
    """MRI scans.

    Attributes:
        rows: patient and day of each.
        reference_day: day of the scan it was compared with, `NO_DAY` where not recorded, shape [rows].
        region: position in `REGIONS`, shape [rows].
        new_t2: new and enlarging T2 lesions together, `NOT_READ` when T2 was not judged, shape [rows].
        gd_lesions: gadolinium-enhancing lesions, `NOT_READ` when gadolinium was not given or read, shape [rows].
        volume_change_pct: change of brain volume since the reference, nan where not measured, shape [rows].
    """

    rows: Dated
    reference_day: Int[np.ndarray, "rows"]
    region: Int[np.ndarray, "rows"]
    new_t2: Int[np.ndarray, "rows"]
    gd_lesions: Int[np.ndarray, "rows"]
    volume_change_pct: Float[np.ndarray, "rows"]


@dataclass(frozen=True, slots=True)
class Followup:
    """What is recorded of all patients, on the clock of days since each one's day 0.

    Attributes:
        patient_id: the identifiers; everywhere else a patient is a position in this list.
        day_zero: date of day 0, NaT when nothing is dated, shape [patients].
        day_zero_from: what set it, a position in `DAY_ZERO_FROM`, shape [patients].
        observed_to: last day of observation, `NO_DAY` when there is none, shape [patients].
        visits: visits with an EDSS.
        reports: relapses as reported.
        scans: MRI.
        absent: tables that the cohort does not have.
        refused: of each table, in whom a record was refused, shape [patients].
    """

    patient_id: tuple[str, ...]
    day_zero: Shaped[np.ndarray, "patients"]
    day_zero_from: Int[np.ndarray, "patients"]
    observed_to: Int[np.ndarray, "patients"]
    visits: Visits
    reports: Reports
    scans: Scans
    absent: frozenset[str]
    refused: dict[str, Bool[np.ndarray, "patients"]]

    @property
    def relapses_unknown(self) -> Bool[np.ndarray, "patients"]:
        """Patients of whom the absence of relapses cannot be said, shape [patients]."""
        return self.refused["relapse"] | ("relapse" in self.absent)


def read_followup(cohort: Cohort) -> Followup:
    """Every patient of the cohort, in the order of `cohort.patients`; nobody is left out."""
    patients = cohort.patients
    people = pl.DataFrame(
        {"patient_id": patients, "patient": np.arange(len(patients))},
        schema={"patient_id": pl.String, "patient": pl.Int64},
    )
    infusions = cohort.infusion.select(
        "patient_id", date=pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date()
    )
    tables = {
        "patient": cohort.patient.select("patient_id", "followup_start", "followup_end"),
        "infusion": infusions,
        "visit": cohort.visit.select("patient_id", "date", "edss", "visit_kind"),
        "relapse": cohort.relapse,
        "mri": cohort.mri,
    }
    numbered = {
        name: frame.join(people, on="patient_id", how="inner", maintain_order="left")
        for name, frame in tables.items()
    }
    zero, source = _day_zero(numbered, len(patients))
    return Followup(
        patient_id=patients,
        day_zero=zero,
        day_zero_from=source,
        observed_to=_observed_to(numbered, zero),
        visits=_visits(numbered["visit"], zero),
        reports=_reports(numbered["relapse"], zero),
        scans=_scans(numbered["mri"], zero),
        absent=frozenset(set(TABLES) - cohort.present),
        refused={name: _among(patients, cohort.refused_patients(name)) for name in TABLES},
    )


def _among(patients: Sequence[str], chosen: frozenset[str]) -> Bool[np.ndarray, "patients"]:
    if not chosen:
        return np.zeros(len(patients), dtype=bool)
    return np.fromiter((p in chosen for p in patients), dtype=bool, count=len(patients))


def _extreme(frame: pl.DataFrame, column: str, patients: int, *, last: bool = False) -> np.ndarray:
    """Each patient's first or last date in a column, NaT for none."""
    found = np.full(patients, np.datetime64("NaT"), dtype="datetime64[D]")
    date = pl.col(column).max() if last else pl.col(column).min()
    each = frame.filter(pl.col(column).is_not_null()).group_by("patient").agg(date=date)
    found[each["patient"].to_numpy()] = each["date"].to_numpy().astype("datetime64[D]")
    return found


def _day_zero(tables: dict[str, pl.DataFrame], patients: int) -> tuple[np.ndarray, np.ndarray]:
    visits_and_scans = np.fmin(
        _extreme(tables["visit"], "date", patients), _extreme(tables["mri"], "date", patients)
    )
    others = np.where(
        np.isnat(visits_and_scans), _extreme(tables["relapse"], "onset_date", patients), visits_and_scans
    )
    choices = (
        _extreme(tables["patient"], "followup_start", patients),
        _extreme(tables["infusion"], "date", patients),
        others,
    )
    zero = np.full(patients, np.datetime64("NaT"), dtype="datetime64[D]")
    source = np.full(patients, len(choices))
    for place, dates in reversed(list(enumerate(choices))):
        known = ~np.isnat(dates)
        zero = np.where(known, dates, zero)
        source[known] = place
    return zero, source


def _observed_to(tables: dict[str, pl.DataFrame], zero: np.ndarray) -> np.ndarray:
    patients = len(zero)
    contact = np.fmax(
        _extreme(tables["visit"], "date", patients, last=True),
        _extreme(tables["infusion"], "date", patients, last=True),
    )
    end = _extreme(tables["patient"], "followup_end", patients, last=True)
    return _days(np.where(np.isnat(end), contact, end), zero)


def _days(dates: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """Whole days since day 0, `NO_DAY` where either is not known."""
    known = ~(np.isnat(dates) | np.isnat(zero))
    return np.where(known, (dates - zero).astype(np.int64), NO_DAY)


def _dated(
    frame: pl.DataFrame, column: str, zero: np.ndarray, then: np.ndarray | None = None
) -> tuple[Dated, np.ndarray]:
    """The rows sorted by patient and day (and then by `then`, else as in the file), and their order."""
    patient = frame["patient"].to_numpy()
    day = _days(frame[column].to_numpy().astype("datetime64[D]"), zero[patient])
    key = patient * (1 << 32) + day
    if then is None:
        is_sorted = bool(np.all(key[1:] >= key[:-1]))
        order = np.arange(len(key)) if is_sorted else np.argsort(key, kind="stable")
    else:
        is_sorted = bool(np.all(key[1:] > key[:-1]))
        order = np.arange(len(key)) if is_sorted else np.lexsort((then, key))
    return Dated(patient[order], day[order], len(zero)), order


def _visits(frame: pl.DataFrame, zero: np.ndarray) -> Visits:
    seen = frame.filter(pl.col("edss").is_not_null())
    edss = seen["edss"].to_numpy()
    rows, order = _dated(seen, "date", zero, then=edss)
    off_schedule = seen["visit_kind"].is_in(_OFF_SCHEDULE).fill_null(value=False).to_numpy()
    return Visits(rows, edss[order], ~off_schedule[order])


def _reports(frame: pl.DataFrame, zero: np.ndarray) -> Reports:
    rows, order = _dated(frame, "onset_date", zero)
    fever, sign = (
        _codes(frame[name], _ANSWERS, MISSING) for name in ("fever_or_infection", "objective_sign")
    )
    hours = frame["duration_h"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return Reports(rows, fever[order], sign[order], hours[order])


def _codes(column: pl.Series, codes: dict[str, int], missing: int) -> np.ndarray:
    numbers = column.cast(pl.String).replace_strict(codes, default=missing, return_dtype=pl.Int64)
    return numbers.fill_null(missing).to_numpy()


def _scans(frame: pl.DataFrame, zero: np.ndarray) -> Scans:
    rows, order = _dated(frame, "date", zero)
    parts = pl.sum_horizontal("new_t2", "enlarging_t2", ignore_nulls=True)
    is_judged = pl.col("new_t2").is_not_null() | pl.col("enlarging_t2").is_not_null()
    read = frame.select(
        new_t2=pl.coalesce("new_or_enlarging_t2", pl.when(is_judged).then(parts)).fill_null(NOT_READ),
        gd_lesions=pl.col("gd_lesions").fill_null(NOT_READ),
        volume=pl.col("pbvc_pct").cast(pl.Float64).fill_null(np.nan),
    )
    reference = _days(
        frame["reference_date"].to_numpy().astype("datetime64[D]"), zero[frame["patient"].to_numpy()]
    )
    regions = {name: place for place, name in enumerate(REGIONS)}
    return Scans(
        rows,
        reference[order],
        _codes(frame["region"], regions, 0)[order],
        read["new_t2"].to_numpy()[order],
        read["gd_lesions"].to_numpy()[order],
        read["volume"].to_numpy()[order],
    )
