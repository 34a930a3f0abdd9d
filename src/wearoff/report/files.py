"""How a result becomes files: digits and texts that are safe in a spreadsheet, and whole files or none.

Each file is first written under another name and then put in place in one step, so that a reader never finds half a
file.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
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

from wearoff.errors import InputError, Problem

_STARTS_A_FORMULA: Final = "^[=+\\-@\t\r\n＝＋－＠]"  # what spreadsheets take for the start of a formula


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """The files of one written result, of a study or of a patient.

    Attributes:
        folder: where they are.
        report: the page.
        paper: the same on A4, PDF.
        result: `result.json`.
        tables: the CSV file of each table, by the table's name.
    """

    folder: Path
    report: Path
    paper: Path
    result: Path
    tables: Mapping[str, Path]


def csv_of(frame: pl.DataFrame) -> bytes:
    """A table as CSV, the same bytes for the same rows, in which no text is a formula.

    Text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers keep all their
    digits, a missing value and NaN are an empty cell, lists are joined by `; `, times are ISO 8601.
    """
    columns = [_column(name, kind) for name, kind in frame.schema.items()]
    plain = frame.select(columns).rename(_guarded)
    return plain.write_csv(
        line_terminator="\n", date_format="%Y-%m-%d", datetime_format="%Y-%m-%dT%H:%M:%S%:z"
    ).encode("utf-8")


def json_of(value: Any) -> str:
    """A value as JSON with sorted keys; NaN and infinity are null.

    Raises:
        TypeError: it holds a kind that is not expected here.
    """
    return json.dumps(_simple(value), ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True) + "\n"


def refuse_a_file(folder: Path) -> None:
    """Stop where a folder that is to be written is a file.

    Raises:
        InputError: naming the file.
    """
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            reason = "this is a file, and the result needs a folder; choose another name"
            raise InputError(Problem(reason, file=str(path)))


def put(path: Path, content: bytes) -> None:
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


def not_written(folder: Path, error: OSError) -> InputError:
    """What a person sees where a folder cannot be written."""
    reason = f"the result cannot be written here: {error.strerror or error}"
    return InputError(Problem(f"{reason}; choose another folder", file=str(folder)))


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
