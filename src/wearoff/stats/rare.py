"""Odds ratios when events are few or absent: Firth's penalised logistic regression.

Maximum likelihood has no finite answer when a group is free of events, and none at all when everyone is.
Firth (1993, doi 10.1093/biomet/80.1.27) adds half the log-determinant of the information to the
log-likelihood. The estimate is then always finite and less biased, and for two groups it equals adding
1/2 to each of the four cells. Because the penalised likelihood is lopsided here, intervals and p values
come from its profile and not from a standard error (Heinze and Schemper 2002, doi 10.1002/sim.1047).

Maximisation is Newton's method on the exact second derivative, with step halving. The limits of an
interval are found by a bracketed root search on the profile. Rows with equal predictors are merged first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

from wearoff.stats.proportions import Interval, checked_level
from wearoff.stats.terms import exponential

_Array = npt.NDArray[np.float64]

METHOD = "firth profile likelihood"
"""What the limits of an interval are called."""
_NO_CONVERGENCE = (
    "the penalised likelihood was not maximised within the allowed iterations, so no term is given; "
    "look for predictors on wildly different scales or almost collinear"
)


@dataclass(frozen=True, slots=True)
class FirthTerm:
    """One predictor of a Firth fit.

    Attributes:
        name: the predictor, as it was named by the caller.
        odds_ratio: for one unit more of the predictor.
        interval: penalised profile likelihood interval of the odds ratio.
        p: penalised likelihood ratio test of an odds ratio of 1.
    """

    name: str
    odds_ratio: float
    interval: Interval
    p: float


@dataclass(frozen=True, slots=True)
class FirthFit:
    """A Firth logistic regression; the intercept is fitted but is no odds ratio and is not listed.

    Attributes:
        terms: one per predictor, in the order given; empty if the fit did not converge.
        log_likelihood: penalised log-likelihood at its maximum.
        is_converged: the maximum and every limit were reached.
        note: what the reader must know, or None.
    """

    terms: tuple[FirthTerm, ...]
    log_likelihood: float
    is_converged: bool
    note: str | None = None


def firth_logistic(
    outcome: npt.ArrayLike,
    predictors: npt.ArrayLike,
    *,
    names: Sequence[str],
    level: float = 0.95,
    max_iterations: int = 200,
) -> FirthFit:
    """Odds ratios for a yes-or-no outcome that stay finite however few the events are.

    An outcome that is the same in every row is accepted: the odds ratios then rest on the penalty alone,
    their intervals are very wide, and `note` says so. With several predictors and separated data the
    profile can have several peaks; each limit is then the best of several climbs, and `note` says so too.

    Args:
        outcome: 0 or 1 (or False, True), shape (rows,).
        predictors: finite numbers, shape (rows, terms); one predictor may have shape (rows,). An
            intercept is added.
        names: one name per predictor.
        level: two-sided confidence, between 0 and 1.
        max_iterations: Newton steps allowed in each maximisation.

    Raises:
        ValueError: shapes disagree, a value is missing, the outcome is not 0 or 1, or the predictors
            (with the intercept) are not linearly independent.

    Example:
        >>> fit = firth_logistic([0, 0, 1, 1, 1], [0, 1, 0, 1, 1], names=["group"])
        >>> round(fit.terms[0].odds_ratio, 2)
        1.67
    """
    events, rows = _checked_rows(outcome, predictors, names)
    distinct, where = np.unique(rows, axis=0, return_inverse=True)
    where = where.reshape(-1)
    trials = np.bincount(where, minlength=len(distinct)).astype(np.float64)
    successes = np.bincount(where, events, len(distinct)).astype(np.float64)
    return _fit(distinct, trials, successes, tuple(names), level, max_iterations)


class _NotConvergedError(ArithmeticError):
    """A maximisation ran out of steps; it never leaves this module."""


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """The penalised likelihood of grouped rows: design (groups, parameters), trials and successes."""

    design: _Array
    trials: _Array
    successes: _Array
    max_iterations: int

    def value(self, beta: _Array) -> float:
        """The penalised log-likelihood, minus infinity where the information is singular."""
        eta = self.design @ beta
        likelihood = self.successes @ special.log_expit(eta)
        likelihood += (self.trials - self.successes) @ special.log_expit(-eta)
        size = np.abs(np.diagonal(np.linalg.qr(self.weighted(beta), mode="r")))
        return float(likelihood + np.log(size).sum()) if size.min() > 0.0 else -inf

    def weighted(self, beta: _Array) -> _Array:
        """The square root of W times X, whose cross product is the Fisher information X' W X."""
        eta = self.design @ beta
        weight = self.trials * special.expit(eta) * special.expit(-eta)
        return np.asarray(np.sqrt(weight)[:, None] * self.design)

    def covariance(self, beta: _Array) -> _Array:
        """The inverse of the Fisher information."""
        inverse = np.linalg.inv(np.linalg.qr(self.weighted(beta), mode="r"))
        return np.asarray(inverse @ inverse.T)

    def derivatives(self, beta: _Array) -> tuple[_Array, _Array]:
        """Gradient and exact Hessian of the penalised log-likelihood.

        With sqrt(W) X = Q R, leverages h_i = |Q_i|^2, c_i = 1 - 2 pi_i and B_k = Q' diag(c x_k) Q, the penalty
        1/2 ln|X'WX| has gradient 1/2 sum h_i c_i x_i and Hessian
        1/2 sum h_i (1 - 6 pi_i (1 - pi_i)) x_i x_i' - 1/2 tr(B_k B_l). Nothing is inverted, so that rows of
        very different weight do not spoil it.
        """
        X = self.design
        eta = X @ beta
        share, rest = special.expit(eta), special.expit(-eta)
        weighted = self.weighted(beta)
        Q = np.linalg.qr(weighted).Q
        leverage = (Q**2).sum(axis=1)
        c = rest - share
        gradient = X.T @ (self.successes - self.trials * share + 0.5 * leverage * c)
        B = (Q.T * (X.T * c)[:, None, :]) @ Q
        hessian = 0.5 * (X.T * (leverage * (1.0 - 6.0 * share * rest))) @ X
        hessian -= 0.5 * np.einsum("kab,lba->kl", B, B) + weighted.T @ weighted
        return gradient, hessian

    def maximise(self, start: _Array, free: npt.NDArray[np.bool_]) -> tuple[_Array, float]:
        """The best parameters with those not `free` held at their start, and the value there."""
        beta, value = start.copy(), self.value(start)
        if not free.any():
            return beta, value
        if value == -inf:
            raise _NotConvergedError
        last_gain = inf
        for _ in range(self.max_iterations):
            gradient, hessian = self.derivatives(beta)
            slope = gradient[free]
            curvature, axes = np.linalg.eigh(-hessian[np.ix_(free, free)])
            # Where the surface is not concave the magnitude of its curvature still leads uphill.
            steepness = np.maximum(np.abs(curvature), 1e-10 * np.abs(curvature).max())
            if not steepness.min() > 0.0:  # flat: every row is decided, there is nowhere to climb
                raise _NotConvergedError
            step = axes @ ((axes.T @ slope) / steepness)
            # `gain` is the square of the distance in standard errors. One more step squares 1e-8; where
            # rounding keeps it from shrinking any further, this is as near as numbers can tell.
            gain = float(slope @ step)
            if gain < 1e-16 or (gain < 1e-12 and gain > 0.25 * last_gain):
                beta[free] += step
                return beta, self.value(beta)
            last_gain = gain
            step *= min(1.0, 5.0 / float(np.abs(step).max()))
            # A fall within rounding is no fall: near the top the value no longer tells points apart.
            rounding = 1e-12 * (1.0 + abs(value))
            for _ in range(50):
                trial = beta.copy()
                trial[free] += step
                trial_value = self.value(trial)
                if trial_value >= value - rounding:
                    break
                step /= 2.0
            else:
                raise _NotConvergedError
            beta, value = trial, trial_value
        raise _NotConvergedError


