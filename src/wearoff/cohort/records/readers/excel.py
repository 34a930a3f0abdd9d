"""An Excel workbook with one sheet for each table, named after it, the header in its first row.

A cell is taken for what it holds and not for what it shows. Where the two differ so that a person would
read another value, the row is refused: a percent format, an identifier shown by a format, digits that the
workbook has lost. Dates come out as dates and numbers in all their digits; a formula counts with the value
that was last computed. Macros and links are never run or followed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from wearoff.cohort.records.assemble import Found
from wearoff.cohort.records.csv_text import BLANKS
from wearoff.cohort.records.dictionary import Column, Table, load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, read_about
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.sheet import CellFault, Sheet, sheet_of
from wearoff.cohort.records.writers.texts import number_text
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["find_in_excel"]

_LARGEST_UNPACKED: Final = 2 * 2**30  # bytes; a million rows of the widest table take a tenth of it
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
_LOST_DIGITS: Final = 10**15  # a workbook keeps 15 digits of a number
_SHOWN_AS_IT_IS: Final = frozenset({"General", "@", "0", "#"})
_KINDS_OF_TEXT: Final = frozenset({"identifier", "word", "text", "code"})
_SAVE: Final = "open it in a spreadsheet and save it as .xlsx again"


@dataclass(frozen=True, slots=True)
class _Places:
    """The cell of a row in a sheet, by the letter of its column."""

    title: str
    letters: Mapping[str, str]

    def __call__(self, row: int, column: str | None) -> str:
        cell = self.letters.get(column or "")
        return f"sheet {self.title}, cell {cell}{row}" if cell else f"sheet {self.title}, row {row}"


def find_in_excel(files: Mapping[str, bytes]) -> Found:
    """The tables of a workbook.

    Args:
        files: one workbook by its name, and perhaps `cohort.toml`.

    Raises:
        InputError: with every fault that makes the workbook or one of its sheets unusable.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    about = read_about(files.get(ABOUT_FILE), problems, notes)
    books = {name: content for name, content in files.items() if name != ABOUT_FILE}
    if len(books) != 1:
        raise InputError([*problems, Problem(f"give one workbook, not {len(books)} files.")])
    ((name, content),) = books.items()
    values, formulas = _opened(name, content, notes)
    sheets: dict[str, Sheet] = {}
    for worksheet in values.worksheets:
        try:
            table = _table_of(name, worksheet, notes)
            if table is None:
                continue
            if table.name in sheets:
                reason = "a second sheet holds this table; keep one."
                raise InputError(Problem(reason, file=name, table=f"sheet {worksheet.title}"))
            origin = _origin(name, content, worksheet)
            sheets[table.name] = _sheet(table, origin, worksheet, formulas[worksheet.title], notes)
        except InputError as error:
            problems += error.problems
    if not sheets and not problems:
        expected = ", ".join(table.name for table in load_dictionary().tables)
        problems.append(Problem(f"no sheet bears the name of a table ({expected}).", file=name))
    if problems:
        raise InputError(problems)
    return Found(
        tuple(sheets.values()),
        tuple(notes),
        label=about.label,
        is_simulated=about.is_simulated,
        timezone=about.timezone,
    )


def _opened(name: str, content: bytes, notes: list[str]) -> tuple[Workbook, Workbook]:
    """The workbook with the values last computed, and with its formulas."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            if sum(entry.file_size for entry in entries) > _LARGEST_UNPACKED:
                raise InputError(
                    Problem("the workbook unpacks to more than 2 GiB; use CSV files.", file=name)
                )
            has_formulas = any(_holds_formula(packed, entry) for entry in entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        reason = f"the workbook is damaged ({error}); {_SAVE}."
        raise InputError(Problem(reason, file=name)) from None
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise InputError(Problem(f"this is no Excel workbook; {_SAVE}.", file=name))
    if "xl/vbaProject.bin" in names:
        notes.append(f"{name}: the workbook holds macros, which were not run")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of charts and formats, which hold no values
            values = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
            if not has_formulas:
                return values, values
            return values, openpyxl.load_workbook(io.BytesIO(content), data_only=False, keep_links=False)
    except Exception as error:  # noqa: BLE001 - a damaged part makes the library raise whatever it meets
        reason = f"the workbook is damaged ({type(error).__name__}); {_SAVE}."
        raise InputError(Problem(reason, file=name)) from None


def _holds_formula(packed: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Whether a part of the workbook is a sheet with a formula in it."""
    if not entry.filename.startswith("xl/worksheets/"):
        return False
    before = b""
    with packed.open(entry) as part:
        while chunk := part.read(1 << 20):
            if _FORMULA.search(before + chunk):
                return True
            before = chunk[-16:]
    return False


