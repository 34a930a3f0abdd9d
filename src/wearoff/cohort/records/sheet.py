"""One table as the text of its cells, from wherever it came, or every reason why there is none.

Every reader ends here, so that all formats pass the same checks behind it. A fault of the whole table,
such as a wrong encoding, a missing column or an unterminated quote, leaves no row that could be trusted,
so it stops the reading. Rows are numbered as a spreadsheet shows them: the header is row 1. Texts are
handed on as they stand; what they mean is for `cells`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256

import numpy as np
import polars as pl

from wearoff.cohort.records.dictionary import MISSING_SUFFIX, Column, Table
from wearoff.cohort.records.guard import TEXT_KINDS, unguarded
from wearoff.errors import InputError, Problem

__all__ = [
    "BLANKS",
    "CellFault",
    "Origin",
    "Ragged",
    "Sheet",
    "decoded",
    "read_sheet",
    "records_of",
    "sheet_of",
]

BLANKS = " \t\u00a0"

# Names kept beyond the dictionary become names of columns in memory, where signs have meanings.
_NAME = re.compile(r"\w[\w .%()/-]{0,63}")
_AS_UTF8 = "save it as CSV UTF-8 (comma separated)"


@dataclass(frozen=True, slots=True)
class Ragged:
    """A record that is blank, or has not the right number of fields: no cell of it can be trusted.

    Attributes:
        row: its row in the file.
        first: text of its first field.
        fields: how many fields it has.
        is_blank: whether none of them holds anything.
    """

    row: int
    first: str
    fields: int
    is_blank: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of a table stand in what the user gave.

    Attributes:
        file: name of the file, as the user knows it.
        sha256: digest of its bytes.
        part: the part of the file that holds the table, such as `sheet visit`; None where it is the file.
        where: the place of a row, or of a cell of it, in words that find it in a file without such rows,
            such as `sheet visit, cell D7`; None where row and column say it.
    """

    file: str
    sha256: str
    part: str | None = None
    where: Callable[[int, str | None], str | None] | None = None

    @property
    def name(self) -> str:
        """The file, and the part of it."""
        return self.file if self.part is None else f"{self.file}, {self.part}"


