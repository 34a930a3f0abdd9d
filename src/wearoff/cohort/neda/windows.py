"""The stretches of follow-up that are scored: each year alone, and everything kept up to a year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from wearoff.cohort.neda.dated import NO_DAY, DayIndex
from wearoff.cohort.neda.rules import NedaRule

DAYS_PER_YEAR = 365.25
MAX_YEARS = 10


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of follow-up, in days since day 0: after `start_day`, up to `end_day`."""

    name: str
    start_day: int
    end_day: int


def yearly_windows(years: int) -> tuple[Window, ...]:
    """One window a year (`year 1`, `year 2`, ...): what happened in that year alone."""
    ends = [round(DAYS_PER_YEAR * year) for year in range(years + 1)]
    return tuple(Window(f"year {k}", ends[k - 1], ends[k]) for k in range(1, years + 1))


def kept_windows(years: int) -> tuple[Window, ...]:
    """Growing windows (`kept to year 1`, ...): everything from day 0 on."""
    return tuple(Window(f"kept to year {k}", 0, round(DAYS_PER_YEAR * k)) for k in range(1, years + 1))


def observed_windows(observed_to: Int[np.ndarray, "patients"], rule: NedaRule) -> tuple[Window, ...]:
    """Each year that somebody was observed to the end of, and from the second on the years kept."""
    longest = int(observed_to.max(initial=0))
    years = [
        k
        for k in range(1, MAX_YEARS + 1)
        if longest >= yearly_windows(k)[-1].end_day - rule.closes_early_days
    ]
    last = max(years, default=1)
    return (*yearly_windows(last), *kept_windows(last)[1:])


def closing_day(
    days: DayIndex,
    boundary: int,
    rule: NedaRule,
    *,
    behind: Int[np.ndarray, "patients"],
) -> Int[np.ndarray, "patients"]:
    """Each patient's day nearest to a boundary within the rule's tolerance, `NO_DAY` for none.

    Args:
        days: the days of visits or scans.
        boundary: the end of a window; of two equally near days the later one is taken.
        rule: gives the tolerance.
        behind: only days behind this one count.
    """
    patient = np.arange(len(behind))
    edge = np.full(len(behind), boundary)
    before = days.last_until(patient, edge)
    before_fits = (before > behind) & (before >= boundary - rule.closes_early_days)
    after = days.first_after(patient, np.maximum(edge, behind))
    after_fits = (after != NO_DAY) & (after <= boundary + rule.closes_late_days)
    is_after = after_fits & (~before_fits | (after - boundary <= boundary - before))
    return np.where(is_after, after, np.where(before_fits, before, NO_DAY))


def closing_range(window: Window, rule: NedaRule) -> str:
    """Where a visit or scan would have closed the window, in words."""
    first = window.end_day - rule.closes_early_days
    return f"from day {first} to {window.end_day + rule.closes_late_days} to close the window"
