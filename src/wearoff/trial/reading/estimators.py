"""Named analyses of events: shares, times and counts in two groups.

Every estimator is that of `wearoff.stats` that a real cohort is analysed with; nothing is estimated here. What is
added is what an automatic analysis needs: who can be used, when there is nothing to test, and a verdict in every
case. Tests of two counts are remembered, as the same small table comes up again and again in virtual studies.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from wearoff.stats import (
    DIFFERENCE_METHODS,
    TwoByTwo,
    cox,
    exact_trend,
    fisher_exact,
    fisher_mid_p,
    interval_regression,
    is_shown,
    log_rank,
    negative_binomial,
    odds_ratio_firth,
    poisson_ratio,
    proportion,
    risk_difference,
)
from wearoff.trial.reading.found import (
    ESTIMATED,
    NOT_ESTIMATED,
    UNINFORMATIVE,
    Found,
    Question,
    both_groups,
    finite,
    ratio_found,
    tested,
    without,
    words,
)
from wearoff.trial.reading.rows import Rows

_TABLES = 1 << 16


# Two shares


def newcombe_difference(rows: Rows, question: Question) -> Found:
    """The difference of two risks with Newcombe's interval, which decides."""
    return _by_interval(rows, question, "newcombe")


def miettinen_nurminen_difference(rows: Rows, question: Question) -> Found:
    """The difference of two risks with the score interval of Miettinen and Nurminen, which decides."""
    return _by_interval(rows, question, "miettinen_nurminen")


def fisher(rows: Rows, question: Question) -> Found:
    """Fisher's exact test, beside the difference with Newcombe's interval."""
    return _by_p(rows, question, is_mid=False)


def mid_p(rows: Rows, question: Question) -> Found:
    """Fisher's test with mid-P, beside the difference with Newcombe's interval."""
    return _by_p(rows, question, is_mid=True)


def firth(rows: Rows, question: Question) -> Found:
    """Firth's odds ratio with its profile interval."""
    table = _table(rows)
    if not _has_groups(table):
        return _nothing(table)
    ratio, p, low, high = _odds(table, question.level)
    tested_p = p if table.is_informative else None
    return _found(table, ratio, low, high, tested_p, is_shown(tested_p, question.level))


def non_inferiority(rows: Rows, question: Question) -> Found:
    """Whether the upper limit of the difference of risks stays below the margin."""
    table = _table(rows)
    margin = question.margin
    if not _has_groups(table) or margin is None:
        return _nothing(table)
    value, low, high = _difference(table, DIFFERENCE_METHODS[1], question.level)
    shown = high < margin
    verdict = "non-inferior" if shown else "non-inferiority not shown"
    return Found(value, low, high, None, shown, verdict, _events(table), _total(table))


def share(rows: Rows, question: Question) -> Found:
    """The share with the event in the compared group, with its exact interval."""
    mine = rows.event[(rows.group == 1) & ~np.isnan(rows.event)]
    events, total = int(mine.sum()), len(mine)
    if not total:
        return without(UNINFORMATIVE, 0, 0)
    found = proportion(events, total, level=question.level)
    limits = found.interval
    return Found(found.estimate, limits.low, limits.high, None, False, ESTIMATED, events, total)


def trend(rows: Rows, question: Question) -> Found:
    """The exact trend of the share over the ordered groups."""
    usable = (rows.place >= 0) & ~np.isnan(rows.event)
    place, event = rows.place[usable], rows.event[usable].astype(np.int64)
    totals = np.bincount(place, minlength=rows.places)
    events = np.bincount(place, event, minlength=rows.places).astype(np.int64)
    p = _trend(tuple(events.tolist()), tuple(totals.tolist()))
    return tested("trend", p, question, int(events.sum()), int(totals.sum()))


# Time


def log_rank_test(rows: Rows, question: Question) -> Found:
    """The log-rank test."""
    group, time, event = _timed(rows)
    test = log_rank(time, event, group.tolist()) if len(group) else None
    return tested("difference", None if test is None else test.p, question, int(event.sum()), len(group))


def cox_regression(rows: Rows, question: Question) -> Found:
    """The hazard ratio of a Cox model, ties by Efron."""
    group, time, event = _timed(rows)
    events = int(event.sum())
    if not events or not both_groups(group):
        return without(UNINFORMATIVE, events, len(group))
    fit = cox(time, event, group, names=["group"], level=question.level)
    if not fit.is_converged:
        return without(NOT_ESTIMATED, events, len(group))
    return ratio_found(fit.terms[0], question, events, len(group))


