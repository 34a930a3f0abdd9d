"""A patient from a file that people write, and such a file from a patient.

The file is TOML: tables and keys in words, times as dates, quantities as texts with their unit. A fault is reported
with its line, and all faults of a file together. `example_patient()` is a whole file with every kind of table.
"""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.patient_document import document_of
from wearoff.dosing.fit.patient_record import patient_from
from wearoff.dosing.fit.toml_lines import find_lines
from wearoff.errors import InputError, Problem

__all__ = ["example_patient", "parse_patient", "read_patient", "to_toml"]

_MOST_BYTES = 1_000_000
_BARE_TIME = re.compile(r"=\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?!:)")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
# The reader's words for what people do most, and what helps.
_HINTS = (
    ("Cannot overwrite a value", "the key stands here for the second time in its table; keep one"),
    (
        "Cannot declare",
        "this table stands here for the second time; write [[name]] for a list of several, else keep one",
    ),
    (
        "Invalid value",
        'this is no value; a quantity, a name and a word stand in quotes, as in dose = "300 mg"',
    ),
    (
        "Expected newline or end of document",
        'something follows the value; a quantity stands in quotes, as in dose = "300 mg"',
    ),
    ("Expected '=' after a key", "a line is key = value, or a table such as [[level]]"),
    ("Invalid statement", "a line is key = value, or a table such as [[level]]"),
    ("Unterminated string", "a quote is opened and not closed"),
    (
        "Illegal character",
        "a quote is opened and not closed on its line, or a sign stands here that does not print",
    ),
    ("Invalid date or datetime", "there is no such date or time of day"),
)


def read_patient(path: str | Path) -> Patient:
    """The patient in a patient file.

    Args:
        path: a TOML file in UTF-8, in the form of `example_patient()`.

    Raises:
        InputError: every fault of the file, each with its line, table and key.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise InputError(Problem(f"the file cannot be read: {reason}.", file.name)) from None
    if len(content) > _MOST_BYTES:
        raise InputError(
            Problem(f"the file has more than {_MOST_BYTES:,} bytes; it is no patient file.", file.name)
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = len((fault.object[: fault.start] + b".").splitlines())
        raise InputError(Problem("the file is not UTF-8; save it as UTF-8.", file.name, line=line)) from None
    return parse_patient(text, file.name)


def parse_patient(text: str, file: str | None = None) -> Patient:
    """The patient in the text of a patient file.

    Args:
        text: the text.
        file: what errors call the file.

    Raises:
        InputError: every fault of the text, each with its line, table and key.

    Example:
        >>> parse_patient(example_patient()).name
        'Example'
    """
    try:
        document = tomllib.loads(text)
        lines = find_lines(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(_syntax(text, str(fault), file)) from None
    except (RecursionError, ValueError):
        reason = (
            "the file holds brackets in brackets without end, or a number without end; it is no patient file."
        )
        raise InputError(Problem(reason, file)) from None
    return patient_from(document, file, lines)


def example_patient() -> str:
    """The text of a whole patient file, with a comment on every part."""
    return (files("wearoff.dosing.fit") / "patient_example.toml").read_text(encoding="utf-8")


def to_toml(patient: Patient) -> str:
    """The text of a patient file; who reads it has the same patient again.

    Everything is said in it, also what had been assumed, and the assumptions stand in its notes. Times are kept
    to the microsecond.
    """
    blocks = []
    for name, tables in document_of(patient).items():
        is_repeated = isinstance(tables, list)
        for table in tables if is_repeated else [tables]:
            head = f"[[{name}]]" if is_repeated else f"[{name}]"
            blocks.append("\n".join([head, *(f"{key} = {_written(value)}" for key, value in table.items())]))
    return "\n\n".join(blocks) + "\n"


def _written(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, list):
        return "[" + "".join(f"\n  {_written(item)}," for item in value) + "\n]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_written(item)}" for key, item in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # every text of a patient is printable
    return repr(float(value))


def _syntax(text: str, said: str, file: str | None) -> Problem:
    """What is wrong with a text that is not TOML, with the line and a mark under the place."""
    rows = text.replace("\r\n", "\n").split("\n")
    found = _PLACE.search(said)
    cause = said[: found.start()] if found else said
    line = int(found[1]) if found and found[1] else max(1, len(rows) - (rows[-1] == ""))
    column = int(found[2]) if found and found[2] else len(rows[line - 1]) + 1
    hint = next((hint for start, hint in _HINTS if cause.startswith(start)), cause[:1].lower() + cause[1:])
    if _BARE_TIME.search(rows[line - 1]):
        hint = 'a time of day stands in quotes, as in start = "2026-01-13T09:30"'
    row = rows[line - 1].replace("\t", " ")
    shown = "".join(sign if sign.isprintable() else "?" for sign in row)
    return Problem(f"{hint}:\n    {shown}\n    {' ' * (column - 1)}^", file, line=line)
