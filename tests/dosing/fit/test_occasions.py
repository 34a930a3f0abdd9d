"""A parameter that changes from one dosing interval to the next: what it does, how it is estimated and forecast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from tests.oracles.ode import concentration
from tests.oracles.optimiser import lowest
from wearoff.dosing.fit.map import MapProblem, fit_map
from wearoff.dosing.fit.occasions import by_occasion, measured_occasions
from wearoff.dosing.fit.posterior import draw_posterior
from wearoff.dosing.fit.settings import FitSettings, Occasions
from wearoff.dosing.fit.subject import Subject, effect_covariance, effect_names, typical_of, under_effects
from wearoff.dosing.pk.aligned import AlignedPlan
from wearoff.dosing.pk.models import Parameters, load_model
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.regimen import Regimen, every

MODEL = load_model()
REGIMEN = every(4, times=6)
TIMES = np.arange(7.0, 196.0, 7.0)
HOW = FitSettings(occasions=Occasions(0.2))


def levels(parameters: Parameters, regimen: Regimen = REGIMEN, times: np.ndarray = TIMES) -> np.ndarray:
    return simulate(parameters, [regimen], [times])[0][0]


def typical() -> Parameters:
    return typical_of(MODEL, [Subject.of("A", REGIMEN, 75.0, [28.0], [25.0])])


def test_without_effects_nothing_changes_and_one_factor_for_all_is_another_clearance() -> None:
    usual = typical()
    same = by_occasion(usual, "clearance", [REGIMEN], [np.zeros((1, 6))])
    np.testing.assert_allclose(levels(same), levels(usual), rtol=1e-9)
    faster = by_occasion(usual, "clearance", [REGIMEN], [np.full((1, 6), np.log(1.3))])
    expected = replace(usual, clearance=1.3 * usual.clearance)
    np.testing.assert_allclose(levels(faster), levels(expected), rtol=1e-9)


def test_an_occasion_begins_with_its_dose_and_ends_with_the_next() -> None:
    usual, effect = typical(), np.zeros((1, 6))
    effect[0, 2] = np.log(1.5)
    found = levels(by_occasion(usual, "clearance", [REGIMEN], [effect])) / levels(usual)
    np.testing.assert_allclose(found[TIMES <= 56], 1.0, rtol=1e-9)
    assert (found[(TIMES > 56) & (TIMES <= 84)] < 1 - 1e-3).all()
    troughs = found[np.isin(TIMES, [84, 112, 140])]
    assert (np.diff(troughs) > 0).all()  # what was lost is made up for again
    assert 0.9 < troughs[-1] < 1


def test_weights_and_occasions_change_side_by_side() -> None:
    heavier = np.array([0.0, 70.0])
    subject = replace(
        Subject.of("A", REGIMEN, 75.0, [28.0], [25.0]),
        change_d=heavier, weight_kg=np.array([75.0, 100.0]), has_antibodies=np.zeros(2, dtype=bool),
    )  # fmt: skip
    usual = typical_of(MODEL, [subject])
    same = by_occasion(usual, "clearance", [REGIMEN], [np.zeros((1, 6))])
    assert same.change_d is not None
    assert same.change_d[0].tolist() == [0, 28, 56, 70, 84, 112, 140]
    np.testing.assert_allclose(levels(same), levels(usual), rtol=1e-9)


def test_a_level_at_a_dose_belongs_to_the_occasion_before() -> None:
    subject = Subject.of("A", REGIMEN, 75.0, [28.0, 29.0, 140.0], [25.0, 90.0, 25.0])
    assert measured_occasions(subject).tolist() == [0, 1, 4]


def test_the_gradient_with_occasions_is_the_limit_of_differences() -> None:
    subject = Subject.of("A", REGIMEN, 75.0, [84.0, 140.0], [20.0, 30.0])
    problem = MapProblem(MODEL, [subject], HOW)
    assert problem.names[3:] == ("occasion 1", "occasion 2")
    everyone, effects, step = np.arange(1), np.array([[0.1, 0.0, -0.1, 0.2, -0.2]]), 1e-3
    found = problem.at(effects, everyone)
    for index in range(5):
        shift = step * np.eye(5)[index]
        up, down = (problem.at(effects + sign * shift, everyone) for sign in (1, -1))
        slope = (up.objective - down.objective) / (2 * step)
        np.testing.assert_allclose(found.gradient[:, index], slope, rtol=1e-4, atol=1e-4)


def test_a_fit_with_occasions_is_what_another_optimiser_finds() -> None:
    regimen, times, measured = every(5, times=4), np.array([70.0, 105.0]), np.array([12.0, 24.0])
    subject = Subject.of("A", regimen, 80.0, times, measured)
    usual, names = typical_of(MODEL, [subject]), effect_names(MODEL)
    precision = np.linalg.inv(effect_covariance(MODEL))

    def objective(effects: np.ndarray) -> float:
        given = under_effects(replace(usual, change_d=None), names, effects[None, None, :3])
        # without change_d a segment is a dose: the second and third interval have factors of their own
        factor = np.exp(np.array([0.0, effects[3], effects[4], 0.0]))
        given = replace(given, clearance=given.clearance * factor)
        predicted = concentration(given, regimen, times, "LSODA", rtol=1e-10)
        loss = -norm.logpdf(measured, predicted, 0.219 * predicted).sum()
        kappa = 0.5 * (effects[3:] ** 2).sum() / np.log1p(0.2**2)
        return float(0.5 * effects[:3] @ precision @ effects[:3] + kappa + loss)

    ours = fit_map(MODEL, [subject], settings=HOW)
    np.testing.assert_allclose(np.exp(ours.effects[0]), np.exp(lowest(objective, 5)), rtol=1e-5)


def test_hardly_any_spread_between_occasions_is_a_fit_without_them() -> None:
    subject = Subject.of("A", REGIMEN, 75.0, [84.0, 140.0], [20.0, 35.0])
    plain = fit_map(MODEL, [subject])
    tiny = fit_map(MODEL, [subject], settings=FitSettings(occasions=Occasions(1e-4)))
    np.testing.assert_allclose(tiny.effects[0, :3], plain.effects[0], atol=1e-5)
    wide = fit_map(MODEL, [subject], settings=HOW)
    assert abs(wide.effects[0, 0]) < abs(plain.effects[0, 0])  # the intervals take a part of it
    assert wide.effects[0, 3] > 0 > wide.effects[0, 4]  # the low level means a fast interval


def test_draws_do_not_depend_on_who_else_is_there_even_with_other_occasions() -> None:
    subjects = [
        Subject.of(name, REGIMEN, 75.0, times, [24.0] * len(times))
        for name, times in (("A", [84.0]), ("B", [84.0, 140.0]), ("C", [112.0]))
    ]
    together = draw_posterior(MODEL, subjects, seed=3, draws=300, proposals=600, settings=HOW)
    for subject, found in zip(subjects, together, strict=True):
        (alone,) = draw_posterior(MODEL, [subject], seed=3, draws=300, proposals=600, settings=HOW)
        np.testing.assert_allclose(alone.effects, found.effects, atol=1e-5)
        assert alone.occasions is not None
        np.testing.assert_allclose(alone.occasions, found.occasions, atol=1e-5)


def test_occasions_to_come_are_drawn_anew_and_widen_the_forecast() -> None:
    subject = Subject.of("A", REGIMEN, 75.0, [112.0, 140.0], [25.0, 25.0])
    on = REGIMEN.then(every(6, times=8))
    times = on.start_d[-1:]
    plain, wide = (
        draw_posterior(MODEL, [subject], seed=1, draws=2000, settings=how)[0] for how in (FitSettings(), HOW)
    )
    spread = [np.log(one.levels(on, times)[:, 0]).std() for one in (plain, wide)]
    assert spread[1] > 1.1 * spread[0]
    factors = wide.parameters_under(on).clearance / wide.parameters.clearance
    last_two = np.log(factors[0, :, -2:])
    assert last_two.std() == pytest.approx(Occasions(0.2).log_sd, rel=0.05)
    assert abs(np.corrcoef(last_two.T)[0, 1]) < 0.1
    # a longer future begins like a shorter one
    longer = wide.parameters_under(REGIMEN.then(every(6, times=12)))
    assert longer.change_d is not None
    np.testing.assert_array_equal(
        longer.clearance[..., : factors.shape[2]], wide.parameters_under(on).clearance
    )


@pytest.mark.parametrize(("count", "slack"), [(50, 3.5), pytest.param(1000, 2.0, marks=pytest.mark.slow)])
def test_ranges_hold_the_truth_as_often_as_they_say_where_the_clearance_changes(
    count: int, slack: float
) -> None:
    """Truth with a CV of 30 % between intervals; a fit that knows of it, and the next trough six weeks later."""
    rng, cv = np.random.default_rng(8), 0.30
    names, monthly = [f"P{index}" for index in range(count)], every(4, times=10)
    on = monthly.then(every(6, times=2))
    at = np.concatenate((monthly.start_d[[7, 8, 9]], on.start_d[-1:]))
    truth = MODEL.draw(75.0, names, 1, 5, change_d=[monthly.start_d[:1]] * count)
    effects = [Occasions(cv).log_sd * rng.standard_normal((1, on.number)) for _ in names]
    true = by_occasion(truth, "clearance", [on] * count, effects)
    level = AlignedPlan([on] * count, [at] * count, true.lag_d, list(true.change_d or ())).levels(true).level
    subjects = [
        Subject.of(name, monthly, 75.0, at[:3], level[k][0, :3] * np.maximum(1 + 0.219 * rng.standard_normal(3), 0.1))
        for k, name in enumerate(names)
    ]  # fmt: skip
    how = FitSettings(occasions=Occasions(cv))
    posteriors = draw_posterior(
        MODEL, subjects, seed=1, draws=1000, proposals=2000, parameter_uncertainty=False, settings=how
    )
    ranges = np.array(
        [np.quantile(one.levels(on, at[3:])[:, 0], [0.05, 0.25, 0.75, 0.95]) for one in posteriors]
    )
    next_level = np.array([one[0, 3] for one in level])
    for share, low, high in ((0.9, 0, 3), (0.5, 1, 2)):
        covered = float(((next_level > ranges[:, low]) & (next_level < ranges[:, high])).mean())
        assert abs(covered - share) <= slack * np.sqrt(share * (1 - share) / count), covered
