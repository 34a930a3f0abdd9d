"""What a fit rests on: each measurement beside its prediction, what each level moves, and what remains open.

Also where a patient leaves the data that a model comes from, and where two models part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.by_dose import QUANTILES
from wearoff.dosing.fit.map import MapProblem, fit_map
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.posterior import Posterior
from wearoff.dosing.fit.subject import effect_covariance, effect_names
from wearoff.dosing.pk.models import PkModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.dosing.fit.several import Draws
    from wearoff.dosing.occupancy import SaturationCurve

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
    subject, levels = posterior.subject, slice(patient.levels.number)
    problem, everyone = MapProblem(model, [subject], posterior.settings), np.arange(1)
    known = known_scale(patient)
    typical = problem.at(np.zeros((1, len(problem.names))), everyone).predicted[0, levels]
    fitted = problem.at(posterior.best[None], everyone).predicted[0, levels]
    residual = (subject.measured[levels] - fitted) / problem.error.sd(fitted)
    is_far = np.where(subject.is_below[levels], residual < -FAR, np.abs(residual) > FAR)
    return LevelFit(typical * known, fitted * known, residual, is_far)


@dataclass(frozen=True, slots=True, eq=False)
class OccupancyFit:
    """The measured occupancies of one patient beside the saturation predicted at their times.

    Attributes:
        predicted: quantiles of the saturation by name under each curve, each of shape [samples].
        is_within: whether each lies between the lowest 5 % and the highest 95 % over the curves, shape [samples].
    """

    predicted: Mapping[str, Mapping[str, Float[np.ndarray, " samples"]]]
    is_within: Bool[np.ndarray, " samples"]


def occupancies_beside(patient: Patient, after: Draws, curves: Mapping[str, SaturationCurve]) -> OccupancyFit:
    """Every measured occupancy beside the saturation predicted then, under every curve.

    Args:
        patient: the patient.
        after: the patient after his levels, under one model or several.
        curves: saturation curves by name.
    """
    seen = patient.occupancies
    if not seen.number:
        return OccupancyFit({}, np.zeros(0, dtype=bool))
    level = after.levels(patient.regimen, seen.time_d)
    predicted = {}
    for name, curve in curves.items():
        drawn = np.quantile(curve.saturation(level), list(QUANTILES.values()), axis=0)
        predicted[name] = dict(zip(QUANTILES, drawn, strict=True))
    low = np.min([bands["p05"] for bands in predicted.values()], axis=0)
    high = np.max([bands["p95"] for bands in predicted.values()], axis=0)
    return OccupancyFit(predicted, (seen.share >= low) & (seen.share <= high))


def pulls_of(model: PkModel, posterior: Posterior) -> Float[np.ndarray, "measurements effects"]:
    """By how much each measurement alone moves each parameter: fitted with all over without this one, less 1.

    Args:
        model: the model of the posterior.
        posterior: after the fit; measurements in the order of its subject, effects in that of its names.

    Returns:
        0.1 where the measurement makes the parameter 10 % higher. NaN where an occasion is not estimated without it.
    """
    subject, own = posterior.subject, list(posterior.names)
    pulls = np.full((subject.time_d.size, len(own)), np.nan)
    for index in range(subject.time_d.size):
        rest = subject.without(index)
        if not rest.time_d.size:
            pulls[index] = np.expm1(posterior.best)
            continue
        fit = fit_map(model, [rest], settings=posterior.settings)
        without = dict(zip(fit.names, fit.effects[0], strict=True))
        if len(fit.names) < len(own):  # an occasion is gone with it, and the others changed their numbers
            without = {name: effect for name, effect in without.items() if not name.startswith("occasion")}
        for column, name in enumerate(own):
            if name in without:
                pulls[index, column] = np.expm1(posterior.best[column] - without[name])
    return pulls


def remaining_spread(model: PkModel, posterior: Posterior) -> dict[str, float]:
    """By parameter, the share of the variance between patients that the measurements leave (individual shrinkage).

    1 where they told nothing of the parameter, near 0 where they told all (Combes 2013, doi 10.1007/s11095-013-1079-3).

    Args:
        model: the model of the posterior.
        posterior: after the fit.
    """
    prior = np.diag(effect_covariance(model))
    names = effect_names(model)
    left = np.diag(posterior.laplace)[: len(names)] / prior
    return dict(zip(names, np.clip(left, 0.0, 1.0).tolist(), strict=True))


def models_disagree(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Whether two models part by more than their bands: the median of each lies outside the 5-95 % of the other.

    Args:
        first: quantiles of one prediction under one model, by name.
        second: the same under another.
    """
    return not (
        second["p05"] <= first["p50"] <= second["p95"] or first["p05"] <= second["p50"] <= first["p95"]
    )


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
