"""The clinical components of NEDA in one window: relapse and worsening.

Missing is not negative. A component is `none` only where somebody looked over the whole window: an
observation that reaches its end, a baseline and a closing EDSS. What was seen counts as activity however
short the observation was.
"""

from __future__ import annotations

import numpy as np

from wearoff.cohort.neda.changes import UNCONFIRMED
from wearoff.cohort.neda.dated import NO_DAY, Dated, first_row
from wearoff.cohort.neda.followup import Followup
from wearoff.cohort.neda.relapses import Relapses
from wearoff.cohort.neda.rules import NedaRule
from wearoff.cohort.neda.verdicts import ACTIVE, NONE, UNKNOWN, Decision, Verdict
from wearoff.cohort.neda.windows import Window, closing_day, closing_range
from wearoff.cohort.neda.worsening import Events


def begin(followup: Followup, window: Window, start_day: int) -> Decision:
    """A decision in which those are decided of whom nothing is dated, or all if the window ends too soon."""
    decision = Decision(len(followup.patient_id))
    decision.give(np.isnat(followup.day_zero), UNKNOWN, "nothing dated is recorded")
    decision.give(
        window.end_day <= start_day, UNKNOWN, f"the window ends before activity counts (day {start_day})"
    )
    return decision


def relapse_component(followup: Followup, relapses: Relapses, window: Window, rule: NedaRule) -> Verdict:
    """Whether a relapse began in the window."""
    decision = begin(followup, window, rule.rebaseline_day)
    rows = relapses.rows
    inside = (rows.day > max(window.start_day, rule.rebaseline_day)) & (rows.day <= window.end_day)
    certain = first_row(rows, inside & relapses.is_certain)
    day = _at(rows.day, certain)
    decision.give(certain >= 0, ACTIVE, "relapse on day {}", day, day=day)
    if "relapse" in followup.absent:
        decision.give(True, UNKNOWN, "the cohort has no relapse table")
    decision.give(followup.refused["relapse"], UNKNOWN, "a relapse record of this patient was refused")
    possible = first_row(rows, inside)
    decision.give(
        possible >= 0,
        UNKNOWN,
        "report on day {}: fever or objective sign unknown",
        _at(rows.day, possible),
    )
    observed = followup.observed_to
    decision.give(observed == NO_DAY, UNKNOWN, "no follow-up recorded")
    decision.give(
        observed < window.end_day - rule.closes_early_days, UNKNOWN, "observed to day {} only", observed
    )
    decision.give(True, NONE, "no relapse recorded over an observed window")
    return decision.verdict()


def worsening_component(followup: Followup, events: Events, window: Window, rule: NedaRule) -> Verdict:
    """Whether a confirmed worsening began in the window."""
    decision = begin(followup, window, rule.rebaseline_day)
    rows, refused = followup.visits.rows, followup.refused["visit"]
    has_edss = first_row(rows, np.ones(len(rows.day), dtype=bool)) >= 0
    decision.give(~has_edss & refused, UNKNOWN, "no EDSS (a visit record was refused)")
    decision.give(~has_edss, UNKNOWN, "no EDSS")
    decision.give(events.baseline < 0, UNKNOWN, "every EDSS lies within a relapse: no baseline")

    baseline_day = _at(rows.day, events.baseline)
    days = rows.days
    closing = closing_day(days, window.end_day, rule, behind=baseline_day)
    first = max(window.start_day, rule.rebaseline_day)
    start = np.full(len(refused), first)
    if window.start_day > rule.rebaseline_day:
        opening = closing_day(days, first, rule, behind=np.full(len(refused), NO_DAY))
        start = np.where(opening == NO_DAY, first, opening)
    until = np.where(closing == NO_DAY, window.end_day, closing)

    found = events.changes
    inside = (found.direction > 0) & (found.onset_day > start[found.patient])
    inside &= found.onset_day <= until[found.patient]
    changes = Dated(found.patient, found.onset_day, rows.patients)
    for is_wanted, state, sentence in (
        (found.confirmed_day != NO_DAY, ACTIVE, "EDSS {} to {} on day {}, confirmed on day {}"),
        (found.status != UNCONFIRMED, ACTIVE, "EDSS {} to {} on day {}, at the last visit"),
        (found.is_held_to_end, UNKNOWN, "EDSS {} to {} on day {}, unconfirmed at the end of the record"),
        (found.status == UNCONFIRMED, UNKNOWN, "EDSS {} to {} on day {}, unconfirmed: nobody looked in time"),
    ):
        row = first_row(changes, inside & is_wanted)
        columns = [found.baseline_edss, found.onset_edss, found.onset_day, found.confirmed_day]
        values = [_at(column, row) for column in columns[: sentence.count("{}")]]
        day = _at(found.onset_day, row) if state == ACTIVE else None
        decision.give(row >= 0, state, sentence, *values, day=day)
    decision.give(refused, UNKNOWN, "a visit record of this patient was refused")
    latest = rule.rebaseline_day + rule.worsening.baseline_late_days
    decision.give(baseline_day > latest, UNKNOWN, "first usable EDSS only on day {}", baseline_day)
    decision.give(closing == NO_DAY, UNKNOWN, f"no EDSS {closing_range(window, rule)}")
    decision.give(True, NONE, "no confirmed worsening up to the visit on day {}", closing)
    return decision.verdict()


def _at(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """The value at each patient's row; where the row is -1 it is one that nobody reads."""
    if not len(values):
        return np.full(len(row), NO_DAY, dtype=values.dtype)
    return np.where(row < 0, NO_DAY, values[np.maximum(row, 0)])
