"""Linear models against their sums of exponentials: single doses, many doses, steady states, populations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.dosing.pk.random_models import (
    KINDS,
    one_patient,
    seeds,
    single_of,
    spread,
    together,
    wide_days,
    wide_model,
    wide_regimen,
)
from tests.oracles.linear import linear_levels, linear_steady_levels, rates_of
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.pk.population import simulate_population, steady_population
from wearoff.dosing.pk.solve import simulate, steady_state
from wearoff.dosing.pk.unroll import _FORGOTTEN as FORGOTTEN
from wearoff.dosing.pk.unroll import MOST_RUN_IN_DOSES
from wearoff.dosing.regimen import Regimen
from wearoff.dosing.schedule import Schedule, ScheduledDose
from wearoff.errors import ComputationError

CLOSE = 1e-9
many = settings(max_examples=100, deadline=None)
few = settings(max_examples=25, deadline=None)


MOLECULE_MG_PER_L = 2.5e-16  # one of 149 kDa in a litre; a level below it is none


def furthest(found: np.ndarray, exact: np.ndarray, share: float = 1e-9) -> float:
    """The largest relative error of the levels above a share of the highest, and above one molecule a litre."""
    is_seen = exact > max(share * exact.max(initial=0), MOLECULE_MG_PER_L)
    return float(np.max(np.abs(found - exact)[is_seen] / exact[is_seen], initial=0))


@pytest.mark.parametrize("compartments", [1, 2])
@pytest.mark.parametrize("kind", [*KINDS, "all"])
@given(seed=seeds)
@many
def test_a_linear_model_is_its_sum_of_exponentials(seed: int, kind: str, compartments: int) -> None:
    random = np.random.default_rng(seed)
    flow = np.full((1, 1, 1), 0.0 if compartments == 1 else spread(random, 0.01, 5))
    given_model = replace(wide_model(random, is_linear=True), intercompartmental_clearance=flow)
    # an exchange of plasma takes a share of what is there, which in a linear model is a negative bolus
    regimen = wide_regimen(random, kinds=KINDS if kind == "all" else (kind,), sessions=3 * (kind == "all"))
    days = wide_days(random, regimen, given_model.lag_d)
    after = random.random(days.size) < 0.5
    found = simulate(given_model, [regimen], [days], is_after=[after])[0][0]
    exact = np.where(
        after,
        linear_levels(given_model, regimen, days, is_after=True),
        linear_levels(given_model, regimen, days),
    )
    assert furthest(found, exact) < CLOSE


@given(seed=seeds, apart=st.sampled_from([0.0, 1e-15, 1e-9, 1e-4]), which=st.integers(0, 1))
@few
def test_rates_that_are_equal_or_nearly_so_change_nothing(seed: int, apart: float, which: int) -> None:
    random = np.random.default_rng(seed)
    given_model = wide_model(random, is_linear=True)
    rate = rates_of(given_model)[-which] * (1 + apart)
    given_model = replace(given_model, absorption_rate=np.full((1, 1, 1), rate))
    regimen = wide_regimen(random, kinds=("injection", "pump", "bolus"))
    days = wide_days(random, regimen, given_model.lag_d)
    exact = linear_levels(given_model, regimen, days)
    assert furthest(simulate(given_model, [regimen], [days])[0][0], exact) < CLOSE


@given(seed=seeds)
@few
def test_without_any_elimination_it_is_the_sum_of_exponentials_too(seed: int) -> None:
    random = np.random.default_rng(seed)
    given_model = replace(wide_model(random, is_linear=True), clearance=np.zeros((1, 1, 1)))
    regimen = wide_regimen(random)
    days = wide_days(random, regimen, given_model.lag_d)
    exact = linear_levels(given_model, regimen, days)
    assert furthest(simulate(given_model, [regimen], [days])[0][0], exact) < CLOSE


def test_the_oracle_itself_gives_the_textbook_values() -> None:
    single = one_patient(0.2, 4.0, 1.0, 0.0, 0.0, 1.0, 0.5, 0.8, lag_d=0.25)
    k, ka = 0.05, 0.5
    bolus = Regimen(np.zeros(1), np.full(1, 300.0), np.zeros(1), np.zeros(1, bool))
    assert linear_levels(single, bolus, [7.0])[0] == pytest.approx(75 * np.exp(-7 * k), rel=1e-15)
    injection = replace(bolus, is_subcutaneous=np.ones(1, bool))
    bateman = 0.8 * 75 * ka / (ka - k) * (np.exp(-6.75 * k) - np.exp(-6.75 * ka))
    assert linear_levels(single, injection, [7.0])[0] == pytest.approx(bateman, rel=1e-14)
    same = replace(single, absorption_rate=np.full((1, 1, 1), 0.2 / 4.0))
    assert linear_levels(same, injection, [7.0])[0] == pytest.approx(
        0.8 * 75 * k * 6.75 * np.exp(-6.75 * k), rel=1e-14
    )
    infusion = replace(bolus, duration_d=np.full(1, 2.0))
    exact = 150 / 0.2 * -np.expm1(-2 * k) * np.exp(-5 * k)
    assert linear_levels(single, infusion, [7.0])[0] == pytest.approx(exact, rel=1e-15)
    steady = linear_steady_levels(single, 300.0, 28.0, 0.0, [0.0, 28.0])
    np.testing.assert_allclose(steady, 75 / -np.expm1(-28 * k) * np.array([1, np.exp(-28 * k)]), rtol=1e-15)


def steady_case(seed: int) -> tuple[Parameters, float, float, float]:
    """A linear model, an interval in weeks, a dose, and its length in hours."""
    random = np.random.default_rng(seed)
    given_model = wide_model(random, is_linear=True)
    weeks, hours = spread(random, 0.5, 12), random.choice([0.0, spread(random, 0.05, 72)])
    return given_model, weeks, spread(random, 10, 1000), hours


@given(seed=seeds)
@few
def test_a_steady_state_is_a_geometric_sum(seed: int) -> None:
    given_model, weeks, dose, hours = steady_case(seed)
    hours = max(hours, 0.05)  # the peak of a bolus is the level before it for `steady_state`
    found = steady_state(given_model, weeks, dose, hours, max_cycles=40_000)
    exact = linear_steady_levels(given_model, dose, 7 * weeks, hours / 24, [7 * weeks, hours / 24])
    # its tolerance is 1e-8 of the amount in the larger compartment, here as a level of the central one
    central, peripheral = (getattr(given_model, name).item() for name in PARAMETER_NAMES[1:3])
    scale = exact[1] * (central + peripheral) / central
    np.testing.assert_allclose([found.trough.item(), found.peak.item()], exact, rtol=0, atol=1e-8 * scale)


@pytest.mark.parametrize("accuracy", [1e-4, 1e-8])
@given(seed=seeds)
@example(seed=291)  # nine tenths stay from dose to dose
@few
def test_the_steady_state_of_a_population_is_a_geometric_sum(accuracy: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    people = together([wide_model(random, is_linear=True) for _ in range(20)])
    _, weeks, dose, hours = steady_case(seed)
    found = steady_population(people, weeks, dose, hours, accuracy=accuracy)
    assert not found.status.any()
    for draw in range(20):
        one = single_of(people, draw)
        exact = linear_steady_levels(one, dose, 7 * weeks, hours / 24, [7 * weeks, hours / 24])
        is_seen = exact > 1e-3
        both = np.array([found.trough[draw], found.peak[draw]])
        np.testing.assert_allclose(both[is_seen], exact[is_seen], rtol=accuracy)


@pytest.mark.parametrize("accuracy", [1e-4, 1e-9])
@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_a_linear_population_is_its_sum_of_exponentials(seed: int, accuracy: float) -> None:
    random = np.random.default_rng(seed)
    people = together([wide_model(random, is_linear=True) for _ in range(20)])
    regimen = wide_regimen(random)
    found = simulate_population(people, regimen, accuracy=accuracy)
    assert not found.status.any()
    for draw in range(20):
        exact = linear_levels(single_of(people, draw), regimen, regimen.start_d)
        is_seen = exact > 1e-3
        np.testing.assert_allclose(found.trough[draw][is_seen], exact[is_seen], rtol=accuracy)


@given(seed=seeds)
@few
def test_the_steady_state_of_a_schedule_is_a_geometric_sum(seed: int) -> None:
    given_model, weeks, dose, hours = steady_case(seed)
    random = np.random.default_rng(seed + 1)
    given_model = replace(given_model, lag_d=0.0, clearance=np.maximum(given_model.clearance, 0.05))
    is_depot, every_d = bool(random.integers(2)), 7 * weeks
    record = ScheduledDose(
        5.0, dose, hours / 24, is_depot=is_depot, every_d=every_d, further=3, steady=1
    )  # fmt: skip
    days = np.sort(np.concatenate(([0.0, hours / 24], random.uniform(0, every_d, 5))))
    cycle = random.integers(0, 4)
    exact = linear_steady_levels(given_model, dose, every_d, hours / 24, days, is_depot=is_depot)
    times = 5.0 + cycle * every_d + days
    after = np.ones(days.size, dtype=bool)
    if float(np.min(rates_of(given_model))) * every_d * MOST_RUN_IN_DOSES < FORGOTTEN:
        with pytest.raises(ComputationError, match="would take"):  # forgets too slowly to settle
            simulate(given_model, [Schedule((record,))], [times], is_after=[after])
        return
    found = simulate(given_model, [Schedule((record,))], [times], is_after=[after])[0][0]
    assert furthest(found, exact) < CLOSE
