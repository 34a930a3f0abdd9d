"""The most probable parameters against an independent optimiser on an independent integrator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from tests.oracles.ode import concentration
from tests.oracles.optimiser import lowest
from wearoff.dosing.fit.map import MapProblem, fit_map
from wearoff.dosing.fit.settings import FitSettings
from wearoff.dosing.fit.subject import Subject, effect_covariance, effect_names, typical_of, under_effects
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.sensitivities import sensitivities
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.regimen import every

MODEL = load_model()


def people(count: int, seed: int) -> list[Subject]:
    """Patients drawn from the model with two levels each, some of them below the limit."""
    rng = np.random.default_rng(seed)
    weight = np.clip(rng.normal(79, 18, count), 45, 125)
    names = [f"P{index}" for index in range(count)]
    regimens = [every(int(rng.integers(4, 8)), times=int(rng.integers(4, 9))) for _ in names]
    times = [regimen.start_d[-1] + np.array([0.0, float(rng.uniform(5, 40))]) for regimen in regimens]
    truth = simulate(MODEL.draw(weight[:, None], names, 1, seed), regimens, times)
    subjects = []
    for index, name in enumerate(names):
        levels = truth[index][0] * np.maximum(1 + 0.219 * rng.standard_normal(2), 0.2)
        is_below = levels < 3.0
        measured = np.where(is_below, 3.0, levels)
        subjects.append(Subject.of(name, regimens[index], weight[index], times[index], measured, is_below))
    return subjects


def alone(subject: Subject) -> np.ndarray:
    """The same fit by SciPy's optimiser on SciPy's integrator, with the likelihood written again."""
    typical, names = typical_of(MODEL, [subject]), effect_names(MODEL)
    precision = np.linalg.inv(effect_covariance(MODEL))

    def objective(effects: np.ndarray) -> float:
        mine = under_effects(typical, names, effects[None, None])
        order = np.argsort(subject.time_d)
        level = concentration(
            replace(mine, change_d=None), subject.regimen, subject.time_d[order], "LSODA", rtol=1e-10
        )
        predicted = level[np.argsort(order)]
        sd = 0.219 * predicted
        terms = np.where(
            subject.is_below,
            norm.logcdf(subject.measured, predicted, sd),
            norm.logpdf(subject.measured, predicted, sd),
        )
        return float(0.5 * effects @ precision @ effects - terms.sum())

    return lowest(objective, 3)


@pytest.mark.parametrize("count", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_the_fit_is_that_of_an_independent_optimiser(count: int) -> None:
    subjects = people(count, 11)
    assert any(subject.is_below.any() for subject in subjects)
    found = fit_map(MODEL, subjects)
    assert found.is_settled.all()
    for effects, subject in zip(found.effects, subjects, strict=True):
        # to 1e-5 of every parameter, which is the exponential of its effect
        np.testing.assert_allclose(np.exp(effects), np.exp(alone(subject)), rtol=1e-5)


def test_gradient_and_hessian_are_the_limits_of_differences() -> None:
    subjects = people(3, 12)
    problem = MapProblem(MODEL, subjects)
    everyone, effects = np.arange(3), np.full((3, 3), 0.1)
    found, step = problem.at(effects, everyone), 1e-3
    for index in range(3):
        shift = step * np.eye(3)[index]
        up, down = (problem.at(effects + sign * shift, everyone) for sign in (1, -1))
        slope = (up.objective - down.objective) / (2 * step)
        np.testing.assert_allclose(found.gradient[:, index], slope, rtol=1e-4, atol=1e-4)


def test_the_differences_in_lanes_are_the_forward_derivatives() -> None:
    (subject,) = people(1, 13)
    problem = MapProblem(MODEL, [subject])
    step, names = 1e-3, effect_names(MODEL)
    shifts = np.concatenate((step * np.eye(3), -step * np.eye(3)))
    level = problem.levels(shifts[None], np.arange(1))[0]
    ours = (level[:3] - level[3:]) / (2 * step)
    typical = typical_of(MODEL, [subject])
    slopes = sensitivities(typical, [subject.regimen], [subject.time_d])[0][:, 0]
    all_names = list(MODEL.parameters)
    for index, name in enumerate(names):
        value = getattr(typical, name).item()
        np.testing.assert_allclose(ours[index], slopes[all_names.index(name)] * value, rtol=1e-5, atol=1e-6)


def test_one_patient_is_a_batch_of_one() -> None:
    subjects = people(6, 14)
    whole = fit_map(MODEL, subjects)
    for index, subject in enumerate(subjects):
        np.testing.assert_allclose(fit_map(MODEL, [subject]).effects[0], whole.effects[index], atol=1e-6)


def test_without_information_the_fit_is_the_typical_patient_and_more_levels_tighten_it() -> None:
    regimen = every(4, times=6)
    nothing = Subject.of("A", regimen, 75.0, [140.0], [1e4], [True])  # below a limit that nobody reaches
    found = fit_map(MODEL, [nothing])
    np.testing.assert_allclose(found.effects, 0.0, atol=1e-6)
    np.testing.assert_allclose(found.covariance[0], effect_covariance(MODEL), rtol=1e-4, atol=1e-8)
    few, many = (
        fit_map(MODEL, [Subject.of("A", regimen, 75.0, times, [24.0] * len(times))])
        for times in ([140.0], [112.0, 126.0, 140.0, 168.0])
    )
    assert np.linalg.det(many.covariance[0]) < np.linalg.det(few.covariance[0])


def test_the_scale_of_a_laboratory_is_estimated_beside_the_patient() -> None:
    regimen = every(4, times=8)
    days = np.array([56.0, 84.0, 112.0, 140.0, 168.0, 196.0])
    typical = simulate(MODEL.typical(75.0), [regimen], [days])[0][0]
    subject = replace(
        Subject.of("A", regimen, 75.0, days, 1.4 * typical), laboratory=np.array([0, 0, 0, -1, -1, -1])
    )
    subject = replace(subject, measured=np.where(subject.laboratory == 0, 1.4, 1.0) * typical)
    found = fit_map(MODEL, [subject], settings=FitSettings(scales=(("Oslo", 0.3),)))
    assert found.names[-1] == "scale of Oslo"
    assert 1.2 < np.exp(found.effects[0, -1]) < 1.4  # drawn a little towards its prior
    assert np.abs(found.effects[0, :-1]).max() < 0.1


def test_who_did_not_settle_is_named_with_what_to_do() -> None:
    found = fit_map(MODEL, people(3, 15))
    assert found.verdicts == ()
    (said,) = replace(found, is_settled=np.array([True, False, True])).verdicts
    assert said.startswith("patient P1: ")
    assert "look at the levels" in said


def test_a_fit_needs_patients_with_levels() -> None:
    with pytest.raises(ValueError, match="at least one level"):
        fit_map(MODEL, [])


def test_a_fit_ends_where_it_does_wherever_it_begins() -> None:
    subjects = people(6, 8)
    usual = fit_map(MODEL, subjects)
    again = fit_map(MODEL, subjects, start=usual.effects + 0.2)
    np.testing.assert_allclose(again.effects, usual.effects, atol=1e-6)
    assert fit_map(MODEL, subjects, start=usual.effects).steps < usual.steps
    with pytest.raises(ValueError, match="as many numbers"):
        fit_map(MODEL, subjects, start=usual.effects[:2])
