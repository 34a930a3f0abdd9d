"""The list of computations: each is used, and an unknown one is answered with the nearest."""

from __future__ import annotations

import pytest

from wearoff.dosing.scoreboard.computations import COMPUTATIONS, computation
from wearoff.dosing.scoreboard.entries import entries
from wearoff.errors import UnknownNameError


def test_every_computation_serves_a_figure() -> None:
    assert {entry.computation for entry in entries()} == set(COMPUTATIONS)


def test_an_unknown_computation_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mean_trough'"):
        computation("mean_through")