@dataclass(frozen=True, slots=True)
class CellFault:
    """A row that a reader could not turn into text faithfully: its row, the column, and the reason."""

    row: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of one table as text.

    Attributes:
        table: the table that the file holds.
        origin: where it stands.
        header: the names in its first row, outer blanks removed.
        rows: row in the file of each whole record.
        cells: text of each column that is read, one for each of `rows`.
        ragged: the records that are not whole.
        columns: description of each column that is read, companions left out.
        companions: columns with the reason for an absence, and the column that each belongs to.
        not_read: names in the header that are not read.
        faults: what the reader itself found wrong with single rows.
    """

    table: Table
    origin: Origin
    header: tuple[str, ...]
    rows: Sequence[int]
    cells: dict[str, pl.Series]
    ragged: tuple[Ragged, ...]
    columns: tuple[Column, ...]
    companions: dict[str, str]
    not_read: tuple[str, ...]
    faults: tuple[CellFault, ...] = ()

    @property
    def read(self) -> int:
        """How many records the file has below its header."""
        return len(self.rows) + len(self.ragged)


def read_sheet(table: Table, content: bytes, *, is_guarded: bool = False) -> Sheet:
    """The cells of a CSV file as text.

    Args:
        table: the table that the file should hold.
        content: the bytes of the file.
        is_guarded: whether texts that a spreadsheet could take for a formula were written with an
            apostrophe in front, which is taken off again.

    Returns:
        Header, cells and row numbers.

    Raises:
        InputError: with every fault of the file as a whole.
    """
    origin = Origin(table.file, sha256(content).hexdigest())
    text = decoded(origin, content)
    if (plain := _plain_records(content)) is not None:
        header = tuple(name.strip(BLANKS) for name in plain.row(0))
        _check_header(table, origin, header)
        below = plain.slice(1)
        return _sheet(
            table, origin, header, range(2, below.height + 2), below.get_columns(), (), (), is_guarded
        )
    records = records_of(origin, text)
    rows = ((row, record) for row, record in enumerate(records[1:], start=2) if record)
    return sheet_of(table, origin, records[0], rows, is_guarded=is_guarded)


def sheet_of(
    table: Table,
    origin: Origin,
    header: Sequence[str],
    records: Iterable[tuple[int, Sequence[str]]],
    *,
    faults: Iterable[CellFault] = (),
    is_guarded: bool = False,
) -> Sheet:
    """A sheet from a header and numbered records of text.

    Args:
        table: the table that they should hold.
        origin: where they stand.
        header: the names of the columns.
        records: row and cells of each record.
        faults: what the reader found wrong with single rows.
        is_guarded: whether the apostrophe before a would-be formula is taken off again.

    Returns:
        The sheet.

    Raises:
        InputError: with every fault of the header.
    """
    header = tuple(name.strip(BLANKS) for name in header)
    _check_header(table, origin, header)
    width, faults = len(header), tuple(faults)
    faulty = {fault.row for fault in faults}
    rows: list[int] = []
    whole: list[Sequence[str]] = []
    ragged: list[Ragged] = []
    for row, record in records:
        is_blank = not "".join(record).strip(BLANKS)
        if len(record) == width and (not is_blank or row in faulty):
            rows.append(row)
            whole.append(record)
        else:
            ragged.append(Ragged(row, record[0].strip(BLANKS), len(record), is_blank))
    cells = [pl.Series([record[place] for record in whole], dtype=pl.String) for place in range(width)]
    return _sheet(table, origin, header, rows, cells, ragged, faults, is_guarded)


def _sheet(
    table: Table,
    origin: Origin,
    header: tuple[str, ...],
    rows: Sequence[int],
    cells: Sequence[pl.Series],
    ragged: Iterable[Ragged],
    faults: Iterable[CellFault],
    is_guarded: bool,
) -> Sheet:
    """A sheet from the cells of every column of the header."""
    columns, companions = _read_columns(table, header)
    wanted = [*(column.name for column in columns), *companions]
    places = {name: header.index(name) for name in wanted if name in header}
    found = {name: cells[place] for name, place in places.items()}
    if is_guarded:
        texts = {column.name for column in columns if column.kind in TEXT_KINDS}
        found = {
            name: pl.Series(unguarded(given.to_list()), dtype=pl.String) if name in texts else given
            for name, given in found.items()
        }
    return Sheet(
        table=table,
        origin=origin,
        header=header,
        rows=rows,
        cells=found,
        ragged=tuple(ragged),
        columns=columns,
        companions=companions,
        not_read=tuple(
            name or f"(column {place} without a name)"
            for place, name in enumerate(header, start=1)
            if name not in places
        ),
        faults=tuple(faults),
    )


def decoded(origin: Origin, content: bytes) -> str:
    """The text of a file in UTF-8, or an InputError that says what else it seems to be."""
    if not content:
        raise _fault(origin, "the file is empty (0 bytes); export it again.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _fault(origin, f"the file looks like UTF-16; {_AS_UTF8}.", row=1)
    if (place := content.find(b"\0")) >= 0:
        raise _fault(
            origin,
            f"there is a NUL byte at byte {place + 1}: the file is UTF-16, a spreadsheet or damaged; "
            f"{_AS_UTF8}.",
            row=_line(content, place),
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        # The decoder counts from behind the byte-order mark, in the bytes that it was given.
        offset = len(content) - len(error.object)
        raise _fault(
            origin,
            f"byte {offset + error.start + 1} (0x{byte:02X}) is not UTF-8; the file looks like "
            f"Latin-1 or Windows-1252; {_AS_UTF8}.",
            row=_line(content, offset + error.start),
        ) from None


def _plain_records(content: bytes) -> pl.DataFrame | None:
    """The records of a file without a quote in which no line is short, long or blank; None for another file.

    Such a file says the same to every reader of CSV, so the quickest may have it, the header first.
    """
    if b'"' in content:
        return None
    if b"\r" in content:
        if content.count(b"\r") != content.count(b"\r\n"):
            return None
        content = content.replace(b"\r\n", b"\n")
    body = content.removeprefix(codecs.BOM_UTF8).removesuffix(b"\n")
    signs = np.frombuffer(body, dtype=np.uint8)
    ends = np.append(np.flatnonzero(signs == ord("\n")), signs.size)
    commas = np.diff(np.searchsorted(np.flatnonzero(signs == ord(",")), ends), prepend=0)
    if commas[0] == 0 or ends.size < 2 or (commas != commas[0]).any():
        return None
    if np.diff(ends, prepend=-1).max() > csv.field_size_limit():
        return None
    # By its first bytes polars may take a text for a second byte-order mark or for something compressed.
    first = b",".join([b"-"] * (int(commas[0]) + 1)) + b"\n"
    try:
        frame = pl.read_csv(first + body, has_header=False, quote_char=None, infer_schema=False)
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (ends.size + 1, commas[0] + 1):
        return None
    frame = frame.slice(1).fill_null("")
    may_be_blank = (frame.to_series(0).str.strip_chars(BLANKS) == "").any()
    is_blank = pl.all_horizontal(pl.all().str.strip_chars(BLANKS) == "")
    return None if may_be_blank and frame.select(is_blank.any()).item() else frame


def records_of(origin: Origin, text: str) -> list[list[str]]:
    """The records of the file, the header first; a line without anything is an empty list."""
    records: list[list[str]] = []
    try:
        # `extend` keeps what was read before a fault, which is where the fault is.
        records.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        cause = str(error)
        row = len(records) + 1
        if "unexpected end of data" in cause:
            reason = 'a quote (") is opened in this row and never closed; close or remove it.'
        elif "field larger" in cause:
            reason = (
                f"a cell is longer than {csv.field_size_limit()} characters; a quote was probably "
                'opened (") and not closed.'
            )
        else:
            reason = 'text follows a closing quote ("); write a quote inside a quoted cell twice ("").'
        raise _fault(origin, reason, row=row) from None
    if not records or not any(cell.strip(BLANKS) for record in records for cell in record):
        raise _fault(origin, "the file has nothing but blanks; export it again.")
    if not any(cell.strip(BLANKS) for cell in records[0]):
        raise _fault(origin, "the first row is empty; the header belongs there.", row=1)
    return records


def _check_header(table: Table, origin: Origin, header: tuple[str, ...]) -> None:
    problems = []
    expected = ", ".join(column.name for column in table.columns)
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        mark = next(mark for mark in ";\t|" if mark in header[0])
        name = {";": "semicolons", "\t": "tabs", "|": "bars"}[mark]
        raise _fault(
            origin,
            f"the columns are separated by {name}; save it with commas between the columns and "
            "points in the numbers.",
            row=1,
        )
    if not any(table.column(name) for name in header):
        close = _near(table, header)
        if not close:
            raise _fault(
                origin,
                "there is no header: the first row holds none of the columns of this table "
                f"({expected}); add it.",
                row=1,
            )
    problems += [
        _problem(
            origin,
            f"the column name stands {count} times in the header; keep one.",
            row=1,
            column=name,
        )
        for name, count in Counter(header).items()
        if count > 1 and name
    ]
    for name in table.required:
        if name not in header:
            near = get_close_matches(name, [_plain(other) for other in header], n=1, cutoff=0.7)
            found = next((other for other in header if near and _plain(other) == near[0]), None)
            hint = f"is {found!r} meant? Then name it {name!r}." if found else "add it."
            reason = f"the required column is missing; {hint}"
            problems.append(_problem(origin, reason, row=1, column=name))
    if table.at_least_one and not set(table.at_least_one) & set(header):
        names = ", ".join(table.at_least_one)
        problems.append(_problem(origin, f"one of the columns {names} is required; add one.", row=1))
    if problems:
        raise InputError(problems)


def _read_columns(table: Table, header: tuple[str, ...]) -> tuple[tuple[Column, ...], dict[str, str]]:
    """What the file's columns are: the fixed ones, those of a pattern, others, and companions."""
    known = {column.name: column for column in table.fixed}
    companions: dict[str, str] = {}
    taken = {"row", *(column.flag for column in table.fixed if column.flag)}
    for name in header:
        if name in known or name in taken or not _NAME.fullmatch(name):
            continue
        base = name.removesuffix(MISSING_SUFFIX)
        owner = table.column(base)
        if base != name and (owner is not None or (table.keeps_others and base in header)):
            companions[name] = base
            if owner is not None:
                known.setdefault(base, owner)
        elif (column := table.column(name)) is not None:
            known[name] = column
        elif table.keeps_others:
            known[name] = Column(name=name, kind="text", about="Kept as it was written.")
    return tuple(known.values()), companions


def _near(table: Table, header: tuple[str, ...]) -> bool:
    names = [column.name for column in table.fixed]
    return any(get_close_matches(_plain(name), names, n=1, cutoff=0.7) for name in header)


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")


def _line(content: bytes, place: int) -> int:
    return len((content[:place] + b".").splitlines())


def _problem(origin: Origin, reason: str, *, row: int | None = None, column: str | None = None) -> Problem:
    return Problem(reason, file=origin.file, row=row, column=column, table=origin.part)


def _fault(origin: Origin, reason: str, *, row: int | None = None) -> InputError:
    return InputError(_problem(origin, reason, row=row))
