"""Several models after the same levels, averaged by their evidence.

The evidence of a model is the density of the patient's levels under it, with everything that is not known of him
integrated out (Hoeting 1999, doi 10.1214/ss/1009212519). Models begin with equal weights. Two levels rarely tell two
models apart: then the weights stay near where they began, and both are heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from wearoff.dosing.fit.posterior import Posterior

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.fit.subject import Subject
    from wearoff.dosing.regimen import Regimen

__all__ = ["Averaged", "Draws", "average"]


class Draws(Protocol):
    """Draws of one patient that can be followed under any regimen: of one model or of several."""

    @property
    def subject(self) -> Subject:
        """Who, and what was measured."""
        ...

    @property
    def draws(self) -> int:
        """The number of draws."""
        ...

    @property
    def counting(self) -> float:
        """How many independent draws they are worth."""
        ...

    def levels(
        self, regimen: Regimen, times_d: Float[np.ndarray, " times"], *, accuracy: float = 1e-5
    ) -> Float[np.ndarray, "draws times"]:
        """The level of every draw under a regimen, mg/L."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Averaged:
    """One patient after his levels under several models.

    Attributes:
        parts: the patient under each model, all of one patient.
        weights: the probability of each model after the levels; they add up to 1.
    """

    parts: tuple[Posterior, ...]
    weights: tuple[float, ...]

    @property
    def subject(self) -> Subject:
        """Who, and what was measured."""
        return self.parts[0].subject

    @property
    def draws(self) -> int:
        """The number of draws, those of the models together."""
        return sum(self.shares)

    @property
    def counting(self) -> float:
        """How many independent draws they are worth.

        The models propose from the same random numbers of the patient, so their errors add up instead of averaging out.
        """
        parts = zip(self.weights, self.parts, strict=True)
        error = sum(weight / float(np.sqrt(min(part.counting, part.draws))) for weight, part in parts)
        return 1.0 / error**2

    @property
    def shares(self) -> tuple[int, ...]:
        """How many draws each model gives: its weight of as many as the models have each."""
        whole = max(part.draws for part in self.parts)
        wanted = whole * np.array(self.weights)
        found = np.floor(wanted).astype(int)
        rest = np.argsort(-(wanted - found), kind="stable")[: whole - int(found.sum())]
        found[rest] += 1
        return tuple(found.tolist())

    def levels(
        self, regimen: Regimen, times_d: Float[np.ndarray, " times"], *, accuracy: float = 1e-5
    ) -> Float[np.ndarray, "draws times"]:
        """The level of every draw under a regimen, those of the first model first.

        Args:
            regimen: what is given; its past is the patient's.
            times_d: days since the first dose.
            accuracy: largest relative error of a level.

        Raises:
            ComputationError: a level cannot be computed; names the patient.
        """
        found = []
        for part, share in zip(self.parts, self.shares, strict=True):
            if share:
                # evenly through the draws, which lie in the order of the proposals
                chosen = (np.arange(share) * part.draws) // share
                found.append(part.levels(regimen, times_d, accuracy=accuracy)[chosen])
        return np.concatenate(found)


def average(parts: Sequence[Posterior]) -> Averaged:
    """The models of one patient, weighted by their evidence; before the levels all weigh the same.

    Args:
        parts: the same patient with the same levels under each model.

    Raises:
        ValueError: there is no model, two are the same, or the patients are not the same.
    """
    if not parts or len({part.model for part in parts}) < len(parts):
        raise ValueError("an average needs at least one model, and each of them once")
    if len({part.subject.name for part in parts}) > 1:
        raise ValueError("an average is of one patient")
    evidence = np.array([part.log_evidence for part in parts])
    weight = np.exp(evidence - evidence.max())
    return Averaged(tuple(parts), tuple((weight / weight.sum()).tolist()))
