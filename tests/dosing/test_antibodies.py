"""When antibodies last."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import wearoff.dosing.antibodies
from wearoff.dosing.antibodies import persistent_from


@pytest.mark.parametrize(
    ("samples", "day"),
    [
        ([], np.inf),
        ([(10, True), (30, True)], np.inf),
        ([(10, True), (30, True), (52, True)], 10),
        ([(10, True), (30, False), (52, True)], np.inf),
        ([(0, False), (10, True), (30, False), (52, True), (94, True)], 52),
    ],
)
def test_antibodies_persist_when_found_twice_six_weeks_apart(
    samples: list[tuple[float, bool]], day: float
) -> None:
    assert persistent_from(samples) == day


def test_the_example_holds() -> None:
    assert doctest.testmod(wearoff.dosing.antibodies).failed == 0
