"""What became of every row: read, accepted or refused, and what was assumed on the way.

A receipt is what makes a missing row visible. For each file, the rows read are the rows accepted plus
the rows refused, and each refusal has its place and its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

__all__ = ["FileCount", "Receipt", "Refusal", "make_receipt"]

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
    """

    table: str
    file: str
    row: int
    column: str | None
    patient_id: str | None
    value: str | None
    reason: str
    loses_information: bool = True


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
        refusals: table, file, row, column, patient_id, value, reason, loses_information.
        notes: assumptions and conversions, and what lies in the folder and was not read.
    """

    files: pl.DataFrame
    refusals: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether each file's rows are accounted for, once each, and each refused row is listed."""
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
            f"{file['file']}: {file['read']} rows read, {file['accepted']} accepted, "
            f"{file['refused']} refused"
            for file in self.files.iter_rows(named=True)
        ]
        for refusal in self.refusals.iter_rows(named=True):
            place = [refusal["file"], f"row {refusal['row']}"]
            if refusal["column"] is not None:
                place.append(f"column {refusal['column']}")
            if refusal["patient_id"] is not None:
                place.append(f"patient {refusal['patient_id']}")
            lines.append(f"{', '.join(place)}: {refusal['reason']}")
        return "\n".join((*lines, *self.notes))


def make_receipt(files: Iterable[FileCount], refusals: Iterable[Refusal], notes: Iterable[str]) -> Receipt:
    """A receipt from its parts.

    Args:
        files: what became of each file's rows.
        refusals: every reason, in the order in which they are to be listed.
        notes: assumptions and conversions.

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
    )


def _shortened(value: str | None) -> str | None:
    if value is None or len(value) <= _LONGEST_VALUE:
        return value
    return value[: _LONGEST_VALUE - 1] + "…"
