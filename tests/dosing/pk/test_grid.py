"""The steps are cut at everything that happens."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.grid import build_grid, pace_of
from wearoff.dosing.pk.inputs import inputs_of
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.regimen import Regimen, every

PACE = pace_of(load_model().typical(75), 0)
MIXED = Regimen(
    np.array([3.0, 30.0, 60.0]),
    np.array([300.0, 150, 300]),
    np.array([0.25, 0, 0.25]),
    np.array([0, 1, 0], bool),
)


def test_the_steps_cover_the_time_from_the_first_event_to_the_last_output() -> None:
    grid = build_grid(inputs_of(MIXED, 0.125), np.array([90.0, 10.0]), pace=PACE)
    assert grid.start_d == 3
    assert grid.length_d.sum() == pytest.approx(87)
    assert (grid.length_d[1:] > 0).all()


def test_what_flows_in_is_what_was_given() -> None:
    grid = build_grid(inputs_of(MIXED, 0.125), np.array([100.0]), pace=PACE)
    assert (grid.length_d * grid.rate_mg_per_d).sum() == pytest.approx(600, rel=1e-12)
    assert grid.depot_bolus_mg.sum() == 150


def test_a_dose_at_or_after_the_last_output_is_not_given_yet() -> None:
    grid = build_grid(inputs_of(MIXED, 0.125), np.array([3.0, 30.125]), pace=PACE)
    assert (grid.length_d * grid.rate_mg_per_d).sum() == pytest.approx(300)
    assert grid.depot_bolus_mg.sum() == 0


def test_every_output_time_is_the_end_of_a_step_and_keeps_its_order() -> None:
    times = np.array([50.0, 3.0, 0.0, 30.0, 50.0])
    grid = build_grid(inputs_of(MIXED, 0.125), times, pace=PACE)
    ends = grid.start_d + np.cumsum(grid.length_d)
    at = [float(ends[grid.slot == slot][0]) for slot in grid.gather]
    assert at == pytest.approx(times.tolist())
    assert grid.outputs == 4


def test_no_step_is_longer_than_the_fastest_time_constant_or_the_wish() -> None:
    regimen = every(4, times=3)
    assert (
        build_grid(inputs_of(regimen, 0), np.array([90.0]), pace=PACE).length_d.max()
        < 1.3 / PACE.fastest_per_d
    )
    assert (
        build_grid(inputs_of(regimen, 0), np.array([90.0]), pace=PACE, max_step_d=0.1).length_d.max() <= 0.1
    )


def test_parameters_change_with_the_dose_and_not_before() -> None:
    grid = build_grid(inputs_of(MIXED, 0.125), np.array([90.0]), pace=PACE)
    middle = grid.start_d + np.cumsum(grid.length_d) - grid.length_d / 2
    expected = np.searchsorted(MIXED.start_d, middle[1:], side="right") - 1
    assert grid.segment[1:].tolist() == expected.tolist()


def test_times_must_be_finite_days_and_the_model_not_absurdly_stiff() -> None:
    with pytest.raises(ValueError, match="finite"):
        build_grid(inputs_of(MIXED, 0), np.array([np.nan]), pace=PACE)
    stiff = pace_of(load_model().typical(75), 0)
    object.__setattr__(stiff, "fastest_per_d", 1e6)
    with pytest.raises(ValueError, match="more than"):
        build_grid(inputs_of(MIXED, 0), np.array([90.0]), pace=stiff)