def _table_of(name: str, worksheet: Worksheet, notes: list[str]) -> Table | None:
    tables = {table.name: table for table in load_dictionary().tables}
    title = worksheet.title.strip().lower()
    table = tables.get(title)
    if worksheet.sheet_state != "visible":
        if table is None:
            notes.append(f"{name}: the hidden sheet {worksheet.title} was not read")
            return None
        reason = "the sheet is hidden, so nobody sees what would be read; show it, or rename it."
        raise InputError(Problem(reason, file=name, table=f"sheet {worksheet.title}"))
    if table is None:
        close = get_close_matches(title.replace(" ", "_"), tables, n=1, cutoff=0.75)
        hint = f"; if it is a table, name it {close[0]}" if close else ""
        notes.append(f"{name}: the sheet {worksheet.title} was not read{hint}")
    return table


def _origin(name: str, content: bytes, worksheet: Worksheet) -> Origin:
    from openpyxl.utils import get_column_letter

    title = worksheet.title
    letters = {
        str(cell.value).strip(BLANKS): get_column_letter(cell.column)
        for (row, _), cell in sorted(worksheet._cells.items())
        if row == 1 and cell.value is not None
    }
    return Origin(name, sha256(content).hexdigest(), part=f"sheet {title}", where=_Places(title, letters))


def _sheet(
    table: Table, origin: Origin, worksheet: Worksheet, formulas: Worksheet, notes: list[str]
) -> Sheet:
    """The cells of one worksheet as text; only the cells that exist are looked at."""
    by_row: dict[int, dict[int, Any]] = {}
    for (row, place), cell in worksheet._cells.items():
        by_row.setdefault(row, {})[place] = cell
    computed = {place for place, cell in formulas._cells.items() if cell.data_type == "f"}
    head = by_row.pop(1, {})
    width = max((place for place, cell in head.items() if cell.value is not None), default=0)
    if not width:
        reason = "the first row is empty; the header belongs there."
        raise InputError(Problem(reason, file=origin.file, row=1, table=origin.part))
    header = [_plain(head.get(place)) for place in range(1, width + 1)]
    columns = {place: table.column(name.strip(BLANKS)) for place, name in enumerate(header, start=1)}
    merged = _merged(worksheet)
    faults: list[CellFault] = []
    records = []
    for row, cells in sorted(by_row.items()):
        texts = []
        found = len(faults)
        for place in range(1, width + 1):
            text, why = _text(cells.get(place), columns[place], (row, place) in computed)
            if why is not None:
                faults.append(CellFault(row, header[place - 1].strip(BLANKS) or None, why))
            texts.append(text)
        beyond = [cell for place, cell in sorted(cells.items()) if place > width and _plain(cell)]
        if beyond:
            reason = (
                f"cell {beyond[0].coordinate} holds something, but its column has no name; name or clear it."
            )
            faults.append(CellFault(row, None, reason))
        if row in merged and any(texts):
            merger = "cells of this row are merged, so that one value stands for several; take them apart."
            faults.append(CellFault(row, None, merger))
        if len(faults) > found or any(text.strip(BLANKS) for text in texts):
            records.append((row, texts))
    if count := sum(row > 1 for row, _ in computed):
        notes.append(
            f"{origin.file}, {origin.part}: {count} cells are formulas; the values that were last computed "
            "were read"
        )
    return sheet_of(table, origin, header, records, faults=faults)


def _merged(worksheet: Worksheet) -> set[int]:
    """The rows below the header that a merged cell touches."""
    spans = [(area.min_row, area.max_row) for area in worksheet.merged_cells.ranges]
    rows: set[int] = set()
    for first, last in spans:
        rows.update(range(max(first, 2), min(last, 1_048_576) + 1))
    return rows


def _text(cell: Any, column: Column | None, is_formula: bool) -> tuple[str, str | None]:
    """The text of a cell, and the reason why it cannot be trusted."""
    value = None if cell is None else cell.value
    if value is None:
        if is_formula:
            return "", "the formula has no computed value; open the workbook in a spreadsheet and save it."
        return "", None
    if cell.data_type == "e":
        return str(value), f"the cell holds the error {value}; correct it or leave it empty."
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, str(cell.number_format), column)
    return _plain(cell), None


def _number(value: float, shown_by: str, column: Column | None) -> tuple[str, str | None]:
    text = str(value) if isinstance(value, int) else number_text(value)
    if "%" in shown_by:
        return (
            text,
            f"the cell shows a percentage and holds {text}; write the number without a percent format.",
        )
    if column is not None and column.kind in _KINDS_OF_TEXT:
        if abs(value) >= _LOST_DIGITS:
            return text, "a number of more than 15 digits has lost some; store it as text."
        if shown_by not in _SHOWN_AS_IT_IS:
            reason = f"the cell holds the number {text}, shown by the format {shown_by}; store it as text."
            return text, reason
    return text, None


def _plain(cell: Any) -> str:
    """What a cell holds, as it would stand in a CSV file."""
    value = None if cell is None else cell.value
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case dt.datetime():
            rounded = _rounded(value)
            is_day = rounded.time() == dt.time(0)
            return rounded.date().isoformat() if is_day else rounded.isoformat()
        case float():
            return number_text(value)
        case _:
            return str(value)


def _rounded(moment: dt.datetime) -> dt.datetime:
    """To the second, where it is one but for the rounding of the workbook, which counts days."""
    nearest = (moment + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return nearest if abs(nearest - moment) < dt.timedelta(milliseconds=10) else moment
