"""What may stand in a model file: the closed list of structures, and the parts a model is made of.

A structure decides which parameters a file has to state. What it leaves out has a neutral value for
the one solver: no exchange for one compartment, no linear or no saturable elimination.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from wearoff.dosing.figures import Figure, Strict, refusal
from wearoff.dosing.pk.parameters import PARAMETER_NAMES

if TYPE_CHECKING:
    from jaxtyping import Float

Use = Literal["prediction", "cross-check only", "prior only", "never"]
ParameterName = Literal[
    "clearance",
    "central_volume",
    "peripheral_volume",
    "intercompartmental_clearance",
    "maximal_rate",
    "michaelis_constant",
    "absorption_rate",
    "bioavailability",
]

UNITS: Mapping[str, str] = {
    "clearance": "L/d",
    "central_volume": "L",
    "peripheral_volume": "L",
    "intercompartmental_clearance": "L/d",
    "maximal_rate": "mg/d",
    "michaelis_constant": "mg/L",
    "absorption_rate": "1/d",
    "bioavailability": "1",
}
NEUTRAL: Mapping[str, float] = {
    "clearance": 0.0,
    "peripheral_volume": 1.0,
    "intercompartmental_clearance": 0.0,
    "maximal_rate": 0.0,
    "michaelis_constant": 1.0,
}
"""Values that switch a part off; uptake has none, because an injection has to go somewhere."""

_TWO_COMPARTMENTS = ("peripheral_volume", "intercompartmental_clearance")
_MICHAELIS_MENTEN = ("maximal_rate", "michaelis_constant")
_DEPOT = ("absorption_rate", "bioavailability")
# a heavier body does not have a smaller volume or flow; other parameters may go either way
_GROWS_WITH_WEIGHT = ("clearance", "central_volume", *_TWO_COMPARTMENTS, "maximal_rate")

Faults = Iterator[tuple[str, str]]  # field and reason


class Structure(Strict):
    """The shape of a model, from a closed list.

    Attributes:
        compartments: one, or two with exchange between them.
        inputs: how the drug comes in: infusion, bolus, or a depot with first-order uptake.
        elimination: how it leaves the central compartment: linear, michaelis_menten or both.
    """

    compartments: Literal[1, 2]
    inputs: tuple[Literal["infusion", "bolus", "depot"], ...]
    elimination: tuple[Literal["linear", "michaelis_menten"], ...]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        faults = [
            (name, "name at least one, each once")
            for name in ("inputs", "elimination")
            if not 0 < len(set(getattr(self, name))) == len(getattr(self, name))
        ]
        if faults:
            raise refusal(faults)
        return self

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that a model of this structure has, in the order of `PARAMETER_NAMES`."""
        has = {"central_volume"}
        if self.compartments == 2:
            has |= set(_TWO_COMPARTMENTS)
        if "linear" in self.elimination:
            has.add("clearance")
        if "michaelis_menten" in self.elimination:
            has |= set(_MICHAELIS_MENTEN)
        if "depot" in self.inputs:
            has |= set(_DEPOT)
        return tuple(name for name in PARAMETER_NAMES if name in has)

    def __str__(self) -> str:
        """The structure in words."""
        words = {"michaelis_menten": "Michaelis-Menten", "depot": "subcutaneous depot"}
        inputs = ", ".join(words.get(name, name) for name in self.inputs)
        ways = " and ".join(words.get(name, name) for name in self.elimination)
        count = "1 compartment" if self.compartments == 1 else "2 compartments"
        return f"{count}; {inputs}; {ways} elimination"


class Parameter(Strict):
    """A model parameter: its typical value and how it varies with weight and between patients.

    Attributes:
        typical: the value at the reference weight.
        weight_exponent: power of weight over reference weight, where weight matters.
        between_patient_cv: coefficient of variation of its log-normal spread, where there is one.
    """

    typical: Figure
    weight_exponent: Figure | None = None
    between_patient_cv: Figure | None = None


class Correlation(Figure):
    """How the between-patient effects of two parameters go together, on the log scale, -1 to 1.

    Attributes:
        between: the two parameters.
    """

    between: tuple[ParameterName, ParameterName]


class Residual(Strict):
    """What is left between a predicted and an observed level, where the publication states it.

    Attributes:
        proportional: standard deviation as a share of the prediction.
        additive: standard deviation in mg/L.
    """

    proportional: Figure | None = None
    additive: Figure | None = None


class Population(Strict):
    """Who the model was estimated in, in words and where that was read."""

    description: str
    patients: int | None = None
    source: str


