"""What one component is in one window, for every patient: active, none or unknown, with its reason.

Reasons are decided as cases with their numbers and become sentences only when somebody reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int, Shaped

from wearoff.cohort.neda.dated import NO_DAY

UNKNOWN, NONE, ACTIVE = 0, 1, 2
STATES = ("unknown", "none", "active")
_OPEN = -1
_Values = Int[np.ndarray, "patients"] | Float[np.ndarray, "patients"] | Shaped[np.ndarray, "patients"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some patients are in their state: a sentence with a place for each number."""

    patient: Int[np.ndarray, "some"]
    sentence: str
    values: tuple[np.ndarray, ...]

    def texts(self) -> pl.Series:
        """The sentence of each patient."""
        columns = {f"v{k}": values for k, values in enumerate(self.values)}
        if not columns:
            return pl.repeat(self.sentence, len(self.patient), dtype=pl.String, eager=True)
        numbers = [pl.col(name).cast(pl.String).str.strip_suffix(".0") for name in columns]
        return pl.DataFrame(columns).select(text=pl.format(self.sentence, *numbers))["text"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One component in one window.

    Attributes:
        state: `UNKNOWN`, `NONE` or `ACTIVE`, shape [patients].
        day: day of the first activity, `NO_DAY` without, shape [patients].
        reasons: together one for every patient.
    """

    state: Int[np.ndarray, "patients"]
    day: Int[np.ndarray, "patients"]
    reasons: tuple[Reason, ...]

    def texts(self) -> pl.Series:
        """The reason of every patient, in words."""
        order = np.argsort(np.concatenate([reason.patient for reason in self.reasons]), kind="stable")
        return pl.concat([reason.texts() for reason in self.reasons]).gather(order)


@dataclass(slots=True)
class Decision:
    """A verdict in the making: the first case that fits a patient decides."""

    patients: int
    state: np.ndarray = field(init=False)
    day: np.ndarray = field(init=False)
    reasons: list[Reason] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.state = np.full(self.patients, _OPEN, dtype=np.int8)
        self.day = np.full(self.patients, NO_DAY)

    def give(
        self,
        fits: Bool[np.ndarray, "patients"] | bool,
        state: int,
        sentence: str,
        *values: _Values,
        day: Int[np.ndarray, "patients"] | None = None,
    ) -> None:
        """Decide everybody who is still open and whom the case fits.

        Args:
            fits: whom the case fits.
            state: what they are.
            sentence: why, with `{}` for each value.
            values: the numbers of the sentence, shape [patients] each.
            day: day of the activity.
        """
        who = np.flatnonzero((self.state == _OPEN) & fits)
        if not len(who):
            return
        self.state[who] = state
        if day is not None:
            self.day[who] = day[who]
        self.reasons.append(Reason(who, sentence, tuple(value[who] for value in values)))

    def verdict(self) -> Verdict:
        """The finished verdict."""
        assert not np.any(self.state == _OPEN)  # noqa: S101 - the last case of every component fits everybody
        return Verdict(self.state, self.day, tuple(self.reasons))
