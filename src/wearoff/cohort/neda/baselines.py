"""Where a change is measured from: the first baseline, and when and to which level it moves."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from wearoff.cohort.neda.dated import Dated, DayIndex, first_row
from wearoff.cohort.neda.rules import WorseningRule


def first_baseline(
    rows: Dated, is_usable: Bool[np.ndarray, "rows"], *, start_day: int, early_days: float
) -> Int[np.ndarray, "patients"]:
    """The row of each patient's baseline, -1 where every visit is too near a relapse or there is none.

    It is the last usable visit from `early_days` before the start up to it, else the first usable one after.

    Args:
        rows: the visits.
        is_usable: which of them may be a baseline, shape [rows].
        start_day: the day from which changes count.
        early_days: how long before it a visit can still speak for it.
    """
    chosen = first_row(rows, is_usable & (rows.day > start_day))
    before = np.flatnonzero(is_usable & (rows.day <= start_day) & (rows.day >= start_day - early_days))
    chosen[rows.patient[before]] = before
    return chosen


def next_reference(
    rule: WorseningRule,
    direction: int,
    days: Int[np.ndarray, "some visits"],
    edss: Float[np.ndarray, "some visits"],
    holds: Bool[np.ndarray, "some visits"],
    confirming: Int[np.ndarray, "some"],
) -> tuple[Float[np.ndarray, "some"], Int[np.ndarray, "some"], Int[np.ndarray, "some"]]:
    """The level that the next change is measured from, its day, and the column of its visit.

    Args:
        rule: its `reference` says which level that is.
        direction: of the change that was confirmed.
        days: days of the visits from the onset on, of the patients concerned.
        edss: EDSS at each.
        holds: whether each of them holds the change.
        confirming: column of the confirming visit of each.
    """
    if rule.reference == "onset":
        column = np.zeros(len(confirming), dtype=np.int64)
    elif rule.reference == "confirmation":
        column = confirming
    else:  # the smallest change that held: of an improvement that is the highest level
        inside = holds & (np.arange(edss.shape[1]) <= confirming[:, None])
        column = np.argmin(np.where(inside, direction * edss, np.inf), axis=1)
    some = np.arange(len(confirming))
    return edss[some, column], days[some, column], column


def last_relapse(rows: Dated, days: DayIndex) -> Int[np.ndarray, "rows"]:
    """The onset of the latest relapse up to each visit, `NO_DAY` where there is none, shape [rows]."""
    return days.last_until(rows.patient, rows.day)


def first_since_relapse(
    last_relapse_day: Int[np.ndarray, "some visits"], is_usable: Bool[np.ndarray, "some visits"]
) -> Int[np.ndarray, "some visits"]:
    """At each visit, the column of the first usable visit since the latest relapse, -1 while there is none."""
    column = np.full(last_relapse_day.shape, -1)
    for k in range(last_relapse_day.shape[1]):
        if k:
            is_same = last_relapse_day[:, k] == last_relapse_day[:, k - 1]
            column[:, k] = np.where(is_same, column[:, k - 1], -1)
        column[:, k] = np.where((column[:, k] < 0) & is_usable[:, k], k, column[:, k])
    return column
