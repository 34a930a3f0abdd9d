"""What a fit needs of one patient, as arrays; and the parameters of many patients under their effects.

An effect is the logarithm of how far a parameter of one patient lies from the typical one of his weight. Effects are
normal with the variance ln(1 + CV^2) that the model states, correlated where it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.form import correlation_matrix
from wearoff.dosing.pk.models import ModelDraws, Parameters, PkModel

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from wearoff.dosing.fit.patient import Patient
    from wearoff.dosing.fit.settings import OccupancyUse
    from wearoff.dosing.regimen import Regimen


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One patient as a fit takes him.

    Attributes:
        name: identifier; it keys the random numbers.
        regimen: what was given.
        change_d: the days from which weight and antibodies hold.
        weight_kg: the weight from each of these days on, kg.
        has_antibodies: whether there are lasting antibodies from each of these days on.
        time_d: when levels were measured, days, at least one.
        measured: the level, mg/L, divided by the known scale of its laboratory; the limit where it was below.
        is_below: whether it was only reported as below the limit.
        laboratory: index of the laboratory whose scale is estimated, -1 where it is known.
        is_occupancy: whether it is an occupancy, a fraction, and no level.
    """

    name: str
    regimen: Regimen
    change_d: Float[np.ndarray, " segments"]
    weight_kg: Float[np.ndarray, " segments"]
    has_antibodies: Bool[np.ndarray, " segments"]
    time_d: Float[np.ndarray, " levels"]
    measured: Float[np.ndarray, " levels"]
    is_below: Bool[np.ndarray, " levels"]
    laboratory: Int[np.ndarray, " levels"]
    is_occupancy: Bool[np.ndarray, " levels"]

    @staticmethod
    def of(
        name: str,
        regimen: Regimen,
        weight_kg: float,
        time_d: Sequence[float],
        measured: Sequence[float],
        is_below: Sequence[bool] | None = None,
    ) -> Subject:
        """A patient of one weight, without antibodies, whose laboratory has a known scale."""
        return Subject(
            name=name,
            regimen=regimen,
            change_d=regimen.start_d[:1],
            weight_kg=np.array([float(weight_kg)]),
            has_antibodies=np.zeros(1, dtype=bool),
            time_d=np.asarray(time_d, dtype=float),
            measured=np.asarray(measured, dtype=float),
            is_below=np.zeros(len(time_d), bool) if is_below is None else np.asarray(is_below, dtype=bool),
            laboratory=np.full(len(time_d), -1),
            is_occupancy=np.zeros(len(time_d), dtype=bool),
        )

    def without(self, index: int) -> Subject:
        """The same patient without one measurement."""
        is_kept = np.arange(self.time_d.size) != index
        names = ("time_d", "measured", "is_below", "laboratory", "is_occupancy")
        return replace(self, **{name: getattr(self, name)[is_kept] for name in names})


