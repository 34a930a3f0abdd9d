"""A population solved at once against the path for single patients, and an independent integrator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.reference import lsoda_levels
from hypothesis import given, settings
from hypothesis import strategies as st

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, load_model
from wearoff.dosing.pk.population import simulate_population, steady_population
from wearoff.dosing.pk.solve import simulate, steady_state
from wearoff.dosing.pk.virtual import draw_patients, normal_weights
from wearoff.dosing.regimen import Regimen, every

PATIENTS = 4200  # more than one block


def people(count: int, seed: int, km: float = 2.0) -> Parameters:
    """Weight 79 SD 20 kg; clearance, central volume and maximal rate spread by 25 %."""
    random = np.random.default_rng(seed)
    relative = np.clip(random.normal(79, 20, count), 40, 160) / 75
    cl, vc, vmax = np.exp(np.sqrt(np.log1p(0.25**2)) * random.standard_normal((3, count)))
    values = (0.164 * relative**0.6 * cl, 3.48 * relative**0.26 * vc, 3.48, 0.4, 2.86 * vmax, km, 0.233, 0.84)
    return Parameters(("everyone",), *(np.reshape(value, (1, -1, 1)) for value in values), lag_d=0.125)


def furthest(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest relative error of a level above 0.001 mg/L."""
    is_visible = expected > 1e-3
    return float(np.max(np.abs(found - expected)[is_visible] / expected[is_visible]))


def part(of: Parameters, draws: slice) -> Parameters:
    """Some of the people."""
    arrays = {name: getattr(of, name) for name in PARAMETER_NAMES}
    return Parameters(
        of.patients,
        *(array[:, draws] if array.shape[1] > 1 else array for array in arrays.values()),
        lag_d=of.lag_d,
    )


@pytest.mark.parametrize(
    ("km", "weeks", "seed"), [(2.0, 4, 101), (0.875, 4, 102), (0.875, 8, 103), (2.0, 12, 104), (0.3, 6, 105)]
)
def test_every_patient_is_within_the_accuracy_asked_for(km: float, weeks: int, seed: int) -> None:
    drawn, regimen = people(PATIENTS, seed, km), every(weeks, times=6)
    times = np.concatenate((regimen.start_d, regimen.end_d))
    tight = simulate(drawn, [regimen], [times])[0]
    found = simulate_population(drawn, regimen)
    assert not found.status.any()
    assert furthest(found.trough, tight[:, :6]) < 1e-4
    assert furthest(found.peak, tight[:, 6:]) < 1e-4


@pytest.mark.parametrize(
    "regimen",
    [
        replace(every(4, times=8), dose_mg=np.array([300.0, 300, 300, 0, 300, 0, 300, 300])),
        Regimen(np.array([0, 28, 30, 90.0]), np.array([300, 300, 10, 300.0]), np.full(4, 1 / 24), np.zeros(4, bool)),
        every(4, times=10).without(4, 7),
        every(4, times=8).exchanged([100, 102, 104], 0.7),
    ],
)  # fmt: skip
def test_an_irregular_regimen_is_within_the_accuracy_too(regimen: Regimen) -> None:
    people = draw_patients(load_model(), normal_weights(79, 20), 0, 600, 77)
    found = simulate_population(people, regimen).trough
    tight = simulate_population(people, regimen, accuracy=1e-9).trough
    is_visible = tight > 1e-3
    assert np.max(np.abs(found - tight)[is_visible] / tight[is_visible]) < 1e-4


def test_daily_levels_of_every_patient_are_within_the_accuracy() -> None:
    drawn, regimen = people(600, 104, 0.875), every(6, times=4)
    found = simulate_population(drawn, regimen, daily=True)
    assert found.day is not None
    assert found.daily is not None
    assert found.day.tolist() == list(range(126 + 28 + 1))
    tight = simulate(drawn, [regimen], [found.day])[0]
    assert furthest(found.daily, tight) < 1e-4
    assert furthest(found.trough, tight[:, ::42]) < 1e-4


