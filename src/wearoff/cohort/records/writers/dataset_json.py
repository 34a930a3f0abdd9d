"""A cohort as CDISC Dataset-JSON 1.1: one file for each table, and `cohort.toml` beside them.

The datasets are the tables of the data dictionary under their own names, not domains of SDTM; nothing is
derived. Dates and times are ISO 8601, a time of which only the date is known is the date.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, Final

from wearoff import __version__
from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.folder import ABOUT_FILE
from wearoff.cohort.records.writers.csv import about_file
from wearoff.cohort.records.writers.files import put_files
from wearoff.cohort.records.writers.texts import WrittenTable, present_tables

__all__ = ["VERSION", "dataset_json_files", "write_dataset_json"]

# https://github.com/cdisc-org/DataExchange-DatasetJson, release 1.1: names and data types of the schema.
VERSION: Final = "1.1.0"
_DATA_TYPES: Final = {"number": "double", "integer": "integer", "date": "date", "time": "datetime"}


def write_dataset_json(
    cohort: Cohort, folder: Path, *, created: dt.datetime | None = None
) -> tuple[Path, ...]:
    """Write the accepted rows of a cohort as Dataset-JSON.

    Args:
        cohort: the cohort.
        folder: a new or empty folder.
        created: moment that the files name as that of their making; None for now.

    Returns:
        The paths of the files.

    Raises:
        InputError: the folder holds something or cannot be written.
    """
    return put_files(folder, dataset_json_files(cohort, created=created))


def dataset_json_files(cohort: Cohort, *, created: dt.datetime | None = None) -> dict[str, bytes]:
    """The files by name."""
    moment = (created or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
    files = {
        f"{table.table.name}.json": json.dumps(
            _dataset(table, moment), ensure_ascii=False, allow_nan=False
        ).encode()
        for table in present_tables(cohort)
    }
    return files | {ABOUT_FILE: about_file(cohort)}


def _dataset(written: WrittenTable, moment: str) -> dict[str, Any]:
    table = written.table
    name = table.name.upper()
    key = {} if table.key == ("*",) else {column: place for place, column in enumerate(table.key, start=1)}
    columns = []
    for column, description in written.columns.items():
        entry: dict[str, Any] = {
            "itemOID": f"IT.{name}.{column}",
            "name": column,
            "label": description.about,
            "dataType": _DATA_TYPES.get(description.kind, "string"),
        }
        if column in key:
            entry["keySequence"] = key[column]
        columns.append(entry)
    cells = [
        [_value(text, written.columns[column].kind) for text in texts]
        for column, texts in written.cells.items()
    ]
    return {
        "datasetJSONCreationDateTime": moment,
        "datasetJSONVersion": VERSION,
        "fileOID": f"wearoff/{table.name}/{moment}",
        "sourceSystem": {"name": "wearoff", "version": __version__},
        "itemGroupOID": f"IG.{name}",
        "records": written.height,
        "name": name,
        "label": table.about,
        "columns": columns,
        "rows": [list(row) for row in zip(*cells, strict=True)],
    }


def _value(text: str | None, kind: str) -> str | int | float | None:
    if text is None or kind not in ("number", "integer"):
        return text
    return int(text) if kind == "integer" else float(text)
