"""Published pharmacokinetic models of natalizumab, read from `library/*.toml`.

The solver has one structure, of which a model uses all or a part: two compartments, zero-order
infusion or a first-order subcutaneous depot, and two ways out of the central compartment, a linear
one and a saturable one,

    dA0/dt = -ka A0
    dA1/dt = R + ka A0 - (CL + Q) A1/Vc + Q A2/Vp - Vmax C/(Km + C),    C = A1/Vc
    dA2/dt = Q A1/Vc - Q A2/Vp

A model is the file with the numbers. This module turns a weight into parameters, for the typical
person, for draws from the spread between patients, and for draws of the model's own numbers; it
never loads the solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from wearoff.dosing.figures import Figure, Strict, digest_of, read_figures, refusal
from wearoff.dosing.pk.form import (
    NEUTRAL,
    Correlation,
    Domain,
    Faults,
    Parameter,
    Population,
    Residual,
    Structure,
    Use,
    correlation_faults,
    figures_of,
    parameter_faults,
)
from wearoff.dosing.pk.parameters import PARAMETER_NAMES, Parameters
from wearoff.dosing.pk.spread import individuals, on_all_axes
from wearoff.dosing.pk.uncertainty import ModelDraws, draw_numbers
from wearoff.errors import InputError, Problem, UnknownNameError, WearoffError
from wearoff.sources import Source

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import numpy.typing as npt

__all__ = [
    "DEFAULT_MODEL", "PARAMETER_NAMES", "Domain", "ModelDraws", "ModelUseError", "Parameter", "Parameters", "PkModel",
    "Population", "Structure", "card_names", "load_model", "model_card", "model_names", "read_model",
]  # fmt: skip

DEFAULT_MODEL = "van_den_berg_2025"
Purpose = Literal["prediction", "cross-check", "prior"]
_ADMITS: Mapping[str, tuple[Use, ...]] = {
    "prediction": ("prediction",),
    "cross-check": ("prediction", "cross-check only", "prior only"),
    "prior": ("prediction", "prior only"),
}
_SUFFIX = ".toml"


class ModelUseError(WearoffError):
    """A model was asked for a purpose that its file rules out; the message gives the reason."""


class PkModel(Strict):
    """A published model: its numbers, what it was estimated in, and where it may be used.

    Attributes:
        name: the name by which a user chooses it; in the library also the name of its file.
        title: one line for people.
        reference: the publication.
        use: what it may be used for.
        use_reason: why it may not be used for predictions, where that is so.
        use_evidence: rows of the evidence table behind that reason.
        notes: what a reader must know about the figures.
        structure: its compartments, inputs and ways of elimination.
        population: who it was estimated in.
        domain: where it may be used.
        reference_weight: the weight at which the typical values hold, kg.
        absorption_lag: delay of subcutaneous uptake, hours, where there is one.
        residual: residual error.
        antibody_clearance_factor: how persistent antibodies multiply clearance, where that is known.
        correlations: between-patient effects that go together.
        digest: SHA-256 of the file.

    The eight parameters stand under the names of `Parameters`; those that the structure does not
    have are None.
    """

    name: str
    title: str
    reference: Source
    use: Use
    use_reason: str | None = None
    use_evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    structure: Structure
    population: Population
    domain: Domain
    reference_weight: Figure
    clearance: Parameter | None = None
    central_volume: Parameter | None = None
    peripheral_volume: Parameter | None = None
    intercompartmental_clearance: Parameter | None = None
    maximal_rate: Parameter | None = None
    michaelis_constant: Parameter | None = None
    absorption_rate: Parameter | None = None
    bioavailability: Parameter | None = None
    absorption_lag: Figure | None = None
    residual: Residual = Residual()
    antibody_clearance_factor: Figure | None = None
    correlations: tuple[Correlation, ...] = ()
    digest: str = ""

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        parameters = self.parameters
        faults = [
            *parameter_faults(self.structure, parameters),
            *correlation_faults(self.correlations, parameters),
            *self._faults(),
        ]
        if faults:
            raise refusal(faults)
        return self

    def _faults(self) -> Faults:
        """What is wrong outside the eight parameters, by field."""
        for field, figure, unit, lowest in (
            ("reference_weight", self.reference_weight, "kg", np.nextafter(0, 1)),
            ("absorption_lag", self.absorption_lag, "h", 0.0),
            ("residual.proportional", self.residual.proportional, "1", 0.0),
            ("residual.additive", self.residual.additive, "mg/L", 0.0),
            ("antibody_clearance_factor", self.antibody_clearance_factor, "1", np.nextafter(0, 1)),
        ):
            if figure is not None and figure.unit != unit:
                yield f"{field}.unit", f"{field} must be in {unit}"
            if figure is not None and figure.value < lowest:
                yield f"{field}.value", f"{field} must not be negative{' or zero' if lowest else ''}"
        if self.absorption_lag is not None and "depot" not in self.structure.inputs:
            yield "absorption_lag", "a model without a depot does not have it"
        if self.antibody_clearance_factor is not None and "linear" not in self.structure.elimination:
            yield "antibody_clearance_factor", "a model without linear elimination does not have it"
        if ("SC" in self.domain.routes) > ("depot" in self.structure.inputs):
            yield "domain.routes", "SC needs the input depot"
        if ("IV" in self.domain.routes) > bool({"infusion", "bolus"} & set(self.structure.inputs)):
            yield "domain.routes", "IV needs the input infusion or bolus"
        if not 0 < self.domain.weight_kg[0] < self.domain.weight_kg[1]:
            yield "domain.weight_kg", "the lightest weight comes first, both positive"
        if self.use != "prediction" and not self.use_reason:
            yield "use_reason", f"Field required: say why the use is {self.use!r}"
        if self.use == "prediction" and self.residual == Residual():
            yield "residual", "Field required: a model for predictions states its residual error"

    @property
    def parameters(self) -> dict[str, Parameter | None]:
        """The eight parameters by name; None where the structure does not have one."""
        return {name: getattr(self, name) for name in PARAMETER_NAMES}

    @property
    def residual_proportional(self) -> Figure:
        """The proportional residual error.

        Raises:
            WearoffError: the model states none.
        """
        if self.residual.proportional is None:
            raise WearoffError(f"the model {self.name!r} states no proportional residual error")
        return self.residual.proportional

    @property
    def provenance(self) -> dict[str, str]:
        """The name of the model, the digest of its file, and what sets it apart."""
        found = {"model": self.name, "model_sha256": self.digest}
        if self.use != "prediction":
            found["model_use"] = self.use
        if "depot" not in self.structure.inputs:
            found["subcutaneous_uptake"] = DEFAULT_MODEL
        return found

    @property
    def figures(self) -> dict[str, Figure]:
        """Every number of the model under its dotted name."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        parts = {**self.parameters, "residual": self.residual}
        return figures_of(own, parts, self.correlations)

    def typical(
        self,
        weight_kg: npt.ArrayLike,
        patients: Sequence[str] = ("typical",),
        *,
        parameter_draws: ModelDraws | None = None,
        has_antibodies: npt.ArrayLike = False,
        change_d: Sequence[npt.ArrayLike] | None = None,
    ) -> Parameters:
        """The parameters of the typical patient at a weight: one draw, or one per parameter draw.

        Args:
            weight_kg: see `draw`.
            patients: identifiers; one by default.
            parameter_draws: draws of the model's own numbers, from `draw_parameters`.
            has_antibodies: see `draw`.
            change_d: see `draw`.

        Raises:
            ValueError: see `draw`.
        """
        draws = 1 if parameter_draws is None else parameter_draws.draws
        return self._individual(
            weight_kg, tuple(patients), draws, None, parameter_draws, has_antibodies, change_d
        )

    def draw(
        self,
        weight_kg: npt.ArrayLike,
        patients: Sequence[str],
        draws: int,
        seed: int,
        *,
        parameter_draws: ModelDraws | None = None,
        has_antibodies: npt.ArrayLike = False,
        change_d: Sequence[npt.ArrayLike] | None = None,
    ) -> Parameters:
        """Parameters drawn from the spread between patients, independently for every patient.

        A parameter is its typical value times exp(eta), eta normal with variance ln(1 + CV^2), so
        that the typical value is the median. Each patient and parameter has a stream of its own:
        who else is in the batch changes nothing, and more draws keep the first ones. Correlated
        effects are made from these streams by the Cholesky factor of their correlation matrix.

        Args:
            weight_kg: one weight, or an array with the axes patients; patients, segments; or
                patients, draws, segments (see `Parameters` for segments).
            patients: identifier of each patient.
            draws: number of draws for each patient.
            seed: the seed of the analysis.
            parameter_draws: draws of the model's own numbers, at least `draws` of them; draw k of
                every patient uses the k-th.
            has_antibodies: whether persistent antibodies speed the linear elimination up; axes as for
                `weight_kg`.
            change_d: for each patient the days from which the segments hold; without it those of the doses.

        Raises:
            ValueError: a weight is not positive, the array does not fit the patients, the parameter
                draws are of another model or too few, or the model does not say what antibodies do.
        """
        return self._individual(
            weight_kg, tuple(patients), draws, seed, parameter_draws, has_antibodies, change_d
        )

    def draw_parameters(self, draws: int, seed: int) -> ModelDraws:
        """The model's typical values, exponents and spreads, drawn from their published intervals.

        The numbers are keyed by (seed, model, number); more draws keep the first ones. What was
        fixed or has no interval keeps its value and is named in the result.

        Args:
            draws: number of draws, at least 1.
            seed: the seed of the analysis.

        Raises:
            ValueError: fewer than one draw.
        """
        wanted = {
            key: figure
            for key, figure in self.figures.items()
            if key.split(".")[0] in PARAMETER_NAMES and "." in key
        }
        return draw_numbers(self.name, self.digest, wanted, draws, seed)

    def _individual(
        self,
        weight_kg: npt.ArrayLike,
        patients: tuple[str, ...],
        draws: int,
        seed: int | None,
        drawn_numbers: ModelDraws | None,
        has_antibodies: npt.ArrayLike,
        change_d: Sequence[npt.ArrayLike] | None,
    ) -> Parameters:
        relative = on_all_axes(weight_kg, len(patients), draws) / self.reference_weight.value
        drawn = {} if drawn_numbers is None else drawn_numbers.of(self.name, self.digest, draws)
        uptake = self if "depot" in self.structure.inputs else load_model(DEFAULT_MODEL)
        arrays = individuals(self.parameters, self.correlations, relative, patients, draws, seed, drawn)
        for name in (name for name in PARAMETER_NAMES if name not in arrays):
            other = NEUTRAL.get(name)
            value = uptake.figures[f"{name}.typical"].value if other is None else other
            arrays[name] = np.full((1, 1, 1), value)
        if np.any(has_antibodies):
            if self.antibody_clearance_factor is None:
                raise ValueError(f"the model {self.name!r} does not say what antibodies do to the clearance")
            faster = np.where(has_antibodies, self.antibody_clearance_factor.value, 1.0)
            arrays["clearance"] = arrays["clearance"] * on_all_axes(
                faster, len(patients), draws, "has_antibodies"
            )
        lag = uptake.absorption_lag
        return Parameters(
            patients=patients,
            lag_d=0.0 if lag is None else lag.value / 24.0,
            change_d=None if change_d is None else tuple(np.asarray(d, dtype=float) for d in change_d),
            **arrays,
        )