def test_a_tighter_accuracy_is_kept_too() -> None:
    drawn, regimen = people(1000, 105), every(6, times=4)
    times = np.concatenate((regimen.start_d, regimen.end_d))
    tight = simulate(drawn, [regimen], [times], max_step_d=0.25)[0]
    for accuracy in (1e-3, 1e-5, 1e-7, 1e-9):
        found = simulate_population(drawn, regimen, accuracy=accuracy)
        assert furthest(found.trough, tight[:, :4]) < accuracy
        assert furthest(found.peak, tight[:, 4:]) < accuracy


def test_the_tight_reference_agrees_with_an_independent_integrator() -> None:
    drawn, regimen = people(4, 106, 0.875), every(6, times=3)
    times = np.sort(np.concatenate((regimen.start_d[1:], regimen.end_d)))
    ours = simulate_population(drawn, regimen, accuracy=1e-9)
    everyone = Parameters(
        tuple("ABCD"),
        *(np.swapaxes(getattr(drawn, name), 0, 1) for name in PARAMETER_NAMES),
        lag_d=drawn.lag_d,
    )
    theirs = np.array(lsoda_levels(everyone, regimen, times))
    both = np.sort(np.concatenate((ours.trough[:, 1:], ours.peak), axis=1), axis=1)
    np.testing.assert_allclose(both, np.sort(theirs, axis=1), rtol=1e-6)


def test_a_patient_does_not_depend_on_who_else_is_there() -> None:
    drawn, regimen = people(PATIENTS, 107), every(4, times=5)
    whole = simulate_population(drawn, regimen)
    some = simulate_population(part(drawn, slice(700, 790)), regimen)
    np.testing.assert_allclose(some.trough, whole.trough[700:790], rtol=1e-12)
    np.testing.assert_allclose(some.peak, whole.peak[700:790], rtol=1e-12)


def test_patients_may_stand_on_either_axis() -> None:
    one = people(40, 108)
    names = tuple(f"P{k}" for k in range(40))
    other = Parameters(
        names, *(np.swapaxes(getattr(one, name), 0, 1) for name in PARAMETER_NAMES), lag_d=one.lag_d
    )
    np.testing.assert_array_equal(
        simulate_population(one, every(4)).trough, simulate_population(other, every(4)).trough
    )
    with pytest.raises(ValueError, match="one draw"):
        simulate_population(load_model().draw([60, 70], ("A", "B"), 3, 1), every(4))


@settings(max_examples=15, deadline=None)
@given(
    gaps=st.lists(st.floats(7, 70), min_size=3, max_size=3),
    under_skin=st.lists(st.booleans(), min_size=4, max_size=4),
    doses=st.lists(st.sampled_from([0.0, 150.0, 300.0]), min_size=4, max_size=4),
)
def test_any_regimen_is_solved_as_for_single_patients(
    gaps: list[float], under_skin: list[bool], doses: list[float]
) -> None:
    regimen = Regimen(
        np.cumsum([0, *gaps]), np.array(doses), np.array([1, 2, 1, 1]) / 24, np.array(under_skin)
    )
    drawn = people(20, 109)
    fine = np.arange(0, regimen.start_d[-1] + 28.1, 0.02)
    times = np.concatenate((regimen.start_d, regimen.end_d, fine))
    tight = simulate(drawn, [regimen], [times])[0]
    found = simulate_population(drawn, regimen)
    is_seen = tight[:, :4] > 1e-3
    np.testing.assert_allclose(found.trough[is_seen], tight[:, :4][is_seen], rtol=1e-4)
    if not regimen.is_subcutaneous.any():
        is_seen = tight[:, 4:8] > 1e-3
        np.testing.assert_allclose(found.peak[is_seen], tight[:, 4:8][is_seen], rtol=1e-4)
        return
    ends = np.append(regimen.start_d[1:], np.inf)
    for index, (start, end) in enumerate(zip(regimen.start_d, ends, strict=True)):
        # the peak of an infusion falls between two of the fine times, where it ends
        held = np.concatenate((fine, regimen.end_d, regimen.start_d))
        is_in = (held >= start) & (held <= end)
        values = np.concatenate((tight[:, 8:], tight[:, 4:8], tight[:, :4]), axis=1)[:, is_in].max(axis=1)
        np.testing.assert_allclose(found.peak[:, index], values, rtol=1.5e-4, atol=1e-3)


