"""Every computation of the scoreboard by the name that its entries use; a new one joins by standing here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from wearoff.dosing.published_dosing import Estimate
from wearoff.dosing.scoreboard import activity, exposure, policies, tissue
from wearoff.dosing.scoreboard.simulations import Simulations
from wearoff.errors import UnknownNameError

Computation = Callable[[Simulations, Mapping[str, float | str]], Estimate]

COMPUTATIONS: Mapping[str, Computation] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            exposure.mean_peak,
            exposure.spread_of_measured_peaks,
            exposure.mean_trough,
            exposure.fall_of_trough,
            exposure.ratio_of_troughs,
            exposure.weeks_to_settle,
            exposure.change_of_clearance,
            exposure.subcutaneous_peak,
            exposure.subcutaneous_share,
            exposure.subcutaneous_peak_day,
            exposure.fall_under_exchange,
            exposure.saturation_at,
            exposure.mean_saturation,
            exposure.median_saturation,
            policies.policy_figure,
            tissue.rise_of_lymphocytes,
            tissue.count_of_lymphocytes,
            tissue.csf_cd4_over_cd8,
            activity.untreated_events,
            activity.untreated_share_without,
            activity.events_of_starters,
            activity.patients_with_gd,
            activity.week_of_first_gd,
            activity.middle_week_of_first_gd,
            activity.share_with_lesions,
            activity.share_rescued,
            activity.patients_without_activity,
        )
    }
)


def computation(name: str) -> Computation:
    """A computation by its name.

    Raises:
        UnknownNameError: there is no such computation.
    """
    if name not in COMPUTATIONS:
        raise UnknownNameError("computation", name, COMPUTATIONS)
    return COMPUTATIONS[name]
