"""A regimen is checked when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.regimen import Regimen, every


def test_every_six_weeks_is_42_days_apart_and_lasts_an_hour() -> None:
    regimen = every(6, times=3)
    assert regimen.start_d.tolist() == [0, 42, 84]
    assert regimen.dose_mg.tolist() == [300, 300, 300]
    np.testing.assert_allclose(24 * (regimen.end_d - regimen.start_d), 1)


@pytest.mark.parametrize(
    ("start", "dose", "duration", "message"),
    [
        ([0, 28], [300, -1], [0.1, 0.1], "dose 1: dose_mg is negative"),
        ([0, 28], [300, 300], [0.1, 0], "dose 1: duration_d"),
        ([28, 0], [300, 300], [0.1, 0.1], "dose 1: start_d is before"),
        ([0, 0.05, 1], [300, 300, 300], [0.1, 0.1, 0.1], "dose 1: the infusion starts while"),
        ([0, 1, 2], [300, 300, 300], [2.5, 0.1, 0.1], "dose 1: the infusion starts while"),
        ([np.nan], [300], [0.1], "dose 0: start_d is not a finite number"),
    ],
)
def test_what_cannot_be_a_regimen_is_refused_with_the_index(
    start: list[float], dose: list[float], duration: list[float], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        Regimen(np.array(start), np.array(dose), np.array(duration), np.zeros(len(start), bool))
    assert message in str(caught.value)


def test_a_long_infusion_is_not_hidden_behind_a_subcutaneous_dose() -> None:
    with pytest.raises(ValueError, match="dose 2"):
        Regimen(np.array([0, 0.1, 0.2]), np.full(3, 300.0), np.full(3, 0.5), np.array([False, True, False]))


def test_arrays_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Regimen(np.zeros(2), np.zeros(1), np.ones(2), np.zeros(2, bool))


def test_a_regimen_cannot_be_changed_afterwards() -> None:
    dose = np.array([300.0])
    regimen = Regimen(np.zeros(1), dose, np.ones(1), np.zeros(1, bool))
    dose[0] = 5
    assert regimen.dose_mg[0] == 300
    with pytest.raises(ValueError, match="read-only"):
        regimen.dose_mg[0] = 1


def test_an_interval_must_be_positive() -> None:
    with pytest.raises(ValueError, match="weeks"):
        every(0)