class Domain(Strict):
    """Where the model may be used without a warning.

    Attributes:
        weight_kg: lightest and heaviest body weight.
        longest_interval_weeks: beyond it the prediction rests on Km.
        routes: routes of administration it describes.
        antibodies: whether it describes patients with anti-drug antibodies.
        reason: why these limits, and how well they are known.
    """

    weight_kg: tuple[float, float]
    longest_interval_weeks: float
    routes: tuple[Literal["IV", "SC"], ...]
    antibodies: bool
    reason: str


def bounds_of(key: str) -> tuple[float, float]:
    """The physical bounds of a number of a model by its dotted name; the lower is not reached by a
    typical value or a spread.

    Args:
        key: such as `clearance.typical` or `central_volume.weight_exponent`.
    """
    name, part = key.split(".")
    if part == "weight_exponent":
        return (0.0, 2.0) if name in _GROWS_WITH_WEIGHT else (-2.0, 2.0)
    return (0.0, 1.0) if key == "bioavailability.typical" else (0.0, np.inf)


def is_possible(key: str, values: Float[np.ndarray, "..."]) -> np.ndarray:
    """Which values lie inside the physical bounds of `bounds_of`."""
    low, high = bounds_of(key)
    above = values >= low if key.endswith("weight_exponent") else values > low
    return np.asarray(above & (values <= high))


def parameter_faults(structure: Structure, parameters: Mapping[str, Parameter | None]) -> Faults:
    """What is wrong with the parameters of a file, by field."""
    for name, parameter in parameters.items():
        if parameter is None:
            if name in structure.parameters:
                yield name, f"Field required: a model with {structure} has it"
            continue
        if name not in structure.parameters:
            yield name, f"a model with {structure} does not have it; remove it or change the structure"
        for part in Parameter.model_fields:
            figure: Figure | None = getattr(parameter, part)
            if figure is None:
                continue
            key, unit = f"{name}.{part}", UNITS[name] if part == "typical" else "1"
            if figure.unit != unit:
                yield f"{key}.unit", f"{name} must be in {unit}" if part == "typical" else "must be 1"
            is_none = part == "between_patient_cv" and figure.value == 0
            if not (is_none or is_possible(key, np.array(figure.value))):
                yield f"{key}.value", "outside what is physically possible, {} to {}".format(*bounds_of(key))
    share = parameters.get("bioavailability")
    if share is not None and share.between_patient_cv is not None:
        yield "bioavailability.between_patient_cv", "a log-normal spread would take the share above 1"


def correlation_faults(
    correlations: Sequence[Correlation], parameters: Mapping[str, Parameter | None]
) -> Faults:
    """What is wrong with the correlations of a file, by field."""
    pairs = [frozenset(entry.between) for entry in correlations]
    for index, entry in enumerate(correlations):
        place = f"correlations.{index}"
        if len(pairs[index]) == 1 or pairs.count(pairs[index]) > 1:
            yield f"{place}.between", "name two parameters, each pair once"
        for name in entry.between:
            parameter = parameters.get(name)
            if parameter is None or parameter.between_patient_cv is None:
                yield f"{place}.between", f"{name} has no between_patient_cv"
        if entry.unit != "1" or not -1 < entry.value < 1:
            yield f"{place}.value", "a correlation has the unit 1 and lies between -1 and 1"
    _, matrix = correlation_matrix(correlations)
    if matrix.size and np.linalg.eigvalsh(matrix)[0] <= 1e-12:
        yield "correlations", "the correlations contradict each other: the matrix is not positive definite"


def correlation_matrix(
    correlations: Sequence[Correlation],
) -> tuple[tuple[str, ...], Float[np.ndarray, "names names"]]:
    """The correlated parameters, in the order of `PARAMETER_NAMES`, and their correlation matrix."""
    value = {frozenset(entry.between): entry.value for entry in correlations}
    named = {name for pair in value for name in pair}
    names = tuple(name for name in PARAMETER_NAMES if name in named)
    matrix = np.eye(len(names))
    for i, j in combinations(range(len(names)), 2):
        matrix[i, j] = matrix[j, i] = value.get(frozenset((names[i], names[j])), 0.0)
    return names, matrix


def figures_of(
    own: Mapping[str, object], parts: Mapping[str, Strict | None], correlations: Sequence[Correlation]
) -> dict[str, Figure]:
    """Every number of a model under its dotted name.

    Args:
        own: the fields of the model by name, of which those that are figures are taken.
        parts: what holds figures in fields of its own, by name; None where the model does not have it.
        correlations: its correlated effects.
    """
    found = {name: value for name, value in own.items() if isinstance(value, Figure)}
    for name, whole in parts.items():
        for part in type(whole).model_fields if whole is not None else ():
            figure = getattr(whole, part)
            if figure is not None:
                found[f"{name}.{part}"] = figure
    for entry in correlations:
        found[f"correlation.{entry.between[0]}.{entry.between[1]}"] = entry
    return found
