"""A regimen: what was given when, for one patient, as arrays on the patient's own time axis.

Times are days since the first recorded infusion. A regimen is checked when it is made, so that
nothing below has to ask whether a dose is negative or two infusions run at the same time. A change of
plan makes a new regimen out of an old one: `every(4, times=6).then(every(6, times=8)).without(3)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

USUAL_DURATION_H = 1.0
_OVERLAP_D = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Regimen:
    """The doses of one patient in order of time; two are equal when every number of theirs is.

    Doses are counted from 1 when a person names one (`without(3)`), and from 0 in an error about an array.

    Attributes:
        start_d: start of each dose, days, not decreasing.
        dose_mg: amount of each dose, mg; zero is a skipped dose.
        duration_d: length of each dose, days; 0 is all at once: a bolus, or an injection under the skin.
        is_subcutaneous: whether the dose goes into the subcutaneous depot.
        exchange_d: the sessions of plasma exchange, days, not decreasing; none by default.
        exchange_share: share of the drug in the central compartment that each session removes, 0..1.

    Raises:
        ValueError: naming the index of the first dose that is not finite, negative, of negative length,
            out of order, or started while the infusion before it still runs; or of the first session that
            is out of order or removes a share outside 0..1.
    """

    start_d: Float[np.ndarray, " doses"]
    dose_mg: Float[np.ndarray, " doses"]
    duration_d: Float[np.ndarray, " doses"]
    is_subcutaneous: Bool[np.ndarray, " doses"]
    exchange_d: Float[np.ndarray, " sessions"] = field(default_factory=lambda: np.empty(0))
    exchange_share: Float[np.ndarray, " sessions"] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        for name in ("start_d", "dose_mg", "duration_d", "exchange_d", "exchange_share"):
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
        _refuse(self.duration_d < 0, "duration_d is negative")
        _refuse(np.diff(self.start_d, prepend=-np.inf) < 0, "start_d is before the previous dose")
        runs_until = np.where(self.is_subcutaneous, self.start_d, self.start_d + self.duration_d)
        latest = np.maximum.accumulate(np.concatenate(([-np.inf], runs_until)))[:-1]
        overlaps = ~self.is_subcutaneous & (self.start_d < latest - _OVERLAP_D)
        _refuse(overlaps, "the infusion starts while the one before still runs")
        self._check_exchanges()

    @property
    def end_d(self) -> Float[np.ndarray, " doses"]:
        """The end of each dose; for one given all at once the moment it is given."""
        return np.asarray(self.start_d + self.duration_d)

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
        moved = other.shifted(float(self.start_d[-1] + after_d - other.start_d[0]))
        order = np.argsort(np.append(self.exchange_d, moved.exchange_d), kind="stable")
        return Regimen(
            *(np.append(mine, its) for mine, its in zip(self._arrays[:4], moved._arrays[:4], strict=True)),
            *(
                np.append(mine, its)[order]
                for mine, its in zip(self._arrays[4:], moved._arrays[4:], strict=True)
            ),
        )

    def without(self, *numbers: int) -> Regimen:
        """The same with some doses left out; all others, and plasma exchanges, stay on their days.

        Args:
            numbers: which doses, the first is 1; all are counted before anything is left out.

        Raises:
            ValueError: there is no such dose.
        """
        is_kept = np.ones(self.number, dtype=np.bool_)
        is_kept[[self._index(number) for number in numbers]] = False
        return self._with_doses(is_kept)

    def delayed(self, number: int, days: float, *, only: bool = False) -> Regimen:
        """The same with one dose later, and all doses after it as much later; exchanges stay on their days.

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
        return replace(self, start_d=start)

    def exchanged(self, days: Sequence[float], share: float) -> Regimen:
        """The same with sessions of plasma exchange, besides those it has.

        Args:
            days: the day of each session; one on the day of a dose comes before the dose.
            share: share of the drug in the central compartment that each removes, 0..1; what is assumed
                where nobody measured it stands in `modifiers.exchange_share`.

        Raises:
            ValueError: a day is not finite, or the share lies outside 0..1.
        """
        day = np.append(self.exchange_d, np.asarray(days, dtype=np.float64))
        shares = np.append(self.exchange_share, np.full(len(days), float(share)))
        order = np.argsort(day, kind="stable")
        return replace(self, exchange_d=day[order], exchange_share=shares[order])

    def before(self, day: float) -> Regimen:
        """The doses and sessions that start before a day."""
        is_session = self.exchange_d < day
        kept = self._with_doses(self.start_d < day)
        return replace(
            kept, exchange_d=self.exchange_d[is_session], exchange_share=self.exchange_share[is_session]
        )

    def runs(self) -> list[tuple[float, int, int]]:
        """The stretches of equal intervals: the interval in days, and its first and last dose, from 1."""
        interval = np.round(self.interval_d, 6)
        edges = [0, *(np.flatnonzero(np.diff(interval)) + 1), interval.size] if interval.size else []
        return [(float(interval[a]), int(a) + 1, int(b) + 1) for a, b in pairwise(edges)]

    def shifted(self, days: float) -> Regimen:
        """The same regimen with every dose and session so many days later, or earlier if negative."""
        return replace(self, start_d=self.start_d + days, exchange_d=self.exchange_d + days)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Regimen):
            return NotImplemented
        return all(np.array_equal(mine, its) for mine, its in zip(self._arrays, other._arrays, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(tuple(array.tolist()) for array in self._arrays))

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        doses = self.start_d, self.dose_mg, self.duration_d, self.is_subcutaneous
        return *doses, self.exchange_d, self.exchange_share

    def _with_doses(self, is_kept: Bool[np.ndarray, " doses"]) -> Regimen:
        names = ("start_d", "dose_mg", "duration_d", "is_subcutaneous")
        return replace(self, **{name: getattr(self, name)[is_kept] for name in names})

    def _check_exchanges(self) -> None:
        """Refuse sessions that cannot be."""
        if self.exchange_d.shape != self.exchange_share.shape or self.exchange_d.ndim != 1:
            raise ValueError("exchange_d and exchange_share need one dimension and one length")
        for name in ("exchange_d", "exchange_share"):
            _refuse(~np.isfinite(getattr(self, name)), f"{name} is not a finite number", "session")
        _refuse(
            np.diff(self.exchange_d, prepend=-np.inf) < 0, "exchange_d is before the previous one", "session"
        )
        is_share = (self.exchange_share >= 0) & (self.exchange_share <= 1)
        _refuse(~is_share, "exchange_share lies outside 0 to 1", "session")

    def _index(self, number: int) -> int:
        """Where a dose stands that a person counts from 1."""
        if not 1 <= number <= self.number:
            raise ValueError(f"there is no dose {number} in a regimen of {self.number}")
        return number - 1


def every(
    weeks: float,
    dose_mg: float = 300.0,
    times: int = 14,
    duration_h: float | None = None,
    *,
    is_subcutaneous: bool = False,
) -> Regimen:
    """Doses at a fixed interval, the first on day 0.

    Args:
        weeks: interval in weeks, more than zero.
        dose_mg: amount of each dose, mg.
        times: number of doses.
        duration_h: length of each dose, hours; without it 1 into a vein, and all at once under the skin.
        is_subcutaneous: whether the doses are subcutaneous.

    Raises:
        ValueError: the interval is not positive, or the doses do not make a regimen.
    """
    if not weeks > 0:
        raise ValueError("weeks must be more than zero")
    if duration_h is None:
        duration_h = 0.0 if is_subcutaneous else USUAL_DURATION_H
    return Regimen(
        start_d=np.arange(times) * (7.0 * weeks),
        dose_mg=np.full(times, float(dose_mg)),
        duration_d=np.full(times, duration_h / 24.0),
        is_subcutaneous=np.full(times, is_subcutaneous),
    )


def counted_from_one(fault: ValueError) -> str:
    """What is wrong with a regimen, for people: the index of an array becomes the number of the dose."""
    return re.sub(r"^(dose|session) (\d+):", lambda found: f"{found[1]} {int(found[2]) + 1}:", str(fault))


def _frozen(values: object, dtype: type[np.generic]) -> np.ndarray:
    """A read-only copy, so that a regimen cannot change under the solver."""
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def _refuse(is_wrong: Bool[np.ndarray, " doses"], reason: str, what: str = "dose") -> None:
    """Stop at the first dose or session for which something is wrong."""
    wrong = np.flatnonzero(is_wrong)
    if wrong.size:
        raise ValueError(f"{what} {int(wrong[0])}: {reason}")
