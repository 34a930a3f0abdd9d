"""Virtual patients from drug to lesions: a population of any size under a regimen, seen by scans.

Patients are drawn and followed a block at a time. Every number of a patient is keyed by (seed, purpose, index), so that
the first thousand of a million are the thousand that a smaller population has, and two regimens meet the same people.
Two populations are kept apart, because their evidence is: *starters* begin the drug with full activity; *stable*
patients had a year of 4-weekly dosing without any lesion or relapse before day 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

import numpy as np

from wearoff.dosing.activity import (
    KINDS,
    ActivityNumbers,
    Kind,
    expected_events,
    infiltrate,
    typical_activity,
)
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.pk.virtual import draw_patients, patient_normals, patient_uniforms
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.trafficking import free_share

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from wearoff.dosing.occupancy import SaturationCurve
    from wearoff.dosing.pk.models import PkModel
    from wearoff.dosing.pk.population import PopulationLevels
    from wearoff.dosing.pk.virtual import Weights
    from wearoff.dosing.turnover import Turnover

Population = Literal["starter", "stable"]
RUN_IN_WEEKS = 4.0
RUN_IN_DOSES = 14
"""Infusions before and on day 0 of a stable patient: a year of 4-weekly dosing."""
_ZERO_EVERY_WEEKS = 4.0
_BLOCK = 4096
_FRAILTIES: tuple[Kind, ...] = ("t2", "relapse")
_MOST_EVENTS = 700.0  # in one window; beyond it exp(-mean) is 0


@dataclass(frozen=True, slots=True)
class Watch:
    """When a population is looked at, days from its day 0; events before the first day and after day 0 count with it.

    Attributes:
        t2_d: days of the T2 scans.
        gd_d: days of the Gd scans.
        relapse_d: days at which the relapses so far are counted.
    """

    t2_d: tuple[float, ...] = ()
    gd_d: tuple[float, ...] = ()
    relapse_d: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not any(self.days.values()):
            raise ValueError("a population must be looked at on a day at least")
        for name, days in self.days.items():
            if any(later <= day for day, later in zip((0.0, *days), days, strict=False)):
                raise ValueError(f"the days of {name} must increase, from after day 0")

    @property
    def days(self) -> dict[Kind, tuple[float, ...]]:
        """The days by kind."""
        return {"t2": self.t2_d, "gd": self.gd_d, "relapse": self.relapse_d}

    @property
    def last_d(self) -> float:
        """The last day of all."""
        return max(max(days, default=0.0) for days in self.days.values())


def usual_watch(years: int = 2) -> Watch:
    """Yearly T2 scans, monthly Gd scans (every 4 weeks) and relapses by the year."""
    ends = tuple(YEAR_D * year for year in range(1, years + 1))
    return Watch(ends, tuple(np.arange(28.0, ends[-1] + 1e-9, 28.0).tolist()), ends)


@dataclass(frozen=True, slots=True, eq=False)
class VirtualActivity:
    """What a population had, and what its average was expected to be.

    Attributes:
        population: `starter` or `stable`.
        curve: name of the saturation curve.
        watch: when it was looked at.
        counts: new events at each day of the watch by kind.
        expected: mean events then in a patient of average frailty and this level.
        seen: mean events that he would have had in the year before day 0, in which stable patients had none.
        failed: patients whose levels could not be solved; they are in no array.
        seed: the seed of the draws.
    """

    population: Population
    curve: str
    watch: Watch
    counts: Mapping[Kind, Int[np.ndarray, "patients days"]]
    expected: Mapping[Kind, Float[np.ndarray, "patients days"]]
    seen: Mapping[Kind, Float[np.ndarray, " patients"]]
    failed: int
    seed: int

    def share_with(self, kind: Kind, at_least: int = 1) -> float:
        """The share of patients with an event, or with so many at one look."""
        counts = self.counts[kind]
        return float((counts >= at_least).any(axis=1).mean())

    def mean(self, kind: Kind) -> float:
        """Mean events of a patient over the whole watch."""
        return float(self.counts[kind].sum(axis=1).mean())

    @property
    def without_activity(self) -> float:
        """The share of patients without a lesion at any scan and without a relapse."""
        active = [self.counts[kind].any(axis=1) for kind in KINDS]
        return float(1.0 - np.logical_or.reduce(active).mean())


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    day: Float[np.ndarray, " times"]
    level: Float[np.ndarray, "patients times"]
    is_solved: Bool[np.ndarray, " patients"]


def simulate_activity(
    model: PkModel,
    weights: Weights,
    regimen: Regimen | None,
    watch: Watch,
    patients: int,
    seed: int,
    curve: SaturationCurve,
    *,
    population: Population = "stable",
    numbers: ActivityNumbers | None = None,
    first: int = 0,
    accuracy: float = 1e-4,
    progress: Callable[[int, int], None] | None = None,
) -> VirtualActivity:
    """A population from drug to lesions and relapses.

    Args:
        model: the concentration model to draw patients from.
        weights: as for `draw_patients`.
        regimen: the doses from day 0 on, days counted from day 0. Stable patients had a dose on day 0, so that theirs
            come later. None, or no dose: starters stay untreated, stable patients stop. A plasma exchange counts from
            the next whole day on.
        watch: when they are looked at.
        patients: how many.
        seed: the seed of the draws.
        curve: the saturation curve.
        population: `starter` or `stable`.
        numbers: one set for everybody, or one for each patient; by default those of the file under this curve.
        first: index of the first patient.
        accuracy: of the levels, as for `simulate_population`.
        progress: called with the number of patients done and their total.

    Raises:
        ValueError: there are no patients, the sets of numbers do not fit them, or a dose of stable patients is not
            after day 0.
        UnknownNameError: no activity was fitted under the curve and no numbers are given.
    """
    if patients < 1:
        raise ValueError("there must be at least one patient")
    numbers = typical_activity(curve.name) if numbers is None else numbers
    if numbers.exponent.size not in {1, patients}:
        raise ValueError(f"{numbers.exponent.size} sets of numbers do not fit {patients} patients")
    given, begin = _given(regimen, population, watch.last_d)
    counts: dict[Kind, list[np.ndarray]] = {kind: [] for kind in KINDS}
    means: dict[Kind, list[np.ndarray]] = {kind: [] for kind in KINDS}
    before: dict[Kind, list[np.ndarray]] = {kind: [] for kind in KINDS}
    failed = 0
    for start in range(0, patients, _BLOCK):
        count = min(_BLOCK, patients - start)
        own = numbers if numbers.exponent.size == 1 else _part(numbers, slice(start, start + count))
        block = _levels(model, weights, given, first + start, count, seed, accuracy, watch.last_d)
        found = infiltrate(
            block.day, free_share(curve, block.level), own, 1.0 if population == "starter" else 0.0
        )
        seen = _seen(block.day, found, own, population, begin)
        frailty = draw_frailties(own, seen, first + start, count, seed)
        for kind, days in watch.days.items():
            if not days:
                mean = np.zeros((count, 0))
            else:
                edges = begin + np.array((0.0, *days))
                mean = expected_events(block.day, found, own, kind, edges)
            events = np.zeros(mean.shape, dtype=np.int32)
            for look in range(mean.shape[1]):
                chance = patient_uniforms(seed, f"activity:{kind}:{look}", first + start, count)
                events[:, look] = poisson(frailty[kind] * mean[:, look], chance)
            counts[kind].append(events[block.is_solved])
            means[kind].append(mean[block.is_solved])
            before[kind].append(seen[kind][block.is_solved])
        failed += int((~block.is_solved).sum())
        if progress is not None:
            progress(start + count, patients)
    return VirtualActivity(
        population=population,
        curve=curve.name,
        watch=watch,
        counts={kind: np.concatenate(found_) for kind, found_ in counts.items()},
        expected={kind: np.concatenate(found_) for kind, found_ in means.items()},
        seen={kind: np.concatenate(found_) for kind, found_ in before.items()},
        failed=failed,
        seed=seed,
    )


def poisson(
    mean: Float[np.ndarray, " patients"], chance: Float[np.ndarray, " patients"]
) -> Int[np.ndarray, " patients"]:
    """Poisson counts by inversion, so that each belongs to one uniform number.

    Args:
        mean: not negative, up to 700.
        chance: uniform numbers, above 0 and below 1.

    Raises:
        ValueError: a mean is not a number, negative or above 700.
    """
    if not ((mean >= 0) & (mean <= _MOST_EVENTS)).all():
        raise ValueError(f"the mean of a count must lie between 0 and {_MOST_EVENTS:g}")
    counts = np.zeros(mean.shape, dtype=np.int64)
    term = np.exp(-mean)
    which = np.flatnonzero(chance > term)
    m, u, term = mean[which], chance[which], term[which]
    below, count = term.copy(), 0
    while which.size:
        count += 1
        term = term * m / count
        below = below + term
        # past the mean a term that no longer adds anything ends the sum
        is_on = (u > below) & ((count < m) | (term > 1e-18))
        counts[which[~is_on]] = count
        which, m, u, term, below = which[is_on], m[is_on], u[is_on], term[is_on], below[is_on]
    return counts


def draw_frailties(
    numbers: ActivityNumbers,
    seen: Mapping[Kind, Float[np.ndarray, " patients"]],
    first: int,
    count: int,
    seed: int,
) -> dict[Kind, Float[np.ndarray, " patients"]]:
    """Gamma frailties of mean 1; those of stable patients given that the run-in showed neither lesion nor relapse.

    After H expected events of which none came, a gamma frailty of shape k and rate k has the rate k + H.

    Args:
        numbers: one set for everybody, or one for each patient.
        seen: H by kind; 0 where nothing was seen before.
        first: index of the first patient.
        count: how many.
        seed: the seed of the draws.
    """
    from scipy.special import gammaincinv, ndtr  # a tenth of a second that importing this need not wait for

    lesions = patient_normals(seed, "activity:lesion frailty", first, count)
    own = patient_normals(seed, "activity:relapse frailty", first, count)
    shared = numbers.frailty_correlation
    normal = {"t2": lesions, "relapse": shared * lesions + np.sqrt(1.0 - shared**2) * own}
    frailty = {
        kind: gammaincinv(numbers.shape(kind), ndtr(normal[kind])) / (numbers.shape(kind) + seen[kind])
        for kind in _FRAILTIES
    }
    # a lesion is a lesion, whichever scan shows it
    return {"t2": frailty["t2"], "gd": frailty["t2"], "relapse": frailty["relapse"]}


def population_samples(
    levels: PopulationLevels, regimen: Regimen, until_d: float
) -> tuple[Float[np.ndarray, " times"], Float[np.ndarray, "patients times"]]:
    """The daily levels of a population with the level at the end of each infusion between them.

    Without it the saturation would seem to climb through the whole day of an infusion. Levels under the skin rise
    slowly, so that the days are enough. The mean of new lesions on the drug lies within 2 % of what a grid fifty times
    as fine gives.

    Args:
        levels: daily levels of the population, from the first dose on.
        regimen: its doses.
        until_d: the last day that is wanted.

    Raises:
        ValueError: no daily levels are there.
    """
    if levels.day is None or levels.daily is None:
        raise ValueError("daily levels are needed")
    is_infused = ~regimen.is_subcutaneous & (regimen.dose_mg > 0)
    # just before each dose as well, unless it begins on a whole day
    day = np.concatenate((levels.day, regimen.start_d, regimen.end_d[is_infused]))
    level = np.concatenate((levels.daily.T, levels.trough.T, levels.peak.T[is_infused]))
    order = np.argsort(day, kind="stable")
    order = order[day[order] <= np.ceil(until_d) + 1e-9]
    return day[order], level[order].T


def _given(regimen: Regimen | None, population: Population, last_d: float) -> tuple[Regimen | None, float]:
    """Everything given, with skipped doses up to the last day, and the day of it that is day 0."""
    if regimen is not None and not regimen.number:
        regimen = None
    if population == "starter":
        if regimen is not None and regimen.start_d[0] != 0:
            raise ValueError("the first dose of starters is on day 0")
        return (None if regimen is None else _covering(regimen, last_d)), 0.0
    run_in = every(RUN_IN_WEEKS, times=RUN_IN_DOSES)
    begin = float(run_in.start_d[-1])
    if regimen is not None:
        if regimen.start_d[0] <= 0:
            raise ValueError("stable patients have a dose on day 0; the next one comes later")
        run_in = run_in.then(regimen, after_weeks=float(regimen.start_d[0]) / 7.0)
    return _covering(run_in, begin + last_d), begin


def _covering(regimen: Regimen, until_d: float) -> Regimen:
    """The regimen with doses of nothing after it, so that the levels are known until a day."""
    missing = int(np.ceil((until_d - regimen.start_d[-1]) / (7 * _ZERO_EVERY_WEEKS)))
    if missing < 1:
        return regimen
    return regimen.then(every(_ZERO_EVERY_WEEKS, 0.0, missing), after_weeks=_ZERO_EVERY_WEEKS)


def _levels(
    model: PkModel,
    weights: Weights,
    given: Regimen | None,
    first: int,
    count: int,
    seed: int,
    accuracy: float,
    last_d: float,
) -> _Block:
    """The levels of one block, those of an unsolved patient as without drug."""
    if given is None:
        day = np.arange(0.0, np.ceil(last_d) + 1)
        return _Block(day, np.zeros((count, day.size)), np.ones(count, dtype=bool))
    from wearoff.dosing.pk.population import simulate_population  # loads JAX

    parameters = draw_patients(model, weights, first, count, seed)
    found = simulate_population(parameters, given, accuracy=accuracy, daily=True)
    day, level = population_samples(found, given, np.inf)
    is_solved = found.status == 0
    return _Block(day, np.where(is_solved[:, None], np.maximum(level, 0.0), 0.0), is_solved)


def _seen(
    day: Float[np.ndarray, " times"],
    found: Turnover,
    numbers: ActivityNumbers,
    population: Population,
    begin: float,
) -> dict[Kind, Float[np.ndarray, " patients"]]:
    """Mean events in the run-in of stable patients; a Gd scan shows the lesions of a T2 scan, which count once."""
    if population == "starter":
        return {kind: np.zeros(found.value.shape[0]) for kind in KINDS}
    run_in = np.array([day[0], begin])
    seen = {kind: expected_events(day, found, numbers, kind, run_in)[:, 0] for kind in _FRAILTIES}
    return {"t2": seen["t2"], "gd": seen["t2"], "relapse": seen["relapse"]}


def _part(numbers: ActivityNumbers, here: slice) -> ActivityNumbers:
    """The numbers of some patients."""
    return ActivityNumbers(**{item.name: getattr(numbers, item.name)[here] for item in fields(numbers)})
