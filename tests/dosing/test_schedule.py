"""A schedule refuses what cannot be, and says which doses it names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wearoff.dosing.schedule import Schedule, ScheduledDose


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time_d": np.nan}, "time_d must be a finite number"),
        ({"amount_mg": -1.0}, "amount_mg must be finite and not negative"),
        ({"lag_d": np.inf}, "lag_d must be finite"),
        ({"further": 2}, "needs the time between repetitions"),
        ({"steady": 1}, "needs the time between doses"),
    ],
)
def test_a_dose_that_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ScheduledDose(**{"time_d": 0.0, "amount_mg": 300.0} | changes)


def test_time_does_not_go_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        Schedule((ScheduledDose(1.0, 300.0), ScheduledDose(0.0, 300.0)))


def test_the_doses_are_those_that_are_named_and_not_cut_off() -> None:
    first = ScheduledDose(0.0, 300.0, 1 / 24, every_d=28.0, further=5)
    schedule = Schedule(
        (first, ScheduledDose(70.0, 0.0, is_reset=True), ScheduledDose(80.0, 150.0, is_depot=True))
    )
    assert schedule.dose_days == [0, 28, 56, 80]
    assert not schedule.is_plain
    assert Schedule((first,)).is_plain
    regimen = schedule.regimen()
    assert regimen.dose_mg.tolist() == [300, 300, 300, 150]
    assert regimen.is_subcutaneous.tolist() == [False, False, False, True]
