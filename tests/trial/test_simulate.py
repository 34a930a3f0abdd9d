"""The truth about virtual patients: what is in it, on whom it may hang, and what it must agree with."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache

import numpy as np
import pytest

from tests.trial.worlds import FOUR, study
from wearoff.dosing.activity import share_without, typical_activity
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.regimen import every
from wearoff.dosing.virtual_activity import Population, VirtualActivity, Watch, simulate_activity
from wearoff.trial.levels import parameters_of
from wearoff.trial.people import Covariates
from wearoff.trial.protocol import Arm, Attendance, Override, Patients, Protocol, World
from wearoff.trial.simulate import simulate_truth
from wearoff.trial.truth import Events, Truth

BUSY = study(
    Arm(name="four", size=10),
    Arm(
        name="tree",
        size=10,
        policy="trough_guided_tree",
        aim_mg_per_l=10.0,
        override=Override(when="wearing_off", share=0.5),
    ),
    attendance=Attendance(late_d=2.0, skipped=0.05),
    world=World(is_uncertain=True),
)


@cache
def plain(replicates: int = 4) -> Truth:
    return simulate_truth(study(), 1, 0, replicates)


def of_replicate(truth: Truth, number: int, size: int) -> dict[str, np.ndarray]:
    """Every array of a truth for one replicate, patients counted from its first."""
    first = (number - truth.first) * size
    found: dict[str, np.ndarray] = {}

    def gather(name: str, part: object) -> None:
        if is_dataclass(part) and hasattr(part, "patient"):
            mine = (part.patient >= first) & (part.patient < first + size)
            for item in fields(part):
                value = getattr(part, item.name)
                if isinstance(value, np.ndarray):
                    found[f"{name}.{item.name}"] = value[mine] - (first if item.name == "patient" else 0)
        elif is_dataclass(part):
            for item in fields(part):
                gather(f"{name}.{item.name}", getattr(part, item.name))
        elif isinstance(part, np.ndarray):
            rows = part[first : first + size]
            # tables are as wide as the patient with most infusions
            found[name] = rows[:, ~np.isnan(rows).all(axis=0)] if rows.ndim == 2 else rows

    gather("truth", truth)
    return found


@pytest.mark.parametrize("protocol", [study(), BUSY, study(patients=Patients(population="starter"))])
def test_a_replicate_is_the_same_alone_and_among_others(protocol: Protocol) -> None:
    alone = of_replicate(simulate_truth(protocol, 5, 3, 1), 3, protocol.size)
    among = of_replicate(simulate_truth(protocol, 5, 0, 8), 3, protocol.size)
    assert alone.keys() == among.keys()
    for name, mine in alone.items():
        assert mine.shape == among[name].shape, name
        np.testing.assert_allclose(mine, among[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_every_field_has_the_shape_and_kind_that_it_says() -> None:
    truth = plain()
    assert truth.patients == 160
    for item in fields(truth.people):
        assert getattr(truth.people, item.name).shape == (160,), item.name
    assert truth.people.replicate.tolist() == np.repeat(np.arange(4), 40).tolist()
    assert truth.people.number.tolist() == np.tile(np.arange(40), 4).tolist()
    for array in (truth.people.is_female, truth.people.has_antibodies, truth.failed):
        assert array.dtype == np.bool_
    for array in (truth.people.replicate, truth.people.arm, truth.wearing_off, truth.relapses.patient):
        assert array.dtype == np.int64
    assert {one.shape for one in fields_of(truth.infusions)} == {truth.infusions.day.shape}
    for part in (truth.relapses, truth.lesions, truth.enhancing, truth.disability, truth.decisions):
        assert (np.diff(part.patient) >= 0).all()
        same = np.diff(part.patient) == 0
        assert (np.diff(part.day)[same] >= 0).all()
    assert not truth.failed.any()


def fields_of(part: object) -> list[np.ndarray]:
    return [getattr(part, item.name) for item in fields(part)]  # type: ignore[arg-type]


def test_arms_that_differ_by_policy_alone_meet_the_same_people_and_the_same_luck() -> None:
    early, late = (simulate_truth(study(arm), 9, 0, 4) for arm in (FOUR, Arm(name="four", size=20)))
    other = simulate_truth(study(Arm(name="six", size=20, weeks=6.0)), 9, 0, 4)
    for item in fields(early.people):
        np.testing.assert_array_equal(getattr(early.people, item.name), getattr(other.people, item.name))
    np.testing.assert_array_equal(early.wearing_off, other.wearing_off)
    np.testing.assert_array_equal(early.relapses.day, late.relapses.day)
    # with less drug every patient has at least as many lesions
    more = np.bincount(other.enhancing.patient, minlength=80)
    assert (more >= np.bincount(early.enhancing.patient, minlength=80)).all()


def covariates(truth: Truth) -> Covariates:
    return Covariates(**{item.name: getattr(truth.people, item.name) for item in fields(Covariates)})


def test_fixed_intervals_have_the_levels_that_a_population_under_one_regimen_has() -> None:
    truth = plain()
    model = load_model()
    everyone = parameters_of(model.name, covariates(truth), 1, 0, None)
    for arm, weeks in enumerate((4, 6)):
        given = every(4, times=14).then(every(weeks, times=52 // weeks), after_weeks=weeks)
        mine = truth.people.arm == arm
        expected = simulate_population(everyone, given, accuracy=1e-7).trough[mine]
        day = truth.infusions.day[mine][:, : given.number]
        np.testing.assert_array_equal(day, np.tile(given.start_d - 364.0, (mine.sum(), 1)))
        found = truth.infusions.trough_mg_per_l[mine][:, : given.number]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        curve = load_curve("bridge")
        seen = truth.infusions.saturation[mine][:, : given.number]
        np.testing.assert_allclose(seen, curve.saturation(found), rtol=1e-12)


def counted(events: Events, patients: int) -> np.ndarray:
    return np.bincount(events.patient, minlength=patients)


@cache
def reference(weeks: float, population: Population) -> VirtualActivity:
    """The same people, seen by the engine that follows one regimen."""
    truth = active(weeks, population)
    regimen = every(weeks, times=int(52 // weeks) + 1)
    if population == "stable":
        regimen = regimen.shifted(7.0 * weeks)
    return simulate_activity(
        load_model(),
        lambda _: truth.people.weight_kg,
        regimen,
        Watch(t2_d=(364.0,), gd_d=(364.0,), relapse_d=(364.0,)),
        truth.patients,
        11,
        load_curve("bridge"),
        population=population,
    )


@cache
def active(weeks: float, population: Population) -> Truth:
    """Nobody has antibodies or wearing-off, so that the other engine can follow."""
    patients = Patients(population=population, numbers=None)
    world = World(wearing_off="independent", regularly=0.0, sometimes=0.0)
    return simulate_truth(
        study(Arm(name="a", size=100, weeks=weeks), patients=patients, world=world), 11, 0, 40
    )


@pytest.mark.parametrize("population", ["stable", "starter"])
@pytest.mark.parametrize("weeks", [4.0, 8.0])
def test_counts_and_event_free_shares_are_those_of_the_engine_for_one_regimen(
    weeks: float, population: Population
) -> None:
    truth, other = active(weeks, population), reference(weeks, population)
    usual = ~truth.people.has_antibodies
    after = truth.enhancing.day >= 0
    enhancing = Events(truth.enhancing.patient[after], truth.enhancing.day[after])
    numbers = typical_activity("bridge")
    for kind, events in (("t2", truth.lesions), ("relapse", truth.relapses), ("gd", enhancing)):
        mine = counted(events, truth.patients)[usual]
        mean = other.expected[kind][usual, 0]
        shape, seen = numbers.shape(kind), other.seen[kind][usual]
        expected = mean * shape / (shape + seen)
        error = np.sqrt((expected + expected**2 / shape).mean() / mine.size)
        assert abs(mine.mean() - expected.mean()) < 3 * error, kind
        free = share_without(mean, shape, seen)
        error = np.sqrt((free * (1 - free)).mean() / mine.size)
        assert abs((mine == 0).mean() - free.mean()) < 3 * error, kind
