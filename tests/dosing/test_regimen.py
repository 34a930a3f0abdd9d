"""A regimen is checked when it is made, and a change of plan obeys the laws of adding and taking away."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dosing.regimens import eighths, regimens
from wearoff.dosing.regimen import Regimen, every

weeks = st.integers(1, 96).map(lambda count: count / 8)


def test_every_six_weeks_is_42_days_apart_and_lasts_an_hour() -> None:
    regimen = every(6, times=3)
    assert regimen.start_d.tolist() == [0, 42, 84]
    assert regimen.dose_mg.tolist() == [300, 300, 300]
    np.testing.assert_allclose(24 * (regimen.end_d - regimen.start_d), 1)


@pytest.mark.parametrize(
    ("start", "dose", "duration", "message"),
    [
        ([0, 28], [300, -1], [0.1, 0.1], "dose 1: dose_mg is negative"),
        ([0, 28], [300, 300], [0.1, -0.1], "dose 1: duration_d is negative"),
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


def test_interval_and_number_are_those_of_the_plan() -> None:
    plan = every(4, times=3).then(every(6, times=2))
    assert plan.number == 5
    assert plan.interval_d.tolist() == [28, 28, 42, 42]
    assert every(4, times=1).interval_d.tolist() == []


def test_what_follows_comes_after_its_own_interval_unless_said_otherwise() -> None:
    assert every(4, times=2).then(every(6, times=2)).start_d.tolist() == [0, 28, 70, 112]
    assert every(4, times=2).then(every(6, times=2), after_weeks=5).start_d.tolist() == [0, 28, 63, 105]


def test_a_delay_moves_the_later_doses_too_unless_only_one_is_meant() -> None:
    assert every(4, times=4).delayed(3, days=9).start_d.tolist() == [0, 28, 65, 93]
    assert every(4, times=4).delayed(3, days=9, only=True).start_d.tolist() == [0, 28, 65, 84]


def test_several_doses_left_out_are_counted_on_the_plan_as_it_was() -> None:
    assert every(4, times=6).without(3, 4).start_d.tolist() == [0, 28, 112, 140]


@given(regimens(), regimens(), regimens(), weeks, weeks)
def test_it_does_not_matter_which_two_of_three_regimens_are_joined_first(
    first: Regimen, second: Regimen, third: Regimen, until_second: float, until_third: float
) -> None:
    joined = first.then(second, until_second).then(third, until_third)
    assert joined == first.then(second.then(third, until_third), until_second)
    assert joined.number == first.number + second.number + third.number


@given(regimens(smallest=2), regimens(smallest=2), regimens(smallest=2))
def test_joining_by_the_intervals_that_follow_is_associative_too(
    first: Regimen, second: Regimen, third: Regimen
) -> None:
    assert first.then(second).then(third) == first.then(second.then(third))


@given(regimens(), regimens(), weeks)
def test_both_parts_of_a_plan_keep_their_doses_and_intervals(
    first: Regimen, second: Regimen, after: float
) -> None:
    plan = first.then(second, after)
    np.testing.assert_array_equal(plan.dose_mg, np.append(first.dose_mg, second.dose_mg))
    np.testing.assert_array_equal(plan.interval_d, [*first.interval_d, 7 * after, *second.interval_d])


@given(regimens(smallest=2), st.data())
def test_leaving_a_dose_out_shortens_the_plan_by_one_and_moves_nothing(
    plan: Regimen, data: st.DataObject
) -> None:
    number = data.draw(st.integers(1, plan.number))
    rest = plan.without(number)
    assert rest.number == plan.number - 1
    np.testing.assert_array_equal(rest.start_d, np.delete(plan.start_d, number - 1))
    assert plan.without() == plan


@given(regimens(), eighths, st.data())
def test_a_delay_of_nothing_changes_nothing_and_a_delay_can_be_taken_back(
    plan: Regimen, days: float, data: st.DataObject
) -> None:
    number = data.draw(st.integers(1, plan.number))
    assert plan.delayed(number, 0) == plan.delayed(number, 0, only=True) == plan
    assert plan.delayed(number, days).delayed(number, -days) == plan
    assert plan.delayed(1, days) == plan.shifted(days)


@given(regimens(), eighths)
def test_a_shift_keeps_every_interval(plan: Regimen, days: float) -> None:
    np.testing.assert_array_equal(plan.shifted(days).interval_d, plan.interval_d)


@given(regimens(smallest=2), regimens(), weeks, st.data())
def test_times_stay_in_order_or_the_plan_is_refused_with_the_index(
    first: Regimen, second: Regimen, after: float, data: st.DataObject
) -> None:
    number = data.draw(st.integers(1, first.number))
    days = data.draw(st.integers(-500, 500)) / 8
    try:
        plan = first.delayed(number, days, only=data.draw(st.booleans())).then(second, after)
    except ValueError as refused:
        said = str(refused)
    else:
        said = ""
    if said:
        assert re.match(r"dose \d+: (start_d is before|the infusion starts while)", said)
        return
    assert (plan.interval_d >= 0).all()
    infusion = ~plan.is_subcutaneous
    assert (plan.end_d[infusion][:-1] <= plan.start_d[infusion][1:] + 1e-9).all()


@pytest.mark.parametrize("number", [0, -1, 15])
def test_a_dose_that_is_not_there_is_named(number: int) -> None:
    for change in (lambda: every(4).without(number), lambda: every(4).delayed(number, 1)):
        with pytest.raises(ValueError, match=f"there is no dose {number} in a regimen of 14"):
            change()


def test_a_single_dose_follows_only_at_a_stated_time() -> None:
    with pytest.raises(ValueError, match="after how many weeks"):
        every(4).then(every(4, times=1))
    with pytest.raises(ValueError, match="no last dose"):
        every(4).then(every(4, times=1).without(1), 4)


def test_a_regimen_moved_into_another_is_refused_with_the_index() -> None:
    with pytest.raises(ValueError, match="dose 2: the infusion starts while"):
        every(4, times=2).then(every(4, times=2), after_weeks=0)


def test_equal_regimens_are_equal_and_hash_alike() -> None:
    assert every(4) == every(4)
    assert hash(every(4)) == hash(every(4))
    assert every(4) != every(4, times=13)
    assert every(4) != every(4, is_subcutaneous=True)
    assert every(4) != "every(4)"


def test_runs_are_the_stretches_of_equal_intervals() -> None:
    assert every(4, times=6).then(every(6, times=3)).runs() == [(28, 1, 6), (42, 6, 9)]
    assert every(4, times=5).without(3).runs() == [(28, 1, 2), (56, 2, 3), (28, 3, 4)]
    assert every(4, times=1).runs() == every(4, times=0).runs() == []


@given(regimens(), st.data())
def test_runs_cover_every_interval_once(plan: Regimen, data: st.DataObject) -> None:
    covered = [days for days, first, last in plan.runs() for _ in range(first, last)]
    assert covered == plan.interval_d.tolist()
    day = data.draw(st.floats(0, 500))
    assert plan.before(day).number == (plan.start_d < day).sum()


def test_plasma_exchanges_stay_on_their_days_unless_the_whole_course_moves() -> None:
    regimen = every(4, times=6).exchanged([104, 100, 102], 0.7).exchanged([30], 0.6)
    assert regimen.exchange_d.tolist() == [30, 100, 102, 104]
    assert regimen.exchange_share.tolist() == [0.6, 0.7, 0.7, 0.7]
    assert regimen.without(2).delayed(3, days=9).exchange_d.tolist() == [30, 100, 102, 104]
    assert regimen.shifted(10).exchange_d.tolist() == [40, 110, 112, 114]
    assert regimen.before(101).exchange_d.tolist() == [30, 100]
    joined = every(4, times=2).exchanged([50], 0.7).then(every(6, times=2).exchanged([10], 0.5))
    assert joined.start_d.tolist() == [0, 28, 70, 112]
    assert joined.exchange_d.tolist() == [50, 80]
    assert regimen != every(4, times=6)
    assert hash(regimen) == hash(every(4, times=6).exchanged([30], 0.6).exchanged([100, 102, 104], 0.7))


@pytest.mark.parametrize(
    ("days", "share", "said"),
    [
        ([np.inf], 0.7, "session 0: exchange_d is not a finite number"),
        ([3.0], 1.2, "session 0: exchange_share lies outside 0 to 1"),
        ([3.0], np.nan, "session 0: exchange_share is not a finite number"),
    ],
)
def test_an_exchange_that_cannot_be_is_refused(days: list[float], share: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        every(4).exchanged(days, share)


def test_under_the_skin_a_dose_is_given_at_once_unless_a_length_is_said() -> None:
    assert (every(4, is_subcutaneous=True).duration_d == 0).all()
    assert (every(4, is_subcutaneous=True, duration_h=2).duration_d == 2 / 24).all()
    assert (every(4).duration_d == 1 / 24).all()
