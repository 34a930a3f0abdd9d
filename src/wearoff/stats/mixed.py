"""Measurements that belong together, such as several of one subject: a random intercept for each group.

y = x b + u + e, with u the same for all rows of a group and e each row's own, both normal. Given the ratio of the two
variances, everything else has a closed form, so the restricted likelihood (REML) is a curve over one number, of which
the top is found whole, an edge of 0 included. t distributions take the degrees of freedom by levels: a predictor that
is constant within groups is judged by the number of groups, another one by the number of rows (Pinheiro and Bates
2000, Mixed-Effects Models in S and S-PLUS, section 2.4.2).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import inf, log, pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from wearoff.stats.proportions import checked_level
from wearoff.stats.terms import (
    Array,
    Term,
    checked_column,
    checked_labels,
    checked_predictors,
    wald_term,
)


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A linear regression with a random intercept.

    Attributes:
        intercept: with all predictors 0.
        terms: one per predictor, in the order given.
        between_sd: standard deviation between groups.
        within_sd: standard deviation of the rows of one group.
        log_likelihood: restricted, at the estimate, with the constants that R and statsmodels keep.
        rows: number of rows.
        groups: number of groups.
        note: what the reader must know, or None.
    """

    intercept: Term
    terms: tuple[Term, ...]
    between_sd: float
    within_sd: float
    log_likelihood: float
    rows: int
    groups: int
    note: str | None = None

    @property
    def correlation(self) -> float:
        """Of two rows of one group: the share of the variance that lies between groups."""
        between, within = self.between_sd**2, self.within_sd**2
        return between / (between + within) if between + within > 0.0 else 0.0


def random_intercept(
    outcome: npt.ArrayLike,
    predictors: npt.ArrayLike,
    groups: Sequence[Hashable],
    *,
    names: Sequence[str],
    level: float = 0.95,
) -> MixedFit:
    """A linear regression of measurements that belong together in groups.

    Args:
        outcome: measurements, finite, shape (rows,).
        predictors: finite numbers, shape (rows, terms); one predictor may have shape (rows,).
        groups: the group of each row, such as a subject or a site.
        names: one name per predictor.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: shapes disagree, a value is missing, a predictor repeats what others say, every group has one row
            only, or there are not more rows than parameters.

    Example:
        >>> fit = random_intercept(
        ...     [1.0, 2.1, 3.0, 4.2, 5.1, 5.9], [0, 1, 2] * 2, list("aaabbb"), names=["time"]
        ... )
        >>> round(fit.terms[0].coefficient, 3), fit.between_sd > fit.within_sd
        (0.925, True)
    """
    checked_level(level)
    y = checked_column(outcome, None, "outcome")
    matrix = checked_predictors(predictors, names, len(y))
    labels = checked_labels(groups, len(y), "group")
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    where = np.array([places[label] for label in labels])
    sizes = np.bincount(where).astype(np.float64)
    if sizes.max() == 1.0:
        raise ValueError(
            "every group has one row: what lies between groups cannot be told from what lies within"
        )
    design = np.column_stack([np.ones(len(y)), matrix - matrix.mean(axis=0)])
    if len(y) <= design.shape[1]:
        raise ValueError(f"{len(y)} rows do not suffice for {design.shape[1]} coefficients and two variances")
    model = _Restricted(y, design, where, sizes)
    share = model.best_share()
    beta, covariance, within, value = model.solution(share)
    freedoms = _freedoms(matrix, where, sizes)
    # The intercept at predictors of 0: a combination of the centred one and the slopes.
    at_zero = np.concatenate([[1.0], -matrix.mean(axis=0)])
    errors = np.sqrt(np.diagonal(covariance))
    terms = tuple(
        wald_term(name, float(beta[k]), float(errors[k]), level=level, method="t", freedom=freedoms[k])
        for k, name in enumerate(names, start=1)
    )
    intercept = wald_term(
        "intercept",
        float(at_zero @ beta),
        sqrt(float(at_zero @ covariance @ at_zero)),
        level=level,
        method="t",
        freedom=freedoms[0],
    )
    note = None
    if share == 0.0:
        note = "no variance between groups is seen: the fit is that of independent rows"
    elif len(sizes) < 6:
        note = f"{len(sizes)} groups say little of how much groups vary"
    between = sqrt(within * share / (1.0 - share))
    return MixedFit(intercept, terms, between, sqrt(within), value, len(y), len(sizes), note)


@dataclass(frozen=True, slots=True, eq=False)
class _Restricted:
    """The restricted likelihood over the share of the variance that lies between groups."""

    y: Array
    design: Array
    where: npt.NDArray[np.intp]
    sizes: Array

    def solution(self, share: float) -> tuple[Array, Array, float, float]:
        """Coefficients, their covariance, the variance within groups, and the restricted log-likelihood."""
        ratio = share / (1.0 - share)
        inflation = 1.0 + self.sizes * ratio
        sums = np.zeros((len(self.sizes), self.design.shape[1] + 1))
        rows = np.column_stack([self.design, self.y])
        np.add.at(sums, self.where, rows)
        # The inverse of I + ratio 1 1' within a group is I - ratio / (1 + n ratio) 1 1'.
        cross = rows.T @ rows - (sums.T * (ratio / inflation)) @ sums
        left, right = cross[:-1, :-1], cross[:-1, -1]
        beta = np.linalg.solve(left, right)
        freedom = len(self.y) - len(beta)
        residual = self.y - self.design @ beta
        totals = np.bincount(self.where, residual, len(self.sizes))
        square = float(residual @ residual - (ratio / inflation) @ totals**2)
        within = max(square / freedom, 1e-300)
        value = freedom * (log(2.0 * pi * within) + 1.0) + float(np.log(inflation).sum())
        value += float(np.linalg.slogdet(left)[1])
        return np.asarray(beta), np.asarray(within * np.linalg.inv(left)), within, -0.5 * value

    def best_share(self) -> float:
        """The share at which the likelihood is highest, 0 included."""
        grid = np.concatenate([[0.0], 1.0 / (1.0 + np.exp(-np.linspace(-9.0, 9.0, 37)))])
        values = [self.solution(float(share))[3] for share in grid]
        top = int(np.argmax(values))
        low, high = float(grid[max(top - 1, 0)]), float(grid[min(top + 1, len(grid) - 1)])
        found = minimize_scalar(
            lambda share: -self.solution(share)[3],
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-12},
        )
        return float(found.x) if -float(found.fun) > values[0] + 1e-9 else 0.0


def _freedoms(matrix: Array, where: npt.NDArray[np.intp], sizes: Array) -> list[float]:
    """Degrees of freedom of the intercept and of each predictor, by the level at which it varies."""
    means = np.stack([np.bincount(where, column, len(sizes)) / sizes for column in matrix.T], axis=1)
    spread = np.abs(matrix - means[where]).max(axis=0)
    is_inner = spread > 1e-9 * np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    inner = len(where) - len(sizes) - int(is_inner.sum())
    outer = len(sizes) - 1 - int((~is_inner).sum())
    found = [inner, *(inner if varies else outer for varies in is_inner.tolist())]
    return [float(freedom) if freedom > 0 else inf for freedom in found]
