"""A result in a folder: `report.html` and `report.pdf`, every table under `tables/`, and `result.json` as the last.

Each file is put in place in one step; `result.json` comes last and names the others with their digests, so a
folder where it agrees is whole.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wearoff.cohort.results import StudyResult
from wearoff.report.files import ResultFiles, csv_of, json_of, not_written, put, refuse_a_file
from wearoff.report.html import render_report, sections_of
from wearoff.report.study_pdf import render_study_pdf

_FILE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,80}")


def write_study(result: StudyResult, folder: Path) -> ResultFiles:
    """The files of a result, written into a folder that is made where it is missing.

    Files of an earlier run are replaced. A table file that the earlier `result.json` names, that has not
    been changed since, and that this result no longer has, is taken away; no other file is touched.

    Raises:
        InputError: the folder is an existing file or cannot be written.
        ValueError: a table's name is no plain file name.
    """
    refuse_a_file(folder / "tables")
    sections = sections_of(result)  # drawn once for both
    pages = {
        "report.html": render_report(result, sections).encode("utf-8", "replace"),
        "report.pdf": render_study_pdf(result, sections),
    }
    sheets = {name: csv_of(table.frame) for name, table in result.tables.items()}
    for name in sheets:
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(f"a table cannot be called {name!r}: use a-z, 0-9, _ and -")
    summary = result_json(result, sheets, pages).encode("utf-8", "replace")
    files = ResultFiles(
        folder=folder,
        report=folder / "report.html",
        paper=folder / "report.pdf",
        result=folder / "result.json",
        tables={name: folder / "tables" / f"{name}.csv" for name in sheets},
    )
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        _remove_old_tables(files)
        for name, path in files.tables.items():
            put(path, sheets[name])
        for name, content in pages.items():
            put(folder / name, content)
        put(files.result, summary)
    except OSError as error:
        raise not_written(folder, error) from error
    return files


def result_json(
    result: StudyResult, sheets: Mapping[str, bytes], pages: Mapping[str, bytes] | None = None
) -> str:
    """The answer, the figures and the provenance as JSON with sorted keys; NaN and infinity are null.

    Args:
        result: the analysis.
        sheets: the bytes of each table's CSV file, whose digests are written.
        pages: the bytes of the files for people, by file name, whose digests are written too.
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
        "files": [
            {"file": name, "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in (pages or {}).items()
        ],
    }
    return json_of(whole)


def _remove_old_tables(files: ResultFiles) -> None:
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
