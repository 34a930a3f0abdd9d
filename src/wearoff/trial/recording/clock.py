"""Names and calendar days of virtual patients: where a day since entry becomes a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from jaxtyping import Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.truth import People

__all__ = ["FIRST_ENTRY", "Clock", "frozen_on", "patient_names"]

FIRST_ENTRY: Final = date(2020, 1, 6)
"""The first day on which anybody enters, a Monday."""
_EPOCH = date(1970, 1, 1)
_MINUTE_US, _DAY_US = 60_000_000, 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """The calendar of each patient.

    Attributes:
        patient_id: the names, one for each patient.
        entry: calendar day of entry, days since 1970, shape [patients].
    """

    patient_id: pl.Series
    entry: Int[np.ndarray, " patients"]

    @staticmethod
    def of(people: People) -> Clock:
        """The calendar of these people."""
        first = (FIRST_ENTRY - _EPOCH).days
        return Clock(patient_names(people), first + np.rint(people.entry_d).astype(np.int64))

    def who(self, patient: Int[np.ndarray, " rows"]) -> pl.Series:
        """The name of each patient."""
        return self.patient_id.gather(patient)

    def date(self, patient: Int[np.ndarray, " rows"], day: Int[np.ndarray, " rows"]) -> pl.Series:
        """The date of a whole day since entry of each patient."""
        return pl.Series((self.entry[patient] + day).astype(np.int32)).cast(pl.Date)

    def time(
        self, patient: Int[np.ndarray, " rows"], day: Int[np.ndarray, " rows"], minute: int
    ) -> pl.Series:
        """A minute of a whole day since entry of each patient, in UTC."""
        micros = (self.entry[patient] + day) * _DAY_US + minute * _MINUTE_US
        return pl.Series(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def patient_names(people: People) -> pl.Series:
    """`r000007-0012` for the twelfth patient of the seventh replicate, which sort as the patients stand."""
    pairs = zip(people.replicate.tolist(), people.number.tolist(), strict=True)
    names = [f"r{replicate + 1:06d}-{number + 1:04d}" for replicate, number in pairs]
    return pl.Series("patient_id", names, pl.String)


def frozen_on(protocol: Protocol) -> date:
    """The day on which the records are frozen: when the last patient who can enter has been followed to the end."""
    schedule = protocol.schedule
    return FIRST_ENTRY + timedelta(weeks=schedule.accrual_weeks + schedule.followup_weeks)
