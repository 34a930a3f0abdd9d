"""When antibodies against natalizumab count as lasting, and so speed its elimination up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["PERSISTENT_D", "persistent_from"]

PERSISTENT_D = 42.0  # six weeks, evidence P170


def persistent_from(samples: Sequence[tuple[float, bool]]) -> float:
    """The day from which antibodies persist; infinite where they never do.

    They persist when two samples at least six weeks apart show them and none between is without (Calabresi 2007).

    Args:
        samples: day of each sample, in order, and whether antibodies were found.

    Example:
        >>> persistent_from([(10, True), (52, True)])
        10
    """
    first = np.inf
    for day, is_found in samples:
        if not is_found:
            first = np.inf
        elif day - first >= PERSISTENT_D:
            return first
        else:
            first = min(first, day)
    return np.inf
