"""The top of a smooth likelihood, the profile of one parameter, and parameters that have no top.

Newton's method on exact derivatives with step halving. Where events lie on one side of a predictor, the
likelihood rises for ever, ever less: the steps then stay as long while the likelihood no longer gains. Such a
parameter is reported as unbounded, and its interval is that of the profile likelihood, which still ends on the
other side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

from wearoff.stats.proportions import Interval
from wearoff.stats.terms import Array, Term, chi_squared_p, wald_term

# Value, gradient and Hessian of a log-likelihood; the value is minus infinity outside of its domain.
Surface = Callable[[Array], tuple[float, Array, Array]]

_SETTLED, _MOVING, _LINEAR = 1e-8, 1e-2, 0.02


class NotConvergedError(ArithmeticError):
    """A maximisation ran out of steps; callers turn it into a status of their result."""


@dataclass(frozen=True, slots=True, eq=False)
class Peak:
    """Where a likelihood is highest.

    Attributes:
        at: the parameters, shape (parameters,).
        value: the log-likelihood there.
        information: minus its Hessian there, shape (parameters, parameters).
        unbounded: parameters that have no finite maximum, shape (parameters,).
    """

    at: Array
    value: float
    information: Array
    unbounded: npt.NDArray[np.bool_]

    def covariance(self) -> Array:
        """The inverse of the information of the bounded parameters; 0 in the rows of the others.

        Raises:
            NotConvergedError: the information is singular, so the data do not tell the parameters apart.
        """
        found = np.zeros_like(self.information)
        kept = np.ix_(~self.unbounded, ~self.unbounded)
        try:
            found[kept] = np.linalg.inv(self.information[kept])
        except np.linalg.LinAlgError:
            raise NotConvergedError from None
        if (np.diagonal(found) < 0.0).any():
            raise NotConvergedError
        return found


def maximise(
    surface: Surface, start: Array, free: npt.NDArray[np.bool_] | None = None, *, steps: int = 100
) -> Peak:
    """The highest point with those parameters not `free` held at their start.

    Parameters should be on scales on which a change of 1 is a large one (standardised predictors).

    Args:
        surface: the log-likelihood with its derivatives.
        start: a place inside of the domain, shape (parameters,).
        free: which may move, shape (parameters,); None for all.
        steps: Newton steps allowed.

    Raises:
        NotConvergedError: the steps did not suffice.
    """
    at = start.copy()
    chosen = np.ones(len(at), dtype=bool) if free is None else free
    unbounded = np.zeros(len(at), dtype=bool)
    value, gradient, hessian = _looked(surface, at)
    if not _is_usable(value, gradient, hessian):
        raise NotConvergedError
    if not chosen.any():
        return Peak(at, value, -hessian, unbounded)
    last_gain = inf
    for _ in range(steps):
        curvature, axes = np.linalg.eigh(-hessian[np.ix_(chosen, chosen)])
        # Where the surface is not concave the magnitude of its curvature still leads uphill.
        steepness = np.maximum(np.abs(curvature), 1e-14 * np.abs(curvature).max())
        if not steepness.min() > 0.0:
            raise NotConvergedError
        slope = gradient[chosen]
        step = axes @ ((axes.T @ slope) / steepness)
        # The square of the distance in standard errors: it does not depend on anybody's units.
        gain = float(slope @ step)
        if gain < _SETTLED:
            # Near a top each gain is about the square of the last; on a slope that never ends it shrinks by a
            # constant factor, while the step stays as long.
            unbounded[chosen] = (np.abs(step) > _MOVING) & (gain > _LINEAR * last_gain)
            if unbounded.any() or gain < 1e-18 or (gain < 1e-12 and gain > 0.25 * last_gain):
                return Peak(at, value, -hessian, unbounded)
        last_gain = gain
        step *= min(1.0, 20.0 / float(np.abs(step).max()))
        rounding = 1e-12 * (1.0 + abs(value))
        for _ in range(50):
            trial = at.copy()
            trial[chosen] += step
            found = _looked(surface, trial)
            if found[0] >= value - rounding and _is_usable(*found):
                break
            step /= 2.0
        else:
            raise NotConvergedError
        at, (value, gradient, hessian) = trial, found
    raise NotConvergedError


def profile_term(
    surface: Surface, peak: Peak, index: int, name: str, *, scale: float = 1.0, level: float = 0.95
) -> Term:
    """A term with the limits of its profile likelihood, and the p value of its likelihood ratio.

    Args:
        surface: the log-likelihood with its derivatives.
        peak: its maximum.
        index: which parameter.
        name: of the predictor.
        scale: what the predictor was divided by.
        level: two-sided confidence, between 0 and 1.

    Returns:
        The term. Its interval is Wald's, and says so, where a constrained maximum was not found.

    Raises:
        NotConvergedError: the information is singular, so the data do not tell the parameters apart.
    """
    free = np.ones(len(peak.at), dtype=bool)
    free[index] = False
    best, allowed = float(peak.at[index]), float(special.chdtri(1, 1.0 - level))
    is_endless = bool(peak.unbounded[index])
    kept = ~peak.unbounded if not is_endless else np.zeros(len(free), dtype=bool)
    error = float(np.sqrt(peak.covariance()[index, index])) if kept[index] else inf
    furthest = 100.0 if is_endless else max(100.0, 20.0 * error)
    nearest = {best: peak.at}

    def drop(value: float) -> float:
        # Begin at the nearest solution known: the profile is followed, not found anew.
        start = nearest[min(nearest, key=lambda known: abs(known - value))].copy()
        start[index] = value
        found = maximise(surface, start, free)
        nearest[value] = found.at
        return 2.0 * (peak.value - found.value)

    def limit(direction: float) -> float:
        if is_endless and direction * best > 0.0:
            return direction * inf
        inner, reach = best, direction * (1.0 if is_endless else 2.0 * error)
        for _ in range(30):
            outer = inner + reach
            try:
                has_fallen = drop(outer) > allowed
            except NotConvergedError:  # so far out numbers overflow: go there in smaller steps
                reach /= 4.0
                continue
            if has_fallen:
                return float(brentq(lambda value: drop(value) - allowed, inner, outer, xtol=1e-10))
            if abs(outer - best) > furthest:  # the others make up for whatever this one is
                return direction * inf
            inner, reach = outer, reach * 2.0
        raise NotConvergedError

    estimate = (inf if best > 0.0 else -inf) if is_endless else best
    try:
        fall = drop(0.0)
        p = chi_squared_p(fall, 1)
        if (
            is_endless and fall < 1e-6
        ):  # other endless parameters make up for it: the data say nothing of this one
            low, high = -inf, inf
        else:
            low, high = limit(-1.0), limit(1.0)
    except NotConvergedError:
        # Without its profile a bounded parameter has its error; an endless one has nothing.
        return wald_term(name, estimate / scale, error / scale, level=level, method="Wald, no profile found")
    interval = Interval(low / scale, high / scale, level, "profile likelihood")
    return Term(name, estimate / scale, error / scale, interval, p)


def _looked(surface: Surface, at: Array) -> tuple[float, Array, Array]:
    """The surface at a place that may lie outside of what numbers can hold."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        return surface(at)


def _is_usable(value: float, gradient: Array, hessian: Array) -> bool:
    return bool(np.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(hessian).all())


def logistic(events: Array, design: Array) -> Surface:
    """The likelihood of a logistic regression.

    Args:
        events: 0 or 1, shape (rows,).
        design: with a column of ones for the intercept, shape (rows, parameters).
    """

    def surface(at: Array) -> tuple[float, Array, Array]:
        eta = design @ at
        share, rest = special.expit(eta), special.expit(-eta)
        value = float(events @ special.log_expit(eta) + (1.0 - events) @ special.log_expit(-eta))
        return value, np.asarray(design.T @ (events - share)), -(design.T * (share * rest)) @ design

    return surface
