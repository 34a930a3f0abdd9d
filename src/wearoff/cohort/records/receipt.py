"""What became of every row: read, accepted or refused, and what was assumed on the way.

A receipt is what makes a missing row visible. For each file, the rows read are the rows accepted plus
the rows refused, and each refusal has its place and its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

__all__ = ["FileCount", "NotUsed", "Receipt", "Refusal", "SourceCount", "make_receipt"]

_FILES = {
    "table": pl.String,
    "file": pl.String,
    "sha256": pl.String,
    "read": pl.Int64,
    "accepted": pl.Int64,
    "refused": pl.Int64,
    "columns_not_read": pl.String,
}
_REFUSALS = {
    "table": pl.String,
    "file": pl.String,
    "row": pl.Int64,
    "column": pl.String,
    "patient_id": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "loses_information": pl.Boolean,
    "place": pl.String,
}
_SOURCES = {"file": pl.String, "records": pl.Int64, "used": pl.Int64, "not_used": pl.Int64}
_NOT_USED = {
    "file": pl.String,
    "what": pl.String,
    "records": pl.Int64,
    "first": pl.String,
    "reason": pl.String,
}
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a row was refused; a row may have several.

    Attributes:
        table: name of the table.
        file: name of the file.
        row: row in the file; the header is row 1.
        column: the column at fault, None where it is the row.
        patient_id: the patient, None where none could be read.
        value: the text that was found, None where it is the row.
        reason: what is wrong and what to do.
        loses_information: whether the row said something that no accepted row says.
        place: the place in a file that has no such rows, such as a path in JSON or the cell of a sheet.
    """

    table: str
    file: str
    row: int
    column: str | None
    patient_id: str | None
    value: str | None
    reason: str
    loses_information: bool = True
    place: str | None = None


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many records of a source became rows of tables, where one record is not simply one row.

    Attributes:
        file: name of the file.
        records: its rows, lines or resources.
        used: those from which a row was made, accepted or refused.
        not_used: the others, each of which is counted under a `NotUsed`.
    """

    file: str
    records: int
    used: int
    not_used: int


@dataclass(frozen=True, slots=True)
class NotUsed:
    """Records of a source that have no place in the tables, listed and not dropped in silence.

    Attributes:
        file: name of the file.
        what: what they are, such as a coding or the name of an instrument.
        records: how many of them there are.
        first: where the first one is.
        reason: why they were not used, and what to do if they should be.
    """

    file: str
    what: str
    records: int
    first: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileCount:
    """What became of the rows of one file.

    Attributes:
        table: name of the table.
        file: name of the file.
        sha256: digest of its bytes.
        read: records below the header.
        accepted: records that stand in the table in memory.
        refused: records that were refused.
        columns_not_read: names in the header that mean nothing to wearoff.
    """

    table: str
    file: str
    sha256: str
    read: int
    accepted: int
    refused: int
    columns_not_read: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Receipt:
    """What was read, accepted, refused and assumed.

    Attributes:
        files: table, file, sha256, read, accepted, refused, columns_not_read (one text).
        refusals: table, file, row, column, patient_id, value, reason, loses_information, place.
        notes: assumptions and conversions, and what lies in the folder and was not read.
        sources: file, records, used, not_used; empty where a record is a row.
        not_used: file, what, records, first, reason; the records of the sources that became no row.
    """

    files: pl.DataFrame
    refusals: pl.DataFrame
    notes: tuple[str, ...]
    sources: pl.DataFrame
    not_used: pl.DataFrame

    @property
    def is_balanced(self) -> bool:
        """Whether every record and row is accounted for, once each, and what was refused or left is listed."""
        left = dict(self.not_used.group_by("file").agg(pl.col("records").sum()).iter_rows())
        for file, records, used, not_used in self.sources.iter_rows():
            if records != used + not_used or not_used != left.get(file, 0):
                return False
        listed: dict[str, set[int]] = {}
        for table, row in self.refusals.select("table", "row").iter_rows():
            listed.setdefault(table, set()).add(row)
        counts = self.files.select("table", "read", "accepted", "refused").iter_rows()
        return (
            all(
                read == accepted + refused and refused == len(listed.pop(table, ()))
                for table, read, accepted, refused in counts
            )
            and not listed
        )

    def __str__(self) -> str:
        """Each file's counts, then each refusal with its place, as lines."""
        lines = [
            f"{file['file']}{_of(file)}: {file['read']} rows read, {file['accepted']} accepted, "
            f"{file['refused']} refused"
            for file in self.files.iter_rows(named=True)
        ]
        for refusal in self.refusals.iter_rows(named=True):
            place = [refusal["file"], refusal["place"] or f"row {refusal['row']}"]
            if refusal["column"] is not None:
                place.append(f"column {refusal['column']}")
            if refusal["patient_id"] is not None:
                place.append(f"patient {refusal['patient_id']}")
            lines.append(f"{', '.join(place)}: {refusal['reason']}")
        lines += [
            f"{left['file']}, {left['what']}: {left['records']} not used, the first at {left['first']}: "
            f"{left['reason']}"
            for left in self.not_used.iter_rows(named=True)
        ]
        return "\n".join((*lines, *self.notes))


def make_receipt(
    files: Iterable[FileCount],
    refusals: Iterable[Refusal],
    notes: Iterable[str],
    sources: Iterable[SourceCount] = (),
    not_used: Iterable[NotUsed] = (),
) -> Receipt:
    """A receipt from its parts.

    Args:
        files: what became of each file's rows.
        refusals: every reason, in the order in which they are to be listed.
        notes: assumptions and conversions.
        sources: how many records of each source became rows.
        not_used: the records that did not.

    Returns:
        The receipt; a value longer than 120 characters is shortened in it.
    """
    counts = list(files)
    faults = list(refusals)
    file_columns = {
        name: [getattr(count, name) for count in counts] for name in _FILES if name[:7] != "columns"
    }
    file_columns["columns_not_read"] = [", ".join(count.columns_not_read) for count in counts]
    fault_columns = {name: [getattr(fault, name) for fault in faults] for name in _REFUSALS}
    fault_columns["value"] = [_shortened(fault.value) for fault in faults]
    return Receipt(
        files=pl.DataFrame(file_columns, schema=_FILES),
        refusals=pl.DataFrame(fault_columns, schema=_REFUSALS),
        notes=tuple(notes),
        sources=_frame(sources, _SOURCES),
        not_used=_frame(not_used, _NOT_USED),
    )


def _frame(values: Iterable[object], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    listed = list(values)
    return pl.DataFrame({name: [getattr(one, name) for one in listed] for name in schema}, schema=schema)


def _of(file: Mapping[str, Any]) -> str:
    """The table, where the file does not bear its name."""
    return "" if file["file"] == f"{file['table']}.csv" else f", table {file['table']}"


def _shortened(value: str | None) -> str | None:
    if value is None or len(value) <= _LONGEST_VALUE:
        return value
    return value[: _LONGEST_VALUE - 1] + "…"
