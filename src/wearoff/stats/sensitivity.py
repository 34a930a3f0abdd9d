"""How wrong must something unseen be to overturn a result: an unmeasured cause, or the outcomes of the missing.

The E-value is the least strength, as a risk ratio with both the exposure and the outcome, that an unmeasured confounder
would need to explain an association away. The bounds on missing outcomes go through every outcome that the missing
could have had; the tipping points are those at which the conclusion turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from wearoff.stats.proportions import checked_level
from wearoff.stats.two_groups import Estimate, TwoByTwo, fisher_exact, is_shown, risk_difference

RatioKind = Literal["risk ratio", "rate ratio", "odds ratio, common", "hazard ratio, common"]

RATIO_KINDS: tuple[RatioKind, ...] = (
    "risk ratio",
    "rate ratio",
    "odds ratio, common",
    "hazard ratio, common",
)


@dataclass(frozen=True, slots=True)
class EValue:
    """What an unmeasured confounder would need.

    Attributes:
        estimate: to explain the estimate away, 1 or more.
        limit: to move the interval to include 1; 1 if it does already.
        kind: what the ratio was taken for.
    """

    estimate: float
    limit: float
    kind: RatioKind


@dataclass(frozen=True, slots=True)
class TippingPoint:
    """A division of the missing outcomes that turns the conclusion.

    Attributes:
        exposed: events among the missing of the exposed group.
        other: events among the missing of the other group.
        table: all counts then.
        p: Fisher's, two-sided; None where the table is not informative.
    """

    exposed: int
    other: int
    table: TwoByTwo
    p: float | None


@dataclass(frozen=True, slots=True)
class MissingOutcomes:
    """What the missing could do to a comparison.

    Attributes:
        lowest: risk difference if only the missing of the other group had the event.
        highest: risk difference if only the missing of the exposed group had it.
        p_observed: Fisher's p without the missing; None where it is not informative.
        p_least: the least p over all divisions; None if no table is informative.
        p_most: the greatest p over all divisions that are informative; None if no table is.
        tipping: for each number of events among the missing of the exposed group at which the conclusion can turn, the
            number among the missing of the other group nearest to the observed share that turns it. Empty if nothing
            the missing could have had turns it.
    """

    lowest: Estimate
    highest: Estimate
    p_observed: float | None
    p_least: float | None
    p_most: float | None
    tipping: tuple[TippingPoint, ...]

    @property
    def is_robust(self) -> bool:
        """Nothing that the missing could have had turns the conclusion."""
        return not self.tipping


def e_value(ratio: float, low: float, high: float, *, kind: RatioKind = "risk ratio") -> EValue:
    """The E-value of a ratio and of the limit of its interval nearer to 1.

    VanderWeele and Ding (2017, doi 10.7326/M16-2607): r + sqrt(r (r - 1)) for a risk ratio r above 1. An odds ratio of
    a common outcome is first taken to its square root, a hazard ratio of a common outcome to
    (1 - 0.5^sqrt(r)) / (1 - 0.5^sqrt(1/r)); of a rare outcome (under 15 % by the end) both are taken as risk ratios.

    Args:
        ratio: the estimate, above 0.
        low: lower limit of its interval, 0 or more.
        high: upper limit, may be infinite.
        kind: one of `RATIO_KINDS`.

    Raises:
        ValueError: the ratio is not above 0 or not within its limits, or the kind does not exist.

    Example:
        >>> found = e_value(3.9, 1.8, 8.7)
        >>> round(found.estimate, 2), round(found.limit, 2)
        (7.26, 3.0)
    """
    if kind not in RATIO_KINDS:
        raise ValueError(f"there is no kind of ratio {kind!r}; choose one of {', '.join(RATIO_KINDS)}")
    if not (0.0 < ratio < inf and 0.0 <= low <= ratio <= high):
        raise ValueError(f"a ratio above 0 within its limits is needed, got {ratio} ({low} to {high})")
    nearer = low if ratio >= 1.0 else high
    is_crossed = low <= 1.0 <= high
    return EValue(_strength(ratio, kind), 1.0 if is_crossed else _strength(nearer, kind), kind)


def missing_outcomes(
    table: TwoByTwo, exposed_missing: int, other_missing: int, *, level: float = 0.95
) -> MissingOutcomes:
    """Everything that the missing could have had, and where it turns the conclusion.

    The conclusion is whether Fisher's exact test shows a difference, and in which direction.

    Args:
        table: those with an outcome.
        exposed_missing: how many of the exposed group have none, 0 or more.
        other_missing: how many of the other group have none, 0 or more.
        level: two-sided confidence, between 0 and 1; the test is held against 1 - level.

    Raises:
        ValueError: a number is negative, or a group has no member at all.

    Example:
        >>> found = missing_outcomes(TwoByTwo(0, 15, 0, 20), 2, 3)
        >>> found.is_robust, round(found.highest.value, 3), round(found.lowest.value, 3)
        (True, 0.118, -0.13)
    """
    checked_level(level)
    if min(exposed_missing, other_missing) < 0:
        raise ValueError("the number of missing outcomes cannot be negative")

    def filled(exposed: int, other: int) -> TwoByTwo:
        return TwoByTwo(
            table.exposed_events + exposed,
            table.exposed_total + exposed_missing,
            table.other_events + other,
            table.other_total + other_missing,
        )

    observed = _conclusion(table, level)
    least, most = inf, -inf
    tipping = []
    for exposed in range(exposed_missing + 1):
        turning = []
        for other in range(other_missing + 1):
            trial = filled(exposed, other)
            p = fisher_exact(trial) if trial.is_informative else None
            if p is not None:
                least, most = min(least, p), max(most, p)
            if _conclusion(trial, level) != observed:
                turning.append(TippingPoint(exposed, other, trial, p))
        if turning:
            share = table.other_events / table.other_total if table.other_total else 0.0
            tipping.append(min(turning, key=lambda point: abs(point.other - share * other_missing)))
    return MissingOutcomes(
        lowest=risk_difference(filled(0, other_missing), level=level),
        highest=risk_difference(filled(exposed_missing, 0), level=level),
        p_observed=fisher_exact(table) if table.is_informative else None,
        p_least=least if least < inf else None,
        p_most=most if most > -inf else None,
        tipping=tuple(tipping),
    )


def shifted_means(
    difference: float,
    standard_error: float,
    shares_missing: tuple[float, float],
    shifts: npt.ArrayLike,
    *,
    reach: float = 1.959964,
) -> npt.NDArray[np.float64]:
    """The difference of two means if the missing of each group differed from the others by a shift.

    A pattern-mixture analysis: the mean of everybody is the observed one plus the share missing times the shift. The
    shift at which an interval reaches 0 is the tipping point. The error stays that of the complete data.

    Args:
        difference: observed, first group minus second.
        standard_error: of the difference.
        shares_missing: the share without an outcome in the first and in the second group, 0 to 1.
        shifts: how much the missing of the first and of the second group differ, shape (shifts, 2).
        reach: standard errors from the estimate to a limit.

    Returns:
        Difference, lower and upper limit for each pair of shifts, shape (shifts, 3).

    Raises:
        ValueError: a share is not within 0 to 1, or the shifts have another shape.

    Example:
        >>> shifted_means(2.0, 0.5, (0.1, 0.2), [[0, 0], [0, 5]])[:, 0].tolist()
        [2.0, 1.0]
    """
    first, second = shares_missing
    if not (0.0 <= first <= 1.0 and 0.0 <= second <= 1.0):
        raise ValueError(f"the shares missing must be within 0 to 1, got {first} and {second}")
    moves = np.asarray(shifts, dtype=np.float64)
    if moves.ndim != 2 or moves.shape[1] != 2:
        raise ValueError(f"shifts need shape (shifts, 2), got {moves.shape}")
    found = difference + first * moves[:, 0] - second * moves[:, 1]
    return np.column_stack([found, found - reach * standard_error, found + reach * standard_error])


def _strength(ratio: float, kind: RatioKind) -> float:
    if ratio == 0.0 or ratio == inf:
        return inf
    away = ratio if ratio >= 1.0 else 1.0 / ratio
    if kind == "odds ratio, common":
        away = sqrt(away)
    elif kind == "hazard ratio, common":
        away = (1.0 - 0.5 ** sqrt(away)) / (1.0 - 0.5 ** sqrt(1.0 / away))
    return away + sqrt(away * (away - 1.0))


def _conclusion(table: TwoByTwo, level: float) -> int:
    """0 if no difference is shown, 1 or -1 by its direction if one is."""
    if not table.is_informative or not is_shown(fisher_exact(table), level):
        return 0
    return 1 if table.exposed_events * table.other_total > table.other_events * table.exposed_total else -1
