"""Patients and draws in arrays of few sizes."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.grid import build_grid, pace_of
from wearoff.dosing.pk.inputs import inputs_of
from wearoff.dosing.pk.layout import BLOCK, idle, sizes_for, unit_of
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.regimen import every


@pytest.mark.parametrize(("draws", "block"), [(1, 8), (30, 32), (201, 256), (1000, BLOCK)])
def test_few_sizes_occur_and_all_draws_fit(draws: int, block: int) -> None:
    drawn = load_model().draw(75, ["A"], draws, 1)
    grid = build_grid(inputs_of(every(4), 0), np.array([100.0]), pace=pace_of(drawn, 0))
    sizes = sizes_for([grid], drawn)
    assert sizes.draws == block
    assert sizes.steps >= grid.length_d.size
    unit = unit_of(drawn, grid, 0, 0, sizes, None)
    assert unit["rates"].shape == (sizes.segments, 8, block)
    filled = unit["rates"][0, 0, : min(draws, block)]
    np.testing.assert_allclose(filled, (drawn.clearance / drawn.central_volume)[0, :block, 0])


def test_parameters_of_the_last_infusion_hold_ever_after() -> None:
    given = load_model().typical([[60, 90]], ["A"])
    grid = build_grid(inputs_of(every(4), 0), np.array([100.0]), pace=pace_of(given, 0))
    volume = 1 / unit_of(given, grid, 0, 0, sizes_for([grid], given), None)["rates"][:, 7, 0]
    np.testing.assert_allclose(volume[:2], given.central_volume[0, 0])
    assert (volume[1:] == volume[1]).all()


def test_a_step_that_stores_nothing_points_behind_the_outputs() -> None:
    given = load_model().typical(75)
    grid = build_grid(inputs_of(every(4), 0), np.array([50.0, 100.0]), pace=pace_of(given, 0))
    sizes = sizes_for([grid], given)
    unit = unit_of(given, grid, 0, 0, sizes, None)
    used = unit["slot"][: unit["count"]]
    assert sorted(used[used < sizes.outputs].tolist()) == [0, 1]
    assert idle(unit)["count"] == 0
