"""Hundreds of random models and regimens against SciPy, far beyond the models that anybody published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.dosing.pk.random_models import (
    KINDS,
    seeds,
    single_of,
    together,
    wide_days,
    wide_model,
    wide_regimen,
)
from tests.oracles.ode import concentration
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.solve import simulate

VISIBLE = 1e-3  # mg/L


def furthest(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest relative error of a visible level."""
    is_seen = expected > VISIBLE
    return float(np.max(np.abs(found - expected)[is_seen] / expected[is_seen], initial=0))


def error_against_lsoda(seed: int) -> float:
    """One random model under one random regimen; LSODA alone is within about 1e-7 there."""
    random = np.random.default_rng(seed)
    given_model, regimen = wide_model(random), wide_regimen(random)
    days = wide_days(random, regimen, given_model.lag_d)
    theirs = concentration(given_model, regimen, days, "LSODA", rtol=1e-10, atol=1e-14)
    return furthest(simulate(given_model, [regimen], [days])[0][0], theirs)


def error_of_population(seed: int, accuracy: float) -> float:
    """Ten random models under one random regimen, trough, peak and daily level against the single patients."""
    random = np.random.default_rng(seed)
    people = together([wide_model(random) for _ in range(10)])
    kinds = KINDS if random.random() < 0.5 else KINDS[:2]
    regimen = wide_regimen(random, kinds=kinds, sessions=int(random.integers(0, 3)))
    found = simulate_population(people, regimen, accuracy=accuracy, daily=bool(random.random() < 0.5))
    assert not found.status.any()
    ends = np.empty(0) if regimen.is_subcutaneous.any() else regimen.end_d
    days = np.empty(0) if found.day is None else found.day
    times = np.concatenate((regimen.start_d, ends, days))
    after = np.zeros(times.size, dtype=bool)
    after[regimen.number : regimen.number + ends.size] = (regimen.duration_d == 0)[: ends.size]
    ours = np.concatenate(
        (
            found.trough,
            found.peak[:, : ends.size],
            np.empty((10, 0)) if found.daily is None else found.daily,
        ),
        axis=1,
    )
    # one at a time, because the hardest of a batch sets the steps of all
    tight = [
        simulate(single_of(people, draw), [regimen], [times], is_after=[after])[0][0] for draw in range(10)
    ]
    return furthest(ours, np.array(tight))


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_any_model_under_any_regimen_agrees_with_lsoda(seed: int) -> None:
    assert error_against_lsoda(seed) < 1e-6


@pytest.mark.slow
@given(seed=seeds)
@settings(max_examples=500, deadline=None)
def test_500_random_models_and_regimens_agree_with_lsoda(seed: int) -> None:
    assert error_against_lsoda(seed) < 1e-6


@pytest.mark.parametrize("seed", [70, 163, 218])
def test_where_the_two_differ_most_an_explicit_method_at_1e_13_sides_with_the_solver(seed: int) -> None:
    random = np.random.default_rng(seed)
    given_model, regimen = wide_model(random), wide_regimen(random)
    days = wide_days(random, regimen, given_model.lag_d)
    lsoda = concentration(given_model, regimen, days, "LSODA", rtol=1e-10, atol=1e-14)
    tight = concentration(given_model, regimen, days, "DOP853", rtol=1e-13, atol=1e-16)
    ours = simulate(given_model, [regimen], [days])[0][0]
    assert furthest(ours, tight) < furthest(lsoda, tight)


@given(seed=seeds)
@settings(max_examples=5, deadline=None)
def test_a_population_of_any_models_is_within_its_accuracy(seed: int) -> None:
    assert error_of_population(seed, 1e-4) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [1e-3, 1e-4, 1e-6])
@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_200_random_models_are_within_the_accuracy_of_a_population(seed: int, accuracy: float) -> None:
    assert error_of_population(seed, accuracy) < accuracy
