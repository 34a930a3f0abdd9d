"""Times that are only known to lie between two looks.

An event found at a visit happened after the last visit without it: its time lies in (left, right]. Left is 0 where
the first look already found it, right is infinite where the last look had not, and both are equal where the
time is known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wearoff.stats.terms import Array, checked_column


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """For each row the half-open window (left, right] in which the event lies.

    Attributes:
        left: the last time known to be without the event, 0 or more, shape (rows,).
        right: the first time known to be with it, infinite if it has not been seen, shape (rows,).
    """

    left: Array
    right: Array

    @property
    def is_exact(self) -> npt.NDArray[np.bool_]:
        """Where the time is known."""
        return np.asarray(self.left == self.right)

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """Where the event has not been seen."""
        return np.asarray(np.isinf(self.right))


def windows(left: npt.ArrayLike, right: npt.ArrayLike) -> Windows:
    """Checked windows.

    Args:
        left: the last time known to be without the event, 0 or more, shape (rows,).
        right: the first time known to be with it, infinite if it has not been seen, shape (rows,).

    Raises:
        ValueError: there is no row, shapes disagree, a value is missing, or a window ends before it begins.
    """
    low = checked_column(left, None, "left", lowest=0.0)
    if len(low) == 0:
        raise ValueError("there is no row: nobody was observed")
    high = np.asarray(right, dtype=np.float64)
    if high.shape != low.shape:
        raise ValueError(f"left and right need the same shape, got {low.shape} and {high.shape}")
    wrong = np.isnan(high) | (high < low) | (high <= 0.0)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"row {first} has its event after {low[first]:g} and no later than {high[first]:g}; the window must "
            "end after 0 and not before it begins, and be infinite where the event has not been seen"
        )
    return Windows(low, high)
