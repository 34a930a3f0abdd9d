"""The list of all pictures: a report and the tests know a picture because it stands here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import altair as alt

from wearoff.charts.balance import BALANCE
from wearoff.charts.concentration import SATURATION_CYCLE, TYPICAL_CYCLE
from wearoff.charts.diary import DIARY_HEAT_MAP
from wearoff.charts.forest import FOREST
from wearoff.charts.neda import NEDA_COMPONENTS
from wearoff.charts.occupancy import OCCUPANCY
from wearoff.charts.operating import ESTIMATES, OPERATING
from wearoff.charts.picture import Picture
from wearoff.charts.power import POWER_CURVES
from wearoff.charts.risk import RECONSTRUCTIONS, RISK_BY_GROUP, SPLITS
from wearoff.charts.time_to_event import ACTIVITY_CURVES
from wearoff.charts.timeline import INTERVALS
from wearoff.cohort.results import StudyResult
from wearoff.errors import UnknownNameError

PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        picture.name: picture
        for picture in (
            INTERVALS,
            TYPICAL_CYCLE,
            SATURATION_CYCLE,
            OCCUPANCY,
            DIARY_HEAT_MAP,
            NEDA_COMPONENTS,
            RISK_BY_GROUP,
            ACTIVITY_CURVES,
            FOREST,
            BALANCE,
            SPLITS,
            RECONSTRUCTIONS,
            OPERATING,
            ESTIMATES,
            POWER_CURVES,
        )
    }
)


def draw(name: str, result: StudyResult) -> alt.TopLevelMixin | None:
    """The chart of one picture, or None when the result has no rows for it.

    Args:
        name: a key of `PICTURES`.
        result: the analysis to show.

    Raises:
        UnknownNameError: there is no picture of that name.
    """
    if name not in PICTURES:
        raise UnknownNameError("picture", name, PICTURES)
    return PICTURES[name].draw(result)
