"""The individual parameters of a batch of patients: what a model gives and the solver takes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

_MAY_BE_ZERO = ("clearance", "intercompartmental_clearance", "maximal_rate")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The individual parameters of a batch of patients, ready for the solver.

    Every array has the axes patients, draws, segments; each axis has its full length or 1. Segment
    k holds from the k-th dose until the next one (the first also before it, the last for ever
    after), so that a parameter may follow the weight from infusion to infusion; or from the k-th day of
    `change_d`, where that is given.

    Attributes:
        patients: identifier of each patient.
        clearance: linear clearance CL, L/day; zero turns the linear elimination off.
        central_volume: Vc, L.
        peripheral_volume: Vp, L.
        intercompartmental_clearance: Q, L/day; zero leaves one compartment.
        maximal_rate: Vmax, mg/day; zero turns the saturable elimination off.
        michaelis_constant: Km, mg/L.
        absorption_rate: ka of the subcutaneous depot, 1/day.
        bioavailability: share of a subcutaneous dose that reaches the blood, 0..1.
        lag_d: delay before subcutaneous uptake begins, days, one for all.
        change_d: for each patient the days from which the segments hold, increasing; None for the days of the
            doses.

    Raises:
        ValueError: an array has the wrong axes, a value that is not finite and positive, or days that do not
            fit the patients and segments.
    """

    patients: tuple[str, ...]
    clearance: Float[np.ndarray, "#patients #draws #segments"]
    central_volume: Float[np.ndarray, "#patients #draws #segments"]
    peripheral_volume: Float[np.ndarray, "#patients #draws #segments"]
    intercompartmental_clearance: Float[np.ndarray, "#patients #draws #segments"]
    maximal_rate: Float[np.ndarray, "#patients #draws #segments"]
    michaelis_constant: Float[np.ndarray, "#patients #draws #segments"]
    absorption_rate: Float[np.ndarray, "#patients #draws #segments"]
    bioavailability: Float[np.ndarray, "#patients #draws #segments"]
    lag_d: float
    change_d: tuple[Float[np.ndarray, " segments"], ...] | None = None

    def __post_init__(self) -> None:
        for name in PARAMETER_NAMES:
            array = np.asarray(getattr(self, name), dtype=np.float64)
            if array.ndim != 3 or array.shape[0] not in (1, len(self.patients)):
                raise ValueError(f"{name} needs the axes patients, draws, segments")
            smallest_allowed = 0.0 if name in _MAY_BE_ZERO else np.nextafter(0, 1)
            if not (np.isfinite(array).all() and (array >= smallest_allowed).all()):
                raise ValueError(f"{name} must be finite and positive")
            object.__setattr__(self, name, array)
        if not 0 <= self.lag_d < np.inf:
            raise ValueError("lag_d must be finite and not negative")
        self.shape  # noqa: B018 - raises when the axes do not fit together
        if self.change_d is None:
            return
        if len(self.change_d) != len(self.patients) or not all(days.size for days in self.change_d):
            raise ValueError("change_d needs at least one day for each patient")
        if not all(np.isfinite(days).all() and (np.diff(days) > 0).all() for days in self.change_d):
            raise ValueError("the days of change_d must be finite and increase")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The number of patients, draws and segments."""
        shapes = [getattr(self, name).shape for name in PARAMETER_NAMES]
        whole = np.broadcast_shapes((len(self.patients), 1, 1), *shapes)
        return whole[0], whole[1], whole[2]

    def joined(self, other: Self) -> Parameters:
        """The draws of both, those of `other` after one's own, for the same patients."""
        if other.patients != self.patients or other.lag_d != self.lag_d:
            raise ValueError("only parameters of the same patients and model can be joined")
        if not _is_same(self.change_d, other.change_d):
            raise ValueError("only parameters that change on the same days can be joined")
        segments = max(self.shape[2], other.shape[2])

        def join(name: str) -> Float[np.ndarray, "patients draws segments"]:
            whole = [
                np.broadcast_to(getattr(part, name), (*part.shape[:2], segments)) for part in (self, other)
            ]
            return np.concatenate(whole, axis=1)

        arrays = {name: join(name) for name in PARAMETER_NAMES}
        return Parameters(patients=self.patients, lag_d=self.lag_d, change_d=self.change_d, **arrays)

    def change_of(self, patient: int) -> Float[np.ndarray, " segments"] | None:
        """The days from which the segments of one patient hold; None for those of his doses."""
        return None if self.change_d is None else self.change_d[patient]


def _is_same(mine: tuple[np.ndarray, ...] | None, its: tuple[np.ndarray, ...] | None) -> bool:
    if mine is None or its is None:
        return mine is its
    return all(np.array_equal(a, b) for a, b in zip(mine, its, strict=True))


_OTHERS = ("patients", "lag_d", "change_d")
PARAMETER_NAMES = tuple(field.name for field in fields(Parameters) if field.name not in _OTHERS)