def _fit(
    rows: _Array,
    trials: _Array,
    successes: _Array,
    names: tuple[str, ...],
    level: float,
    max_iterations: int,
) -> FirthFit:
    checked_level(level)
    # Centred, scaled columns keep Newton well conditioned; odds ratios are scaled back at the end and the
    # penalty changes by a constant.
    centre = trials @ rows / trials.sum()
    scale = np.sqrt(trials @ (rows - centre) ** 2 / trials.sum())
    for name, spread, size in zip(names, scale, np.abs(rows).max(axis=0), strict=True):
        if spread <= 1e-12 * size:
            raise ValueError(
                f"predictor {name!r} has the same value in every row, which the intercept already "
                "describes; leave it out"
            )
    design = np.column_stack([np.ones(len(rows)), (rows - centre) / scale])
    if np.linalg.matrix_rank(design, tol=1e-9 * sqrt(design.size)) < design.shape[1]:
        raise ValueError(
            f"the predictors {', '.join(names)} are not linearly independent (or are more than the "
            "distinct rows allow); leave one out"
        )
    likelihood = _Likelihood(design, trials, successes, max_iterations)
    events = float(successes.sum())
    notes = []
    if events in (0.0, float(trials.sum())):
        outcome = "no event occurred" if events == 0.0 else "every row had the event"
        notes.append(f"{outcome}: the odds ratios rest on the penalty alone")
    start = np.zeros(design.shape[1])
    start[0] = special.logit((events + 0.5) / (trials.sum() + 1.0))
    shift = float(np.log(scale).sum())
    try:
        best, top = likelihood.maximise(start, np.ones(design.shape[1], dtype=bool))
        found = tuple(
            _term(likelihood, best, top, index, name, float(scale[index - 1]), level)
            for index, name in enumerate(names, start=1)
        )
    except _NotConvergedError:
        return FirthFit((), likelihood.value(start) + shift, False, _NO_CONVERGENCE)
    terms = tuple(term for term, _ in found)
    peaks = [term.name for term, met_peaks in found if met_peaks]
    if peaks:
        notes.append(f"the profile has several peaks, its limits may be too narrow: {', '.join(peaks)}")
    if any(term.interval.high == inf for term in terms):
        notes.append("an odds ratio is too large to write; give that predictor a larger unit")
    return FirthFit(terms, top + shift, True, "; ".join(notes) or None)


