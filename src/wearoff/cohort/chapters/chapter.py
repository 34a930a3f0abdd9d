"""A chapter of the study: a section of the report together with the tables that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wearoff.cohort.results import Section, Table

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort


@dataclass(frozen=True, slots=True)
class Chapter:
    """One part of the answer.

    Attributes:
        section: title, paragraphs with the names of the rules, and what is shown.
        tables: every table that the section names, and no other.
    """

    section: Section
    tables: tuple[Table, ...] = ()


def chapter(
    title: str, paragraphs: Sequence[str], tables: Sequence[Table], pictures: Sequence[str] = ()
) -> Chapter:
    """A chapter whose section names its tables in their order.

    Args:
        title: heading of the section.
        paragraphs: what to read before the tables; empty ones are left out.
        tables: in the order of the report.
        pictures: names of the pictures.
    """
    said = tuple(text for text in paragraphs if text)
    return Chapter(
        Section(title, said, tuple(pictures), tuple(table.name for table in tables)), tuple(tables)
    )


def absent_sentence(cohort: Cohort, table: str, consequence: str) -> str:
    """A sentence where a table is not there or has no accepted row, else an empty text.

    Args:
        cohort: the records.
        table: name of a table.
        consequence: what therefore cannot be said.
    """
    if table not in cohort.present:
        return f"The cohort has no {table} table: {consequence}."
    if cohort.tables[table].is_empty():
        return f"The {table} table has no accepted row: {consequence}."
    return ""
