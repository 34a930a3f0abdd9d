"""Patients side by side have the levels that each has alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wearoff.dosing.pk.aligned import AlignedPlan
from wearoff.dosing.pk.models import Parameters, load_model
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.regimen import Regimen, every

REGIMENS = [
    every(4, times=6),
    every(6, times=3).delayed(2, days=4.5),
    every(4, times=4, is_subcutaneous=True),
    every(5, times=4, duration_h=0).exchanged([33.0, 36.0], 0.7),
    every(8, times=2),
]
TIMES = [
    np.array([140.0, 12.5, 0.0]),
    np.array([60.0, 90.0]),
    np.array([100.0]),
    np.array([40.0, 105.0]),
    np.array([110.0]),
]


def drawn(draws: int) -> Parameters:
    names = [f"P{index}" for index in range(len(REGIMENS))]
    return load_model().draw(np.linspace(50, 110, len(names))[:, None], names, draws, 3)


def test_everyone_has_the_levels_that_he_has_alone() -> None:
    given = drawn(5)
    found = AlignedPlan(REGIMENS, TIMES, given.lag_d).levels(given)
    assert not found.status.any()
    for mine, alone in zip(found.level, simulate(given, REGIMENS, TIMES), strict=True):
        np.testing.assert_allclose(mine, alone, rtol=3e-9, atol=1e-12)


def test_some_of_the_patients_have_the_same_levels_in_whatever_order() -> None:
    given = drawn(3)
    whole = AlignedPlan(REGIMENS, TIMES, given.lag_d)
    some = [3, 0]
    arrays = {
        name: getattr(given, name)
        for name in ("clearance", "peripheral_volume", "maximal_rate", "central_volume")
    }
    part = replace(
        given,
        patients=tuple(given.patients[index] for index in some),
        **{name: array[some] if array.shape[0] > 1 else array for name, array in arrays.items()},
    )
    found, everyone = whole.only(some).levels(part), whole.levels(given)
    for place, index in enumerate(some):
        np.testing.assert_allclose(found.level[place], everyone.level[index], rtol=1e-9, atol=1e-12)


def test_parameters_change_on_each_ones_own_days() -> None:
    model, days = load_model(), (np.array([0.0, 30.0]), np.array([0.0, 50.0]))
    given = model.typical([[60.0, 100.0], [100.0, 60.0]], ("A", "B"), change_d=days)
    regimens, times = [every(4, times=4), every(6, times=3)], [np.array([84.0]), np.array([120.0])]
    found = AlignedPlan(regimens, times, given.lag_d, days).levels(given)
    for mine, alone in zip(found.level, simulate(given, regimens, times), strict=True):
        np.testing.assert_allclose(mine, alone, rtol=3e-9)


def test_what_cannot_be_solved_has_a_status_and_what_does_not_fit_is_refused() -> None:
    given = drawn(1)
    plan = AlignedPlan(REGIMENS, TIMES, given.lag_d)
    with pytest.raises(ValueError, match="the plan has 5 patients, the parameters have 1"):
        plan.levels(load_model().typical(70))
    with pytest.raises(ValueError, match="accuracy must lie"):
        plan.levels(given, accuracy=1e-12)
    huge = Regimen(np.zeros(1), np.full(1, 1e300), np.ones(1), np.zeros(1, bool))
    found = AlignedPlan([huge, every(4, times=2)], [np.array([50.0])] * 2, 0.0).levels(
        load_model().typical([70, 70], ("A", "B"))
    )  # fmt: skip
    assert found.status[:, 0].tolist() == [1, 0]