def _term(
    likelihood: _Likelihood,
    best: _Array,
    top: float,
    index: int,
    name: str,
    scale: float,
    level: float,
) -> tuple[FirthTerm, bool]:
    """Odds ratio, profile interval and likelihood ratio p of one parameter, and whether peaks were met."""
    free = np.ones(len(best), dtype=bool)
    free[index] = False
    allowed = float(special.chdtri(1, 1.0 - level))
    covariance = likelihood.covariance(best)
    along = covariance[:, index] / covariance[index, index]
    met_peaks = False

    def drop(value: float, *, has_peaks: bool) -> float:
        """Twice the fall of the profile at `value` below the maximum, by one climb or by several."""
        starts = [best + along * (value - best[index])]
        starts += _other_starts(likelihood.design, best, index, value)
        heights: list[float] = []
        for start in starts:
            if heights and not has_peaks:
                break
            start[index] = value
            with suppress(_NotConvergedError):
                heights.append(likelihood.maximise(start, free)[1])
        if not heights:
            raise _NotConvergedError
        return 2.0 * (top - max(heights))

    def crossing(inner: float, reach: float, *, has_peaks: bool) -> float:
        """Where the profile has fallen by the allowed amount, outwards from `inner`."""
        outer = inner + reach
        for _ in range(60):
            if drop(outer, has_peaks=has_peaks) > allowed:

                def beyond(value: float) -> float:
                    return drop(value, has_peaks=has_peaks) - allowed

                return float(brentq(beyond, inner, outer, xtol=1e-11))
            inner, outer = outer, outer + reach
            reach *= 1.5
        raise _NotConvergedError

    def limit(direction: float) -> float:
        reach = direction * sqrt(float(covariance[index, index]) * allowed)
        found = crossing(float(best[index]), reach, has_peaks=False)
        # With the parameter held, sparse data can have several peaks. If another one is higher here, the
        # profile has not fallen so far yet.
        if drop(found, has_peaks=True) > allowed - 1e-6:
            return found
        nonlocal met_peaks
        met_peaks = True
        return crossing(found, reach, has_peaks=True)

    low, high = limit(-1.0), limit(1.0)
    p = float(special.chdtrc(1, max(0.0, drop(0.0, has_peaks=True))))
    interval = Interval(exponential(low / scale), exponential(high / scale), level, METHOD)
    return FirthTerm(name, exponential(float(best[index]) / scale), interval, p), met_peaks


def _other_starts(design: _Array, best: _Array, index: int, value: float) -> list[_Array]:
    """Places from which a further peak of the constrained likelihood may be reached.

    Peaks differ in the rows whose outcome is left undecided. So: the unconstrained optimum as it is and in
    proportion, no effect of the other predictors, and the line of even odds through either end of the
    predictor.
    """
    starts = [best.copy(), np.zeros_like(best)]
    if best[index] * value > 0.0:
        starts.append(best * (value / best[index]))
    for end in (design[:, index].min(), design[:, index].max()):
        start = np.zeros_like(best)
        start[0] = -value * end
        starts.append(start)
    return starts


def _checked_rows(
    outcome: npt.ArrayLike, predictors: npt.ArrayLike, names: Sequence[str]
) -> tuple[_Array, _Array]:
    events = np.asarray(outcome, dtype=np.float64)
    rows = np.asarray(predictors, dtype=np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if events.ndim != 1 or rows.ndim != 2 or len(events) != len(rows):
        raise ValueError(
            "outcome has shape (rows,) and predictors (rows, terms) with the same rows, got "
            f"{events.shape} and {rows.shape}"
        )
    if rows.shape[1] != len(names) or not names:
        raise ValueError(f"each predictor needs one name: {rows.shape[1]} predictors, {len(names)} names")
    if len(events) == 0:
        raise ValueError("there is no row to fit")
    if not np.isin(events, (0.0, 1.0)).all():
        raise ValueError("the outcome must be 0 or 1 in every row; leave missing rows out first")
    if not np.isfinite(rows).all():
        raise ValueError("a predictor is missing or infinite; leave such rows out first")
    return events, rows
