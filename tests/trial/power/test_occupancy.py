from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from scipy.integrate import quad

from wearoff.errors import InputError
from wearoff.trial.power import OccupancyDesign, simulate
from wearoff.trial.power.occupancy import ODDS, RANK_SUM, TREND

PLANNED = OccupancyDesign(71, ratio=2.0, sometimes=0.225, regularly=0.2, dropout=0.125)
ratios = st.floats(0.2, 5.0)


def normal(x: float) -> float:
    return float(np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi))


@given(ratios, st.floats(0.1, 0.4), st.floats(0.1, 0.4))
def test_the_answers_have_their_shares_whatever_the_ratio(ratio, sometimes, regularly) -> None:
    design = replace(PLANNED, ratio=ratio, sometimes=sometimes, regularly=regularly)
    first, second = (
        quad(lambda x, cut=cut: normal(x) * special.expit(cut - np.log(ratio) * x), -10, 10)[0]
        for cut in design.cuts
    )
    assert first == pytest.approx(design.levels[0], abs=1e-7)
    assert second - first == pytest.approx(sometimes, abs=1e-7)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 4.0])
def test_superiority_is_how_often_a_regular_one_lies_lower_than_one_of_the_rest(ratio: float) -> None:
    design = replace(PLANNED, ratio=ratio)

    def regular(x: float) -> float:
        return normal(x) * float(special.expit(np.log(ratio) * x - design.cuts[1]))

    def rest_below(x: float) -> float:
        return float(quad(lambda y: normal(y) - regular(y), -9, x)[0])

    above, _ = quad(lambda x: regular(x) * rest_below(x), -9, 9, epsabs=1e-7)
    assert design.superiority == pytest.approx(above / (0.2 * 0.8), abs=2e-4)
    turned = replace(design, ratio=1 / ratio)
    assert turned.superiority == pytest.approx(1 - design.superiority, abs=1e-9)


def test_the_rank_sum_test_is_as_powerful_as_noether_says() -> None:
    design = replace(PLANNED, patients=PLANNED.needed(RANK_SUM))
    found = simulate(design, replicates=1_000, seed=3, tests=(RANK_SUM,))[RANK_SUM]
    assert abs(found.distance(design.closed_form(RANK_SUM) or 0.0)) < 2.6


@pytest.mark.slow
def test_whitehead_promises_too_much_for_a_large_ratio_and_not_for_a_small_one() -> None:
    large = simulate(PLANNED, replicates=2_000, seed=1, tests=(ODDS,))[ODDS]
    assert large.distance(PLANNED.closed_form(ODDS) or 0.0) < -2.0
    small = replace(PLANNED, ratio=1.3)
    small = replace(small, patients=small.needed(ODDS))
    found = simulate(small, replicates=800, seed=2, tests=(ODDS,))[ODDS]
    assert abs(found.distance(small.closed_form(ODDS) or 0.0)) < 2.6


def test_all_three_answers_in_their_order_tell_more_than_regular_against_the_rest() -> None:
    needed = PLANNED.needed(ODDS), PLANNED.needed(RANK_SUM)
    assert needed == (71, 142)
    drawn = simulate(PLANNED, replicates=150, seed=4)
    assert drawn[ODDS].power > drawn[RANK_SUM].power
    assert drawn[TREND].power > drawn[RANK_SUM].power
    assert drawn[ODDS].coverage is not None
    assert drawn[ODDS].coverage > 0.88
    assert PLANNED.closed_form(TREND) is None
    assert PLANNED.needed(TREND) is None


def test_the_drawn_answers_have_the_shares_that_were_asked_for() -> None:
    large = replace(PLANNED, patients=20_000)
    uniforms = np.random.default_rng(8).random((large.patients, 2))
    latent = np.log(2.0) * special.ndtri(uniforms[:, 0]) + special.logit(uniforms[:, 1])
    regular = (latent > large.cuts[1]).mean()
    assert regular == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / large.patients))


def test_higher_occupancy_with_wearing_off_is_found_on_its_own_side() -> None:
    found = simulate(replace(PLANNED, ratio=0.25, patients=150), replicates=25, seed=5)
    for test in (ODDS, RANK_SUM, TREND):
        assert found[test].found > 15
        assert found[test].wrong == 0


def test_hardly_anybody_with_a_pair_is_no_finding() -> None:
    found = simulate(replace(PLANNED, patients=3, dropout=0.95), replicates=6, seed=6)
    assert {found[test].found for test in (ODDS, RANK_SUM, TREND)} == {0}


def test_shares_that_leave_nobody_without_wearing_off_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        replace(PLANNED, sometimes=0.7, regularly=0.4)
    assert "nobody is left who never wears off" in str(caught.value)
