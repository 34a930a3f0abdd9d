"""A plan: who is given what, until when, and where a model's data do not reach.

A plan is for the virtual patients of a population, or for virtual copies of one patient. It is cut at the end
asked for, and followed at every day and dose up to there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.virtual import Weights, truncated_weights

if TYPE_CHECKING:
    from jaxtyping import Float

    from wearoff.dosing.pk.models import PkModel
    from wearoff.dosing.regimen import Regimen

USUAL_INTERVAL_D = 28.0


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Who is given what.

    Attributes:
        patient: identifier; it keys the random numbers of a patient's copies.
        regimen: the doses.
        weight_kg: one weight, or one for each dose, shape [doses].
        weight_sd: spread of the weight in the population, kg; 0 gives everyone the same.
        is_population: whether the virtual patients are people of a population, each keyed by an index, and
            not copies of one patient.

    Raises:
        ValueError: a population with a weight for each dose.
    """

    patient: str
    regimen: Regimen
    weight_kg: Float[np.ndarray, " doses"] | float
    weight_sd: float = 0.0
    is_population: bool = False

    def __post_init__(self) -> None:
        if self.is_population and np.ndim(self.weight_kg):
            raise ValueError("a population has one mean weight, and not one for each dose")


def weights_of(plan: Plan, model: PkModel) -> Weights:
    """The weights of a population, kg: normal, cut off where the model's weights end."""
    if not plan.weight_sd:
        return float(plan.weight_kg)
    return truncated_weights(float(plan.weight_kg), plan.weight_sd, *model.domain.weight_kg)


def cut(plan: Plan, until_weeks: float | None) -> tuple[Plan, Float[np.ndarray, " times"]]:
    """The plan with the doses up to a week, and the days on which the level is wanted."""
    regimen, first = plan.regimen, plan.regimen.start_d[0]
    usual = regimen.start_d[-1] + (regimen.interval_d[-1] if regimen.number > 1 else USUAL_INTERVAL_D)
    last = usual if until_weeks is None else first + 7.0 * until_weeks
    regimen = regimen.before(last)
    weight = plan.weight_kg[: regimen.number] if isinstance(plan.weight_kg, np.ndarray) else plan.weight_kg
    ends = regimen.end_d[regimen.end_d < last]
    times = np.unique(np.concatenate((np.arange(first, last), regimen.start_d, ends, [last])))
    return replace(plan, regimen=regimen, weight_kg=weight), times


def outside(plan: Plan, model: PkModel, times: Float[np.ndarray, " times"]) -> Iterator[str]:
    """For each time why the prediction leaves the model's data; empty where it does not."""
    regimen, domain = plan.regimen, model.domain
    given = np.searchsorted(regimen.start_d, times, side="left")
    weight = np.broadcast_to(plan.weight_kg, regimen.start_d.shape)
    (low, high), longest = domain.weight_kg, domain.longest_interval_weeks
    routes = ["SC" if is_subcutaneous else "IV" for is_subcutaneous in regimen.is_subcutaneous]
    for time, doses in zip(times, given, strict=True):
        last = max(int(doses) - 1, 0)
        reasons = []
        if not low <= weight[last] <= high:
            reasons.append(f"weight {weight[last]:g} kg outside {low:g} to {high:g} kg")
        if time - regimen.start_d[last] > 7.0 * longest + 1e-9:
            reasons.append(f"more than {longest:g} weeks after a dose")
        reasons += [f"route {route}" for route in sorted(set(routes[: int(doses)]) - set(domain.routes))]
        yield "; ".join(reasons)
