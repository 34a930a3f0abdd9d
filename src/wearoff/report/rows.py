"""Tables of texts for a page, and the texts that stand in several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from wearoff.charts.patient_data import clock
from wearoff.dosing.wording import between, short
from wearoff.report.figures import NOT_KNOWN, Cell, shortened
from wearoff.report.page import TableView

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment

BANDS: Final = ("median", "half (25-75 %)", "9 in 10 (5-95 %)")
_MOST_ROWS: Final = 200
_OPEN_ROWS: Final = 20

Row = Sequence[str | None]


def table(
    label: Iterator[str],
    title: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    note: str = "",
    file: str = "",
    numbers: Sequence[str] = (),
    is_open: bool = True,
) -> TableView:
    """A table of texts; the columns named in `numbers` stand to the right, and None is not known."""
    found = [
        tuple(_cell(text, name in numbers) for text, name in zip(row, columns, strict=True)) for row in rows
    ]
    return TableView(
        name=title,
        label=next(label),
        title=title,
        note=note,
        headings=tuple(Cell(name, "number" if name in numbers else "text") for name in columns),
        rows=tuple(found[:_MOST_ROWS]),
        total=len(found),
        is_open=is_open and len(found) <= _OPEN_ROWS,
        file=file,
    )


def three(bands: Mapping[str, float]) -> tuple[str, str, str]:
    """Median, the middle half, and nine in ten."""
    return short(bands["p50"]), between(bands, "p25", "p75"), between(bands)


def when(found: Assessment, day: float, *, is_date: bool = False) -> str:
    """A day on the patient's own clock, to the minute or as a date."""
    return clock(found, day)[: 10 if is_date else 16].replace("T", " ")


def _cell(text: str | None, is_number: bool) -> Cell:
    if text is None or text == "":
        return Cell(NOT_KNOWN, "missing")
    return Cell(shortened(text), "number" if is_number else "text")
