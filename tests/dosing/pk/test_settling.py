"""How deviations fade from dose to dose: against matrix exponentials, the law of one compartment, and who settles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import expm

from tests.dosing.pk.random_models import seeds, single_of, spread, together, wide_model
from wearoff.dosing.pk import settling
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters
from wearoff.dosing.pk.population import steady_population
from wearoff.dosing.pk.settling import fading_between
from wearoff.dosing.pk.solve import steady_state

few = settings(max_examples=25, deadline=None)


def rows_of(people: Parameters) -> np.ndarray:
    """The parameters of the draws of one patient, as the solver wants them."""
    return np.stack([getattr(people, name)[0, :, 0] for name in PARAMETER_NAMES])


def wide_people(random: np.random.Generator, count: int = 20, *, is_linear: bool = False) -> Parameters:
    return together([wide_model(random, is_linear=is_linear) for _ in range(count)])


@given(seed=seeds, flow=st.sampled_from([None, 0.0, 1e-12, 1e-4]))
@few
def test_what_is_still_to_come_is_a_geometric_sum_of_matrix_exponentials(
    seed: int, flow: float | None
) -> None:
    random = np.random.default_rng(seed)
    rows, days = rows_of(wide_people(random, is_linear=True)), spread(random, 1, 90)
    if flow is not None:
        rows[3] = flow
    for fading in fading_between(rows, days, np.full(20, 2.0), np.full(20, 50.0)):
        change = random.normal(size=(2, 20))
        found = fading.still_to_come(change)
        for draw in range(20):
            clearance, central, peripheral, flow_there = rows[:4, draw]
            outflow, forth, back = clearance / central, flow_there / central, flow_there / peripheral
            if flow_there < 1e-9:  # nothing that could be seen comes back
                alone = change[0, draw] / np.expm1(outflow * days)
                assert found[0, draw] == pytest.approx(alone, rel=1e-9)
                continue
            kept = expm(days * np.array([[-outflow - forth, back], [forth, -back]]))
            rest = np.linalg.solve(np.eye(2) - kept, kept @ change[:, draw])
            # rounding of the solved system grows with what is kept
            lost = 1e-13 * np.linalg.cond(np.eye(2) - kept) * np.abs(rest).max()
            np.testing.assert_allclose(found[:, draw], rest, rtol=0, atol=lost + 1e-13)
            slowest = 1 - np.linalg.eigvals(kept).real.max()
            assert fading.forgotten[draw] == pytest.approx(slowest, rel=1e-6, abs=1e-12)


@given(seed=seeds)
@few
def test_one_compartment_forgets_as_its_elimination_falls(seed: int) -> None:
    """A deviation moves along the fall of the level: from peak to trough it shrinks as the elimination does."""
    random = np.random.default_rng(seed)
    given_model = wide_model(random)
    rows = rows_of(replace(given_model, intercompartmental_clearance=np.zeros((1, 1, 1))))
    clearance, volume, _, _, maximal, km = rows[:6, 0]
    trough = spread(random, 1e-3, 100)
    peak = trough * spread(random, 1.001, 100)

    def eliminated(level: float) -> float:
        return float(level * (clearance + maximal / (km + level)))

    days = quad(lambda log: volume * np.exp(log) / eliminated(np.exp(log)), np.log(trough), np.log(peak))[0]
    _, slowest = fading_between(rows, days, np.array([trough]), np.array([peak]))
    kept = eliminated(trough) / eliminated(peak)
    assert 1 - slowest.forgotten.item() == pytest.approx(kept, rel=1e-6)


@given(seed=seeds)
@few
def test_the_slope_of_elimination_lies_between_those_of_peak_and_trough(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, trough = rows_of(wide_people(random)), np.array([spread(random, 1e-6, 1e3) for _ in range(20)])
    peak = trough * np.array([spread(random, 1, 1e4) for _ in range(20)])
    least, most = (
        (rows[0] + rows[4] * rows[5] / (rows[5] + level) ** 2) / rows[1]
        for level in (np.maximum(peak, 1.001 * trough), trough)
    )
    for fading in fading_between(rows, 28.0, trough, peak):
        assert (fading.outflow >= least * (1 - 1e-12)).all()
        assert (fading.outflow <= most * (1 + 1e-12)).all()


@given(seed=seeds)
@example(seed=120)  # a jump that is not held back goes too far and back for ever
@few
def test_who_can_eliminate_what_is_given_settles(seed: int) -> None:
    random = np.random.default_rng(seed)
    weeks, dose, hours = spread(random, 0.5, 12), spread(random, 10, 1000), spread(random, 0.05, 72)
    people = wide_people(random)
    assert not steady_population(people, weeks, dose, hours).status.any()
    only_saturable = replace(people, clearance=np.zeros((1, 20, 1)))
    load = dose / (7 * weeks) / np.maximum(only_saturable.maximal_rate[0, :, 0], 1e-9)
    status = steady_population(only_saturable, weeks, dose, hours).status
    assert (status[load < 0.99] == 0).all()
    assert (status[load >= 1] == 3).all()


def test_a_compartment_that_is_hardly_reached_does_not_keep_a_patient_from_settling() -> None:
    random = np.random.default_rng(1)
    people = wide_people(random)
    alone = steady_population(replace(people, intercompartmental_clearance=np.zeros((1, 20, 1))), 4)
    for flow in (1e-15, 1e-10, 1e-7):
        flows = np.full((1, 20, 1), flow)
        found = steady_population(replace(people, intercompartmental_clearance=flows), 4)
        assert not found.status.any()
        np.testing.assert_allclose(found.trough, alone.trough, rtol=2e-4, atol=1e-6)
        np.testing.assert_allclose(found.peak, alone.peak, rtol=2e-4)


@given(seed=seeds)
@few
def test_who_is_settled_has_no_way_to_go(seed: int) -> None:
    random = np.random.default_rng(seed)
    people = wide_people(random)
    weeks, dose, hours = spread(random, 0.5, 12), spread(random, 10, 1000), spread(random, 0.05, 72)
    found = steady_population(people, weeks, dose, hours)
    with pytest.MonkeyPatch.context() as patch:
        # the same solver with the same errors, but much nearer to its own limit
        patch.setattr(settling, "_NEAR", 1e-4)
        limit = steady_population(people, weeks, dose, hours)
    for near, there in ((found.trough, limit.trough), (found.peak, limit.peak)):
        np.testing.assert_allclose(near, there, rtol=2e-5, atol=2e-8)


@given(seed=seeds)
@settings(max_examples=5, deadline=None)
def test_the_steady_state_of_saturable_patients_is_that_of_the_other_solver(seed: int) -> None:
    random = np.random.default_rng(seed)
    people = wide_people(random, 4)
    # the other solver gives one dose after the other, which takes long where little is forgotten
    people = replace(people, clearance=np.maximum(people.clearance, 0.1))
    weeks, dose, hours = spread(random, 0.5, 12), spread(random, 10, 1000), spread(random, 0.05, 72)
    found = steady_population(people, weeks, dose, hours, accuracy=1e-8)
    for draw in range(4):
        single = steady_state(single_of(people, draw), weeks, dose, hours, max_cycles=40_000)
        exact = np.array([single.trough.item(), single.peak.item()])
        scale = exact[1] * (1 + people.peripheral_volume[0, draw, 0] / people.central_volume[0, draw, 0])
        both = np.array([found.trough[draw], found.peak[draw]])
        np.testing.assert_allclose(both, exact, rtol=1e-6, atol=1e-8 * scale + 1e-9)