def interval_censored(rows: Rows, question: Question) -> Found:
    """The hazard ratio of a Weibull model of windows."""
    usable = (rows.group >= 0) & ~np.isnan(rows.low) & ~np.isnan(rows.high)
    group, low, high = rows.group[usable].astype(np.float64), rows.low[usable], rows.high[usable]
    events = int(np.isfinite(high).sum())
    if not events or not both_groups(group):
        return without(UNINFORMATIVE, events, len(group))
    fit = interval_regression(low, high, group, names=["group"], level=question.level)
    if not fit.is_converged:
        return without(NOT_ESTIMATED, events, len(group))
    return ratio_found(fit.terms[0], question, events, len(group))


# Counts


def poisson(rows: Rows, question: Question) -> Found:
    """The exact ratio of two rates."""
    group, count, years = _counted(rows)
    events = int(count.sum())
    times = [float(years[group == side].sum()) for side in (1, 0)]
    if min(times) <= 0.0:
        return without(UNINFORMATIVE, events, len(group))
    first = int(count[group == 1].sum())
    exact = poisson_ratio(first, times[0], events - first, times[1], level=question.level)
    shown = is_shown(exact.p, question.level)
    verdict = UNINFORMATIVE if exact.p is None else words("difference", shown)
    estimate = None if exact.ratio is None else finite(exact.ratio, is_ratio=True)
    return Found(
        estimate, exact.interval.low, exact.interval.high, exact.p, shown, verdict, events, len(group)
    )


def negative_binomial_ratio(rows: Rows, question: Question) -> Found:
    """The ratio of two rates by a negative binomial model."""
    group, count, years = _counted(rows)
    events = int(count.sum())
    if not events or not both_groups(group):
        return without(UNINFORMATIVE, events, len(group))
    fit = negative_binomial(
        count, group.astype(np.float64), names=["group"], exposure=years, level=question.level
    )
    if not fit.is_converged:
        return without(NOT_ESTIMATED, events, len(group))
    return ratio_found(fit.terms[0], question, events, len(group))


# Shared steps


def _table(rows: Rows) -> TwoByTwo:
    usable = ~np.isnan(rows.event)
    first, second = usable & (rows.group == 1), usable & (rows.group == 0)
    return TwoByTwo(
        int(rows.event[first].sum()), int(first.sum()), int(rows.event[second].sum()), int(second.sum())
    )


def _has_groups(table: TwoByTwo) -> bool:
    return min(table.exposed_total, table.other_total) > 0


def _events(table: TwoByTwo) -> int:
    return table.exposed_events + table.other_events


def _total(table: TwoByTwo) -> int:
    return table.exposed_total + table.other_total


def _nothing(table: TwoByTwo) -> Found:
    return without(UNINFORMATIVE, _events(table), _total(table))


def _found(
    table: TwoByTwo, estimate: float | None, low: float, high: float, p: float | None, shown: bool
) -> Found:
    verdict = words("difference", shown) if table.is_informative else UNINFORMATIVE
    return Found(estimate, low, high, p, shown, verdict, _events(table), _total(table))


def _by_interval(rows: Rows, question: Question, method: str) -> Found:
    table = _table(rows)
    if not _has_groups(table):
        return _nothing(table)
    value, low, high = _difference(table, method, question.level)
    return _found(table, value, low, high, None, table.is_informative and (low > 0.0 or high < 0.0))


def _by_p(rows: Rows, question: Question, *, is_mid: bool) -> Found:
    table = _table(rows)
    if not _has_groups(table):
        return _nothing(table)
    value, low, high = _difference(table, "newcombe", question.level)
    p = (_fisher(table)[1] if is_mid else _fisher(table)[0]) if table.is_informative else None
    return _found(table, value, low, high, p, is_shown(p, question.level))


def _timed(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    usable = (rows.group >= 0) & ~np.isnan(rows.time) & ~np.isnan(rows.event)
    return rows.group[usable].astype(np.float64), rows.time[usable], rows.event[usable]


def _counted(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    usable = (rows.group >= 0) & ~np.isnan(rows.count) & (rows.years > 0.0)
    return rows.group[usable], rows.count[usable], rows.years[usable]


@lru_cache(maxsize=_TABLES)
def _difference(table: TwoByTwo, method: str, level: float) -> tuple[float, float, float]:
    name = next(known for known in DIFFERENCE_METHODS if known == method)
    found = risk_difference(table, method=name, level=level)
    return found.value, found.interval.low, found.interval.high


@lru_cache(maxsize=_TABLES)
def _fisher(table: TwoByTwo) -> tuple[float, float]:
    return fisher_exact(table), fisher_mid_p(table)


@lru_cache(maxsize=_TABLES)
def _odds(table: TwoByTwo, level: float) -> tuple[float, float, float, float]:
    term = odds_ratio_firth(
        table.exposed_events, table.exposed_total, table.other_events, table.other_total, level=level
    )
    return term.odds_ratio, term.p, term.interval.low, term.interval.high


@lru_cache(maxsize=_TABLES)
def _trend(events: tuple[int, ...], totals: tuple[int, ...]) -> float | None:
    return exact_trend(events, totals).p
