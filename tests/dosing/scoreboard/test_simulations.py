"""What the figures share: keyed draws, one computation each, and a plain refusal of too few patients."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.models import load_model
from wearoff.dosing.scoreboard.simulations import Simulations
from wearoff.sources import figure

MODEL = load_model()


def test_more_patients_keep_the_first_ones() -> None:
    few, many = (Simulations(MODEL, patients, 2, 5) for patients in (20, 50))
    np.testing.assert_array_equal(few.parameters.clearance, many.parameters.clearance[:20])
    np.testing.assert_array_equal(few.noise, many.noise[:20])


def test_a_steady_state_is_computed_once() -> None:
    simulations = Simulations(MODEL, 20, 2, 5)
    assert simulations.steady(4) is simulations.steady(4)
    assert simulations.steady(6).trough.mean() < simulations.steady(4).trough.mean()


def test_the_weights_are_those_of_the_trial() -> None:
    volume = Simulations(MODEL, 4000, 2, 5).parameters.central_volume[:, 0, 0]
    weight = 75 * (volume / 3.48) ** (1 / 0.26)  # the model gives the volume no other spread
    assert figure("P104").number < weight.mean() < figure("P103").number + 1  # cut at the ends of the model
    assert weight.std() == pytest.approx(float(figure("P104").spread), rel=0.15)


def test_the_noise_has_the_residual_error_of_the_model() -> None:
    noise = Simulations(MODEL, 4000, 2, 5).noise
    assert noise.mean() == pytest.approx(1, abs=0.01)
    assert noise.std() == pytest.approx(MODEL.residual_proportional.value, rel=0.05)


@pytest.mark.parametrize(("patients", "policy_patients"), [(1, 2), (2, 1)])
def test_fewer_than_two_patients_are_refused(patients: int, policy_patients: int) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Simulations(MODEL, patients, policy_patients, 0)
