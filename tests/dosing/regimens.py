"""Regimens for property tests, with times that add up without rounding."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from wearoff.dosing.regimen import Regimen

eighths = st.integers(1, 400).map(lambda count: count / 8)  # days; sums of these are exact
odd_days = st.floats(0.05, 90, allow_nan=False)


@st.composite
def regimens(
    draw: st.DrawFn,
    gaps: st.SearchStrategy[float] = eighths,
    smallest: int = 1,
    largest: int = 8,
    doses: st.SearchStrategy[float] = st.sampled_from([0.0, 150.0, 300.0]),  # noqa: B008 - a strategy is a value
    durations: st.SearchStrategy[float] = st.sampled_from([1 / 24, 1 / 16, 1 / 8]),  # noqa: B008
) -> Regimen:
    """A regimen of intravenous and subcutaneous doses; an infusion is shorter than any gap."""
    number = draw(st.integers(smallest, largest))
    gap = draw(st.lists(gaps, min_size=number, max_size=number))
    duration = draw(st.lists(durations, min_size=number, max_size=number))
    is_subcutaneous = draw(st.lists(st.booleans(), min_size=number, max_size=number))
    return Regimen(
        start_d=np.cumsum(gap),
        dose_mg=np.array(draw(st.lists(doses, min_size=number, max_size=number))),
        duration_d=np.where(is_subcutaneous, 0.0, np.minimum(duration, min(gap))),
        is_subcutaneous=np.array(is_subcutaneous),
    )
