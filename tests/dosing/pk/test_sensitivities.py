"""Derivatives against differences and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, load_model
from wearoff.dosing.pk.sensitivities import sensitivities
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.regimen import every

DRAWN = load_model().draw([60, 90], ("A", "B"), 4, 2)
REGIMEN = every(6, times=2, is_subcutaneous=True).then(every(6, times=3))
DAYS = np.array([200.0, 1.0, 10, 41, 84.02, 84.5, 125, 168])


def test_every_derivative_is_the_limit_of_differences() -> None:
    found = sensitivities(DRAWN, [REGIMEN] * 2, [DAYS, DAYS[:3]])
    assert [part.shape for part in found] == [(8, 4, 8), (8, 4, 3)]
    for row, name in enumerate(PARAMETER_NAMES):
        value = getattr(DRAWN, name)
        by = 1e-4 * value.mean()
        up, down = (
            simulate(replace(DRAWN, **{name: value + shift}), [REGIMEN] * 2, [DAYS, DAYS[:3]])
            for shift in (by, -by)
        )
        for patient in range(2):
            expected = (up[patient] - down[patient]) / (2 * by)
            scale = np.abs(expected).max()
            np.testing.assert_allclose(found[patient][row], expected, atol=1e-6 * scale)


def test_a_level_in_proportion_to_the_bioavailability_has_a_constant_derivative() -> None:
    linear = replace(DRAWN, maximal_rate=np.zeros((1, 1, 1)))
    regimen = every(6, times=2, is_subcutaneous=True)
    level = simulate(linear, [regimen] * 2, [DAYS] * 2)
    slopes = sensitivities(linear, [regimen] * 2, [DAYS] * 2)
    for patient in range(2):
        share = linear.bioavailability.item()
        np.testing.assert_allclose(slopes[patient][7] * share, level[patient], rtol=1e-9)


def test_one_compartment_and_patients_without_times_are_possible() -> None:
    values = (0.164, 3.48, 3.48, 0.0, 2.86, 0.875, 0.233, 0.84)
    single = Parameters(("A",), *(np.full((1, 1, 1), value) for value in values), lag_d=0.0)
    assert np.isfinite(sensitivities(single, [every(4)], [DAYS])[0]).all()
    assert sensitivities(single, [every(4)], [np.zeros(0)])[0].shape == (8, 1, 0)
    with pytest.raises(ValueError, match="each patient"):
        sensitivities(single, [], [])
