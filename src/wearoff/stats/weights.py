"""Two groups that were not made by chance, weighted until they are alike in what was measured.

Each row is weighted by the inverse of its probability of being in the group it is in, given its covariates (a
logistic model). Stabilised weights have mean 1; a named rule cuts the largest. What the weights did is shown as
standardised mean differences before and after, and what they cost as the effective sample size. Nothing here
answers for what was not measured; `sensitivity.e_value` asks how strong that would have to be.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.newton import NotConvergedError, logistic, maximise
from wearoff.stats.proportions import checked_level
from wearoff.stats.terms import (
    Array,
    Term,
    checked_column,
    checked_flags,
    checked_labels,
    checked_predictors,
    wald_term,
)

Truncation = Literal["none", "percentiles 1 and 99", "percentiles 5 and 95", "at most 10"]

# The percentiles between which weights are kept (Cole and Hernan 2008, doi 10.1093/aje/kwn164), or the largest.
_LIMITS: dict[Truncation, tuple[float, float] | None] = {
    "none": None,
    "percentiles 1 and 99": (1.0, 99.0),
    "percentiles 5 and 95": (5.0, 95.0),
    "at most 10": (0.0, 10.0),
}
TRUNCATIONS: tuple[Truncation, ...] = tuple(_LIMITS)


@dataclass(frozen=True, slots=True)
class Balance:
    """How far two groups are apart in one covariate, in standard deviations.

    Attributes:
        name: the covariate.
        before: difference of the means over the square root of the mean of both variances.
        after: the same with weighted means; the standard deviation stays the one before.
    """

    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """Weights with what they did and what they cost.

    Attributes:
        weights: shape (rows,).
        propensity: probability of being in the first group, shape (rows,).
        balance: of each covariate.
        sizes: rows of the first and of the second group.
        effective_sizes: of both groups, weighted.
        truncation: the rule that was used.
        truncated: how many weights it changed.
        note: what the reader must know, or None.
    """

    weights: Array
    propensity: Array
    balance: tuple[Balance, ...]
    sizes: tuple[int, int]
    effective_sizes: tuple[float, float]
    truncation: Truncation
    truncated: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class WeightedComparison:
    """An outcome of two weighted groups.

    Attributes:
        first: weighted mean (per unit of exposure) of the first group.
        second: the same of the second group.
        difference: first minus second.
        ratio: on the logarithmic scale, first over second; None where a mean is 0.
        effective_sizes: of both groups.
    """

    first: float
    second: float
    difference: Term
    ratio: Term | None
    effective_sizes: tuple[float, float]


def inverse_probability_weights(
    in_first: npt.ArrayLike,
    covariates: npt.ArrayLike,
    *,
    names: Sequence[str],
    is_stabilised: bool = True,
    truncation: Truncation = "none",
) -> Weighting:
    """Weights that make two groups alike in their covariates.

    Args:
        in_first: 1 for rows of the first group, 0 for the second, shape (rows,).
        covariates: measured before the groups were made, finite, shape (rows, covariates).
        names: one name per covariate.
        is_stabilised: multiply by the share of the group, so that the weights have mean 1.
        truncation: one of `TRUNCATIONS`, applied to the weights of all rows together.

    Raises:
        ValueError: a shape disagrees, a group is empty, a covariate repeats what others say, values of a
            covariate occur in one group only, or the rule does not exist.

    Example:
        >>> found = inverse_probability_weights(
        ...     [1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 1, 0, 0, 0], names=["severe"]
        ... )
        >>> round(found.balance[0].before, 2), round(abs(found.balance[0].after), 2)
        (1.15, 0.0)
    """
    if truncation not in _LIMITS:
        raise ValueError(f"there is no truncation {truncation!r}; choose one of {', '.join(TRUNCATIONS)}")
    first = checked_flags(in_first, None, "in_first")
    matrix = checked_predictors(covariates, names, len(first))
    if first.all() or not first.any():
        raise ValueError("a group is empty: there is nothing to weight it against")
    scaled = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    design = np.column_stack([np.ones(len(first)), scaled])
    share = float(first.mean())
    start = np.zeros(design.shape[1])
    start[0] = float(special.logit(share))
    try:
        peak = maximise(logistic(first.astype(np.float64), design), start)
    except NotConvergedError:
        raise ValueError(
            f"the chance of being in the first group was not found from {', '.join(names)}; use fewer covariates"
        ) from None
    propensity = np.asarray(special.expit(design @ peak.at))
    own = np.where(first, propensity, 1.0 - propensity)
    if peak.unbounded.any():
        which = [name for name, is_endless in zip(names, peak.unbounded[1:], strict=True) if is_endless]
        raise ValueError(
            f"{', '.join(which or names)}: some values occur in one group only, so no row of the other is like those "
            "and no weights can make the groups alike; leave out a covariate or restrict the rows"
        )
    weights = 1.0 / own
    if is_stabilised:
        weights = weights * np.where(first, share, 1.0 - share)
    kept = _truncated(weights, truncation)
    notes = []
    if (extreme := int(((propensity < 0.02) | (propensity > 0.98)).sum())) > 0:
        notes.append(f"{extreme} row(s) had a chance under 2 % of one of the groups; look at who they are")
    sizes = (int(first.sum()), int((~first).sum()))
    effective = (effective_size(kept[first]), effective_size(kept[~first]))
    if min(e / n for e, n in zip(effective, sizes, strict=True)) < 0.5:
        notes.append("the weights cost more than half of a group")
    return Weighting(
        weights=kept,
        propensity=propensity,
        balance=standardised_differences(first, matrix, names=names, weights=kept),
        sizes=sizes,
        effective_sizes=effective,
        truncation=truncation,
        truncated=int((kept != weights).sum()),
        note="; ".join(notes) or None,
    )


def standardised_differences(
    in_first: npt.ArrayLike,
    covariates: npt.ArrayLike,
    *,
    names: Sequence[str],
    weights: npt.ArrayLike | None = None,
) -> tuple[Balance, ...]:
    """How far two groups are apart in each covariate, before and after weighting.

    Differences of means over sqrt((variance of the first + variance of the second) / 2), both unweighted and over n,
    so that a share p has variance p (1 - p) (Austin 2009, doi 10.1002/sim.3697). Above 0.1 is commonly called a
    difference.

    Args:
        in_first: 1 for rows of the first group, 0 for the second, shape (rows,).
        covariates: finite, shape (rows, covariates).
        names: one name per covariate.
        weights: above 0, shape (rows,); None for 1 each.

    Raises:
        ValueError: a shape disagrees or a group is empty.
    """
    first = checked_flags(in_first, None, "in_first")
    matrix = np.asarray(covariates, dtype=np.float64).reshape(len(first), -1)
    if first.all() or not first.any():
        raise ValueError("a group is empty: there is nothing to compare it with")
    if matrix.shape[1] != len(names):
        raise ValueError(f"each covariate needs one name: {matrix.shape[1]} covariates, {len(names)} names")
    weight = (
        np.ones(len(first)) if weights is None else checked_column(weights, len(first), "weights", above=0.0)
    )
    found = []
    for name, column in zip(names, matrix.T, strict=True):
        spread = sqrt((float(column[first].var()) + float(column[~first].var())) / 2.0)
        plain = float(column[first].mean() - column[~first].mean())
        weighted = float(
            np.average(column[first], weights=weight[first])
            - np.average(column[~first], weights=weight[~first])
        )
        found.append(Balance(name, _over(plain, spread), _over(weighted, spread)))
    return tuple(found)


def effective_size(weights: npt.ArrayLike) -> float:
    """How many unweighted rows would tell as much: (sum of weights)^2 over the sum of their squares (Kish).

    Args:
        weights: above 0, shape (rows,).

    Example:
        >>> effective_size([1.0, 1.0, 1.0]), round(effective_size([1.0, 1.0, 4.0]), 2)
        (3.0, 2.0)
    """
    weight = checked_column(weights, None, "weights", above=0.0)
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def weighted_comparison(
    outcome: npt.ArrayLike,
    in_first: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    exposure: npt.ArrayLike | None = None,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    has_few: bool = False,
) -> WeightedComparison:
    """The outcome of two weighted groups: a share, a mean, or events over time.

    Errors are robust (a sandwich over rows or clusters). They take the weights as known; where these were estimated,
    the intervals are somewhat too wide (Lunceford and Davidian 2004, doi 10.1002/sim.1903). With few rows a sandwich is
    too small, because a mean lies nearer to its own rows than to others. With `has_few` each squared residual is
    divided by 1 - leverage (HC2: MacKinnon and White 1985, doi 10.1016/0304-4076(85)90158-7), and intervals and tests
    are those of t with the degrees of freedom of Welch (1947, doi 10.1093/biomet/34.1-2.28), effective sizes in place
    of sizes.

    Args:
        outcome: 0 or 1, a measurement, or a count, finite, shape (rows,).
        in_first: 1 for rows of the first group, 0 for the second, shape (rows,).
        weights: above 0, shape (rows,).
        exposure: time at risk, above 0, shape (rows,); None for 1 each.
        clusters: rows of one cluster are not independent; None for independent rows.
        level: two-sided confidence, between 0 and 1.
        has_few: correct for few rows; where a row is a group by itself nothing is then excluded.

    Raises:
        ValueError: a shape disagrees, a value is missing, a group is empty, or few clusters are to be corrected for.

    Example:
        >>> found = weighted_comparison([1, 0, 1, 0, 0, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1])
        >>> round(found.difference.coefficient, 3), round(found.ratio.ratio, 3)
        (0.333, 2.0)
    """
    checked_level(level)
    y = checked_column(outcome, None, "outcome")
    first = checked_flags(in_first, len(y), "in_first")
    weight = checked_column(weights, len(y), "weights", above=0.0)
    time = np.ones(len(y)) if exposure is None else checked_column(exposure, len(y), "exposure", above=0.0)
    if first.all() or not first.any():
        raise ValueError("a group is empty: there is nothing to compare it with")
    if has_few and clusters is not None:
        raise ValueError("few rows are corrected for where rows are independent; leave the clusters out")
    labels = list(range(len(y))) if clusters is None else checked_labels(clusters, len(y), "cluster")
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    where = np.array([places[label] for label in labels])
    means: list[float] = []
    influences: list[Array] = []
    for member in (first, ~first):
        total = float((weight * time)[member].sum())
        mean = float((weight * y)[member].sum()) / total
        part = np.where(member, weight * (y - mean * time), 0.0) / total
        if has_few:
            part = _enlarged(part, np.where(member, weight * time, 0.0) / total)
        means.append(mean)
        influences.append(np.asarray(np.bincount(where, part, len(places)), dtype=np.float64))
    effective = [effective_size((weight * time)[member]) for member in (first, ~first)]

    def term(name: str, value: float, one: Array, other: Array) -> Term:
        gap = one - other
        freedom = _freedom((float(one @ one), float(other @ other)), effective) if has_few else inf
        method = "robust, few rows" if has_few else "Wald, robust"
        return wald_term(name, value, sqrt(float(gap @ gap)), level=level, method=method, freedom=freedom)

    difference = term("difference", means[0] - means[1], *influences)
    ratio = None
    if min(means) > 0.0:
        relative = (part / mean for part, mean in zip(influences, means, strict=True))
        ratio = term("ratio", float(np.log(means[0] / means[1])), *relative)
    sizes = (effective_size(weight[first]), effective_size(weight[~first]))
    return WeightedComparison(means[0], means[1], difference, ratio, sizes)


def _truncated(weights: Array, rule: Truncation) -> Array:
    limits = _LIMITS[rule]
    if limits is None:
        return weights
    if rule == "at most 10":
        return np.minimum(weights, limits[1])
    low, high = np.percentile(weights, limits)
    return np.clip(weights, low, high)


def _enlarged(influence: Array, leverage: Array) -> Array:
    """Influences of the rows of a group, as large as they would be on a mean that the row itself is not in."""
    rest = 1.0 - leverage
    if rest.min() < 1e-12:  # one row is all of the group: its spread is unknown
        return np.where(rest < 1e-12, inf, influence)
    return influence / np.sqrt(rest)


def _freedom(variances: tuple[float, float], sizes: Sequence[float]) -> float:
    """Welch's degrees of freedom of the difference of two means."""
    if not 0.0 < sum(variances) < inf:
        return inf
    parts = (variance**2 / (size - 1.0) for variance, size in zip(variances, sizes, strict=True) if variance)
    return float(sum(variances) ** 2 / sum(parts))


def _over(difference: float, spread: float) -> float:
    if spread == 0.0:
        return 0.0 if difference == 0.0 else inf if difference > 0.0 else -inf
    return difference / spread
