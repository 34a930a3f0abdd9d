"""From a model's numbers to the parameters of single people: weight, and the spread between patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.figures import Figure
from wearoff.dosing.pk.form import Correlation, Parameter, correlation_matrix
from wearoff.dosing.streams import stream

if TYPE_CHECKING:
    import numpy.typing as npt
    from jaxtyping import Float


def individuals(
    parameters: Mapping[str, Parameter | None],
    correlations: Sequence[Correlation],
    relative: Float[np.ndarray, "#patients #draws #segments"],
    patients: Sequence[str],
    draws: int,
    seed: int | None,
    drawn: Mapping[str, Float[np.ndarray, " draws"]],
) -> dict[str, Float[np.ndarray, "#patients #draws #segments"]]:
    """The parameters that a model has, of every patient and draw.

    Args:
        parameters: as for `between_patients`.
        correlations: as for `between_patients`.
        relative: as for `individual`.
        patients: as for `between_patients`.
        draws: as for `between_patients`.
        drawn: as for `individual`.
        seed: the seed of the analysis; None for the typical patient.
    """
    effects: dict[str, Float[np.ndarray, "patients draws"]] = {}
    if seed is not None:
        effects = between_patients(parameters, correlations, patients, draws, seed)
    return {
        name: individual(name, parameter, relative, effects.get(name), drawn)
        for name, parameter in parameters.items()
        if parameter is not None
    }


def individual(
    name: str,
    parameter: Parameter,
    relative: Float[np.ndarray, "#patients #draws #segments"],
    effects: Float[np.ndarray, "patients draws"] | None,
    drawn: Mapping[str, Float[np.ndarray, " draws"]],
) -> Float[np.ndarray, "#patients #draws #segments"]:
    """One parameter of every patient and draw: typical value x relative weight^exponent x exp(eta).

    Args:
        name: name of the parameter.
        parameter: its numbers.
        relative: weight over reference weight.
        effects: standard normal effects of the patients; None for the typical patient.
        drawn: draws of the model's own numbers by dotted name, in place of the published ones.
    """

    def number(part: str, figure: Figure) -> float | Float[np.ndarray, "1 draws 1"]:
        found = drawn.get(f"{name}.{part}")
        return figure.value if found is None else found[None, :, None]

    values = np.zeros((1, 1, 1)) + number("typical", parameter.typical)
    if parameter.weight_exponent is not None:
        values = values * relative ** number("weight_exponent", parameter.weight_exponent)
    if effects is not None and parameter.between_patient_cv is not None:
        spread = np.sqrt(np.log1p(number("between_patient_cv", parameter.between_patient_cv) ** 2))
        values = values * np.exp(spread * effects[:, :, None])
    return values


def between_patients(
    parameters: Mapping[str, Parameter | None],
    correlations: Sequence[Correlation],
    patients: Sequence[str],
    draws: int,
    seed: int,
) -> dict[str, Float[np.ndarray, "patients draws"]]:
    """Standard normal effects of every parameter with a spread, correlated where the file says so.

    Args:
        parameters: the parameters of the model by name.
        correlations: those of its effects that go together.
        patients: identifier of each patient; with the seed it keys the random numbers.
        draws: number of draws for each patient.
        seed: the seed of the analysis.
    """
    effects = {
        name: np.array(
            [stream(seed, patient, f"between-patient:{name}").standard_normal(draws) for patient in patients]
        ).reshape(len(patients), draws)
        for name, parameter in parameters.items()
        if parameter is not None and parameter.between_patient_cv is not None
    }
    names, matrix = correlation_matrix(correlations)
    if names:
        factor = np.linalg.cholesky(matrix)
        # term by term, so that a draw does not depend on how many there are
        for row in reversed(range(len(names))):
            effects[names[row]] = sum(
                (factor[row, k] * effects[names[k]] for k in range(row + 1)), start=np.zeros(())
            )
    return effects


def on_all_axes(
    values: npt.ArrayLike, patients: int, draws: int, name: str = "weight_kg"
) -> Float[np.ndarray, "#patients #draws #segments"]:
    """Weights, or other positive values, with the axes patients, draws, segments.

    Raises:
        ValueError: a value is not finite and positive, or the array does not fit.
    """
    weight = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ValueError(f"{name} must be finite and positive")
    if weight.ndim == 0:
        return weight.reshape(1, 1, 1)
    if weight.ndim == 1:
        weight = weight[:, None, None]
    elif weight.ndim == 2:
        weight = weight[:, None, :]
    if weight.ndim != 3 or weight.shape[0] != patients or weight.shape[1] not in (1, draws):
        raise ValueError(f"{name} must have the axes patients[, [draws,] segments]")
    return weight
