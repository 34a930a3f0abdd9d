"""Hazard ratios: Cox's proportional hazards regression, with a check of its assumption.

Ties by Efron, delayed entry, strata, weights, and errors that are robust to rows of one cluster (one subject
with several events, one site). Our own, because the kept libraries give other numbers than R here
(docs/decisions/0007). A predictor all of whose events lie on one side has no finite estimate: it is given as
infinite with the finite limit of its profile likelihood, not as a large number with a larger error.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wearoff.stats.newton import NotConvergedError, maximise, profile_term
from wearoff.stats.proportions import checked_level
from wearoff.stats.terms import (
    Array,
    Term,
    checked_column,
    checked_labels,
    checked_predictors,
    chi_squared_p,
    wald_term,
)
from wearoff.stats.time_to_event.partial_likelihood import PartialLikelihood, surface
from wearoff.stats.time_to_event.proportionality import ProportionalityTest, proportionality
from wearoff.stats.time_to_event.spells import Spells, spells


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A proportional hazards regression.

    Attributes:
        terms: one per predictor, in the order given; `ratio` is the hazard ratio. Empty if not converged.
        rows: number of rows.
        events: number of events.
        clusters: number of clusters behind robust errors, None if the errors are the model's own.
        log_likelihood: partial log-likelihood at the estimate.
        log_likelihood_null: the same with all coefficients 0.
        likelihood_ratio: twice their difference, chi-squared on the number of terms; not with weights.
        p: of `likelihood_ratio`.
        proportionality: one test per term and one of all of them, small p speaking against constant ratios.
        is_converged: the maximum was found.
        note: what the reader must know, or None.
    """

    terms: tuple[Term, ...]
    rows: int
    events: int
    clusters: int | None
    log_likelihood: float
    log_likelihood_null: float
    likelihood_ratio: float | None
    p: float | None
    proportionality: tuple[ProportionalityTest, ...]
    is_converged: bool
    note: str | None = None


