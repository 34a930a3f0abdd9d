"""The simulations behind the answers: order of regimens, what cannot fall, and the population of the trials."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explained import simulated
from wearoff.cohort.explained.simulated import run_in_then, usual_exchange_d
from wearoff.dosing.activity import typical_activity
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.regimen import every
from wearoff.dosing.virtual_activity import Watch, simulate_activity


def test_day_0_is_the_last_infusion_of_a_year_and_the_first_dose_comes_when_it_is_said() -> None:
    regimen, begin = run_in_then(every(4, times=2).shifted(42))
    assert begin == 13 * 28.0
    np.testing.assert_allclose(regimen.start_d[-3:] - begin, [0, 42, 70])
    exchanged, begin = run_in_then(None, usual_exchange_d())
    np.testing.assert_allclose(exchanged.exchange_d - begin, [7, 10.5, 14])


def test_before_a_change_of_the_next_dose_nothing_changes() -> None:
    planned, late = (simulated().course(every(4, times=3).shifted(day), 56.0) for day in (28.0, 42.0))
    here = planned.day < 28
    np.testing.assert_allclose(planned.level[:, here], late.level[:, late.day < 28], rtol=1e-9)
    assert (late.level.min(axis=1) < planned.level.min(axis=1)).all()


def test_plasma_exchange_lowers_the_level_as_published_in_those_who_are_typical() -> None:
    without = simulated().course(None, 28.0)
    exchanged = simulated().course(None, 28.0, usual_exchange_d())
    at = exchanged.at(21.0)
    share = 1 - exchanged.level[:, at] / without.level[:, without.at(7.0)]
    assert 0.75 < np.median(share) < 0.95
    assert (exchanged.level[:, at] < without.level[:, without.at(21.0)]).all()


@pytest.mark.parametrize("name", curve_names())
def test_shares_with_a_lesion_rise_and_stay_shares(name: str) -> None:
    shares = simulated().shares_with_gd(None, 196.0)[name]
    assert shares.shape[1] == 28
    assert (np.diff(shares, axis=1) > 0).all()
    assert 0 < shares.min() < shares.max() < 1


def test_shares_with_a_lesion_hold_those_of_the_population_with_typical_numbers() -> None:
    """Other people, other weights, drawn counts; the numbers as they stand must lie within the band over the sets."""
    watch = Watch(gd_d=tuple(28.0 * np.arange(1, 8)))
    population = simulate_activity(load_model(), 75.0, None, watch, 1500, 9, load_curve("bridge"))
    assert typical_activity("bridge").exponent.size == 1
    shares = simulated().shares_with_gd(None, 196.0)["bridge"]
    assert shares[:, 27].min() - 0.02 < population.share_with("gd") < shares[:, 27].max() + 0.02


def test_a_later_next_dose_never_means_fewer_lesions() -> None:
    planned, late, missed = (
        simulated().shares_with_gd(every(4, times=7).shifted(day), 168.0)["bridge"][:, -1]
        for day in (28.0, 42.0, 56.0)
    )
    assert (planned <= late).all()
    assert (late <= missed).all()
