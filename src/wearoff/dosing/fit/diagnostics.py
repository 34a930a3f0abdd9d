"""Each level beside its prediction before and after the fit, and where a patient leaves the model's data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.fit.map import MapProblem
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.posterior import Posterior
from wearoff.dosing.fit.subject import subject_of
from wearoff.dosing.pk.models import PkModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

FAR = 3.0
"""A level further from its prediction than so many residual SDs does not fit."""
FEWEST_INFUSIONS = 6


@dataclass(frozen=True, slots=True, eq=False)
class LevelFit:
    """The levels of one patient beside their predictions, in the patient's order.

    Attributes:
        typical: predicted for the typical patient of this weight, as the laboratory would report it, mg/L.
        fitted: predicted with the most probable parameters, mg/L.
        residual: measured less fitted over the residual SD; for a level below quantification how far the limit
            lies above the prediction.
        is_far: whether the level does not fit: further off than `FAR`, in the wrong direction for one below.
    """

    typical: Float[np.ndarray, " levels"]
    fitted: Float[np.ndarray, " levels"]
    residual: Float[np.ndarray, " levels"]
    is_far: Bool[np.ndarray, " levels"]


def levels_beside(model: PkModel, patient: Patient, posterior: Posterior) -> LevelFit:
    """Every level beside its prediction before and after the fit.

    Args:
        model: the model of the posterior.
        patient: the patient.
        posterior: after the fit.
    """
    subject, scales = subject_of(patient)
    problem, everyone = MapProblem(model, [subject], scales), np.arange(1)
    known = known_scale(patient)
    typical = problem.at(np.zeros((1, len(problem.names))), everyone).predicted[0]
    fitted = problem.at(posterior.best[None], everyone).predicted[0]
    residual = (subject.measured - fitted) / problem.error.sd(fitted)
    is_far = np.where(subject.is_below, residual < -FAR, np.abs(residual) > FAR)
    return LevelFit(typical * known, fitted * known, residual, is_far)


def known_scale(patient: Patient) -> Float[np.ndarray, " levels"]:
    """What the laboratory of each level reports for 1 mg/L: its scale, or the median of its prior."""
    return np.array([patient.laboratories[name].scale for name in patient.levels.laboratory])


def outside_population(model: PkModel, patient: Patient) -> tuple[str, ...]:
    """Why the model's data do not reach this patient; empty where they do."""
    (low, high), regimen, found = model.domain.weight_kg, patient.regimen, []
    is_odd = (patient.weight_kg < low) | (patient.weight_kg > high)
    found += [f"weight {kg:g} kg outside {low:g} to {high:g} kg" for kg in patient.weight_kg[is_odd]]
    longest = 7 * model.domain.longest_interval_weeks
    if (regimen.interval_d > longest + 1e-9).any():
        found.append(f"an interval above {model.domain.longest_interval_weeks:g} weeks")
    routes = {"SC" if is_subcutaneous else "IV" for is_subcutaneous in regimen.is_subcutaneous}
    found += [f"route {route}" for route in sorted(routes - set(model.domain.routes))]
    if np.isfinite(patient.antibodies_from_d) and not model.domain.antibodies:
        found.append("lasting antibodies against the drug")
    if regimen.exchange_d.size:
        found.append("plasma exchange")
    if regimen.number < FEWEST_INFUSIONS:
        found.append(f"fewer than {FEWEST_INFUSIONS} infusions")
    return tuple(found)