def cox(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    predictors: npt.ArrayLike,
    *,
    names: Sequence[str],
    entry: npt.ArrayLike | None = None,
    strata: Sequence[Hashable] | None = None,
    clusters: Sequence[Hashable] | None = None,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CoxFit:
    """Hazard ratios of one or more predictors, ties by Efron.

    One subject may have several rows (from `entry` to `time`), with predictors that change or events that recur
    (Andersen and Gill 1982, doi 10.1214/aos/1176345976); name the subjects as `clusters` then. Errors are robust
    (Lin and Wei 1989, doi 10.1080/01621459.1989.10478874) where clusters or weights are given, otherwise the
    model's own.

    Args:
        time: when each row leaves, 0 or more, shape (rows,).
        event: 1 where the event ended it, 0 where it was censored, shape (rows,).
        predictors: finite numbers, shape (rows, terms); one predictor may have shape (rows,).
        names: one name per predictor.
        entry: when each row comes under observation, shape (rows,); None for the beginning.
        strata: rows are only compared with rows of the same stratum; None for one stratum.
        clusters: rows of one cluster are not independent; None for independent rows.
        weights: above 0, shape (rows,); None for 1 each.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: shapes disagree, a value is missing, a predictor repeats what others say, or no event
            occurred.

    Example:
        >>> fit = cox([6, 7, 10, 15, 19, 25], [1, 0, 1, 1, 0, 1], [0, 1, 0, 1, 0, 1], names=["group"])
        >>> round(fit.terms[0].ratio, 3)
        0.39
    """
    checked_level(level)
    rows = spells(time, event, entry)
    count = len(rows.exit)
    matrix = checked_predictors(predictors, names, count)
    if not names:
        raise ValueError("there is no predictor; a curve is had from kaplan_meier")
    weight = np.ones(count) if weights is None else checked_column(weights, count, "weights", above=0.0)
    if not rows.event.any():
        raise ValueError(
            "no event occurred: there is no hazard to compare; report the numbers at risk instead"
        )
    # Centred, scaled columns keep Newton well conditioned; coefficients are scaled back at the end.
    scale = matrix.std(axis=0)
    design = (matrix - matrix.mean(axis=0)) / scale
    parts = _strata(rows, design, weight, strata)
    likelihoods = [part for part, _ in parts]
    hill = surface(likelihoods)
    start = np.zeros(len(names))
    null, _, curvature = hill(start)
    events = int(rows.event.sum())
    try:
        peak = maximise(hill, start)
        covariance = peak.covariance()
        endless = {
            k: profile_term(hill, peak, k, names[k], scale=float(scale[k]), level=level)
            for k in np.flatnonzero(peak.unbounded).tolist()
        }
    except NotConvergedError:
        note = "the partial likelihood was not maximised within the allowed steps, so no term is given"
        silent = [name for name, bend in zip(names, np.diagonal(curvature), strict=True) if bend > -1e-9]
        if silent:
            which = ", ".join(silent)
            note = (
                f"{which}: the same for all who were at risk at an event, so no term is given; leave it out"
            )
        return CoxFit((), count, events, None, null, null, None, None, (), False, note)
    beta, top = peak.at, peak.value
    robust = clusters is not None or weights is not None
    size = None
    if robust:
        groups = list(range(count)) if clusters is None else checked_labels(clusters, count, "cluster")
        covariance, size = _robust(parts, beta, covariance, groups)
    method = "Wald, robust" if robust else "Wald"
    errors = np.sqrt(np.diagonal(covariance)) / scale
    terms = tuple(
        endless.get(k)
        or wald_term(name, float(beta[k] / scale[k]), float(errors[k]), level=level, method=method)
        for k, name in enumerate(names)
    )
    ratio = None if weights is not None else max(0.0, 2.0 * (top - null))
    notes = []
    if endless:
        one_sided = ", ".join(term.name for term in endless.values())
        notes.append(
            f"the events lie on one side of {one_sided}: its ratio has no finite estimate, and its interval is the "
            "profile likelihood's, which ends on one side only"
        )
    if size is not None and size < 20:
        notes.append(f"robust errors from {size} clusters are too small; read the interval with care")
    return CoxFit(
        terms=terms,
        rows=count,
        events=events,
        clusters=size,
        log_likelihood=top,
        log_likelihood_null=null,
        likelihood_ratio=ratio,
        p=None if ratio is None else chi_squared_p(ratio, len(names)),
        proportionality=() if endless else proportionality(likelihoods, beta, names, rows),
        is_converged=True,
        note="; ".join(notes) or None,
    )


def _strata(
    rows: Spells, design: Array, weight: Array, strata: Sequence[Hashable] | None
) -> list[tuple[PartialLikelihood, npt.NDArray[np.intp]]]:
    """The likelihood of each stratum that has an event, with the places of its rows."""
    if strata is None:
        return [(PartialLikelihood(rows, design, weight), np.arange(len(rows.exit)))]
    labels = checked_labels(strata, len(rows.exit), "stratum")
    found = []
    for value in sorted(set(labels), key=str):
        chosen = np.array([label == value for label in labels])
        if rows.event[chosen].any():
            part = PartialLikelihood(rows.chosen(chosen), design[chosen], weight[chosen])
            found.append((part, np.flatnonzero(chosen)))
    return found


def _robust(
    parts: list[tuple[PartialLikelihood, npt.NDArray[np.intp]]],
    beta: Array,
    covariance: Array,
    groups: Sequence[Hashable],
) -> tuple[Array, int]:
    """The sandwich of score residuals summed over clusters, and the number of clusters."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    where = np.array([places[group] for group in groups])
    sums = np.zeros((len(places), len(beta)))
    for part, rows in parts:
        np.add.at(sums, where[rows], part.score_residuals(beta))
    influence = sums @ covariance
    return np.asarray(influence.T @ influence), len(places)
