"""Files in the layout of an export of MSBase: patients, visits, relapses, scans and treatments as text.

Which columns are read, and what becomes of them, is data: `msbase.toml`. A treatment is natalizumab where
its text is one of the names in `products.toml`; a text that comes near one is refused, and every other
treatment is kept as an event. Whether a row of treatment is one infusion or a period of treatment is not
written in the export, so the user says it; infusions are never made from a period.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files as package_files
from typing import Any, Final, Literal

from wearoff.cohort.records.assemble import Found
from wearoff.cohort.records.csv_text import BLANKS, decoded, records_of
from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, read_about
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.readers.products import natalizumab_product, nearly_natalizumab
from wearoff.cohort.records.readers.rows import Leftovers, Rows
from wearoff.cohort.records.receipt import SourceCount
from wearoff.errors import InputError, Problem

__all__ = ["find_in_msbase", "layout"]

_DAY: Final = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})", flags=re.ASCII)
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d", flags=re.ASCII)
_MISSING: Final = ("", "NA")
_PERIOD: Final = "natalizumab period"


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the export: its columns by heading, and its numbered rows."""

    part: str
    name: str
    sha256: str
    header: tuple[str, ...]
    rows: Sequence[tuple[int, list[str]]]


@cache
def layout() -> Mapping[str, Any]:
    """The files and columns of the export that are read, as `msbase.toml` states them."""
    text = (package_files("wearoff.cohort.records.readers") / "msbase.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def find_in_msbase(
    files: Mapping[str, bytes], *, treatments: Literal["infusions", "periods"] | None
) -> Found:
    """The tables of an export.

    Args:
        files: content by file name, `msb_visit.csv` and the like, and perhaps `cohort.toml`.
        treatments: what a row of the treatment file is.

    Raises:
        InputError: with every fault that makes a file unusable, or when it has to be said what a row of
            treatment is.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    about = read_about(files.get(ABOUT_FILE), problems, notes)
    names = {entry["file"]: part for part, entry in layout().items()}
    found: list[_File] = []
    for name, content in files.items():
        if name == ABOUT_FILE:
            continue
        part = names.get(name.lower())
        if part is None:
            notes.append(f"the file {name} was not read")
            continue
        try:
            found.append(_file(part, name, content, notes))
        except InputError as error:
            problems += error.problems
    if not found and not problems:
        expected = ", ".join(names)
        problems.append(Problem(f"there is no file of an export here; expected one or more of {expected}."))
    for file in found:
        if file.part == "treatment" and treatments is None and _has_natalizumab(file):
            reason = (
                "it is not written whether a row is one infusion or a period of treatment; say it: "
                "--treatments infusions, or --treatments periods."
            )
            problems.append(Problem(reason, file=file.name, column="TREATMENT"))
    if problems:
        raise InputError(problems)
    rows: dict[str, Rows] = {}
    sources: list[SourceCount] = []
    for file in found:
        if file.part == "treatment":
            _take_treatments(file, rows, treatments or "periods", notes)
        else:
            _take_rows(file, rows)
        sources.append(Leftovers(file.name).counted(len(file.rows)))
    if "mri" in rows:
        notes.append("the number of all T2 lesions is kept as a score; no new lesions are made from it")
    return Found(
        tuple(rows[table.name].sheet() for table in load_dictionary().tables if table.name in rows),
        tuple(notes),
        sources=tuple(sources),
        label=about.label,
        is_simulated=about.is_simulated,
        timezone=about.timezone,
    )


def _file(part: str, name: str, content: bytes, notes: list[str]) -> _File:
    origin = Origin(name, sha256(content).hexdigest())
    header, *records = records_of(origin, decoded(origin, content))
    names = tuple(cell.strip(BLANKS).upper() for cell in header)
    problems = []
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        problems.append(Problem("the columns are not separated by commas; save it with commas.", name, 1))
    else:
        problems += [
            Problem("the required column is missing; export it too.", name, 1, column)
            for column in layout()[part]["required"]
            if column not in names
        ]
    problems += [
        Problem(f"the column stands {count} times in the header; keep one.", name, 1, column)
        for column, count in Counter(names).items()
        if count > 1
    ]
    numbered = [(row, record) for row, record in enumerate(records, start=2) if "".join(record).strip(BLANKS)]
    problems += [
        Problem(f"the row has {len(record)} fields, the header {len(names)}; export it again.", name, row)
        for row, record in numbered
        if len(record) != len(names)
    ]
    if problems:
        raise InputError(problems)
    known = {*layout()[part]["columns"], layout()[part].get("total")}
    if unread := [column for column in names if column not in known]:
        notes.append(f"{name}: the columns {', '.join(unread)} were not read")
    return _File(part, name, origin.sha256, names, numbered)


def _take_rows(file: _File, rows: dict[str, Rows]) -> None:
    entry = layout()[file.part]
    target = _rows(rows, file.part, file)
    for row, record in file.rows:
        cells = dict(zip(file.header, record, strict=True))
        target.add(row, _mapped(entry["columns"], cells))
        for heading, column in entry["columns"].items():
            target.at(row, column["to"], f"column {heading}")
        total = cells.get(entry["total"], "").strip(BLANKS) if "total" in entry else ""
        if total not in _MISSING:
            mapped = _mapped(entry["columns"], cells)
            scores = _rows(rows, "score", file)
            instrument = f"{entry['total']} {cells.get('EXAM_TYPE', '').strip(BLANKS)}".strip()
            scores.add(
                row,
                {
                    "patient_id": mapped.get("patient_id", ""),
                    "date": mapped.get("date", ""),
                    "instrument": instrument,
                    "value": total,
                },
            )
            scores.at(row, "value", f"column {entry['total']}")


def _take_treatments(
    file: _File, rows: dict[str, Rows], treatments: Literal["infusions", "periods"], notes: list[str]
) -> None:
    kept: Counter[str] = Counter()
    columns = layout()[file.part]["columns"]
    for row, record in file.rows:
        cells = _mapped(columns, dict(zip(file.header, record, strict=True)))
        text = cells.pop("treatment", "")
        is_natalizumab = natalizumab_product(text) is not None
        near = None if is_natalizumab else nearly_natalizumab(text)
        if treatments == "infusions" and (is_natalizumab or near):
            target = _rows(rows, "infusion", file)
            start, end = cells.pop("start_date", ""), cells.pop("end_date", "")
            target.add(row, {**cells, "start_time": start, "product": text})
            target.at(row, "start_time", "column START_DATE")
            if end not in ("", start):
                reason = (
                    f"the row ends on {end[:20]}, so it is no single infusion; is it a period of treatment?"
                )
                target.refuse(row, "start_time", reason)
        else:
            target = _rows(rows, "event", file)
            kind = _PERIOD if is_natalizumab else "treatment"
            target.add(row, {**cells, "kind": kind, "treatment": text})
            if not is_natalizumab:
                kept[text[:40]] += 1
        target.at(row, "patient_id", "column PATIENT_ID")
        if near:
            reason = f"{text[:60]!r} may mean {near}, but it is no name of natalizumab that is known; write {near}."
            target.refuse(row, "product" if target.table.name == "infusion" else "treatment", reason)
    if kept:
        listed = ", ".join(f"{text or '(empty)'} ({count})" for text, count in sorted(kept.items()))
        notes.append(f"{file.name}: treatments that are not natalizumab, kept as events: {listed}")
    if treatments == "periods":
        notes.append(f"{file.name}: a period of natalizumab is an event; no infusions are made from it")


def _mapped(columns: Mapping[str, Any], cells: Mapping[str, str]) -> dict[str, str]:
    """The cells under the names of the tables, days written as there."""
    mapped = {}
    for heading, column in columns.items():
        text = cells.get(heading, "").strip(BLANKS)
        if text in _MISSING:
            continue
        if "codes" in column:
            text = column["codes"].get(text.upper(), text)
        elif column.get("kind") in ("day", "year"):
            text = _iso(text)
            if column["kind"] == "year" and _ISO.fullmatch(text):
                text = text[:4]
        mapped[column["to"]] = text
    return mapped


def _iso(text: str) -> str:
    found = _DAY.fullmatch(text)
    return f"{found[3]}-{found[2]}-{found[1]}" if found else text


def _rows(rows: dict[str, Rows], table: str, file: _File) -> Rows:
    if table not in rows:
        description = load_dictionary().table(table)
        rows[table] = Rows(description, file.name, file.sha256, has_rows_of_file=True)
    return rows[table]


def _has_natalizumab(file: _File) -> bool:
    place = file.header.index("TREATMENT")
    texts = {record[place] for _, record in file.rows}
    return any(natalizumab_product(text) or nearly_natalizumab(text) for text in texts)
