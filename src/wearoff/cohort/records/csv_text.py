"""From the bytes of a CSV file to its records as text, or the reason why they cannot be trusted."""

from __future__ import annotations

import codecs
import csv
import io

import numpy as np
import polars as pl

from wearoff.cohort.records.origin import Origin, fault_at

__all__ = ["BLANKS", "decoded", "plain_records", "records_of"]

BLANKS = " \t\u00a0"
_AS_UTF8 = "save it as CSV UTF-8 (comma separated)"


def decoded(origin: Origin, content: bytes) -> str:
    """The text of a file in UTF-8, or an InputError that says what else it seems to be."""
    if not content:
        raise fault_at(origin, "the file is empty (0 bytes); export it again.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise fault_at(origin, f"the file looks like UTF-16; {_AS_UTF8}.", row=1)
    if (place := content.find(b"\0")) >= 0:
        raise fault_at(
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
        raise fault_at(
            origin,
            f"byte {offset + error.start + 1} (0x{byte:02X}) is not UTF-8; the file looks like "
            f"Latin-1 or Windows-1252; {_AS_UTF8}.",
            row=_line(content, offset + error.start),
        ) from None


def plain_records(content: bytes) -> pl.DataFrame | None:
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
        raise fault_at(origin, reason, row=row) from None
    if not records or not any(cell.strip(BLANKS) for record in records for cell in record):
        raise fault_at(origin, "the file has nothing but blanks; export it again.")
    if not any(cell.strip(BLANKS) for cell in records[0]):
        raise fault_at(origin, "the first row is empty; the header belongs there.", row=1)
    return records


def _line(content: bytes, place: int) -> int:
    return len((content[:place] + b".").splitlines())
