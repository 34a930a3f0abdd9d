"""The infusion unit's books: nobody is lost, no week is too full, and delays are as stated."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trial.worlds import study
from wearoff.trial.protocol import Arm, Attendance, Capacity, Schedule
from wearoff.trial.world.booking import Bookings
from wearoff.trial.world.simulate import simulate_truth

MANY = 50_000


def books(attendance: Attendance, patients: int = MANY) -> Bookings:
    nothing = np.zeros(patients)
    return Bookings(attendance, None, 1, 0, nothing.astype(int), nothing)


def test_without_delays_the_next_infusion_comes_after_the_interval() -> None:
    where = np.arange(5)
    booked = books(Attendance(), 5).book(where, np.arange(5.0), np.full(5, 6.0), np.ones(5, dtype=int))
    assert booked.day.tolist() == [42.0, 43.0, 44.0, 45.0, 46.0]
    assert booked.planned.tolist() == booked.day.tolist()
    assert not booked.put_off_weeks.any()


def test_late_patients_are_late_by_whole_days_with_the_stated_mean() -> None:
    where, one = np.arange(MANY), np.ones(MANY)
    booked = books(Attendance(late_d=3.0)).book(where, 0 * one, 4 * one, one.astype(int))
    late = booked.day - booked.planned
    assert (late >= 0).all()
    assert (late == np.round(late)).all()
    # geometric: variance m (1 + m)
    assert abs(late.mean() - 3.0) < 3 * np.sqrt(12.0 / MANY)


def test_the_stated_share_of_infusions_is_left_out_and_the_next_keeps_its_day() -> None:
    where, one = np.arange(MANY), np.ones(MANY)
    booked = books(Attendance(skipped=0.1)).book(where, 0 * one, 4 * one, one.astype(int))
    assert set(np.unique(booked.planned)) <= {28.0 * k for k in range(1, 12)}
    left_out = booked.planned / 28.0 - 1
    for times in range(3):
        share = 0.1**times * 0.9
        assert abs((left_out == times).mean() - share) < 3 * np.sqrt(share * (1 - share) / MANY)


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 12), st.integers(0, 20), st.integers(0, 3))
def test_no_week_is_fuller_than_the_unit_and_nobody_is_lost(room: int, accrual: int, late: int) -> None:
    protocol = study(
        Arm(name="a", size=15),
        Arm(name="b", size=15, weeks=6.0),
        attendance=Attendance(late_d=float(late)),
        capacity=Capacity(infusions_per_week=room),
        schedule=Schedule(followup_weeks=40, accrual_weeks=accrual),
    )
    truth = simulate_truth(protocol, 3, 0, 2)
    calendar = truth.infusions.day + truth.people.entry_d[:, None]
    later = truth.infusions.day > 0
    for replicate in range(2):
        mine = calendar[truth.people.replicate == replicate]
        week = np.floor(mine[later[truth.people.replicate == replicate]] / 7).astype(int)
        assert np.bincount(week).max() <= room
    # everyone has the infusion at entry, and then goes on as far as the room allows
    day = np.where(np.isnan(truth.infusions.day), -np.inf, truth.infusions.day)
    assert (day == 0).any(axis=1).all()
    log = truth.decisions
    put_off = log.by == log.who.index("capacity")
    step = np.diff(truth.infusions.day, axis=1)
    planned = 7.0 * truth.infusions.interval_weeks[:, :-1]
    slow = (truth.infusions.day[:, 1:] > truth.infusions.planned[:, 1:] + 7) & (
        truth.infusions.day[:, 1:] > 0
    )
    assert (step[np.isfinite(step)] >= planned[np.isfinite(step)] - 1e-9).all()
    if late == 0:
        # every delay stands in the log, on the day on which it was decided
        delayed = (truth.infusions.day > truth.infusions.planned)[:, 1:]
        rows, columns = np.nonzero(delayed)
        known = set(zip(log.patient[put_off].tolist(), log.day[put_off].tolist(), strict=True))
        assert {
            (int(r), float(truth.infusions.day[r, c])) for r, c in zip(rows, columns, strict=True)
        } <= known
        assert slow.sum() <= put_off.sum()


def test_a_unit_with_room_for_all_puts_nobody_off() -> None:
    free = simulate_truth(study(), 1, 0, 2)
    wide = simulate_truth(study(capacity=Capacity(infusions_per_week=40)), 1, 0, 2)
    np.testing.assert_array_equal(free.infusions.day, wide.infusions.day)
    assert not (wide.decisions.by == 2).any()


def test_who_comes_first_is_booked_first() -> None:
    nothing = np.zeros(4)
    tight = Bookings(Attendance(), Capacity(infusions_per_week=1), 1, 0, np.array([0, 0, 0, 1]), nothing)
    days = np.array([2.0, 0.0, 1.0, 3.0])
    booked = tight.book(np.arange(4), days, np.full(4, 4.0), np.ones(4, dtype=int))
    assert booked.put_off_weeks.tolist() == [2, 0, 1, 0]
    assert booked.day.tolist() == [44.0, 28.0, 36.0, 31.0]
