"""Small cohorts for tests: CSV text in, a read cohort out, through the very reader that users meet."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from wearoff.cohort.records import Cohort, read_cohort

DAY_ZERO = date(2020, 1, 1)
AS_OF = date(2025, 1, 1)


def on(day: int) -> str:
    """The ISO date of a day since day 0."""
    return (DAY_ZERO + timedelta(days=day)).isoformat()


def write_folder(folder: Path, **tables: str | list[str]) -> Path:
    """Write one CSV file a table; lines are given as one text or as a list with the header first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        lines = text if isinstance(text, str) else "\n".join(text) + "\n"
        (folder / f"{name}.csv").write_text(lines, encoding="utf-8")
    return folder


def cohort(folder: Path, **tables: str | list[str]) -> Cohort:
    """A cohort read from the given tables."""
    return read_cohort(write_folder(folder, **tables), as_of=AS_OF)


def one_patient(
    folder: Path,
    *,
    edss: str = "0:2 182:2 365:2",
    scans: list[str] | None = None,
    relapses: list[str] | None = None,
    followup_end: int | None = 365,
) -> Cohort:
    """Patient P1 from `day:EDSS` pairs and rows of the mri and relapse tables (without the patient)."""
    end = "" if followup_end is None else on(followup_end)
    visits = [f"P1,{on(int(d))},{e}" for d, e in (pair.split(":") for pair in edss.split())]
    clean = [f"{on(0)},,0,Y,0", f"{on(365)},{on(0)},0,Y,0"]
    return cohort(
        folder,
        patient=["patient_id,followup_start,followup_end", f"P1,{on(0)},{end}"],
        visit=["patient_id,date,edss", *visits],
        mri=[
            "patient_id,date,reference_date,new_or_enlarging_t2,gd_given,gd_lesions",
            *(f"P1,{row}" for row in (clean if scans is None else scans)),
        ],
        relapse=[
            "patient_id,onset_date,fever_or_infection,objective_sign,duration_h",
            *(f"P1,{row}" for row in relapses or []),
        ],
    )
