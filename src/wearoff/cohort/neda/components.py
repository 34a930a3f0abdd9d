"""The three components of NEDA-3 in one window: active, none, or unknown, each with its reason.

Missing is not negative. A component is `none` only where somebody looked over the whole window: an
observation that reaches its end, a baseline and a closing EDSS, scans whose comparisons cover it without a
gap. What was seen counts as activity however short the observation was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from wearoff.cohort.neda.history import History, Scan
from wearoff.cohort.neda.rules import NedaRule
from wearoff.cohort.neda.worsening import find_worsenings

State = Literal["active", "none", "unknown"]
COMPONENTS = ("relapse", "worsening", "mri")
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of follow-up, in days since day 0: after `start_day`, up to `end_day`."""

    name: str
    start_day: int
    end_day: int


@dataclass(frozen=True, slots=True)
class Component:
    """What one component is in one window, why, and the day of the first activity."""

    state: State
    reason: str
    day: int | None = None


def yearly_windows(years: int) -> tuple[Window, ...]:
    """One window a year (`year 1`, `year 2`, ...): what happened in that year alone."""
    ends = [round(DAYS_PER_YEAR * year) for year in range(years + 1)]
    return tuple(Window(f"year {k}", ends[k - 1], ends[k]) for k in range(1, years + 1))


def kept_windows(years: int) -> tuple[Window, ...]:
    """Growing windows (`kept to year 1`, ...): everything from day 0 on."""
    return tuple(Window(f"kept to year {k}", 0, round(DAYS_PER_YEAR * k)) for k in range(1, years + 1))


def relapse_component(history: History, window: Window, rule: NedaRule) -> Component:
    """Whether a relapse began in the window."""
    inside = [r for r in history.relapses if window.start_day < r.day <= window.end_day]
    by_status = {
        status: [r.day for r in inside if r.status(rule.relapse_min_hours) == status]
        for status in ("relapse", "possible")
    }
    if by_status["relapse"]:
        day = by_status["relapse"][0]
        return Component("active", f"relapse on day {day}", day)
    if "relapse" in history.absent:
        return Component("unknown", "the cohort has no relapse table")
    if "relapse" in history.refused:
        return Component("unknown", "a relapse record of this patient was refused")
    if by_status["possible"]:
        day = by_status["possible"][0]
        return Component("unknown", f"report on day {day}: fever or objective sign unknown")
    if history.observed_to is None:
        return Component("unknown", "no follow-up recorded")
    if history.observed_to < window.end_day - rule.closes_early_days:
        return Component("unknown", f"observed to day {history.observed_to} only")
    return Component("none", "no relapse recorded over an observed window")


def worsening_component(history: History, window: Window, rule: NedaRule) -> Component:
    """Whether a confirmed worsening began in the window."""
    if not len(history.edss):
        refused = " (a visit record was refused)" if "visit" in history.refused else ""
        return Component("unknown", f"no EDSS{refused}")
    days = [int(day) for day in history.visit_days]
    baseline, is_late = _baseline_visit(history, days, rule)
    if baseline is None:
        return Component("unknown", "every EDSS lies within a relapse: no baseline")
    closing = closing_day(days[baseline + 1 :], window.end_day, rule)
    start = window.start_day
    if start > 0:
        start = closing_day(days, start, rule) or start
    until = window.end_day if closing is None else closing
    worsenings = [
        w
        for w in find_worsenings(
            history.visit_days[baseline:],
            history.edss[baseline:],
            step=rule.step,
            confirmation_days=rule.confirmation_days - rule.confirmation_tolerance_days,
            must_hold_between=rule.must_hold_between,
        )
        if start < w.onset_day <= until
    ]
    for w in worsenings:
        change = f"EDSS {w.baseline_edss:g} to {w.onset_edss:g} on day {w.onset_day}"
        if w.status == "confirmed":
            return Component("active", f"{change}, confirmed on day {w.confirmed_day}", w.onset_day)
        return Component("unknown", f"{change}, unconfirmed at the end of the record")
    if "visit" in history.refused:
        return Component("unknown", "a visit record of this patient was refused")
    if is_late:
        return Component("unknown", f"first usable EDSS only on day {days[baseline]}")
    if closing is None:
        return Component("unknown", f"no EDSS {_closing_range(window, rule)}")
    return Component("none", f"no confirmed worsening up to the visit on day {closing}")


