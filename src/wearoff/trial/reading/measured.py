"""Named analyses of measurements, and of arms that nobody randomised.

Every estimator is that of `wearoff.stats`; see `estimators` for what is added.
"""

from __future__ import annotations

import numpy as np

from wearoff.stats import (
    Truncation,
    inverse_probability_weights,
    is_shown,
    jonckheere,
    kruskal_wallis,
    mann_whitney,
    proportional_odds,
    random_intercept,
    weighted_comparison,
)
from wearoff.trial.reading.found import (
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

FEWEST_PATIENTS = 10
"""Fewer patients give no regression of measurements, as in `wearoff study` (assumed)."""
TRUNCATION: Truncation = "percentiles 1 and 99"
"""Which weights are cut, as in `wearoff study`."""


# Measurements


def rank_shift(rows: Rows, question: Question) -> Found:
    """The shift between two groups and the rank-sum test."""
    usable = (rows.group >= 0) & ~np.isnan(rows.value)
    group, value = rows.group[usable], rows.value[usable]
    test = mann_whitney(value[group == 1], value[group == 0], level=question.level)
    found = tested("difference", test.p, question, None, len(value))
    limits = test.interval
    low, high = (None, None) if limits is None else (limits.low, limits.high)
    return Found(test.shift, low, high, test.p, found.is_shown, found.verdict, None, len(value))


def kruskal(rows: Rows, question: Question) -> Found:
    """Whether any of several groups differs, by ranks."""
    samples, size = _ordered(rows)
    return tested("difference", kruskal_wallis(samples).p, question, None, size)


def ordered_ranks(rows: Rows, question: Question) -> Found:
    """Whether values rise or fall along ordered groups."""
    samples, size = _ordered(rows)
    # The random relabelling is not used; the p is that of the normal approximation.
    return tested("trend", jonckheere(samples, seed=0, permutations=1).p, question, None, size)


def odds_of_answer(rows: Rows, question: Question) -> Found:
    """Odds of a more frequent answer at entry for a unit more of a measurement."""
    usable = (rows.place >= 0) & ~np.isnan(rows.value)
    return _odds(rows.place[usable].astype(np.float64), rows.value[usable], question, "association")


def odds_by_arm(rows: Rows, question: Question) -> Found:
    """Odds of a more frequent answer in the compared group."""
    usable = (rows.group >= 0) & ~np.isnan(rows.value)
    return _odds(rows.value[usable], rows.group[usable].astype(np.float64), question, "difference")


def _odds(outcome: np.ndarray, predictor: np.ndarray, question: Question, what: str) -> Found:
    size = len(outcome)
    if size < FEWEST_PATIENTS or len(np.unique(outcome)) < 2 or np.ptp(predictor) == 0.0:
        return without(UNINFORMATIVE, None, size)
    fit = proportional_odds(outcome, predictor, names=["term"], level=question.level)
    if not fit.is_converged:
        return without(NOT_ESTIMATED, None, size)
    return ratio_found(fit.terms[0], question, None, size, what=what)


def repeated_difference(rows: Rows, question: Question) -> Found:
    """The mean difference of repeated samples, those of one patient taken together."""
    each = np.repeat(np.arange(len(rows.group)), np.diff(rows.sampled))
    usable = rows.group[each] >= 0
    patient, value, group = each[usable], rows.samples[usable], rows.group[each[usable]]
    size = len(np.unique(patient))
    if size < FEWEST_PATIENTS or not both_groups(group) or np.ptp(value) == 0.0:
        return without(UNINFORMATIVE, None, size)
    fit = random_intercept(
        value, group.astype(np.float64), patient.tolist(), names=["group"], level=question.level
    )
    term = fit.terms[0]
    shown = is_shown(term.p, question.level)
    return Found(
        finite(term.coefficient),
        term.interval.low,
        term.interval.high,
        term.p,
        shown,
        words("difference", shown),
        None,
        size,
    )


# Observed arms


def unweighted_difference(rows: Rows, question: Question) -> Found:
    """The difference of risks as observed, with a robust interval."""
    return _compared(rows, question, is_weighted=False, is_rate=False)


def weighted_difference(rows: Rows, question: Question) -> Found:
    """The difference of risks with inverse-probability weights."""
    return _compared(rows, question, is_weighted=True, is_rate=False)


def unweighted_ratio(rows: Rows, question: Question) -> Found:
    """The ratio of rates as observed, with a robust interval."""
    return _compared(rows, question, is_weighted=False, is_rate=True)


def weighted_ratio(rows: Rows, question: Question) -> Found:
    """The ratio of rates with inverse-probability weights."""
    return _compared(rows, question, is_weighted=True, is_rate=True)


def _compared(rows: Rows, question: Question, *, is_weighted: bool, is_rate: bool) -> Found:
    outcome = rows.count if is_rate else rows.event
    usable = (rows.group >= 0) & ~np.isnan(outcome)
    if is_rate:
        usable &= rows.years > 0.0
    group, outcome = rows.group[usable], outcome[usable]
    events, size = int(outcome.sum()), len(outcome)
    if not both_groups(group) or not events or (not is_rate and events == size):
        return without(UNINFORMATIVE, events, size)
    weights = np.ones(size)
    if is_weighted:
        table, names = usable_covariates(rows.covariates[usable], rows.covariate_names)
        if names:
            weights = inverse_probability_weights(group, table, names=names, truncation=TRUNCATION).weights
    exposure = rows.years[usable] if is_rate else None
    found = weighted_comparison(
        outcome, group, weights, exposure=exposure, level=question.level, has_few=True
    )
    if is_rate:
        if found.ratio is None:  # an arm without an event
            return without(NOT_ESTIMATED, events, size)
        return ratio_found(found.ratio, question, events, size)
    term = found.difference
    shown = is_shown(term.p, question.level)
    low, high = max(-1.0, term.interval.low), min(1.0, term.interval.high)
    return Found(term.coefficient, low, high, term.p, shown, words("difference", shown), events, size)


def usable_covariates(table: np.ndarray, names: tuple[str, ...]) -> tuple[np.ndarray, list[str]]:
    """Covariates that vary and are known in at least half of the patients, gaps filled with the mean of the others.

    Args:
        table: shape [patients, covariates], NaN where not recorded.
        names: one for each covariate.
    """
    kept, labels = [], []
    for column, name in zip(table.T, names, strict=True):
        known = ~np.isnan(column)
        if known.sum() * 2 >= len(column) and np.ptp(column[known]) > 0.0:
            kept.append(np.where(known, column, column[known].mean()))
            labels.append(name)
    return (np.column_stack(kept) if kept else np.zeros((len(table), 0))), labels


def _ordered(rows: Rows) -> tuple[list[np.ndarray], int]:
    usable = (rows.place >= 0) & ~np.isnan(rows.value)
    place, value = rows.place[usable], rows.value[usable]
    return [value[place == k] for k in range(rows.places)], len(value)
