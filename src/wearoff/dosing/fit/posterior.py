"""What a few levels leave open about one patient: draws of his parameters, by importance resampling.

Proposals come from a t distribution around the most probable effects, a little wider than their Laplace covariance;
each is weighted by what the levels and the model's spread say of it, and the draws are taken in proportion. With
parameter uncertainty every proposal has numbers of the model of its own, from their published intervals, so that
the draws carry what the model does not know as well. How many proposals really count is measured and told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.fit.likelihood import loss_of
from wearoff.dosing.fit.map import MapFit, MapProblem, fit_map
from wearoff.dosing.fit.subject import Subject, effect_covariance, typical_of, under_effects
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, PkModel
from wearoff.dosing.streams import stream
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    from jaxtyping import Float

FREEDOM = 5.0
WIDER = 1.15  # of the Laplace SD
FEW = 200.0
"""Fewer proposals that count leave a 5 % tail to ten of them."""
_ACCURACY = 1e-5
_LANES = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """One patient after his levels.

    Attributes:
        subject: who, and what was measured.
        model: name of the model.
        parameters: draws of his parameters, equally likely, as a batch of one patient.
        effects: the same draws as logarithms over the published typical values, with the scales of the
            laboratories behind them, shape [draws, effects].
        names: what the effects move.
        best: the most probable effects.
        laplace: their Laplace covariance.
        counting: how many proposals count (the effective sample size of their weights).
        has_parameter_uncertainty: whether the draws carry the uncertainty of the model's own numbers.
        is_settled: whether the fit behind the proposals settled.
        seed: the seed of the draws.
    """

    subject: Subject
    model: str
    parameters: Parameters
    effects: Float[np.ndarray, "draws effects"]
    names: tuple[str, ...]
    best: Float[np.ndarray, " effects"]
    laplace: Float[np.ndarray, "effects effects"]
    counting: float
    has_parameter_uncertainty: bool
    is_settled: bool
    seed: int

    @property
    def draws(self) -> int:
        """The number of draws."""
        return int(self.effects.shape[0])

    @property
    def verdict(self) -> str:
        """What is wrong with the fit and what to do; empty where nothing is."""
        if not self.is_settled:
            return (
                f"patient {self.subject.name}: the most probable parameters were not found; "
                "look at the levels for one that cannot be, and at the days of the infusions"
            )
        if self.counting < FEW:
            return (
                f"patient {self.subject.name}: only {self.counting:.0f} of the proposals count; ask for more of "
                "them, and look at the levels for one that does not fit the others"
            )
        return ""


def draw_posterior(
    model: PkModel,
    subjects: Sequence[Subject],
    *,
    seed: int,
    draws: int = 2000,
    proposals: int = 4000,
    parameter_uncertainty: bool = True,
    scales: Sequence[tuple[str, float]] = (),
    progress: Callable[[int, int], None] | None = None,
) -> list[Posterior]:
    """Draws of the parameters of each patient after his levels.

    Args:
        model: the model, with its spread and residual error.
        subjects: the patients, each with at least one level.
        seed: seed of the draws; those of a patient do not depend on who else is there.
        draws: equally likely draws for each patient.
        proposals: weighted proposals that they are taken from.
        parameter_uncertainty: whether each proposal has its own draw of the model's numbers.
        scales: name and CV of the prior of each laboratory whose scale is estimated.
        progress: called with the number of patients done and in all.

    Raises:
        ComputationError: a level cannot be computed; names the patient.
        ValueError: there is no patient, one without a level, or fewer than one draw.
    """
    if draws < 1 or proposals < 1:
        raise ValueError("a posterior needs at least one draw and one proposal")
    fit = fit_map(model, subjects, scales=scales)
    problem = MapProblem(model, subjects, scales)
    group = max(_LANES // proposals, 1)
    found: list[Posterior] = []
    for start in range(0, len(subjects), group):
        where = np.arange(start, min(start + group, len(subjects)))
        found += _drawn(model, problem, fit, where, seed, draws, proposals, parameter_uncertainty)
        if progress is not None:
            progress(len(found), len(subjects))
    return found


def _drawn(
    model: PkModel,
    problem: MapProblem,
    fit: MapFit,
    where: np.ndarray,
    seed: int,
    draws: int,
    proposals: int,
    is_uncertain: bool,
) -> list[Posterior]:
    """A group of patients."""
    moved, size = len(problem.moved), len(problem.names)
    subjects = [problem.subjects[index] for index in where]
    proposed, log_proposal = _proposals(fit, where, [one.name for one in subjects], seed, proposals)
    numbers = model.draw_parameters(proposals, seed) if is_uncertain else None
    typical = typical_of(model, subjects, numbers)
    usual = typical_of(model, subjects)
    # a proposal is a deviation from the published typical patient; the effect is one from the drawn typical patient
    ratios = [getattr(usual, name)[:, :, 0] / getattr(typical, name)[:, :, 0] for name in problem.moved]
    drift = np.log(np.stack(np.broadcast_arrays(*ratios), axis=-1))
    effects = proposed.copy()
    effects[:, :, :moved] += drift
    spread = np.zeros((proposals if is_uncertain else 1, size, size))
    spread[:, moved:, moved:] = problem.covariance[moved:, moved:]
    spread[:, :moved, :moved] = effect_covariance(model, numbers)
    precision, (_, log_size) = np.linalg.inv(spread), np.linalg.slogdet(spread)
    log_prior = -0.5 * (
        np.einsum("pki,kij,pkj->pk", effects, np.broadcast_to(precision, (proposals, size, size)), effects)
        + log_size
    )

    given = under_effects(typical, problem.moved, effects[:, :, :moved])
    levels = problem.plan.only(where).levels(given, accuracy=_ACCURACY)
    posteriors = []
    for row, subject in enumerate(subjects):
        level = levels.level[row]
        scale = np.ones_like(level)
        for index in range(moved, size):
            scale *= np.where(subject.laboratory == index - moved, np.exp(proposed[row, :, index, None]), 1.0)
        loss = loss_of(level * scale, subject.measured, subject.is_below, problem.error).value.sum(axis=1)
        log_weight = np.where(levels.status[row] == 0, log_prior[row] - loss - log_proposal[row], -np.inf)
        if not np.isfinite(log_weight).any():
            raise ComputationError(f"patient {subject.name}: no proposal explains his levels; check them")
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        chosen = _systematic(weight, draws, stream(seed, subject.name, "resampling"))
        arrays = {}
        for name in PARAMETER_NAMES:
            array: np.ndarray = getattr(given, name)
            mine = array[min(row, array.shape[0] - 1)]
            arrays[name] = mine[chosen if mine.shape[0] > 1 else np.zeros_like(chosen)][None]
        posteriors.append(
            Posterior(
                subject=subject,
                model=model.name,
                parameters=replace(given, patients=(subject.name,), change_d=(subject.change_d,), **arrays),
                effects=proposed[row, chosen],
                names=problem.names,
                best=fit.effects[where[row]],
                laplace=fit.covariance[where[row]],
                counting=float(1.0 / np.square(weight).sum()),
                has_parameter_uncertainty=is_uncertain,
                is_settled=bool(fit.is_settled[where[row]]),
                seed=seed,
            )
        )
    return posteriors


def _proposals(
    fit: MapFit, where: np.ndarray, names: Sequence[str], seed: int, proposals: int
) -> tuple[Float[np.ndarray, "some proposals effects"], Float[np.ndarray, "some proposals"]]:
    """Proposals from a t distribution for each patient, and their log density up to a constant."""
    size = fit.effects.shape[1]
    root = WIDER * np.linalg.cholesky(fit.covariance[where])
    normal, wide = np.empty((len(where), proposals, size)), np.empty((len(where), proposals))
    for row, name in enumerate(names):
        random = stream(seed, name, "posterior")
        normal[row] = random.standard_normal((proposals, size))
        wide[row] = random.chisquare(FREEDOM, proposals) / FREEDOM
    standard = normal / np.sqrt(wide)[:, :, None]
    proposed = fit.effects[where][:, None] + np.einsum("pij,pkj->pki", root, standard)
    log_density = -0.5 * (FREEDOM + size) * np.log1p(np.square(standard).sum(axis=-1) / FREEDOM)
    return proposed, log_density


def _systematic(weight: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    """Indices in proportion to the weights, with one random number for all, so that chance adds little."""
    ladder = (np.arange(draws) + random.random()) / draws
    return np.minimum(np.searchsorted(np.cumsum(weight), ladder), weight.size - 1)
