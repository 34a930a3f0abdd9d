"""What a picture is: a name that a report can ask for, its words, its table, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt
import polars as pl

from wearoff.cohort.results import StudyResult


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that a result may have.

    Attributes:
        name: what a section of a result calls it.
        title: one line over the picture.
        caption: how to read it: what each mark is, and what it does not show.
        alt_text: the picture in words with its main figures, for those who do not see it.
        table: name of the table that it draws; without rows there is no picture.
        draw: the chart, or None when the result has nothing to draw.
    """

    name: str
    title: str
    caption: str
    alt_text: Callable[[StudyResult], str]
    table: str
    draw: Callable[[StudyResult], alt.TopLevelMixin | None]


def rows_of(result: StudyResult, table: str) -> pl.DataFrame | None:
    """The rows of one table of a result, or None where it is absent or empty."""
    found = result.tables.get(table)
    if found is None or found.frame.is_empty():
        return None
    return found.frame
