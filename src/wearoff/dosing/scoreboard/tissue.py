"""Cells in blood and cerebrospinal fluid, computed for the typical patient over one settled cycle.

The numbers between saturation and tissue are taken as they stand in `trafficking.toml`, so that there is no Monte Carlo
error. Most of them were chosen after the very figures that they are held against, which the entries say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.published_dosing import Estimate
from wearoff.dosing.regimen import every
from wearoff.dosing.scoreboard.simulations import Simulations
from wearoff.dosing.trafficking import Traffic, levels_over, sample_days, traffic, typical_numbers
from wearoff.sources import figure

if TYPE_CHECKING:
    from jaxtyping import Float

Settings = Mapping[str, float | str]

_DOSES = 27
_WEEKS = 4.0


def rise_of_lymphocytes(simulations: Simulations, settings: Settings) -> Estimate:
    """The mean count in the blood over a 4-weekly cycle, as a multiple of that without drug."""
    return Estimate(float(_cycle_mean(*_settled(simulations, settings), "blood")), 0.0)


def count_of_lymphocytes(simulations: Simulations, settings: Settings) -> Estimate:
    """That rise from the published count of the row `before`, in the unit of the row.

    Raises:
        ValueError: the row is no single count.
    """
    before = figure(str(settings["before"])).number
    if before is None:
        raise ValueError(f"{settings['before']} is no single count")
    return Estimate(before * rise_of_lymphocytes(simulations, settings).value, 0.0)


def csf_cd4_over_cd8(simulations: Simulations, settings: Settings) -> Estimate:
    """How many times further CSF CD4 cells fall than CSF CD8 cells over a 4-weekly cycle."""
    found, begin = _settled(simulations, settings)
    return Estimate(
        float(_cycle_mean(found, begin, "cns_cd8") / _cycle_mean(found, begin, "cns_cd4")),
        0.0,
    )


def _settled(simulations: Simulations, settings: Settings) -> tuple[Traffic, float]:
    """The typical patient under a `curve` after two years of 4-weekly dosing, and the day the last cycle begins."""
    regimen = every(_WEEKS, times=_DOSES)
    until = float(regimen.start_d[-1])
    day = sample_days(regimen, until)
    level = levels_over(simulations.typical, regimen, day)
    found = traffic(day, level, load_curve(str(settings["curve"])), typical_numbers())
    return found, until - 7 * _WEEKS


def _cycle_mean(found: Traffic, begin: float, what: str) -> Float[np.ndarray, ""]:
    """The mean over the days of the last cycle, samples weighted by the time between them."""
    values = found.blood[0] if what == "blood" else found.csf[what][0]
    here = found.day >= begin - 1e-9
    return np.asarray(np.trapezoid(values[here], found.day[here]) / (found.day[-1] - begin))
