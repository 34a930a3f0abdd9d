"""The true parameters behind each patient's levels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.models import ModelDraws, Parameters, load_model
from wearoff.dosing.pk.virtual import draw_numbers_of, draw_patients
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from wearoff.trial.world.people import Covariates

__all__ = ["numbers_by_replicate", "parameters_of"]


def parameters_of(
    model: str, people: Covariates, seed: int, first: int, numbers: ModelDraws | None
) -> Parameters:
    """Parameters of patients from their weights, the spread between people, and antibodies.

    Args:
        model: name of the model.
        people: the patients.
        seed: the seed of the draws.
        first: index of the first patient.
        numbers: the model's own numbers for each; None for the published ones.

    Raises:
        InputError: somebody has antibodies, and the model does not say what they do.
        UnknownNameError: there is no such model.
    """
    card = load_model(model)
    count = people.weight_kg.size
    found = draw_patients(card, lambda _: people.weight_kg, first, count, seed, numbers=numbers)
    if not people.has_antibodies.any():
        return found
    if card.antibody_clearance_factor is None:
        reason = (
            f"the model {model!r} does not say what antibodies do to the clearance; choose another world.model, or "
            "numbers of patients (patients.numbers) with antibodies of 0"
        )
        raise InputError(Problem(reason, column="world.model", value=model))
    faster = np.where(people.has_antibodies, card.antibody_clearance_factor.value, 1.0)
    return replace(found, clearance=found.clearance * faster[:, None, None])


def numbers_by_replicate(model: str, seed: int, first: int, replicates: int, size: int) -> ModelDraws:
    """The model's own numbers within their intervals: one set for each replicate, repeated for its patients.

    Args:
        model: name of the model.
        seed: the seed of the draws.
        first: number of the first replicate.
        replicates: how many.
        size: patients of each.
    """
    drawn = draw_numbers_of(load_model(model), first, replicates, seed)
    values = {key: np.repeat(found, size) for key, found in drawn.values.items()}
    return replace(drawn, draws=replicates * size, values=values)
