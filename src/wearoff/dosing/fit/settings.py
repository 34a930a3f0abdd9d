"""How a fit is made beyond model and levels: laboratories, occasions, and whether occupancies enter it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.occupancy import SaturationCurve

__all__ = ["FitSettings", "Occasions", "OccupancyUse"]

_MAY_CHANGE = ("clearance", "central_volume", "maximal_rate")


@dataclass(frozen=True, slots=True)
class Occasions:
    """How one parameter of one patient changes from one dosing interval to the next.

    Every interval has a log-normal factor of its own around the patient's parameter. No model in the library
    states such a spread, so it is what its user assumes.

    Attributes:
        cv: coefficient of variation of the factor.
        parameter: the parameter that it multiplies.

    Raises:
        ValueError: the CV is not finite and positive, or the parameter does not change so.
    """

    cv: float
    parameter: str = "clearance"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.cv) and self.cv > 0):
            raise ValueError("the CV between occasions must be finite and positive")
        if self.parameter not in _MAY_CHANGE:
            raise ValueError(f"between occasions one of {', '.join(_MAY_CHANGE)} changes")

    @property
    def log_sd(self) -> float:
        """SD of the logarithm of the factor."""
        return float(np.sqrt(np.log1p(self.cv**2)))


@dataclass(frozen=True, slots=True)
class OccupancyUse:
    """How measured occupancies enter a fit: under one curve, from one assay on one kind of leukocyte.

    Off unless asked for: no curve is established, and assays differ. Occupancies of other assays and subsets stay
    out, so that they are never pooled.

    Attributes:
        curve: the curve that the assay is taken to follow.
        assay: the assay.
        subset: the leukocytes.
        sd: SD of a measured occupancy around the curve, a fraction.

    Raises:
        ValueError: the SD is not a fraction above 0.
    """

    curve: SaturationCurve
    assay: str
    subset: str
    sd: float

    def __post_init__(self) -> None:
        if not 0 < self.sd <= 1:
            raise ValueError("the SD of an occupancy is a fraction above 0")

    def derivatives(
        self, concentration: Float[np.ndarray, "..."]
    ) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
        """The saturation at a concentration (mg/L), and its first and second derivative by it."""
        rise, half, h = self.curve.emax.value, self.curve.ec50.value, self.curve.hill.value
        C = np.maximum(concentration, 1e-9)
        u = (C / half) ** h
        slope = rise * h * u / (C * (1 + u) ** 2)
        bend = rise * h * u / (C**2 * (1 + u) ** 3) * ((h - 1) - (h + 1) * u)
        return self.curve.saturation(C), slope, bend


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a fit is made.

    Attributes:
        scales: name and CV of the prior of each laboratory whose scale is estimated, log-normal around 1; every
            patient has an estimate of his own.
        occasions: how a parameter changes between dosing intervals; None for not at all.
        occupancy: how occupancies enter; None for not at all.
    """

    scales: tuple[tuple[str, float], ...] = ()
    occasions: Occasions | None = None
    occupancy: OccupancyUse | None = None
