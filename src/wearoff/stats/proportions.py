"""One proportion: how many of how many, and the interval that goes with it.

A share from a small sample says little without its interval, least of all when it is 0 or 1, where the
textbook normal interval has no width. Four intervals are offered by name. Clopper-Pearson is the
default: it inverts the exact binomial tails and never covers less often than it claims.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal, SupportsIndex

from scipy import special
from scipy.optimize import brentq

ProportionMethod = Literal["clopper_pearson", "mid_p", "wilson", "jeffreys"]

PROPORTION_METHODS: tuple[ProportionMethod, ...] = (
    "clopper_pearson",
    "mid_p",
    "wilson",
    "jeffreys",
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval that knows how it was made.

    Attributes:
        low: lower limit.
        high: upper limit.
        level: two-sided confidence, a fraction between 0 and 1.
        method: name of the method, as it may be printed.
    """

    low: float
    high: float
    level: float
    method: str

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Proportion:
    """A count out of a total with its estimate (a fraction) and its interval."""

    events: int
    total: int
    estimate: float
    interval: Interval


def proportion(
    events: SupportsIndex,
    total: SupportsIndex,
    *,
    method: ProportionMethod = "clopper_pearson",
    level: float = 0.95,
) -> Proportion:
    """The share of `events` in `total` together with its interval.

    Args:
        events: number with the event, 0 to `total`.
        total: number observed, at least 1.
        method: one of `PROPORTION_METHODS`.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: the counts do not describe a proportion, or the method or level does not exist.

    Example:
        >>> found = proportion(35, 40)
        >>> f"{found.estimate:.1%} ({found.interval.low:.1%} to {found.interval.high:.1%})"
        '87.5% (73.2% to 95.8%)'
    """
    interval = proportion_interval(events, total, method=method, level=level)
    count, size = checked_counts(events, total)
    return Proportion(count, size, count / size, interval)


def proportion_interval(
    events: SupportsIndex,
    total: SupportsIndex,
    *,
    method: ProportionMethod = "clopper_pearson",
    level: float = 0.95,
) -> Interval:
    """A two-sided interval for the proportion behind `events` out of `total`.

    `clopper_pearson` inverts the two exact binomial tails (Clopper and Pearson 1934,
    doi 10.1093/biomet/26.4.404). `mid_p` counts half of the observed outcome in each tail; it is shorter
    and covers the nominal level on average, not always. `wilson` inverts the score test (Wilson 1927,
    doi 10.1080/01621459.1927.10502953), without continuity correction. `jeffreys` takes the quantiles of
    Beta(events + 1/2, total - events + 1/2), with the limit 0 at no event and 1 at nothing but events
    (Brown, Cai and DasGupta 2001, doi 10.1214/ss/1009213286).

    Args:
        events: number with the event, 0 to `total`.
        total: number observed, at least 1.
        method: one of `PROPORTION_METHODS`.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: the counts do not describe a proportion, or the method or level does not exist.

    Example:
        >>> round(proportion_interval(0, 35).high, 3)
        0.1
    """
    count, size = checked_counts(events, total)
    if size == 0:
        raise ValueError("total is 0: a proportion of nothing is undefined")
    tail = (1.0 - checked_level(level)) / 2.0
    limits = _LIMITS.get(method)
    if limits is None:
        known = ", ".join(PROPORTION_METHODS)
        raise ValueError(f"there is no interval method {method!r}; choose one of {known}")
    # At 0 and at the total every method puts the outer limit at the edge itself.
    low, high = limits(count, size, tail)
    return Interval(0.0 if count == 0 else low, 1.0 if count == size else high, level, method)


def upper_bound(events: SupportsIndex, total: SupportsIndex, *, level: float = 0.95) -> float:
    """The largest proportion not refuted by so few events: a one-sided exact Clopper-Pearson bound.

    All the error is spent on one side, so this is lower than the upper limit of the two-sided interval
    of the same level. Say which of the two is printed.

    Args:
        events: number with the event, 0 to `total`.
        total: number observed, at least 1.
        level: one-sided confidence, between 0 and 1.

    Raises:
        ValueError: the counts do not describe a proportion, or the level is not between 0 and 1.

    Example:
        >>> round(upper_bound(0, 35), 3)
        0.082
    """
    count, size = checked_counts(events, total)
    if size == 0:
        raise ValueError("total is 0: a proportion of nothing is undefined")
    return _exact_high(count, size, 1.0 - checked_level(level))


