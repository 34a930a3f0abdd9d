"""What the closed forms share: a signal against its standard error, shares and hazards, and whole numbers of people.

Nearly every closed form says the same: the test finds the difference when the estimate, in standard errors, passes a
critical value, and the estimate lies around its true size with an error of one. Power is the chance of that on the side
of the true difference; passing the critical value on the wrong side is not counted as finding anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, floor, log, log1p

from scipy import special


def signal_power(signal: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """The chance that a test finds a difference of so many standard errors, on its own side.

    Args:
        signal: the true difference over the standard error of its estimate; its sign does not matter.
        alpha: chance of a false alarm that the test allows, both sides together where `sides` is 2.
        sides: 1 or 2.

    Raises:
        ValueError: alpha is not between 0 and 1, or sides is neither 1 nor 2.

    Example:
        >>> round(signal_power(2.8016), 3)
        0.8
    """
    return float(special.ndtr(abs(signal) - critical_value(alpha, sides)))


def signal_needed(power: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """How many standard errors a difference must have to be found with a given power: z of alpha plus z of power.

    Args:
        power: chance to find it, above `alpha / sides` and below 1.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.

    Raises:
        ValueError: alpha, sides or power are outside of what they can be.

    Example:
        >>> round(signal_needed(0.8), 4)
        2.8016
    """
    critical = critical_value(alpha, sides)
    if not alpha / sides < power < 1.0:
        raise ValueError(
            f"power must lie above {alpha / sides:g} (what chance alone finds) and below 1; got {power!r}"
        )
    return critical + float(special.ndtri(power))


def critical_value(alpha: float, sides: int) -> float:
    """The standard errors beyond which a test says that there is a difference.

    Args:
        alpha: chance of a false alarm, both sides together where `sides` is 2.
        sides: 1 or 2.

    Raises:
        ValueError: alpha is not between 0 and 1, or sides is neither 1 nor 2.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is a chance between 0 and 1, such as 0.05; got {alpha!r}")
    if sides not in (1, 2):
        raise ValueError(f"a test has 1 or 2 sides; got {sides!r}")
    return -float(special.ndtri(alpha / sides))


def hazard_of_share(share: float) -> float:
    """The constant hazard per year under which this share has the event within a year: -ln(1 - share).

    Args:
        share: a fraction from 0 to below 1.

    Raises:
        ValueError: the share is outside of that.

    Example:
        >>> round(hazard_of_share(0.125), 4)
        0.1335
    """
    if not 0.0 <= share < 1.0:
        raise ValueError(f"a yearly share lies from 0 to below 1, such as 0.1 for 10 %; got {share!r}")
    return -log1p(-share)


def share_of_hazard(hazard: float, years: float = 1.0) -> float:
    """The share that has the event within so many years under a constant hazard: 1 - exp(-hazard years).

    Args:
        hazard: per year, 0 or more.
        years: 0 or more.

    Example:
        >>> round(share_of_hazard(hazard_of_share(0.1), 2), 2)
        0.19
    """
    return 1.0 - exp(-hazard * years)


def group_sizes(total: int, share: float) -> tuple[int, int]:
    """So many people in two groups: the first has `share` of them, rounded to whole people with halves upward.

    Args:
        total: everybody.
        share: of the first group, between 0 and 1.

    Returns:
        The sizes of the first and of the second group.

    Example:
        >>> group_sizes(40, 0.425)
        (17, 23)
    """
    first = floor(total * share + 0.5)
    return first, total - first


def checked_share(share: float, what: str) -> float:
    """A fraction strictly between 0 and 1.

    Args:
        share: the fraction.
        what: its name in the message.

    Raises:
        ValueError: it is outside.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"{what} lies between 0 and 1, such as 0.425; got {share!r}")
    return share


def log_ratio(ratio: float, what: str = "the ratio") -> float:
    """The logarithm of a ratio that differs from 1.

    Args:
        ratio: above 0.
        what: its name in the message.

    Raises:
        ValueError: it is not above 0, or is 1, which no study of any size can find.
    """
    if not ratio > 0.0:
        raise ValueError(f"{what} must be above 0; got {ratio!r}")
    if ratio == 1.0:
        raise ValueError(f"{what} is 1: there is no difference to find, whatever the size")
    return log(ratio)


def smallest_total(
    power_at: Callable[[int], float],
    power: float,
    *,
    start: int,
    least: int = 2,
    most: int = 100_000,
    look_on: float = 0.25,
) -> int:
    """The smallest total from which the power does not fall below a target any more.

    The power of an exact test goes up and down from one size to the next, because counts are whole numbers. So the
    search looks on past the first size that has the power, and answers with the size after the last one that falls
    short.

    Args:
        power_at: the power at a total.
        power: the target.
        start: where to begin, such as what a normal approximation says.
        least: the smallest total that makes sense.
        most: where the search gives up.
        look_on: how far past the first size, as a share of it; at least 40 sizes.

    Raises:
        ValueError: no total up to `most` has the power.
    """
    reaches = cache(lambda total: power_at(total) >= power)
    high = min(max(start, least), most)
    while not reaches(high):
        if high == most:
            raise ValueError(f"no total up to {most:,} has a power of {power:g}")
        high = min(most, high + max(8, high // 4))
    low = least - 1  # falls short by definition
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    beyond = range(high, high + max(40, round(high * look_on)) + 1)
    return 1 + max((total for total in beyond if not reaches(total)), default=high - 1)
