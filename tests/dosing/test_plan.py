from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.models import load_model
from wearoff.dosing.plan import Plan, cut, outside
from wearoff.dosing.regimen import every

MODEL = load_model()


def test_the_end_asked_for_cuts_the_doses_and_the_weights_after_it() -> None:
    plan, times = cut(Plan("A", every(4, times=14), np.linspace(60, 73, 14)), 9)
    assert (plan.regimen.number, np.size(plan.weight_kg), times[-1]) == (3, 3, 63)
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
    assert all("weight 160 kg outside 40 to 150 kg" in text for text in outside(heavy, MODEL, times))


def test_a_population_has_one_mean_weight() -> None:
    with pytest.raises(ValueError, match="one mean weight"):
        Plan("population", every(4, times=2), np.array([70.0, 71.0]), is_population=True)
