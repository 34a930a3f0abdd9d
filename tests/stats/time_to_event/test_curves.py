from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from tests.stats.published import AML_MAINTAINED, AML_OTHER, GEHAN_TREATED
from wearoff.stats import kaplan_meier, numbers_at_risk, proportion_interval

rows = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=40)


def test_the_maintained_group_of_aml_has_the_published_curve() -> None:
    curve = kaplan_meier(*AML_MAINTAINED)
    assert curve.at(12) == pytest.approx(0.909091, abs=5e-7)
    assert curve.at(24) == pytest.approx(0.613636, abs=5e-7)
    # summary(survfit(Surv(time, status) ~ x, aml)): n.risk, survival and std.err at 9, 13, 18, 23, 31, 34, 48
    places = np.flatnonzero(curve.events)
    assert curve.at_risk[places].tolist() == [11, 10, 8, 7, 5, 4, 2]
    assert curve.survival[places] == pytest.approx(
        [0.909, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184], abs=6e-4
    )
    errors = [0.0867, 0.1163, 0.1397, 0.1526, 0.1642, 0.1627, 0.1535]
    assert curve.standard_error[places] == pytest.approx(errors, abs=6e-5)
    assert curve.median == 31
    assert kaplan_meier(*AML_OTHER).median == 23


def test_gehans_treated_group_has_its_published_median_and_log_log_limits() -> None:
    curve = kaplan_meier(*GEHAN_TREATED)
    assert curve.median == 23
    # Collett, Modelling Survival Data: S(10) = 0.7529 with standard error 0.0963
    assert curve.at(10) == pytest.approx(0.7529, abs=5e-5)
    place = int(np.searchsorted(curve.times, 10))
    assert curve.standard_error[place] == pytest.approx(0.0963, abs=5e-5)
    # By hand on the log-log scale: log(-log S) -+ 1.96 se / (S |log S|).
    s, error = curve.survival[place], curve.standard_error[place]
    reach = 1.959964 * error / (s * -np.log(s))
    assert curve.interval_at(10).low == pytest.approx(s ** np.exp(reach), rel=1e-6)
    assert curve.interval_at(10).high == pytest.approx(s ** np.exp(-reach), rel=1e-6)
    assert curve.median_interval.low == 13
    assert curve.median_interval.high == inf


def test_the_numbers_at_risk_are_those_still_there() -> None:
    assert numbers_at_risk([6, 6, 12, 12, 18, 24], [0, 6, 12, 18, 24]).tolist() == [6, 6, 4, 2, 1]
    assert numbers_at_risk([6, 6, 12, 12, 18, 24], [0, 6, 12], entry=[0] * 6).tolist() == [6, 6, 4]
    assert numbers_at_risk([10, 10, 10], [0, 2, 3, 10], entry=[0, 2, 2]).tolist() == [1, 1, 3, 3]


@given(rows)
def test_without_censoring_before_the_end_the_curve_is_the_share_beyond_a_time(
    found: list[tuple[int, bool]],
) -> None:
    times = np.array([time for time, _ in found], dtype=float)
    curve = kaplan_meier(times, np.ones(len(times)))
    for time in range(14):
        assert curve.at(time) == pytest.approx((times > time).mean(), abs=1e-12)


@given(rows)
def test_the_curve_agrees_with_an_independent_library(found: list[tuple[int, bool]]) -> None:
    times, events = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    curve = kaplan_meier(times, events)
    if not events.any():
        assert (curve.survival == 1.0).all()
        return
    other = SurvfuncRight(times, events)
    assert [curve.at(time) for time in other.surv_times] == pytest.approx(other.surv_prob.tolist(), abs=1e-12)
    places = np.searchsorted(curve.times, other.surv_times)
    left = other.surv_prob > 0
    assert curve.standard_error[places][left] == pytest.approx(other.surv_prob_se[left], abs=1e-12)


@given(rows)
def test_limits_lie_around_the_curve_and_within_0_and_1(found: list[tuple[int, bool]]) -> None:
    times, events = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    curve = kaplan_meier(times, events)
    left = curve.survival > 0
    assert (curve.low[left] >= 0).all()
    assert (curve.low[left] <= curve.survival[left] + 1e-12).all()
    assert (curve.survival[left] <= curve.high[left] + 1e-12).all()
    assert (curve.high[left] <= 1).all()


def test_where_nobody_had_the_event_the_limit_is_the_exact_one() -> None:
    curve = kaplan_meier([12.0] * 35, [0] * 35)
    assert curve.interval_at(12).low == pytest.approx(proportion_interval(35, 35).low, rel=1e-12)
    assert curve.interval_at(3).low == pytest.approx(0.9, abs=5e-4)
    assert curve.interval_at(3).high == 1
    assert curve.median == inf
    assert isnan(curve.at(13))
    assert curve.interval_at(13).low == 0


@given(rows)
def test_entry_at_0_is_no_delayed_entry(found: list[tuple[int, bool]]) -> None:
    times, events = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    curve, delayed = kaplan_meier(times, events), kaplan_meier(times, events, entry=np.zeros(len(times)))
    assert curve.survival.tolist() == delayed.survival.tolist()
    assert np.array_equal(curve.low, delayed.low, equal_nan=True)


def test_delayed_entry_takes_a_row_out_of_earlier_risk_sets() -> None:
    curve = kaplan_meier([2, 4, 6, 8], [1, 1, 1, 0], entry=[0, 0, 2, 3])
    assert curve.at_risk.tolist() == [2, 3, 2, 1]
    assert curve.at(6) == pytest.approx(1 / 2 * 2 / 3 * 1 / 2)


def test_a_curve_that_died_before_others_entered_says_so() -> None:
    curve = kaplan_meier([2, 9, 9], [1, 1, 0], entry=[0, 5, 5])
    assert curve.at(9) == 0
    assert "still to enter" in str(curve.note)


@given(rows, st.floats(0.1, 50))
def test_time_in_another_unit_changes_nothing_but_the_times(
    found: list[tuple[int, bool]], unit: float
) -> None:
    times, events = (np.array(column, dtype=float) for column in zip(*found, strict=True))
    curve, scaled = kaplan_meier(times, events), kaplan_meier(times * unit, events)
    assert curve.survival.tolist() == scaled.survival.tolist()
    assert scaled.median == pytest.approx(curve.median * unit)


@pytest.mark.parametrize(
    ("time", "event", "entry", "message"),
    [
        ([], [], None, "no row"),
        ([1, -2], [1, 0], None, "row 1"),
        ([1, 2], [1, 2], None, "0 or 1"),
        ([1, 2], [1], None, "shape"),
        ([1, 2], [1, 0], [0, 2], "row 1 enters at 2"),
        ([1, float("nan")], [1, 0], None, "row 1"),
    ],
)
def test_impossible_rows_are_refused_by_name(
    time: list[float], event: list[float], entry: list[float] | None, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        kaplan_meier(time, event, entry=entry)
    assert message in str(caught.value)


@pytest.mark.slow
def test_the_limits_cover_the_true_curve_as_often_as_they_say() -> None:
    rng = np.random.default_rng(20)
    inside = 0
    for _ in range(2000):
        true, watched = rng.exponential(10, 60), rng.uniform(4, 20, 60)
        curve = kaplan_meier(np.minimum(true, watched), true <= watched)
        inside += np.exp(-0.5) in curve.interval_at(5)
    assert 0.94 < inside / 2000 < 0.975
