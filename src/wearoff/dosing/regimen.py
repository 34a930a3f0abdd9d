"""A regimen: what was given when, for one patient, as arrays on the patient's own time axis.

Times are days since the first recorded infusion. A regimen is checked when it is made, so that
nothing below has to ask whether a dose is negative or two infusions run at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

_OVERLAP_D = 1e-9


@dataclass(frozen=True, slots=True)
class Regimen:
    """The doses of one patient in order of time.

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
