"""Hazard ratios where the time of the event is only known to lie between two looks.

The cumulative hazard of a row is exp(x b) H(t), with H either Weibull, exp(a) t^k, or a straight line from knot to
knot (a hazard that is constant between them). A row with the event in (left, right] adds
log(exp(-H(left)) - exp(-H(right))) to the likelihood. In both shapes the cumulative hazard is a sum of terms
c exp(u theta), linear in theta inside of the exponential, so one set of derivatives serves both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from wearoff.stats.newton import NotConvergedError, maximise, profile_term
from wearoff.stats.proportions import checked_level
from wearoff.stats.terms import Array, Term, checked_column, checked_predictors, chi_squared_p
from wearoff.stats.time_to_event.intervals import Windows, windows


@dataclass(frozen=True, slots=True)
class IntervalRegression:
    """A proportional hazards regression on windowed times.

    Attributes:
        terms: one per predictor; `ratio` is the hazard ratio, its interval from the profile likelihood. Empty if
            the fit did not converge.
        shape: Weibull's exponent; 1 is a constant hazard. None with knots.
        hazards: of the pieces between knots, per unit of time, for predictors of 0; empty for Weibull.
        log_likelihood: at the estimate.
        likelihood_ratio: against the model without predictors, chi-squared on the number of terms.
        p: of `likelihood_ratio`.
        rows: number of rows.
        events: number of rows whose event has been seen.
        is_converged: the maximum was found.
        note: what the reader must know, or None.
    """

    terms: tuple[Term, ...]
    shape: float | None
    hazards: tuple[float, ...]
    log_likelihood: float
    likelihood_ratio: float | None
    p: float | None
    rows: int
    events: int
    is_converged: bool
    note: str | None = None


def interval_regression(
    left: npt.ArrayLike,
    right: npt.ArrayLike,
    predictors: npt.ArrayLike,
    *,
    names: Sequence[str],
    knots: Sequence[float] | None = None,
    level: float = 0.95,
) -> IntervalRegression:
    """Hazard ratios from windows (left, right].

    Args:
        left: the last time known to be without the event, 0 or more, shape (rows,).
        right: the first time known to be with it, infinite if it has not been seen, shape (rows,).
        predictors: finite numbers, shape (rows, terms); one predictor may have shape (rows,).
        names: one name per predictor.
        knots: times above 0, ascending, at which the hazard may change; None for a Weibull hazard.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: as `windows` does, or a predictor repeats what others say, or no event has been seen.

    Example:
        >>> looks = [0, 6, 12, 18, 0, 0, 6, 6]
        >>> found = [6, 12, float("inf"), 24, 6, 6, 12, float("inf")]
        >>> fit = interval_regression(looks, found, [0, 0, 0, 0, 1, 1, 1, 1], names=["group"])
        >>> round(fit.terms[0].ratio, 1)
        4.5
    """
    checked_level(level)
    rows = windows(left, right)
    count = len(rows.left)
    matrix = checked_predictors(predictors, names, count)
    events = int((~rows.is_open).sum())
    if events == 0:
        raise ValueError("no event has been seen: there is no hazard to compare")
    scale = matrix.std(axis=0)
    # Predictors are centred and time is in units of its mean; ratios do not depend on either.
    design = (matrix - matrix.mean(axis=0)) / scale
    unit = float(np.concatenate([rows.left, rows.right[~rows.is_open]]).mean())
    scaled = Windows(rows.left / unit, rows.right / unit)
    if knots is None:
        model = _weibull(scaled, design)
    else:
        inner = checked_column(knots, None, "knots", above=0.0) / unit
        if (np.diff(inner) <= 0.0).any():
            raise ValueError("the knots must ascend")
        model = _pieces(scaled, design, inner)
    baseline = len(model.start) - design.shape[1]
    notes = []
    try:
        peak = maximise(model.derivatives, model.start)
        held = np.arange(len(model.start)) < baseline
        null = maximise(model.derivatives, model.start, held)
        terms = tuple(
            profile_term(model.derivatives, peak, baseline + k, name, scale=float(scale[k]), level=level)
            for k, name in enumerate(names)
        )
    except NotConvergedError:
        note = (
            "the likelihood was not maximised within the allowed steps, so no term is given; use fewer "
            "knots or predictors"
        )
        return IntervalRegression((), None, (), -inf, None, None, count, events, False, note)
    if peak.unbounded[baseline:].any():
        notes.append("the events lie on one side of a predictor: its ratio has no finite estimate")
    if peak.unbounded[:baseline].any():
        notes.append("a piece between knots holds no event: its hazard is estimated as 0")
    ratio = max(0.0, 2.0 * (peak.value - null.value))
    shape, hazards = None, ()
    if knots is None:
        shape = float(peak.at[1])
    else:
        at_zero = np.exp(peak.at[:baseline] - peak.at[baseline:] @ (matrix.mean(axis=0) / scale)) / unit
        hazards = tuple(np.where(peak.unbounded[:baseline], 0.0, at_zero).tolist())
    return IntervalRegression(
        terms=terms,
        shape=shape,
        hazards=hazards,
        log_likelihood=peak.value - int(rows.is_exact.sum()) * float(np.log(unit)),
        likelihood_ratio=ratio,
        p=chi_squared_p(ratio, len(names)),
        rows=count,
        events=events,
        is_converged=True,
        note="; ".join(notes) or None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Cumulative hazards at both ends as sums of c exp(u theta), and the log-hazard at exact times.

    Attributes:
        rows: the windows.
        directions: u of each summand, shape (rows, summands, parameters), at the left end and at the right.
        sizes: c of each summand, shape (rows, summands), at the left end and at the right.
        exact: direction and remainder of the log-hazard at an exact time, shape (rows, parameters).
        power: the parameter that is Weibull's exponent and enters the log-hazard by its logarithm too.
        start: where to begin.
    """

    rows: Windows
    directions: tuple[Array, Array]
    sizes: tuple[Array, Array]
    exact: Array
    power: int | None
    start: Array

    def derivatives(self, theta: Array) -> tuple[float, Array, Array]:
        """Log-likelihood, gradient and Hessian; outside of the domain the value is minus infinity."""
        size = len(theta)
        if self.power is not None and theta[self.power] <= 0.0:
            return -inf, np.zeros(size), np.zeros((size, size))
        (a, da, dda), (b, db, ddb) = (
            _cumulative(directions, sizes, theta)
            for directions, sizes in zip(self.directions, self.sizes, strict=True)
        )
        value = -float(a.sum())
        gradient, hessian = -da.sum(axis=0), -dda.sum(axis=0)
        seen = ~self.rows.is_open & ~self.rows.is_exact
        gap = b[seen] - a[seen]
        if (gap <= 0.0).any() or not np.isfinite(gap).all():
            return -inf, np.zeros(size), np.zeros((size, size))
        value += float(np.log(-np.expm1(-gap)).sum())
        with np.errstate(over="ignore"):
            pull = 1.0 / np.expm1(gap)
        slope = db[seen] - da[seen]
        gradient = gradient + pull @ slope
        hessian = hessian + np.einsum("i,ijk->jk", pull, ddb[seen] - dda[seen])
        hessian -= (slope.T * (pull * (1.0 + pull))) @ slope
        known = self.rows.is_exact
        if known.any():
            value += float((self.exact[known] @ theta).sum())
            gradient = gradient + self.exact[known].sum(axis=0)
            if self.power is not None:
                k, number = float(theta[self.power]), float(known.sum())
                value += number * float(np.log(k)) - float(np.log(self.rows.left[known]).sum())
                gradient[self.power] += number / k
                hessian[self.power, self.power] -= number / k**2
        return value, np.asarray(gradient), np.asarray(hessian)


