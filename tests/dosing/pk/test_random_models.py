"""Hundreds of random models and regimens against SciPy, far beyond the models that anybody published."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.dosing.pk.random_models import seeds, wide_days, wide_model, wide_regimen
from tests.oracles.ode import concentration
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
