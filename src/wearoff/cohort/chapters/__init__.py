"""The chapters of the study that follow the first comparison: each a section with the tables it names.

- `chapter`: what a chapter is
- `over_time`: how soon activity came and how much there was
- `ordered`: the whole answer in its order, with weight and site held
- `dosing`: standard against extended dosing
- `diaries`: wearing-off as the diaries tell it
- `records`: what in the records deserves a second look
- `effects`: every ratio in one table
"""

from wearoff.cohort.chapters.chapter import Chapter
from wearoff.cohort.chapters.diaries import diaries
from wearoff.cohort.chapters.dosing import dosing_arms
from wearoff.cohort.chapters.effects import all_effects
from wearoff.cohort.chapters.ordered import ordered_answer
from wearoff.cohort.chapters.over_time import outcome_rule, over_time
from wearoff.cohort.chapters.records import records_quality

__all__ = [
    "Chapter",
    "all_effects",
    "diaries",
    "dosing_arms",
    "ordered_answer",
    "outcome_rule",
    "over_time",
    "records_quality",
]
