"""A regimen: what was given when, for one patient, as arrays on the patient's own time axis.

Times are days since the first recorded infusion. A regimen is checked when it is made, so that
nothing below has to ask whether a dose is negative or two infusions run at the same time. A change of
plan makes a new regimen out of an old one: `every(4, times=6).then(every(6, times=8)).without(3)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

_OVERLAP_D = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Regimen:
    """The doses of one patient in order of time; two are equal when every number of theirs is.

    Doses are counted from 1 when a person names one (`without(3)`), and from 0 in an error about an array.

    Attributes:
        start_d: start of each dose, days, not decreasing.
        dose_mg: amount of each dose, mg; zero is a skipped dose.
        duration_d: length of each infusion, days; it has no effect on a subcutaneous dose.
        is_subcutaneous: whether the dose goes into the subcutaneous depot.

    Raises:
        ValueError: naming the index of the first dose that is not finite, negative, of zero length,
            out of order, or started while the infusion before it still runs.
    """

    start_d: Float[np.ndarray, " doses"]
    dose_mg: Float[np.ndarray, " doses"]
    duration_d: Float[np.ndarray, " doses"]
    is_subcutaneous: Bool[np.ndarray, " doses"]

    def __post_init__(self) -> None:
        for name in ("start_d", "dose_mg", "duration_d"):
            object.__setattr__(self, name, _frozen(getattr(self, name), np.float64))
        object.__setattr__(self, "is_subcutaneous", _frozen(self.is_subcutaneous, np.bool_))
        shapes = {
            array.shape for array in (self.start_d, self.dose_mg, self.duration_d, self.is_subcutaneous)
        }
        if len(shapes) != 1 or self.start_d.ndim != 1:
            raise ValueError("a regimen needs four one-dimensional arrays of one length")
        for name in ("start_d", "dose_mg", "duration_d"):
            _refuse(~np.isfinite(getattr(self, name)), f"{name} is not a finite number")
        _refuse(self.dose_mg < 0, "dose_mg is negative")
        _refuse(self.duration_d <= 0, "duration_d must be longer than zero")
        _refuse(np.diff(self.start_d, prepend=-np.inf) < 0, "start_d is before the previous dose")
        runs_until = np.where(self.is_subcutaneous, self.start_d, self.start_d + self.duration_d)
        latest = np.maximum.accumulate(np.concatenate(([-np.inf], runs_until)))[:-1]
        overlaps = ~self.is_subcutaneous & (self.start_d < latest - _OVERLAP_D)
        _refuse(overlaps, "the infusion starts while the one before still runs")

    @property
    def end_d(self) -> Float[np.ndarray, " doses"]:
        """The end of each infusion; for a subcutaneous dose the moment it is given."""
        return np.where(self.is_subcutaneous, self.start_d, self.start_d + self.duration_d)

    @property
    def number(self) -> int:
        """The number of doses, skipped ones (0 mg) included."""
        return int(self.start_d.size)

    @property
    def interval_d(self) -> Float[np.ndarray, " intervals"]:
        """The days from the start of each dose to the start of the next; one fewer than doses."""
        return np.diff(self.start_d)

    def then(self, other: Regimen, after_weeks: float | None = None) -> Regimen:
        """This regimen, and after its last dose the other one.

        Args:
            other: what follows; its first dose is moved to the right day, its intervals are kept.
            after_weeks: weeks from the start of the last dose here to the start of the first dose of
                `other`. Without it the first interval of `other` is used: who changes to every 6 weeks
                is next given the drug after 6 weeks.

        Raises:
            ValueError: one of the two is empty, `other` has a single dose and `after_weeks` is not
                given, or the two overlap.
        """
        if not (self.number and other.number):
            raise ValueError("a regimen without doses has no last dose, and nothing can follow it")
        if after_weeks is None:
            if other.number < 2:
                raise ValueError("a single dose has no interval; say after how many weeks it follows")
            after_d = float(other.interval_d[0])
        else:
            after_d = 7.0 * after_weeks
        moved = other.start_d - other.start_d[0] + (self.start_d[-1] + after_d)
        return Regimen(
            np.append(self.start_d, moved),
            np.append(self.dose_mg, other.dose_mg),
            np.append(self.duration_d, other.duration_d),
            np.append(self.is_subcutaneous, other.is_subcutaneous),
        )

    def without(self, *numbers: int) -> Regimen:
        """The same with some doses left out; all others stay on their days.

        Args:
            numbers: which doses, the first is 1; all are counted before anything is left out.

        Raises:
            ValueError: there is no such dose.
        """
        is_kept = np.ones(self.number, dtype=np.bool_)
        is_kept[[self._index(number) for number in numbers]] = False
        return Regimen(
            self.start_d[is_kept],
            self.dose_mg[is_kept],
            self.duration_d[is_kept],
            self.is_subcutaneous[is_kept],
        )

    def delayed(self, number: int, days: float, *, only: bool = False) -> Regimen:
        """The same with one dose later, and all doses after it as much later.

        Args:
            number: which dose, the first is 1.
            days: how much later; a negative number brings it forward.
            only: move this dose alone, so that the next comes sooner after it.

        Raises:
            ValueError: there is no such dose, or it would run into another.
        """
        index = self._index(number)
        start = self.start_d.copy()
        start[index : index + 1 if only else None] += days
        return self._starting(start)

    def before(self, day: float) -> Regimen:
        """The doses that start before a day."""
        return self.without(*(int(index) + 1 for index in np.flatnonzero(self.start_d >= day)))

    def runs(self) -> list[tuple[float, int, int]]:
        """The stretches of equal intervals: the interval in days, and its first and last dose, from 1."""
        interval = np.round(self.interval_d, 6)
        edges = [0, *(np.flatnonzero(np.diff(interval)) + 1), interval.size] if interval.size else []
        return [(float(interval[a]), int(a) + 1, int(b) + 1) for a, b in pairwise(edges)]

    def shifted(self, days: float) -> Regimen:
        """The same regimen with every dose so many days later, or earlier if negative."""
        return self._starting(self.start_d + days)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Regimen):
            return NotImplemented
        return all(np.array_equal(mine, its) for mine, its in zip(self._arrays, other._arrays, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(tuple(array.tolist()) for array in self._arrays))

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.start_d, self.dose_mg, self.duration_d, self.is_subcutaneous

    def _starting(self, start_d: Float[np.ndarray, " doses"]) -> Regimen:
        return Regimen(start_d, self.dose_mg, self.duration_d, self.is_subcutaneous)

    def _index(self, number: int) -> int:
        """Where a dose stands that a person counts from 1."""
        if not 1 <= number <= self.number:
            raise ValueError(f"there is no dose {number} in a regimen of {self.number}")
        return number - 1


def every(
    weeks: float,
    dose_mg: float = 300.0,
    times: int = 14,
    duration_h: float = 1.0,
    *,
    is_subcutaneous: bool = False,
) -> Regimen:
    """Doses at a fixed interval, the first on day 0.

    Args:
        weeks: interval in weeks, more than zero.
        dose_mg: amount of each dose, mg.
        times: number of doses.
        duration_h: length of each infusion, hours.
        is_subcutaneous: whether the doses are subcutaneous.

    Raises:
        ValueError: the interval is not positive, or the doses do not make a regimen.
    """
    if not weeks > 0:
        raise ValueError("weeks must be more than zero")
    return Regimen(
        start_d=np.arange(times) * (7.0 * weeks),
        dose_mg=np.full(times, float(dose_mg)),
        duration_d=np.full(times, duration_h / 24.0),
        is_subcutaneous=np.full(times, is_subcutaneous),
    )


def counted_from_one(fault: ValueError) -> str:
    """What is wrong with a regimen, for people: the index of an array becomes the number of the dose."""
    return re.sub(r"^dose (\d+):", lambda found: f"dose {int(found[1]) + 1}:", str(fault))


def _frozen(values: object, dtype: type[np.generic]) -> np.ndarray:
    """A read-only copy, so that a regimen cannot change under the solver."""
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def _refuse(is_wrong: Bool[np.ndarray, " doses"], reason: str) -> None:
    """Stop at the first dose for which something is wrong."""
    wrong = np.flatnonzero(is_wrong)
    if wrong.size:
        raise ValueError(f"dose {int(wrong[0])}: {reason}")
