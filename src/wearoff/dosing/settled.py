"""The troughs that intervals settle to: each patient at an interval of his own, thousands of them at once.

They are solved together (`pk/population.py`), so that a rule may look at a hundred thousand patients on a grid of
days. Importing this loads no JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.fit.subject import Subject, effect_names, typical_of, under_effects
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, PkModel
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.fit.map import MapFit


class SettledTroughs:
    """The settled trough of every patient under his parameters, at whatever interval is asked for.

    Args:
        parameters: one draw and one segment for each patient.
        dose_mg: dose, mg, an infusion of an hour.
        accuracy: largest relative error of a trough above 0.001 mg/L.

    Raises:
        ValueError: a patient has several draws or segments.
    """

    def __init__(self, parameters: Parameters, dose_mg: float = 300.0, accuracy: float = 1e-4) -> None:
        if parameters.shape[1:] != (1, 1):
            raise ValueError("a settled trough belongs to one draw and one segment of each patient")
        self.parameters = parameters
        self.dose_mg = dose_mg
        self.accuracy = accuracy

    @property
    def patients(self) -> int:
        """How many patients there are."""
        return len(self.parameters.patients)

    def settled(self, interval_weeks: Float[np.ndarray, " patients"]) -> Float[np.ndarray, " patients"]:
        """The trough, mg/L, that each patient settles to at his interval.

        Args:
            interval_weeks: more than 0, weeks.

        Raises:
            ValueError: there are not as many intervals as patients.
            ComputationError: a patient does not settle; names him and the interval.
        """
        from wearoff.dosing.pk.population import steady_population  # loads JAX

        interval = np.asarray(interval_weeks, dtype=float)
        if interval.shape != (self.patients,):
            raise ValueError(f"{self.patients} patients need as many intervals")
        found = steady_population(self.parameters, interval, self.dose_mg, accuracy=self.accuracy)
        if found.status.any():
            at = int(np.flatnonzero(found.status)[0])
            raise ComputationError(
                f"patient {self.parameters.patients[at]}: an infusion every {interval[at]:g} weeks does not settle; "
                "check his parameters"
            )
        return found.trough


def settled_after(
    model: PkModel, subjects: Sequence[Subject], fit: MapFit, dose_mg: float = 300.0
) -> SettledTroughs:
    """The settled troughs predicted from the most probable parameters of each patient.

    Args:
        model: the model that was fitted.
        subjects: the patients; what counts is the weight that holds last.
        fit: their fit.
        dose_mg: the dose that goes on, mg.
    """
    moved = effect_names(model)
    whole = typical_of(model, subjects)
    arrays = {name: getattr(whole, name)[:, :, -1:] for name in PARAMETER_NAMES}
    typical = replace(whole, change_d=None, **arrays)
    return SettledTroughs(under_effects(typical, moved, fit.effects[:, None, : len(moved)]), dose_mg)