def test_parameters_may_follow_the_weight_and_one_compartment_will_do() -> None:
    regimen = every(4, times=3)
    changing = load_model().typical([[60, 75, 90]], ("A",))
    tight = simulate(changing, [regimen], [regimen.end_d])[0]
    np.testing.assert_allclose(simulate_population(changing, regimen).peak, tight, rtol=1e-4)
    values = (0.164, 3.48, 3.48, 0.0, 2.86, 0.875, 0.233, 0.84)
    single = Parameters(("A",), *(np.full((1, 1, 1), value) for value in values), lag_d=0.0)
    tight = simulate(single, [regimen], [regimen.end_d])[0]
    np.testing.assert_allclose(simulate_population(single, regimen).peak, tight, rtol=1e-4)


@pytest.mark.parametrize("weeks", [1, 4, 6, 8, 12])
def test_the_steady_state_is_that_of_single_patients(weeks: int) -> None:
    drawn = people(300, 110, 0.875)
    found, single = steady_population(drawn, weeks), steady_state(drawn, weeks)
    assert not found.status.any()
    assert furthest(found.trough, single.trough[0]) < 1e-4
    assert furthest(found.peak, single.peak[0]) < 1e-4


def test_a_patient_who_never_settles_or_cannot_be_solved_has_a_status() -> None:
    values = (0.0, 3.48, 3.48, 0.4, 2.86, 0.875, 0.233, 0.84)
    hopeless = Parameters(("A",), *(np.full((1, 1, 1), value) for value in values), lag_d=0.0)
    assert steady_population(hopeless, 4, max_rounds=5).status.tolist() == [3]
    huge = Regimen(np.zeros(1), np.full(1, 1e300), np.ones(1), np.ones(1, bool))
    values = (0.164, 3.48, 3.48, 0.4, 2.86, 0.875, 0.001, 1e11)
    impossible = Parameters(("A",), *(np.full((1, 1, 1), value) for value in values), lag_d=0.0)
    assert simulate_population(impossible, huge).status.tolist() == [1]


def test_a_population_needs_a_dose_and_a_sensible_accuracy() -> None:
    none = Regimen(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, bool))
    with pytest.raises(ValueError, match="dose"):
        simulate_population(people(3, 1), none)
    with pytest.raises(ValueError, match="accuracy"):
        simulate_population(people(3, 1), every(4), accuracy=1.0)


def test_intervals_of_everyones_own_settle_as_each_does_for_all() -> None:
    everyone = people(300, 5)
    weeks = np.random.default_rng(2).choice([4.0, 5.0, 6.0, 7.0 + 1 / 7, 8.0], 300)
    mixed = steady_population(everyone, weeks, accuracy=1e-7)
    assert not mixed.status.any()
    for one in np.unique(weeks):
        mine = weeks == one
        alike = steady_population(everyone, float(one), accuracy=1e-7)
        np.testing.assert_allclose(mixed.trough[mine], alike.trough[mine], rtol=2e-6)
        np.testing.assert_allclose(mixed.peak[mine], alike.peak[mine], rtol=2e-6)


def test_intervals_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one interval, or as many"):
        steady_population(people(3, 1), np.array([4.0, 5.0]))
    with pytest.raises(ValueError, match="longer than its infusion"):
        steady_population(people(2, 1), np.array([4.0, 0.0]))
