"""What was seen of each patient over time: relapses and lesions, when the first came, and how long somebody looked.

A relapse is dated, so it is counted over the time observed. A lesion is found by a scan: it is counted over the time
that comparisons of scans cover, and the first MRI activity lies between the last day known to be clean and the scan
that showed it. Who was not observed or not scanned has no count, which is not a count of 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

import polars as pl

from wearoff.cohort.neda import History
from wearoff.cohort.neda.relapses import POSSIBLE, RELAPSE

DAYS_PER_YEAR = 365.25

OUTCOME_SCHEMA = {
    "patient_id": pl.String,
    "observed_d": pl.Int64,
    "relapses": pl.Int64,
    "possible_relapses": pl.Int64,
    "first_relapse_d": pl.Int64,
    "relapse_why": pl.String,
    "scanned_d": pl.Int64,
    "lesions": pl.Int64,
    "clean_to_d": pl.Float64,
    "mri_active_by_d": pl.Float64,
    "mri_why": pl.String,
}


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """From when on what is counted.

    Attributes:
        name: printed beside every figure.
        mri_from_d: lesions count against a scan of this day or later; 0 for the start.
        baseline_early_d: so many days before `mri_from_d` a scan may serve as the baseline.
        baseline_late_d: and so many after it.
    """

    name: str
    mri_from_d: int
    baseline_early_d: int
    baseline_late_d: int

    def describe(self) -> str:
        """The methods paragraph of this rule."""
        return (
            f"Rule {self.name}: a relapse is a report that stands as one by the relapse rule; one that may be is "
            "possible. Lesions are new or enlarging T2 against "
            f"a scan from day {self.mri_from_d - self.baseline_early_d} on, or enhancing ones; a first scan up to "
            f"day {self.mri_from_d + self.baseline_late_d} is the baseline and shows no activity by itself."
        )


FROM_START = OutcomeRule("from_start", 0, 90, 60)
"""Everything after day 0 (the tolerances are assumed)."""

REBASELINED = OutcomeRule("rebaselined_90d", 90, 60, 90)
"""Lesions only after three months, when the treatment has had time to act (the tolerances are assumed)."""


def outcomes_by_patient(histories: Iterable[History], rule: OutcomeRule = FROM_START) -> pl.DataFrame:
    """One row a patient: relapses over the time observed, lesions over the time scanned, and when the first came.

    Args:
        histories: every patient's clock, relapses and scans.
        rule: what counts as a relapse, and from when on a lesion counts.

    Returns:
        Columns of `OUTCOME_SCHEMA`, days since day 0. `relapses` counts those after day 0, `possible_relapses` those
        whose details leave it open; both are null, with the reason in `relapse_why`, where nobody watched. `lesions`
        are new and enlarging T2 over `scanned_d` days that comparisons cover without counting a day twice; null, with
        the reason in `mri_why`, without a comparison. First MRI activity lies after `clean_to_d` and no later than
        `mri_active_by_d`, which is infinite where none was seen.
    """
    rows = [[history.patient_id, *_relapses(history), *_scans(history, rule)] for history in histories]
    return pl.DataFrame(rows, schema=OUTCOME_SCHEMA, orient="row")


def relapse_days(history: History) -> tuple[list[int], list[int]]:
    """The days of the reports that are relapses by the rule, and of those that may be.

    Args:
        history: one patient's record.
    """
    days = {
        standing: [report.day for report in history.relapses if report.standing == standing]
        for standing in (RELAPSE, POSSIBLE)
    }
    return days[RELAPSE], days[POSSIBLE]


def _relapses(history: History) -> list[int | str | None]:
    """observed_d, relapses, possible_relapses, first_relapse_d, relapse_why."""
    why = None
    if "relapse" in history.absent:
        why = "the cohort has no relapse table"
    elif "relapse" in history.refused:
        why = "a relapse record of this patient was refused"
    elif history.observed_to is None or history.observed_to <= 0:
        why = "no follow-up recorded"
    if why is not None or history.observed_to is None:
        return [history.observed_to, None, None, None, why]
    end = history.observed_to
    certain, possible = ([d for d in days if 0 < d <= end] for days in relapse_days(history))
    return [end, len(certain), len(possible), min(certain, default=None), None]


def _scans(history: History, rule: OutcomeRule) -> list[int | float | str | None]:
    """scanned_d, lesions, clean_to_d, mri_active_by_d, mri_why."""
    if "mri" in history.absent:
        return [None, None, None, None, "the cohort has no mri table"]
    if "mri" in history.refused:
        return [None, None, None, None, "a scan record of this patient was refused"]
    earliest = rule.mri_from_d - rule.baseline_early_d
    latest_baseline = rule.mri_from_d + rule.baseline_late_d
    covered: int | None = None  # end of the comparisons counted so far
    clean: int | None = None  # end of the unbroken clean comparisons from the baseline on
    is_broken = False
    scanned, lesions, active = 0, 0, inf
    is_counted = False
    last_of: dict[str, int] = {}
    for scan in history.scans:
        reference = scan.reference_day if scan.reference_day is not None else last_of.get(scan.region)
        last_of[scan.region] = scan.day
        is_compared = reference is not None and reference >= earliest and scan.new_t2 is not None
        is_baseline = scan.day <= latest_baseline and not (is_compared and scan.new_t2)
        shows = (is_compared and bool(scan.new_t2)) or (bool(scan.gd_lesions) and not is_baseline)
        if shows and active == inf:
            active = float(scan.day)
        if is_compared and reference is not None and scan.region != "spine":
            if covered is None or reference >= covered:
                scanned += scan.day - reference
                lesions += scan.new_t2 or 0
                covered, is_counted = scan.day, True
            if not shows and active == inf:
                start = latest_baseline if clean is None else clean
                is_broken = is_broken or reference > start
                clean = scan.day if not is_broken else clean
    if active == inf and clean is None:
        return [None, None, None, None, "no comparison of scans from the baseline on"]
    counts: list[int | float | str | None] = [scanned, lesions] if is_counted else [None, None]
    return [*counts, float(max(clean or 0, 0)), active, None]
