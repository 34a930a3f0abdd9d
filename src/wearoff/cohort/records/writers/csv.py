"""A cohort as a folder of CSV files with their data dictionary, which reads back as the same cohort.

Texts that a spreadsheet would compute get an apostrophe in front; `cohort.toml` says so, and the reader
takes it off again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import Column, load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, DICTIONARY_FILE
from wearoff.cohort.records.guard import TEXT_KINDS, guarded
from wearoff.cohort.records.writers.files import put_files
from wearoff.cohort.records.writers.texts import WrittenTable, number_text, present_tables

__all__ = ["about_file", "csv_bytes", "csv_files", "dictionary_csv", "write_csv"]


def write_csv(cohort: Cohort, folder: Path) -> tuple[Path, ...]:
    """Write the accepted rows of a cohort as CSV files.

    Args:
        cohort: the cohort.
        folder: a new or empty folder.

    Returns:
        The paths of the files.

    Raises:
        InputError: the folder holds something or cannot be written.
    """
    return put_files(folder, csv_files(cohort))


def csv_files(cohort: Cohort) -> dict[str, bytes]:
    """The CSV files of a cohort by name: the tables that it has, `dictionary.csv` and `cohort.toml`."""
    tables = present_tables(cohort)
    files = {table.table.file: csv_bytes(list(table.cells), _rows(table)) for table in tables}
    further = [(table.table.name, table.columns.values()) for table in tables]
    return files | {
        DICTIONARY_FILE: dictionary_csv(further),
        ABOUT_FILE: about_file(cohort, formulas_guarded="true"),
    }


def about_file(cohort: Cohort, **further: str) -> bytes:
    """What a cohort says of itself, as TOML; further settings are given as they are to stand in it."""
    lines = [] if cohort.label is None else [f"label = {json.dumps(cohort.label, ensure_ascii=False)}"]
    lines += [
        f"simulated = {'true' if cohort.is_simulated else 'false'}",
        f'timezone = "{cohort.timezone}"',
        *(f"{name} = {value}" for name, value in further.items()),
    ]
    return ("\n".join(lines) + "\n").encode()


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file in UTF-8, quotes only where they are needed, lines ended as spreadsheets end them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def dictionary_csv(tables: Iterable[tuple[str, Iterable[Column]]] | None = None) -> bytes:
    """The data dictionary as a table: one row for each column.

    Args:
        tables: name and columns of each table; None for every table and column of the dictionary.
    """
    if tables is None:
        tables = [(table.name, table.columns) for table in load_dictionary().tables]
    header = ("table", "column", "type", "needed", "unit", "min", "max", "codes", "meaning")
    rows = [_described(name, column) for name, columns in tables for column in columns]
    return csv_bytes(header, rows)


def _rows(table: WrittenTable) -> Iterable[Sequence[str]]:
    columns = [[_cell(text, table.columns[name]) for text in cells] for name, cells in table.cells.items()]
    return zip(*columns, strict=True)


def _cell(text: str | None, column: Column) -> str:
    if text is None:
        return ""
    return guarded(text) if column.kind in TEXT_KINDS else text


def _described(table: str, column: Column) -> tuple[str, ...]:
    needed = "filled" if column.is_filled else "required" if column.is_required else ""
    limits = [_limit(column.minimum), _limit(column.maximum)]
    codes = " ".join(column.codes)
    return (table, column.name, column.kind, needed, column.unit or "", *limits, codes, column.about)


def _limit(limit: float | str | None) -> str:
    if isinstance(limit, int | float):
        return number_text(float(limit))
    return "" if limit is None else "year of the data"
