"""CDISC Dataset-JSON 1.1: each file holds one dataset, whose name is that of a table.

The columns are matched by name, in any case. A dataset of another name is listed and not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from wearoff.cohort.records.assemble import Found
from wearoff.cohort.records.dictionary import Table, load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, read_about
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.readers.json_text import NumberText, parse_json, plain_number
from wearoff.cohort.records.sheet import CellFault, Sheet, sheet_of
from wearoff.errors import InputError, Problem

__all__ = ["find_in_dataset_json"]

_VERSIONS = ("1.1",)


def find_in_dataset_json(files: Mapping[str, bytes]) -> Found:
    """The tables of Dataset-JSON files.

    Args:
        files: content by file name, and perhaps `cohort.toml`.

    Raises:
        InputError: with every fault that makes a file unusable.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    about = read_about(files.get(ABOUT_FILE), problems, notes)
    sheets: dict[str, Sheet] = {}
    for name, content in files.items():
        if name == ABOUT_FILE:
            continue
        if not name.lower().endswith(".json"):
            notes.append(f"the file {name} was not read")
            continue
        try:
            sheet = _sheet(name, content, notes)
        except InputError as error:
            problems += error.problems
            continue
        if sheet is not None and sheet.table.name in sheets:
            other = sheets[sheet.table.name].origin.file
            reason = f"the dataset {sheet.table.name} stands in {other} too; keep one."
            problems.append(Problem(reason, file=name))
        elif sheet is not None:
            sheets[sheet.table.name] = sheet
    if not sheets and not problems:
        expected = ", ".join(table.name for table in load_dictionary().tables)
        problems.append(
            Problem(f"no dataset here is one of the tables {expected}.", file=next(iter(files), ""))
        )
    if problems:
        raise InputError(problems)
    return Found(
        tuple(sheets.values()),
        tuple(notes),
        label=about.label,
        is_simulated=about.is_simulated,
        timezone=about.timezone,
    )


def _sheet(file: str, content: bytes, notes: list[str]) -> Sheet | None:
    origin = Origin(file, sha256(content).hexdigest())
    whole = parse_json(origin, content)
    if not isinstance(whole, dict) or not isinstance(whole.get("datasetJSONVersion"), str):
        raise _fault(file, "datasetJSONVersion", "this is no Dataset-JSON: it does not name its version.")
    version = whole["datasetJSONVersion"]
    if ".".join(version.split(".")[:2]) not in _VERSIONS:
        raise _fault(file, "datasetJSONVersion", f"version {version[:20]!r} is not read; write 1.1.")
    name = str(whole.get("name", ""))
    tables = {table.name: table for table in load_dictionary().tables}
    table = tables.get(name.lower())
    if table is None:
        notes.append(f"the dataset {name[:64]!r} of {file} is none of the tables and was not read")
        return None
    return _sheet_of(table, origin, whole)


def _sheet_of(table: Table, origin: Origin, whole: dict[str, Any]) -> Sheet:
    columns, rows = whole.get("columns"), whole.get("rows", [])
    if not isinstance(columns, list) or not all(
        isinstance(column, dict) and isinstance(column.get("name"), str) for column in columns
    ):
        raise _fault(origin.file, "columns", "every column needs a name.")
    if not isinstance(rows, list):
        raise _fault(origin.file, "rows", "the rows must be a list of lists.")
    if "records" in whole and str(whole["records"]) != str(len(rows)):
        reason = f"it names {str(whole['records'])[:20]} records and holds {len(rows)}; export it again."
        raise _fault(origin.file, "records", reason)
    known = {column.name.lower(): column.name for column in table.fixed}
    header = [known.get(column["name"].lower(), column["name"]) for column in columns]
    records, faults = [], []
    for row, cells in enumerate(rows, start=2):
        if not isinstance(cells, list) or len(cells) != len(header):
            size = f"{len(cells)} cells" if isinstance(cells, list) else "no cells"
            reason = f"the row has {size}, the columns are {len(header)}; export it again."
            records.append((row, [""] * len(header)))
            faults.append(CellFault(row, None, reason))
            continue
        texts = []
        for name, cell in zip(header, cells, strict=True):
            if isinstance(cell, bool | list | dict):
                faults.append(CellFault(row, name, "the cell is no text and no number; correct it."))
                cell = None
            texts.append("" if cell is None else plain_number(cell) if isinstance(cell, NumberText) else cell)
        records.append((row, texts))
    where = Origin(origin.file, origin.sha256, where=_place)
    return sheet_of(table, where, header, records, faults=faults)


def _place(row: int, _: str | None) -> str:
    return f"rows[{row - 2}]"


def _fault(file: str, key: str, reason: str) -> InputError:
    return InputError(Problem(reason, file=file, key=key))
