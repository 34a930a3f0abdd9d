"""Events over time at risk: one rate, and two rates compared, exactly.

With the total of both groups given, the events of the first are binomial with chance r t1 / (r t1 + t2), r being the
ratio of the rates; its exact limits are Clopper and Pearson's, turned into a ratio (Przyborowski and Wilenski 1940,
doi 10.1093/biomet/31.3-4.313). This assumes that events come one by one and independently (Poisson). Where some
members have far more than others, `negative_binomial` is right and this is too sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import SupportsIndex

import numpy as np
from scipy import special

from wearoff.stats.proportions import Interval, checked_counts, checked_level, proportion_interval
from wearoff.stats.two_groups import log_choose


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per unit of time.

    Attributes:
        events: how many.
        time: at risk, all members together.
        estimate: events / time.
        interval: Garwood's exact limits.
    """

    events: int
    time: float
    estimate: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class RateRatio:
    """Two rates compared.

    Attributes:
        exposed: rate of the first group.
        other: rate of the group it is compared with.
        ratio: exposed over other; infinite where the other had no event, None where neither had one.
        interval: exact conditional limits, 0 to infinity where neither had an event.
        p: exact and two-sided, None where neither had an event.
    """

    exposed: Rate
    other: Rate
    ratio: float | None
    interval: Interval
    p: float | None


def poisson_rate(events: SupportsIndex, time: float, *, level: float = 0.95) -> Rate:
    """A rate with exact limits (Garwood 1936, doi 10.1093/biomet/28.3-4.437).

    Args:
        events: how many, 0 or more.
        time: at risk, above 0, all members together.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: the events are no count, or the time is not above 0.

    Example:
        >>> round(poisson_rate(0, 35.0).interval.high, 3)
        0.105
    """
    count, span = _checked(events, time)
    tail = (1.0 - checked_level(level)) / 2.0
    low = float(special.gammaincinv(count, tail)) if count else 0.0
    high = float(special.gammainccinv(count + 1, tail))
    return Rate(count, span, count / span, Interval(low / span, high / span, level, "Garwood"))


def poisson_ratio(
    exposed_events: SupportsIndex,
    exposed_time: float,
    other_events: SupportsIndex,
    other_time: float,
    *,
    level: float = 0.95,
) -> RateRatio:
    """The ratio of two rates with exact limits, and an exact test of a ratio of 1.

    The p value adds the chances of all divisions of the events no likelier than the observed one.

    Args:
        exposed_events: events of the first group.
        exposed_time: its time at risk, above 0.
        other_events: events of the group it is compared with.
        other_time: its time at risk, above 0.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: the events are no counts, or a time is not above 0.

    Example:
        >>> found = poisson_ratio(11, 800, 21, 3011)
        >>> f"{found.ratio:.2f} ({found.interval.low:.2f} to {found.interval.high:.2f})"
        '1.97 (0.86 to 4.28)'
    """
    first = poisson_rate(exposed_events, exposed_time, level=level)
    second = poisson_rate(other_events, other_time, level=level)
    total = first.events + second.events
    method = "exact conditional"
    if total == 0:
        return RateRatio(first, second, None, Interval(0.0, inf, level, method), None)
    share = proportion_interval(first.events, total, level=level)
    unit = second.time / first.time
    high = inf if share.high == 1.0 else share.high / (1.0 - share.high) * unit
    interval = Interval(share.low / (1.0 - share.low) * unit, high, level, method)
    ratio = first.estimate / second.estimate if second.events else inf
    chance = first.time / (first.time + second.time)
    k = np.arange(total + 1)
    logs = log_choose(total, k) + k * np.log(chance) + (total - k) * np.log1p(-chance)
    chances = np.exp(logs - logs.max())
    rarer = chances <= chances[first.events] * (1.0 + 1e-7)
    return RateRatio(first, second, ratio, interval, min(1.0, float(chances[rarer].sum() / chances.sum())))


def _checked(events: SupportsIndex, time: float) -> tuple[int, float]:
    count, _ = checked_counts(events, events)
    span = float(time)
    if not (0.0 < span < inf):
        raise ValueError(f"the time at risk must be a finite number above 0, got {time!r}")
    return count, span
