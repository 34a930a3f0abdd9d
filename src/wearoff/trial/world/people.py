"""Who the virtual patients are: covariates from stated distributions, correlated, each patient by an index.

Behind every covariate stands one standard normal number of the patient; the numbers are correlated by the factor of
`people.toml` (a Gaussian copula), and the covariate is the quantile of its distribution there. What a patient is does
not hang on who else is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from wearoff.dosing.pk.virtual import patient_normals
from wearoff.trial.protocol import COVARIATES

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.trial.world.people_file import PeopleFile

__all__ = ["Covariates", "draw_covariates", "whole_edss"]

_YOUNGEST_ONSET = 10.0  # years of age
_LOWEST_STEP = 0.75  # below it the EDSS is 0, because there is no 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """What is known of patients at entry, in the units of `People`; `jcv_index` is NaN where negative.

    Attributes:
        weight_kg, height_cm, is_female, age, edss, jcv_index, ms_years, treatment_years, has_antibodies: one entry
            for each patient.
    """

    weight_kg: Float[np.ndarray, " patients"]
    height_cm: Float[np.ndarray, " patients"]
    is_female: Bool[np.ndarray, " patients"]
    age: Float[np.ndarray, " patients"]
    edss: Float[np.ndarray, " patients"]
    jcv_index: Float[np.ndarray, " patients"]
    ms_years: Float[np.ndarray, " patients"]
    treatment_years: Float[np.ndarray, " patients"]
    has_antibodies: Bool[np.ndarray, " patients"]


def draw_covariates(
    numbers: PeopleFile, population: Literal["stable", "starter"], seed: int, first: int, count: int
) -> Covariates:
    """Patients from the stated distributions.

    Args:
        numbers: the distributions.
        population: `stable` or `starter`.
        seed: the seed of the draws.
        first: index of the first patient.
        count: how many.
    """
    share = _shares(numbers, seed, first, count)
    is_starter = population == "starter"
    positive = (numbers.jcv_positive.starter if is_starter else numbers.jcv_positive.stable).value
    antibodies = (numbers.antibodies.starter if is_starter else numbers.antibodies.stable).value
    is_positive = share["jcv_index"] > 1.0 - positive
    among = np.where(is_positive, (share["jcv_index"] - (1.0 - positive)) / max(positive, 1e-300), 0.5)
    age = numbers.age.quantile(share["age"])
    treated = np.zeros(count) if is_starter else numbers.treatment_years.quantile(share["treatment_years"])
    ms_years = np.maximum(numbers.ms_years.quantile(share["ms_years"]), treated)
    return Covariates(
        weight_kg=numbers.weight_kg.quantile(share["weight_kg"]),
        height_cm=numbers.height_cm.quantile(share["height_cm"]),
        is_female=share["is_female"] > 1.0 - numbers.female.value,
        age=age,
        edss=whole_edss(
            (numbers.edss.starter if is_starter else numbers.edss.stable).quantile(share["edss"])
        ),
        jcv_index=np.where(is_positive, numbers.jcv_index.quantile(among), np.nan),
        # nobody falls ill as a child, and nobody is treated before
        ms_years=np.minimum(ms_years, np.maximum(age - _YOUNGEST_ONSET, 0.3)),
        treatment_years=np.minimum(treated, np.maximum(age - _YOUNGEST_ONSET, 0.3)),
        has_antibodies=share["has_antibodies"] > 1.0 - antibodies,
    )


def whole_edss(edss: Float[np.ndarray, " patients"]) -> Float[np.ndarray, " patients"]:
    """The EDSS on its scale: 0, 1, and from there to 10 in steps of a half."""
    found = np.round(2.0 * edss) / 2.0
    return np.asarray(np.where(edss < _LOWEST_STEP, 0.0, np.maximum(found, 1.0)).clip(0.0, 10.0))


def _shares(
    numbers: PeopleFile, seed: int, first: int, count: int
) -> dict[str, Float[np.ndarray, " patients"]]:
    """For every covariate the share of people below each patient."""
    from scipy.special import ndtr  # a tenth of a second that importing this need not wait for

    alone = [patient_normals(seed, f"trial:{name}", first, count) for name in COVARIATES]
    factor = numbers.factor
    found = {}
    for row, name in enumerate(COVARIATES):
        # term by term, so that a patient does not depend on how many there are
        number = np.zeros(count)
        for column in range(row + 1):
            if factor[row, column]:
                number = number + factor[row, column] * alone[column]
        found[name] = np.asarray(ndtr(number))
    return found
