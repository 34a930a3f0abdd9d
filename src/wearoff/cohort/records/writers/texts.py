"""The cells of a cohort as the text that its own reader takes for the very same values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl

from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import MISSING_SUFFIX, Column, Table, load_dictionary
from wearoff.cohort.records.schemas import companions_of

__all__ = ["WrittenTable", "number_text", "present_tables", "text_of_table"]


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A table as text.

    Attributes:
        table: its description.
        columns: description of each column, by its name, in the order of the file; reasons for absences
            are columns of kind `code`.
        cells: text of each cell by column; None where there is no value.
        height: number of rows.
    """

    table: Table
    columns: dict[str, Column]
    cells: dict[str, list[str | None]]
    height: int

    def rows(self) -> list[dict[str, str]]:
        """Each row with the cells that hold something."""
        names = list(self.cells)
        return [
            {name: text for name, text in zip(names, row, strict=True) if text is not None}
            for row in zip(*self.cells.values(), strict=True)
        ]


def present_tables(cohort: Cohort) -> list[WrittenTable]:
    """Every table whose file was there, in the order of the dictionary."""
    return [
        text_of_table(cohort, table) for table in load_dictionary().tables if table.name in cohort.present
    ]


def text_of_table(cohort: Cohort, table: Table) -> WrittenTable:
    """One table of a cohort as text.

    Args:
        cohort: the accepted rows.
        table: which of its tables.

    Returns:
        Every column in memory but the row numbers and the flags of times; a reason for an absence only
        where one is given.
    """
    frame, zone = cohort.tables[table.name], ZoneInfo(cohort.timezone)
    flags = {column.flag for column in table.fixed if column.flag is not None}
    always = set(companions_of(table))
    columns: dict[str, Column] = {}
    cells: dict[str, list[str | None]] = {}
    for name in frame.columns:
        if name == "row" or name in flags:
            continue
        if name in always and frame[name].null_count() == frame.height:
            continue
        column = _description(table, name, frame)
        columns[name] = column
        if column.kind == "time" and column.flag is not None:
            pairs = zip(frame[name].to_list(), frame[column.flag].to_list(), strict=True)
            cells[name] = [_time_text(moment, is_date_only, zone) for moment, is_date_only in pairs]
        else:
            cells[name] = _each(frame[name], _WRITTEN_AS.get(column.kind, str))
    return WrittenTable(table, columns, cells, frame.height)


def number_text(value: float) -> str:
    """The shortest decimal of a number, without an exponent.

    Example:
        >>> number_text(2.0), number_text(1e-07), number_text(-0.4)
        ('2', '0.0000001', '-0.4')
    """
    text = f"{Decimal(repr(value)):f}"
    return re.sub(r"\.0+$", "", text)


_WRITTEN_AS: dict[str, Callable[..., str]] = {"number": number_text, "date": dt.date.isoformat}


def _description(table: Table, name: str, frame: pl.DataFrame) -> Column:
    base = name.removesuffix(MISSING_SUFFIX)
    if base != name and base in frame.columns:
        return Column(name=name, kind="code", about=f"Why {base} has no value.")
    return table.column(name) or Column(name=name, kind="text", about="Kept as it was written.")


def _each(series: pl.Series, write: Callable[..., str]) -> list[str | None]:
    """Every value as text, each distinct one written once."""
    written = {value: write(value) for value in series.unique().to_list() if value is not None}
    return [None if value is None else written[value] for value in series.to_list()]


def _time_text(moment: dt.datetime | None, is_date_only: bool | None, zone: ZoneInfo) -> str | None:
    if moment is None:
        return None
    local = moment.astimezone(zone)
    return local.date().isoformat() if is_date_only else local.isoformat(timespec="seconds")
