"""The power of two-group tests by counting: every pair of counts that can come out, with its chance and its verdict.

Nothing is approximated. Both counts are binomial, the chance of a pair is the product of the two, and the power is
the sum over the pairs that the very test rejects. Only counts and totals that together have a chance of less than
1e-11 are left out.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.power.normal import (
    checked_share,
    critical_value,
    group_sizes,
    signal_needed,
    smallest_total,
)
from wearoff.stats.two_groups import hypergeometric, log_choose

_Array = npt.NDArray[np.float64]
TableTest = Literal["fisher", "mid_p"]

TABLE_TESTS: tuple[TableTest, ...] = ("fisher", "mid_p")
_IGNORED = 1e-12


def fisher_power(
    sizes: tuple[int, int], chances: tuple[float, float], *, alpha: float = 0.05, test: TableTest = "fisher"
) -> float:
    """The exact chance that Fisher's two-sided test tells two groups apart.

    Args:
        sizes: members of the two groups, each at least 1.
        chances: the chance of an event in each, 0 to 1; equal chances give the true size of the test.
        alpha: the test rejects at a p of at most this.
        test: "fisher", or "mid_p" for Lancaster's version.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(fisher_power((15, 20), (0.082, 0.041)), 3)
        0.013
    """
    critical_value(alpha, 2)
    first, second = binomial_chances(sizes[0], chances[0]), binomial_chances(sizes[1], chances[1])
    totals = np.convolve(first, second)
    found = 0.0
    for events in np.flatnonzero(totals > _IGNORED / len(totals)).tolist():
        x = np.arange(max(0, events - sizes[1]), min(events, sizes[0]) + 1)
        shown = fisher_p_values(sizes, events, test=test)[x] <= alpha * (1.0 + 1e-9)
        found += float((first[x] * second[events - x])[shown].sum())
    return min(1.0, found)


def fisher_total(
    chances: tuple[float, float],
    *,
    share: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
    test: TableTest = "fisher",
) -> int:
    """The members, both groups together, with whom Fisher's test has a power and keeps it with more.

    Args:
        chances: the chance of an event in each group, between 0 and 1 and unequal.
        share: of the members that are in the first group.
        power: chance to tell the groups apart.
        alpha: the test rejects at a p of at most this.
        test: "fisher", or "mid_p".

    Raises:
        ValueError: an argument is outside of what it can be, or no total up to 100,000 suffices.

    Example:
        >>> fisher_total((0.5, 0.1))
        45
    """
    p1, p0 = (checked_share(chance, "the chance of an event") for chance in chances)
    if p1 == p0:
        raise ValueError("the chances are equal: there is no difference to find, whatever the size")
    checked_share(share, "the share of the first group")
    variance = p1 * (1.0 - p1) / share + p0 * (1.0 - p0) / (1.0 - share)
    near = (signal_needed(power, alpha=alpha) / (p1 - p0)) ** 2 * variance

    def power_at(total: int) -> float:
        sizes = group_sizes(total, share)
        return fisher_power(sizes, (p1, p0), alpha=alpha, test=test) if min(sizes) else 0.0

    return smallest_total(power_at, power, start=round(near), look_on=0.05)


def fisher_p_values(sizes: tuple[int, int], events: int, *, test: TableTest = "fisher") -> _Array:
    """The p of every table with these margins, by the number of events in the first group.

    Args:
        sizes: members of the two groups.
        events: in both together.
        test: "fisher", or "mid_p".

    Returns:
        Two-sided p values for 0, 1, ..., `events` in the first group, shape (events + 1,); of an impossible table 0.

    Raises:
        ValueError: the test does not exist.
    """
    if test not in TABLE_TESTS:
        raise ValueError(f"there is no table test {test!r}; choose one of {', '.join(TABLE_TESTS)}")
    chances = hypergeometric(*sizes, events)
    order = np.sort(chances)
    sums = np.concatenate([[0.0], np.cumsum(order)])
    # chances within a relative 1e-7 count as equal, so that rounding does not split ties
    rarer = sums[np.searchsorted(order, chances * (1.0 - 1e-7), side="left")]
    no_likelier = sums[np.searchsorted(order, chances * (1.0 + 1e-7), side="right")]
    p = no_likelier if test == "fisher" else 0.5 * (rarer + no_likelier)
    return np.asarray(np.minimum(1.0, p), dtype=np.float64)


def noninferiority_power(
    sizes: tuple[int, int], chances: tuple[float, float], *, margin: float, alpha: float = 0.05
) -> float:
    """The exact chance that Newcombe's interval shows the first group to be worse by less than a margin.

    Shown is it where the upper limit of the two-sided interval of level 1 - 2 alpha for the difference of the chances,
    first minus second, lies below the margin.

    Args:
        sizes: members of the two groups, each at least 1.
        chances: the chance of an event in each, 0 to 1; `margin` apart they give the true size of the test.
        margin: the difference that must be excluded, between 0 and 1.
        alpha: one-sided chance of a false alarm that the test allows, below 0.5.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(noninferiority_power((114, 114), (0.1, 0.1), margin=0.1), 2)
        0.8
    """
    checked_share(margin, "the margin")
    z = critical_value(alpha, 1)
    first, second = binomial_chances(sizes[0], chances[0]), binomial_chances(sizes[1], chances[1])
    x1, x0 = np.flatnonzero(first > _IGNORED / len(first)), np.flatnonzero(second > _IGNORED / len(second))
    first, second = first[x1], second[x0]
    x1, x0 = x1[:, None], x0[None, :]
    p1, p0 = x1 / sizes[0], x0 / sizes[1]
    up = _wilson(x1, sizes[0], z) - p1
    down = p0 - _wilson(x0, sizes[1], -z)
    is_shown = p1 - p0 + np.hypot(up, down) < margin
    return float(first @ is_shown @ second)


def noninferiority_exact_total(
    chances: tuple[float, float],
    *,
    margin: float,
    share: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int:
    """The members, both groups together, with whom `noninferiority_power` has a power and keeps it with more.

    Args:
        chances: the chance of an event in the first and second group, each between 0 and 1.
        margin: the difference that must be excluded, larger than the true one.
        share: of the members that are in the first group.
        power: chance to show it.
        alpha: one-sided chance of a false alarm that the test allows.

    Raises:
        ValueError: an argument is outside of what it can be, or no total up to 100,000 suffices.

    Example:
        >>> noninferiority_exact_total((0.1, 0.1), margin=0.1)
        233
    """
    p1, p0 = (checked_share(chance, "the chance of an event") for chance in chances)
    checked_share(share, "the share of the first group")
    if p1 - p0 >= margin:
        raise ValueError(
            f"the true difference, {p1 - p0:g}, reaches the margin of {margin:g}: no size can exclude what is true"
        )
    variance = p1 * (1.0 - p1) / share + p0 * (1.0 - p0) / (1.0 - share)
    near = (signal_needed(power, alpha=alpha, sides=1) / (margin - p1 + p0)) ** 2 * variance

    def power_at(total: int) -> float:
        sizes = group_sizes(total, share)
        return noninferiority_power(sizes, (p1, p0), margin=margin, alpha=alpha) if min(sizes) else 0.0

    return smallest_total(power_at, power, start=round(near), look_on=0.05)


def binomial_chances(total: int, chance: float) -> _Array:
    """The chances of 0, 1, ..., `total` events.

    Args:
        total: members, at least 1.
        chance: of an event, 0 to 1.

    Raises:
        ValueError: an argument is outside of that.
    """
    if total < 1:
        raise ValueError(f"a group needs at least one member; got {total!r}")
    if not 0.0 <= chance <= 1.0:
        raise ValueError(f"the chance of an event lies between 0 and 1; got {chance!r}")
    events = np.arange(total + 1)
    logs = (
        log_choose(total, events) + special.xlogy(events, chance) + special.xlog1py(total - events, -chance)
    )
    return np.asarray(np.exp(logs), dtype=np.float64)


def _wilson(events: npt.NDArray[np.int64], size: int, z: float) -> _Array:
    """The Wilson limit above (z positive) or below (z negative) each count."""
    centre = (events + z**2 / 2.0) / (size + z**2)
    half = z / (size + z**2) * np.sqrt(events * (size - events) / size + z**2 / 4.0)
    return np.clip(centre + half, 0.0, 1.0)
