"""Two groups and a yes-or-no outcome: difference of proportions, exact tests, and when to say nothing.

`compare` is the whole answer for one table. Where no event occurred, or everyone had one, no test can
tell the groups apart: p values are then None and the verdict is "uninformative", while the intervals,
which say how large a difference remains possible, are still given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import acos, copysign, cos, hypot, pi, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

from wearoff.stats.proportions import (
    Interval,
    Proportion,
    checked_counts,
    checked_level,
    proportion,
    wilson_limits,
)
from wearoff.stats.rare import FirthTerm
from wearoff.stats.rare_counts import odds_ratio_firth

DifferenceMethod = Literal["newcombe", "miettinen_nurminen"]
Verdict = Literal["uninformative", "difference shown", "no difference shown"]

DIFFERENCE_METHODS: tuple[DifferenceMethod, ...] = ("newcombe", "miettinen_nurminen")


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Events out of totals in an exposed group and in the group it is compared with.

    Raises:
        ValueError: a count is not a whole number, is negative, or events exceed their total.
    """

    exposed_events: int
    exposed_total: int
    other_events: int
    other_total: int

    def __post_init__(self) -> None:
        checked_counts(self.exposed_events, self.exposed_total)
        checked_counts(self.other_events, self.other_total)

    @property
    def has_event(self) -> bool:
        """At least one event occurred in either group."""
        return self.exposed_events + self.other_events > 0

    @property
    def is_informative(self) -> bool:
        """Both groups have members, and both an event and a non-event occurred."""
        total = self.exposed_total + self.other_total
        events = self.exposed_events + self.other_events
        return min(self.exposed_total, self.other_total) > 0 and 0 < events < total


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that a two-by-two table says.

    Attributes:
        table: the counts.
        exposed: proportion in the exposed group, None if the group is empty.
        other: proportion in the other group, None if the group is empty.
        risk_difference: exposed minus other with Newcombe's interval, None if a group is empty.
        fisher_p: two-sided Fisher exact p, None if the table is not informative.
        fisher_mid_p: its mid-P, None if the table is not informative.
        odds_ratio: Firth odds ratio with its profile interval, None if a group is empty.
        is_informative: a test could have told the groups apart.
        verdict: "difference shown" if `fisher_p` is at most 1 - level, else "no difference shown";
            "uninformative" where there is no test. No difference shown is not the same as no difference.
    """

    table: TwoByTwo
    exposed: Proportion | None
    other: Proportion | None
    risk_difference: Estimate | None
    fisher_p: float | None
    fisher_mid_p: float | None
    odds_ratio: FirthTerm | None
    is_informative: bool
    verdict: Verdict


def is_shown(p: float | None, level: float = 0.95) -> bool:
    """Whether a p value is at most 1 - level; a p that equals it but for rounding counts as equal.

    Args:
        p: the p value, None where no test was made.
        level: confidence level.
    """
    return p is not None and p <= (1.0 - level) * (1.0 + 1e-9)


def compare(table: TwoByTwo, *, level: float = 0.95) -> Comparison:
    """Proportions, difference, exact tests, odds ratio and verdict for one table.

    Args:
        table: the counts; a group may be empty.
        level: two-sided confidence, between 0 and 1; the test is held against 1 - level.

    Raises:
        ValueError: the level is not between 0 and 1.

    Example:
        >>> compare(TwoByTwo(0, 15, 0, 20)).verdict
        'uninformative'
        >>> compare(TwoByTwo(5, 17, 0, 23)).verdict
        'difference shown'
    """
    checked_level(level)
    counts = (table.exposed_events, table.exposed_total, table.other_events, table.other_total)
    has_groups = min(table.exposed_total, table.other_total) > 0
    p = fisher_exact(table) if table.is_informative else None
    verdict: Verdict = "uninformative"
    if p is not None:
        verdict = "difference shown" if is_shown(p, level) else "no difference shown"
    return Comparison(
        table=table,
        exposed=proportion(*counts[:2], level=level) if table.exposed_total else None,
        other=proportion(*counts[2:], level=level) if table.other_total else None,
        risk_difference=risk_difference(table, level=level) if has_groups else None,
        fisher_p=p,
        fisher_mid_p=fisher_mid_p(table) if table.is_informative else None,
        odds_ratio=odds_ratio_firth(*counts, level=level) if has_groups else None,
        is_informative=table.is_informative,
        verdict=verdict,
    )


def risk_difference(
    table: TwoByTwo, *, method: DifferenceMethod = "newcombe", level: float = 0.95
) -> Estimate:
    """The proportion in the exposed group minus that in the other, with an interval.

    `newcombe` joins the two Wilson intervals by the square-and-add rule, without continuity correction
    (method 10 of Newcombe 1998, doi 10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I).
    `miettinen_nurminen` inverts the score test with the variance at the restricted maximum and the factor
    N/(N-1) (Miettinen and Nurminen 1985, doi 10.1002/sim.4780040211).

    Args:
        table: the counts, both totals at least 1.
        method: one of `DIFFERENCE_METHODS`.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: a group is empty, or the method or level does not exist.

    Example:
        >>> found = risk_difference(TwoByTwo(0, 15, 0, 20)).interval
        >>> f"{found.low:.3f} to {found.high:.3f}"
        '-0.161 to 0.204'
    """
    if min(table.exposed_total, table.other_total) == 0:
        raise ValueError("a group is empty: there is no difference against nothing")
    tail = (1.0 - checked_level(level)) / 2.0
    limits = _LIMITS.get(method)
    if limits is None:
        known = ", ".join(DIFFERENCE_METHODS)
        raise ValueError(f"there is no difference method {method!r}; choose one of {known}")
    value = table.exposed_events / table.exposed_total - table.other_events / table.other_total
    low, high = limits(table, value, tail)
    return Estimate(value, Interval(max(-1.0, low), min(1.0, high), level, method))


def fisher_exact(table: TwoByTwo) -> float:
    """Fisher's two-sided p: the probability of all tables no likelier than the observed one.

    All margins are held fixed. Probabilities within a relative 1e-7 of the observed one count as equal, so
    that rounding does not split ties. A table without information gives 1.

    Args:
        table: the counts.

    Example:
        >>> round(fisher_exact(TwoByTwo(5, 17, 0, 23)), 3)
        0.009
    """
    rarer, equal = _fisher_parts(table)
    return min(1.0, rarer + equal)


def fisher_mid_p(table: TwoByTwo) -> float:
    """Fisher's two-sided p with only half of the tables as likely as the observed one.

    Less conservative than `fisher_exact`; its size may exceed the nominal one slightly. Where a table in
    the other tail ties with the observed one, it is halved too, so that the mean under the null hypothesis
    is exactly one half (Lancaster 1961, doi 10.1080/01621459.1961.10482105).

    Args:
        table: the counts.

    Example:
        >>> round(fisher_mid_p(TwoByTwo(5, 17, 0, 23)), 4)
        0.0047
    """
    rarer, equal = _fisher_parts(table)
    return min(1.0, rarer + 0.5 * equal)


def hypergeometric(first: int, second: int, drawn: int) -> npt.NDArray[np.float64]:
    """Probabilities that 0, 1, ..., `drawn` of the drawn come from the first group.

    Args:
        first: size of the first group.
        second: size of the second group.
        drawn: number drawn from both without replacement, at most `first + second`.
    """
    from_first = np.arange(drawn + 1)
    possible = (from_first <= first) & (drawn - from_first <= second)
    k = from_first[possible]
    logs = log_choose(first, k) + log_choose(second, drawn - k)
    chances = np.zeros(drawn + 1)
    chances[possible] = np.exp(logs - logs.max())
    chances /= chances.sum()
    return chances


def log_choose(total: int, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Logarithm of the number of ways to choose `chosen` (0 to total) out of `total`.

    Args:
        total: size of the whole.
        chosen: sizes of the part, any shape.
    """
    logs = -special.betaln(total - chosen + 1, chosen + 1) - np.log(total + 1.0)
    return np.asarray(logs, dtype=np.float64)