def mri_component(history: History, window: Window, rule: NedaRule) -> Component:
    """Whether a new or enlarging T2 lesion or an enhancing lesion appeared in the window."""
    if not history.scans:
        if "mri" in history.absent:
            return Component("unknown", "the cohort has no mri table")
        refused = " (a scan record was refused)" if "mri" in history.refused else ""
        return Component("unknown", f"no scan{refused}")
    is_first = max(window.start_day, rule.mri_rebaseline_day) == 0
    scans = _with_references(history.scans, rule)
    days = [scan.day for scan in scans]
    start = max(window.start_day, rule.mri_rebaseline_day)
    start_scan = start if is_first else (closing_day(days, start, rule) or start)
    earliest_reference = -rule.baseline_early_days if is_first else min(start, start_scan)
    closing = closing_day([day for day in days if day > start_scan], window.end_day, rule)
    until = window.end_day if closing is None else closing
    inside = [scan for scan in scans if start_scan < scan.day <= until]
    for scan in inside:
        since = scan.reference_day
        is_comparable = since is not None and since >= earliest_reference
        if is_comparable and scan.new_t2:
            what = f"{scan.new_t2} new or enlarging T2 on day {scan.day} against day {since}"
            return Component("active", what, scan.day)
        is_baseline = is_first and not is_comparable and scan.day <= rule.baseline_late_days
        if scan.gd_lesions and not is_baseline:
            return Component("active", f"{scan.gd_lesions} Gd+ on day {scan.day}", scan.day)
    if "mri" in history.refused:
        return Component("unknown", "a scan record of this patient was refused")
    latest_reference = rule.baseline_late_days if is_first else start_scan
    covered = _covered_to(inside, latest_reference)
    if covered is not None and covered >= window.end_day - rule.closes_early_days:
        return Component("none", f"no new lesion up to the scan on day {covered}")
    for scan in inside:
        if scan.new_t2 and scan.reference_day is not None:
            return Component(
                "unknown",
                f"{scan.new_t2} new T2 on day {scan.day} against day {scan.reference_day}, "
                f"before activity counts (day {start_scan})",
            )
    if closing is None:
        return Component("unknown", f"no scan {_closing_range(window, rule)}")
    return Component("unknown", "the scans' comparisons leave a gap or T2 was not judged")


def closing_day(days: Iterable[int], boundary: int, rule: NedaRule) -> int | None:
    """The day nearest to a boundary within the rule's tolerance (the later of two equally near)."""
    near = [
        day for day in days if boundary - rule.closes_early_days <= day <= boundary + rule.closes_late_days
    ]
    return min(near, key=lambda day: (abs(day - boundary), -day), default=None)


def _closing_range(window: Window, rule: NedaRule) -> str:
    first = window.end_day - rule.closes_early_days
    return f"from day {first} to {window.end_day + rule.closes_late_days} to close the window"


def _baseline_visit(history: History, days: list[int], rule: NedaRule) -> tuple[int | None, bool]:
    """The index of the baseline visit, and whether it comes too late to speak for the whole window."""
    after_relapse = rule.days_after_relapse_for_baseline
    usable = [
        i for i, day in enumerate(days) if not any(0 <= day - r.day < after_relapse for r in history.relapses)
    ]
    before = [i for i in usable if -rule.baseline_early_days <= days[i] <= 0]
    if before:
        return before[-1], False
    after = [i for i in usable if days[i] > 0]
    if not after:
        return None, True
    return after[0], days[after[0]] > rule.baseline_late_days


def _with_references(scans: tuple[Scan, ...], rule: NedaRule) -> list[Scan]:
    """The scans with a reference day each: recorded, else the scan before it, else day 0.

    A first scan around day 0 without a reference is the baseline: it has nothing to be new against.
    """
    referenced: list[Scan] = []
    last_of: dict[str, int] = {}
    for scan in scans:
        reference = scan.reference_day
        if reference is None:
            reference = last_of.get(scan.region)
        if reference is None and scan.day > rule.baseline_late_days:
            reference = 0
        last_of[scan.region] = scan.day
        referenced.append(Scan(scan.day, reference, scan.region, scan.new_t2, scan.gd_lesions))
    return referenced


def _covered_to(scans: list[Scan], latest_reference: int) -> int | None:
    """The day up to which clean brain comparisons follow each other without a gap, None if none does."""
    covered: int | None = None
    limit = latest_reference
    for scan in scans:
        is_clean = scan.new_t2 == 0 and not scan.gd_lesions and scan.region != "spine"
        if is_clean and scan.reference_day is not None and scan.reference_day <= limit:
            covered = scan.day
            limit = max(limit, scan.day)
    return covered
