"""What counts as a relapse: reports are judged, then those that belong together become one.

A report is a relapse, a possible one, or none; possible means that fever or an objective sign is not known.
Reports that come soon after an earlier one belong to it, however early the first of them was: three reports
20 days apart are one relapse. A report that is no relapse joins nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from wearoff.cohort.neda.dated import Dated, DayIndex
from wearoff.cohort.neda.rules import RelapseRule

NO, YES, UNKNOWN, MISSING = 0, 1, 2, 3
"""The answers N, Y, U and an empty cell."""
NOT_A_RELAPSE, POSSIBLE, RELAPSE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Reports:
    """Relapses as they were reported.

    Attributes:
        rows: patient and onset of each report.
        fever: whether fever or infection was present: `NO`, `YES`, `UNKNOWN`, `MISSING`, shape [rows].
        objective_sign: whether an examiner found a new sign, likewise.
        hours: how long the symptoms lasted, nan where not recorded, shape [rows].
    """

    rows: Dated
    fever: Int[np.ndarray, "rows"]
    objective_sign: Int[np.ndarray, "rows"]
    hours: Float[np.ndarray, "rows"]


@dataclass(frozen=True, slots=True)
class Relapses:
    """Relapses after hygiene, sorted by patient and onset.

    Attributes:
        rows: patient and onset of each.
        is_certain: False for a possible relapse, shape [rows].
    """

    rows: Dated
    is_certain: Bool[np.ndarray, "rows"]

    @property
    def certain(self) -> DayIndex:
        """The onsets of those that are certain."""
        return DayIndex.of(self.rows.patient[self.is_certain], self.rows.day[self.is_certain])

    @property
    def every(self) -> DayIndex:
        """The onsets of all of them, possible ones too."""
        return DayIndex.of(self.rows.patient, self.rows.day)


def judge_reports(reports: Reports, rule: RelapseRule) -> Int[np.ndarray, "rows"]:
    """What each report is: `RELAPSE`, `POSSIBLE` or `NOT_A_RELAPSE`, shape [rows]."""
    fever, sign = reports.fever, reports.objective_sign
    is_none = reports.hours < rule.min_hours  # not recorded: not shorter
    is_open = np.zeros(len(fever), dtype=bool)
    if rule.fever == "excludes":
        is_none |= fever == YES
        is_open |= fever == UNKNOWN
    if rule.objective_sign != "ignored":
        is_none |= sign == NO
        is_open |= sign == UNKNOWN
    if rule.objective_sign == "required":
        is_open |= sign == MISSING
    return np.where(is_none, NOT_A_RELAPSE, np.where(is_open, POSSIBLE, RELAPSE))


def find_relapses(reports: Reports, rule: RelapseRule) -> Relapses:
    """The relapses that a rule makes of the reports.

    A relapse made of several reports begins with the first of its certain reports, if it has one.
    """
    status = judge_reports(reports, rule)
    kept = status > NOT_A_RELAPSE
    patient, day, status = reports.rows.patient[kept], reports.rows.day[kept], status[kept]
    is_new = np.ones(len(day), dtype=bool)
    is_new[1:] = (np.diff(patient) != 0) | (np.diff(day) >= max(rule.merge_days, 0))
    if not rule.merge_days:
        is_new[:] = True
    relapse = np.cumsum(is_new) - 1
    # the first report of the best standing: sort by relapse, standing falling, day
    order = np.lexsort((day, -status, relapse))
    first = order[np.searchsorted(relapse[order], np.arange(is_new.sum()))]
    rows = Dated(patient[first], day[first], reports.rows.patients)
    return Relapses(rows, status[first] == RELAPSE)


def guarding_days(reports: Reports, relapses: Relapses, rule: RelapseRule) -> DayIndex:
    """The onsets near which a visit may be no baseline, onset or confirmation: possible relapses too."""
    if rule.guarded_by == "report":
        return DayIndex.of(reports.rows.patient, reports.rows.day)
    return relapses.every


def is_clear(rows: Dated, days: DayIndex, guard: tuple[int, int]) -> Bool[np.ndarray, "rows"]:
    """Whether each row lies at least `guard` days after a relapse and before one (0: no matter), shape [rows]."""
    after, before = guard
    near = np.zeros(len(rows.day), dtype=bool)
    if after > 0:
        near |= days.any_between(rows.patient, rows.day - (after - 1), rows.day)
    if before > 0:
        near |= days.any_between(rows.patient, rows.day + 1, rows.day + (before - 1))
    return ~near
