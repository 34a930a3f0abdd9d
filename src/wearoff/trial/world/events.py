"""When lesions and relapses begin: Poisson processes of each patient, followed as his levels become known.

A patient's process has arrivals of its own in a time that runs with its rate: the k-th comes after the sum of k
exponential numbers, keyed by patient and k. When the rate changes, as under another policy, the same arrivals come
sooner or later, so that two policies meet the same luck. Lesions that a T2 scan shows and those that only gadolinium
shows are two processes; thinning one process makes the same two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.activity import ActivityNumbers, Kind
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.trafficking import free_share
from wearoff.dosing.turnover import turn_over_own
from wearoff.trial.truth import Events
from wearoff.trial.world.luck import Luck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float, Int

    from wearoff.dosing.occupancy import SaturationCurve
    from wearoff.dosing.pk.weekly import WeekLevels
    from wearoff.trial.protocol import Arm, World

__all__ = ["BEFORE_D", "Infiltrate", "Process", "Rate", "Stretch", "modelled_rates", "stated_rates"]

BEFORE_D = 60.0
"""Lesions of starters that begin so many days before entry may still enhance at entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Some patients over some time, at samples of their own.

    Attributes:
        where: their indices.
        day: of each sample, days from entry.
        area: integral of the infiltrate since the clock began, days.
    """

    where: Int[np.ndarray, " some"]
    day: Float[np.ndarray, "samples some"]
    area: Float[np.ndarray, "samples some"]


class Infiltrate:
    """The lesion-forming infiltrate of many patients, advanced with their levels.

    Args:
        curve: the saturation curve.
        numbers: one set for everybody, or one for each patient.
        patients: how many.
        start: infiltrate at the beginning: 1 without drug, about 0 after long treatment.
    """

    def __init__(self, curve: SaturationCurve, numbers: ActivityNumbers, patients: int, start: float) -> None:
        self._curve = curve
        self._exponent = np.broadcast_to(numbers.exponent, (patients,))
        self._rate = 1.0 / np.broadcast_to(numbers.infiltrate_d, (patients,))
        self._value = np.full(patients, start)
        self.area: Float[np.ndarray, " patients"] = np.zeros(patients)

    def restart(self) -> None:
        """Count the area from here on."""
        self.area = np.zeros_like(self.area)

    def advance(
        self, where: Int[np.ndarray, " some"], begin_d: Float[np.ndarray, " some"], week: WeekLevels
    ) -> Stretch:
        """A week of some patients.

        Args:
            where: their indices.
            begin_d: day on which the week of each begins.
            week: its levels.
        """
        level = np.where(np.isfinite(week.level), np.maximum(week.level, 0.0), 0.0)
        source = np.power(free_share(self._curve, level), self._exponent[where])
        found = turn_over_own(week.length_d, source, self._rate[where], self._value[where])
        area = self.area[where] + found.area
        self._value[where], self.area[where] = found.value[-1], area[-1]
        return Stretch(where, _days(begin_d, week), area)


@dataclass(frozen=True, slots=True, eq=False)
class Rate:
    """A rate that follows the infiltrate: one at X = 0, another at X = 1, straight between them.

    Attributes:
        left, off: events a year there, for each patient, with his frailty and all ratios.
    """

    left: Float[np.ndarray, " patients"]
    off: Float[np.ndarray, " patients"]

    def mean(self, stretch: Stretch, since_d: float) -> Float[np.ndarray, "samples some"]:
        """Expected events from a day on up to each sample."""
        left, off = self.left[stretch.where], self.off[stretch.where]
        return np.asarray((left * (stretch.day - since_d - stretch.area) + off * stretch.area) / YEAR_D)


@dataclass(slots=True, eq=False)
class Process:
    """One kind of events in all patients.

    Attributes:
        name: of the process; it keys the random numbers.
        seed: the seed.
        first: index of the first patient.
        rate: how it follows the infiltrate.
        since_d: the day from which it runs.
        first_d: day of each patient's first event from entry on; infinite before there is one.
    """

    name: str
    seed: int
    first: int
    rate: Rate
    since_d: float = 0.0
    first_d: Float[np.ndarray, " patients"] = field(init=False)
    _due: np.ndarray = field(init=False)
    _number: np.ndarray = field(init=False)
    _luck: Luck = field(init=False)
    _found: list[tuple[np.ndarray, np.ndarray]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        patients = self.rate.left.size
        self.first_d = np.full(patients, np.inf)
        self._number = np.zeros(patients, dtype=np.int64)
        self._luck = Luck(self.seed, self.first, patients)
        self._due = self._gap(np.arange(patients))

    def follow(self, stretch: Stretch) -> None:
        """Note the events of a stretch; the stretches of a patient follow one another."""
        where = stretch.where
        mean = self.rate.mean(stretch, self.since_d)
        hit = np.flatnonzero(mean[-1] >= self._due[where])
        while hit.size:
            patient, due = where[hit], self._due[where[hit]]
            curve, days = mean[:, hit], stretch.day[:, hit]
            after = (curve < due).sum(axis=0).clip(1, curve.shape[0] - 1)
            lane = np.arange(hit.size)
            low, high = curve[after - 1, lane], curve[after, lane]
            share = np.where(high > low, (due - low) / np.where(high > low, high - low, 1.0), 0.0).clip(0, 1)
            day = days[after - 1, lane] + share * (days[after, lane] - days[after - 1, lane])
            self._found.append((patient, day))
            self.first_d[patient] = np.where(day >= 0, np.minimum(self.first_d[patient], day), np.inf)
            self._number[patient] += 1
            self._due[patient] = due + self._gap(patient)
            hit = hit[mean[-1, hit] >= self._due[patient]]

    def events(self, from_d: float, until_d: float) -> Events:
        """The events from one day to another, sorted by patient and day."""
        patient = np.concatenate([np.zeros(0, dtype=np.int64), *(one for one, _ in self._found)])
        day = np.concatenate([np.zeros(0), *(one for _, one in self._found)])
        is_in = (day >= from_d) & (day <= until_d)
        return sorted_events(patient[is_in], day[is_in])

    def _gap(self, patient: np.ndarray) -> Float[np.ndarray, " some"]:
        """The exponential number before the next event of some patients."""
        return np.asarray(-np.log(self._luck.uniforms(self.name, patient, self._number[patient])))


def sorted_events(patient: Int[np.ndarray, " events"], day: Float[np.ndarray, " events"]) -> Events:
    """Events in order of patient and day."""
    order = np.lexsort((day, patient))
    return Events(patient[order], day[order])


def plain_stretch(
    where: Int[np.ndarray, " some"], begin_d: Float[np.ndarray, " some"], week: WeekLevels
) -> Stretch:
    """A week where the rate is constant and no infiltrate is needed."""
    day = _days(begin_d, week)[[0, -1]]
    return Stretch(where, day, np.zeros_like(day))


def modelled_rates(
    numbers: ActivityNumbers,
    frailty: Mapping[Kind, Float[np.ndarray, " patients"]],
    ratio: Float[np.ndarray, " patients"],
) -> dict[str, Rate]:
    """The rates of visible lesions, of those that only gadolinium shows, and of relapses, after the model.

    Args:
        numbers: one set for everybody, or one for each patient.
        frailty: of lesions under `t2`, of relapses under `relapse`.
        ratio: how many times as often events come in each.
    """
    left, off = numbers.rates("t2")
    seen_left, seen_off = numbers.rates("gd")
    extra = np.maximum(seen_left - left, 0.0), np.maximum(seen_off - off, 0.0)
    lesion, relapse = frailty["t2"] * ratio, frailty["relapse"] * ratio
    relapse_left, relapse_off = numbers.rates("relapse")
    return {
        "lesion": Rate(left * lesion, off * lesion),
        "gd lesion": Rate(extra[0] * lesion, extra[1] * lesion),
        "relapse": Rate(relapse_left * relapse, relapse_off * relapse),
    }


def stated_rates(
    world: World,
    arms: tuple[Arm, ...],
    arm: Int[np.ndarray, " patients"],
    ratio: Float[np.ndarray, " patients"],
) -> dict[str, Rate]:
    """Constant rates, -ln(1 - yearly activity), split into relapses and lesions; every lesion shows on a T2 scan.

    Args:
        world: with the yearly activity of those without wearing-off.
        arms: the arms.
        arm: of each patient.
        ratio: how many times as often events come in each.

    Raises:
        ValueError: no yearly activity is stated.
    """
    if world.yearly_activity is None:
        raise ValueError("stated activity needs world.yearly_activity")
    whole = -np.log1p(-world.yearly_activity) * ratio
    whole = whole * np.array([one.activity_ratio for one in arms])[arm]
    relapse, lesion = world.relapse_share * whole, (1.0 - world.relapse_share) * whole
    return {
        "lesion": Rate(lesion, lesion),
        "gd lesion": Rate(np.zeros_like(lesion), np.zeros_like(lesion)),
        "relapse": Rate(relapse, relapse),
    }


def _days(begin_d: np.ndarray, week: WeekLevels) -> Float[np.ndarray, "samples some"]:
    day = np.empty_like(week.level)
    day[0] = begin_d
    day[1:] = begin_d + np.cumsum(week.length_d, axis=0)
    return day
