"""The truth about virtual patients: what is in it, on whom it may hang, and what it must agree with."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.trial.worlds import FOUR, study
from wearoff.dosing.activity import share_without, typical_activity
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.virtual import draw_numbers_of
from wearoff.dosing.regimen import every
from wearoff.dosing.virtual_activity import (
    Population,
    VirtualActivity,
    Watch,
    draw_frailties,
    simulate_activity,
)
from wearoff.errors import InputError
from wearoff.trial.protocol import Arm, Attendance, Override, Patients, Protocol, Schedule, World
from wearoff.trial.truth import Events, Truth
from wearoff.trial.world.levels import parameters_of
from wearoff.trial.world.people import Covariates
from wearoff.trial.world.simulate import simulate_truth

BUSY = study(
    Arm(name="six", size=10, weeks=6.0, override=Override(when="active", share=0.7)),
    Arm(
        name="tree",
        size=10,
        policy="trough_guided_tree",
        aim_mg_per_l=10.0,
        override=Override(when="wearing_off", share=0.5),
    ),
    attendance=Attendance(late_d=2.0, skipped=0.05),
    world=World(is_uncertain=True, activity_ratio=8.0),
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


@pytest.mark.parametrize("weeks", [4.0, 8.0])
def test_many_times_the_activity_follows_each_patient_and_season_of_the_other_engine(weeks: float) -> None:
    """With events by the hundred the mean is known to half a percent, half a year for half a year."""
    ratio = 2000.0
    world = World(wearing_off="independent", regularly=1.0, sometimes=0.0, activity_ratio=ratio)
    truth = simulate_truth(study(Arm(name="a", size=40, weeks=weeks), world=world), 5, 0, 20)
    other = simulate_activity(
        load_model(),
        lambda _: truth.people.weight_kg,
        every(weeks, times=int(52 // weeks) + 1).shifted(7.0 * weeks),
        Watch(t2_d=(182.0, 364.0), gd_d=(182.0, 364.0), relapse_d=(182.0, 364.0)),
        truth.patients,
        5,
        load_curve("bridge"),
    )
    usual = ~truth.people.has_antibodies
    frailty = draw_frailties(typical_activity("bridge"), other.seen, 0, truth.patients, 5)
    for kind, events in (("t2", truth.lesions), ("relapse", truth.relapses), ("gd", truth.enhancing)):
        for column, (begin, end) in enumerate(((0.0, 182.0), (182.0, 364.0))):
            here = (events.day > begin) & (events.day <= end)
            found = counted(Events(events.patient[here], events.day[here]), truth.patients)[usual]
            expected = (ratio * frailty[kind] * other.expected[kind][:, column])[usual]
            assert abs(found.sum() - expected.sum()) < 4 * np.sqrt(expected.sum()) + 1e-3 * expected.sum()
            # each patient by himself: squared distances have the mean of a Poisson count
            distance = (found - expected) ** 2 / np.maximum(expected, 1.0)
            assert 0.8 < distance[expected > 5].mean() < 1.25


def test_uncertain_worlds_differ_between_replicates_and_are_one_within_each() -> None:
    """Replicates differ in their mean trough by more than their patients explain."""
    arm = Arm(name="a", size=100)
    sure, unsure = (
        simulate_truth(study(arm, weeks=4, world=World(is_uncertain=is_uncertain)), 2, 0, 60)
        for is_uncertain in (False, True)
    )

    def means(truth: Truth) -> np.ndarray:
        at_entry = np.log(truth.infusions.trough_mg_per_l[truth.infusions.day == 0])
        return at_entry.reshape(60, 100).mean(axis=1)

    np.testing.assert_array_equal(sure.people.weight_kg, unsure.people.weight_kg)
    assert means(unsure).std() > 1.1 * means(sure).std()
    shifts = means(unsure) - means(sure)
    # all patients of a replicate move together
    own = np.log(
        unsure.infusions.trough_mg_per_l[unsure.infusions.day == 0]
        / sure.infusions.trough_mg_per_l[sure.infusions.day == 0]
    ).reshape(60, 100)
    assert own.std(axis=1).mean() < 2 * shifts.std()
    numbers = draw_numbers_of(load_model(), 0, 60, 2)
    assert spearmanr(numbers.values["clearance.typical"], shifts).statistic < -0.5


def test_antibodies_speed_elimination_up() -> None:
    truth = simulate_truth(study(FOUR, weeks=4, patients=Patients(population="starter")), 1, 0, 40)
    has = truth.people.has_antibodies
    assert has.any()
    second = truth.infusions.trough_mg_per_l[:, 1]
    assert np.median(second[has]) < 0.5 * np.median(second[~has])


def test_a_model_that_says_nothing_of_antibodies_is_refused_with_what_to_do(tmp_path: Path) -> None:
    shipped = files("wearoff.dosing.pk") / "library" / "van_den_berg_2025.toml"
    text = re.sub(r"(?s)\[antibody_clearance_factor\].*", "", shipped.read_text(encoding="utf-8"))
    own = tmp_path / "own.toml"
    own.write_text(text.replace('name = "van_den_berg_2025"', 'name = "own"'), encoding="utf-8")
    protocol = study(Arm(name="a", size=200), weeks=4, world=World(model=str(own)))
    with pytest.raises(InputError, match=r"world\.model.*antibodies of 0"):
        simulate_truth(protocol, 1, 0, 4)


def test_entries_are_spread_evenly_over_the_accrual() -> None:
    schedule = Schedule(followup_weeks=4, accrual_weeks=10)
    entry = simulate_truth(study(Arm(name="a", size=700), schedule=schedule), 1, 0, 10).people.entry_d
    counts = np.bincount(entry.astype(int), minlength=70)
    assert counts.size == 70
    assert (np.abs(counts - 100) < 4.5 * 10).all()
    assert not plain().people.entry_d.any()


def test_a_study_of_no_replicate_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one replicate"):
        simulate_truth(study(), 1, 0, 0)


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
