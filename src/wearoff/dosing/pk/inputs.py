"""What enters and leaves one patient from outside, as the solver takes it.

A regimen says what a patient is given; a model adds the delay of uptake. Here both have become inputs: so much,
from then on, for so long, into this compartment. Inputs may overlap and stand in any order; moments at
which something is removed stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.dosing.regimen import Regimen

RESET = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Everything that happens to one patient's drug from outside, on the solver's own clock.

    Attributes:
        start_d: when each input begins, days.
        amount_mg: how much it is, mg, before the bioavailability of the model where it goes into the depot.
        duration_d: how long it takes, days; 0 is all at once.
        is_depot: whether it goes into the depot, else into the central compartment.
        moment_d: moments at which amounts are scaled, days; an input of that moment comes after.
        kept: share of depot, central and peripheral amount that is left after each.
        change_d: the day from which each segment of the parameters holds, not decreasing; the first holds before
            it too.
    """

    start_d: Float[np.ndarray, " inputs"]
    amount_mg: Float[np.ndarray, " inputs"]
    duration_d: Float[np.ndarray, " inputs"]
    is_depot: Bool[np.ndarray, " inputs"]
    moment_d: Float[np.ndarray, " moments"]
    kept: Float[np.ndarray, "moments 3"]
    change_d: Float[np.ndarray, " segments"]

    @property
    def end_d(self) -> Float[np.ndarray, " inputs"]:
        """When each input ends."""
        return np.asarray(self.start_d + self.duration_d)

    @property
    def is_sudden(self) -> Bool[np.ndarray, " inputs"]:
        """Whether it comes all at once, or in less time than its day can be told apart."""
        return np.asarray(self.end_d == self.start_d)

    @property
    def first_d(self) -> float:
        """The first day on which anything happens; infinite where nothing does."""
        return float(min(self.start_d.min(initial=np.inf), self.moment_d.min(initial=np.inf)))


def inputs_of(
    regimen: Regimen, lag_d: float, change_d: Float[np.ndarray, " segments"] | None = None
) -> Inputs:
    """The inputs of a regimen.

    Args:
        regimen: the doses and the plasma exchanges, which leave what is outside the blood.
        lag_d: delay of subcutaneous uptake, days.
        change_d: the days from which the segments of the parameters hold; without it those of the doses.
    """
    left = 1.0 - regimen.exchange_share
    return Inputs(
        start_d=regimen.start_d + np.where(regimen.is_subcutaneous, lag_d, 0.0),
        amount_mg=regimen.dose_mg,
        duration_d=regimen.duration_d,
        is_depot=regimen.is_subcutaneous,
        moment_d=regimen.exchange_d,
        kept=np.stack([np.ones_like(left), left, np.ones_like(left)], axis=1),
        change_d=regimen.start_d if change_d is None else change_d,
    )
