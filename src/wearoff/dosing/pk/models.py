"""Published pharmacokinetic models of natalizumab, read from `library/*.toml`.

The structure is one for all: two compartments, zero-order infusion or a first-order subcutaneous
depot, and two ways out of the central compartment, a linear one and a saturable one,

    dA0/dt = -ka A0
    dA1/dt = R + ka A0 - (CL + Q) A1/Vc + Q A2/Vp - Vmax C/(Km + C),    C = A1/Vc
    dA2/dt = Q A1/Vc - Q A2/Vp

A model is the file with the numbers. This module turns a weight into parameters, for the typical
person or for draws from the spread between patients; it never loads the solver.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from wearoff.dosing.figures import Figure, Strict, digest_of, read_figures
from wearoff.dosing.streams import stream
from wearoff.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

    import numpy.typing as npt
    from jaxtyping import Float

DEFAULT_MODEL = "van_den_berg_2025"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The individual parameters of a batch of patients, ready for the solver.

    Every array has the axes patients, draws, segments; each axis has its full length or 1. Segment
    k holds from the k-th dose until the next one (the first also before it, the last for ever
    after), so that a parameter may follow the weight from infusion to infusion.

    Attributes:
        patients: identifier of each patient.
        clearance: linear clearance CL, L/day.
        central_volume: Vc, L.
        peripheral_volume: Vp, L.
        intercompartmental_clearance: Q, L/day.
        maximal_rate: Vmax, mg/day; zero turns the saturable elimination off.
        michaelis_constant: Km, mg/L.
        absorption_rate: ka of the subcutaneous depot, 1/day.
        bioavailability: share of a subcutaneous dose that reaches the blood, 0..1.
        lag_d: delay before subcutaneous uptake begins, days, one for all.

    Raises:
        ValueError: an array has the wrong axes, or a value that is not finite and positive.
    """

    patients: tuple[str, ...]
    clearance: Float[np.ndarray, "#patients #draws #segments"]
    central_volume: Float[np.ndarray, "#patients #draws #segments"]
    peripheral_volume: Float[np.ndarray, "#patients #draws #segments"]
    intercompartmental_clearance: Float[np.ndarray, "#patients #draws #segments"]
    maximal_rate: Float[np.ndarray, "#patients #draws #segments"]
    michaelis_constant: Float[np.ndarray, "#patients #draws #segments"]
    absorption_rate: Float[np.ndarray, "#patients #draws #segments"]
    bioavailability: Float[np.ndarray, "#patients #draws #segments"]
    lag_d: float

    def __post_init__(self) -> None:
        for name in PARAMETER_NAMES:
            array = np.asarray(getattr(self, name), dtype=np.float64)
            if array.ndim != 3 or array.shape[0] not in (1, len(self.patients)):
                raise ValueError(f"{name} needs the axes patients, draws, segments")
            smallest_allowed = 0.0 if name in ("clearance", "maximal_rate") else np.nextafter(0, 1)
            if not (np.isfinite(array).all() and (array >= smallest_allowed).all()):
                raise ValueError(f"{name} must be finite and positive")
            object.__setattr__(self, name, array)
        if not 0 <= self.lag_d < np.inf:
            raise ValueError("lag_d must be finite and not negative")
        self.shape  # noqa: B018 - raises when the axes do not fit together

    @property
    def shape(self) -> tuple[int, int, int]:
        """The number of patients, draws and segments."""
        shapes = [getattr(self, name).shape for name in PARAMETER_NAMES]
        whole = np.broadcast_shapes((len(self.patients), 1, 1), *shapes)
        return whole[0], whole[1], whole[2]

    def joined(self, other: Self) -> Parameters:
        """The draws of both, those of `other` after one's own, for the same patients."""
        if other.patients != self.patients or other.lag_d != self.lag_d:
            raise ValueError("only parameters of the same patients and model can be joined")
        segments = max(self.shape[2], other.shape[2])

        def join(name: str) -> Float[np.ndarray, "patients draws segments"]:
            whole = [
                np.broadcast_to(getattr(part, name), (*part.shape[:2], segments)) for part in (self, other)
            ]
            return np.concatenate(whole, axis=1)

        arrays = {name: join(name) for name in PARAMETER_NAMES}
        return Parameters(patients=self.patients, lag_d=self.lag_d, **arrays)


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters) if field.name not in ("patients", "lag_d"))


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


_UNITS = {
    "clearance": "L/d",
    "central_volume": "L",
    "peripheral_volume": "L",
    "intercompartmental_clearance": "L/d",
    "maximal_rate": "mg/d",
    "michaelis_constant": "mg/L",
    "absorption_rate": "1/d",
    "bioavailability": "1",
}


