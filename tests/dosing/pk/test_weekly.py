"""Levels a week at a time against the solver that knows a whole regimen beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.models import Parameters, load_model
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.pk.virtual import draw_patients, normal_weights
from wearoff.dosing.pk.weekly import DURATION_D, WeeklyLevels
from wearoff.dosing.regimen import Regimen

WEEKS = 20


def people(count: int, first: int = 0) -> Parameters:
    return draw_patients(load_model(), normal_weights(79.0, 20.0), first, count, 4)


def infusion_days(count: int) -> np.ndarray:
    """Irregular infusions, at most one a week, the first on day 0."""
    random = np.random.default_rng(7)
    steps = random.integers(7, 50, (count, WEEKS))
    return np.concatenate((np.zeros((count, 1), dtype=int), np.cumsum(steps, axis=1)), axis=1)


def followed(parameters: Parameters, days: np.ndarray, accuracy: float) -> np.ndarray:
    """The level at the start of each day, just before an infusion on it."""
    levels = WeeklyLevels(parameters, accuracy=accuracy)
    everyone = np.arange(days.shape[0])
    found = np.empty((days.shape[0], 7 * WEEKS))
    for week in range(WEEKS):
        begin = 7 * week
        is_here = (days >= begin) & (days < begin + 7)
        infused = np.where(is_here.any(axis=1), (days - begin)[everyone, is_here.argmax(axis=1)], -1)
        later = np.where(days >= begin + 7, days - begin, 10_000).min(axis=1)
        got = levels.advance(everyone, infused, np.minimum(later, 100).astype(float))
        np.testing.assert_allclose(got.length_d.sum(axis=0), 7.0)
        for day in range(7):
            row = np.where((infused >= 0) & (day > infused), day + 1, day)
            found[:, begin + day] = got.level[row, everyone]
    assert not levels.status.any()
    return found


@pytest.mark.parametrize(("accuracy", "error"), [(1e-4, 1e-4), (1e-8, 1e-7)])
def test_irregular_infusions_give_the_levels_of_the_solver_for_whole_regimens(
    accuracy: float, error: float
) -> None:
    parameters, days = people(30), infusion_days(30)
    found = followed(parameters, days, accuracy)
    regimens = [
        Regimen(
            row.astype(float),
            np.full(row.size, 300.0),
            np.full(row.size, DURATION_D),
            np.zeros(row.size, dtype=bool),
        )
        for row in days
    ]
    wanted = [np.arange(7.0 * WEEKS)] * 30
    expected = np.stack([one[0] for one in simulate(parameters, regimens, wanted)])
    is_visible = expected > 1e-3
    assert (np.abs(found - expected)[is_visible] <= error * expected[is_visible]).all()


def test_a_patient_has_the_same_levels_whoever_stands_beside_him() -> None:
    days = infusion_days(700)
    among = followed(people(700), days, 1e-4)
    alone = followed(people(2, first=600), days[600:602], 1e-4)
    np.testing.assert_allclose(alone, among[600:602], rtol=1e-12)


def test_who_is_not_advanced_stays_where_he_is() -> None:
    levels = WeeklyLevels(people(3))
    levels.advance(np.array([0, 2]), np.array([0, -1]), np.array([28.0, 7.0]))
    assert levels.level[0] > 1
    assert levels.level[1:].tolist() == [0.0, 0.0]


def test_what_cannot_be_followed_is_refused() -> None:
    with pytest.raises(ValueError, match="accuracy"):
        WeeklyLevels(people(1), accuracy=0.5)
    with pytest.raises(ValueError, match="one draw"):
        WeeklyLevels(load_model().draw(75.0, ("a",), 2, 1))
