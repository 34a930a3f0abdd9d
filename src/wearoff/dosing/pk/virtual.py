"""Virtual patients of a population, each keyed by an index: the same in blocks of any size.

The first thousand of a million are the thousand that a smaller population has. Random numbers are Philox,
with the patient's index as its counter and the seed and purpose as its key. Patients may differ in what the
model leaves open between people, and, where it is asked for, in the model's own numbers within their
published intervals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.form import correlation_matrix, is_possible
from wearoff.dosing.pk.models import PARAMETER_NAMES, ModelDraws, Parameters, PkModel
from wearoff.dosing.pk.uncertainty import scaled

if TYPE_CHECKING:
    import numpy.typing as npt
    from jaxtyping import Float

Weights = float | Callable[[np.ndarray], np.ndarray]


def draw_patients(
    model: PkModel,
    weights: Weights,
    first: int,
    count: int,
    seed: int,
    *,
    numbers: ModelDraws | None = None,
    change_d: Float[np.ndarray, " segments"] | None = None,
    gain_kg: npt.ArrayLike = 0.0,
    has_antibodies: npt.ArrayLike = False,
) -> Parameters:
    """Patients from the spread between patients, each by his index.

    Args:
        model: the model.
        weights: one weight, kg, or a function from the patients' standard normal numbers to their weights;
            `normal_weights` and `truncated_weights` make one.
        first: index of the first patient.
        count: number of patients.
        seed: the seed of the draws.
        numbers: the model's own numbers for these patients, from `draw_numbers_of`; by default the
            published ones for everyone.
        change_d: the days from which the segments hold, the same for everyone; by default nothing changes.
        gain_kg: what everyone has gained from each of these days on, kg.
        has_antibodies: whether everyone has antibodies from each of these days on.

    Raises:
        ValueError: the numbers are those of another model or of fewer patients.
    """
    if callable(weights):
        weight = np.asarray(weights(patient_normals(seed, "weight", first, count)))
    else:
        weight = np.full(count, float(weights))
    effects = {
        name: patient_normals(seed, f"between-patient:{name}", first, count)
        for name, parameter in model.parameters.items()
        if parameter is not None and parameter.between_patient_cv is not None
    }
    names, matrix = correlation_matrix(model.correlations)
    if names:
        factor, alone = np.linalg.cholesky(matrix), dict(effects)
        for row, name in enumerate(names):
            # term by term, so that a patient does not depend on how many there are
            effects[name] = sum((factor[row, k] * alone[names[k]] for k in range(row + 1)), np.zeros(count))
    drawn = {} if numbers is None else numbers.of(model.name, model.digest, count)
    # with numbers of their own everyone is a draw of one typical patient here, and a patient in what is returned
    names_of = tuple(map(str, range(first, first + count)))
    people = names_of if numbers is None else ("population",)
    over_time = weight[:, None] + np.atleast_1d(gain_kg)
    is_present = np.broadcast_to(np.atleast_1d(has_antibodies), (len(people), np.size(has_antibodies)))
    typical = model.typical(
        over_time if numbers is None else over_time[None],
        people,
        parameter_draws=numbers,
        has_antibodies=is_present,
    )
    arrays = {name: getattr(typical, name) for name in PARAMETER_NAMES}
    if numbers is not None:
        arrays = {name: array.swapaxes(0, 1) for name, array in arrays.items()}
    for name, effect in effects.items():
        parameter = model.parameters[name]
        assert parameter is not None and parameter.between_patient_cv is not None  # noqa: PT018, S101
        variation = drawn.get(f"{name}.between_patient_cv", parameter.between_patient_cv.value)
        arrays[name] = arrays[name] * np.exp(np.sqrt(np.log1p(variation**2)) * effect)[:, None, None]
    return replace(
        typical, patients=names_of, change_d=None if change_d is None else (change_d,) * count, **arrays
    )


def draw_numbers_of(model: PkModel, first: int, count: int, seed: int) -> ModelDraws:
    """The model's own numbers within their published intervals, a set for each patient by his index.

    They are distributed as those of `PkModel.draw_parameters`; what is keyed by an index needs no memory for
    the patients before it.

    Args:
        model: the model.
        first: index of the first patient.
        count: number of patients.
        seed: the seed of the draws.
    """
    pattern = model.draw_parameters(1, seed)
    values, redrawn = {}, {}
    for key in pattern.values:
        purpose, figure = f"parameter-uncertainty:{key}", model.figures[key]
        found = scaled(key, figure, patient_normals(seed, purpose, first, count))
        redrawn[key], times = 0, 0
        while (wrong := ~is_possible(key, found)).any():
            redrawn[key], times = redrawn[key] + int(wrong.sum()), times + 1
            again = scaled(key, figure, patient_normals(seed, f"{purpose}:again {times}", first, count))
            found = np.where(wrong, again, found)
        values[key] = found
    return ModelDraws(model.name, model.digest, count, seed, values, redrawn, pattern.kept)


def normal_weights(
    mean_kg: float, sd_kg: float, lightest_kg: float = 40.0, heaviest_kg: float = 160.0
) -> Callable[[np.ndarray], np.ndarray]:
    """Weights from a normal distribution, those beyond the ends moved to the end, kg."""
    return lambda normal: np.clip(mean_kg + sd_kg * normal, lightest_kg, heaviest_kg)


def truncated_weights(
    mean_kg: float, sd_kg: float, lightest_kg: float, heaviest_kg: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Weights from a normal distribution that is cut off at both ends, kg; mean and SD are those before that."""
    from scipy.special import ndtr, ndtri  # a tenth of a second that most commands need not wait for

    low, high = ndtr((np.array([lightest_kg, heaviest_kg]) - mean_kg) / sd_kg)
    return lambda normal: np.asarray(mean_kg + sd_kg * ndtri(low + (high - low) * ndtr(normal)))


def patient_normals(seed: int, purpose: str, first: int, count: int) -> Float[np.ndarray, " patients"]:
    """One standard normal number for each patient, keyed by (seed, purpose, index of the patient).

    Philox gives four 64-bit numbers for each value of its counter; the counter is the patient's index, the key
    a digest of seed and purpose. The first two of the four make a radius and an angle (Box and Muller).
    """
    text = f"{len(str(seed))}:{seed};{len(purpose)}:{purpose};"
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")
    raw = np.random.Philox(key=key, counter=first).random_raw(4 * count).reshape(count, 4)[:, :2]
    radius, angle = (((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53).T
    return np.asarray(np.sqrt(-2.0 * np.log(radius)) * np.cos(2.0 * np.pi * angle))


def patient_uniforms(seed: int, purpose: str, first: int, count: int) -> Float[np.ndarray, " patients"]:
    """One number between 0 and 1 for each patient, keyed by (seed, purpose, index of the patient)."""
    from scipy.special import ndtr  # a tenth of a second that most commands need not wait for

    return np.asarray(ndtr(patient_normals(seed, purpose, first, count)))
