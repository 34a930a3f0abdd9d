"""A result in a folder: `report.html`, every table under `tables/`, and `result.json` as the last.

Each file is first written under another name and then put in place in one step, so that a reader never
finds half a file; `result.json` comes last and names the others with their digests, so a folder where
it agrees is whole.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import polars as pl

from wearoff.cohort.results import StudyResult, Table
from wearoff.errors import InputError, Problem
from wearoff.report.html import render_report

_STARTS_A_FORMULA: Final = "^[=+\\-@\t\r\n＝＋－＠]"  # what spreadsheets take for the start of a formula
_FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,80}")


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """The files of one written result.

    Attributes:
        folder: where they are.
        report: the page.
        result: `result.json`.
        tables: the CSV file of each table, by the table's name.
    """

    folder: Path
    report: Path
    result: Path
    tables: Mapping[str, Path]


def write_study(result: StudyResult, folder: Path) -> StudyFiles:
    """The files of a result, written into a folder that is made where it is missing.

    Files of an earlier run are replaced. A table file that the earlier `result.json` names, that has not
    been changed since, and that this result no longer has, is taken away; no other file is touched.

    Raises:
        InputError: the folder is an existing file or cannot be written.
        ValueError: a table's name is no plain file name.
    """
    _refuse_a_file(folder)
    page = render_report(result).encode("utf-8", "replace")
    sheets = {name: table_csv(table) for name, table in result.tables.items()}
    for name in sheets:
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(f"a table cannot be called {name!r}: use a-z, 0-9, _ and -")
    summary = result_json(result, sheets).encode("utf-8", "replace")
    files = StudyFiles(
        folder=folder,
        report=folder / "report.html",
        result=folder / "result.json",
        tables={name: folder / "tables" / f"{name}.csv" for name in sheets},
    )
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        _remove_old_tables(files)
        for name, path in files.tables.items():
            _put(path, sheets[name])
        _put(files.report, page)
        _put(files.result, summary)
    except OSError as error:
        reason = f"the result cannot be written here: {error.strerror or error}"
        raise InputError(Problem(f"{reason}; choose another folder", file=str(folder))) from error
    return files


def table_csv(table: Table) -> bytes:
    """A table as CSV, the same bytes for the same rows, in which no text is a formula.

    Text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers keep all their
    digits, a missing value and NaN are an empty cell, lists are joined by `; `, times are ISO 8601.
    """
    frame = table.frame
    columns = [_column(name, kind) for name, kind in frame.schema.items()]
    plain = frame.select(columns).rename(_guarded)
    return plain.write_csv(
        line_terminator="\n", date_format="%Y-%m-%d", datetime_format="%Y-%m-%dT%H:%M:%S%:z"
    ).encode("utf-8")


def result_json(result: StudyResult, sheets: Mapping[str, bytes]) -> str:
    """The answer, the figures and the provenance as JSON with sorted keys; NaN and infinity are null.

    Args:
        result: the analysis.
        sheets: the bytes of each table's CSV file, whose digests are written.
    """
    tables = [
        {
            "name": name,
            "title": table.title,
            "note": table.note,
            "file": f"tables/{name}.csv",
            "rows": table.frame.height,
            "columns": table.frame.columns,
            "sha256": hashlib.sha256(sheets[name]).hexdigest(),
        }
        for name, table in result.tables.items()
    ]
    whole = {
        "name": result.name,
        "title": result.title,
        "banner": result.banner,
        "answer": result.answer,
        "figures": result.figures,
        "provenance": result.provenance,
        "tables": tables,
    }
    return json.dumps(_simple(whole), ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True) + "\n"


def _column(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.List):
        column = column.cast(pl.List(pl.String)).list.join("; ")
    elif kind.is_float():
        return column.fill_nan(None)
    elif not isinstance(kind, (pl.String, pl.Categorical, pl.Enum)):
        return column
    text = column.cast(pl.String)
    is_formula = text.str.contains(_STARTS_A_FORMULA)
    return pl.when(is_formula).then(pl.lit("'") + text).otherwise(text).alias(name)


def _guarded(name: str) -> str:
    return f"'{name}" if re.match(_STARTS_A_FORMULA, name) else name


def _simple(value: Any) -> Any:
    """A value made of what JSON knows; a kind that is not expected here is an error, not a text."""
    if value is None or (isinstance(value, (bool, int, str)) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return _simple(value.value)
    if isinstance(value, Mapping):
        return {str(key): _simple(part) for key, part in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_simple(part) for part in value)
    if isinstance(value, Sequence):
        return [_simple(part) for part in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: _simple(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, pl.DataFrame):
        return _simple(value.to_dicts())
    if hasattr(value, "tolist"):  # numbers and arrays of NumPy and JAX, which are not loaded here
        return _simple(value.tolist())
    raise TypeError(f"result.json cannot hold a {type(value).__name__}")


def _refuse_a_file(folder: Path) -> None:
    for path in (folder, folder / "tables", *folder.parents):
        if path.exists() and not path.is_dir():
            reason = "this is a file, and the result needs a folder; choose another name"
            raise InputError(Problem(reason, file=str(path)))


def _remove_old_tables(files: StudyFiles) -> None:
    """Takes away the unchanged tables of an earlier run that would now stand beside the wrong report."""
    try:
        earlier = json.loads(files.result.read_text("utf-8"))["tables"]
        listed = {str(table["name"]): str(table["sha256"]) for table in earlier}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return
    for name, digest in listed.items():
        path = files.folder / "tables" / f"{name}.csv"
        is_ours = _FILE_NAME.fullmatch(name) and name not in files.tables and path.is_file()
        if is_ours and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            path.unlink()


def _put(path: Path, content: bytes) -> None:
    """The content under its name in one step; a failure leaves what was there before."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
