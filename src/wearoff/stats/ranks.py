"""Two samples by their ranks: the shift between them, and how far they rise together.

Ranks ask nothing of the shape of the data, only its order. A test that the data cannot answer gives a p of
None and a `note`, never a warning or nan.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import atanh, factorial, floor, sqrt, tanh

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.proportions import Interval, checked_level

_Array = npt.NDArray[np.float64]

_LARGEST_EXACT_SAMPLE = 50
_LARGEST_EXACT_CORRELATION = 8


@dataclass(frozen=True, slots=True)
class ShiftTest:
    """How far one sample lies above another.

    Attributes:
        shift: Hodges-Lehmann estimate, the median of all differences x minus y; None without data.
        interval: of the shift; None if the samples are too small for the level, or all equal.
        p: two-sided Mann-Whitney p, None if the data cannot tell.
        method: "exact", or "normal approximation, tie-corrected".
        note: why something is None; None if nothing is.
    """

    shift: float | None
    interval: Interval | None
    p: float | None
    method: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation.

    Attributes:
        estimate: -1 to 1; None if a variable does not vary or there are fewer than two pairs.
        interval: None where it cannot be formed.
        p: two-sided, None if the data cannot tell.
        pairs: number of pairs.
        method: how p and interval were made.
        note: why something is None; None if nothing is.
    """

    estimate: float | None
    interval: Interval | None
    p: float | None
    pairs: int
    method: str
    note: str | None = None


def mann_whitney(x: npt.ArrayLike, y: npt.ArrayLike, level: float = 0.95) -> ShiftTest:
    """The shift of `x` above `y` with its interval and the two-sided rank-sum test.

    Without ties and with at most 50 values on each side, p and interval come from the exact distribution
    of U (Mann and Whitney 1947, doi 10.1214/aoms/1177730491); otherwise from its normal approximation with
    variance corrected for ties and continuity correction. The shift is the estimate of Hodges and Lehmann
    (1963, doi 10.1214/aoms/1177704172) and its interval holds every shift the test does not refute; ties
    between the samples depend on the shift, so there only ties within a sample correct the variance.

    Args:
        x: the first sample, shape (n,).
        y: the second sample, shape (m,).
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: a value is missing or infinite, or the level is not between 0 and 1.

    Example:
        >>> found = mann_whitney([5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0])
        >>> found.shift, round(found.p, 4)
        (4.0, 0.0286)
    """
    checked_level(level)
    first, second = checked_values(x), checked_values(y)
    n, m = len(first), len(second)
    if n == 0 or m == 0:
        return ShiftTest(None, None, None, "none", "a sample is empty")
    pooled = np.concatenate([first, second])
    ties = tie_sizes(pooled)
    has_ties = len(ties) < n + m
    is_exact = not has_ties and max(n, m) <= _LARGEST_EXACT_SAMPLE
    method = "exact" if is_exact else "normal approximation, tie-corrected"
    differences = np.sort(np.subtract.outer(first, second), axis=None)
    shift = float(np.median(differences))
    if len(ties) == 1:
        return ShiftTest(shift, None, None, method, "all values are equal: there is nothing to rank")
    u = float(mid_ranks(pooled)[:n].sum()) - n * (n + 1) / 2.0
    tail = (1.0 - level) / 2.0
    if is_exact:
        at_most = np.cumsum(_rank_sum_chances(n, m))
        p = min(1.0, 2.0 * float(at_most[round(min(u, n * m - u))]))
        outside = int(np.searchsorted(at_most, tail, side="right"))
    else:
        distance = max(0.0, abs(u - n * m / 2.0) - 0.5)
        p = min(1.0, 2.0 * float(special.ndtr(-distance / sqrt(_rank_sum_variance(n, m, ties)))))
        within = np.concatenate([tie_sizes(first), tie_sizes(second)])
        reach = -float(special.ndtri(tail)) * sqrt(_rank_sum_variance(n, m, within))
        outside = max(0, floor(n * m / 2.0 - reach - 0.5) + 1)
    if outside == 0:
        note = f"too few values for an interval of level {level:g}"
        return ShiftTest(shift, None, p, method, note)
    # `outside` is the number of smallest U that refute a shift: as many differences are cut at each end.
    low, high = float(differences[outside - 1]), float(differences[n * m - outside])
    return ShiftTest(shift, Interval(low, high, level, f"Hodges-Lehmann, {method}"), p, method)


