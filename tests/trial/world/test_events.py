"""Processes of lesions and relapses: closed forms of constant rates, and what must not matter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import kstest
from scipy.stats import poisson as poisson_law

from tests.trial.worlds import FOUR, study
from wearoff.dosing.activity import infiltrate, typical_activity
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.weekly import WeekLevels
from wearoff.dosing.trafficking import free_share
from wearoff.trial.protocol import Arm, Patients, World
from wearoff.trial.truth import Truth
from wearoff.trial.world.events import BEFORE_D, Infiltrate, Process, Rate, Stretch
from wearoff.trial.world.simulate import simulate_truth

MANY = 20_000


def constant(rate: float, pieces: int, patients: int = MANY) -> Process:
    """A constant rate over a year, followed in so many pieces."""
    process = Process("test", 3, 0, Rate(np.full(patients, rate), np.full(patients, rate)))
    edges = np.linspace(0.0, YEAR_D, pieces + 1)
    for begin, end in pairwise(edges):
        day = np.repeat([[begin], [end]], patients, axis=1)
        process.follow(Stretch(np.arange(patients), day, np.zeros_like(day)))
    return process


@pytest.mark.parametrize("rate", [0.05, 3.0])
def test_a_constant_rate_gives_poisson_counts_at_even_times(rate: float) -> None:
    events = constant(rate, 52).events(0.0, YEAR_D)
    counts = np.bincount(np.bincount(events.patient, minlength=MANY), minlength=20)[:20]
    expected = MANY * poisson_law.pmf(np.arange(20), rate)
    error = np.sqrt(expected * (1 - expected / MANY)) + 1e-9
    assert (np.abs(counts - expected) < 4 * error + 3).all()
    assert kstest(events.day / YEAR_D, "uniform").pvalue > 0.001


def test_it_does_not_matter_in_how_many_pieces_a_year_is_followed() -> None:
    one, many = constant(2.0, 1).events(0.0, YEAR_D), constant(2.0, 61).events(0.0, YEAR_D)
    np.testing.assert_array_equal(one.patient, many.patient)
    np.testing.assert_allclose(one.day, many.day, rtol=1e-9)


def test_a_higher_rate_brings_the_same_events_sooner_and_more_after_them() -> None:
    low, high = constant(1.0, 4), constant(2.0, 4)
    assert (high.first_d <= low.first_d).all()
    had = np.isfinite(low.first_d)
    np.testing.assert_allclose(high.first_d[had], low.first_d[had] / 2, rtol=1e-9)


def test_the_infiltrate_of_weeks_is_that_of_the_whole_course() -> None:
    random, curve = np.random.default_rng(5), load_curve("bridge")
    numbers = typical_activity("bridge")
    mine = Infiltrate(curve, numbers, 2, 0.3)
    level = random.uniform(0.0, 30.0, (8 * 5 + 1, 2))
    length = np.tile(np.array([1.0, 1 / 24, 23 / 24, 1, 1, 1, 1, 1])[:, None], (5, 2))
    area = []
    for week in range(5):
        here = slice(8 * week, 8 * week + 9)
        part = WeekLevels(length[8 * week : 8 * week + 8], level[here])
        stretch = mine.advance(np.arange(2), np.full(2, 7.0 * week), part)
        np.testing.assert_allclose(stretch.day[[0, -1]], [[7.0 * week] * 2, [7.0 * week + 7] * 2])
        area.append(stretch.area[-1])
    day = np.append(0.0, np.cumsum(length[:, 0]))
    whole = infiltrate(day, free_share(curve, level.T), numbers, 0.3)
    np.testing.assert_allclose(np.array(area).T, whole.area[:, 8::8], rtol=1e-10)


def stated(ratio: float = 1.0, arm_ratio: float = 1.0, seed: int = 2) -> Truth:
    world = World(
        activity="stated",
        yearly_activity=0.1,
        relapse_share=0.3,
        activity_ratio=ratio,
        wearing_off="independent",
        regularly=0.2,
        sometimes=0.225,
    )
    arms = (Arm(name="a", size=100), Arm(name="b", size=100, activity_ratio=arm_ratio))
    return simulate_truth(study(*arms, weeks=52, world=world), seed, 0, 30)


def first_events(truth: Truth) -> np.ndarray:
    """The day of each patient's first event."""
    first = np.full(truth.patients, np.inf)
    for events in (truth.relapses, truth.lesions):
        np.minimum.at(first, events.patient, events.day)
    return first


def test_stated_activity_has_the_stated_share_within_a_year_split_as_stated() -> None:
    truth = stated()
    expected = 1.0 - 0.9 ** (364 / YEAR_D)
    error = np.sqrt(expected * (1 - expected) / truth.patients)
    assert abs(np.isfinite(first_events(truth)).mean() - expected) < 3 * error
    events = truth.relapses.day.size + truth.lesions.day.size
    assert abs(truth.relapses.day.size / events - 0.3) < 3 * np.sqrt(0.21 / events)
    # every lesion shows, and nothing is there before entry
    np.testing.assert_array_equal(truth.enhancing.day, truth.lesions.day)


def test_ratios_multiply_the_stated_rate_of_those_they_are_for() -> None:
    truth = stated(ratio=3.0, arm_ratio=2.0)
    any_of, arm = truth.wearing_off > 0, truth.people.arm
    events = np.bincount(truth.relapses.patient, minlength=truth.patients)
    events = events + np.bincount(truth.lesions.patient, minlength=truth.patients)
    rate = -np.log(0.9) * 364 / YEAR_D
    for is_any, ratio in ((False, 1.0), (True, 3.0)):
        for number, more in ((0, 1.0), (1, 2.0)):
            mine = events[(any_of == is_any) & (arm == number)]
            expected = rate * ratio * more
            assert abs(mine.mean() - expected) < 3 * np.sqrt(expected / mine.size)


def test_the_ratio_also_multiplies_modelled_activity() -> None:
    world = {"wearing_off": "independent", "regularly": 1.0, "sometimes": 0.0}
    often = simulate_truth(study(FOUR, world=World(**world, activity_ratio=20.0)), 1, 0, 100)
    rarely = simulate_truth(study(FOUR, world=World(**world)), 1, 0, 100)
    assert often.lesions.day.size > 10 * rarely.lesions.day.size


def test_starters_bring_lesions_that_enhance_and_stable_patients_none() -> None:
    starter = simulate_truth(study(FOUR, patients=Patients(population="starter")), 1, 0, 50)
    before = starter.enhancing.day < 0
    assert starter.enhancing.day.min() >= -BEFORE_D
    # without drug 12 lesions a year begin to enhance
    expected = 12.0 * BEFORE_D / YEAR_D
    error = np.sqrt((expected + expected**2 / 0.66) / starter.patients)
    assert abs(before.sum() / starter.patients - expected) < 3 * error
    assert starter.lesions.day.min() >= 0
    stable = simulate_truth(study(FOUR), 1, 0, 50)
    assert (stable.enhancing.day >= 0).all()


def test_stated_activity_without_a_stated_share_is_refused() -> None:
    with pytest.raises(ValueError, match="yearly_activity"):
        simulate_truth(study(FOUR, world=World(activity="stated")), 1, 0, 1)
