from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight

from wearoff.stats import cumulative_incidence, kaplan_meier, proportion_interval

rows = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2)), min_size=2, max_size=40)


@given(rows)
def test_curves_and_errors_agree_with_an_independent_library(found: list[tuple[int, int]]) -> None:
    # One row outlives the others: the library divides by 0 where an event takes the last one.
    times, causes = (np.array(column, dtype=float) for column in zip(*found, (13, 0), strict=True))
    mine = cumulative_incidence(times, causes, causes=2)
    other = CumIncidenceRight(times, causes.astype(int))
    for curve, incidence, error in zip(mine.causes, other.cinc, other.cinc_se, strict=False):
        for time, share in zip(other.times, incidence, strict=True):
            assert mine.at(curve.cause, time) == pytest.approx(share, abs=1e-12)
        places = np.searchsorted(mine.times, other.times)
        known = np.isfinite(error)
        assert curve.standard_error[places][known] == pytest.approx(error[known], abs=1e-7)


@given(rows)
def test_all_shares_add_up_to_1(found: list[tuple[int, int]]) -> None:
    times, causes = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    mine = cumulative_incidence(times, causes, causes=3)
    total = mine.event_free + sum(curve.incidence for curve in mine.causes)
    assert total == pytest.approx(np.ones(len(mine.times)), abs=1e-12)
    assert (mine.causes[2].incidence == 0).all()


@given(rows)
def test_with_one_cause_it_is_kaplan_and_meiers_curve_upside_down(found: list[tuple[int, int]]) -> None:
    times = np.array([time for time, _ in found], dtype=float)
    events = np.array([cause > 0 for _, cause in found], dtype=float)
    one, curve = cumulative_incidence(times, events).causes[0], kaplan_meier(times, events)
    left = curve.survival > 0
    assert one.incidence == pytest.approx(1 - curve.survival, abs=1e-12)
    assert one.standard_error[left] == pytest.approx(curve.standard_error[left], abs=1e-7)
    assert one.low[left] == pytest.approx(1 - curve.high[left], abs=1e-6)
    assert one.high[left] == pytest.approx(1 - curve.low[left], abs=1e-6)


def test_without_censoring_it_is_a_plain_share() -> None:
    rng = np.random.default_rng(3)
    times, causes = rng.integers(1, 10, 80).astype(float), rng.integers(1, 4, 80)
    mine = cumulative_incidence(times, causes)
    for cause in (1, 2, 3):
        share = ((times <= 5) & (causes == cause)).mean()
        assert mine.at(cause, 5) == pytest.approx(share, abs=1e-12)
        place = int(np.searchsorted(mine.times, 5))
        error = np.sqrt(share * (1 - share) / 80)
        assert mine.causes[cause - 1].standard_error[place] == pytest.approx(error, rel=1e-9)


def test_censoring_the_competing_end_would_have_said_more() -> None:
    rng = np.random.default_rng(5)
    times, causes = rng.exponential(1, 200), rng.integers(1, 3, 200)
    both = cumulative_incidence(times, causes)
    assert both.at(1, 1.0) < 1 - kaplan_meier(times, causes == 1).at(1.0)


def test_entry_at_0_is_no_delayed_entry_and_late_entry_is() -> None:
    rng = np.random.default_rng(6)
    times, causes = rng.exponential(1, 60), rng.integers(0, 3, 60)
    plain = cumulative_incidence(times, causes)
    same = cumulative_incidence(times, causes, entry=np.zeros(60))
    late = cumulative_incidence(times, causes, entry=times / 2)
    assert plain.at(1, 0.5) == same.at(1, 0.5)
    assert plain.at(1, 0.5) != late.at(1, 0.5)
    assert (late.event_free + late.causes[0].incidence + late.causes[1].incidence)[-1] == pytest.approx(1)


def test_where_a_cause_did_not_occur_the_limit_is_the_exact_one() -> None:
    mine = cumulative_incidence([12.0] * 35, [0] * 35, causes=2)
    assert mine.interval_at(2, 12).low == 0
    assert mine.interval_at(2, 12).high == pytest.approx(proportion_interval(0, 35).high, rel=1e-12)
    assert mine.interval_at(2, 3).high == pytest.approx(proportion_interval(0, 35).high, rel=1e-12)
    assert isnan(mine.at(2, 13))
    assert mine.interval_at(2, 13).high == 1


def test_a_cause_that_is_no_number_of_a_cause_is_refused() -> None:
    for causes in ([1, 0.5], [1, 3]):
        with pytest.raises(ValueError) as caught:
            cumulative_incidence([1, 2], causes, causes=2)
        assert "whole number" in str(caught.value)
    with pytest.raises(ValueError) as caught:
        cumulative_incidence([1, 2], [1, 0]).at(4, 1.0)
    assert "no cause 4" in str(caught.value)


@pytest.mark.slow
def test_the_limits_cover_the_true_share_as_often_as_they_say() -> None:
    rng = np.random.default_rng(21)
    truth = 0.4 * (1 - np.exp(-1.0))  # rates 0.4 and 0.6: the first cause takes 0.4 of all events
    inside = 0
    for _ in range(2000):
        true, watched = rng.exponential(1, 80), rng.uniform(0.5, 3, 80)
        cause = np.where(true <= watched, 1 + (rng.random(80) > 0.4), 0)
        inside += truth in cumulative_incidence(np.minimum(true, watched), cause, causes=2).interval_at(
            1, 1.0
        )
    assert 0.935 < inside / 2000 < 0.97
