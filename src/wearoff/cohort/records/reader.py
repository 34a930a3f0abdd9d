"""A cohort from whatever holds it: a folder or a file, in a format that is named or seen.

The format is seen from what a file is, not from its name alone: the first bytes of a workbook, the keys of
a JSON document, the header of a CSV file. Each reader turns its format into sheets of text; `assemble`
judges them all alike.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from wearoff.cohort.records.assemble import Found, assemble, zone_of
from wearoff.cohort.records.choices import ReadingChoices
from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.cohort.records.folder import (
    ABOUT_FILE,
    ACCOMPANYING,
    check_any_table,
    gather_files,
    gather_others,
    known_files,
    not_read,
)
from wearoff.cohort.records.readers.csv import find_in_csv
from wearoff.errors import InputError, Problem, UnknownNameError

__all__ = ["FORMATS", "format_of", "read_cohort", "read_files"]

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_PREFERRED: Final = ReadingChoices()


def read_cohort(
    source: str | Path,
    *,
    as_of: dt.date,
    timezone: str | None = None,
    form: str | None = None,
    choices: ReadingChoices = _PREFERRED,
) -> Cohort:
    """The cohort in a folder or file.

    Args:
        source: a folder with patient.csv, infusion.csv and the others, any of which may be absent, or a
            folder or file in another of the formats.
        as_of: day on which the data were frozen; a later date refuses its row.
        timezone: name of the zone, such as Europe/Oslo, in which times without an offset and days
            are told; None for the one that the cohort names, and UTC where it names none.
        form: name of the format, one of `FORMATS`; None to see it from the files.
        choices: what a format leaves open and its reader has to be told.

    Returns:
        The accepted rows, and the receipt of all rows.

    Raises:
        InputError: with every fault that makes a file, the folder or the time zone unusable.
        UnknownNameError: there is no format of this name.
    """
    _check_name(form)
    path = Path(source)
    if path.is_file() and form != "csv":
        files = {path.name: _bytes(path)}
        found_form = form or _form_of_file(path.name, files[path.name])
        return _cohort(lambda: _READERS[found_form](files, timezone, choices), as_of, timezone)
    if form in (None, "csv") and path.is_dir() and (form == "csv" or _has_own_tables(path)):
        tables, notes = gather_files(path)
        return _cohort(lambda: find_in_csv(tables, notes), as_of, timezone)
    if form == "csv" or not path.is_dir():
        gather_files(path)
    others = gather_others(path)
    seen_form = form or _form_of_folder(others, path.name)
    return _cohort(lambda: _READERS[seen_form](others, timezone, choices), as_of, timezone)


def read_files(
    files: Mapping[str, bytes],
    *,
    as_of: dt.date,
    timezone: str | None = None,
    form: str | None = None,
    choices: ReadingChoices = _PREFERRED,
) -> Cohort:
    """The cohort that is given as the bytes of files, as after an upload.

    Args:
        files: content by file name.
        as_of: day on which the data were frozen; a later date refuses its row.
        timezone: name of the zone in which times without an offset and days are told; None for the one
            that the cohort names, and UTC where it names none.
        form: name of the format, one of `FORMATS`; None to see it from the files.
        choices: what a format leaves open and its reader has to be told.

    Returns:
        The accepted rows, and the receipt of all rows.

    Raises:
        InputError: with every fault that makes a file or the time zone unusable.
        UnknownNameError: there is no format of this name.
    """
    _check_name(form)
    known = known_files()
    if form == "csv" or (form is None and set(files) & (known - {ABOUT_FILE})):
        notes = [not_read(name) for name in sorted(files) if name not in known | ACCOMPANYING]
        wanted = {name: content for name, content in files.items() if name in known}
        check_any_table(wanted, "the files given")
        return _cohort(lambda: find_in_csv(wanted, notes), as_of, timezone)
    found_form = form or _form_of_folder(files, "the files given")
    return _cohort(lambda: _READERS[found_form](files, timezone, choices), as_of, timezone)


def format_of(source: str | Path) -> str:
    """Name of the format in which a folder or file holds a cohort.

    Raises:
        InputError: it is none of `FORMATS`, or cannot be read.
    """
    path = Path(source)
    if path.is_file():
        return _form_of_file(path.name, _bytes(path))
    if not path.is_dir() or _has_own_tables(path):
        gather_files(path)
        return "csv"
    return _form_of_folder(gather_others(path), path.name)


def _excel(files: Mapping[str, bytes], _: str | None, __: ReadingChoices) -> Found:
    from wearoff.cohort.records.readers.excel import find_in_excel

    return find_in_excel(files)


def _redcap(files: Mapping[str, bytes], _: str | None, __: ReadingChoices) -> Found:
    from wearoff.cohort.records.readers.redcap import find_in_redcap

    return find_in_redcap(files)


def _fhir(files: Mapping[str, bytes], timezone: str | None, _: ReadingChoices) -> Found:
    from wearoff.cohort.records.readers.fhir import find_in_fhir

    return find_in_fhir(files, timezone=timezone)


def _msbase(files: Mapping[str, bytes], _: str | None, choices: ReadingChoices) -> Found:
    from wearoff.cohort.records.readers.msbase import find_in_msbase

    return find_in_msbase(files, treatments=choices.treatments)


def _nonmem(files: Mapping[str, bytes], timezone: str | None, choices: ReadingChoices) -> Found:
    from wearoff.cohort.records.readers.nonmem import find_in_nonmem

    return find_in_nonmem(files, timezone=timezone, choices=choices)


def _dataset_json(files: Mapping[str, bytes], _: str | None, __: ReadingChoices) -> Found:
    from wearoff.cohort.records.readers.dataset_json import find_in_dataset_json

    return find_in_dataset_json(files)


def _csv(files: Mapping[str, bytes], _: str | None, __: ReadingChoices) -> Found:
    return find_in_csv(files)


_READERS: Final[Mapping[str, Callable[[Mapping[str, bytes], str | None, ReadingChoices], Found]]] = {
    "csv": _csv,
    "excel": _excel,
    "redcap": _redcap,
    "msbase": _msbase,
    "fhir": _fhir,
    "nonmem": _nonmem,
    "dataset-json": _dataset_json,
}
FORMATS: Final = tuple(_READERS)


def _cohort(find: Callable[[], Found], as_of: dt.date, timezone: str | None) -> Cohort:
    """The cohort of what a reader finds; a wrong time zone is named beside the faults of the files."""
    problems: list[Problem] = []
    found = Found(())
    try:
        zone_of(timezone or "UTC")
    except InputError as error:
        problems += error.problems
    try:
        found = find()
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return assemble(found, as_of=as_of, timezone=timezone)


def _check_name(form: str | None) -> None:
    if form is not None and form not in FORMATS:
        raise UnknownNameError("format", form, FORMATS)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror}); check its permissions."
        raise InputError(Problem(reason, file=path.name)) from None


def _has_own_tables(folder: Path) -> bool:
    tables = known_files() - {ABOUT_FILE}
    try:
        return any(entry.name in tables for entry in folder.iterdir())
    except OSError:
        return True


def _form_of_folder(files: Mapping[str, bytes], name: str) -> str:
    """The one format of the files in a folder that holds none of our own tables."""
    forms: dict[str, str] = {}
    for file, content in files.items():
        if file != ABOUT_FILE and (form := _seen(file, content)) is not None:
            forms[file] = form
    kinds = sorted(set(forms.values()))
    if not kinds:
        expected = ", ".join(table.file for table in load_dictionary().tables)
        reason = (
            f"there is no table here; expected one or more of {expected}, or one cohort in another format "
            f"({', '.join(FORMATS[1:])})."
        )
        raise InputError(Problem(reason, file=name))
    if len(kinds) > 1 or (len(forms) > 1 and kinds[0] not in ("msbase", "dataset-json")):
        listed = ", ".join(f"{file} ({form})" for file, form in forms.items())
        reason = f"there is more than one cohort here: {listed}; name the one file to read."
        raise InputError(Problem(reason, file=name))
    return kinds[0]


def _form_of_file(name: str, content: bytes) -> str:
    form = _seen(name, content)
    if form is not None:
        return form
    if name in known_files():
        reason = "this is a file; give the folder in which the tables are."
    elif content.startswith(_OLD_EXCEL):
        reason = "this is a workbook of the old kind; save it as .xlsx."
    else:
        reason = (
            "this is no file in which wearoff sees a cohort; give a folder of tables, or name the format "
            f"({', '.join(FORMATS[1:])})."
        )
    raise InputError(Problem(reason, file=name))


def _seen(name: str, content: bytes) -> str | None:
    """The format of a file by what it is; None where it is none that is known."""
    if content.startswith(_ZIP):
        return "excel"
    if name.lower().endswith(".json") or content[:1] in (b"{", b"["):
        if b'"datasetJSONVersion"' in content:
            return "dataset-json"
        return "fhir" if b'"resourceType"' in content else None
    first = content[:65_536].decode("utf-8-sig", "replace").splitlines()[:1]
    header = [cell.strip() for cell in next(csv.reader(first), [])] if first else []
    names = {cell.upper() for cell in header}
    if name.lower().startswith("msb_") and "PATIENT_ID" in names:
        return "msbase"
    if {"RECORD", "FIELD_NAME", "VALUE"} <= names or any(cell.startswith("REDCAP_") for cell in names):
        return "redcap"
    fields = {f"{table.name}_{column.name}" for table in load_dictionary().tables for column in table.fixed}
    if "patient_id" in header and fields & set(header):
        return "redcap"
    is_events = {"ID", "TIME"} <= {cell.split("(")[0].split("[")[0].strip() for cell in names}
    return (
        "nonmem"
        if is_events and {"AMT", "DV"} & {c.split("(")[0].split("[")[0].strip() for c in names}
        else None
    )
