"""Whether a confirmed worsening goes with a relapse (RAW) or came without one (PIRA).

Both are questions about windows of days in which a relapse began. They are asked twice, of the relapses that
are certain and of all possible ones: where the answers differ, or where relapses were not recorded, the label
is unknown. A worsening that is neither RAW nor PIRA is undefined, and an improvement has no label.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from wearoff.cohort.neda.confirmation import UNCONFIRMED, Changes
from wearoff.cohort.neda.dated import NO_DAY, DayIndex
from wearoff.cohort.neda.relapses import Relapses
from wearoff.cohort.neda.rules import LabelRule, WorseningRule

NONE, RAW, PIRA, UNDEFINED, LABEL_UNKNOWN = 0, 1, 2, 3, 4
LABELS = (None, "RAW", "PIRA", "undefined", "unknown")
"""What the codes stand for; improvements and unconfirmed worsenings have no label."""


def label_changes(
    changes: Changes,
    relapses: Relapses,
    rule: WorseningRule,
    is_unknown: Bool[np.ndarray, "patients"],
) -> Int[np.ndarray, "changes"]:
    """The label of each change, a position in `LABELS`.

    Args:
        changes: what `find_changes` found.
        relapses: from the same records.
        rule: names the definition of PIRA and the window of RAW.
        is_unknown: patients whose relapses were not recorded, or of whom a report was refused; what was
            recorded of them can still make a worsening RAW.
    """
    certain, possible = (_labels(changes, days, rule) for days in (relapses.certain, relapses.every))
    label = np.where(certain == possible, certain, LABEL_UNKNOWN)
    label = np.where(is_unknown[changes.patient] & (certain != RAW), LABEL_UNKNOWN, label)
    has_label = (changes.direction > 0) & (changes.status != UNCONFIRMED)
    return np.where(has_label, label, NONE)


def _labels(changes: Changes, days: DayIndex, rule: WorseningRule) -> Int[np.ndarray, "changes"]:
    patient, onset = changes.patient, changes.onset_day
    is_raw = days.any_between(patient, onset - rule.raw_before_days, onset + rule.raw_after_days)
    is_pira = ~is_raw & ~_relapse_in_windows(changes, days, rule.label)
    return np.where(is_raw, RAW, np.where(is_pira, PIRA, UNDEFINED))


def _relapse_in_windows(changes: Changes, days: DayIndex, rule: LabelRule) -> Bool[np.ndarray, "changes"]:
    """Whether a relapse began in a window that has to be free of them."""
    onset = changes.onset_day
    # an imputed worsening was confirmed by nobody: the windows end at its onset
    confirmed = np.where(changes.confirmed_day == NO_DAY, onset, changes.confirmed_day)
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
    return found
