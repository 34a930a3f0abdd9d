"""What every regression here hands back for a predictor, and the checks that they share.

A model on a logarithmic scale (hazard, rate, odds) is read in ratios, computed in coefficients. A `Term` has
both: the coefficient with its standard error and interval, and the same as a ratio.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.proportions import Interval, checked_level

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Term:
    """One predictor of a regression.

    Attributes:
        name: the predictor, as it was named by the caller.
        coefficient: change of the linear predictor for one unit more.
        standard_error: of the coefficient; infinite where the data do not bound it.
        interval: of the coefficient.
        p: two-sided, of a coefficient of 0.
    """

    name: str
    coefficient: float
    standard_error: float
    interval: Interval
    p: float

    @property
    def ratio(self) -> float:
        """The exponential of the coefficient: a hazard, rate or odds ratio for one unit more."""
        return exponential(self.coefficient)

    @property
    def ratio_interval(self) -> Interval:
        """The interval of the ratio."""
        low, high = exponential(self.interval.low), exponential(self.interval.high)
        return Interval(low, high, self.interval.level, self.interval.method)


def wald_term(
    name: str,
    coefficient: float,
    standard_error: float,
    *,
    level: float = 0.95,
    method: str = "Wald",
    freedom: float = inf,
) -> Term:
    """A term with the interval and the p value of a normal or t distributed estimate.

    Args:
        name: of the predictor.
        coefficient: the estimate.
        standard_error: its standard error, above 0; infinite for an estimate that is not bounded.
        level: two-sided confidence, between 0 and 1.
        method: name of the method, as it may be printed.
        freedom: degrees of freedom; infinite for the normal distribution.
    """
    tail = (1.0 - checked_level(level)) / 2.0
    if not isfinite(standard_error):
        return Term(name, coefficient, inf, Interval(-inf, inf, level, method), 1.0)
    quantile = special.stdtrit(freedom, tail) if isfinite(freedom) else special.ndtri(tail)
    reach = -float(quantile)
    distance = abs(coefficient) / standard_error if standard_error > 0.0 else inf
    p = 2.0 * float(special.stdtr(freedom, -distance) if isfinite(freedom) else special.ndtr(-distance))
    width = reach * standard_error
    interval = Interval(coefficient - width, coefficient + width, level, method)
    return Term(name, coefficient, standard_error, interval, p)


def indicators(labels: Sequence[Hashable], *, name: str) -> tuple[Array, tuple[str, ...]]:
    """Columns of 0 and 1 for a label with several values, such as the place a row comes from.

    The value that occurs first in sorted order is the reference and has no column.

    Args:
        labels: one per row.
        name: what the label means; the columns are called "name value".

    Returns:
        The columns, shape (rows, values - 1), and their names.

    Example:
        >>> indicators(["north", "south", "north"], name="site")[1]
        ('site south',)
    """
    values = sorted(set(labels), key=str)[1:]
    columns = np.array([[float(label == value) for value in values] for label in labels])
    return columns.reshape(len(labels), len(values)), tuple(f"{name} {value}" for value in values)


def checked_predictors(
    predictors: npt.ArrayLike, names: Sequence[str], rows: int, *, has_intercept: bool = True
) -> Array:
    """Predictors as a finite matrix of shape (rows, terms) whose columns are independent.

    Args:
        predictors: shape (rows, terms), or (rows,) for one.
        names: one per predictor.
        rows: how many rows the outcome has.
        has_intercept: whether a constant column would be redundant.

    Raises:
        ValueError: a shape disagrees, a value is missing, or a predictor repeats what others say.
    """
    matrix = np.asarray(predictors, dtype=np.float64)
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or len(matrix) != rows:
        raise ValueError(f"predictors need shape (rows, terms) with {rows} rows, got {matrix.shape}")
    if matrix.shape[1] != len(names):
        raise ValueError(f"each predictor needs one name: {matrix.shape[1]} predictors, {len(names)} names")
    if rows == 0:
        raise ValueError("there is no row to fit")
    for name, column in zip(names, matrix.T, strict=True):
        if not np.isfinite(column).all():
            first = int(np.flatnonzero(~np.isfinite(column))[0])
            raise ValueError(
                f"predictor {name!r} is missing or infinite in row {first} (of {rows}, from 0); "
                "leave such rows out or impute them first"
            )
        if has_intercept and np.ptp(column) <= 1e-12 * np.abs(column).max():
            raise ValueError(
                f"predictor {name!r} has the same value in every row and cannot be told from the "
                "baseline; leave it out"
            )
    shifted = matrix - matrix.mean(axis=0) if has_intercept else matrix
    scale = np.sqrt((shifted**2).sum(axis=0))
    if (scale == 0.0).any() or np.linalg.matrix_rank(shifted / scale, tol=1e-9) < len(names):
        raise ValueError(
            f"the predictors {', '.join(names)} are not linearly independent (or are more than the rows "
            "allow); leave one out"
        )
    return matrix


def checked_column(
    values: npt.ArrayLike, rows: int | None, what: str, *, lowest: float = -inf, above: float = -inf
) -> Array:
    """A finite column of shape (rows,) whose values are at least `lowest` and more than `above`.

    Args:
        values: the column.
        rows: how many it must have; None for any number.
        what: its name in the message.
        lowest: the least value allowed.
        above: a value that must be exceeded.

    Raises:
        ValueError: the shape disagrees, or a value is missing or out of range.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or (rows is not None and len(column) != rows):
        raise ValueError(f"{what} needs shape {'(rows,)' if rows is None else (rows,)}, got {column.shape}")
    wrong = ~np.isfinite(column) | (column < lowest) | (column <= above)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        limit = (
            f" above {above:g}" if isfinite(above) else f" of {lowest:g} or more" if isfinite(lowest) else ""
        )
        raise ValueError(
            f"{what} must be a finite number{limit}, got {float(column[first])!r} in row {first}"
        )
    return column


def checked_flags(values: npt.ArrayLike, rows: int | None, what: str) -> npt.NDArray[np.bool_]:
    """A column of 0 and 1 (or False and True) as booleans, shape (rows,).

    Args:
        values: the column.
        rows: how many it must have; None for any number.
        what: its name in the message.

    Raises:
        ValueError: the shape disagrees, or a value is neither.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or (rows is not None and len(column) != rows):
        raise ValueError(f"{what} needs shape {'(rows,)' if rows is None else (rows,)}, got {column.shape}")
    if not np.isin(column, (0.0, 1.0)).all():
        raise ValueError(f"{what} must be 0 or 1 in every row; leave missing rows out first")
    return np.asarray(column == 1.0)


def checked_labels(labels: Sequence[Hashable], rows: int, what: str) -> list[Hashable]:
    """One label a row, none of them missing.

    Args:
        labels: the labels.
        rows: how many there must be.
        what: the name of a label in the message.

    Raises:
        ValueError: their number disagrees, or one is missing.
    """
    found = list(labels)
    if len(found) != rows:
        raise ValueError(f"each row needs a {what}: {rows} rows, {len(found)} labels")
    if any(label is None or label != label for label in found):  # only nan differs from itself
        raise ValueError(f"a {what} is missing; leave such rows out first")
    return found


def exponential(value: float) -> float:
    """The exponential, infinite instead of an overflow error."""
    return exp(value) if value < 709.0 else inf


def chi_squared_p(statistic: float, freedom: float) -> float:
    """Probability that chi-squared exceeds a statistic."""
    return float(special.chdtrc(freedom, max(0.0, statistic)))
