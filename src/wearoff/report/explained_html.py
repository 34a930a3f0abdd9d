"""One page of answered questions: it opens from a file, without a network, a script or a second file.

Order of each question: the question, the answer, what it rests on, the numbers with their bands, the limits, and where
every published figure behind it was read. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from wearoff.report.figures import Cell
from wearoff.report.page import SectionView, TableView, fill, numbers
from wearoff.sources import figure

if TYPE_CHECKING:
    from wearoff.cohort.explained.values import Explained, Explanation, Grid

TITLE: Final = "Questions about natalizumab, dosing intervals and wearing-off"


def render_explained(found: Explained) -> str:
    """The whole page as HTML that stands alone.

    Args:
        found: the answered questions.

    Raises:
        UnknownNameError: an answer names a row of the evidence table that does not exist.
    """
    labels = numbers("Table")
    sections = [(each.answer, _section(each, labels)) for each in found.explanations]
    return fill(
        "explained.html.j2",
        title=TITLE,
        answered=sections,
        sections=[section for _, section in sections],
        provenance=dict(found.provenance),
    )


def _section(each: Explanation, labels: Iterator[str]) -> SectionView:
    lists = [*each.lists, ("Limits of this answer", each.limits), ("Sources", _sources(each))]
    return SectionView(
        anchor=each.name,
        title=each.question,
        paragraphs=each.paragraphs,
        tables=tuple(
            _table(grid, f"{each.name}-{at}", next(labels)) for at, grid in enumerate(each.grids, start=1)
        ),
        parts=tuple(
            SectionView(
                anchor=f"{each.name}-{title.lower().replace(' ', '-').replace(',', '')}",
                title=title,
                items=tuple(("", item) for item in items),
            )
            for title, items in lists
        ),
    )


def _sources(each: Explanation) -> tuple[str, ...]:
    """Every published figure behind an answer: what was found in whom, where it was read, and how well it is known."""
    rows = (figure(id_) for id_ in each.evidence)
    return tuple(
        f"{row.id}: {row.quantity}, {row.group}: {row.statement}. {row.citation} ({row.mark})" for row in rows
    )


def _table(grid: Grid, name: str, label: str) -> TableView:
    return TableView(
        name=name,
        label=label,
        title=grid.title,
        note=grid.note,
        headings=tuple(Cell(text, "text" if at == 0 else "number") for at, text in enumerate(grid.headings)),
        rows=tuple(
            tuple(Cell(text, "text" if at == 0 else "number") for at, text in enumerate(row))
            for row in grid.cells
        ),
        total=len(grid.rows),
        is_open=True,
    )
