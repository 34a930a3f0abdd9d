"""What a few levels leave open about one patient: draws of his parameters, by importance resampling.

Proposals come from a t distribution around the most probable effects, a little wider than their Laplace covariance;
each is weighted by what the levels and the model's spread say of it, and the draws are taken in proportion. With
parameter uncertainty every proposal has numbers of the model of its own, from their published intervals, so that
the draws carry what the model does not know as well. How many proposals really count is measured and told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import lgamma
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.fit.map import MapFit, MapProblem, fit_map, unsettled
from wearoff.dosing.fit.occasions import by_occasion, measured_occasions
from wearoff.dosing.fit.settings import FitSettings
from wearoff.dosing.fit.subject import Subject, effect_covariance, typical_of, under_effects
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, PkModel
from wearoff.dosing.streams import stream
from wearoff.errors import ComputationError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

    from wearoff.dosing.regimen import Regimen

FREEDOM = 5.0
WIDER = 1.15  # of the Laplace SD
FEW = 200.0
"""Fewer proposals that count leave a 5 % tail to ten of them."""
NEGLIGIBLE = 40.0
"""A proposal of e^-40 of the weight of the most probable place changes no digit."""
_ACCURACY = 1e-5
_LANES = 200_000
_PLAIN = FitSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """One patient after his levels.

    Attributes:
        subject: who, and what was measured.
        model: name of the model.
        parameters: draws of his parameters, equally likely, as a batch of one patient, without the factors of
            single dosing intervals.
        occasions: the logarithms of those factors from each past dose on, shape [draws, doses]; None where the
            parameters do not change between intervals.
        effects: the same draws as logarithms over the published typical values, with the scales of the
            laboratories behind them, shape [draws, effects].
        names: what the effects move.
        best: the most probable effects.
        laplace: their Laplace covariance.
        counting: how many proposals count (the effective sample size of their weights).
        log_evidence: logarithm of the density of the levels under the model, effects and numbers integrated out.
        has_parameter_uncertainty: whether the draws carry the uncertainty of the model's own numbers.
        settings: how the fit was made.
        is_settled: whether the fit behind the proposals settled.
        seed: the seed of the draws.
    """

    subject: Subject
    model: str
    parameters: Parameters
    occasions: Float[np.ndarray, "draws doses"] | None
    effects: Float[np.ndarray, "draws effects"]
    names: tuple[str, ...]
    best: Float[np.ndarray, " effects"]
    laplace: Float[np.ndarray, "effects effects"]
    counting: float
    log_evidence: float
    has_parameter_uncertainty: bool
    settings: FitSettings
    is_settled: bool
    seed: int

    @property
    def draws(self) -> int:
        """The number of draws."""
        return int(self.effects.shape[0])

    def levels(
        self, regimen: Regimen, times_d: Float[np.ndarray, " times"], *, accuracy: float = _ACCURACY
    ) -> Float[np.ndarray, "draws times"]:
        """The level of every draw under a regimen, mg/L.

        Args:
            regimen: what is given; its past is the patient's.
            times_d: days since the first dose; a time at a dose means just before it.
            accuracy: largest relative error of a level.

        Raises:
            ComputationError: a level cannot be computed; names the patient.
        """
        from wearoff.dosing.pk.aligned import (
            AlignedPlan,  # loads JAX, which the import of this module must not
        )

        given = self.parameters_under(regimen)
        change = None if given.change_d is None else list(given.change_d)
        found = AlignedPlan([regimen], [times_d], given.lag_d, change).levels(given, accuracy=accuracy)
        if found.status.any():
            raise ComputationError(
                f"patient {self.subject.name}: a level cannot be computed; check doses and weights"
            )
        return found.level[0]

    def parameters_under(self, regimen: Regimen) -> Parameters:
        """The draws of the parameters under a regimen whose past is the patient's.

        Where they change between intervals, those after the last dose recorded have factors drawn anew, the
        same for every regimen that goes on.
        """
        how = self.settings.occasions
        if how is None or self.occasions is None:
            return self.parameters
        more = regimen.number - self.occasions.shape[1]
        anew = stream(self.seed, self.subject.name, "occasions to come").standard_normal((more, self.draws))
        factors = np.concatenate((self.occasions, how.log_sd * anew.T), axis=1)
        return by_occasion(self.parameters, how.parameter, [regimen], [factors])

    @property
    def verdict(self) -> str:
        """What is wrong with the fit and what to do; empty where nothing is."""
        if not self.is_settled:
            return unsettled(self.subject.name)
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
    settings: FitSettings = _PLAIN,
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
        settings: laboratories to estimate, occasions, occupancies.
        progress: called with the number of patients done and in all.

    Raises:
        ComputationError: a level cannot be computed; names the patient.
        ValueError: there is no patient, one without a level, or fewer than one draw.
    """
    if draws < 1 or proposals < 1:
        raise ValueError("a posterior needs at least one draw and one proposal")
    group = max(_LANES // proposals, 1)
    found: dict[int, Posterior] = {}
    for alike in _as_many_effects(subjects, settings):
        chosen = [subjects[index] for index in alike]
        fit = fit_map(model, chosen, settings=settings)
        problem = MapProblem(model, chosen, settings)
        for start in range(0, len(chosen), group):
            where = np.arange(start, min(start + group, len(chosen)))
            drawn = _drawn(model, problem, fit, where, seed, draws, proposals, parameter_uncertainty)
            found.update(zip((alike[index] for index in where), drawn, strict=True))
            if progress is not None:
                progress(len(found), len(subjects))
    return [found[index] for index in range(len(subjects))]


def _as_many_effects(subjects: Sequence[Subject], settings: FitSettings) -> list[list[int]]:
    """Patients with as many occasions to estimate together, so that nobody's draws depend on another's."""
    if settings.occasions is None or not subjects:
        return [list(range(len(subjects)))]
    groups: dict[int, list[int]] = {}
    for index, subject in enumerate(subjects):
        groups.setdefault(measured_occasions(subject).size, []).append(index)
    return list(groups.values())


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
    own, moved, size = len(problem.parameters), len(problem.moved), len(problem.names)
    subjects = [problem.subjects[index] for index in where]
    proposed, log_proposal, log_highest = _proposals(
        fit, where, [one.name for one in subjects], seed, proposals
    )
    numbers = model.draw_parameters(proposals, seed) if is_uncertain else None
    typical = typical_of(model, subjects, numbers)
    usual = typical_of(model, subjects)
    # a proposal is a deviation from the published typical patient; the effect is one from the drawn typical patient
    ratios = [getattr(usual, name)[:, :, 0] / getattr(typical, name)[:, :, 0] for name in problem.parameters]
    drift = np.log(np.stack(np.broadcast_arrays(*ratios), axis=-1))
    effects = proposed.copy()
    effects[:, :, :own] += drift
    spread = np.zeros((proposals if is_uncertain else 1, size, size))
    spread[:, own:, own:] = problem.covariance[own:, own:]
    spread[:, :own, :own] = effect_covariance(model, numbers)
    precision, (_, log_size) = np.linalg.inv(spread), np.linalg.slogdet(spread)
    log_prior = -0.5 * (
        np.einsum("pki,kij,pkj->pk", effects, np.broadcast_to(precision, (proposals, size, size)), effects)
        + log_size
        + size * np.log(2 * np.pi)
    )

    is_hopeless = _hopeless(problem, fit, where, log_prior - log_proposal, log_highest)
    tried = np.where(is_hopeless[:, :, None], fit.effects[where][:, None], effects)  # not worth its steps
    given = under_effects(typical, problem.parameters, tried)
    by_dose = _by_dose(problem, where, proposed, seed)
    if by_dose is None or problem.settings.occasions is None:
        solved = given
    else:
        regimens = [one.regimen for one in subjects]
        solved = by_occasion(given, problem.settings.occasions.parameter, regimens, by_dose)
    levels = problem.plan.only(where).levels(solved, accuracy=_ACCURACY)
    posteriors = []
    for row, subject in enumerate(subjects):
        level = levels.level[row]
        scale = np.ones_like(level)
        for index in range(moved, size):
            scale *= np.where(subject.laboratory == index - moved, np.exp(proposed[row, :, index, None]), 1.0)
        predicted, _, _ = problem.reading(level, scale, subject.is_occupancy)
        loss = problem.loss_against(
            predicted, subject.measured, subject.is_below, subject.is_occupancy
        ).value.sum(axis=1)
        is_counted = (levels.status[row] == 0) & ~is_hopeless[row]
        log_weight = np.where(is_counted, log_prior[row] - loss - log_proposal[row], -np.inf)
        if not np.isfinite(log_weight).any():
            raise ComputationError(f"patient {subject.name}: no proposal explains the levels; check them")
        weight = np.exp(log_weight - log_weight.max())
        log_evidence = log_weight.max() + np.log(weight.mean())
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
                occasions=None if by_dose is None else by_dose[row][chosen],
                effects=proposed[row, chosen],
                names=problem.names,
                best=fit.effects[where[row]],
                laplace=fit.covariance[where[row]],
                counting=float(1.0 / np.square(weight).sum()),
                log_evidence=float(log_evidence),
                has_parameter_uncertainty=is_uncertain,
                settings=problem.settings,
                is_settled=bool(fit.is_settled[where[row]]),
                seed=seed,
            )
        )
    return posteriors


