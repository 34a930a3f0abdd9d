"""Whether a confirmed worsening goes with a relapse (RAW) or came without one (PIRA).

Both are questions about windows of days in which a relapse began. They are asked twice, of the relapses that
are certain and of all possible ones: where the answers differ, or where relapses were not recorded, the label
is unknown. A worsening that is neither RAW nor PIRA is undefined, and an improvement has no label.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from wearoff.cohort.neda.changes import UNCONFIRMED, Changes, Visits
from wearoff.cohort.neda.confirmation import in_period
from wearoff.cohort.neda.dated import NO_DAY, DayIndex
from wearoff.cohort.neda.relapses import Relapses
from wearoff.cohort.neda.rules import HALF_POINT_TOLERANCE as TOLERANCE
from wearoff.cohort.neda.rules import LabelRule, WorseningRule

NONE, RAW, PIRA, UNDEFINED, LABEL_UNKNOWN = 0, 1, 2, 3, 4
LABELS = (None, "RAW", "PIRA", "undefined", "unknown")
"""What the codes stand for; improvements and unconfirmed worsenings have no label."""


def label_changes(
    changes: Changes,
    visits: Visits,
    confirms: Bool[np.ndarray, "rows"],
    relapses: Relapses,
    rule: WorseningRule,
    is_unknown: Bool[np.ndarray, "patients"],
) -> Int[np.ndarray, "changes"]:
    """The label of each change, a position in `LABELS`.

    Args:
        changes: what `find_changes` found.
        visits: the visits it was found in.
        confirms: which of them may confirm, from `may_confirm`.
        relapses: from the same records.
        rule: names the definition of PIRA and the window of RAW.
        is_unknown: patients whose relapses were not recorded, or of whom a report was refused; what was
            recorded of them can still make a worsening RAW.
    """

    def labels(days: DayIndex) -> Int[np.ndarray, "changes"]:
        onset = changes.onset_day
        is_raw = days.any_between(changes.patient, onset - rule.raw_before_days, onset + rule.raw_after_days)
        is_pira = ~is_raw & _is_independent(changes, changes.confirmed_day, days, rule.label)
        open_ = np.flatnonzero(~is_raw & ~is_pira & (changes.confirmed_day != NO_DAY))
        is_pira[open_] = _is_independent_later(changes.take(open_), visits, confirms, days, rule)
        return np.where(is_raw, RAW, np.where(is_pira, PIRA, UNDEFINED))

    certain, possible = labels(relapses.certain), labels(relapses.every)
    label = np.where(certain == possible, certain, LABEL_UNKNOWN)
    label = np.where(is_unknown[changes.patient] & (certain != RAW), LABEL_UNKNOWN, label)
    has_label = (changes.direction > 0) & (changes.status != UNCONFIRMED)
    return np.where(has_label, label, NONE)


def _is_independent(
    changes: Changes, confirmed_day: Int[np.ndarray, "changes"], days: DayIndex, rule: LabelRule
) -> Bool[np.ndarray, "changes"]:
    """Whether no relapse began in the windows, when each change is confirmed on that day."""
    onset = changes.onset_day
    # an imputed worsening was confirmed by nobody: the windows end at its onset
    confirmed = np.where(confirmed_day == NO_DAY, onset, confirmed_day)
    if rule.before_event == "reference":
        first = changes.baseline_day
    elif rule.before_event == "previous_visit":
        first = changes.previous_day
    else:
        first = onset - rule.before_event
    last = confirmed if rule.after_event == "confirmation" else onset + rule.after_event
    found = days.any_between(changes.patient, first, last)
    if rule.before_confirmation is not None or rule.after_confirmation is not None:
        before, after = rule.before_confirmation or 0, rule.after_confirmation or 0
        found |= days.any_between(changes.patient, confirmed - before, confirmed + after)
    return ~found


def _is_independent_later(
    changes: Changes,
    visits: Visits,
    confirms: Bool[np.ndarray, "rows"],
    days: DayIndex,
    rule: WorseningRule,
) -> Bool[np.ndarray, "changes"]:
    """Whether a confirming visit behind the first one leaves the windows free.

    A relapse near the first confirming visit does not spoil a worsening that a later visit confirms as well.
    """
    found = np.zeros(len(changes), dtype=bool)
    rows, last = visits.rows, len(visits.edss) - 1
    needed = changes.baseline_edss + rule.step.step(changes.baseline_edss) - TOLERANCE
    holds = np.ones(len(changes), dtype=bool)
    row = changes.onset_row
    while len(changes):
        row = row + 1
        at = np.minimum(row, last)
        is_visit = (row <= last) & (rows.patient[at] == changes.patient)
        if not np.any(is_visit & (holds | (not rule.must_hold_between)) & ~found):
            break
        stands = visits.edss[at] >= needed
        holds &= stands
        gap = rows.day[at] - changes.onset_day
        fits = is_visit & confirms[at] & (holds if rule.must_hold_between else stands)
        fits &= np.any([in_period(gap, length, rule) for length in rule.confirmation_days], axis=0)
        found |= fits & _is_independent(changes, rows.day[at], days, rule.label)
    return found
