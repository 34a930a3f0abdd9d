"""An outcome in ordered levels, with covariates: proportional odds regression.

The model (McCullagh 1980, doi 10.1111/j.2517-6161.1980.tb01109.x) says log odds(outcome above level j) = x b - c_j:
one odds ratio per predictor, the same at every cut between levels. Whether it is the same is tested by Brant's
comparison of the separate logistic regressions at all cuts (1990, doi 10.2307/2532457). Intervals come from the
profile likelihood, which ends on one side only where a predictor decides the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.newton import NotConvergedError, Surface, logistic, maximise, profile_term
from wearoff.stats.proportions import checked_level
from wearoff.stats.terms import Array, Term, checked_column, checked_predictors, chi_squared_p


@dataclass(frozen=True, slots=True)
class ParallelTest:
    """A test that odds ratios are the same at every cut.

    Attributes:
        name: the predictor; "all" for the joint test.
        statistic: Brant's chi-squared; None if the data cannot tell.
        freedom: degrees of freedom.
        p: small where the ratios differ; None if the data cannot tell.
    """

    name: str
    statistic: float | None
    freedom: int
    p: float | None


@dataclass(frozen=True, slots=True)
class OrdinalFit:
    """A proportional odds regression.

    Attributes:
        terms: one per predictor; `ratio` is the odds ratio of a higher level. Empty if the fit did not converge.
        levels: the distinct outcomes, ascending.
        cuts: between levels, on the log odds scale, for predictors of 0: log odds(outcome at or below the level).
        log_likelihood: at the estimate.
        likelihood_ratio: against the model without predictors, chi-squared on the number of terms.
        p: of `likelihood_ratio`.
        parallel: one test per term and one of all of them; empty with two levels, where there is one cut.
        rows: number of rows.
        is_converged: the maximum and every limit were found.
        note: what the reader must know, or None.
    """

    terms: tuple[Term, ...]
    levels: tuple[float, ...]
    cuts: tuple[float, ...]
    log_likelihood: float
    likelihood_ratio: float | None
    p: float | None
    parallel: tuple[ParallelTest, ...]
    rows: int
    is_converged: bool
    note: str | None = None


def proportional_odds(
    outcome: npt.ArrayLike, predictors: npt.ArrayLike, *, names: Sequence[str], level: float = 0.95
) -> OrdinalFit:
    """Odds ratios of a higher level for one or more predictors.

    A label such as a site enters by `indicators`.

    Args:
        outcome: numbers that order the levels, shape (rows,).
        predictors: finite numbers, shape (rows, terms); one predictor may have shape (rows,).
        names: one name per predictor.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: shapes disagree, a value is missing, a predictor repeats what others say, or there is
            one level only.

    Example:
        >>> fit = proportional_odds([0, 0, 1, 0, 1, 2, 1, 2, 2], [0, 0, 0, 1, 1, 1, 2, 2, 2], names=["dose"])
        >>> round(fit.terms[0].ratio, 1), round(fit.terms[0].p, 3)
        (6.4, 0.033)
    """
    checked_level(level)
    values = checked_column(outcome, None, "outcome")
    matrix = checked_predictors(predictors, names, len(values))
    levels, place = np.unique(values, return_inverse=True)
    if len(levels) < 2:
        raise ValueError("every row has the same outcome: there are no odds to compare")
    scale, centre = matrix.std(axis=0), matrix.mean(axis=0)
    design = (matrix - centre) / scale
    count = len(levels) - 1
    shares = np.cumsum(np.bincount(place))[:-1] / len(place)
    start = np.concatenate([special.logit(shares), np.zeros(design.shape[1])])
    surface = _cumulative(place, design, count)
    try:
        peak = maximise(surface, start)
        terms = tuple(
            profile_term(surface, peak, count + k, name, scale=float(scale[k]), level=level)
            for k, name in enumerate(names)
        )
    except NotConvergedError:
        note = "the likelihood was not maximised within the allowed steps, so no term is given"
        return OrdinalFit((), tuple(levels.tolist()), (), -inf, None, None, (), len(values), False, note)
    # Without predictors the cuts are the observed shares, so the null needs no search.
    ratio = max(0.0, 2.0 * (peak.value - surface(start)[0]))
    notes = []
    if peak.unbounded.any():
        notes.append("a predictor decides the level in these rows: its ratio has no finite estimate")
    tests = _brant(place, design, names) if count > 1 else ()
    if tests and tests[-1].statistic is None:
        notes.append("whether ratios are the same at every cut cannot be tested: a level has too few rows")
    return OrdinalFit(
        terms=terms,
        levels=tuple(levels.tolist()),
        cuts=tuple((peak.at[:count] + float(peak.at[count:] @ (centre / scale))).tolist()),
        log_likelihood=peak.value,
        likelihood_ratio=ratio,
        p=chi_squared_p(ratio, len(names)) if names else None,
        parallel=tests,
        rows=len(values),
        is_converged=True,
        note="; ".join(notes) or None,
    )


def _cumulative(place: npt.NDArray[np.intp], design: Array, count: int) -> Surface:
    """Parameters: the cuts, ascending, and the coefficients. A row adds log(F(upper) - F(lower)), F logistic."""
    rows, size = design.shape
    upper, lower = np.zeros((2, rows, count + size))
    for edge, shift in ((upper, 0), (lower, -1)):
        cut = place + shift
        inside = (cut >= 0) & (cut < count)
        edge[np.flatnonzero(inside), cut[inside]] = 1.0
        edge[inside, count:] = -design[inside]
    has_upper, has_lower = place < count, place > 0

    def surface(at: Array) -> tuple[float, Array, Array]:
        if (np.diff(at[:count]) <= 0.0).any():
            return -inf, np.zeros(len(at)), np.zeros((len(at), len(at)))
        a = np.where(has_upper, upper @ at, inf)
        b = np.where(has_lower, lower @ at, -inf)
        # F(a) - F(b) = F(a) (1 - F(b)) (1 - exp(b - a)): no digit is lost where both are near 0 or 1.
        value = special.log_expit(a) + special.log_expit(-b)
        both = has_upper & has_lower
        value[both] += np.log(-np.expm1(b[both] - a[both]))
        chance = np.exp(value)
        # Densities over the chance of the level; at an infinite edge both vanish.
        f, g = (special.expit(edge) * special.expit(-edge) / chance for edge in (a, b))
        df, dg = f * (special.expit(-a) - special.expit(a)), g * (special.expit(-b) - special.expit(b))
        slope = upper * f[:, None] - lower * g[:, None]
        hessian = (upper.T * df) @ upper - (lower.T * dg) @ lower - slope.T @ slope
        return float(value.sum()), np.asarray(slope.sum(axis=0)), np.asarray(hessian)

    return surface


def _brant(place: npt.NDArray[np.intp], design: Array, names: Sequence[str]) -> tuple[ParallelTest, ...]:
    """Brant's tests: the slopes of the logistic regressions at all cuts, with their joint covariance."""
    size, count = design.shape[1], int(place.max())
    full = np.column_stack([np.ones(len(design)), design])
    slopes, shares, inverses = [], [], []
    try:
        for cut in range(count):
            above = (place > cut).astype(np.float64)
            start = np.zeros(size + 1)
            start[0] = float(special.logit(above.mean()))
            peak = maximise(logistic(above, full), start)
            if peak.unbounded.any():
                raise NotConvergedError
            slopes.append(peak.at[1:])
            shares.append(special.expit(full @ peak.at))
            inverses.append(peak.covariance())
    except NotConvergedError:
        silent = [ParallelTest(name, None, count - 1, None) for name in names]
        return (*silent, ParallelTest("all", None, (count - 1) * size, None))
    covariance = np.zeros((count * size, count * size))
    for j in range(count):
        for k in range(j, count):
            # Being above the higher cut implies being above the lower one.
            shared = (full.T * (shares[k] * (1.0 - shares[j]))) @ full
            block = (inverses[j] @ shared @ inverses[k])[1:, 1:]
            covariance[j * size : (j + 1) * size, k * size : (k + 1) * size] = block
            covariance[k * size : (k + 1) * size, j * size : (j + 1) * size] = block.T
    stacked = np.concatenate(slopes)
    tests = [_equal(name, stacked[k::size], covariance[k::size, k::size], 1) for k, name in enumerate(names)]
    return (*tests, _equal("all", stacked, covariance, size))


def _equal(name: str, slopes: Array, covariance: Array, size: int) -> ParallelTest:
    """Wald's test that blocks of `size` slopes are the same."""
    count = len(slopes) // size
    contrast = np.kron(np.column_stack([-np.ones(count - 1), np.eye(count - 1)]), np.eye(size))
    gap, spread = contrast @ slopes, contrast @ covariance @ contrast.T
    freedom = (count - 1) * size
    if np.linalg.eigvalsh(spread).min() <= 1e-12 * np.trace(spread):
        return ParallelTest(name, None, freedom, None)
    statistic = float(gap @ np.linalg.solve(spread, gap))
    return ParallelTest(name, statistic, freedom, chi_squared_p(statistic, freedom))