def _hopeless(
    problem: MapProblem,
    fit: MapFit,
    where: np.ndarray,
    log_ratio: Float[np.ndarray, "some proposals"],
    log_highest: Float[np.ndarray, " some"],
) -> Bool[np.ndarray, "some proposals"]:
    """Proposals that would not count even if they explained every measurement as well as anything can.

    The wide tails of the proposals hold parameters that nobody has, and a single one of them may take longer to
    solve than all others together. Measured against the most probable place, whose weight is known.

    Args:
        problem: the patients.
        fit: their fits.
        where: which of them.
        log_ratio: prior over proposal density of each proposal.
        log_highest: density of the proposals at the most probable place.
    """
    log_size = np.linalg.slogdet(problem.covariance).logabsdet + len(problem.names) * np.log(2 * np.pi)
    least = np.array([_least_loss(problem, problem.subjects[index]) for index in where])
    at_best = -0.5 * log_size - fit.objective[where] - log_highest
    return np.asarray(log_ratio - least[:, None] < at_best[:, None] - NEGLIGIBLE)


def _least_loss(problem: MapProblem, subject: Subject) -> float:
    """The least that the measurements of a patient could cost under any prediction."""
    reach = np.geomspace(0.05, 20.0, 400)[:, None] * subject.measured
    loss = problem.loss_against(reach, subject.measured, subject.is_below, subject.is_occupancy).value
    return float(np.where(subject.is_below, 0.0, loss.min(axis=0)).sum())


