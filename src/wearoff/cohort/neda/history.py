"""One patient's records on one clock: days since the start of follow-up.

Dates become whole days since day 0, which is the recorded start of follow-up, else the first infusion, else
the first visit or scan. Observation ends at the recorded end of follow-up, else at the last visit or
infusion: a relapse or a scan tells what happened, not how long somebody watched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from jaxtyping import Float, Int

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

DayZero = Literal["followup_start", "first infusion", "first visit or scan", "none"]
RelapseStatus = Literal["relapse", "possible", "not a relapse"]


@dataclass(frozen=True, slots=True)
class Scan:
    """One MRI: when, compared with when, and what was new.

    Attributes:
        day: day of the scan.
        reference_day: day of the scan it was compared with, None when not recorded.
        region: `brain`, `spine` or `brain_and_spine`.
        new_t2: new and enlarging T2 lesions together, None when T2 was not judged.
        gd_lesions: gadolinium-enhancing lesions, None when gadolinium was not given or not read.
    """

    day: int
    reference_day: int | None
    region: str
    new_t2: int | None
    gd_lesions: int | None


@dataclass(frozen=True, slots=True)
class Relapse:
    """One reported relapse and what its details make of it under `relapse_min_hours`."""

    day: int
    fever_or_infection: str | None
    objective_sign: str | None
    duration_h: float | None

    def status(self, min_hours: float) -> RelapseStatus:
        """Whether the report counts, by fever, objective sign and duration; `U` makes it possible."""
        too_short = self.duration_h is not None and self.duration_h < min_hours
        if self.fever_or_infection == "Y" or self.objective_sign == "N" or too_short:
            return "not a relapse"
        if "U" in (self.fever_or_infection, self.objective_sign):
            return "possible"
        return "relapse"


@dataclass(frozen=True, slots=True)
class History:
    """What is recorded of one patient, on the clock of days since day 0.

    Attributes:
        patient_id: the identifier.
        day_zero: date of day 0, None when nothing is dated.
        day_zero_from: what set it.
        visit_days, edss: the visits with an EDSS, in order, shape [visits].
        relapses, scans: in order of day.
        observed_to: last day of observation, None when there is none.
        absent: tables that the cohort does not have.
        refused: tables where a record of this patient was refused.
    """

    patient_id: str
    day_zero: date | None
    day_zero_from: DayZero
    visit_days: Int[np.ndarray, "visits"]
    edss: Float[np.ndarray, "visits"]
    relapses: tuple[Relapse, ...]
    scans: tuple[Scan, ...]
    observed_to: int | None
    absent: frozenset[str]
    refused: frozenset[str]


def histories(cohort: Cohort) -> Iterator[History]:
    """Every patient's history, in the order of `cohort.patients`; nobody is left out."""
    tables = {
        "patient": cohort.patient,
        "infusion": cohort.infusion.with_columns(
            date=pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date()
        ),
        "visit": cohort.visit,
        "relapse": cohort.relapse,
        "mri": cohort.mri,
    }
    rows: dict[str, Mapping[str, list[dict[str, object]]]] = {
        name: _by_patient(frame) for name, frame in tables.items()
    }
    absent = frozenset({"visit", "relapse", "mri"} - cohort.present)
    refused = {name: cohort.refused_patients(name) for name in ("visit", "relapse", "mri")}
    for patient in cohort.patients:
        yield _history(
            patient,
            {name: by_patient.get(patient, []) for name, by_patient in rows.items()},
            absent,
            frozenset(name for name, patients in refused.items() if patient in patients),
        )


def _by_patient(frame: pl.DataFrame) -> dict[str, list[dict[str, object]]]:
    return {
        str(key[0]): part.to_dicts() for key, part in frame.partition_by("patient_id", as_dict=True).items()
    }


def _history(
    patient: str,
    rows: Mapping[str, list[dict[str, object]]],
    absent: frozenset[str],
    refused: frozenset[str],
) -> History:
    day_zero, source = _day_zero(rows)

    def day(value: object) -> int:
        return (value - day_zero).days  # type: ignore[operator, no-any-return]

    visits = sorted((day(v["date"]), v["edss"]) for v in rows["visit"] if v["edss"] is not None)
    scans = sorted((_scan(row, day) for row in rows["mri"]), key=lambda scan: scan.day)
    relapses = sorted(
        (
            Relapse(
                day(row["onset_date"]),
                row["fever_or_infection"],  # type: ignore[arg-type]
                row["objective_sign"],  # type: ignore[arg-type]
                row["duration_h"],  # type: ignore[arg-type]
            )
            for row in rows["relapse"]
        ),
        key=lambda relapse: relapse.day,
    )
    ends = [row["followup_end"] for row in rows["patient"] if row["followup_end"] is not None]
    contacts = [row["date"] for name in ("visit", "infusion") for row in rows[name]]
    observed = ends or contacts
    return History(
        patient_id=patient,
        day_zero=day_zero,
        day_zero_from=source,
        visit_days=np.array([d for d, _ in visits], dtype=int),
        edss=np.array([edss for _, edss in visits], dtype=float),
        relapses=tuple(relapses),
        scans=tuple(scans),
        observed_to=max(day(value) for value in observed) if observed and day_zero else None,
        absent=absent,
        refused=refused,
    )


def _day_zero(rows: Mapping[str, list[dict[str, object]]]) -> tuple[date | None, DayZero]:
    starts = [row["followup_start"] for row in rows["patient"] if row["followup_start"] is not None]
    infusions = [row["date"] for row in rows["infusion"]]
    others = [row["date"] for name in ("visit", "mri") for row in rows[name]]
    relapses = [row["onset_date"] for row in rows["relapse"]]
    choices: tuple[tuple[list[object], DayZero], ...] = (
        (starts, "followup_start"),
        (infusions, "first infusion"),
        (others or relapses, "first visit or scan"),
    )
    for dates, source in choices:
        if dates:
            return min(dates), source  # type: ignore[type-var, return-value]
    return None, "none"


def _scan(row: dict[str, object], day: object) -> Scan:
    combined = row["new_or_enlarging_t2"]
    parts = [row[name] for name in ("new_t2", "enlarging_t2") if row[name] is not None]
    new_t2 = combined if combined is not None else (sum(parts) if parts else None)  # type: ignore[arg-type]
    reference = row["reference_date"]
    return Scan(
        day=day(row["date"]),  # type: ignore[operator]
        reference_day=None if reference is None else day(reference),  # type: ignore[operator]
        region=str(row["region"] or "brain"),
        new_t2=new_t2,  # type: ignore[arg-type]
        gd_lesions=row["gd_lesions"],  # type: ignore[arg-type]
    )
