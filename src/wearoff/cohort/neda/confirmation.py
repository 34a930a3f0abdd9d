"""Confirmed change of the EDSS, for many patients at once.

From a baseline, the first visit that lies a step away is an *onset*. A later visit inside the confirmation
window that still holds the change *confirms* it; a visit there that does not hold it *refutes* it (when every
visit in between must hold); and when nobody looked in time it is *unconfirmed*. The search goes on behind the
confirming visit, from the baseline that the rule then gives, or behind an onset that came to nothing.

Patients lie side by side in a rectangle of visits, and the loop runs over the columns: at column i, everyone
whose search has reached the i-th visit is asked at once whether it is an onset. What a patient's search
remembers is a handful of numbers (`_Search`), so that a million patients cost a few dozen array operations.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int

from wearoff.cohort.neda.baselines import (
    first_baseline,
    first_since_relapse,
    last_relapse,
    next_reference,
)
from wearoff.cohort.neda.changes import (
    CONFIRMED,
    IMPUTED,
    UNCONFIRMED,
    Changes,
    Visits,
    no_changes,
)
from wearoff.cohort.neda.dated import NO_DAY, DayIndex, Padded
from wearoff.cohort.neda.relapses import is_clear
from wearoff.cohort.neda.rules import HALF_POINT_TOLERANCE as TOLERANCE
from wearoff.cohort.neda.rules import WorseningRule

_REFUTED = 3
_IMPUTED_RUNNING = 4  # takes the place of the unconfirmed change that is running


def find_changes(
    visits: Visits,
    relapse_days: DayIndex,
    rule: WorseningRule,
    baseline: Int[np.ndarray, "patients"] | None = None,
) -> Changes:
    """Every change that the rule finds, confirmed or not, in the directions that it counts.

    Args:
        visits: the visits of all patients.
        relapse_days: the onsets that guard baselines, onsets and confirmations.
        rule: the named rule.
        baseline: row of each patient's first baseline, -1 for none; None for the first usable visit.
    """
    rows = visits.rows
    usable = is_clear(rows, relapse_days, rule.relapse_to_baseline_days)
    if baseline is None:
        baseline = first_baseline(rows, usable, start_day=NO_DAY, early_days=0)
    flags = (
        usable,
        is_clear(rows, relapse_days, rule.relapse_to_event_days),
        may_confirm(visits, relapse_days, rule),
    )
    relapse = last_relapse(rows, relapse_days) if rule.rebaseline_after_relapse else None
    found: list[Changes] = []
    for padded in rows.padded():
        if padded.width:
            found += _search(padded, visits, flags, relapse, baseline, rule)
    return _tidy(found, rule)


def may_confirm(visits: Visits, relapse_days: DayIndex, rule: WorseningRule) -> Bool[np.ndarray, "rows"]:
    """Which visits may confirm a change: away from relapses, and scheduled where the rule asks for that."""
    clear = is_clear(visits.rows, relapse_days, rule.relapse_to_confirmation_days)
    return clear & (visits.is_scheduled | (not rule.scheduled_only))


@dataclass(slots=True)
class _Search:
    """Where the search of each patient stands."""

    level: Float[np.ndarray, "some"]
    step: Float[np.ndarray, "some"]
    level_day: Int[np.ndarray, "some"]
    has_baseline: Bool[np.ndarray, "some"]
    next_column: Int[np.ndarray, "some"]
    is_open: dict[int, Bool[np.ndarray, "some"]]
    """Whether an unconfirmed change of each direction is running, which is listed once: as long as it holds, or,
    where visits in between may fall, as long as it could have been confirmed."""
    is_settled: dict[int, Bool[np.ndarray, "some"]]
    """Whether a confirmed change is running that did not move the baseline: it is one change as long as it holds."""
    open_until: dict[int, Float[np.ndarray, "some"]]
    """The last day on which that change could have been confirmed."""

    def put(self, who: np.ndarray, level: np.ndarray, day: np.ndarray, rule: WorseningRule) -> None:
        """Give some patients a baseline."""
        self.level[who], self.level_day[who], self.has_baseline[who] = level, day, True
        self.step[who] = rule.step.step(level)
        for running in (*self.is_open.values(), *self.is_settled.values()):
            running[who] = False


@dataclass(frozen=True, slots=True)
class _Rectangle:
    """The visits of some patients, with what each visit may be used for."""

    patient: Int[np.ndarray, "some"]
    first: Int[np.ndarray, "some"]
    count: Int[np.ndarray, "some"]
    days: Int[np.ndarray, "some visits"]
    edss: Float[np.ndarray, "some visits"]
    may_be_baseline: Bool[np.ndarray, "some visits"]
    may_be_onset: Bool[np.ndarray, "some visits"]
    may_confirm: Bool[np.ndarray, "some visits"]


def _search(
    padded: Padded,
    visits: Visits,
    flags: tuple[np.ndarray, np.ndarray, np.ndarray],
    relapse: np.ndarray | None,
    baseline: np.ndarray,
    rule: WorseningRule,
) -> list[Changes]:
    """The changes of the patients of one rectangle."""
    box = _Rectangle(
        padded.patient,
        padded.first,
        padded.count,
        padded.lay(visits.rows.day.astype(np.int64), NO_DAY),
        padded.lay(visits.edss, np.nan),
        *(padded.lay(flag, False) for flag in flags),
    )
    last_relapse_day = None if relapse is None else padded.lay(relapse, NO_DAY)
    since_relapse = (
        None if last_relapse_day is None else first_since_relapse(last_relapse_day, box.may_be_baseline)
    )
    size, first = len(box.patient), baseline[padded.patient]
    state = _Search(
        level=np.full(size, np.nan),
        step=np.full(size, np.nan),
        level_day=np.full(size, NO_DAY),
        has_baseline=np.zeros(size, dtype=bool),
        next_column=np.where(first < 0, padded.width, first - padded.first),
        is_open={1: np.zeros(size, dtype=bool), -1: np.zeros(size, dtype=bool)},
        is_settled={1: np.zeros(size, dtype=bool), -1: np.zeros(size, dtype=bool)},
        open_until={1: np.full(size, -np.inf), -1: np.full(size, -np.inf)},
    )
    directions = [d for d in (1, -1) if d in rule.counted or d in rule.baseline_moves]
    found: list[Changes] = []
    for column in range(padded.width):
        edss = box.edss[:, column]
        on = (column < box.count) & (column >= state.next_column)
        takes = on & box.may_be_baseline[:, column] & ~state.has_baseline
        if last_relapse_day is not None and since_relapse is not None:
            is_over = on & state.has_baseline & (last_relapse_day[:, column] > state.level_day)
            at = since_relapse[:, column]
            takes |= is_over & (at == column)
            who = np.flatnonzero(
                is_over & (at >= 0) & (at < column)
            )  # passed over on the way to a confirmation
            state.put(who, box.edss[who, at[who]], box.days[who, at[who]], rule)
            on &= ~is_over | ((at >= 0) & (at <= column))
        who = np.flatnonzero(takes)
        if len(who):
            state.put(who, edss[who], box.days[who, column], rule)
        on &= state.has_baseline & ~takes
        change = edss - state.level
        moved = np.zeros(size, dtype=bool)
        for direction in directions:
            holds = direction * change >= state.step - TOLERANCE
            if rule.must_hold_between:
                state.is_open[direction] &= holds | ~on
            else:
                state.is_open[direction] &= box.days[:, column] <= state.open_until[direction]
            state.is_settled[direction] &= holds | ~on
            begins = on & holds & box.may_be_onset[:, column] & ~state.is_settled[direction]
            who = np.flatnonzero(begins)
            if len(who):
                new, confirmed = _at_onset(box, state, rule, column, direction, who)
                moved[confirmed] = True
                found += new
        for direction in rule.sub_threshold_moves:
            small = (direction * change > TOLERANCE) & (direction * change < state.step - TOLERANCE)
            who = np.flatnonzero(on & small & ~moved & box.may_be_onset[:, column])
            if len(who):
                _move_by_small_change(box, state, rule, column, direction, who)
    return found


def _at_onset(
    box: _Rectangle, state: _Search, rule: WorseningRule, column: int, direction: int, who: np.ndarray
) -> tuple[list[Changes], np.ndarray]:
    """What becomes of an onset at this column in each patient of `who`, and in whom it was confirmed."""
    days, edss = box.days[who, column:], box.edss[who, column:]
    holds = direction * (edss - state.level[who, None]) >= state.step[who, None] - TOLERANCE  # nan: no visit
    status, confirming = _confirm(days, holds, box.count[who] - column, box.may_confirm[who, column:], rule)
    first = np.min(confirming, axis=1)
    if rule.impute_last_visit:
        is_last = box.count[who] == column + 1
        imputed = np.where(state.is_open[direction][who], _IMPUTED_RUNNING, IMPUTED)
        status = np.where(is_last & (status == UNCONFIRMED), imputed, status)
    repeated = (status == UNCONFIRMED) & state.is_open[direction][who]
    listed = np.flatnonzero((status != _REFUTED) & ~repeated)
    held = np.argmin(np.pad(holds, ((0, 0), (0, 1)), constant_values=False), axis=1) - 1
    some = np.arange(len(who))
    confirmed_days = np.where(
        confirming < days.shape[1],
        np.take_along_axis(days, np.minimum(confirming, days.shape[1] - 1), axis=1),
        NO_DAY,
    )
    changes = Changes(
        patient=box.patient[who],
        direction=np.full(len(who), direction),
        status=status,
        onset_day=days[:, 0],
        onset_edss=edss[:, 0],
        baseline_day=state.level_day[who],
        baseline_edss=state.level[who],
        previous_day=box.days[who, column - 1],
        confirmed_day=np.where(
            first < days.shape[1], days[some, np.minimum(first, days.shape[1] - 1)], NO_DAY
        ),
        confirmed_days=confirmed_days,
        held_to_day=days[some, held],
        is_held_to_end=held == box.count[who] - column - 1,
        onset_row=box.first[who] + column,
    ).take(listed)
    begins = (status == UNCONFIRMED) & ~repeated
    state.is_open[direction][who[begins]] = True
    state.open_until[direction][who[begins]] = days[begins, 0] + _longest(rule)
    sure = np.flatnonzero(status == CONFIRMED)
    confirmed = who[sure]
    state.is_open[direction][confirmed] = False
    state.is_settled[direction][confirmed] = True  # until the baseline moves
    state.next_column[confirmed] = column + first[sure] + 1
    if direction in rule.baseline_moves and len(sure):
        _move(box, state, rule, column, direction, confirmed, holds[sure], first[sure])
    return [changes] if len(listed) else [], confirmed


def _move_by_small_change(
    box: _Rectangle, state: _Search, rule: WorseningRule, column: int, direction: int, who: np.ndarray
) -> None:
    """Move the baseline where a change smaller than a step was confirmed, and held between none and a step."""
    change = direction * (box.edss[who, column:] - state.level[who, None])
    holds = (change > TOLERANCE) & (change < state.step[who, None] - TOLERANCE)
    status, confirming = _confirm(
        box.days[who, column:], holds, box.count[who] - column, box.may_confirm[who, column:], rule
    )
    sure = np.flatnonzero(status == CONFIRMED)
    first = np.min(confirming, axis=1)[sure]
    state.next_column[who[sure]] = column + first + 1
    _move(box, state, rule, column, direction, who[sure], holds[sure], first)


def _move(
    box: _Rectangle,
    state: _Search,
    rule: WorseningRule,
    column: int,
    direction: int,
    who: np.ndarray,
    holds: np.ndarray,
    confirming: np.ndarray,
) -> None:
    """Give patients with a confirmed change their next baseline.

    A single visit that may not be a baseline is none: the search waits for the next one that may. The lowest
    level between onset and confirmation held over the whole time, and needs no such guard.
    """
    level, day, at = next_reference(
        rule, direction, box.days[who, column:], box.edss[who, column:], holds, confirming
    )
    state.put(who, level, day, rule)
    if rule.reference != "lowest_between":
        state.has_baseline[who] = box.may_be_baseline[who, column + at]


def _confirm(
    days: Int[np.ndarray, "some visits"],
    holds: Bool[np.ndarray, "some visits"],
    count: Int[np.ndarray, "some"],
    may_confirm: Bool[np.ndarray, "some visits"],
    rule: WorseningRule,
) -> tuple[Int[np.ndarray, "some"], Int[np.ndarray, "some periods"]]:
    """Whether the change seen at the first column is confirmed, and by which column in each period.

    A column that does not exist, past the last one, stands for no confirmation.
    """
    width = days.shape[1]
    is_visit = np.arange(width) < count[:, None]
    later = is_visit.copy()
    later[:, 0] = False
    gap = np.where(is_visit, days - days[:, :1], -1)
    unbroken = np.logical_and.accumulate(holds, axis=1) if rule.must_hold_between else holds
    eligible = later & unbroken & may_confirm
    confirming = np.empty((len(days), len(rule.confirmation_days)), dtype=np.int64)
    for period, length in enumerate(rule.confirmation_days):
        fits = eligible & in_period(gap, length, rule)
        confirming[:, period] = np.where(fits.any(axis=1), np.argmax(fits, axis=1), width)
    is_confirmed = np.min(confirming, axis=1) < width
    if rule.sustained_days > 0:
        is_confirmed &= _is_sustained(later & (gap <= rule.sustained_days), holds, rule.must_hold_between)
        confirming[~is_confirmed] = width
    is_refuted = ~_is_sustained(later & (gap <= _longest(rule)), holds, rule.must_hold_between)
    status = np.where(is_confirmed, CONFIRMED, np.where(is_refuted, _REFUTED, UNCONFIRMED))
    return status, confirming


def in_period(gap: np.ndarray, length: int, rule: WorseningRule) -> np.ndarray:
    """Whether a visit so many days after onset lies in the window of one confirmation period."""
    return (gap >= length - rule.confirmation_early_days) & (gap <= length + rule.confirmation_late_days)


def _longest(rule: WorseningRule) -> float:
    """Days after onset within which a visit can confirm or refute a change."""
    return max(rule.confirmation_days[-1] + rule.confirmation_late_days, rule.sustained_days)


def _is_sustained(
    asked: Bool[np.ndarray, "some visits"], holds: Bool[np.ndarray, "some visits"], must_hold_between: bool
) -> Bool[np.ndarray, "some"]:
    """Whether every visit asked holds, or the last of them where visits in between may fall."""
    if must_hold_between:
        return np.asarray(~(asked & ~holds).any(axis=1))
    last = asked.shape[1] - 1 - np.argmax(asked[:, ::-1], axis=1)
    return np.asarray(~asked.any(axis=1) | holds[np.arange(len(asked)), last])


def _tidy(found: list[Changes], rule: WorseningRule) -> Changes:
    """All changes that the rule counts, sorted; what was imputed takes the place of its unconfirmed onset."""
    if not found:
        return no_changes(len(rule.confirmation_days))
    every = Changes(*(np.concatenate([getattr(c, f.name) for c in found]) for f in fields(Changes)))
    every = every.take(np.isin(every.direction, rule.counted))
    every = every.take(np.lexsort((every.onset_day, every.direction, every.patient)))
    takes_place = every.status == _IMPUTED_RUNNING
    every.status[takes_place] = IMPUTED
    replaced = np.zeros(len(every), dtype=bool)
    replaced[:-1] = takes_place[1:]  # the row before it is the running one
    every = every.take(~replaced)
    return every.take(np.lexsort((every.direction, every.onset_day, every.patient)))
