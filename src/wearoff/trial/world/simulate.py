"""The truth about all patients of some replicates, in one pass.

The order is that of the causes: who the patients are; a year of 4-weekly dosing where they are stable; wearing-off and
frailty; the arm; then week by week levels, events, decisions and bookings; then what the events leave. Every number is
keyed by (seed, purpose, index), so that a replicate is the same alone and among others, and arms that differ only in
their policy meet the same people and the same luck.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.activity import KINDS, ActivityNumbers, draw_activity, typical_activity
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.virtual import patient_normals, patient_uniforms
from wearoff.dosing.virtual_activity import draw_frailties
from wearoff.trial.truth import Events, People, Truth
from wearoff.trial.world.assign import choose, randomise
from wearoff.trial.world.booking import Bookings
from wearoff.trial.world.deciding import Decider
from wearoff.trial.world.disability import disability_of
from wearoff.trial.world.events import (
    BEFORE_D,
    Infiltrate,
    Process,
    Rate,
    Stretch,
    modelled_rates,
    plain_stretch,
    sorted_events,
    stated_rates,
)
from wearoff.trial.world.levels import numbers_by_replicate, parameters_of
from wearoff.trial.world.people_file import load_people
from wearoff.trial.world.predicting import History
from wearoff.trial.world.recruit import recruit
from wearoff.trial.world.reference import Reference, reference_of
from wearoff.trial.world.treatment import RUN_IN_D, Infused, follow, run_in, table_of
from wearoff.trial.world.wearing_off import wearing_off_of

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.cohort.records.cohort import Cohort
    from wearoff.dosing.pk.weekly import WeekLevels
    from wearoff.trial.protocol import Protocol
    from wearoff.trial.world.people import Covariates

__all__ = ["simulate_truth"]


def simulate_truth(
    protocol: Protocol, seed: int, first: int, replicates: int, *, cohort: Cohort | None = None
) -> Truth:
    """What is true of the patients of some replicates.

    Args:
        protocol: the study.
        seed: the seed of every draw.
        first: number of the first replicate, from 0.
        replicates: how many.
        cohort: the recorded cohort that patients are drawn from, where the protocol says so.

    Raises:
        InputError: the protocol asks for what there is not; names the key.
        UnknownNameError: a model, a curve or a policy is not known.
        ValueError: there is no replicate.
        ComputationError: a fit of a policy that predicts cannot be computed.
    """
    if replicates < 1 or first < 0:
        raise ValueError("there is at least one replicate, counted from 0")
    return _Simulation(protocol, seed, first, replicates, cohort).truth()


@dataclass(frozen=True, slots=True)
class _Simulation:
    """One call of `simulate_truth`."""

    protocol: Protocol
    seed: int
    first: int
    replicates: int
    cohort: Cohort | None

    @property
    def size(self) -> int:
        return self.protocol.size

    @property
    def count(self) -> int:
        return self.replicates * self.size

    @property
    def index(self) -> int:
        """Index of the first patient."""
        return self.first * self.size

    @property
    def is_stable(self) -> bool:
        return self.protocol.patients.population == "stable"

    def truth(self) -> Truth:
        """Everything, in the order of the causes."""
        from wearoff.dosing.pk.weekly import WeeklyLevels  # loads JAX

        protocol, world = self.protocol, self.protocol.world
        people = recruit(protocol.patients, self.cohort, self.seed, self.index, self.count)
        numbers = None
        if world.is_uncertain:
            numbers = numbers_by_replicate(world.model, self.seed, self.first, self.replicates, self.size)
        parameters = parameters_of(world.model, people, self.seed, self.index, numbers)
        levels = WeeklyLevels(parameters)
        activity = self._activity()
        curve = load_curve(world.curve)
        infiltrate = None
        if activity is not None:
            infiltrate = Infiltrate(curve, activity, self.count, 0.0 if self.is_stable else 1.0)
        before: list[Infused] = []
        drug = None
        if self.is_stable:
            before = run_in(levels, infiltrate)
            drug = levels.level
        elif world.wearing_off == "low_occupancy":
            settled = WeeklyLevels(parameters)  # what they would have, were they treated every 4 weeks
            run_in(settled)
            drug = settled.level
        reference = reference_of(protocol.patients, world, self.cohort)
        wearing_off = self._wearing_off(reference, drug)
        arm = self._arms(reference, people, wearing_off)
        processes = self._processes(activity, infiltrate, wearing_off, arm)
        decider = self._decider(people, arm, wearing_off, processes, before)

        def stretch_of(where: np.ndarray, begin: np.ndarray, week: WeekLevels) -> Stretch:
            if infiltrate is None:
                return plain_stretch(where, begin, week)
            return infiltrate.advance(where, begin, week)

        entry_d = self._entry_d()
        replicate = np.repeat(np.arange(self.replicates), self.size)
        bookings = Bookings(protocol.attendance, protocol.capacity, self.seed, self.index, replicate, entry_d)
        weeks = protocol.schedule.followup_weeks
        # whoever comes first is booked first; without a limit on rooms the order does not matter
        entry_week = (entry_d // 7).astype(np.int64) * (protocol.capacity is not None)
        given = follow(levels, decider, bookings, tuple(processes.values()), stretch_of, weeks, entry_week)
        end, failed = 7.0 * weeks, levels.status != 0
        relapses = processes["relapse"].events(0.0, end)
        numbers_of_people = load_people(protocol.patients.numbers)
        return Truth(
            seed=self.seed,
            first=self.first,
            replicates=self.replicates,
            people=self._people(people, entry_d, arm),
            wearing_off=wearing_off,
            infusions=table_of(given, curve, failed, before),
            relapses=relapses,
            lesions=processes["lesion"].events(0.0, end),
            enhancing=_all_lesions(processes, end),
            enhancing_d=numbers_of_people.enhancing_d.value,
            disability=disability_of(
                numbers_of_people,
                world.worsening_per_year,
                people.edss,
                relapses,
                self.seed,
                self.index,
                end,
            ),
            decisions=decider.log(end),
            failed=failed,
        )

    def _activity(self) -> ActivityNumbers | None:
        """The numbers behind lesions and relapses of each patient; None where activity is stated."""
        world = self.protocol.world
        if world.activity == "stated":
            return None
        if not world.is_uncertain:
            return typical_activity(world.curve)
        drawn = draw_activity(world.curve, self.first + self.replicates, self.seed, "trial")
        return ActivityNumbers(
            **{
                item.name: np.repeat(getattr(drawn, item.name)[self.first :], self.size)
                for item in fields(drawn)
            }
        )

    def _wearing_off(
        self, reference: Reference, drug: Float[np.ndarray, " patients"] | None
    ) -> Int[np.ndarray, " patients"]:
        """True wearing-off after the trough at the end of settled 4-weekly intervals."""
        world = self.protocol.world
        saturation = None
        if world.wearing_off == "low_occupancy" and drug is not None:
            saturation = load_curve(world.curve).saturation(np.nan_to_num(np.maximum(drug, 0.0)))
        drive = reference.drive(world.strength, saturation, self.count)
        chance = patient_uniforms(self.seed, "trial:wearing-off", self.index, self.count)
        return wearing_off_of(drive, reference.cuts, chance)

    def _arms(
        self, reference: Reference, people: Covariates, wearing_off: Int[np.ndarray, " patients"]
    ) -> Int[np.ndarray, " patients"]:
        """The arm of each patient."""
        sizes = [one.size for one in self.protocol.arms]
        chance = patient_uniforms(self.seed, "trial:arm", self.index, self.count)
        assignment = self.protocol.assignment
        if assignment.kind == "randomised":
            return randomise(chance, sizes)
        frailty = patient_normals(self.seed, "activity:lesion frailty", self.index, self.count)
        return choose(reference, assignment.log_odds, sizes, people, frailty, wearing_off, chance)

    def _processes(
        self,
        activity: ActivityNumbers | None,
        infiltrate: Infiltrate | None,
        wearing_off: Int[np.ndarray, " patients"],
        arm: Int[np.ndarray, " patients"],
    ) -> dict[str, Process]:
        """Lesions that show, lesions that only gadolinium shows, and relapses, up to entry."""
        world = self.protocol.world
        ratio = np.where(wearing_off > 0, world.activity_ratio, 1.0)
        if activity is None or infiltrate is None:
            rates = stated_rates(world, self.protocol.arms, arm, ratio)
            return {name: Process(name, self.seed, self.index, rate) for name, rate in rates.items()}
        # who had nothing in the year before is less active than the average; the ratio acts from entry on
        seen = dict.fromkeys(KINDS, np.zeros(self.count))
        if self.is_stable:
            everyone = np.arange(self.count)
            year = Stretch(everyone, np.zeros((1, self.count)), infiltrate.area[None])
            for kind in ("t2", "relapse"):
                left, off = (np.broadcast_to(rate, (self.count,)) for rate in activity.rates(kind))
                seen[kind] = Rate(left, off).mean(year, -RUN_IN_D)[0]
        frailty = draw_frailties(activity, seen, self.index, self.count, self.seed)
        rates = modelled_rates(activity, frailty, ratio)
        since = 0.0 if self.is_stable else -BEFORE_D
        infiltrate.restart()
        found = {name: Process(name, self.seed, self.index, rate, since) for name, rate in rates.items()}
        if not self.is_stable:
            # without drug the infiltrate is 1
            day = np.repeat([[since], [0.0]], self.count, axis=1)
            infiltrate.area[:] = BEFORE_D
            for process in found.values():
                process.follow(Stretch(np.arange(self.count), day, day - since))
        return found

    def _decider(
        self,
        people: Covariates,
        arm: Int[np.ndarray, " patients"],
        wearing_off: Int[np.ndarray, " patients"],
        processes: dict[str, Process],
        before: list[Infused],
    ) -> Decider:
        """Who decides, knowing what was measured before entry."""
        protocol = self.protocol
        predicts = np.array([one.policy == "model_informed" for one in protocol.arms])[arm]
        history = None
        if predicts.any():
            days = np.array([one.day[0] for one in before])
            history = History(load_model(protocol.world.model), people.weight_kg, predicts, days)
        active = (processes["lesion"], processes["relapse"])
        decider = Decider(protocol, self.seed, self.index, arm, wearing_off, active, history)
        if history is not None and before:
            last = before[-1]
            number = np.full(last.where.size, -1)
            history.measured(last.where, last.day, decider.measure(last.where, last.trough_mg_per_l, number))
        return decider

    def _entry_d(self) -> Float[np.ndarray, " patients"]:
        """Calendar day of entry: whole days, evenly over the accrual."""
        chance = patient_uniforms(self.seed, "trial:entry", self.index, self.count)
        return np.asarray(np.floor(chance * 7.0 * self.protocol.schedule.accrual_weeks))

    def _people(
        self, people: Covariates, entry_d: Float[np.ndarray, " patients"], arm: Int[np.ndarray, " patients"]
    ) -> People:
        own = {item.name: getattr(people, item.name) for item in fields(people)}
        return People(
            replicate=np.repeat(np.arange(self.first, self.first + self.replicates), self.size),
            number=np.tile(np.arange(self.size), self.replicates),
            entry_d=entry_d,
            arm=arm,
            **own,
        )


def _all_lesions(processes: dict[str, Process], end: float) -> Events:
    """The beginnings of enhancement of every lesion, whichever scan shows it."""
    both = [processes[name].events(-BEFORE_D, end) for name in ("lesion", "gd lesion")]
    return sorted_events(
        np.concatenate([one.patient for one in both]), np.concatenate([one.day for one in both])
    )
