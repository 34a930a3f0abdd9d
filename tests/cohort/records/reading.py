"""Cohorts from a few rows of CSV, for the tests of this folder."""

from __future__ import annotations

import datetime as dt

import pytest

from wearoff.cohort.records import Cohort, ReadingChoices, read_files
from wearoff.errors import InputError, Problem

AS_OF = dt.date(2024, 6, 30)
HEADERS = {
    "patient": "patient_id,birth_year,sex,height_cm,ms_onset_date,followup_start,followup_end",
    "infusion": "patient_id,start_time,dose_mg,route,planned_date,weight_kg,product,duration_min",
    "measurement": "patient_id,time,analyte,subset,value,unit,lloq,below_lloq,method,value_missing",
    "visit": "patient_id,date,visit_kind,edss,fs_visual,edss_source,edss_missing",
    "relapse": "patient_id,onset_date,end_date,fever_or_infection,duration_h",
    "mri": "patient_id,date,region,reference_date,new_t2,enlarging_t2,new_or_enlarging_t2,gd_given,gd_lesions",
    "wearing_off": "patient_id,date,answer",
    "diary": "patient_id,week_ending,severity_0_10,symptom_gait,confounder_infection,entered_late_d",
    "score": "patient_id,date,instrument,value",
    "event": "patient_id,start_date,kind,comment",
}


def read(timezone: str = "UTC", **tables: str) -> Cohort:
    """The cohort of the given rows, each table under its full header."""
    files = {f"{name}.csv": f"{HEADERS[name]}\n{rows}\n".encode() for name, rows in tables.items()}
    return read_files(files, as_of=AS_OF, timezone=timezone)


def fault(content: bytes, file: str = "visit.csv") -> str:
    """The message with which one file is turned away."""
    with pytest.raises(InputError) as caught:
        read_files({file: content}, as_of=AS_OF)
    return str(caught.value)


def outcome(
    files: dict[str, bytes], *, form: str | None = None, choices: ReadingChoices | None = None
) -> tuple[Cohort | None, tuple[Problem, ...]]:
    """What became of files that may be damaged: a cohort that balances, or problems that say what to do."""
    try:
        cohort = read_files(
            files, as_of=AS_OF, timezone="Europe/Oslo", form=form, choices=choices or ReadingChoices()
        )
    except InputError as error:
        problems = error.problems
    else:
        assert cohort.receipt.is_balanced
        return cohort, ()
    assert problems
    assert all(len(problem.reason) > 10 for problem in problems)
    return None, problems
