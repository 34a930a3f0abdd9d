"""Where virtual patients come from: stated distributions, or the rows of a recorded cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wearoff.errors import InputError, Problem
from wearoff.trial.world.people import Covariates, draw_covariates
from wearoff.trial.world.people_file import load_people

if TYPE_CHECKING:
    from wearoff.cohort.records.cohort import Cohort
    from wearoff.trial.protocol import Patients

__all__ = ["recruit"]


def recruit(patients: Patients, cohort: Cohort | None, seed: int, first: int, count: int) -> Covariates:
    """Patients by their index, from the source that a protocol names.

    Args:
        patients: the source and the population.
        cohort: the recorded cohort, where rows are drawn from one.
        seed: the seed of the draws.
        first: index of the first patient.
        count: how many.

    Raises:
        InputError: rows are to be drawn and no cohort is given, or it lacks what is needed.
    """
    numbers = load_people(patients.numbers)
    drawn = draw_covariates(numbers, patients.population, seed, first, count)
    if patients.source == "drawn":
        return drawn
    if cohort is None:
        reason = "patients are drawn from a recorded cohort, and none is given; name its folder"
        raise InputError(Problem(reason, column="patients.folder"))
    from wearoff.trial.world.resample import recorded_people  # loads polars

    return recorded_people(cohort).drawn(drawn, seed, first)
