"""What the pages share: views of tables and pictures, a template that escapes every text, and the style sheet.

Only our own style sheet, the drawn pictures and DOI links are passed as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from wearoff.report.figures import Cell, shortened, with_links

DISCLAIMER: Final = (
    "Decision support for research and discussion. Not a medical device and not a dose recommendation."
)
TEMPLATES: Final = files("wearoff.report") / "templates"


@dataclass(frozen=True, slots=True)
class TableView:
    """A table as the page shows it: at most `MOST_ROWS` rows of cells, and in which file all are."""

    name: str
    label: str
    title: str
    note: str
    headings: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    is_open: bool
    file: str = ""

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
    """A picture as a page shows it: its SVG, None when there was nothing to draw, and the same in words."""

    label: str
    title: str
    caption: str
    drawing: str | None
    words: str
    table_name: str
    table: TableView | None

    @property
    def svg(self) -> Markup | None:
        """The picture as markup for an HTML page."""
        if self.drawing is None:
            return None
        return embedded(self.drawing, self.words, f"{self.label}-".replace(" ", ""))


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section as a page shows it: paragraphs, formulae, pictures, tables, lists, then its parts."""

    anchor: str
    title: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[PictureView, ...] = ()
    tables: tuple[TableView, ...] = ()
    absent: tuple[str, ...] = ()
    formulae: tuple[tuple[str, str], ...] = ()
    items: tuple[tuple[str, str], ...] = ()
    parts: tuple[SectionView, ...] = ()


def fill(template: str, **values: Any) -> str:
    """A template of this package with every value escaped; one that it does not know is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wearoff.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["with_links"] = with_links
    environment.filters["shortened"] = shortened
    style = (TEMPLATES / "style.css").read_text("utf-8")
    page = environment.get_template(template).render(
        **values,
        disclaimer=DISCLAIMER,
        style=Markup(style),  # noqa: S704  our own file
    )
    return page if page.endswith("\n") else page + "\n"


def numbers(word: str) -> Iterator[str]:
    """A word with 1, 2, 3 and on behind it."""
    number = 0
    while True:
        number += 1
        yield f"{word} {number}"


def embedded(svg: str, words: str, prefix: str) -> Markup:
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
