"""What the engine takes and gives: visits with an EDSS, and the changes found in them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int

from wearoff.cohort.neda.dated import Dated

CONFIRMED, UNCONFIRMED, IMPUTED = 0, 1, 2
STATUS = ("confirmed", "unconfirmed", "imputed")


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits with an EDSS.

    Attributes:
        rows: patient and day of each; one visit a day.
        edss: EDSS at each, without gaps, shape [rows].
        is_scheduled: False where the visit is known to have been unscheduled or for a relapse, shape [rows].
    """

    rows: Dated
    edss: Float[np.ndarray, "rows"]
    is_scheduled: Bool[np.ndarray, "rows"]


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of the EDSS, one a row, sorted by patient and onset. Days that do not exist are `NO_DAY`.

    Attributes:
        patient: number of the patient.
        direction: 1 for worsening, -1 for improvement.
        status: `CONFIRMED`, `UNCONFIRMED` or `IMPUTED`; refuted ones are none and not listed.
        onset_day, onset_edss: the first visit that holds the change.
        baseline_day, baseline_edss: what it is measured from.
        previous_day: the visit before the onset.
        confirmed_day: the first confirming visit.
        confirmed_days: the confirming visit of each period of the rule, shape [changes, periods].
        held_to_day: the last visit up to which every visit holds the change.
        is_held_to_end: whether that is the patient's last visit.
        onset_row: row of the onset among the visits.
    """

    patient: Int[np.ndarray, "changes"]
    direction: Int[np.ndarray, "changes"]
    status: Int[np.ndarray, "changes"]
    onset_day: Int[np.ndarray, "changes"]
    onset_edss: Float[np.ndarray, "changes"]
    baseline_day: Int[np.ndarray, "changes"]
    baseline_edss: Float[np.ndarray, "changes"]
    previous_day: Int[np.ndarray, "changes"]
    confirmed_day: Int[np.ndarray, "changes"]
    confirmed_days: Int[np.ndarray, "changes periods"]
    held_to_day: Int[np.ndarray, "changes"]
    is_held_to_end: Bool[np.ndarray, "changes"]
    onset_row: Int[np.ndarray, "changes"]

    def __len__(self) -> int:
        return len(self.patient)

    def take(self, chosen: np.ndarray) -> Changes:
        """Some of the changes, by mask or by position."""
        return Changes(*(getattr(self, field.name)[chosen] for field in fields(self)))


def no_changes(periods: int) -> Changes:
    """Changes of nobody, with a column for each confirmation period."""
    whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Changes(
        patient=whole,
        direction=whole,
        status=whole,
        onset_day=whole,
        onset_edss=real,
        baseline_day=whole,
        baseline_edss=real,
        previous_day=whole,
        confirmed_day=whole,
        confirmed_days=np.zeros((0, periods), dtype=np.int64),
        held_to_day=whole,
        is_held_to_end=np.zeros(0, dtype=bool),
        onset_row=whole,
    )
