"""Rows of one table as arrays, sorted by patient and day: what every rule here works on.

A loop over patients in Python is too slow for a registry, so that rows of all patients lie in one array each,
and a patient is a stretch of them. `padded` lays such stretches out as a rectangle, patients by rows;
`DayIndex` answers whether something happened to a patient between two days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, Shaped

_CELLS = 2_000_000
"""Cells of one rectangle: 16 MB in each array that the rules make of it."""
_SHIFT = 1 << 32
_MIDDLE = 1 << 31
NO_DAY = -(1 << 30)
"""Stands for a day that does not exist, earlier than every date."""


@dataclass(frozen=True, slots=True)
class Dated:
    """Rows sorted by patient and, of one patient, by day.

    Attributes:
        patient: number of the patient of each row, shape [rows].
        day: day of each row since that patient's day 0, shape [rows].
        patients: how many patients there are, with and without rows.
    """

    patient: Int[np.ndarray, "rows"]
    day: Int[np.ndarray, "rows"]
    patients: int

    @property
    def starts(self) -> Int[np.ndarray, "patients+1"]:
        """Where each patient's rows begin; the last is the number of rows."""
        return np.searchsorted(self.patient, np.arange(self.patients + 1))

    @property
    def days(self) -> DayIndex:
        """The days of the rows, to be asked."""
        return DayIndex.of(self.patient, self.day)

    def padded(self) -> Iterator[Padded]:
        """The rows as rectangles of patients with about equally many rows, so that little is empty."""
        starts = self.starts
        counts = np.diff(starts)
        order = np.argsort(counts, kind="stable")
        begin = 0
        while begin < self.patients:
            # the widest of a rectangle is its last, and the widths only grow
            rest = counts[order[begin:]]
            cells = np.arange(1, len(rest) + 1) * np.maximum(rest, 1)
            end = begin + max(1, int(np.searchsorted(cells, _CELLS, side="right")))
            chosen = np.sort(order[begin:end])
            yield Padded(chosen, starts[chosen], counts[chosen])
            begin = end


@dataclass(frozen=True, slots=True)
class Padded:
    """Some patients' rows laid out as a rectangle.

    Attributes:
        patient: numbers of the patients, shape [some].
        first: where each one's rows begin, shape [some].
        count: how many there are, shape [some].
    """

    patient: Int[np.ndarray, "some"]
    first: Int[np.ndarray, "some"]
    count: Int[np.ndarray, "some"]

    @property
    def width(self) -> int:
        """Rows of the patient with the most."""
        return int(self.count.max(initial=0))

    @property
    def filled(self) -> Bool[np.ndarray, "some width"]:
        """Which cells hold a row."""
        return np.asarray(np.arange(self.width) < self.count[:, None])

    def lay(
        self, values: Shaped[np.ndarray, "rows"], empty: float | bool
    ) -> Shaped[np.ndarray, "some width"]:
        """One column of the rows as a rectangle, with `empty` where there is no row."""
        if not len(values):
            return np.full((len(self.patient), self.width), empty, dtype=values.dtype)
        at = self.first[:, None] + np.arange(self.width)
        return np.where(self.filled, values[np.minimum(at, len(values) - 1)], np.array(empty, values.dtype))


@dataclass(frozen=True, slots=True)
class DayIndex:
    """The days on which something happened to each patient, ready to be asked."""

    keys: Int[np.ndarray, "rows"]

    @classmethod
    def of(cls, patient: Int[np.ndarray, "rows"], day: Int[np.ndarray, "rows"]) -> DayIndex:
        """The index of such days, in any order."""
        keys = _key(patient, day)
        return cls(keys if np.all(keys[1:] >= keys[:-1]) else np.sort(keys))

    def any_between(
        self,
        patient: Int[np.ndarray, "*shape"],
        first: Int[np.ndarray, "*shape"],
        last: Int[np.ndarray, "*shape"],
    ) -> Bool[np.ndarray, "*shape"]:
        """Whether there is one from the first day to the last, both included."""
        if not len(self.keys):
            return np.zeros(np.shape(patient), dtype=bool)
        low = np.searchsorted(self.keys, _key(patient, first), side="left")
        high = np.searchsorted(self.keys, _key(patient, last), side="right")
        return np.asarray(high > low)

    def last_until(
        self, patient: Int[np.ndarray, "*shape"], day: Int[np.ndarray, "*shape"]
    ) -> Int[np.ndarray, "*shape"]:
        """The latest such day on or before a day, `NO_DAY` where there is none."""
        if not len(self.keys):
            return np.full(np.shape(patient), NO_DAY)
        at = np.searchsorted(self.keys, _key(patient, day), side="right") - 1
        key = self.keys[np.maximum(at, 0)]
        found = (at >= 0) & (key // _SHIFT == patient)
        return np.where(found, key % _SHIFT - _MIDDLE, NO_DAY)

    def first_after(
        self, patient: Int[np.ndarray, "*shape"], day: Int[np.ndarray, "*shape"]
    ) -> Int[np.ndarray, "*shape"]:
        """The earliest such day behind a day, `NO_DAY` where there is none."""
        if not len(self.keys):
            return np.full(np.shape(patient), NO_DAY)
        at = np.searchsorted(self.keys, _key(patient, day), side="right")
        key = self.keys[np.minimum(at, len(self.keys) - 1)]
        found = (at < len(self.keys)) & (key // _SHIFT == patient)
        return np.where(found, key % _SHIFT - _MIDDLE, NO_DAY)


def first_row(rows: Dated, chosen: Bool[np.ndarray, "rows"]) -> Int[np.ndarray, "patients"]:
    """The first chosen row of each patient, -1 where none is chosen."""
    found = np.full(rows.patients, -1)
    at = np.flatnonzero(chosen)[::-1]
    found[rows.patient[at]] = at  # written from behind: the first one stays
    return found


def _key(patient: Int[np.ndarray, "*shape"], day: Int[np.ndarray, "*shape"]) -> Int[np.ndarray, "*shape"]:
    return np.asarray(patient, dtype=np.int64) * _SHIFT + (np.asarray(day, dtype=np.int64) + _MIDDLE)
