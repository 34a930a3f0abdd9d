"""What several figures of the scoreboard share, each computed once and only when a figure asks for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from wearoff.dosing.streams import stream
from wearoff.dosing.virtual_troughs import WEIGHT_MEAN_KG, WEIGHT_SD_KG

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.pk.models import Parameters, PkModel
    from wearoff.dosing.pk.population import PopulationSteadyState
    from wearoff.dosing.published_dosing import Recomputation
    from wearoff.dosing.virtual_activity import Population, VirtualActivity, Watch

Progress = Callable[[int, int], None]
TYPICAL_KG: Final = 75.0


class Simulations:
    """Virtual patients with the weights of a trial, and what regimens come to in them.

    Args:
        model: the model that is checked.
        patients: virtual patients, at least 2.
        policy_patients: those behind the recomputed policies, which are fitted one by one.
        seed: the seed of every drawn number.
        progress: called with the patients fitted and their number in all.

    Raises:
        ValueError: fewer than two patients.
    """

    def __init__(
        self, model: PkModel, patients: int, policy_patients: int, seed: int, progress: Progress | None = None
    ) -> None:
        if min(patients, policy_patients) < 2:
            raise ValueError("the scoreboard needs at least 2 virtual patients")
        self.model = model
        self.patients = patients
        self.policy_patients = policy_patients
        self.seed = seed
        self._progress = progress
        self._steady: dict[float, PopulationSteadyState] = {}
        self._activity: dict[tuple[str, Population, float | None, Watch], VirtualActivity] = {}

    @cached_property
    def parameters(self) -> Parameters:
        """Everyone's parameters, drawn from the spread between patients at a trial's weights (P103, P104)."""
        from wearoff.dosing.pk.virtual import truncated_weights

        names = tuple(f"virtual {index}" for index in range(1, self.patients + 1))
        normal = np.array([stream(self.seed, name, "weight").standard_normal() for name in names])
        weight = truncated_weights(WEIGHT_MEAN_KG, WEIGHT_SD_KG, *self.model.domain.weight_kg)(normal)
        return self.model.draw(weight, names, 1, self.seed)

    @cached_property
    def typical(self) -> Parameters:
        """The typical patient of 75 kg."""
        return self.model.typical(TYPICAL_KG)

    @cached_property
    def noise(self) -> Float[np.ndarray, " patients"]:
        """What multiplies one measurement of each patient: 1 plus the model's proportional residual error."""
        cv = self.model.residual_proportional.value
        normal = [
            stream(self.seed, name, "measurement").standard_normal() for name in self.parameters.patients
        ]
        return np.maximum(1.0 + cv * np.array(normal), 0.01)

    def activity(
        self, curve: str, population: Population, weeks: float | None, watch: Watch
    ) -> VirtualActivity:
        """Lesions and relapses of as many people under a saturation curve, with its numbers as they stand.

        Args:
            curve: name of the saturation curve.
            population: `starter`, or `stable` with a 4-weekly dose on day 0.
            weeks: the interval from then on; None leaves starters untreated and lets stable people stop.
            watch: when they are looked at.

        Raises:
            ComputationError: the levels of somebody cannot be solved.
        """
        key = (curve, population, weeks, watch)
        if key not in self._activity:
            from wearoff.dosing.occupancy import load_curve
            from wearoff.dosing.pk.virtual import truncated_weights
            from wearoff.dosing.regimen import every
            from wearoff.dosing.virtual_activity import simulate_activity
            from wearoff.errors import ComputationError

            regimen = None
            if weeks is not None:
                first_d = 0.0 if population == "starter" else 7 * weeks
                regimen = every(weeks, times=int(np.ceil(watch.last_d / (7 * weeks)))).shifted(first_d)
            found = simulate_activity(
                self.model,
                truncated_weights(WEIGHT_MEAN_KG, WEIGHT_SD_KG, *self.model.domain.weight_kg),
                regimen,
                watch,
                self.patients,
                self.seed,
                load_curve(curve),
                population=population,
            )
            if found.failed:
                raise ComputationError(f"the levels of {found.failed} virtual patients cannot be solved")
            self._activity[key] = found
        return self._activity[key]

    def steady(self, weeks: float) -> PopulationSteadyState:
        """Trough and peak of everyone once 300 mg at this interval have settled.

        Raises:
            ComputationError: a patient does not settle; names him.
        """
        if weeks not in self._steady:
            from wearoff.dosing.pk.population import steady_population
            from wearoff.errors import ComputationError

            found = steady_population(self.parameters, weeks)
            if found.status.any():
                name = self.parameters.patients[int(np.flatnonzero(found.status)[0])]
                raise ComputationError(f"patient {name}: an infusion every {weeks:g} weeks does not settle")
            self._steady[weeks] = found
        return self._steady[weeks]

    @cached_property
    def policies(self) -> Recomputation:
        """The published figures of personal dosing, recomputed."""
        from wearoff.dosing.published_dosing import recompute

        return recompute(self.policy_patients, self.seed, model=self.model, progress=self._progress)
