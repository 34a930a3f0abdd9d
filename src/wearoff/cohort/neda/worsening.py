"""Confirmed worsening and improvement under a named rule: relapses, changes, labels, and what the rule keeps.

`find_events` works on everybody's records at once; `find_worsenings` is one patient of it, for reading along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from jaxtyping import Bool, Float, Int

from wearoff.cohort.neda.baselines import first_baseline
from wearoff.cohort.neda.changes import STATUS, UNCONFIRMED, Changes, Visits
from wearoff.cohort.neda.confirmation import find_changes, may_confirm
from wearoff.cohort.neda.dated import NO_DAY, Dated
from wearoff.cohort.neda.labels import LABEL_UNKNOWN, LABELS, label_changes
from wearoff.cohort.neda.relapses import MISSING, Reports, find_relapses, guarding_days, is_clear
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from wearoff.cohort.neda.rules import Label, WorseningRule

Status = Literal["confirmed", "unconfirmed", "imputed"]


@dataclass(frozen=True, slots=True)
class Events:
    """The changes that a rule counts, and the label of each.

    Attributes:
        changes: one a row, sorted by patient and onset.
        label: position in `LABELS`, shape [changes].
        baseline: row of each patient's first baseline, -1 for none, shape [patients].
    """

    changes: Changes
    label: Int[np.ndarray, "changes"]
    baseline: Int[np.ndarray, "patients"]


def find_events(
    visits: Visits,
    reports: Reports,
    rule: WorseningRule,
    *,
    relapses_unknown: Bool[np.ndarray, "patients"] | None = None,
    start_day: int | None = 0,
) -> Events:
    """Every change of the EDSS that the rule counts, in all patients.

    Args:
        visits: visits with an EDSS.
        reports: relapses as they were reported.
        rule: the named rule.
        relapses_unknown: patients whose relapses were not recorded; None for nobody.
        start_day: the day from which changes count, with a baseline shortly before it where there is one;
            None to begin with each patient's first usable visit.
    """
    relapses = find_relapses(reports, rule.relapses)
    guards = guarding_days(reports, relapses, rule.relapses)
    usable = is_clear(visits.rows, guards, rule.relapse_to_baseline_days)
    baseline = first_baseline(
        visits.rows,
        usable,
        start_day=NO_DAY if start_day is None else start_day,
        early_days=rule.baseline_early_days,
    )
    changes = find_changes(visits, guards, rule, baseline)
    if relapses_unknown is None:
        relapses_unknown = np.zeros(visits.rows.patients, dtype=bool)
    confirms = may_confirm(visits, guards, rule)
    label = label_changes(changes, visits, confirms, relapses, rule, relapses_unknown)
    kept = _kept(changes, label, rule)
    return Events(changes.take(kept), label[kept], baseline)


def _kept(changes: Changes, label: np.ndarray, rule: WorseningRule) -> Bool[np.ndarray, "changes"]:
    """Which changes the rule asks for: of its label, and up to the first; nothing open before it is dropped."""
    is_open = (changes.status == UNCONFIRMED) | (label == LABEL_UNKNOWN)
    is_asked = ~is_open
    if rule.counted_label != "any":
        is_asked &= label == LABELS.index(rule.counted_label)
    if rule.occurrence == "every":
        return np.asarray(is_asked | is_open)
    before = np.cumsum(is_asked) - is_asked
    of_earlier_patients = before[np.searchsorted(changes.patient, changes.patient)]
    return np.asarray((is_asked | is_open) & (before == of_earlier_patients))


# One patient


@dataclass(frozen=True, slots=True)
class Worsening:
    """One change of the EDSS: when it was first seen, from which level, and whether it held.

    Attributes:
        onset_day: day of the first visit that is a step away.
        baseline_edss: the level it is measured from.
        onset_edss: the level seen at onset.
        status: `confirmed`; `unconfirmed` when nobody looked in time; `imputed` when the rule counts it all the same.
        confirmed_day: day of the first confirming visit, None without one.
        direction: 1 for worsening, -1 for improvement.
        label: `RAW`, `PIRA`, `undefined` or `unknown`; None for an improvement and for what is not confirmed.
    """

    onset_day: int
    baseline_edss: float
    onset_edss: float
    status: Status
    confirmed_day: int | None
    direction: int = 1
    label: Label | None = None


def _check(days: np.ndarray, edss: np.ndarray) -> None:
    """Visits of one patient are in order, one a day, each with an EDSS."""
    if len(days) != len(edss):
        raise InputError(
            Problem(f"there are {len(days)} days and {len(edss)} EDSS; give one EDSS for each day")
        )
    late = np.flatnonzero(np.diff(days) <= 0)
    if len(late):
        reason = (
            f"day {days[late[0] + 1]} does not come after day {days[late[0]]}; sort the visits, one a day"
        )
        raise InputError(Problem(reason, row=int(late[0]) + 2, column="days"))
    empty = np.flatnonzero(np.isnan(edss))
    if len(empty):
        reason = "this visit has no EDSS; leave it out"
        raise InputError(Problem(reason, row=int(empty[0]) + 1, column="edss"))


def find_worsenings(
    days: Int[np.ndarray, "visits"],
    edss: Float[np.ndarray, "visits"],
    rule: WorseningRule,
    *,
    relapse_days: Sequence[int] | None = (),
    is_scheduled: Bool[np.ndarray, "visits"] | None = None,
) -> tuple[Worsening, ...]:
    """The changes of one patient that the rule counts, in order of onset; the first usable visit is the baseline.

    Args:
        days: days of the visits, strictly increasing, shape [visits].
        edss: EDSS at each, without gaps, shape [visits].
        rule: the named rule.
        relapse_days: onsets of relapses; None where they were not recorded.
        is_scheduled: whether each visit was scheduled; None for all.

    Raises:
        InputError: the days do not increase, or an EDSS is missing; names the first such visit.
    """
    _check(np.asarray(days), np.asarray(edss, dtype=float))
    known = np.sort(np.asarray(relapse_days or (), dtype=np.int64))
    nobody = np.zeros(len(known), dtype=np.int64)
    visits = Visits(
        Dated(np.zeros(len(days), dtype=np.int64), np.asarray(days, dtype=np.int64), 1),
        np.asarray(edss, dtype=float),
        np.ones(len(days), dtype=bool) if is_scheduled is None else np.asarray(is_scheduled, dtype=bool),
    )
    missing = np.full(len(known), MISSING)
    reports = Reports(Dated(nobody, known, 1), missing, missing, np.full(len(known), np.nan))
    events = find_events(
        visits, reports, rule, relapses_unknown=np.array([relapse_days is None]), start_day=None
    )
    found = events.changes
    return tuple(
        Worsening(
            onset_day=int(found.onset_day[k]),
            baseline_edss=float(found.baseline_edss[k]),
            onset_edss=float(found.onset_edss[k]),
            status=cast("Status", STATUS[found.status[k]]),
            confirmed_day=None if found.confirmed_day[k] == NO_DAY else int(found.confirmed_day[k]),
            direction=int(found.direction[k]),
            label=cast("Label | None", LABELS[events.label[k]]),
        )
        for k in range(len(found))
    )