def _by_dose(
    problem: MapProblem, where: np.ndarray, proposed: np.ndarray, seed: int
) -> list[Float[np.ndarray, "proposals doses"]] | None:
    """The effect of each proposal from every dose on: proposed where measured, drawn from the spread elsewhere."""
    how = problem.settings.occasions
    if how is None:
        return None
    found = []
    for row, index in enumerate(where):
        subject, mine = problem.subjects[index], problem.occasions[index]
        random = stream(seed, subject.name, "occasions")
        factor = how.log_sd * random.standard_normal((proposed.shape[1], subject.regimen.number))
        factor[:, mine] = problem.by_dose(proposed[row], index)[:, mine]
        found.append(factor)
    return found


def _proposals(
    fit: MapFit, where: np.ndarray, names: Sequence[str], seed: int, proposals: int
) -> tuple[
    Float[np.ndarray, "some proposals effects"],
    Float[np.ndarray, "some proposals"],
    Float[np.ndarray, " some"],
]:
    """Proposals from a t distribution for each patient, their log density, and that where it is highest."""
    size = fit.effects.shape[1]
    root = WIDER * np.linalg.cholesky(fit.covariance[where])
    normal, wide = np.empty((len(where), proposals, size)), np.empty((len(where), proposals))
    for row, name in enumerate(names):
        random = stream(seed, name, "posterior")
        normal[row] = random.standard_normal((proposals, size))
        wide[row] = random.chisquare(FREEDOM, proposals) / FREEDOM
    standard = normal / np.sqrt(wide)[:, :, None]
    proposed = fit.effects[where][:, None] + np.einsum("pij,pkj->pki", root, standard)
    fall = -0.5 * (FREEDOM + size) * np.log1p(np.square(standard).sum(axis=-1) / FREEDOM)
    highest = lgamma((FREEDOM + size) / 2) - lgamma(FREEDOM / 2) - 0.5 * size * np.log(FREEDOM * np.pi)
    log_highest = highest - np.linalg.slogdet(root).logabsdet
    return proposed, fall + log_highest[:, None], log_highest


def _systematic(weight: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    """Indices in proportion to the weights, with one random number for all, so that chance adds little."""
    ladder = (np.arange(draws) + random.random()) / draws
    return np.minimum(np.searchsorted(np.cumsum(weight), ladder), weight.size - 1)
