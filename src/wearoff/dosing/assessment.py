"""What is said of one patient, as values: under each model, over time, under another weight, and all together.

`assess.py` makes them; every face shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wearoff.dosing.compared_policies import PolicyFinding
from wearoff.dosing.decline import Decline, Delay, Holding, Washout
from wearoff.dosing.fit.diagnostics import LevelFit, OccupancyFit
from wearoff.dosing.fit.posterior import Posterior
from wearoff.dosing.fit.several import Averaged
from wearoff.dosing.intervals import IntervalOption, Target
from wearoff.dosing.pk.models import PkModel

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float

    from wearoff.dosing.fit.patient import Patient


@dataclass(frozen=True, slots=True, eq=False)
class ModelFit:
    """One patient under one model.

    Attributes:
        model: the model.
        weight: its probability after the levels; all models begin with the same.
        posterior: the draws of the patient's parameters.
        options: every candidate interval under this model alone.
        levels: each level beside its prediction before and after the fit.
        pulls: by how much each measurement alone moves each parameter: with all over without this one, less 1, shape
            [measurements, effects]; occupancies that enter the fit follow the levels.
        individual: by parameter, what is known of the patient at his weight of today.
        remaining: by parameter, the share of the spread between patients (variance) that the levels leave.
        outside: why the model's data do not reach this patient; empty where they do.
    """

    model: PkModel
    weight: float
    posterior: Posterior
    options: tuple[IntervalOption, ...]
    levels: LevelFit
    pulls: Float[np.ndarray, "measurements effects"]
    individual: Mapping[str, Individual]
    remaining: Mapping[str, float]
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Individual:
    """One parameter of a patient at his weight of today, in the unit of the model.

    Attributes:
        typical: of the typical patient of that weight.
        most_probable: after the levels.
        drawn: quantiles of the draws after the levels by name.
    """

    typical: float
    most_probable: float
    drawn: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The level over time: the past since the last few doses, then the decline while no other dose is given.

    Attributes:
        day: days since the first dose, shape [times].
        is_future: whether the time is after today.
        typical: the typical patient of this weight, before any level, under the model that weighs most, mg/L.
        level: quantiles of the level after the fit by name, mg/L, each of shape [times].
        saturation: quantiles of the saturation by name under each curve, each of shape [times].
    """

    day: Float[np.ndarray, " times"]
    is_future: Bool[np.ndarray, " times"]
    typical: Float[np.ndarray, " times"]
    level: Mapping[str, Float[np.ndarray, " times"]]
    saturation: Mapping[str, Mapping[str, Float[np.ndarray, " times"]]]


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """The same patient with another weight from today on.

    Attributes:
        weight_kg: the weight.
        options: every candidate interval under it.
    """

    weight_kg: float
    options: tuple[IntervalOption, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """All that is said of one patient.

    Attributes:
        patient: who.
        target: the user's floor and rule; None without.
        fits: the patient under each model, the one that weighs most first.
        after: the models averaged.
        options: every candidate interval, in the order asked for; none is preferred.
        delays: what doses some days late would mean, interval by interval.
        decline: level and saturation week by week after the last dose without another.
        holding: how long the floor holds after the last dose without another; None without a floor.
        falls: for each value that the user asked about, how long level or saturation stays at or above it after the
            last dose without another; a saturation under every curve.
        what_if: the options under another weight; None where none was asked for.
        policies: where the published policies arrive under the floor as their aim; none without a concentration as
            a floor.
        exchange: what three sessions of plasma exchange begun today would leave.
        occupancies: each measured occupancy beside the saturation predicted under every curve.
        course: the level over time.
        cautions: what limits the answer, each a sentence.
        seed: the seed of every drawn number.
    """

    patient: Patient
    target: Target | None
    fits: tuple[ModelFit, ...]
    after: Averaged
    options: tuple[IntervalOption, ...]
    delays: tuple[Delay, ...]
    decline: Decline
    holding: Holding | None
    falls: tuple[tuple[Target, Holding], ...]
    what_if: WhatIf | None
    policies: tuple[PolicyFinding, ...]
    exchange: Washout
    occupancies: OccupancyFit
    course: Course
    cautions: tuple[str, ...]
    seed: int

    @property
    def main(self) -> ModelFit:
        """The patient under the model that weighs most."""
        return self.fits[0]

    @property
    def provenance(self) -> dict[str, str]:
        """The digest of the patient, the models with their digests, the seed and the version."""
        from wearoff import __version__

        models = {f"model_sha256_{fit.model.name}": fit.model.digest for fit in self.fits}
        numbers = {"seed": str(self.seed), "draws": str(self.after.draws), "wearoff": __version__}
        return {**self.patient.provenance, **models, **numbers}
