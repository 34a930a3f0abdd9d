"""What lies in a cohort folder: the files of known tables, its optional description, and what else is there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.errors import InputError, Problem

ABOUT_FILE = "cohort.toml"
DICTIONARY_FILE = "dictionary.csv"
REDCAP_FILE = "redcap_dictionary.csv"
README_FILE = "README.md"
# What wearoff itself writes beside tables, which says nothing about patients.
ACCOMPANYING = frozenset({DICTIONARY_FILE, REDCAP_FILE, README_FILE})
_LONGEST_LABEL = 500
_OTHER_ENDINGS = frozenset({".csv", ".json", ".xlsx", ".xlsm", ".toml"})


def gather_files(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """The bytes of every known file in the folder, and a note on whatever else is there."""
    name = folder.name or str(folder)
    if not folder.exists():
        raise InputError(Problem("there is no such folder; check the path.", file=name))
    if not folder.is_dir():
        raise InputError(Problem("this is a file; give the folder in which the tables are.", file=name))
    known = known_files()
    files: dict[str, bytes] = {}
    notes: list[str] = []
    problems: list[Problem] = []
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        reason = f"the folder cannot be read ({error.strerror}); check its permissions."
        raise InputError(Problem(reason, file=name)) from None
    for entry in entries:
        if entry.name in ACCOMPANYING:
            continue
        if entry.name not in known:
            notes.append(f"the folder {entry.name} was not read" if entry.is_dir() else not_read(entry.name))
        elif not entry.is_file():
            problems.append(Problem("this is no file that can be read; replace it.", file=entry.name))
        else:
            try:
                files[entry.name] = entry.read_bytes()
            except OSError as error:
                reason = f"the file cannot be read ({error.strerror}); check its permissions."
                problems.append(Problem(reason, file=entry.name))
    if problems:
        raise InputError(problems)
    check_any_table(files, name)
    return files, notes


def gather_others(folder: Path) -> dict[str, bytes]:
    """The bytes of every file in the folder that could hold a cohort in another format."""
    files = {}
    try:
        for entry in sorted(folder.iterdir()):
            if entry.is_file() and entry.suffix.lower() in _OTHER_ENDINGS and entry.name not in ACCOMPANYING:
                files[entry.name] = entry.read_bytes()
    except OSError as error:
        reason = f"the folder cannot be read ({error.strerror}); check its permissions."
        raise InputError(Problem(reason, file=folder.name)) from None
    return files


def check_any_table(files: Mapping[str, bytes], name: str) -> None:
    """Raise an InputError that lists the tables there could be, if none is among the files."""
    if not set(files) - {ABOUT_FILE}:
        expected = ", ".join(table.file for table in load_dictionary().tables)
        reason = f"there is no table here; expected one or more of {expected}."
        raise InputError(Problem(reason, file=name))


def known_files() -> frozenset[str]:
    """The names of the files that are read."""
    return frozenset({ABOUT_FILE, *(table.file for table in load_dictionary().tables)})


def not_read(name: str) -> str:
    """The note on a file that is not read, with the table whose name it resembles."""
    known = known_files()
    close = get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.8)
    hint = f"; if it is a table, name it {close[0]}" if close else ""
    return f"the file {name} was not read{hint}"


@dataclass(frozen=True, slots=True)
class About:
    """What a cohort says of itself in its optional TOML file.

    Attributes:
        label: what it is called.
        is_simulated: whether its patients are.
        timezone: where its clocks stood.
        is_guarded: whether texts like formulas have an apostrophe in front, as `wearoff convert` writes them.
        redcap: what the fields, instruments and codes of a REDCap project are called, as it stands in the file.
    """

    label: str | None = None
    is_simulated: bool = False
    timezone: str | None = None
    is_guarded: bool = False
    redcap: Mapping[str, Any] = field(default_factory=dict)


def read_about(content: bytes | None, problems: list[Problem], notes: list[str]) -> About:
    """What the TOML file says; its faults are added to the problems, what means nothing to the notes."""
    if content is None:
        return About()
    try:
        said = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = f"the file is not TOML in UTF-8 ({error}); correct or remove it."
        problems.append(Problem(reason, file=ABOUT_FILE))
        return About()
    label, is_simulated = said.pop("label", None), said.pop("simulated", False)
    timezone, is_guarded = said.pop("timezone", None), said.pop("formulas_guarded", False)
    redcap = said.pop("redcap", {})
    if label is not None and not (
        isinstance(label, str) and label.isprintable() and 0 < len(label) <= _LONGEST_LABEL
    ):
        reason = f"label must be one line of text of 1 to {_LONGEST_LABEL} characters."
        problems.append(Problem(reason, file=ABOUT_FILE, column="label"))
    if timezone is not None and not (isinstance(timezone, str) and _is_zone(timezone)):
        reason = 'timezone must be the name of a zone, such as "Europe/Oslo".'
        problems.append(Problem(reason, file=ABOUT_FILE, column="timezone"))
    if not isinstance(redcap, dict):
        problems.append(
            Problem("redcap must be a table of TOML: [redcap.fields].", ABOUT_FILE, column="redcap")
        )
    for name, value in (("simulated", is_simulated), ("formulas_guarded", is_guarded)):
        if not isinstance(value, bool):
            reason = f"{name} must be true or false, without quotes."
            problems.append(Problem(reason, file=ABOUT_FILE, column=name))
    notes += [f"{ABOUT_FILE}: {key!r} means nothing to wearoff and was not used" for key in said]
    return About() if problems else About(label, is_simulated, timezone, is_guarded, redcap)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
