"""How large: two rates of events that vary between members more than chance, the negative binomial way.

The formula of Zhu and Lakkis (2014, doi 10.1002/sim.5947): the logarithm of the rate ratio has the variance
(1 / mean + dispersion) / members, summed over the groups. Under the null hypothesis that variance is taken at the true
rates (their second approach, as in Friede and Schmidli 2010, doi 10.3414/ME09-02-0060) or at the rate of both groups
together (their third).
"""

from __future__ import annotations

from math import inf, sqrt
from typing import Literal

from scipy import special

from wearoff.stats.power.normal import checked_share, critical_value, log_ratio, signal_needed

NullVariance = Literal["true rates", "one rate"]


def rate_ratio_power(
    total: float,
    ratio: float,
    *,
    rate: float,
    length: float = 1.0,
    dispersion: float = 0.0,
    share: float = 0.5,
    alpha: float = 0.05,
    sides: int = 2,
    null_variance: NullVariance = "true rates",
) -> float:
    """The chance that so many members show a rate ratio.

    Args:
        total: members, both groups together, above 0.
        ratio: rate of the one group over that of the other, above 0 and not 1.
        rate: events per unit of time in the other group, above 0.
        length: mean time under observation, in the same unit.
        dispersion: variance beyond Poisson over the squared mean, 0 or more.
        share: of the members that are in the one group.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.
        null_variance: "true rates" or "one rate", as the module says.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(rate_ratio_power(1000, 2.0, rate=0.06, dispersion=1.25), 2)
        0.84
    """
    if not total > 0.0:
        raise ValueError(f"the total must be above 0; got {total!r}")
    null, true = _spreads(ratio, rate, length, dispersion, share, null_variance)
    distance = abs(log_ratio(ratio, "the rate ratio")) * sqrt(total)
    return float(special.ndtr((distance - critical_value(alpha, sides) * null) / true))


def rate_ratio_total(
    ratio: float,
    *,
    rate: float,
    length: float = 1.0,
    dispersion: float = 0.0,
    share: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
    sides: int = 2,
    null_variance: NullVariance = "true rates",
) -> float:
    """The members, both groups together, with whom a rate ratio is found; the inverse of `rate_ratio_power`.

    Args:
        ratio: rate of the one group over that of the other, above 0 and not 1.
        rate: events per unit of time in the other group, above 0.
        length: mean time under observation, in the same unit.
        dispersion: variance beyond Poisson over the squared mean, 0 or more.
        share: of the members that are in the one group.
        power: chance to find the ratio.
        alpha: chance of a false alarm that the test allows.
        sides: 1 or 2.
        null_variance: "true rates" or "one rate", as the module says.

    Returns:
        The number before rounding up.

    Raises:
        ValueError: an argument is outside of what it can be.

    Example:
        >>> round(rate_ratio_total(2.0, rate=0.06, dispersion=1.25))
        899
    """
    null, true = _spreads(ratio, rate, length, dispersion, share, null_variance)
    critical = critical_value(alpha, sides)
    beyond = signal_needed(power, alpha=alpha, sides=sides) - critical
    return ((critical * null + beyond * true) / log_ratio(ratio, "the rate ratio")) ** 2


def _spreads(
    ratio: float, rate: float, length: float, dispersion: float, share: float, null_variance: NullVariance
) -> tuple[float, float]:
    """Standard deviation of the log ratio for one member, under the null hypothesis and in truth."""
    log_ratio(ratio, "the rate ratio")
    checked_share(share, "the share of the one group")
    for value, what in ((rate, "the rate"), (length, "the length of observation")):
        if not 0.0 < value < inf:
            raise ValueError(f"{what} must be above 0; got {value!r}")
    if not 0.0 <= dispersion < inf:
        raise ValueError(f"the dispersion is 0 or more; got {dispersion!r}")
    shared = (share * ratio + 1.0 - share) * rate

    def spread(one: float, other: float) -> float:
        return sqrt(
            (1.0 / (length * one) + dispersion) / share
            + (1.0 / (length * other) + dispersion) / (1.0 - share)
        )

    true = spread(ratio * rate, rate)
    if null_variance == "true rates":
        return true, true
    if null_variance == "one rate":
        return spread(shared, shared), true
    raise ValueError(f"the null variance is taken at 'true rates' or 'one rate'; got {null_variance!r}")
