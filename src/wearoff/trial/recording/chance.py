"""Random numbers of recording: one for each patient and purpose, whatever else is recorded of whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wearoff.dosing.pk.virtual import patient_normals, patient_uniforms

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float

    from wearoff.trial.truth import Truth

__all__ = ["Chance"]


@dataclass(frozen=True, slots=True)
class Chance:
    """The numbers of some patients who stand behind one another.

    Attributes:
        seed: the seed of every draw.
        first: index of the first patient among those of all replicates.
        count: number of patients.
    """

    seed: int
    first: int
    count: int

    @staticmethod
    def of(truth: Truth, size: int) -> Chance:
        """The numbers of the patients of a truth, of which each replicate has `size`.

        Raises:
            ValueError: the truth has another number of patients, so that it is not of this protocol.
        """
        if truth.patients != truth.replicates * size:
            raise ValueError(
                f"the truth has {truth.patients} patients in {truth.replicates} replicates, the protocol {size} in each"
            )
        return Chance(truth.seed, truth.first * size, truth.patients)

    def normal(self, purpose: str) -> Float[np.ndarray, " patients"]:
        """A standard normal number for each patient."""
        return patient_normals(self.seed, f"recording:{purpose}", self.first, self.count)

    def uniform(self, purpose: str) -> Float[np.ndarray, " patients"]:
        """A number between 0 and 1 for each patient."""
        return patient_uniforms(self.seed, f"recording:{purpose}", self.first, self.count)

    def happens(self, share: float, purpose: str) -> Bool[np.ndarray, " patients"]:
        """Whether that happens to each patient which happens to so many of them.

        Whoever it happens to under a small share, it happens to under any larger one.
        """
        return self.uniform(purpose) < share
