"""How a fit is made: what occasions and occupancies may be, and what an occupancy does to a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from tests.oracles.ode import concentration
from tests.oracles.optimiser import lowest
from wearoff.dosing.fit.map import MapProblem, fit_map
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.posterior import draw_posterior
from wearoff.dosing.fit.settings import FitSettings, Occasions, OccupancyUse
from wearoff.dosing.fit.subject import (
    Subject,
    effect_covariance,
    effect_names,
    subject_of,
    typical_of,
    under_effects,
)
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.regimen import every

MODEL = load_model()
REGIMEN = every(6, times=6)
BRIDGE = load_curve("bridge")
USE = OccupancyUse(BRIDGE, "flow cytometry", "CD4", 0.05)


def with_occupancy(share: float) -> Subject:
    """A trough, and an occupancy in the middle of the last interval."""
    subject = Subject.of("A", REGIMEN, 80.0, [210.0, 238.0], [9.0, share])
    return replace(subject, is_occupancy=np.array([False, True]))


@pytest.mark.parametrize("name", ["ec50_only", "bridge", "trough_pairs_low", "trough_pairs_high"])
def test_the_derivatives_of_a_saturation_are_the_limits_of_differences(name: str) -> None:
    use, level = replace(USE, curve=load_curve(name)), np.array([0.05, 0.5, 2.5, 10.0, 100.0])
    step = 1e-4 * level
    up, at, down = (use.derivatives(level + shift) for shift in (step, 0 * step, -step))
    np.testing.assert_allclose(at[1], (up[0] - down[0]) / (2 * step), rtol=1e-6)
    np.testing.assert_allclose(at[2], (up[1] - down[1]) / (2 * step), rtol=1e-6)


def test_the_gradient_with_an_occupancy_is_the_limit_of_differences() -> None:
    problem = MapProblem(MODEL, [with_occupancy(0.75)], FitSettings(occupancy=USE))
    everyone, effects, step = np.arange(1), np.full((1, 3), 0.1), 1e-3
    found = problem.at(effects, everyone)
    for index in range(3):
        shift = step * np.eye(3)[index]
        up, down = (problem.at(effects + sign * shift, everyone) for sign in (1, -1))
        slope = (up.objective - down.objective) / (2 * step)
        np.testing.assert_allclose(found.gradient[:, index], slope, rtol=1e-4, atol=1e-4)
        bend = (up.gradient[0] - down.gradient[0]) / (2 * step)
        np.testing.assert_allclose(found.hessian[0, index], bend, rtol=1e-3, atol=1e-3)


def test_a_fit_with_an_occupancy_is_what_another_optimiser_finds() -> None:
    subject = with_occupancy(0.70)
    typical, names = typical_of(MODEL, [subject]), effect_names(MODEL)
    precision = np.linalg.inv(effect_covariance(MODEL))

    def objective(effects: np.ndarray) -> float:
        mine = under_effects(replace(typical, change_d=None), names, effects[None, None])
        trough, middle = concentration(mine, subject.regimen, subject.time_d, "LSODA", rtol=1e-10)
        share = 0.177 + 0.775 * middle / (2.51 + middle)
        loss = -norm.logpdf(9.0, trough, 0.219 * trough) - norm.logpdf(0.70, share, 0.05)
        return float(0.5 * effects @ precision @ effects + loss)

    ours = fit_map(MODEL, [subject], settings=FitSettings(occupancy=USE))
    np.testing.assert_allclose(np.exp(ours.effects[0]), np.exp(lowest(objective, 3)), rtol=1e-5)


def test_a_vague_occupancy_changes_nothing_and_a_sharp_one_moves_the_patient() -> None:
    alone = Subject.of("A", REGIMEN, 80.0, [210.0], [9.0])
    plain = fit_map(MODEL, [alone])

    def clearance(share: float, sd: float) -> float:
        how = FitSettings(occupancy=replace(USE, sd=sd))
        return float(fit_map(MODEL, [with_occupancy(share)], settings=how).effects[0, 0])

    assert clearance(0.75, 1.0) == pytest.approx(float(plain.effects[0, 0]), abs=5e-3)
    # a lower occupancy means a lower level, and so a faster clearance
    assert clearance(0.60, 0.03) > clearance(0.75, 0.03) > clearance(0.90, 0.03)


def test_only_occupancies_of_the_stated_assay_and_subset_enter_and_only_when_asked_for() -> None:
    days = ["2026-01-13", "2026-02-10", "2026-03-10"]
    who = Patient.of(
        days, 80, [("2026-03-10", "24 ug/mL")], timezone="Europe/Oslo",
        occupancies=[
            ("2026-02-10", "85 %", "flow cytometry", "CD4"),
            ("2026-02-10", "91 %", "flow cytometry", "CD8"),
            ("2026-03-10", "70 %", "mass cytometry", "CD4"),
        ],
    )  # fmt: skip
    assert subject_of(who)[0].time_d.size == 1
    subject, _ = subject_of(who, USE)
    assert subject.measured.tolist() == [24.0, 0.85]
    assert subject.is_occupancy.tolist() == [False, True]
    with pytest.raises(ValueError, match="only under a stated curve"):
        MapProblem(MODEL, [subject])


def test_an_occupancy_narrows_the_draws_too() -> None:
    subject = with_occupancy(0.83)
    with_it, without = (
        draw_posterior(MODEL, [one], seed=1, draws=2000, proposals=4000, settings=how)[0]
        for one, how in (
            (subject, FitSettings(occupancy=replace(USE, sd=0.02))),
            (subject.without(1), FitSettings()),
        )
    )
    at = np.array([238.0])
    assert with_it.levels(REGIMEN, at).std() < 0.8 * without.levels(REGIMEN, at).std()
    assert np.median(BRIDGE.saturation(with_it.levels(REGIMEN, at))) == pytest.approx(0.83, abs=0.02)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Occasions(0.0), "finite and positive"),
        (lambda: Occasions(0.1, "bioavailability"), "one of clearance"),
        (lambda: replace(USE, sd=0.0), "a fraction above 0"),
        (lambda: replace(USE, sd=8.0), "a fraction above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
