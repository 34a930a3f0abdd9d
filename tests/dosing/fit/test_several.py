"""Several models averaged: the evidence of each, the weights, and what the mixture is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from wearoff.dosing.fit.map import MapProblem
from wearoff.dosing.fit.posterior import Posterior, draw_posterior
from wearoff.dosing.fit.several import Averaged, average
from wearoff.dosing.fit.subject import Subject, effect_covariance
from wearoff.dosing.pk.models import load_model, model_names
from wearoff.dosing.regimen import every

MODEL = load_model()
MONTHLY = every(4, times=8)
TROUGHS = MONTHLY.start_d[[5, 7]]


def drawn(name: str, levels: tuple[float, float], seed: int = 1) -> Posterior:
    subject = Subject.of("A", MONTHLY, 75.0, TROUGHS, levels)
    return draw_posterior(
        load_model(name), [subject], seed=seed, draws=1000, proposals=4000, parameter_uncertainty=False
    )[0]  # fmt: skip


def test_the_evidence_is_the_integral_over_all_effects() -> None:
    levels = (30.0, 22.0)
    found = drawn(MODEL.name, levels)
    problem = MapProblem(MODEL, [Subject.of("A", MONTHLY, 75.0, TROUGHS, levels)])
    spread = np.sqrt(np.diag(effect_covariance(MODEL)))
    # plain quadrature on a grid of the three effects, the likelihood written again
    nodes = np.linspace(-4, 4, 33)
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3)
    level = problem.levels((grid * spread)[None], np.arange(1), accuracy=1e-5)[0]
    density = norm.pdf(levels, level, 0.219 * level).prod(axis=1)
    weight = multivariate_normal(np.zeros(3)).pdf(grid) * (nodes[1] - nodes[0]) ** 3
    assert found.log_evidence == pytest.approx(float(np.log((density * weight).sum())), abs=0.03)


def test_without_information_every_model_keeps_its_weight() -> None:
    subject = Subject.of("A", MONTHLY, 75.0, [TROUGHS[0]], [1e4], [True])  # below a limit that nobody reaches
    parts = [
        draw_posterior(load_model(name), [subject], seed=1, draws=500, proposals=1000)[0]
        for name in model_names()
    ]
    assert average(parts).weights == pytest.approx([1 / len(parts)] * len(parts), abs=0.01)


def test_the_weights_are_the_evidence_and_the_mixture_lies_between_its_models() -> None:
    parts = [drawn(name, (33.0, 33.0)) for name in model_names()]
    found = average(parts)
    ratio = np.exp(parts[0].log_evidence - parts[1].log_evidence)
    assert found.weights[0] / found.weights[1] == pytest.approx(ratio)
    assert sum(found.weights) == pytest.approx(1.0)
    assert sum(found.shares) == found.draws == 1000
    after_6 = MONTHLY.start_d[-1:] + 42.0
    medians = sorted(float(np.median(part.levels(MONTHLY, after_6))) for part in parts)
    assert medians[0] <= np.median(found.levels(MONTHLY, after_6)) <= medians[1]
    worth = [min(part.counting, part.draws) for part in parts]
    assert min(worth) * (1 - 1e-9) <= found.counting <= max(worth) * (1 + 1e-9)  # no more than the better one


def test_one_model_alone_is_itself() -> None:
    part = drawn(MODEL.name, (25.0, 25.0))
    found = average([part])
    np.testing.assert_array_equal(found.levels(MONTHLY, TROUGHS), part.levels(MONTHLY, TROUGHS))
    assert found.weights == (1.0,)


def test_a_model_without_weight_gives_no_draw() -> None:
    part = drawn(MODEL.name, (25.0, 25.0))
    found = Averaged((part, replace(part, model="other")), (1.0, 0.0))
    assert found.shares == (1000, 0)
    np.testing.assert_array_equal(found.levels(MONTHLY, TROUGHS), part.levels(MONTHLY, TROUGHS))


def test_an_average_is_of_one_patient_and_of_different_models() -> None:
    part = drawn(MODEL.name, (25.0, 25.0))
    with pytest.raises(ValueError, match="each of them once"):
        average([part, part])
    with pytest.raises(ValueError, match="each of them once"):
        average([])
    other = replace(part, model="other", subject=replace(part.subject, name="B"))
    with pytest.raises(ValueError, match="of one patient"):
        average([part, other])
