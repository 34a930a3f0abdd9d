"""A laboratory and its scale: what it would report for a concentration.

Published troughs on 4-weekly dosing differ between laboratories by more than their patients explain
(23-29 against 33-38 mg/L), so an observed level is y = scale x C x (1 + error). The scale is 1 until
a laboratory is known better; the ratio of an observed to a predicted level is safer than either. A scale
that is not known can be estimated with the patient's parameters, from a stated log-normal prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.sources import Mark, Source

if TYPE_CHECKING:
    import numpy.typing as npt
    from jaxtyping import Float

_NOT_KNOWN = Source("wearoff", where="the scale of this laboratory is not known")


@dataclass(frozen=True, slots=True)
class Laboratory:
    """One laboratory's scale for the natalizumab concentration.

    Attributes:
        name: the laboratory, as the records name it.
        scale: what it reports for 1 mg/L; 1 unless something better is known. Where the scale is to be
            estimated, the median of its prior.
        mark: how well the scale is known.
        source: where the scale, or its prior, comes from.
        prior_cv: coefficient of variation of the log-normal prior of a scale that is to be estimated; None for
            a scale that is taken as it is.

    Raises:
        ValueError: the name is empty, or the scale or the CV is not finite and positive.

    Example:
        >>> Laboratory("Bergen").observed([10.0, 20.0]).tolist()
        [10.0, 20.0]
    """

    name: str
    scale: float = 1.0
    mark: Mark = Mark.ASSUMED
    source: Source = _NOT_KNOWN
    prior_cv: float | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a laboratory needs a name")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"the scale of laboratory {self.name} must be finite and positive")
        if self.prior_cv is not None and not (np.isfinite(self.prior_cv) and self.prior_cv > 0):
            raise ValueError(f"the prior CV of laboratory {self.name} must be finite and positive")

    @property
    def is_estimated(self) -> bool:
        """Whether the scale is to be estimated from the levels."""
        return self.prior_cv is not None

    @property
    def prior_log_sd(self) -> float:
        """SD of the logarithm of the scale under its prior; 0 where the scale is known."""
        return 0.0 if self.prior_cv is None else float(np.sqrt(np.log1p(self.prior_cv**2)))

    @property
    def provenance(self) -> dict[str, str]:
        """The laboratory, its scale and how well that is known."""
        prior = {} if self.prior_cv is None else {"laboratory_scale_prior_cv": f"{self.prior_cv:g}"}
        return {
            "laboratory": self.name,
            "laboratory_scale": f"{self.scale:g}",
            "laboratory_scale_mark": self.mark,
            **prior,
        }

    def observed(self, concentration: npt.ArrayLike) -> Float[np.ndarray, "..."]:
        """What the laboratory would report, without its measurement error, mg/L.

        Args:
            concentration: mg/L, any shape, not negative; NaN stays NaN.

        Raises:
            ValueError: a concentration is negative.
        """
        return self.scale * _levels(concentration)

    def ratio(self, observed: npt.ArrayLike, predicted: npt.ArrayLike) -> Float[np.ndarray, "..."]:
        """Reported over expected level: 1 where the prediction agrees with what was measured.

        Args:
            observed: what the laboratory reported, mg/L, not negative.
            predicted: predicted concentration, mg/L, same shape or one that broadcasts.

        Returns:
            The ratio; NaN where a level is missing or none was expected.

        Raises:
            ValueError: a level is negative.
        """
        reported, expected = np.broadcast_arrays(_levels(observed), self.observed(predicted))
        ratio = np.full(expected.shape, np.nan)
        np.divide(reported, expected, out=ratio, where=expected > 0)
        return ratio


def _levels(values: npt.ArrayLike) -> Float[np.ndarray, "..."]:
    levels = np.asarray(values, dtype=np.float64)
    if (levels < 0).any():
        raise ValueError("a concentration cannot be negative")
    return levels
