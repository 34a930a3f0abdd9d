"""Small groups of patients for the chapters: answers, relapses, scans and infusions as CSV text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.records import Cohort

END = 730


def crowd(
    folder: Path,
    answers: Mapping[str, str],
    *,
    relapses: Mapping[str, int] | None = None,
    lesions: Mapping[str, int] | None = None,
    gaps: Mapping[str, Sequence[int]] | None = None,
    without: Sequence[str] = (),
    **tables: list[str],
) -> Cohort:
    """Patients followed for two years with a scan each year.

    Args:
        folder: where the files are written.
        answers: of each patient; an empty one is none.
        relapses: the day of a relapse.
        lesions: new lesions at the scan of the first year.
        gaps: between infusions from day -168 on; none for a patient who is not named.
        without: tables that are left out.
        tables: further tables, or others in the place of these.
    """
    names = list(answers)
    files = {
        "patient": ["patient_id,followup_start,followup_end", *(f"{p},{on(0)},{on(END)}" for p in names)],
        "visit": ["patient_id,date,edss", *(f"{p},{on(d)},2" for p in names for d in (0, 365, END))],
        "relapse": ["patient_id,onset_date", *(f"{p},{on(d)}" for p, d in (relapses or {}).items())],
        "mri": [
            "patient_id,date,reference_date,new_t2",
            *(f"{p},{on(0)},,0" for p in names),
            *(f"{p},{on(365)},{on(0)},{(lesions or {}).get(p, 0)}" for p in names),
            *(f"{p},{on(END)},{on(365)},0" for p in names),
        ],
        "wearing_off": [
            "patient_id,date,answer",
            *(f"{p},{on(0)},{answer}" for p, answer in answers.items() if answer),
        ],
        "infusion": ["patient_id,start_time,weight_kg"],
    }
    for p, own in (gaps or {}).items():
        day = -168
        files["infusion"].append(f"{p},{on(day)}T09:00,80")
        for gap in own:
            day += gap
            files["infusion"].append(f"{p},{on(day)}T09:00,80")
    files |= tables
    return cohort(folder, **{name: lines for name, lines in files.items() if name not in without})


def half_and_half(patients: int) -> dict[str, str]:
    """So many patients, every second one with wearing-off."""
    return {f"P{k:02d}": ("sometimes" if k % 2 else "never") for k in range(patients)}
