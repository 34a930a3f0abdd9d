"""The solver against laws, closed forms, published figures and independent integrators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.ode import concentration
from wearoff.dosing.pk.models import Parameters, load_model
from wearoff.dosing.pk.solve import simulate, simulate_amounts, steady_state, typical_cycle
from wearoff.dosing.regimen import Regimen, every
from wearoff.errors import ComputationError

TYPICAL = load_model().typical(75)
DAYS = np.array([0.0, 0.02, 1 / 24, 1, 7, 20, 28, 28 + 1 / 24, 40, 70, 110])
few = settings(max_examples=25, deadline=None)


def parameters(*values: float, lag_d: float = 0.125) -> Parameters:
    """One patient, one draw, values in the order of the equations."""
    return Parameters(("P1",), *(np.full((1, 1, 1), value) for value in values), lag_d=lag_d)


def level(given: Parameters, regimen: Regimen, days: np.ndarray = DAYS) -> np.ndarray:
    """The concentration of the first draw of the only patient."""
    return simulate(given, [regimen], [days])[0][0]


@st.composite
def models(draw: st.DrawFn) -> Parameters:
    center = (0.164, 3.48, 3.48, 0.4, 2.86, 0.875, 0.233, 0.7)
    return parameters(*(value * draw(st.floats(0.6, 1.4)) for value in center))


@st.composite
def regimens(draw: st.DrawFn) -> Regimen:
    gaps = draw(st.lists(st.floats(2, 80), min_size=1, max_size=5))
    count = len(gaps)
    doses = draw(st.lists(st.sampled_from([100.0, 300.0, 600.0]), min_size=count, max_size=count))
    hours = draw(st.lists(st.just(0.0) | st.floats(0.5, 12), min_size=count, max_size=count))
    under_skin = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    exchanges = draw(st.lists(st.integers(0, 1200).map(lambda n: (n + 0.5) / 8), max_size=3).map(sorted))
    shares = draw(st.lists(st.floats(0.1, 0.9), min_size=len(exchanges), max_size=len(exchanges)))
    return Regimen(
        np.cumsum(gaps) - gaps[0],
        np.array(doses),
        np.array(hours) / 24,
        np.array(under_skin),
        np.array(exchanges),
        np.array(shares),
    )


@settings(max_examples=30, deadline=None)
@given(given_model=models(), regimen=regimens(), rest=st.lists(st.floats(0, 90), min_size=3, max_size=6))
def test_it_agrees_with_an_independent_integrator(
    given_model: Parameters, regimen: Regimen, rest: list[float]
) -> None:
    days = np.unique(np.concatenate((regimen.start_d[-1] + rest, regimen.start_d, regimen.end_d)))
    ours, theirs = level(given_model, regimen, days), concentration(given_model, regimen, days)
    is_visible = theirs > 1e-3
    np.testing.assert_allclose(ours[is_visible], theirs[is_visible], rtol=1e-6)
    np.testing.assert_allclose(ours, theirs, atol=1e-8)


def test_weight_changes_take_hold_at_the_infusion() -> None:
    regimen, days = every(4, times=2), np.array([28.0, 28 + 1 / 24, 40])
    changing = simulate(load_model().typical([[60, 90]], ["A"]), [regimen], [days])[0][0]
    light, heavy = (simulate(load_model().typical(w), [regimen], [days])[0][0] for w in (60, 90))
    assert changing[0] == pytest.approx(light[0], rel=1e-9)
    assert (heavy[1:] < changing[1:]).all()
    assert (changing[1:] < light[1:]).all()


def test_a_time_at_the_start_of_a_dose_is_before_the_dose() -> None:
    assert level(TYPICAL, every(4), np.array([-5.0, 0.0])).tolist() == [0, 0]
    depot = simulate_amounts(TYPICAL, [every(4, is_subcutaneous=True)], [np.array([0.125, 0.2])])[0].depot
    assert depot[0, 0] == 0
    assert depot[0, 1] == pytest.approx(252 * np.exp(-0.233 * 0.075))


def test_patients_without_times_or_doses_are_empty_or_zero() -> None:
    none = Regimen(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, bool))
    two = load_model().typical([75, 75], ("A", "B"))
    found = simulate(two, [every(4), none], [np.zeros(0), np.array([3.0])])
    assert found[0].shape == (1, 0)
    assert found[1].tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("weeks", "trough", "peak"),
    [
        (4, 25.59, 111.5),
        (5, 14.6, None),
        (6, 7.563, 93.46),
        (7, 3.1, None),
        (8, 0.8438, None),
        (12, 0.02, None),
    ],
)
def test_steady_state_has_the_specified_trough_and_peak(
    weeks: int, trough: float, peak: float | None
) -> None:
    found = steady_state(TYPICAL, weeks)
    digits = len(str(trough).replace("0.", "").replace(".", "").lstrip("0"))
    assert f"{found.trough.item():.{digits}g}" == f"{trough:.{digits}g}"
    if peak is not None:
        assert f"{found.peak.item():.4g}" == f"{peak:.4g}"


def test_the_label_model_has_the_troughs_that_its_notes_state() -> None:
    label = load_model("label_linear_mm").typical(75)
    assert [round(steady_state(label, weeks).trough.item(), 1) for weeks in (4, 8)] == [28.5, 0.7]


def test_after_the_last_monthly_dose_the_level_falls_as_specified() -> None:
    regimen = every(4, times=40)
    weeks = regimen.start_d[-1] + 7 * np.array([6.0, 8, 10, 12])
    assert np.round(level(TYPICAL, regimen, weeks), 1).tolist() == [14.7, 6.9, 1.8, 0.2]


@pytest.mark.parametrize(("weeks", "target"), [(5.6, 10), (6.5, 5), (7.4, 2), (7.9, 1)])
def test_the_interval_for_a_trough_target_is_as_specified(weeks: float, target: float) -> None:
    longer, shorter = (steady_state(TYPICAL, weeks + by).trough.item() for by in (0.05, -0.05))
    assert longer < target < shorter


def test_steady_state_repeats_itself_for_every_draw() -> None:
    drawn = load_model().draw([60, 100], ["A", "B"], 30, 2)
    found = steady_state(drawn, 6)
    long = simulate(drawn, [every(6, times=81)] * 2, [np.array([3360.0, 3360 + 1 / 24])] * 2)
    for index in range(2):
        np.testing.assert_allclose(found.trough[index], long[index][:, 0], rtol=1e-7)
        np.testing.assert_allclose(found.peak[index], long[index][:, 1], rtol=1e-7)


def test_a_patient_who_never_settles_is_named() -> None:
    hopeless = parameters(0, 3.48, 3.48, 0.4, 2.86, 0.875, 0.233, 0.84)
    with pytest.raises(ComputationError, match=r"patient P1.*clearance 0,"):
        steady_state(hopeless, 4, max_cycles=64)


def test_a_failure_names_patient_time_and_parameters() -> None:
    huge = Regimen(np.zeros(1), np.full(1, 1e300), np.ones(1), np.ones(1, bool))
    with pytest.raises(ComputationError, match=r"patient P1, day .*clearance 0.164"):
        simulate(parameters(0.164, 3.48, 3.48, 0.4, 2.86, 0.875, 0.001, 1e11), [huge], [np.array([1.0])])


def test_lists_must_fit_the_patients() -> None:
    with pytest.raises(ValueError, match="each patient"):
        simulate(TYPICAL, [], [])


def test_the_typical_cycle_begins_and_ends_at_the_trough_inside_its_band() -> None:
    cycle = typical_cycle(load_model(), 6, draws=200, seed=1, points=50)
    assert cycle.day[0] == 0
    assert cycle.day[-1] == 42
    assert cycle.typical[0] == pytest.approx(7.5627, rel=1e-4)
    assert cycle.typical[-1] == pytest.approx(cycle.typical[0], rel=1e-6)
    assert cycle.typical.max() == pytest.approx(93.46, rel=1e-4)
    assert (np.diff(cycle.band, axis=0) >= 0).all()
    assert (cycle.band[0] < cycle.typical).all()
    assert (cycle.typical < cycle.band[-1]).all()


def test_the_trough_falls_when_the_interval_or_the_weight_grows() -> None:
    by_interval = [steady_state(TYPICAL, weeks).trough.item() for weeks in (4, 5, 6, 7, 8, 10)]
    by_weight = steady_state(load_model().typical([50, 75, 100], ("A", "B", "C")), 6).trough[:, 0]
    assert (np.diff(by_interval) < 0).all()
    assert (np.diff(by_weight) < 0).all()
