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
    from jaxtyping import Bool, Float

    from wearoff.dosing.pk.models import PkModel
    from wearoff.dosing.regimen import Regimen
    from wearoff.dosing.schedule import Schedule

USUAL_INTERVAL_D = 28.0
_MOMENT_D = 1 / 86400.0  # a second after what comes all at once


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Who is given what.

    Attributes:
        patient: identifier; it keys the random numbers of a patient's copies.
        regimen: the doses.
        weight_kg: one weight, or one from each day of `weight_d` on, shape [changes].
        weight_sd: spread of the weight in the population, kg; 0 gives everyone the same.
        is_population: whether the virtual patients are people of a population, each keyed by an index, and
            not copies of one patient.
        weight_d: the days from which the weights hold, increasing; the first holds before it too.
        antibodies_from_d: the day from which persistent antibodies speed elimination up; infinite for never.
        schedule: what the solver follows in place of the regimen, where an event table says more than doses.

    Raises:
        ValueError: weights and days that do not fit together.
    """

    patient: str
    regimen: Regimen
    weight_kg: Float[np.ndarray, " changes"] | float
    weight_sd: float = 0.0
    is_population: bool = False
    weight_d: Float[np.ndarray, " changes"] | None = None
    antibodies_from_d: float = np.inf
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        days = (0,) if self.weight_d is None else self.weight_d.shape
        if np.ndim(self.weight_kg) and np.shape(self.weight_kg) != days:
            raise ValueError("several weights need the days from which they hold, as many")
        if not np.ndim(self.weight_kg) and self.weight_d is not None:
            raise ValueError("one weight has no days from which it holds")

    @property
    def given(self) -> Regimen | Schedule:
        """What the solver follows."""
        return self.regimen if self.schedule is None else self.schedule

    @property
    def change_d(self) -> Float[np.ndarray, " segments"]:
        """The days on which weight or antibodies change, the first of them that of the first weight."""
        begin = self.regimen.start_d[:1] if self.weight_d is None else self.weight_d
        if np.isfinite(self.antibodies_from_d) and self.antibodies_from_d > begin[0]:
            begin = np.append(begin, self.antibodies_from_d)
        return np.unique(begin)

    @property
    def weights_kg(self) -> Float[np.ndarray, " segments"]:
        """The weight from each day of `change_d` on."""
        return self.weight_at(self.change_d)

    @property
    def has_antibodies(self) -> Bool[np.ndarray, " segments"]:
        """Whether there are antibodies from each day of `change_d` on."""
        return np.asarray(self.change_d >= self.antibodies_from_d)

    def weight_at(self, days: Float[np.ndarray, " days"]) -> Float[np.ndarray, " days"]:
        """The weight from each of some days on, kg."""
        if self.weight_d is None:
            return np.full(np.shape(days), float(self.weight_kg))
        last = np.searchsorted(self.weight_d, days, side="right") - 1
        return np.asarray(self.weight_kg)[np.maximum(last, 0)]


def weights_of(plan: Plan, model: PkModel) -> Weights:
    """The weights of a population at the beginning, kg: normal, cut off where the model's weights end."""
    mean = float(plan.weights_kg[0])
    if not plan.weight_sd:
        return mean
    return truncated_weights(mean, plan.weight_sd, *model.domain.weight_kg)


def cut(plan: Plan, until_weeks: float | None) -> tuple[Plan, Float[np.ndarray, " times"]]:
    """The plan with the doses up to a week, and the days on which the level is wanted."""
    regimen, first = plan.regimen, plan.regimen.start_d[0]
    usual = regimen.start_d[-1] + (regimen.interval_d[-1] if regimen.number > 1 else USUAL_INTERVAL_D)
    last = usual if until_weeks is None else first + 7.0 * until_weeks
    regimen = regimen.before(last)
    jumps = np.concatenate((regimen.exchange_d, regimen.start_d[regimen.duration_d == 0]))
    others = np.concatenate((regimen.end_d, regimen.exchange_d, jumps + _MOMENT_D))
    others = others[(others > first) & (others < last)]
    times = np.unique(np.concatenate((np.arange(first, last), regimen.start_d, others, [last])))
    return replace(plan, regimen=regimen), times


def begins_settled(plan: Plan, times: Float[np.ndarray, " times"]) -> Bool[np.ndarray, " times"]:
    """For each time whether a steady state begins there, so that the level after its beginning is meant."""
    doses = () if plan.schedule is None else plan.schedule.doses
    return np.isin(times, [dose.time_d for dose in doses if dose.steady])


def outside(plan: Plan, model: PkModel, times: Float[np.ndarray, " times"]) -> Iterator[str]:
    """For each time why the prediction leaves the model's data; empty where it does not."""
    regimen, domain = plan.regimen, model.domain
    given = np.searchsorted(regimen.start_d, times, side="left")
    # what holds until a time, and not from it on
    weight = plan.weight_at(np.nextafter(times, -np.inf))
    (low, high), longest = domain.weight_kg, domain.longest_interval_weeks
    routes = ["SC" if is_subcutaneous else "IV" for is_subcutaneous in regimen.is_subcutaneous]
    for time, doses, kg in zip(times, given, weight, strict=True):
        last = max(int(doses) - 1, 0)
        reasons = []
        if not low <= kg <= high:
            reasons.append(f"weight {kg:g} kg outside {low:g} to {high:g} kg")
        if time - regimen.start_d[last] > 7.0 * longest + 1e-9:
            reasons.append(f"more than {longest:g} weeks after a dose")
        if time > plan.antibodies_from_d and not domain.antibodies:
            reasons.append("antibodies against the drug")
        if (regimen.exchange_d < time).any():
            reasons.append("plasma exchange before")
        reasons += [f"route {route}" for route in sorted(set(routes[: int(doses)]) - set(domain.routes))]
        yield "; ".join(reasons)
