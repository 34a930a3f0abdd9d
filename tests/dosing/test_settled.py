"""Settled troughs against the solver that serves one patient after another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wearoff.dosing.fit.map import fit_map
from wearoff.dosing.fit.subject import Subject
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import steady_state
from wearoff.dosing.regimen import every
from wearoff.dosing.settled import SettledTroughs, settled_after
from wearoff.errors import ComputationError

MODEL = load_model()
NAMES = tuple(f"P{index}" for index in range(6))


def test_every_patient_settles_at_his_own_interval_as_he_does_alone() -> None:
    weights = np.array([50.0, 60, 70, 80, 90, 110])
    parameters = MODEL.draw(weights, NAMES, 1, 2)
    interval = np.array([4.0, 6, 4, 52 / 7, 8, 6])
    found = SettledTroughs(parameters, accuracy=1e-6).settled(interval)
    for index, weeks in enumerate(interval):
        alone = steady_state(parameters, float(weeks)).trough[index, 0]
        assert found[index] == pytest.approx(alone, rel=1e-5)


def test_predicted_troughs_are_those_of_the_estimated_parameters() -> None:
    regimen = every(4, times=14)
    subjects = [
        Subject.of(name, regimen, kg, regimen.start_d[-2:].tolist(), [level, 0.9 * level])
        for name, kg, level in (("A", 60.0, 40.0), ("B", 90.0, 12.0))
    ]
    fit = fit_map(MODEL, subjects)
    found = settled_after(MODEL, subjects, fit).settled(np.array([6.0, 5.0]))
    for index, weeks in enumerate((6.0, 5.0)):
        person = MODEL.typical(subjects[index].weight_kg[0])
        moved = {
            name: getattr(person, name) * np.exp(fit.effects[index, place])
            for place, name in enumerate(fit.names)
        }
        expected = steady_state(replace(person, **moved), weeks).trough.item()
        assert found[index] == pytest.approx(expected, rel=1e-4)


def test_a_patient_who_never_settles_is_named() -> None:
    parameters = MODEL.draw(75.0, NAMES, 1, 2)
    never = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0])[:, None, None]
    stuck = replace(
        parameters, clearance=never * parameters.clearance, maximal_rate=never * parameters.maximal_rate
    )
    with pytest.raises(ComputationError, match="patient P2: an infusion every 6 weeks does not settle"):
        SettledTroughs(stuck).settled(np.full(6, 6.0))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="one draw and one segment"):
        SettledTroughs(MODEL.draw(75.0, ("A",), 2, 1))
    with pytest.raises(ValueError, match="6 patients need as many intervals"):
        SettledTroughs(MODEL.draw(75.0, NAMES, 1, 1)).settled(np.array([4.0]))