def rule_of_three(total: SupportsIndex) -> float:
    """The mental approximation 3/total to the one-sided 95 % upper bound when no event was seen.

    It rests on -ln(0.05) = 2.996 and is slightly too high: 8.6 % for 0 of 35, where the exact one-sided
    bound is 8.2 %. It means nothing once an event has occurred, and is cut at 1 for a total below 3.

    Args:
        total: number observed, at least 1, none of them with the event.

    Raises:
        ValueError: the total is not a whole number of at least 1.

    Example:
        >>> round(rule_of_three(35), 3)
        0.086
    """
    _, size = checked_counts(0, total)
    if size == 0:
        raise ValueError("total is 0: a proportion of nothing is undefined")
    return min(1.0, 3.0 / size)


def checked_counts(events: SupportsIndex, total: SupportsIndex) -> tuple[int, int]:
    """`events` and `total` as integers, once they are known to be a count out of a total.

    Args:
        events: number with the event.
        total: number observed; 0 is allowed here.

    Raises:
        ValueError: a count is not a whole number, is negative, or the events exceed the total.
    """
    try:
        count, size = operator.index(events), operator.index(total)
    except TypeError:
        message = f"counts must be whole numbers, got {events!r} of {total!r}"
        raise ValueError(message) from None
    if count < 0 or size < 0:
        raise ValueError(f"counts cannot be negative, got {count} of {size}")
    if count > size:
        raise ValueError(f"there cannot be more events than observations, got {count} of {size}")
    return count, size


def checked_level(level: float) -> float:
    """The confidence level itself, once it is known to lie between 0 and 1.

    Args:
        level: a fraction, such as 0.95.

    Raises:
        ValueError: the level is 0 or less, 1 or more (95 meant as per cent), or not a number.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"a confidence level lies between 0 and 1, such as 0.95; got {level!r}")
    return level


def wilson_limits(count: int, size: int, tail: float) -> tuple[float, float]:
    """The two Wilson score limits, each leaving `tail` outside.

    Args:
        count: events.
        size: observations, at least 1.
        tail: probability left beyond each limit, such as 0.025.
    """
    z = -float(special.ndtri(tail))
    centre = (count + z**2 / 2.0) / (size + z**2)
    half = z / (size + z**2) * sqrt(count * (size - count) / size + z**2 / 4.0)
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == size else min(1.0, centre + half)
    return low, high


def _exact_limits(count: int, size: int, tail: float) -> tuple[float, float]:
    # The lower limit of the events is one minus the upper limit of the non-events.
    return 1.0 - _exact_high(size - count, size, tail), _exact_high(count, size, tail)


def _exact_high(count: int, size: int, tail: float) -> float:
    """The proportion at which `count` or fewer events have probability `tail`."""
    if count == size:
        return 1.0
    return float(special.betainccinv(count + 1, size - count, tail))


def _mid_p_limits(count: int, size: int, tail: float) -> tuple[float, float]:
    return 1.0 - _mid_p_high(size - count, size, tail), _mid_p_high(count, size, tail)


def _mid_p_high(count: int, size: int, tail: float) -> float:
    if count == size:
        return 1.0

    def excess(share: float) -> float:
        at_most = special.betaincc(count + 1, size - count, share)
        below = special.betaincc(count, size - count + 1, share) if count else 0.0
        return float(0.5 * (at_most + below) - tail)

    return float(brentq(excess, 0.0, 1.0, xtol=1e-14))


def _jeffreys_limits(count: int, size: int, tail: float) -> tuple[float, float]:
    a, b = count + 0.5, size - count + 0.5
    return float(special.betaincinv(a, b, tail)), float(special.betainccinv(a, b, tail))


_LIMITS: dict[str, Callable[[int, int, float], tuple[float, float]]] = {
    "clopper_pearson": _exact_limits,
    "mid_p": _mid_p_limits,
    "wilson": wilson_limits,
    "jeffreys": _jeffreys_limits,
}
