from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.models import load_model
from wearoff.dosing.plan import Plan, cut, outside
from wearoff.dosing.regimen import every

MODEL = load_model()


def test_the_end_asked_for_cuts_the_doses_after_it() -> None:
    plan, times = cut(Plan("A", every(4, times=14), 80.0), 9)
    assert (plan.regimen.number, times[-1]) == (3, 63)
    assert cut(Plan("A", every(6, times=2), 80.0), None)[1][-1] == 84


def test_what_leaves_the_data_of_the_model_is_said_from_there_on() -> None:
    plan, times = cut(Plan("A", every(10, times=2), 75.0), None)
    found = list(outside(plan, MODEL, times))
    late = times - np.where(times > 70, 70, 0) > 56
    assert {text for text, is_late in zip(found, late, strict=True) if not is_late} == {""}
    assert {text for text, is_late in zip(found, late, strict=True) if is_late} == {
        "more than 8 weeks after a dose"
    }
    heavy = Plan("A", every(4, times=2), 160.0)
    assert all("weight 160 kg outside 40 to 130 kg" in text for text in outside(heavy, MODEL, times))


def test_several_weights_need_the_days_from_which_they_hold() -> None:
    weights = np.array([70.0, 71.0])
    for days in (None, np.array([0.0])):
        with pytest.raises(ValueError, match="several weights need the days"):
            Plan("A", every(4, times=2), weights, weight_d=days)
    with pytest.raises(ValueError, match="one weight has no days"):
        Plan("A", every(4, times=2), 70.0, weight_d=np.array([0.0]))


def test_weight_and_antibodies_change_on_their_days() -> None:
    weights, days = np.array([70.0, 90.0]), np.array([0.0, 50.0])
    plan = Plan("A", every(4, times=4), weights, weight_d=days, antibodies_from_d=60.0)
    assert plan.change_d.tolist() == [0, 50, 60]
    assert plan.weights_kg.tolist() == [70, 90, 90]
    assert plan.has_antibodies.tolist() == [False, False, True]
    assert plan.weight_at(np.array([-3.0, 49.9, 50.0, 99.0])).tolist() == [70, 70, 90, 90]
    always = Plan("A", every(4, times=4), 70.0, antibodies_from_d=0.0)
    assert always.change_d.tolist() == [0]
    assert always.has_antibodies.tolist() == [True]


def test_what_happens_besides_doses_leaves_the_data_of_the_model_from_its_day_on() -> None:
    regimen = every(4, times=4).exchanged([40.0], 0.7)
    plan = Plan("A", regimen, np.array([70.0, 140.0]), weight_d=np.array([0.0, 20.0]), antibodies_from_d=60.0)
    days = np.array([20.0, 20.5, 40.0, 41.0, 60.0, 61.0])
    found = list(outside(plan, MODEL, days))
    heavy, antibodies, exchange = "weight 140 kg outside 40 to 130 kg", "antibodies", "plasma exchange"
    assert [heavy in text for text in found] == [False, True, True, True, True, True]
    assert [exchange in text for text in found] == [False, False, False, True, True, True]
    assert [antibodies in text for text in found] == [False, False, False, False, False, True]


def test_the_level_just_after_what_comes_at_once_is_followed_too() -> None:
    _, times = cut(Plan("A", every(4, times=2, duration_h=0).exchanged([3.25], 0.7), 70.0), None)
    just_after = times[np.isin(np.round(times * 86400) % 86400, [1, 21601])]
    np.testing.assert_allclose(just_after, np.array([0, 3.25, 28]) + 1 / 86400)
