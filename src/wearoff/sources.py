"""Where each number comes from and how well it is known.

Every figure that wearoff computes with or compares itself to stands in one table,
`evidence/published.csv`: what was found, in whom, where it was read, and a mark that says how near
to the original it was read. The functions here read that table; `Mark` and `Source` are also what a
model, a curve or a rule uses to say where its own numbers come from.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from importlib.resources import files

from wearoff.errors import UnknownNameError


class Mark(StrEnum):
    """How well a number is known; it is shown beside the number wherever that appears."""

    MEASURED = "measured"
    """Read in a publication, in its abstract or tables, or in the product information."""
    SECONDARY = "secondary"
    """Read in somebody's account of it: a quotation, a summary, a model file, a news report."""
    DERIVED = "derived"
    """Computed here from published figures; a test repeats the computation."""
    ASSUMED = "assumed"
    """Without a source: a scenario, which is varied over a range."""


@dataclass(frozen=True, slots=True)
class Source:
    """The place a number was taken from, short enough to stand beside it.

    Attributes:
        text: author and year, or the name of the document.
        doi: digital object identifier without any prefix, where there is one.
        where: table, section or abstract; also what stood between the reader and the original.
    """

    text: str
    doi: str | None = None
    where: str | None = None

    @property
    def link(self) -> str | None:
        """The DOI as a link, or None."""
        return None if self.doi is None else f"https://doi.org/{self.doi}"

    @property
    def citation(self) -> str:
        """One line: who, where in it, and the link."""
        return ", ".join(part for part in (self.text, self.where, self.link) if part)


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One figure from the literature with everything needed to judge it.

    Attributes:
        id: stable name of the row, such as `P001`.
        topic: exposure, occupancy, wearing_off, activity, neda, interval, immune, pml or safety.
        study: author and year, or the name of the trial, cohort or document.
        quantity: what was measured or estimated.
        group: who was measured, or which arm.
        regimen: dose, route and interval, where they matter.
        value: the figure as text: a number, a bound such as `<0.07`, a range such as `33-38`, or,
            where `unit` is `text`, words.
        n: number of people (or of studies, for a pooled result) behind it.
        spread: interval, standard deviation, share or remark that belongs to the value.
        spread_kind: ci95, range, iqr, sd, share, p_value or note; empty without a spread.
        unit: unit of the value; `text` for a finding in words.
        doi: digital object identifier, empty where none is known.
        where_in_source: where it was read.
        mark: how well it is known.
    """

    id: str
    topic: str
    study: str
    quantity: str
    group: str
    regimen: str
    value: str
    n: int | None
    spread: str
    spread_kind: str
    unit: str
    doi: str
    where_in_source: str
    mark: Mark

    @property
    def number(self) -> float | None:
        """The value as a number; None for a bound, a range or words."""
        try:
            return float(self.value)
        except ValueError:
            return None

    @property
    def source(self) -> Source:
        """Where the figure was read."""
        return Source(self.study, self.doi or None, self.where_in_source or None)

    @property
    def citation(self) -> str:
        """One line that names the study, the place in it, and the DOI as a link."""
        return self.source.citation

    @property
    def statement(self) -> str:
        """The value with its unit and spread, as it may be printed."""
        value = self.value if self.unit in {"text", "1"} else f"{self.value} {self.unit}"
        if not self.spread:
            return value
        words = {"ci95": "95 % CI ", "iqr": "IQR ", "sd": "SD ", "range": "range "}
        return f"{value} ({words.get(self.spread_kind, '')}{self.spread})"


@cache
def evidence() -> tuple[PublishedFigure, ...]:
    """Every figure of the package's evidence table, in the order of the file."""
    table = files("wearoff").joinpath("evidence", "published.csv")
    lines = table.read_text(encoding="utf-8").splitlines()
    return tuple(_figure(row) for row in csv.DictReader(lines))


def figure(id: str) -> PublishedFigure:  # noqa: A002 - the word printed on the table
    """The figure with this id.

    Raises:
        UnknownNameError: no row of the table has the id.

    Example:
        >>> figure("P001").number
        0.164
    """
    for entry in evidence():
        if entry.id == id:
            return entry
    raise UnknownNameError("published figure", id, (entry.id for entry in evidence()))


def find(words: str) -> tuple[PublishedFigure, ...]:
    """The figures in whose row every one of the words occurs, in any column and any case.

    Args:
        words: words separated by spaces; without any word, the whole table is returned.

    Example:
        >>> [entry.id for entry in find("bringeland regular")]
        ['P144', 'W002', 'W006', 'W007', 'W008', 'W009']
    """
    wanted = words.casefold().split()
    return tuple(entry for entry in evidence() if all(word in _row_text(entry) for word in wanted))


def _row_text(entry: PublishedFigure) -> str:
    cells = (getattr(entry, field.name) for field in fields(entry))
    return " ".join(str(cell) for cell in cells if cell is not None).casefold()


def _figure(row: dict[str, str]) -> PublishedFigure:
    return PublishedFigure(
        id=row["id"],
        topic=row["topic"],
        study=row["study"],
        quantity=row["quantity"],
        group=row["group"],
        regimen=row["regimen"],
        value=row["value"],
        n=int(row["n"]) if row["n"] else None,
        spread=row["spread"],
        spread_kind=row["spread_kind"],
        unit=row["unit"],
        doi=row["doi"],
        where_in_source=row["where_in_source"],
        mark=Mark(row["mark"]),
    )
