"""One page for one result: it opens from a file, without a network, a script or a second file.

Order of the page: banner, question, answer, figures, limits; then contents, sections with their
pictures and tables, and where it all came from. Every text is escaped by the template; only our own
style sheet, the drawn pictures and DOI links are passed as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import jinja2
from markupsafe import Markup, escape

from wearoff.charts import PICTURES, draw, to_svg
from wearoff.cohort.results import StudyResult, Table
from wearoff.report.figures import Cell, cell, heading, shortened, with_links

MOST_ROWS: Final = 200
OPEN_ROWS: Final = 30
DISCLAIMER: Final = (
    "Decision support for research and discussion. Not a medical device and not a dose recommendation."
)


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as the page shows it: at most `MOST_ROWS` rows of cells, and where the others are."""

    name: str
    label: str
    title: str
    note: str
    headings: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    is_open: bool

    @property
    def is_cut(self) -> bool:
        """Whether rows of the table are only in its file."""
        return len(self.rows) < self.total

    @property
    def has_missing(self) -> bool:
        """Whether a dash stands anywhere, so that the page says what it means."""
        return any(one.kind == "missing" for row in self.rows for one in row)


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture as the page shows it; `svg` is None when there was nothing to draw."""

    label: str
    title: str
    caption: str
    svg: Markup | None
    table_name: str
    table: TableView | None


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section as the page shows it."""

    anchor: str
    title: str
    paragraphs: tuple[str, ...]
    pictures: tuple[PictureView, ...]
    tables: tuple[TableView, ...]
    absent: tuple[str, ...]


def render_report(result: StudyResult) -> str:
    """The whole page of a result as HTML that stands alone.

    A table appears once: under the first picture that draws it, or else in the first section that names
    it. Tables that no section names follow in a last section, so that the page hides nothing.

    Raises:
        UnknownNameError: a section names a picture that does not exist.
    """
    loader = jinja2.PackageLoader("wearoff.report", "templates")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["with_links"] = with_links
    environment.filters["shortened"] = shortened
    style = files("wearoff.report").joinpath("templates", "style.css").read_text("utf-8")
    page = environment.get_template("study.html.j2").render(
        result=result,
        answer=result.answer,
        sections=_sections(result),
        provenance=result.provenance,
        disclaimer=DISCLAIMER,
        style=Markup(style),  # noqa: S704  our own file
    )
    return page if page.endswith("\n") else page + "\n"


def _sections(result: StudyResult) -> tuple[SectionView, ...]:
    shown: set[str] = set()
    table_numbers = _numbers("Table")
    picture_numbers = _numbers("Figure")

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
            label = next(picture_numbers) if chart is not None else ""
            svg = None
            if chart is not None:
                svg = _embedded(to_svg(chart), picture.alt_text(result), f"{label}-".replace(" ", ""))
            table = show(picture.table, below_picture=True) if is_new else None
            pictures.append(PictureView(label, picture.title, picture.caption, svg, picture.table, table))
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


def _numbers(word: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{word} {number}"


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
    )


def _embedded(svg: str, words: str, prefix: str) -> Markup:
    """The picture as markup inside the page: named for screen readers, its inner names its own.

    Namespaces are only needed when a picture is a file of its own, so they are left out here and the
    page holds no address. Identifiers get a prefix, or two pictures would share their clip paths.
    """
    opening, _, rest = svg.partition(">")
    size = " ".join(re.findall(r'(?:width|height|viewBox)="[^"]*"', opening))
    rest = re.sub(r'(<(?:clipPath|linearGradient|radialGradient) id=")', rf"\g<1>{prefix}", rest)
    rest = re.sub(r'(="url\(#)', rf"\g<1>{prefix}", rest)
    name = escape(shortened(words, 1200))
    start = f'<svg {size} role="img" aria-label="{name}">'
    return Markup(start + rest)  # noqa: S704  drawn by our renderer, which escapes all text
