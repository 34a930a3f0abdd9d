from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.errors import InputError
from wearoff.trial.power import IntervalDesign, simulate
from wearoff.trial.power.intervals import MARGIN, RATE

PLANNED = IntervalDesign(228, activity=0.1, margin=0.1, exposed=0.425)
LOST = replace(PLANNED, patients=273, dropout=0.125)


@pytest.mark.parametrize(
    ("activity", "total", "equal"), [(0.041, 100, 98), (0.1, 228, 223), (0.157, 335, 328), (0.264, 492, 481)]
)
def test_the_published_totals_are_needed_where_nobody_is_lost(activity, total, equal) -> None:
    design = replace(PLANNED, activity=activity)
    assert design.needed(MARGIN) == total
    assert replace(design, exposed=0.5).needed(MARGIN) == equal


def test_losses_ask_for_more_to_enter() -> None:
    needed = [replace(PLANNED, dropout=share).needed(MARGIN) or 0 for share in (0.0, 0.05, 0.125, 0.3)]
    assert needed == sorted(needed)
    assert needed[2] == 273


@pytest.mark.parametrize("design", [PLANNED, LOST], ids=["nobody lost", "12.5 % lost"])
def test_simulation_agrees_with_every_outcome_counted(design: IntervalDesign) -> None:
    exact = design.exact(MARGIN)
    assert exact is not None
    found = simulate(design, replicates=3_000, seed=1, tests=(MARGIN,))[MARGIN]
    assert abs(found.distance(exact)) < 2.6
    # the normal form promises more than there is: both know, and the reader is told
    assert found.distance(design.closed_form(MARGIN) or 0.0) < -2.0


@pytest.mark.slow
def test_the_rate_ratio_is_as_powerful_as_zhu_and_lakkis_say() -> None:
    design = replace(LOST, patients=LOST.needed(RATE))
    found = simulate(design, replicates=2_000, seed=2, tests=(RATE,))[RATE]
    assert abs(found.distance(design.closed_form(RATE) or 0.0)) < 2.6
    assert found.estimate == pytest.approx(2.0, rel=0.05)
    assert found.coverage == pytest.approx(0.95, abs=0.016)


def test_a_few_trials_find_the_rate_ratio_about_as_often_as_the_formula_says() -> None:
    design = replace(LOST, patients=LOST.needed(RATE))
    found = simulate(design, replicates=60, seed=3, tests=(RATE,))[RATE]
    assert abs(found.distance(design.closed_form(RATE) or 0.0)) < 3.0


@given(st.floats(0.02, 0.4), st.floats(0.02, 0.3), st.floats(0.5, 4.0))
def test_at_the_ratio_of_the_margin_the_shares_lie_the_margin_apart(activity, margin, years) -> None:
    design = replace(PLANNED, activity=activity, margin=margin, years=years)
    ratio = design.ratio_at_margin
    if design.true_shares[1] + margin < 0.999:
        extended, standard = replace(design, true_ratio=ratio).true_shares
        assert extended - standard == pytest.approx(margin, abs=1e-9)
    elif design.true_shares[1] + margin >= 1.0:
        assert ratio == float("inf")


def test_where_the_truth_is_the_margin_it_is_excluded_as_seldom_as_it_may() -> None:
    design = replace(PLANNED, true_ratio=PLANNED.ratio_at_margin)
    assert design.closed_form(MARGIN) is None
    assert design.needed(MARGIN) is None
    assert design.exact(MARGIN) == pytest.approx(0.05, abs=0.005)
    drawn = simulate(design, replicates=2_000, seed=4, tests=(MARGIN,))[MARGIN]
    assert drawn.power == pytest.approx(0.05, abs=0.015)


def test_nobody_lost_means_everybody_can_be_evaluated() -> None:
    assert PLANNED.evaluable == pytest.approx((1.0, 1.0))
    assert PLANNED.shares == pytest.approx(PLANNED.true_shares)
    assert sum(LOST.sizes) < LOST.patients
    # whoever is lost was free of activity until then, so the share among the evaluable is a little too high
    assert LOST.shares[1] > LOST.true_shares[1]


def test_no_relapse_at_all_is_no_finding() -> None:
    quiet = replace(LOST, patients=12, rate=1e-9)
    found = simulate(quiet, replicates=4, seed=5, tests=(RATE,))[RATE]
    assert (found.found, found.coverage) == (0, 1.0)


def test_hardly_anybody_to_evaluate_is_no_finding() -> None:
    few = replace(LOST, patients=4, exposed=0.05, dropout=0.9)
    found = simulate(few, replicates=6, seed=6)
    assert {found[test].found for test in (MARGIN, RATE)} == {0}
    assert few.exact(MARGIN) is None


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        replace(PLANNED, margin=0.0, rate=-1.0, dispersion=-0.5, true_ratio=0.0, alpha=0.6)
    assert {problem.key for problem in caught.value.problems} == {
        "margin",
        "rate",
        "dispersion",
        "true_ratio",
        "alpha",
    }
