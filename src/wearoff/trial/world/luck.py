"""Random numbers of patients for the many small things that happen to them again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.virtual import patient_normals, patient_uniforms

if TYPE_CHECKING:
    from jaxtyping import Float, Int

__all__ = ["Luck"]


class Luck:
    """Numbers keyed by (seed, purpose, how many times it happened before, index of the patient), each drawn once.

    Args:
        seed: the seed.
        first: index of the first patient.
        patients: how many.
    """

    def __init__(self, seed: int, first: int, patients: int) -> None:
        self._seed, self._first, self._patients = seed, first, patients
        self._drawn: dict[str, np.ndarray] = {}

    def normals(
        self, what: str, where: Int[np.ndarray, " some"], number: Int[np.ndarray, " some"]
    ) -> Float[np.ndarray, " some"]:
        """Standard normal numbers of some patients.

        Args:
            what: the purpose.
            where: the patients, counted from the first.
            number: how many times it happened to each before.
        """
        return self._of(patient_normals, what, where, number)

    def uniforms(
        self, what: str, where: Int[np.ndarray, " some"], number: Int[np.ndarray, " some"]
    ) -> Float[np.ndarray, " some"]:
        """Numbers between 0 and 1 of some patients, likewise."""
        return self._of(patient_uniforms, what, where, number)

    def _of(
        self,
        draw: Callable[[int, str, int, int], np.ndarray],
        what: str,
        where: np.ndarray,
        number: np.ndarray,
    ) -> Float[np.ndarray, " some"]:
        found = np.empty(where.size)
        for one in np.unique(number):
            purpose = f"trial:{what}:{one}"
            if purpose not in self._drawn:
                self._drawn[purpose] = draw(self._seed, purpose, self._first, self._patients)
            mine = number == one
            found[mine] = self._drawn[purpose][where[mine]]
        return found
