"""Levels and occupancies are checked when they are made."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from wearoff.dosing.fit.observed import Levels, Occupancies

NAN = np.nan


def levels(**changed: Any) -> Levels:
    given: dict[str, Any] = {
        "time_d": [28, 56],
        "value_mg_per_l": [20, NAN],
        "lloq_mg_per_l": [NAN, 0.5],
        "is_below": [False, True],
        "laboratory": ["A", "B"],
    }
    return Levels(**(given | changed))


def test_levels_are_equal_by_their_numbers_and_stay_as_they_are() -> None:
    assert levels() == levels()
    assert levels() != levels(time_d=[28, 57])
    assert levels() != Occupancies()
    assert (levels().number, Levels().number, Occupancies().number) == (2, 0, 0)
    copy = pickle.loads(pickle.dumps(levels()))  # noqa: S301
    assert (copy, hash(copy)) == (levels(), hash(levels()))
    assert not copy.value_mg_per_l.flags.writeable


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"time_d": [28]}, "need one dimension and one length"),
        ({"time_d": [28, NAN]}, "level 1: time_d is not a finite number"),
        ({"time_d": [0, 28]}, "level 0: drawn before the first infusion had begun"),
        ({"time_d": [56, 28]}, "level 1: before the one above it"),
        ({"value_mg_per_l": [0, NAN]}, "level 0: the value is not above 0"),
        ({"value_mg_per_l": [NAN, NAN]}, "level 0: the value is not above 0"),
        ({"value_mg_per_l": [1001, NAN]}, "level 0: the value is not above 0 and up to 1000 mg/L"),
        ({"value_mg_per_l": [20, 0.4]}, "level 1: a level below quantification has no value"),
        ({"lloq_mg_per_l": [NAN, 0]}, "level 1: the limit is not above 0"),
        ({"lloq_mg_per_l": [NAN, NAN]}, "level 1: below a limit that is not stated"),
        ({"lloq_mg_per_l": [21, 0.5]}, "level 0: the value is below its own limit"),
        ({"laboratory": ["A", " "]}, "level 1: no laboratory, or one that does not print"),
    ],
)
def test_levels_that_cannot_be_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        levels(**changed)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (([1.0], [1.1], ["a"], ["b"]), "occupancy 0: the share lies outside 0 to 1"),
        (([1.0], [NAN], ["a"], ["b"]), "occupancy 0: the share lies outside 0 to 1"),
        (([-1.0], [0.5], ["a"], ["b"]), "occupancy 0: drawn before the first infusion"),
        (([1.0], [0.5], [""], ["b"]), "occupancy 0: no assay"),
        (([1.0], [0.5], ["a"], ["b", "c"]), "need one dimension and one length"),
    ],
)
def test_occupancies_that_cannot_be_are_refused(values: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        Occupancies(*values)
    assert said in str(caught.value)