class PkModel(Strict):
    """A published model: its numbers, what it was estimated in, and where it may be used.

    Attributes:
        name: the name by which a user chooses it; also the name of its file.
        title: one line for people.
        notes: what a reader must know about the figures.
        population: who it was estimated in.
        domain: where it may be used.
        reference_weight: the weight at which the typical values hold, kg.
        absorption_lag: delay of subcutaneous uptake, hours.
        residual_proportional: residual error as a share of the prediction.
        antibody_clearance_factor: how persistent antibodies multiply clearance.
        digest: SHA-256 of the file.
    """

    name: str
    title: str
    notes: tuple[str, ...]
    population: Population
    domain: Domain
    reference_weight: Figure
    clearance: Parameter
    central_volume: Parameter
    peripheral_volume: Parameter
    intercompartmental_clearance: Parameter
    maximal_rate: Parameter
    michaelis_constant: Parameter
    absorption_rate: Parameter
    bioavailability: Parameter
    absorption_lag: Figure
    residual_proportional: Figure
    antibody_clearance_factor: Figure
    digest: str = ""

    @model_validator(mode="after")
    def _has_right_units(self) -> Self:
        pairs = [(name, getattr(self, name).typical.unit, unit) for name, unit in _UNITS.items()]
        pairs.append(("reference_weight", self.reference_weight.unit, "kg"))
        pairs.append(("absorption_lag", self.absorption_lag.unit, "h"))
        wrong = [f"{name} must be in {unit}" for name, found, unit in pairs if found != unit]
        spreads = [
            name
            for name in _UNITS
            if (spread := getattr(self, name).between_patient_cv) is not None and spread.value < 0
        ]
        wrong += [f"{name}.between_patient_cv must not be negative" for name in spreads]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def provenance(self) -> dict[str, str]:
        """The name of the model and the digest of its file."""
        return {"model": self.name, "model_sha256": self.digest}

    @property
    def figures(self) -> dict[str, Figure]:
        """Every number of the model under its dotted name."""
        found = {
            name: value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Figure)
        }
        for name in PARAMETER_NAMES:
            parameter: Parameter = getattr(self, name)
            for part in Parameter.model_fields:
                figure = getattr(parameter, part)
                if figure is not None:
                    found[f"{name}.{part}"] = figure
        return found

    def typical(self, weight_kg: npt.ArrayLike, patients: Sequence[str] = ("typical",)) -> Parameters:
        """The parameters of the typical patient at a weight, one draw.

        Args:
            weight_kg: see `draw`.
            patients: identifiers; one by default.
        """
        return self._parameters(weight_kg, tuple(patients), 1, None)

    def draw(self, weight_kg: npt.ArrayLike, patients: Sequence[str], draws: int, seed: int) -> Parameters:
        """Parameters drawn from the spread between patients, independently for every patient.

        A parameter is its typical value times exp(eta), eta normal with variance ln(1 + CV^2), so
        that the typical value is the median. Each patient and parameter has a stream of its own:
        who else is in the batch changes nothing, and more draws keep the first ones.

        Args:
            weight_kg: one weight, or an array with the axes patients; patients, segments; or
                patients, draws, segments (see `Parameters` for segments).
            patients: identifier of each patient.
            draws: number of draws for each patient.
            seed: the seed of the analysis.

        Raises:
            ValueError: a weight is not positive, or the array does not fit the patients.
        """
        return self._parameters(weight_kg, tuple(patients), draws, seed)

    def _parameters(
        self, weight_kg: npt.ArrayLike, patients: tuple[str, ...], draws: int, seed: int | None
    ) -> Parameters:
        weight = _on_all_axes(weight_kg, len(patients), draws)
        relative = weight / self.reference_weight.value
        arrays = {}
        for name in PARAMETER_NAMES:
            parameter: Parameter = getattr(self, name)
            values = np.full((1, 1, 1), parameter.typical.value)
            if parameter.weight_exponent is not None:
                values = values * relative**parameter.weight_exponent.value
            if seed is not None and parameter.between_patient_cv is not None:
                spread = np.sqrt(np.log1p(parameter.between_patient_cv.value**2))
                normal = np.array(
                    [
                        stream(seed, patient, f"between-patient:{name}").standard_normal(draws)
                        for patient in patients
                    ]
                ).reshape(len(patients), draws)
                values = values * np.exp(spread * normal)[:, :, None]
            arrays[name] = values
        return Parameters(patients=patients, lag_d=self.absorption_lag.value / 24.0, **arrays)


def model_names() -> tuple[str, ...]:
    """The names of the models that may be chosen, the default first."""
    names = sorted(file.name.removesuffix(".toml") for file in _library())
    return (DEFAULT_MODEL, *(name for name in names if name != DEFAULT_MODEL))


@cache
def load_model(name: str = DEFAULT_MODEL) -> PkModel:
    """A published model by its name.

    Raises:
        UnknownNameError: there is no such model.
        InputError: its file is damaged; names the file and the field.
    """
    for file in _library():
        if file.name == f"{name}.toml":
            return read_model(file)
    raise UnknownNameError("pharmacokinetic model", name, model_names())


def read_model(file: Traversable) -> PkModel:
    """A model read from a file, for example one of your own.

    Raises:
        InputError: the file is not a complete model; names the file and every wrong field.
    """
    return read_figures(PkModel, file).model_copy(update={"digest": digest_of(file)})


def _library() -> list[Traversable]:
    folder = files("wearoff").joinpath("dosing", "pk", "library")
    return [file for file in folder.iterdir() if file.name.endswith(".toml")]


def _on_all_axes(
    weight_kg: npt.ArrayLike, patients: int, draws: int
) -> Float[np.ndarray, "#patients #draws #segments"]:
    """Weights with the axes patients, draws, segments."""
    weight = np.asarray(weight_kg, dtype=np.float64)
    if not (np.isfinite(weight).all() and (weight > 0).all()):
        raise ValueError("weight_kg must be finite and positive")
    if weight.ndim == 0:
        return weight.reshape(1, 1, 1)
    if weight.ndim == 1:
        weight = weight[:, None, None]
    elif weight.ndim == 2:
        weight = weight[:, None, :]
    if weight.ndim != 3 or weight.shape[0] != patients or weight.shape[1] not in (1, draws):
        raise ValueError("weight_kg must have the axes patients[, [draws,] segments]")
    return weight
