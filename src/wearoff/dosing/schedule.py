"""A schedule: doses as an event table of NONMEM means them, with repetition, steady state and resets.

A regimen is what was given, dose by dose; a schedule may also say "as if given for ever before". Its times are
those of the table. What is special, in the words of the table:

* ADDL and II repeat a dose. The repetitions keep its amount, duration and lag.
* SS=1 resets everything and puts in its place the state after endless repetition at II; what was scheduled
  before, and is still running or pending, ends there. SS=2 adds that state to what is there. With a lag the
  state is that at the time of the record, before the lagged dose arrives.
* AMT=0 with SS=1 and a rate is an endless infusion that ends at the time of the record.
* EVID=3 resets: all amounts become zero, and what was scheduled before ends. EVID=4 resets, then doses.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wearoff.dosing.regimen import Regimen


@dataclass(frozen=True, slots=True)
class ScheduledDose:
    """One record that doses, resets, or both.

    Attributes:
        time_d: time of the record, days.
        amount_mg: amount that becomes available, mg; 0 for a reset alone and for an endless infusion. Into
            the depot the bioavailability of the model still applies.
        duration_d: length of the infusion, days; 0 is all at once.
        is_depot: whether it goes into the depot, else into the central compartment.
        lag_d: delay between record and dose, days, besides the model's own.
        every_d: time between repetitions, days; 0 without any.
        further: number of repetitions after the first dose.
        steady: 0 for a dose as it is, 1 for a steady state in place of what was, 2 for one on top of it.
        rate_mg_per_d: rate of an endless infusion, else 0.
        is_reset: whether everything is set to zero before.

    Raises:
        ValueError: a number is negative or not finite, a repetition has no interval, or a steady state has
            neither an interval nor an endless infusion.
    """

    time_d: float
    amount_mg: float
    duration_d: float = 0.0
    is_depot: bool = False
    lag_d: float = 0.0
    every_d: float = 0.0
    further: int = 0
    steady: Literal[0, 1, 2] = 0
    rate_mg_per_d: float = 0.0
    is_reset: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.time_d):
            raise ValueError("time_d must be a finite number of days")
        for name in ("amount_mg", "duration_d", "lag_d", "every_d", "further", "rate_mg_per_d"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be finite and not negative")
        if self.further and not self.every_d:
            raise ValueError("a repeated dose needs the time between repetitions (II)")
        if self.steady and not (self.every_d or self.rate_mg_per_d):
            raise ValueError("a steady state needs the time between doses (II), or an endless infusion")

    @property
    def is_nothing(self) -> bool:
        """Whether it gives no dose: a reset alone, or an endless infusion that ends here."""
        return self.rate_mg_per_d > 0 or (self.is_reset and self.amount_mg == 0)

    @property
    def resets(self) -> bool:
        """Whether everything before it ends here."""
        return self.is_reset or self.steady == 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """The records of one patient in the order of the table.

    Attributes:
        doses: the records, times not decreasing; at one time the order counts.

    Raises:
        ValueError: time goes backwards.
    """

    doses: tuple[ScheduledDose, ...]

    def __post_init__(self) -> None:
        times = [dose.time_d for dose in self.doses]
        if times != sorted(times):
            raise ValueError("time goes backwards in the schedule")

    @property
    def dose_days(self) -> list[float]:
        """The days of all doses that the records name, the repeated ones included, in order."""
        return sorted(dose.time_d + count * dose.every_d for dose, count in self._given())

    @property
    def is_plain(self) -> bool:
        """Whether every record is a dose that was given, so that a regimen says the same."""
        return not any(dose.steady or dose.is_reset for dose in self.doses)

    def regimen(self) -> Regimen:
        """The doses that the records name, without what a steady state implies and without resets.

        Raises:
            ValueError: infusions overlap, which a regimen does not take.
        """
        given = sorted(self._given(), key=lambda one: one[0].time_d + one[0].lag_d + one[1] * one[0].every_d)
        return Regimen(
            start_d=np.array([dose.time_d + dose.lag_d + count * dose.every_d for dose, count in given]),
            dose_mg=np.array([dose.amount_mg for dose, _ in given]),
            duration_d=np.array([dose.duration_d for dose, _ in given]),
            is_subcutaneous=np.array([dose.is_depot for dose, _ in given], dtype=bool),
        )

    def _given(self) -> Iterator[tuple[ScheduledDose, int]]:
        """Each dose with its number of repetitions before, cut off where a later record resets."""
        for index, dose in enumerate(self.doses):
            if dose.is_nothing:
                continue
            end = min((later.time_d for later in self.doses[index + 1 :] if later.resets), default=math.inf)
            for count in range(dose.further + 1):
                if count == 0 or dose.time_d + dose.lag_d + count * dose.every_d < end:
                    yield dose, count
