"""Rate ratios for counts that vary more than chance: negative binomial regression with time at risk.

Some members have many events and most have none, so a Poisson model would be too sure. The negative binomial has
variance mu + dispersion * mu^2; at a dispersion of 0 it is Poisson, and where the data want less than that the fit is
Poisson and says so. Intervals and p values come from the profile likelihood, which remains honest when a group has few
events or none (its interval then ends on one side only).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.newton import NotConvergedError, Surface, maximise, profile_term
from wearoff.stats.proportions import checked_level
from wearoff.stats.terms import (
    Array,
    Term,
    checked_column,
    checked_predictors,
    chi_squared_p,
    exponential,
)


@dataclass(frozen=True, slots=True)
class CountFit:
    """A regression of counts.

    Attributes:
        model: "negative binomial", or "Poisson" where the counts vary no more than that.
        terms: one per predictor; `ratio` is the rate ratio, its interval from the profile likelihood. Empty if the fit
            did not converge.
        rate: per unit of exposure with all predictors 0.
        dispersion: variance beyond Poisson, over the squared mean; 0 for Poisson.
        dispersion_p: likelihood ratio test of a dispersion of 0, one-sided as it must be.
        log_likelihood: at the estimate.
        likelihood_ratio: against the model without predictors, chi-squared on the number of terms.
        p: of `likelihood_ratio`.
        rows: number of rows.
        events: number of events, all rows together.
        exposure: all rows together.
        is_converged: the maximum and every limit were found.
        note: what the reader must know, or None.
    """

    model: str
    terms: tuple[Term, ...]
    rate: float
    dispersion: float
    dispersion_p: float | None
    log_likelihood: float
    likelihood_ratio: float | None
    p: float | None
    rows: int
    events: int
    exposure: float
    is_converged: bool
    note: str | None = None


def negative_binomial(
    counts: npt.ArrayLike,
    predictors: npt.ArrayLike,
    *,
    names: Sequence[str],
    exposure: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CountFit:
    """Rate ratios of one or more predictors.

    Args:
        counts: whole numbers, 0 or more, shape (rows,).
        predictors: finite numbers, shape (rows, terms); one predictor may have shape (rows,).
        names: one name per predictor.
        exposure: time at risk of each row, above 0, shape (rows,); None for 1 each.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: shapes disagree, a value is missing or impossible, a predictor repeats what others say, or no event
            was counted.

    Example:
        >>> fit = negative_binomial([0, 1, 0, 6, 3, 0, 9, 4], [0, 0, 0, 0, 1, 1, 1, 1], names=["group"])
        >>> fit.model, round(fit.terms[0].ratio, 2)
        ('negative binomial', 2.29)
    """
    checked_level(level)
    found = checked_column(counts, None, "counts", lowest=0.0)
    if (found != np.floor(found)).any():
        first = int(np.flatnonzero(found != np.floor(found))[0])
        raise ValueError(f"counts must be whole numbers, got {float(found[first])!r} in row {first}")
    matrix = checked_predictors(predictors, names, len(found))
    time = (
        np.ones(len(found))
        if exposure is None
        else checked_column(exposure, len(found), "exposure", above=0.0)
    )
    events = int(found.sum())
    if events == 0:
        raise ValueError(
            "no event was counted: there is no rate to compare; report the exact upper limit instead"
        )
    scale, centre = matrix.std(axis=0), matrix.mean(axis=0)
    design = np.column_stack([np.ones(len(found)), (matrix - centre) / scale])
    free = np.ones(design.shape[1], dtype=bool)
    plain = _poisson(found, design, time)
    start = np.zeros(design.shape[1])
    start[0] = log(events / float(time.sum()))
    try:
        peak = maximise(plain, start)
        surface, model, dispersion, dispersion_p = plain, "Poisson", 0.0, None
        if _spreads_more(found, time * np.exp(design @ peak.at)):
            surface = _negative_binomial(found, design, time)
            wider = maximise(surface, np.append(peak.at, _log_moment(found, time * np.exp(design @ peak.at))))
            gain = max(0.0, 2.0 * (wider.value - peak.value))
            # At the edge of what a dispersion can be, half of the chance lies on no dispersion at all.
            model, dispersion, dispersion_p = (
                "negative binomial",
                exponential(float(wider.at[-1])),
                0.5 * chi_squared_p(gain, 1),
            )
            peak = wider
        terms = tuple(
            profile_term(surface, peak, k, name, scale=float(scale[k - 1]), level=level)
            for k, name in enumerate(names, start=1)
        )
        held = np.ones(len(peak.at), dtype=bool)
        held[1 : len(free)] = False
        beginning = peak.at.copy()
        beginning[: len(free)] = start
        null = maximise(surface, beginning, held)
    except NotConvergedError:
        note = "the likelihood was not maximised within the allowed steps, so no term is given"
        total = float(time.sum())
        return CountFit(
            "none", (), events / total, 0.0, None, -np.inf, None, None, len(found), events, total, False, note
        )
    notes = []
    if model == "Poisson":
        notes.append("the counts vary no more than chance alone would make them: the fit is Poisson")
    if peak.unbounded[1 : len(free)].any():
        notes.append("no event was counted on one side of a predictor: its ratio has no finite estimate")
    ratio = max(0.0, 2.0 * (peak.value - null.value))
    at_zero = peak.at[0] - peak.at[1 : len(free)] @ (centre / scale)
    return CountFit(
        model=model,
        terms=terms,
        rate=exponential(float(at_zero)),
        dispersion=dispersion,
        dispersion_p=dispersion_p,
        log_likelihood=peak.value,
        likelihood_ratio=ratio,
        p=chi_squared_p(ratio, len(names)) if names else None,
        rows=len(found),
        events=events,
        exposure=float(time.sum()),
        is_converged=True,
        note="; ".join(notes) or None,
    )


def _spreads_more(counts: Array, mean: Array) -> bool:
    """Whether the likelihood rises when dispersion leaves 0: the squared residuals exceed the counts."""
    return float((((counts - mean) ** 2) - counts).sum()) > 0.0


def _log_moment(counts: Array, mean: Array) -> float:
    """Logarithm of the dispersion by moments, a place to begin at."""
    return log(min(max(float((((counts - mean) ** 2) - mean).sum() / (mean**2).sum()), 1e-3), 50.0))


def _poisson(counts: Array, design: Array, time: Array) -> Surface:
    fixed = float((counts * np.log(time)).sum() - special.gammaln(counts + 1.0).sum())

    def surface(at: Array) -> tuple[float, Array, Array]:
        eta = design @ at
        mean = time * np.exp(np.minimum(eta, 700.0))
        value = float(counts @ eta - mean.sum()) + fixed
        return value, design.T @ (counts - mean), -(design.T * mean) @ design

    return surface


def _negative_binomial(counts: Array, design: Array, time: Array) -> Surface:
    """Parameters: coefficients and the logarithm of the dispersion a.

    With h = a mu the log-likelihood of one row is sum over j < y of log(1 + a j) + y log mu - (y + 1/a) log(1 + h).
    """
    fixed = float((counts * np.log(time)).sum() - special.gammaln(counts + 1.0).sum())
    size = design.shape[1]
    steps = np.arange(1.0, counts.max())
    # How many rows count further than each step: the sums over j need no loop over rows.
    beyond = len(counts) - np.searchsorted(np.sort(counts), steps, side="right")

    def surface(at: Array) -> tuple[float, Array, Array]:
        eta, a = design @ at[:-1], float(np.exp(np.clip(at[-1], -40.0, 40.0)))
        mean = time * np.exp(np.minimum(eta, 600.0))
        h = a * mean
        log_h = np.log1p(h)
        value = fixed + float(counts @ eta - counts @ log_h - log_h.sum() / a + beyond @ np.log1p(a * steps))
        rest = (counts - mean) / (1.0 + h)
        bend = mean * (1.0 + a * counts) / (1.0 + h) ** 2
        # log(1 + h) - h / (1 + h) loses its digits where h is small: there by its series.
        gap = np.where(h > 1e-3, log_h - h / (1.0 + h), h**2 * (0.5 - h * (2.0 / 3.0 - h * (0.75 - 0.8 * h))))
        slope = float(
            beyond @ (steps / (1.0 + a * steps)) + gap.sum() / a**2 - (counts * mean / (1.0 + h)).sum()
        )
        # -2 log(1 + h) / a^3 + 2 mu / (a^2 (1 + h)) + mu^2 / (a (1 + h)^2), by the same gap.
        curve = -2.0 * gap.sum() / a**3 + float((mean**2 * (1.0 / a + counts) / (1.0 + h) ** 2).sum())
        curve -= float(beyond @ (steps**2 / (1.0 + a * steps) ** 2))
        gradient = np.append(design.T @ rest, a * slope)
        hessian = np.zeros((size + 1, size + 1))
        hessian[:size, :size] = -(design.T * bend) @ design
        cross = -a * design.T @ (rest * mean / (1.0 + h))
        hessian[:size, size] = hessian[size, :size] = cross
        hessian[size, size] = a * a * curve + a * slope
        return value, gradient, hessian

    return surface
