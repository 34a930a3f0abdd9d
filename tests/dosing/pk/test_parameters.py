"""The individual parameters: what may stand in them, and joining draws."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, load_model

ONE = np.ones((1, 1, 1))


def ones(**changed: np.ndarray) -> Parameters:
    arrays = dict.fromkeys(PARAMETER_NAMES, ONE) | changed
    return Parameters(patients=("A",), lag_d=0.0, **arrays)


def test_parameters_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="central_volume must be finite and positive"):
        ones(central_volume=0 * ONE)
    with pytest.raises(ValueError, match="axes"):
        ones(clearance=np.ones(3))
    with pytest.raises(ValueError, match="weight_kg"):
        load_model().typical(0)


@pytest.mark.parametrize("name", ["clearance", "intercompartmental_clearance", "maximal_rate"])
def test_a_part_of_the_structure_is_switched_off_by_a_zero(name: str) -> None:
    assert getattr(ones(**{name: 0 * ONE}), name) == 0
    with pytest.raises(ValueError, match=name):
        ones(**{name: -ONE})


def test_joined_draws_stand_after_ones_own() -> None:
    both = ones().joined(ones(clearance=2 * np.ones((1, 3, 2))))
    assert both.shape == (1, 4, 2)
    assert both.clearance[0, :, 0].tolist() == [1, 2, 2, 2]