def _cumulative(directions: Array, sizes: Array, theta: Array) -> tuple[Array, Array, Array]:
    """The cumulative hazard of each row with its gradient and Hessian."""
    parts = sizes * np.exp(np.minimum(directions @ theta, 700.0))
    weighted = parts[:, :, None] * directions
    second = weighted.transpose(0, 2, 1) @ directions
    return np.asarray(parts.sum(axis=1)), np.asarray(weighted.sum(axis=1)), np.asarray(second)


def _weibull(rows: Windows, design: Array) -> _Model:
    """Parameters: log-scale, exponent, coefficients."""

    def end(times: Array) -> tuple[Array, Array]:
        is_inside = (times > 0.0) & np.isfinite(times)
        log = np.log(np.where(is_inside, times, 1.0))
        directions = np.column_stack([np.ones(len(times)), log, design])[:, None, :]
        return directions, is_inside.astype(np.float64)[:, None]

    left, right = end(rows.left), end(rows.right)
    start = np.zeros(2 + design.shape[1])
    start[0], start[1] = _log_rate(rows), 1.0
    # log h(t) = a + x b + log k + (k - 1) log t: the part that is not linear is added by `power`.
    return _Model(rows, (left[0], right[0]), (left[1], right[1]), left[0][:, 0, :], 1, start)


def _pieces(rows: Windows, design: Array, knots: Array) -> _Model:
    """Parameters: log-hazard of each piece, coefficients."""
    begins, ends = np.concatenate([[0.0], knots]), np.concatenate([knots, [inf]])
    count = len(begins)
    directions = np.zeros((len(design), count, count + design.shape[1]))
    directions[:, :, :count] = np.eye(count)
    directions[:, :, count:] = design[:, None, :]

    def overlap(times: Array) -> Array:
        inside = np.where(np.isfinite(times), times, 0.0)[:, None]
        return np.asarray(np.clip(inside, begins, ends) - begins)

    start = np.zeros(count + design.shape[1])
    start[:count] = _log_rate(rows)
    piece = np.searchsorted(knots, rows.left, side="left")
    exact = np.column_stack([np.eye(count)[piece], design])
    return _Model(
        rows, (directions, directions), (overlap(rows.left), overlap(rows.right)), exact, None, start
    )


def _log_rate(rows: Windows) -> float:
    """Logarithm of the events per time, with a window's middle for its time."""
    middle = np.where(rows.is_open, rows.left, (rows.left + np.where(rows.is_open, 0.0, rows.right)) / 2.0)
    return float(np.log((~rows.is_open).sum() / middle.sum()))
