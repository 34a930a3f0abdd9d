"""Firth's odds ratio of two groups from four counts, in closed form.

With two groups the determinant of the information is the product of both groups' p (1 - p), so that half of its
logarithm is 1/2 of an event and of a non-event more in each. What is left is a concave likelihood, whose profile has
a closed form: with the odds ratio held, the odds of the second group solve a quadratic equation. `firth_logistic`
finds the same numbers by climbing.
"""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import SupportsIndex

from scipy import special
from scipy.optimize import brentq

from wearoff.stats.proportions import Interval, checked_counts, checked_level
from wearoff.stats.rare import METHOD, FirthTerm
from wearoff.stats.terms import exponential


def odds_ratio_firth(
    exposed_events: SupportsIndex,
    exposed_total: SupportsIndex,
    other_events: SupportsIndex,
    other_total: SupportsIndex,
    *,
    level: float = 0.95,
) -> FirthTerm:
    """The Firth odds ratio of one group against another, from four counts.

    Args:
        exposed_events: events in the first group.
        exposed_total: size of the first group, at least 1.
        other_events: events in the group it is compared with.
        other_total: size of that group, at least 1.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: the counts are impossible, or a group is empty.

    Example:
        >>> found = odds_ratio_firth(0, 15, 0, 20)
        >>> f"{found.odds_ratio:.2f} ({found.interval.low:.3f} to {found.interval.high:.0f})"
        '1.32 (0.007 to 251)'
    """
    first, first_size = checked_counts(exposed_events, exposed_total)
    second, second_size = checked_counts(other_events, other_total)
    if first_size == 0 or second_size == 0:
        raise ValueError("a group is empty: there is no odds ratio against nothing")
    return _two_groups(first + 0.5, first_size + 1.0, second + 0.5, second_size + 1.0, level)


def _two_groups(
    first: float, first_size: float, second: float, second_size: float, level: float
) -> FirthTerm:
    """The term of one group against another, from counts with 1/2 added to each cell."""
    checked_level(level)
    events, size = first + second, first_size + second_size

    def height(effect: float) -> float:
        ratio = exp(effect)
        # The odds o that balance the score: a o^2 + b o = events, with a > 0.
        a = ratio * (size - events)
        b = first_size * ratio + second_size - events * (1.0 + ratio)
        root = sqrt(b * b + 4.0 * a * events)
        odds = 2.0 * events / (root + b) if b > 0.0 else (root - b) / (2.0 * a)
        at = log(odds)
        value = second * _log_share(at) + (second_size - second) * _log_share(-at)
        value += first * _log_share(at + effect) + (first_size - first) * _log_share(-at - effect)
        return value

    best = log(first / (first_size - first)) - log(second / (second_size - second))
    top, allowed = height(best), float(special.chdtri(1, 1.0 - level))
    error = sqrt(sum(1.0 / c for c in (first, first_size - first, second, second_size - second)))

    def limit(direction: float) -> float:
        inner, outer = best, best + direction * error * sqrt(allowed)
        while 2.0 * (top - height(outer)) <= allowed:
            inner, outer = outer, outer + direction * error
        return float(brentq(lambda effect: 2.0 * (top - height(effect)) - allowed, inner, outer, xtol=1e-11))

    interval = Interval(exponential(limit(-1.0)), exponential(limit(1.0)), level, METHOD)
    p = float(special.chdtrc(1, max(0.0, 2.0 * (top - height(0.0)))))
    return FirthTerm("exposed", exponential(best), interval, p)


def _log_share(eta: float) -> float:
    """Logarithm of the share at given log odds."""
    return -log1p(exp(-eta)) if eta > 0.0 else eta - log1p(exp(eta))
