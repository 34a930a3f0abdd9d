"""How large: one share against a fixed value, exactly; and two shares that must not differ by more than a margin."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import special

from wearoff.stats.power.normal import (
    checked_share,
    critical_value,
    signal_needed,
    signal_power,
    smallest_total,
)
from wearoff.stats.power.tables import binomial_chances

Direction = Literal["less", "greater", "different"]


def binomial_power(
    total: int, share: float, against: float, *, direction: Direction = "different", alpha: float = 0.05
) -> float:
    """The exact chance that a count shows its share to differ from a fixed value.

    The count shows it where the exact (Clopper-Pearson) bound excludes the value: with "different" the two-sided
    interval of level 1 - alpha, otherwise the one-sided bound.

    Args:
        total: members, at least 1.
        share: the true share, 0 to 1.
        against: the fixed value, between 0 and 1.
        direction: "less", "greater" or "different".
        alpha: chance of a false alarm that the test allows.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(binomial_power(35, 0.0, 0.1, direction="less"), 2)
        1.0
    """
    checked_share(against, "the value to compare with")
    if direction not in ("less", "greater", "different"):
        raise ValueError(f"a share can be less, greater or different; got {direction!r}")
    critical_value(alpha, 1)
    chances = binomial_chances(total, share)
    tail = alpha / 2.0 if direction == "different" else alpha
    events = np.arange(total + 1)
    at_most = special.bdtr(events, total, against)
    at_least = np.concatenate([[1.0], special.bdtrc(events[:-1], total, against)])
    is_shown = np.zeros(total + 1, dtype=bool)
    if direction != "greater":
        is_shown |= at_most <= tail
    if direction != "less":
        is_shown |= at_least <= tail
    return float(chances[is_shown].sum())


def binomial_total(
    share: float,
    against: float,
    *,
    power: float = 0.8,
    direction: Direction = "different",
    alpha: float = 0.05,
) -> int:
    """The members with whom a share is shown to differ from a fixed value, with that power and with more of them.

    Args:
        share: the true share, between 0 and 1.
        against: the fixed value, between 0 and 1 and not equal.
        power: chance to show it.
        direction: "less", "greater" or "different".
        alpha: chance of a false alarm that the test allows.

    Raises:
        ValueError: an argument is outside of what it can be, or no total up to 100,000 suffices.

    Example:
        >>> binomial_total(0.04, 0.1, direction="less")
        142
    """
    checked_share(share, "the true share")
    checked_share(against, "the value to compare with")
    wrong = {"less": share >= against, "greater": share <= against, "different": share == against}
    if wrong.get(direction, False):
        raise ValueError(f"a share of {share:g} is never shown to be {direction} than {against:g}")
    needed = signal_needed(power, alpha=alpha, sides=2 if direction == "different" else 1)
    near = (needed / (share - against)) ** 2 * max(share * (1 - share), against * (1 - against))

    def power_at(total: int) -> float:
        return binomial_power(total, share, against, direction=direction, alpha=alpha)

    return smallest_total(power_at, power, start=round(near), least=1)


def noninferiority_total(
    chances: tuple[float, float],
    *,
    margin: float,
    share: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
) -> float:
    """The members, both groups together, to show that the first is worse by less than a margin.

    The usual normal form, with the variance at the true chances: z^2 (p1 q1 / share + p0 q0 / (1 - share)) over
    (margin - (p1 - p0))^2. It knows no small numbers; `wearoff.stats.noninferiority_power` does.

    Args:
        chances: the true chance of an event in the first and second group, each between 0 and 1.
        margin: the difference that must be excluded, larger than the true one.
        share: of the members that are in the first group.
        power: chance to show it.
        alpha: one-sided chance of a false alarm that the test allows.

    Returns:
        The number before rounding up.

    Raises:
        ValueError: an argument is outside of what it can be, or the true difference reaches the margin.

    Example:
        >>> round(noninferiority_total((0.1, 0.1), margin=0.1, share=0.425), 1)
        227.7
    """
    room, variance = _room(chances, margin, share)
    return (signal_needed(power, alpha=alpha, sides=1) / room) ** 2 * variance


def noninferiority_chance(
    total: float,
    chances: tuple[float, float],
    *,
    margin: float,
    share: float = 0.5,
    alpha: float = 0.05,
) -> float:
    """The power of so many members by the normal form; the inverse of `noninferiority_total`.

    Args:
        total: members, both groups together, above 0.
        chances: the true chance of an event in the first and second group, each between 0 and 1.
        margin: the difference that must be excluded, larger than the true one.
        share: of the members that are in the first group.
        alpha: one-sided chance of a false alarm that the test allows.

    Raises:
        ValueError: an argument is outside of what it can be, or the true difference reaches the margin.
    """
    if not total > 0.0:
        raise ValueError(f"the total must be above 0; got {total!r}")
    room, variance = _room(chances, margin, share)
    return signal_power(room * (total / variance) ** 0.5, alpha=alpha, sides=1)


def _room(chances: tuple[float, float], margin: float, share: float) -> tuple[float, float]:
    """What lies between the true difference and the margin, and the variance of the difference for one member."""
    checked_share(margin, "the margin")
    checked_share(share, "the share of the first group")
    p1, p0 = (checked_share(chance, "the chance of an event") for chance in chances)
    room = margin - (p1 - p0)
    if not room > 0.0:
        raise ValueError(
            f"the true difference, {p1 - p0:g}, reaches the margin of {margin:g}: no size can exclude what is true"
        )
    return room, p1 * (1.0 - p1) / share + p0 * (1.0 - p0) / (1.0 - share)
