"""The share without the event over time, where its time is only known to lie between two looks.

The nonparametric maximum likelihood estimate of Turnbull (1976, doi 10.1111/j.2517-6161.1976.tb01597.x). It can
only put mass on the innermost windows, those that begin with some row's left end and end with some row's right
end with no other end between; where inside of them, the data do not say. The masses are found by the constrained
Newton method of Wang (2007, doi 10.1111/j.1467-9868.2007.00583.x), each step a least squares problem with
non-negative unknowns, and are held to the conditions that mark the maximum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from wearoff.stats.terms import Array
from wearoff.stats.time_to_event.intervals import Windows, windows


@dataclass(frozen=True, slots=True, eq=False)
class WindowedCurve:
    """A curve that is known outside of windows and falls by a known mass inside of each.

    Attributes:
        left: beginnings of the windows that hold mass, ascending, shape (windows,); not in the window.
        right: their ends, in the window; infinite for mass beyond the last look. Equal to `left` where the time
            is exact.
        mass: share of the events in each window.
        log_likelihood: at the estimate.
        rows: number of rows.
        is_converged: the conditions for a maximum hold.
    """

    left: Array
    right: Array
    mass: Array
    log_likelihood: float
    rows: int
    is_converged: bool

    def bounds_at(self, time: float) -> tuple[float, float]:
        """The least and the most that the estimate allows to be without the event just after a time.

        Both are equal outside of the windows. This is no confidence interval.

        Args:
            time: 0 or later.
        """
        is_exact_now = (self.left == self.right) & (self.left == time)
        low = self.mass[(self.left >= time) & ~is_exact_now].sum()
        high = self.mass[self.right > time].sum()
        return min(1.0, float(low)), min(1.0, float(high))


def turnbull(left: npt.ArrayLike, right: npt.ArrayLike) -> WindowedCurve:
    """The share without the event over time from windows (left, right].

    Looks must not depend on the event to come. No limits are given, because the usual ones do not hold for this
    estimate; `interval_regression` compares groups with limits.

    Args:
        left: the last time known to be without the event, 0 or more, shape (rows,).
        right: the first time known to be with it, infinite if it has not been seen, shape (rows,).

    Raises:
        ValueError: as `windows` does.

    Example:
        >>> found = turnbull([0, 1, 3], [2, 3, float("inf")])
        >>> found.left.tolist(), found.right.tolist()
        ([1.0, 3.0], [2.0, inf])
    """
    rows = windows(left, right)
    begin, end = _places(rows)
    inner = _innermost(begin, end)
    pairs, counts = np.unique(np.column_stack([begin, end]), axis=0, return_counts=True)
    holds = ((pairs[:, :1] <= inner[:, 0]) & (inner[:, 1] <= pairs[:, 1:])).astype(np.float64)
    mass, is_converged = _masses(holds, counts.astype(np.float64))
    ends = np.unique(np.concatenate([rows.left, rows.right]))
    kept = mass > 0.0
    return WindowedCurve(
        left=ends[inner[kept, 0] // 2],
        right=ends[inner[kept, 1] // 2],
        mass=mass[kept],
        log_likelihood=float(counts @ np.log(holds @ mass)),
        rows=len(rows.left),
        is_converged=is_converged,
    )


def _places(rows: Windows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Begin and end of each window as whole numbers: twice the rank of the time, one more just after it."""
    ends = np.unique(np.concatenate([rows.left, rows.right]))
    begin = 2 * np.searchsorted(ends, rows.left) + (~rows.is_exact).astype(np.int64)
    return begin, 2 * np.searchsorted(ends, rows.right)


def _innermost(begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Windows (begin, end) with no other begin or end between, shape (windows, 2)."""
    begins, ends = np.unique(begin), np.unique(end)
    last = np.searchsorted(begins, ends, side="right") - 1
    candidates = np.column_stack([begins[last], ends])
    # Of several ends after one begin, only the first is innermost.
    first = np.unique(candidates[:, 0], return_index=True)[1]
    return np.asarray(candidates[first])


def _masses(holds: Array, counts: Array) -> tuple[Array, bool]:
    """Masses that maximise sum(counts * log(holds @ mass)), and whether they do."""
    total = counts.sum()
    mass = np.full(holds.shape[1], 1.0 / holds.shape[1])
    root = np.sqrt(counts)
    for _ in range(500):
        chance = holds @ mass
        slope = holds.T @ (counts / chance) / total
        # At the maximum no window would gain, and those that hold mass are even.
        if slope.max() < 1.0 + 1e-9 and np.abs(slope[mass > 0.0] - 1.0).max() < 1e-7:
            return mass, True
        scaled = root[:, None] * holds / chance[:, None]
        # The heavy last row keeps the sum at 1.
        heavy = 1e3 * float(np.sqrt(total))
        target = np.concatenate([2.0 * root, [heavy]])
        aim, _ = nnls(np.vstack([scaled, np.full((1, len(mass)), heavy)]), target, maxiter=30 * len(mass))
        step = aim / aim.sum() - mass
        value, length = float(counts @ np.log(chance)), 1.0
        gain = float(total * slope @ step)
        with np.errstate(divide="ignore"):
            while length > 1e-12:
                trial = np.maximum(mass + length * step, 0.0)
                if counts @ np.log(holds @ trial) >= value + 1e-4 * length * gain - 1e-12 * abs(value):
                    break
                length /= 2.0
        mass = trial / trial.sum()
        # A step of self-consistency never lowers the likelihood and frees what least squares left at 0.
        mass = mass * (holds.T @ (counts / (holds @ mass))) / total
        mass[mass < 1e-13] = 0.0
        mass /= mass.sum()
    return mass, False