def subject_of(
    patient: Patient, occupancy: OccupancyUse | None = None
) -> tuple[Subject, tuple[tuple[str, float], ...]]:
    """A patient as a fit takes him, and name and CV of the prior of each laboratory whose scale is estimated.

    Levels are divided by the known scale of their laboratory, or by the median of its prior. Occupancies, where they
    enter, follow the levels.

    Args:
        patient: with at least one level.
        occupancy: how occupancies enter; without it they do not.

    Raises:
        ValueError: the patient has no level.
    """
    levels = patient.levels
    if not levels.time_d.size:
        raise ValueError(f"patient {patient.name} has no level to fit")
    priors = {
        name: laboratory.prior_cv
        for name, laboratory in patient.laboratories.items()
        if laboratory.prior_cv is not None and name in levels.laboratory
    }
    used = list(priors)
    days = patient.weight_d
    if np.isfinite(patient.antibodies_from_d):
        days = np.unique(np.append(days, max(patient.antibodies_from_d, days[0])))
    last = np.searchsorted(patient.weight_d, days, side="right") - 1
    scale = np.array([patient.laboratories[name].scale for name in levels.laboratory])
    seen = patient.occupancies
    wanted = None if occupancy is None else (occupancy.assay, occupancy.subset)
    is_used = np.array([pair == wanted for pair in zip(seen.assay, seen.subset, strict=True)], dtype=bool)
    extra = int(is_used.sum())
    level = np.where(levels.is_below, levels.lloq_mg_per_l, levels.value_mg_per_l) / scale
    laboratory = [used.index(name) if name in used else -1 for name in levels.laboratory]
    subject = Subject(
        name=patient.name,
        regimen=patient.regimen,
        change_d=days,
        weight_kg=patient.weight_kg[np.maximum(last, 0)],
        has_antibodies=days >= patient.antibodies_from_d,
        time_d=np.append(levels.time_d, seen.time_d[is_used]),
        measured=np.append(level, seen.share[is_used]),
        is_below=np.append(levels.is_below, np.zeros(extra, dtype=bool)),
        laboratory=np.append(np.array(laboratory, dtype=int), np.full(extra, -1)),
        is_occupancy=np.repeat([False, True], [levels.number, extra]),
    )
    return subject, tuple(priors.items())


def typical_of(model: PkModel, subjects: Sequence[Subject], numbers: ModelDraws | None = None) -> Parameters:
    """The typical parameters of each patient's weight and antibodies; one draw for each draw of the numbers.

    Args:
        model: the model.
        subjects: the patients.
        numbers: draws of the model's own numbers; without them the published ones.
    """
    segments = max(subject.change_d.size for subject in subjects)

    def padded(values: list[np.ndarray]) -> np.ndarray:
        return np.stack([np.pad(array, (0, segments - array.size), mode="edge") for array in values])

    return model.typical(
        padded([subject.weight_kg for subject in subjects]),
        tuple(subject.name for subject in subjects),
        parameter_draws=numbers,
        has_antibodies=padded([subject.has_antibodies for subject in subjects]),
        change_d=[subject.change_d for subject in subjects],
    )


def effect_names(model: PkModel) -> tuple[str, ...]:
    """The parameters that differ between patients, in the order of their effects."""
    return tuple(
        name
        for name, parameter in model.parameters.items()
        if parameter is not None and parameter.between_patient_cv is not None
    )


def effect_covariance(
    model: PkModel, numbers: ModelDraws | None = None
) -> Float[np.ndarray, "*draws effects effects"]:
    """The covariance of the effects; with draws of the model's own numbers one for each draw."""
    names = effect_names(model)
    drawn = {} if numbers is None else numbers.of(model.name, model.digest, numbers.draws)
    spreads = []
    for name in names:
        parameter = model.parameters[name]
        assert parameter is not None and parameter.between_patient_cv is not None  # noqa: PT018, S101
        cv = drawn.get(f"{name}.between_patient_cv", parameter.between_patient_cv.value)
        spreads.append(np.sqrt(np.log1p(np.square(cv))))
    spread = np.stack(np.broadcast_arrays(*spreads), axis=-1)
    correlation = np.eye(len(names))
    between, matrix = correlation_matrix(model.correlations)
    if between:
        at = [names.index(name) for name in between]
        correlation[np.ix_(at, at)] = matrix
    return np.asarray(spread[..., :, None] * correlation * spread[..., None, :])


def under_effects(
    typical: Parameters, names: Sequence[str], effects: Float[np.ndarray, "patients draws effects"]
) -> Parameters:
    """Every patient's parameters under each of his draws of effects.

    Args:
        typical: of one draw, or of as many as there are effects.
        names: the parameters that the effects move.
        effects: logarithms of how far each lies from the typical one.
    """
    moved = {
        name: getattr(typical, name) * np.exp(effects[:, :, index])[:, :, None]
        for index, name in enumerate(names)
    }
    return replace(typical, **moved)
