"""Virtual patients with measured troughs: what a policy has to go by, beside the truth it does not see.

Everyone is treated every 4 weeks and has two measured troughs; from weight and troughs a fit estimates each
patient's parameters. Random numbers are keyed by (seed, patient, purpose), so that more patients keep the first ones
and every policy meets the same measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.policies import Known, Policy, policy_card
from wearoff.dosing.regimen import every
from wearoff.dosing.settled import SettledTroughs, settled_after
from wearoff.dosing.streams import stream

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.pk.models import PkModel

WEIGHT_MEAN_KG, WEIGHT_SD_KG = 79.0, 20.0  # P103 and P104: 79.7 SD 19.6 and 78.6 SD 20.3
DOSES = 14  # 4-weekly infusions; before the last two the troughs are measured
LATER_DOSES = 8  # infusions at a new interval, until its trough is measured
MOST_DECISIONS = 10
_LEAST = 0.01  # of the level; a measurement is positive


@dataclass(frozen=True, slots=True, eq=False)
class VirtualCohort:
    """Virtual patients with two measured troughs at the standard interval.

    Attributes:
        model: the model they are drawn from and fitted with.
        names: identifiers, which key the random numbers.
        weight_kg: weights.
        truth: the troughs that their own parameters settle to.
        predicted: those of the parameters estimated from weight and troughs.
        measured: the two troughs, mg/L.
        noise: standard normal numbers for further measurements of each patient.
        residual_cv: proportional residual error of a measurement.
        seed: the seed of the draws.
    """

    model: PkModel
    names: tuple[str, ...]
    weight_kg: Float[np.ndarray, " patients"]
    truth: SettledTroughs
    predicted: SettledTroughs
    measured: Float[np.ndarray, "patients 2"]
    noise: Float[np.ndarray, "patients measurements"]
    residual_cv: float
    seed: int

    def measure(self, level: Float[np.ndarray, " patients"], number: int) -> Float[np.ndarray, " patients"]:
        """A measurement of everyone's level, mg/L, by its number from 0."""
        return np.asarray(level * np.maximum(1.0 + self.residual_cv * self.noise[:, number], _LEAST))


def standard_weeks() -> float:
    """The interval at which everyone begins, weeks."""
    return policy_card("trough_guided_tree").settings["begin"].value


def draw_cohort(
    model: PkModel,
    patients: int,
    seed: int,
    *,
    residual_cv: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> VirtualCohort:
    """Virtual patients treated every 4 weeks, their two measured troughs, and what a fit makes of these.

    Args:
        model: the model to draw from and to fit.
        patients: how many, at least 2.
        seed: the seed of the draws.
        residual_cv: proportional error of a measurement; by default that of the model.
        progress: as for `fit_map`, which takes most of the time.

    Raises:
        ValueError: fewer than two patients.
    """
    from wearoff.dosing.pk.population import simulate_population  # loads JAX
    from wearoff.dosing.pk.virtual import truncated_weights

    if patients < 2:
        raise ValueError("a cohort has at least 2 patients")
    names = tuple(f"virtual {index}" for index in range(1, patients + 1))
    normal = np.array([stream(seed, name, "weight").standard_normal() for name in names])
    weight = truncated_weights(WEIGHT_MEAN_KG, WEIGHT_SD_KG, *model.domain.weight_kg)(normal)
    parameters = model.draw(weight, names, 1, seed)
    numbers = 2 + 1 + 2 * MOST_DECISIONS
    noise = np.stack([stream(seed, name, "measurement").standard_normal(numbers) for name in names])
    cv = model.residual_proportional.value if residual_cv is None else residual_cv
    trough = simulate_population(parameters, every(standard_weeks(), times=DOSES)).trough[:, -2:]
    measured = trough * np.maximum(1.0 + cv * noise[:, :2], _LEAST)
    return VirtualCohort(
        model=model,
        names=names,
        weight_kg=weight,
        truth=SettledTroughs(parameters),
        predicted=_fitted(model, names, weight, measured, None, None, progress),
        measured=measured,
        noise=noise[:, 2:],
        residual_cv=cv,
        seed=seed,
    )


def arrive(policy: Policy, cohort: VirtualCohort) -> Float[np.ndarray, " patients"]:
    """The interval, weeks, at which each patient stays.

    After every decision that changes an interval two settled troughs are measured at the new one. Who stays is not
    measured again, or chance alone would move everyone in the end.

    Args:
        policy: the rule.
        cohort: the patients.
    """
    interval, trough = np.full(len(cohort.names), standard_weeks()), cohort.measured
    for decision in range(MOST_DECISIONS):
        decided = policy.decide(Known(interval, trough, cohort.predicted)).interval_weeks
        has_moved = decided != interval
        if not has_moved.any():
            break
        interval = decided
        level = cohort.truth.settled(interval)
        new = [cohort.measure(level, 1 + 2 * decision + index) for index in range(2)]
        trough = np.where(has_moved[:, None], np.stack(new, axis=1), trough)
    return interval


def refitted(
    cohort: VirtualCohort,
    interval_weeks: Float[np.ndarray, " patients"],
    later: Float[np.ndarray, " patients"],
    progress: Callable[[int, int], None] | None = None,
) -> SettledTroughs:
    """The settled troughs of the parameters estimated once a trough at a later interval is known as well.

    Args:
        cohort: the patients, with their 4-weekly troughs.
        interval_weeks: the interval of each later on.
        later: the settled trough measured at it, mg/L.
        progress: as for `fit_map`.
    """
    return _fitted(
        cohort.model, cohort.names, cohort.weight_kg, cohort.measured, interval_weeks, later, progress
    )


def _fitted(
    model: PkModel,
    names: Sequence[str],
    weight_kg: Float[np.ndarray, " patients"],
    measured: Float[np.ndarray, "patients 2"],
    interval_weeks: Float[np.ndarray, " patients"] | None,
    later: Float[np.ndarray, " patients"] | None,
    progress: Callable[[int, int], None] | None,
) -> SettledTroughs:
    """What a fit makes of two 4-weekly troughs, and of a later one at another interval where there is one."""
    from wearoff.dosing.fit.map import fit_map  # loads JAX when it is called
    from wearoff.dosing.fit.subject import Subject

    first = every(standard_weeks(), times=DOSES)
    regimens, days, levels = [first] * len(names), [first.start_d[-2:]] * len(names), measured
    if interval_weeks is not None and later is not None:
        each = {
            weeks: first.then(every(weeks, times=LATER_DOSES), after_weeks=weeks)
            for weeks in np.unique(interval_weeks).tolist()
        }
        regimens = [each[weeks] for weeks in interval_weeks.tolist()]
        days = [regimen.start_d[[DOSES - 2, DOSES - 1, -1]] for regimen in regimens]
        levels = np.column_stack((measured, later))
    subjects = [
        Subject.of(name, regimen, float(kg), at.tolist(), found.tolist())
        for name, regimen, kg, at, found in zip(names, regimens, weight_kg, days, levels, strict=True)
    ]
    return settled_after(model, subjects, fit_map(model, subjects, progress=progress))