def spearman(x: npt.ArrayLike, y: npt.ArrayLike, level: float = 0.95) -> Correlation:
    """How closely two variables rise together, by ranks, with an interval.

    The interval is Fisher's z with the standard error sqrt((1 + r^2 / 2) / (n - 3)) of Bonett and Wright
    (2000, doi 10.1007/BF02294183). p is exact over all orderings for up to 8 pairs, and for a perfect
    order of any length; otherwise from Student's t on n - 2.

    Args:
        x: first variable, shape (pairs,).
        y: second variable, shape (pairs,).
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: lengths differ, a value is missing or infinite, or the level is not between 0 and 1.

    Example:
        >>> round(spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]).estimate, 2)
        0.8
    """
    checked_level(level)
    first, second = checked_values(x), checked_values(y)
    n = len(first)
    if len(second) != n:
        raise ValueError(f"the variables come in pairs, got {n} and {len(second)} values")
    if n < 2:
        return Correlation(None, None, None, n, "none", "fewer than two pairs")
    a = mid_ranks(first) - (n + 1) / 2.0
    b = mid_ranks(second) - (n + 1) / 2.0
    scale = sqrt(float(a @ a) * float(b @ b))
    if scale == 0.0:
        return Correlation(None, None, None, n, "none", "a variable has the same value throughout")
    r = min(1.0, max(-1.0, float(a @ b) / scale))
    is_perfect = abs(r) > 1.0 - 1e-12
    if n <= _LARGEST_EXACT_CORRELATION:
        sums = np.array(list(permutations(b))) @ a
        p, method = float((np.abs(sums) >= abs(float(a @ b)) - 1e-9).mean()), "exact p"
    elif is_perfect:
        p, method = _chance_of_perfect_order(first), "exact p"
    else:
        t = abs(r) * sqrt((n - 2) / ((1.0 - r) * (1.0 + r)))
        p, method = 2.0 * float(special.stdtr(n - 2, -t)), "Student t p"
    if n < 4 or is_perfect:
        note = "fewer than four pairs" if n < 4 else "the order is perfect"
        return Correlation(r, None, p, n, method, f"{note}: no interval can be formed")
    reach = -float(special.ndtri((1.0 - level) / 2.0)) * sqrt((1.0 + r**2 / 2.0) / (n - 3))
    limits = tanh(atanh(r) - reach), tanh(atanh(r) + reach)
    return Correlation(r, Interval(*limits, level, "Fisher z, Bonett-Wright"), p, n, method)


def checked_values(values: npt.ArrayLike) -> _Array:
    """The values as a float array, once they are known to be a finite sample.

    Args:
        values: numbers, shape (n,).

    Raises:
        ValueError: there is more than one dimension, or a value is missing or infinite.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f"a sample is a single row of numbers, got shape {sample.shape}")
    if not np.isfinite(sample).all():
        raise ValueError("a value is missing or infinite; leave such values out first")
    return sample


def mid_ranks(values: _Array) -> _Array:
    """Ranks from 1, equal values sharing the mean of their ranks.

    Args:
        values: shape (n,).
    """
    _, where, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(sizes) - (sizes - 1) / 2.0)[where])


def tie_sizes(values: _Array) -> npt.NDArray[np.int64]:
    """How often each distinct value occurs, from the smallest value up.

    Args:
        values: shape (n,).
    """
    return np.asarray(np.unique(values, return_counts=True)[1], dtype=np.int64)


def _rank_sum_chances(n: int, m: int) -> _Array:
    """Chance of each U = 0, ..., n m without ties: subsets of n ranks out of n + m by their sum."""
    lowest = n * (n - 1) // 2
    ways = np.zeros((n + 1, lowest + n * m + 1))
    ways[0, 0] = 1.0
    for rank in range(n + m):
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    chances = ways[n, lowest:]
    return np.asarray(chances / chances.sum())


def _rank_sum_variance(n: int, m: int, ties: npt.NDArray[np.int64]) -> float:
    """Variance of U, reduced by the ties among the pooled values."""
    total = n + m
    tied = float((ties**3 - ties).sum()) / (total * (total - 1))
    return n * m / 12.0 * (total + 1 - tied)


def _chance_of_perfect_order(values: _Array) -> float:
    """Chance that a random pairing with a variable of the same tie pattern is in perfect order."""
    sizes = tie_sizes(values).tolist()
    ways = 1
    for size in sizes:
        ways *= factorial(size)
    # A falling order is possible only if the ties read the same from either end.
    return ways * (2 if sizes == sizes[::-1] else 1) / factorial(int(sum(sizes)))
