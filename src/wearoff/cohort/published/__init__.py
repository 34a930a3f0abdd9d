"""The answer on published figures: what each study's own numbers can and cannot show.

- `bringeland`: 40 patients, 35 followed, nobody active; every split of the five lost
- `van_kempen`: 93 patients; every table that fits the printed percentages
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from wearoff.cohort.published.bringeland import analyse_bringeland
from wearoff.cohort.published.van_kempen import analyse_van_kempen
from wearoff.cohort.results import StudyResult
from wearoff.errors import UnknownNameError

PUBLISHED: Mapping[str, Callable[[], StudyResult]] = MappingProxyType(
    {"bringeland-2020": analyse_bringeland, "van-kempen-2019": analyse_van_kempen}
)


def analyse_published(name: str) -> StudyResult:
    """The analysis of one published study by its name in `PUBLISHED`.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    if name not in PUBLISHED:
        raise UnknownNameError("published study", name, PUBLISHED)
    return PUBLISHED[name]()


__all__ = ["PUBLISHED", "analyse_bringeland", "analyse_published", "analyse_van_kempen"]
