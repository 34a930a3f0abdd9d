"""The levels of many patients a week at a time, each with infusions on days of his own.

What is decided in one week changes what is given in the next, so that a virtual trial cannot hand over its regimens
beforehand. Every week has eight gaps: seven days, one of which an infusion cuts in two. The shapes never change, so
that the code is compiled once, and a patient's numbers do not hang on who else is in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.adaptive import sweep
from wearoff.dosing.pk.grid import EVENTS
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Int8

__all__ = ["DOSE_MG", "DURATION_D", "WEEK_GAPS", "WeekLevels", "WeeklyLevels"]

DOSE_MG = 300.0
DURATION_D = 1.0 / 24.0
WEEK_GAPS = 8
_LANES = 512
_TOLERANCE = 0.5  # error of one step over the accuracy asked for
_KEPT = slice(EVENTS.index("kept_depot"), None)


@dataclass(frozen=True, slots=True, eq=False)
class WeekLevels:
    """One week of some patients.

    Attributes:
        length_d: length of each gap, days; the last is 0 in a week without infusion.
        level: at the start and at the end of each gap, mg/L. The level at the start of day j is row j up to the day of
            the infusion, where it is the trough, and row j + 1 after it; the row after the trough is the end of the
            infusion.
    """

    length_d: Float[np.ndarray, "gaps patients"]
    level: Float[np.ndarray, "gaps+1 patients"]


class WeeklyLevels:
    """Patients with their drug, to be advanced a week at a time.

    Args:
        parameters: one draw and one segment for each patient.
        accuracy: largest relative error of a level above 0.001 mg/L, between 1e-10 and 1e-2.

    Raises:
        ValueError: a patient has several draws or segments, or the accuracy is out of reach.
    """

    def __init__(self, parameters: Parameters, *, accuracy: float = 1e-4) -> None:
        if parameters.shape[1:] != (1, 1):
            raise ValueError("a patient in a trial has one draw and one segment")
        if not 1e-10 <= accuracy <= 1e-2:
            raise ValueError("accuracy must lie between 1e-10 and 1e-2")
        patients = len(parameters.patients)
        self.accuracy = accuracy
        self.status: Int8[np.ndarray, " patients"] = np.zeros(patients, dtype=np.int8)
        self._state = np.zeros((3, patients))
        self._rows = np.stack(
            [np.broadcast_to(getattr(parameters, name)[:, 0, 0], (patients,)) for name in PARAMETER_NAMES]
        )
        self._volume = self._rows[PARAMETER_NAMES.index("central_volume")]

    @property
    def level(self) -> Float[np.ndarray, " patients"]:
        """The level of everyone where he stands, mg/L."""
        return np.asarray(self._state[1] / self._volume)

    def advance(
        self,
        where: Int[np.ndarray, " some"],
        infused: Int[np.ndarray, " some"],
        next_d: Float[np.ndarray, " some"],
    ) -> WeekLevels:
        """The next seven days of some patients; all others stay where they are.

        Args:
            where: their indices.
            infused: day of the week, 0 to 6, on which each is infused; -1 for none.
            next_d: days from the start of the week to the first infusion after it, where the level is lowest.
        """
        length = np.ones((WEEK_GAPS, where.size))
        rate = np.zeros((WEEK_GAPS, where.size))
        length[-1] = 0.0
        given = np.flatnonzero(infused >= 0)
        gap = infused[given]
        length[-1, given] = 1.0
        length[gap, given], length[gap + 1, given] = DURATION_D, 1.0 - DURATION_D
        rate[gap, given] = DOSE_MG / DURATION_D
        level = np.empty((WEEK_GAPS + 1, where.size))
        level[0] = self.level[where]
        ahead = np.maximum(next_d - np.cumsum(length, axis=0) + length, 1.0)
        for start in range(0, where.size, _LANES):
            here = slice(start, start + _LANES)
            level[1:, here] = self._solved(where[here], length[:, here], rate[:, here], ahead[:, here])
        return WeekLevels(length, level)

    def _solved(
        self, where: np.ndarray, length: np.ndarray, rate: np.ndarray, ahead: np.ndarray
    ) -> Float[np.ndarray, "gaps some"]:
        """One block of patients, filled up with copies of the last one."""
        number = where.size
        wide = ((0, 0), (0, _LANES - number))
        lanes = np.pad(where, wide[1], mode="edge")
        events = np.zeros((WEEK_GAPS, len(EVENTS), _LANES))
        events[:, 0] = np.pad(length, wide, mode="edge")
        events[:, 1] = np.pad(rate, wide, mode="edge")
        events[:, _KEPT] = 1.0
        block = {
            "parameters": self._rows[None, :, lanes],
            "state": self._state[:, lanes],
            "events": events,
            "segment": np.zeros(WEEK_GAPS, dtype=np.int32),
            "ahead": np.pad(ahead, wide, mode="edge"),
            "tolerance": np.float64(_TOLERANCE * self.accuracy),
        }
        order = 16 if self.accuracy < 1e-6 else 8
        found = sweep(block, order=order, has_depot=False, with_peripheral=True)
        for row, name in enumerate(("depot", "central", "peripheral")):
            self._state[row, where] = np.asarray(found[name])[-1, :number]
        status = np.asarray(found["status"])[:number]
        self.status[where] = np.where(self.status[where] == 0, status, self.status[where])
        return np.asarray(found["level"])[:, :number]
