"""Virtual patients with measured troughs: what is keyed to whom, and where a rule leaves them."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.models import load_model
from wearoff.dosing.policies import FixedInterval, TroughGuidedTree, load_policy
from wearoff.dosing.virtual_troughs import VirtualCohort, arrive, draw_cohort, refitted, standard_weeks
from wearoff.sources import figure

MODEL = load_model()


@pytest.fixture(scope="module")
def cohort() -> VirtualCohort:
    return draw_cohort(MODEL, 200, 4)


@pytest.fixture(scope="module")
def exact() -> VirtualCohort:
    """Patients whose troughs are measured without error."""
    return draw_cohort(MODEL, 60, 4, residual_cv=0.0)


def test_more_patients_keep_the_first_ones(cohort: VirtualCohort) -> None:
    few = draw_cohort(MODEL, 5, 4)
    np.testing.assert_allclose(few.measured, cohort.measured[:5], rtol=1e-9)
    interval = np.full(5, 6.0)
    whole = cohort.predicted.settled(np.full(200, 6.0))[:5]
    np.testing.assert_allclose(few.predicted.settled(interval), whole, rtol=1e-3)
    assert not np.array_equal(draw_cohort(MODEL, 5, 5).measured, few.measured)


def test_weights_and_measurements_are_those_stated(cohort: VirtualCohort) -> None:
    rows = [figure(row) for row in ("P103", "P104")]
    assert cohort.weight_kg.mean() == pytest.approx(np.mean([row.number for row in rows]), abs=4)
    assert cohort.weight_kg.std() == pytest.approx(np.mean([float(row.spread) for row in rows]), abs=3)
    low, high = MODEL.domain.weight_kg
    assert ((cohort.weight_kg >= low) & (cohort.weight_kg <= high)).all()
    ratio = cohort.measured / cohort.truth.settled(np.full(200, 4.0))[:, None]
    assert ratio.mean() == pytest.approx(1.0, abs=0.04)
    assert ratio.std() == pytest.approx(0.219, abs=0.03)


def test_without_error_the_measured_troughs_are_those_of_the_13th_and_14th_infusion(
    exact: VirtualCohort,
) -> None:
    settled = exact.truth.settled(np.full(60, standard_weeks()))
    share = exact.measured / settled[:, None]
    assert (share <= 1 + 1e-3).all()  # they rise to it
    assert (share[:, 0] <= share[:, 1] + 1e-3).all()
    assert np.median(share) > 0.999
    assert share.min() > 0.9  # the slowest are not there after a year
    assert np.array_equal(exact.measure(settled, 3), settled)


@pytest.mark.parametrize("aim", [10.0, 5.0])
def test_without_error_the_tree_stops_at_the_first_trough_not_above_its_threshold(
    exact: VirtualCohort, aim: float
) -> None:
    tree = load_policy("trough_guided_tree", aim_mg_per_l=aim)
    assert isinstance(tree, TroughGuidedTree)
    interval = arrive(tree, exact)
    here = exact.truth.settled(interval)
    assert ((here <= tree.threshold_mg_per_l) | (interval == tree.longest_weeks)).all()
    went = interval > standard_weeks()
    before = exact.truth.settled(np.where(went, interval - 1, interval))
    assert (before[went] > 0.99 * tree.threshold_mg_per_l).all()
    assert 0.5 < went.mean() < 1


def test_a_fixed_interval_is_arrived_at_in_one_decision(cohort: VirtualCohort) -> None:
    assert (arrive(FixedInterval(6.0), cohort) == 6.0).all()


def test_a_later_trough_brings_the_prediction_nearer_to_the_truth(cohort: VirtualCohort) -> None:
    weeks = np.full(200, 6.0)
    truth = cohort.truth.settled(weeks)
    later = refitted(cohort, weeks, cohort.measure(truth, 0))
    first, second = (
        np.sqrt(np.mean((found.settled(weeks) - truth) ** 2)) for found in (cohort.predicted, later)
    )
    assert second < 0.9 * first


def test_a_cohort_has_at_least_two_patients() -> None:
    with pytest.raises(ValueError, match="at least 2 patients"):
        draw_cohort(MODEL, 1, 1)
