"""How large: a measured quantity between two groups by ranks, or against levels in an order.

`superiority` is the chance that a member of the one group lies above one of the other, 0.5 where they do not differ.
It is all that the rank-sum test sees (Noether 1987, doi 10.1080/01621459.1987.10478478). Levels in an order are
compared by proportional odds: the information on the log odds ratio is total (1 - sum of cubed level shares) / 3 times
the variance of the predictor, which for two groups is share (1 - share) and gives the formula of Whitehead (1993, doi
10.1002/sim.4780122404); for a measured predictor in standard deviations it is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from scipy import special

from wearoff.stats.power.normal import checked_share, log_ratio, signal_needed, signal_power


def rank_sum_power(
    total: float, superiority: float, *, share: float = 0.5, alpha: float = 0.05, sides: int = 2
) -> float:
    """The chance that the rank-sum test tells two groups apart.

    Args:
        total: members, both groups together, above 0.
        superiority: chance that a member of the one group lies above one of the other, between 0 and 1.
        share: of the members that are in the one group.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(rank_sum_power(100, 2 / 3), 2)
        0.82
    """
    if not total > 0.0:
        raise ValueError(f"the total must be above 0; got {total!r}")
    return signal_power(sqrt(total) * _signal(superiority, share), alpha=alpha, sides=sides)


def rank_sum_total(
    superiority: float, *, share: float = 0.5, power: float = 0.8, alpha: float = 0.05, sides: int = 2
) -> float:
    """The members, both groups together, whom the rank-sum test needs; the inverse of `rank_sum_power`.

    Args:
        superiority: chance that a member of the one group lies above one of the other, between 0 and 1, not 0.5.
        share: of the members that are in the one group.
        power: chance to tell the groups apart.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Returns:
        The number before rounding up.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(rank_sum_total(2 / 3), 1)
        94.2
    """
    return (signal_needed(power, alpha=alpha, sides=sides) / _signal(superiority, share)) ** 2


def superiority_of_shift(shift: float) -> float:
    """The chance that a member of one normal group lies above one of another.

    Args:
        shift: between their means, in standard deviations that are the same in both.

    Example:
        >>> round(superiority_of_shift(0.5), 3)
        0.638
    """
    return float(special.ndtr(shift / sqrt(2.0)))


def ordered_levels_power(
    total: float,
    odds_ratio: float,
    levels: Sequence[float],
    *,
    variance: float = 0.25,
    alpha: float = 0.05,
    sides: int = 2,
) -> float:
    """The chance that proportional odds show an odds ratio.

    Args:
        total: members, above 0.
        odds_ratio: of a higher level for one unit more of the predictor, above 0 and not 1.
        levels: the share of the members on each level, all together; they sum to 1.
        variance: of the predictor: share (1 - share) for two groups, 1 for a quantity in standard deviations.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(ordered_levels_power(187, 2.428, [0.289, 0.486, 0.153, 0.072]), 2)
        0.9
    """
    if not total > 0.0:
        raise ValueError(f"the total must be above 0; got {total!r}")
    signal = log_ratio(odds_ratio, "the odds ratio") * sqrt(total * _information(levels, variance))
    return signal_power(signal, alpha=alpha, sides=sides)


def ordered_levels_total(
    odds_ratio: float,
    levels: Sequence[float],
    *,
    variance: float = 0.25,
    power: float = 0.8,
    alpha: float = 0.05,
    sides: int = 2,
) -> float:
    """The members whom proportional odds need to show an odds ratio; the inverse of `ordered_levels_power`.

    Args:
        odds_ratio: of a higher level for one unit more of the predictor, above 0 and not 1.
        levels: the share of the members on each level, all together; they sum to 1.
        variance: of the predictor: share (1 - share) for two groups, 1 for a quantity in standard deviations.
        power: chance to show it.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Returns:
        The number before rounding up.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(ordered_levels_total(2.0, [0.575, 0.225, 0.2], variance=1.0), 1)
        62.0
    """
    needed = signal_needed(power, alpha=alpha, sides=sides)
    return (needed / log_ratio(odds_ratio, "the odds ratio")) ** 2 / _information(levels, variance)


def _signal(superiority: float, share: float) -> float:
    """The difference over its standard error for one member: sqrt(12 share (1 - share)) (superiority - 1/2)."""
    checked_share(superiority, "the superiority")
    if superiority == 0.5:
        raise ValueError("a superiority of 0.5 is no difference: there is nothing to find, whatever the size")
    weight = checked_share(share, "the share of the one group") * (1.0 - share)
    return sqrt(12.0 * weight) * abs(superiority - 0.5)


def _information(levels: Sequence[float], variance: float) -> float:
    if len(levels) < 2 or any(not 0.0 < share < 1.0 for share in levels) or abs(sum(levels) - 1.0) > 1e-6:
        raise ValueError(f"the levels need two or more shares between 0 and 1 that sum to 1; got {levels!r}")
    if not variance > 0.0:
        raise ValueError(f"the variance of the predictor must be above 0; got {variance!r}")
    return (1.0 - sum(share**3 for share in levels)) / 3.0 * variance