def load_model(name: str = DEFAULT_MODEL, *, for_use: Purpose = "prediction") -> PkModel:
    """A published model by its name, or one of your own by the path of its file.

    Args:
        name: a name from `model_names`, or a path that ends with `.toml`.
        for_use: what it is for: a prediction, a cross-check beside one, or prior knowledge.

    Raises:
        UnknownNameError: there is no such model.
        ModelUseError: the model's file rules this use out.
        InputError: its file is missing or damaged, or one of your own takes a published name; names
            the file and the field.
    """
    model = model_card(name)
    if model.use not in _ADMITS[for_use]:
        others = ", ".join(model_names(for_use))
        raise ModelUseError(
            f"the model {model.name!r} is not for {for_use} (its use is {model.use!r}): {model.use_reason} "
            f"Models for {for_use}: {others}."
        )
    return model


def model_card(name: str) -> PkModel:
    """A model to look at, whatever its use; what it predicts is another matter, see `load_model`.

    Raises:
        UnknownNameError: there is no such model.
        InputError: see `load_model`.
    """
    if name.endswith(_SUFFIX):
        return _own(Path(name))
    if name not in card_names():
        raise UnknownNameError("pharmacokinetic model", name, card_names())
    return _shipped(name)


def model_names(for_use: Purpose = "prediction") -> tuple[str, ...]:
    """The names of the models that may be chosen for a use, the default first."""
    return tuple(name for name in card_names() if _shipped(name).use in _ADMITS[for_use])


def card_names() -> tuple[str, ...]:
    """The names of all models in the library, also of those not for prediction, the default first."""
    names = sorted(file.name.removesuffix(_SUFFIX) for file in _library())
    return (DEFAULT_MODEL, *(name for name in names if name != DEFAULT_MODEL))


def read_model(file: Traversable) -> PkModel:
    """A model read from a file, for example one of your own.

    Raises:
        InputError: the file is not a complete model; names the file and every wrong field.
    """
    return read_figures(PkModel, file).model_copy(update={"digest": digest_of(file)})


def _own(path: Path) -> PkModel:
    """A user's model; it may not pass for a published one."""
    model = read_model(path)
    if model.name in card_names() and model.digest != _shipped(model.name).digest:
        raise InputError(
            Problem(
                f"a published model is called {model.name!r} and has other numbers; choose another name",
                path.name,
                column="name",
                value=model.name,
            )
        )
    return model


@cache
def _shipped(name: str) -> PkModel:
    return read_model(next(file for file in _library() if file.name == name + _SUFFIX))


def _library() -> list[Traversable]:
    folder = files("wearoff").joinpath("dosing", "pk", "library")
    return [file for file in folder.iterdir() if file.name.endswith(".toml")]
