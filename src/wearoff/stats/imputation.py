"""Missing covariates, filled in several times so that the uncertainty of the filling is part of the result.

Chained equations (van Buuren 2007, doi 10.1177/0962280206074463): each column with gaps is drawn from a regression on
all other columns, in turns, until the order no longer matters. A number is drawn from a normal regression. A matched
number takes the value of a row with a similar prediction (predictive mean matching), so it is one that was observed,
as a score with steps needs; where nearly all of one end is missing, few rows are similar and its intervals become too
short. Yes-or-no columns are drawn from a logistic regression. The analysis is done on every completed table and pooled
by Rubin's rules with the degrees of freedom of Barnard and Rubin (1999, doi 10.1093/biomet/86.4.948).

This assumes that what is missing depends only on what was measured. For what it does if not, see `sensitivity`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.terms import Array, Term, wald_term

ColumnKind = Literal["number", "matched number", "yes or no"]

COLUMN_KINDS: tuple[ColumnKind, ...] = ("number", "matched number", "yes or no")


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """A table, completed several times.

    Attributes:
        tables: shape (draws, rows, columns); what was observed is the same in all.
        names: of the columns.
        missing: how many values of each column were missing.
        seed: of the random draws.
    """

    tables: Array
    names: tuple[str, ...]
    missing: tuple[int, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """One quantity over all completed tables.

    Attributes:
        term: estimate with error, t interval and p.
        freedom: degrees of freedom of the t distribution.
        within: mean of the squared errors.
        between: variance of the estimates.
        missing_information: the share of the information that is missing, 0 to 1.
        draws: how many tables.
    """

    term: Term
    freedom: float
    within: float
    between: float
    missing_information: float
    draws: int


def impute(
    table: npt.ArrayLike,
    *,
    names: Sequence[str],
    kinds: Sequence[ColumnKind],
    seed: int,
    draws: int = 20,
    cycles: int = 10,
    donors: int = 5,
) -> Imputed:
    """Complete a table several times.

    Put every column of the later analysis into the table, the outcome too: what is left out is taken to be unrelated.
    Each draw has random numbers of its own, so that more draws begin with the same ones.

    Args:
        table: numbers, nan where missing, shape (rows, columns).
        names: one name per column.
        kinds: one of `COLUMN_KINDS` for each column; yes is 1 and no is 0.
        seed: of the random draws; the same seed gives the same tables.
        draws: how many tables, at least 2. As many as the percentage of incomplete rows is a common advice.
        cycles: turns of each table.
        donors: of how many similar rows a matched number is taken.

    Raises:
        ValueError: shapes disagree, a column has too few values or is not what its kind says.

    Example:
        >>> nan = float("nan")
        >>> found = impute(
        ...     [[1, 2.0], [2, 4.1], [3, nan], [4, 8.2]],
        ...     names=["x", "y"],
        ...     kinds=["matched number"] * 2,
        ...     seed=1,
        ... )
        >>> found.tables.shape, set(found.tables[:, 2, 1]) <= {2.0, 4.1, 8.2}
        ((20, 4, 2), True)
    """
    values = np.asarray(table, dtype=np.float64)
    _check(values, names, kinds)
    if draws < 2 or cycles < 1 or donors < 1:
        raise ValueError(
            f"at least 2 draws, 1 cycle and 1 donor are needed, got {draws}, {cycles} and {donors}"
        )
    gaps = np.isnan(values)
    # Columns with the fewest gaps first: they help the others most.
    order = [k for k in np.argsort(gaps.sum(axis=0), kind="stable").tolist() if gaps[:, k].any()]
    tables = np.repeat(values[None], draws, axis=0)
    for draw in range(draws if order else 0):
        rng = np.random.default_rng([seed, draw])
        filled = tables[draw]
        for k in order:
            filled[gaps[:, k], k] = rng.choice(values[~gaps[:, k], k], int(gaps[:, k].sum()))
        for _ in range(cycles):
            for k in order:
                rest = np.delete(filled, k, axis=1)
                fill = _FILLS[kinds[k]]
                filled[gaps[:, k], k] = fill(values[~gaps[:, k], k], rest, gaps[:, k], donors, rng)
    return Imputed(tables, tuple(names), tuple(gaps.sum(axis=0).tolist()), seed)


def pool(
    estimates: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    name: str = "estimate",
    complete_freedom: float = inf,
    level: float = 0.95,
) -> Pooled:
    """One quantity over completed tables by Rubin's rules.

    Ratios are pooled as coefficients, on the logarithmic scale.

    Args:
        estimates: one per table, shape (draws,).
        standard_errors: one per table, above 0, shape (draws,).
        name: of the quantity.
        complete_freedom: degrees of freedom if nothing were missing (rows less coefficients); infinite for a
            large sample.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: there are fewer than two tables, shapes disagree, or a value is not finite.

    Example:
        >>> found = pool([1.0, 1.2, 0.8], [0.3, 0.3, 0.3])
        >>> round(found.term.coefficient, 2), round(found.term.standard_error, 3)
        (1.0, 0.379)
    """
    found = np.asarray(estimates, dtype=np.float64)
    errors = np.asarray(standard_errors, dtype=np.float64)
    draws = len(found)
    if found.ndim != 1 or found.shape != errors.shape or draws < 2:
        raise ValueError(
            f"two or more estimates with one error each are needed, got {found.shape}, {errors.shape}"
        )
    if not np.isfinite(found).all() or not np.isfinite(errors).all() or (errors <= 0.0).any():
        raise ValueError(
            f"{name}: in some completed table there is no finite estimate, so nothing can be pooled; use fewer "
            "predictors or a penalised fit"
        )
    within, between = float((errors**2).mean()), float(found.var(ddof=1))
    extra = (1.0 + 1.0 / draws) * between
    total = within + extra
    share, freedom = extra / total, complete_freedom
    information = 0.0
    if extra > 1e-14 * within:  # equal estimates differ by rounding
        classical = (draws - 1) / share**2
        seen = inf
        if isfinite(complete_freedom):
            seen = (complete_freedom + 1.0) / (complete_freedom + 3.0) * complete_freedom * (1.0 - share)
        freedom = 1.0 / (1.0 / classical + 1.0 / seen)
        information = (extra / within + 2.0 / (freedom + 3.0)) / (1.0 + extra / within)
    term = wald_term(
        name, float(found.mean()), sqrt(total), level=level, method="Rubin's rules, t", freedom=freedom
    )
    return Pooled(term, freedom, within, between, information, draws)


def analyse_imputed(
    imputed: Imputed,
    analysis: Callable[[Array], Sequence[Term]],
    *,
    complete_freedom: float = inf,
    level: float = 0.95,
) -> tuple[Pooled, ...]:
    """The terms of an analysis, done on every completed table and pooled.

    Args:
        imputed: from `impute`.
        analysis: a function from a table, shape (rows, columns), to the terms of a regression.
        complete_freedom: degrees of freedom if nothing were missing; infinite for a large sample.
        level: two-sided confidence, between 0 and 1.

    Raises:
        ValueError: the analysis gave other terms for one table than for another, or no finite ones.
    """
    fits = [tuple(analysis(table)) for table in imputed.tables]
    names = [tuple(term.name for term in fit) for fit in fits]
    if len(set(names)) != 1:
        raise ValueError(f"the analysis gave different terms for different tables: {sorted(set(names))}")
    return tuple(
        pool(
            [term.coefficient for term in column],
            [term.standard_error for term in column],
            name=column[0].name,
            complete_freedom=complete_freedom,
            level=level,
        )
        for column in zip(*fits, strict=True)
    )


def _drawn(
    observed: Array, rest: Array, gaps: npt.NDArray[np.bool_], donors: int, rng: np.random.Generator
) -> Array:
    """Numbers from a normal regression whose coefficients and variance are drawn."""
    del donors
    design = _standardised(rest)
    _, coefficients, spread = _regression(observed, design[~gaps], rng)
    return np.asarray(design[gaps] @ coefficients + spread * rng.standard_normal(int(gaps.sum())))


def _matched(
    observed: Array, rest: Array, gaps: npt.NDArray[np.bool_], donors: int, rng: np.random.Generator
) -> Array:
    """Values of rows whose prediction is near, the coefficients for the missing being drawn (type 1 matching)."""
    design = _standardised(rest)
    seen = design[~gaps]
    best, drawn, _ = _regression(observed, seen, rng)
    known, wanted = seen @ best, design[gaps] @ drawn
    order = np.argsort(known, kind="stable")
    near = min(donors, len(observed))
    # The nearest few lie among as many neighbours to either side of the place of the prediction.
    place = np.searchsorted(known[order], wanted)
    around = np.clip(place[:, None] + np.arange(-near, near), 0, len(observed) - 1)
    distance = np.abs(known[order][around] - wanted[:, None])
    distance[:, 1:][around[:, 1:] == around[:, :-1]] = inf  # an edge is no second donor
    nearest = np.take_along_axis(around, np.argsort(distance, axis=1, kind="stable")[:, :near], axis=1)
    chosen = nearest[np.arange(len(wanted)), rng.integers(0, near, len(wanted))]
    return np.asarray(observed[order][chosen])


def _tossed(
    observed: Array, rest: Array, gaps: npt.NDArray[np.bool_], donors: int, rng: np.random.Generator
) -> Array:
    """Zeros and ones from a logistic regression whose coefficients are drawn.

    Slopes have a normal prior with standard deviation 2.5 per standard deviation of the column (assumed), so that
    separated columns do not make the draw certain.
    """
    del donors
    design = _standardised(rest)
    seen = design[~gaps]
    prior = np.full(seen.shape[1], 1.0 / 2.5**2)
    prior[0] = 1e-4
    beta = np.zeros(seen.shape[1])
    for _ in range(50):
        share = special.expit(seen @ beta)
        information = (seen.T * (share * (1.0 - share))) @ seen + np.diag(prior)
        step = np.linalg.solve(information, seen.T @ (observed - share) - prior * beta)
        beta = beta + step * min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        if float(np.abs(step).max()) < 1e-8:
            break
    noise = np.linalg.solve(np.linalg.cholesky(information).T, rng.standard_normal(len(beta)))
    chance = special.expit(design[gaps] @ (beta + noise))
    return np.asarray((rng.random(len(chance)) < chance).astype(np.float64))


def _regression(observed: Array, seen: Array, rng: np.random.Generator) -> tuple[Array, Array, float]:
    """Coefficients of least squares, and a draw of coefficients and of the standard deviation of the rest."""
    cross = seen.T @ seen
    # A ridge of a hundred thousandth keeps collinear columns apart.
    inverse = np.linalg.inv(cross + 1e-5 * np.diag(np.diagonal(cross) + 1e-12))
    best = inverse @ seen.T @ observed
    residual = observed - seen @ best
    freedom = max(len(observed) - seen.shape[1], 1)
    spread = sqrt(float(residual @ residual) / float(rng.chisquare(freedom)))
    drawn = best + spread * np.linalg.cholesky((inverse + inverse.T) / 2.0) @ rng.standard_normal(len(best))
    return best, drawn, spread


_Fill = Callable[[Array, Array, npt.NDArray[np.bool_], int, np.random.Generator], Array]

_FILLS: dict[ColumnKind, _Fill] = {"number": _drawn, "matched number": _matched, "yes or no": _tossed}


def _standardised(columns: Array) -> Array:
    """A column of ones, and the others with mean 0 and standard deviation 1."""
    spread = columns.std(axis=0)
    scaled = (columns - columns.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    return np.column_stack([np.ones(len(columns)), scaled])


def _check(values: Array, names: Sequence[str], kinds: Sequence[ColumnKind]) -> None:
    if values.ndim != 2 or values.shape[1] != len(names) or len(names) != len(kinds):
        raise ValueError(
            f"the table needs shape (rows, columns) with a name and a kind per column, got {values.shape}, "
            f"{len(names)} names and {len(kinds)} kinds"
        )
    if values.shape[1] < 2:
        raise ValueError("one column alone has nothing to be imputed from")
    for name, kind, column in zip(names, kinds, values.T, strict=True):
        seen = column[~np.isnan(column)]
        if kind not in COLUMN_KINDS:
            known = ", ".join(COLUMN_KINDS)
            raise ValueError(f"column {name!r}: there is no kind {kind!r}; choose one of {known}")
        if np.isinf(seen).any():
            raise ValueError(f"column {name!r} has an infinite value")
        if len(seen) < 3 and len(seen) < len(column):
            raise ValueError(f"column {name!r} has {len(seen)} value(s), too few to impute the others from")
        if kind == "yes or no" and not np.isin(seen, (0.0, 1.0)).all():
            raise ValueError(f"column {name!r} is said to be yes or no and has values other than 1 and 0")
