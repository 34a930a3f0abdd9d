"""A large population to measure patients against: what is average, what is low, and who would wear off.

Thresholds and standard deviations must not hang on how many patients are simulated. They are those of one keyed sample
of the same people under the published numbers, drawn once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.virtual import patient_normals, patient_uniforms
from wearoff.trial.world.people import Covariates
from wearoff.trial.world.recruit import recruit
from wearoff.trial.world.wearing_off import cuts_of, wearing_off_of

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.cohort.records.cohort import Cohort
    from wearoff.trial.protocol import Patients, World

__all__ = ["REFERENCE", "REFERENCE_SEED", "Reference", "reference_of"]

REFERENCE = 8192
"""People in the sample; a share of 20 % lies within 0.5 percentage points of that of everyone."""
REFERENCE_SEED = 20200106


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The sample.

    Attributes:
        covariates: of its people.
        frailty: the normal number behind the lesions of each.
        wearing_off: true wearing-off of each.
        mean, sd: of the saturation at the end of settled 4-weekly intervals; 0 and 1 where nothing hangs on it.
        cuts: thresholds of wearing-off.
    """

    covariates: Covariates
    frailty: Float[np.ndarray, " people"]
    wearing_off: Int[np.ndarray, " people"]
    mean: float
    sd: float
    cuts: tuple[float, float]

    def drive(
        self, strength: float, saturation: Float[np.ndarray, " patients"] | None, patients: int
    ) -> Float[np.ndarray, " patients"]:
        """What drives wearing-off: strength times the standard deviations by which saturation is lower than average.

        Args:
            strength: of `World`.
            saturation: of patients; None where wearing-off is independent of it.
            patients: how many.
        """
        if saturation is None:
            return np.zeros(patients)
        return np.asarray(strength * (self.mean - saturation) / self.sd)


@lru_cache(maxsize=16)
def reference_of(patients: Patients, world: World, cohort: Cohort | None = None) -> Reference:
    """The sample of a population in a world.

    Args:
        patients: where people come from.
        world: what is true of them.
        cohort: the recorded cohort, where rows are drawn from one.
    """
    people = recruit(patients, cohort, REFERENCE_SEED, 0, REFERENCE)
    saturation = None
    mean, sd = 0.0, 1.0
    if world.wearing_off == "low_occupancy":
        from wearoff.dosing.pk.weekly import WeeklyLevels  # loads JAX
        from wearoff.trial.world.levels import parameters_of
        from wearoff.trial.world.treatment import run_in

        levels = WeeklyLevels(parameters_of(world.model, people, REFERENCE_SEED, 0, None))
        run_in(levels)
        is_solved = levels.status == 0
        saturation = load_curve(world.curve).saturation(np.maximum(levels.level, 0.0))
        mean, sd = float(saturation[is_solved].mean()), float(saturation[is_solved].std())
    unit = Reference(people, np.zeros(0), np.zeros(0, dtype=np.int64), mean, sd, (0.0, 0.0))
    drive = unit.drive(world.strength, saturation, REFERENCE)
    cuts = cuts_of(world, drive)
    chance = patient_uniforms(REFERENCE_SEED, "trial:wearing-off", 0, REFERENCE)
    frailty = patient_normals(REFERENCE_SEED, "activity:lesion frailty", 0, REFERENCE)
    return Reference(people, frailty, wearing_off_of(drive, cuts, chance), mean, sd, cuts)
