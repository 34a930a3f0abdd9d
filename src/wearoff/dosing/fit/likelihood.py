"""How likely a measured level is under a predicted one: residual error, and levels below quantification.

A measured level y has the prediction f = scale C and a normal error of SD sqrt((p f)^2 + a^2). A level that was only
reported as below the limit q has the likelihood Phi((q - f) / SD) (Beal's method M3, doi 10.1023/a:1012299115260).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

_FLOOR = 1e-9  # mg/L; without an additive error the SD of no drug would be nothing
_LOG_2_PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True)
class ResidualError:
    """The residual error of a model.

    Attributes:
        proportional: SD as a share of the prediction.
        additive: SD that is always there, mg/L.

    Raises:
        ValueError: an SD is negative, or both are zero.
    """

    proportional: float
    additive: float = 0.0

    def __post_init__(self) -> None:
        if not (self.proportional >= 0 and self.additive >= 0 and self.proportional + self.additive > 0):
            raise ValueError("a residual error has SDs that are not negative and not both zero")

    def sd(self, predicted: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """The SD of a measurement at each prediction, mg/L."""
        return np.asarray(np.sqrt((self.proportional * (predicted + _FLOOR)) ** 2 + self.additive**2))

    def sd_slope(self, predicted: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """The derivative of the SD by the prediction."""
        return np.asarray(self.proportional**2 * (predicted + _FLOOR) / self.sd(predicted))

    def sd_bend(self, predicted: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """The second derivative of the SD by the prediction, per mg/L."""
        return np.asarray(self.proportional**2 * self.additive**2 / self.sd(predicted) ** 3)


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """Minus log-likelihood of each measurement with what a Newton step needs.

    Attributes:
        value: minus log-likelihood.
        slope: its derivative by the prediction, per mg/L.
        bend: its second derivative.
        curvature: a positive approximation of the second derivative: the expected information of a
            quantified level, and the curvature without the change of the SD of one below quantification.
    """

    value: Float[np.ndarray, "..."]
    slope: Float[np.ndarray, "..."]
    bend: Float[np.ndarray, "..."]
    curvature: Float[np.ndarray, "..."]


def loss_of(
    predicted: Float[np.ndarray, "..."],
    measured: Float[np.ndarray, "..."],
    is_below: Bool[np.ndarray, "..."],
    error: ResidualError,
) -> Loss:
    """Minus log-likelihood of measurements under predictions; shapes broadcast.

    Args:
        predicted: predicted measurement, mg/L.
        measured: what was measured, mg/L, or the limit of quantification where it was below; NaN counts nothing.
        is_below: whether it was only reported as below.
        error: the residual error.
    """
    sd, change = error.sd(predicted), error.sd_slope(predicted)
    distance = (measured - predicted) / sd
    moved = -(1 + distance * change) / sd  # derivative of the distance by the prediction
    bent = -(moved * change + distance * error.sd_bend(predicted) + moved * change) / sd
    # a quantified level
    value = 0.5 * distance**2 + np.log(sd) + 0.5 * _LOG_2_PI
    slope = (-distance + (1 - distance**2) * change) / sd
    turn = error.sd_bend(predicted) / sd - (change / sd) ** 2  # second derivative of log SD
    bend = moved**2 + distance * bent + turn
    curvature = (1 + 2 * change**2) / sd**2
    if np.any(is_below):  # a level below the limit
        from scipy.special import log_ndtr

        log_below = log_ndtr(distance)
        ratio = np.exp(-0.5 * distance**2 - 0.5 * _LOG_2_PI - log_below)  # density over probability
        value = np.where(is_below, -log_below, value)
        slope = np.where(is_below, -ratio * moved, slope)
        sure = np.maximum(ratio * (ratio + distance), 0.0) * moved**2
        bend = np.where(is_below, sure - ratio * bent, bend)
        curvature = np.where(is_below, sure, curvature)
    is_known = np.isfinite(measured) & np.isfinite(predicted)
    return Loss(*(np.where(is_known, array, 0.0) for array in (value, slope, bend, curvature)))