def _fisher_parts(table: TwoByTwo) -> tuple[float, float]:
    """Probability of the tables rarer than the observed one, and of those as likely."""
    events = table.exposed_events + table.other_events
    chances = hypergeometric(table.exposed_total, table.other_total, events)
    observed = chances[table.exposed_events]
    is_equal = np.abs(chances - observed) <= 1e-7 * observed
    is_rarer = (chances < observed) & ~is_equal
    return float(chances[is_rarer].sum()), float(chances[is_equal].sum())


def _newcombe(table: TwoByTwo, value: float, tail: float) -> tuple[float, float]:
    p1 = table.exposed_events / table.exposed_total
    p0 = table.other_events / table.other_total
    low1, high1 = wilson_limits(table.exposed_events, table.exposed_total, tail)
    low0, high0 = wilson_limits(table.other_events, table.other_total, tail)
    return value - hypot(p1 - low1, high0 - p0), value + hypot(high1 - p1, p0 - low0)


def _miettinen_nurminen(table: TwoByTwo, value: float, tail: float) -> tuple[float, float]:
    critical = float(special.ndtri(tail)) ** 2

    def excess(difference: float) -> float:
        # Written without the quotient, so that a variance of 0 at the edge needs no special case.
        return (value - difference) ** 2 - critical * _restricted_variance(table, difference)

    def limit(edge: float) -> float:
        # Just beside the estimate, because there the variance itself may be 0 (no event in either group).
        beside = value + copysign(min(1e-9, abs(edge - value)), edge - value)
        if excess(beside) >= 0.0:
            return value
        return float(brentq(excess, beside, edge, xtol=1e-13)) if excess(edge) > 0.0 else edge

    return limit(-1.0), limit(1.0)


def _restricted_variance(table: TwoByTwo, difference: float) -> float:
    """Variance of the difference at the likeliest proportions that are `difference` apart.

    The likelihood equation is a cubic in the other group's proportion with a trigonometric solution.
    """
    n1, n0, x0 = table.exposed_total, table.other_total, table.other_events
    total, events = n1 + n0, table.exposed_events + x0
    l2 = (n1 + 2 * n0) * difference - total - events
    l1 = (n0 * difference - total - 2 * x0) * difference + events
    l0 = x0 * difference * (1.0 - difference)
    third = l2 / (3.0 * total)
    q = third**3 - l1 * l2 / (6.0 * total**2) + l0 / (2.0 * total)
    p = copysign(sqrt(max(0.0, third**2 - l1 / (3.0 * total))), q)
    ratio = min(1.0, max(-1.0, q / p**3)) if p else 0.0
    p0 = 2.0 * p * cos((pi + acos(ratio)) / 3.0) - third
    p0 = min(max(p0, 0.0, -difference), 1.0, 1.0 - difference)
    p1 = p0 + difference
    return max(0.0, p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0) * total / (total - 1.0)


_LIMITS: dict[str, Callable[[TwoByTwo, float, float], tuple[float, float]]] = {
    "newcombe": _newcombe,
    "miettinen_nurminen": _miettinen_nurminen,
}
