"""Do groups differ in when the event comes? The log-rank test, also within strata and with delayed entry.

At every event time the events of each group are compared with what its share of those at risk would make
one expect (Mantel 1966; Peto and Peto 1972, doi 10.2307/2344317). With strata the differences and their
hypergeometric variances are added over the strata.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wearoff.stats.terms import Array, checked_labels, chi_squared_p
from wearoff.stats.time_to_event.spells import Spells, spells


@dataclass(frozen=True, slots=True)
class LogRank:
    """A log-rank test.

    Attributes:
        groups: the groups, in sorted order.
        rows: rows of each group.
        observed: events of each group.
        expected: events expected if the groups did not differ.
        statistic: chi-squared; None if the data cannot tell.
        freedom: degrees of freedom, groups - 1.
        p: None if the data cannot tell.
        note: why there is no p, or None.
    """

    groups: tuple[Hashable, ...]
    rows: tuple[int, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    statistic: float | None
    freedom: int
    p: float | None
    note: str | None = None


def log_rank(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    groups: Sequence[Hashable],
    *,
    strata: Sequence[Hashable] | None = None,
    entry: npt.ArrayLike | None = None,
) -> LogRank:
    """Do two or more groups differ in when the event comes?

    Args:
        time: when each row leaves, 0 or more, shape (rows,).
        event: 1 where the event ended it, 0 where it was censored, shape (rows,).
        groups: the group of each row.
        strata: rows are only compared with rows of the same stratum; None for one stratum.
        entry: when each row comes under observation, shape (rows,); None for the beginning.

    Raises:
        ValueError: as `spells` does, or a row has no group or stratum.

    Example:
        >>> found = log_rank([6, 7, 10, 15, 19, 25], [1, 0, 1, 1, 0, 1], list("aaabbb"))
        >>> round(found.statistic, 3)
        3.571
    """
    rows = spells(time, event, entry)
    labels = checked_labels(groups, len(rows.exit), "group")
    names = tuple(sorted(set(labels), key=str))
    member = np.array([[label == name for name in names] for label in labels])
    if strata is None:
        layers = [np.ones(len(labels), dtype=bool)]
    else:
        layer = checked_labels(strata, len(labels), "stratum")
        layers = [np.array([label == value for label in layer]) for value in sorted(set(layer), key=str)]
    expected, variance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    for chosen in layers:
        more = _expected(rows.chosen(chosen), member[chosen])
        expected, variance = expected + more[0], variance + more[1]
    observed = np.array([float(rows.event[member[:, k]].sum()) for k in range(len(names))])
    sizes = tuple(int(count) for count in member.sum(axis=0))
    seen, awaited = tuple(observed.tolist()), tuple(expected.tolist())
    freedom = len(names) - 1
    # Groups that were never at risk together with another one carry no information.
    rank = int(np.linalg.matrix_rank(variance, tol=1e-10 * max(1.0, float(np.trace(variance)))))
    if rank < freedom or freedom == 0:
        reason = (
            "there is only one group"
            if freedom == 0
            else (
                "no event occurred"
                if observed.sum() == 0
                else "some groups were never at risk together at an event"
            )
        )
        return LogRank(names, sizes, seen, awaited, None, freedom, None, reason)
    excess = (observed - expected)[:-1]
    statistic = float(excess @ np.linalg.solve(variance[:-1, :-1], excess))
    return LogRank(names, sizes, seen, awaited, statistic, freedom, chi_squared_p(statistic, freedom))


def _expected(rows: Spells, member: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Expected events of each group, and the covariance of the events, summed over event times."""
    times = rows.event_times()
    at_risk, events = rows.at_risk(times), rows.events_at(times)
    share = np.stack([rows.chosen(column).at_risk(times) for column in member.T]) / at_risk
    expected = share @ events
    spread = events * np.divide(
        at_risk - events, at_risk - 1.0, out=np.zeros(len(times)), where=at_risk > 1.0
    )
    variance = np.diag(share @ spread) - (share * spread) @ share.T
    return np.asarray(expected), np.asarray(variance)
