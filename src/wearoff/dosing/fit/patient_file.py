"""A patient from a file that people write, and such a file from a patient.

The file is TOML: tables and keys in words, times as dates, quantities as texts with their unit. A fault is reported
with its line, and all faults of a file together. `example_patient()` is a whole file with every kind of table.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.patient_document import document_of
from wearoff.dosing.fit.patient_record import patient_from
from wearoff.dosing.hand_written import parse_toml, read_text

__all__ = ["example_patient", "parse_patient", "read_patient", "to_toml"]


def read_patient(path: str | Path) -> Patient:
    """The patient in a patient file.

    Args:
        path: a TOML file in UTF-8, in the form of `example_patient()`.

    Raises:
        InputError: every fault of the file, each with its line, table and key.
    """
    return parse_patient(read_text(path, "patient file"), Path(path).name)


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
    document, lines = parse_toml(text, file, what="patient file", quoted='dose = "300 mg"', table="[[level]]")
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
