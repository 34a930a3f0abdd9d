"""One page for one result: it opens from a file, without a network, a script or a second file.

Order of the page: banner, question, answer, figures, limits; then contents, sections with their
pictures and tables, and where it all came from. Every text is escaped by the template; only our own
style sheet, the drawn pictures and DOI links are passed as markup.
"""

from __future__ import annotations

from typing import Final

from wearoff.charts import PICTURES, draw, to_svg
from wearoff.cohort.results import Provenance, StudyResult, Table
from wearoff.report.figures import Cell, cell, heading, shortened
from wearoff.report.page import DISCLAIMER, PictureView, SectionView, TableView, fill, numbers

__all__ = ["DISCLAIMER", "MOST_ROWS", "OPEN_ROWS", "made_by", "render_report", "sections_of"]

MOST_ROWS: Final = 200
OPEN_ROWS: Final = 30


def render_report(result: StudyResult, sections: tuple[SectionView, ...] | None = None) -> str:
    """The whole page of a result as HTML that stands alone.

    Args:
        result: the analysis.
        sections: what `sections_of(result)` gave, where the pictures are drawn already.

    Raises:
        UnknownNameError: a section names a picture that does not exist.
    """
    return fill(
        "study.html.j2",
        result=result,
        answer=result.answer,
        sections=sections_of(result) if sections is None else sections,
        provenance=result.provenance,
        made_by=made_by(result.provenance),
    )


def made_by(provenance: Provenance) -> str:
    """The sentence on the version and the seed."""
    drawn = (
        "nothing was drawn at random"
        if provenance.seed is None
        else f"random numbers from seed {provenance.seed}"
    )
    return f"Computed by wearoff {provenance.version}; {drawn}."


def sections_of(result: StudyResult) -> tuple[SectionView, ...]:
    """The sections of a result with their pictures and tables, as the page and the paper show them.

    A table appears once: under the first picture that draws it, or else in the first section that names
    it. Tables that no section names follow in a last section, so that nothing is hidden.

    Raises:
        UnknownNameError: a section names a picture that does not exist.
    """
    shown: set[str] = set()
    table_numbers = numbers("Table")
    picture_numbers = numbers("Figure")

    def show(name: str, *, below_picture: bool) -> TableView:
        shown.add(name)
        return _table(result.tables[name], next(table_numbers), is_open=not below_picture)

    views: list[SectionView] = []
    for section in result.sections:
        pictures: list[PictureView] = []
        for name in section.pictures:
            chart = draw(name, result)
            picture = PICTURES[name]
            is_new = picture.table in result.tables and picture.table not in shown
            pictures.append(
                PictureView(
                    label=next(picture_numbers) if chart is not None else "",
                    title=picture.title,
                    caption=picture.caption,
                    drawing=to_svg(chart) if chart is not None else None,
                    words=picture.alt_text(result) if chart is not None else "",
                    table_name=picture.table,
                    table=show(picture.table, below_picture=True) if is_new else None,
                )
            )
        here = [name for name in section.tables if name in result.tables and name not in shown]
        views.append(
            SectionView(
                anchor=f"section-{len(views) + 1}",
                title=section.title,
                paragraphs=section.paragraphs,
                pictures=tuple(pictures),
                tables=tuple(show(name, below_picture=False) for name in here),
                absent=tuple(name for name in section.tables if name not in result.tables),
            )
        )
    rest = [name for name in result.tables if name not in shown]
    if rest:
        views.append(
            SectionView(
                anchor=f"section-{len(views) + 1}",
                title="Further tables",
                paragraphs=(),
                pictures=(),
                tables=tuple(show(name, below_picture=True) for name in rest),
                absent=(),
            )
        )
    return tuple(views)


def _table(table: Table, label: str, *, is_open: bool) -> TableView:
    frame = table.frame
    rows = tuple(
        tuple(cell(value, column) for column, value in zip(frame.columns, row, strict=True))
        for row in frame.head(MOST_ROWS).rows()
    )
    numeric = {name for name, kind in frame.schema.items() if kind.is_numeric()}
    return TableView(
        name=table.name,
        label=label,
        title=table.title,
        note=table.note,
        headings=tuple(
            Cell(shortened(heading(name), 60), "number" if name in numeric else "text")
            for name in frame.columns
        ),
        rows=rows,
        total=frame.height,
        is_open=is_open and frame.height <= OPEN_ROWS,
        file=f"tables/{table.name}.csv",
    )
