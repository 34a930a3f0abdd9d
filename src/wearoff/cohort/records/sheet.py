"""One table as the text of its cells, from wherever it came, or every reason why there is none.

Every reader ends here, so that all formats pass the same checks behind it. A fault of the whole table,
such as a wrong encoding, a missing column or an unterminated quote, leaves no row that could be trusted,
so it stops the reading. Rows are numbered as a spreadsheet shows them: the header is row 1. Texts are
handed on as they stand; what they mean is for `cells`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256

import polars as pl

from wearoff.cohort.records.csv_text import BLANKS, decoded, plain_records, records_of
from wearoff.cohort.records.dictionary import MISSING_SUFFIX, Column, Table
from wearoff.cohort.records.guard import TEXT_KINDS, unguarded
from wearoff.cohort.records.origin import Origin, fault_at, problem_at
from wearoff.errors import InputError

__all__ = ["CellFault", "Ragged", "Sheet", "read_sheet", "sheet_of"]


# Names kept beyond the dictionary become names of columns in memory, where signs have meanings.
_NAME = re.compile(r"\w[\w .%()/-]{0,63}")


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
    if (plain := plain_records(content)) is not None:
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


def _check_header(table: Table, origin: Origin, header: tuple[str, ...]) -> None:
    problems = []
    expected = ", ".join(column.name for column in table.columns)
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        mark = next(mark for mark in ";\t|" if mark in header[0])
        name = {";": "semicolons", "\t": "tabs", "|": "bars"}[mark]
        raise fault_at(
            origin,
            f"the columns are separated by {name}; save it with commas between the columns and "
            "points in the numbers.",
            row=1,
        )
    if not any(table.column(name) for name in header):
        close = _near(table, header)
        if not close:
            raise fault_at(
                origin,
                "there is no header: the first row holds none of the columns of this table "
                f"({expected}); add it.",
                row=1,
            )
    problems += [
        problem_at(
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
            problems.append(problem_at(origin, reason, row=1, column=name))
    if table.at_least_one and not set(table.at_least_one) & set(header):
        names = ", ".join(table.at_least_one)
        problems.append(problem_at(origin, f"one of the columns {names} is required; add one.", row=1))
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
