"""An event table in the layout of NONMEM, read as the record of what was given and measured.

A model's table counts time from nowhere, in units that it does not name. So the moment of TIME 0 and every
unit are given by the user, and a table without them is turned away. A row that stands for several doses, or
for a steady state, records nothing that happened and is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Final, Literal
from zoneinfo import ZoneInfo

from wearoff.cohort.records.assemble import Found, zone_of
from wearoff.cohort.records.choices import ReadingChoices
from wearoff.cohort.records.csv_text import BLANKS, decoded, records_of
from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, read_about
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.readers.json_text import plain_number
from wearoff.cohort.records.readers.rows import Leftovers, Rows
from wearoff.cohort.records.writers.texts import number_text
from wearoff.errors import InputError, Problem
from wearoff.units import convert, factor

__all__ = ["find_in_nonmem"]

_HEADING: Final = re.compile(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d\d?)?", flags=re.ASCII)
_ORIGIN: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?", flags=re.ASCII)
_MISSING: Final = ("", ".", "NA")
_READ: Final = (
    "ID",
    "TIME",
    "AMT",
    "RATE",
    "DUR",
    "TINF",
    "DV",
    "EVID",
    "MDV",
    "WT",
    "CMT",
    "ADDL",
    "II",
    "SS",
)
_TARGETS: Final = {"TIME": "d", "AMT": "mg", "DV": "mg/L", "WT": "kg"}
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class _Clock:
    """When TIME is 0, and how TIME counts on from there."""

    origin: dt.datetime
    unit_d: Fraction
    is_dates_only: bool

    def text(self, time: Fraction) -> str:
        """The moment of a TIME: a date where all are whole days and the origin is a date."""
        if self.is_dates_only:
            return (self.origin.date() + dt.timedelta(days=int(time * self.unit_d))).isoformat()
        seconds = round(time * self.unit_d * _DAY_S)
        moment = self.origin.astimezone(dt.UTC) + dt.timedelta(seconds=seconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class _Table:
    """The header by upper-case name, the units, and the numbered rows."""

    file: str
    places: Mapping[str, int]
    units: Mapping[str, str]
    rows: Sequence[tuple[int, list[str]]]

    def cell(self, record: Sequence[str], name: str) -> str:
        """The text of a cell; empty where it holds a sign for nothing."""
        text = record[self.places[name]].strip(BLANKS) if name in self.places else ""
        return "" if text in _MISSING else text


def find_in_nonmem(files: Mapping[str, bytes], *, timezone: str | None, choices: ReadingChoices) -> Found:
    """The infusions and levels of an event table.

    Args:
        files: one CSV file by its name, and perhaps `cohort.toml`.
        timezone: where the origin was read from a clock; None for the zone that the cohort names, or UTC.
        choices: origin, units and first compartment.

    Raises:
        InputError: with every fault that makes the table unusable.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    about = read_about(files.get(ABOUT_FILE), problems, notes)
    tables = {name: content for name, content in files.items() if name != ABOUT_FILE}
    if len(tables) != 1:
        raise InputError([*problems, Problem(f"give one event table, not {len(tables)} files.")])
    ((name, content),) = tables.items()
    digest = sha256(content).hexdigest()
    try:
        table = _table(name, digest, content, choices.units)
        clock = _clock(table, choices.origin, zone_of(timezone or about.timezone or "UTC"))
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    dictionary = load_dictionary()
    doses = Rows(dictionary.table("infusion"), name, digest, has_rows_of_file=True)
    levels = Rows(dictionary.table("measurement"), name, digest, has_rows_of_file=True)
    left = Leftovers(name)
    for row, record in table.rows:
        _take(table, clock, choices, row, record, doses, levels, left)
    unread = [column for column in table.places if column not in _READ]
    if unread:
        notes.append(f"{name}: the columns {', '.join(unread)} were not read")
    notes.append(f"{name}: TIME 0 stands for {choices.origin}, and TIME counts in {table.units['TIME']}")
    return Found(
        tuple(rows.sheet() for rows in (doses, levels) if len(rows)),
        tuple(notes),
        sources=(left.counted(len(table.rows)),),
        not_used=left.not_used,
        label=about.label,
        is_simulated=about.is_simulated,
        timezone=about.timezone,
    )


def _table(name: str, digest: str, content: bytes, given: Mapping[str, str]) -> _Table:
    origin = Origin(name, digest)
    header, *records = records_of(origin, decoded(origin, content))
    problems: list[Problem] = []
    places: dict[str, int] = {}
    units = {column.upper(): unit for column, unit in given.items()}
    for place, cell in enumerate(header):
        found = _HEADING.fullmatch(cell.strip(BLANKS))
        column = (found[1] if found else cell).strip(BLANKS).upper()
        if column in places:
            problems.append(Problem("the column stands twice in the header; keep one.", name, 1, column))
        places[column] = place
        if found and column in _TARGETS and units.setdefault(column, found[2]) != found[2]:
            reason = f"the header says {found[2]} and the unit given is {units[column]}; keep one."
            problems.append(Problem(reason, name, 1, column))
    problems += [
        Problem("the required column is missing; add it.", name, 1, column)
        for column in ("ID", "TIME")
        if column not in places
    ]
    if not {"AMT", "DV"} & set(places):
        problems.append(Problem("one of the columns AMT, DV is required; add one.", name, 1))
    for column, target in _TARGETS.items():
        if column in places:
            problems += _wrong_unit(name, column, units.get(column), target)
    numbered = [(row, record) for row, record in enumerate(records, start=2) if "".join(record).strip(BLANKS)]
    problems += [
        Problem(f"the row has {len(record)} fields, the header {len(header)}; correct it.", name, row)
        for row, record in numbered
        if len(record) != len(header)
    ]
    if problems:
        raise InputError(problems)
    return _Table(name, places, units, numbered)


def _wrong_unit(name: str, column: str, unit: str | None, target: str) -> list[Problem]:
    if unit is None:
        reason = (
            f"the unit of {column} is not given, and is never guessed; name it: --unit {column}={target}."
        )
        return [Problem(reason, name, 1, column)]
    try:
        factor(unit, target)
    except InputError as error:
        return [Problem(problem.reason, name, 1, column, value=unit) for problem in error.problems]
    return []


def _clock(table: _Table, origin: str | None, zone: ZoneInfo) -> _Clock:
    if origin is None:
        reason = "the table does not say when TIME is 0; name the moment: --origin 2020-01-31T10:00."
        raise InputError(Problem(reason, file=table.file, column="TIME"))
    text = origin.strip()
    try:
        if not _ORIGIN.fullmatch(text):
            raise ValueError
        moment = dt.datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        reason = f"the origin {origin!r} is no date, or date and time; write 2020-01-31 or 2020-01-31T10:00."
        raise InputError(Problem(reason, column="origin", value=origin)) from None
    unit_d = factor(table.units["TIME"], "d")
    is_date = len(text) == 10
    times = (_number(table.cell(record, "TIME")) for _, record in table.rows)
    if is_date and not all(time is None or (time * unit_d).denominator == 1 for time in times):
        reason = f"TIME holds times of day, so the origin needs one too: {text}T00:00 or when it was."
        raise InputError(Problem(reason, file=table.file, column="TIME", value=origin))
    return _Clock(moment, unit_d, is_date)


def _take(
    table: _Table,
    clock: _Clock,
    choices: ReadingChoices,
    row: int,
    record: Sequence[str],
    doses: Rows,
    levels: Rows,
    left: Leftovers,
) -> None:
    """One row: a dose, a level, or a line in the list of what is not used."""
    amount = table.cell(record, "AMT")
    event = table.cell(record, "EVID") or ("1" if _number(amount) not in (None, 0) else "0")
    where = f"row {row}"
    if event == "0":
        if table.cell(record, "MDV") == "1" or not table.cell(record, "DV"):
            left.add("observation without a value", where, "MDV is 1 or DV is missing.")
            return
        _add_level(table, clock, row, record, levels)
    elif event in ("1", "4"):
        _add_dose(table, clock, choices.first_compartment, row, record, doses)
        if event == "4":
            doses.refuse(row, None, "EVID 4 resets the patient, which no record does; write EVID 1.")
    elif event in ("2", "3"):
        left.add(f"EVID {event}", where, "the row neither doses nor measures.")
    elif _number(amount) not in (None, 0):
        _add_dose(table, clock, choices.first_compartment, row, record, doses)
        doses.refuse(row, None, f"there is no EVID {event[:20]}; write 1 if it is a dose that was given.")
    else:
        left.add(f"EVID {event[:20]}", where, "there is no such event; 0 observes and 1 doses.")


def _add_level(table: _Table, clock: _Clock, row: int, record: Sequence[str], levels: Rows) -> None:
    value = table.cell(record, "DV")
    cells = {
        "patient_id": table.cell(record, "ID"),
        "analyte": "natalizumab_conc",
        "value": plain_number(value),
        "unit": table.units["DV"],
    }
    levels.add(row, cells | _time(table, clock, row, record, "time", levels))
    levels.at(row, "value", "column DV")


def _add_dose(
    table: _Table,
    clock: _Clock,
    first: Literal["depot", "central"] | None,
    row: int,
    record: Sequence[str],
    doses: Rows,
) -> None:
    cells = {"patient_id": table.cell(record, "ID")}
    cells |= _time(table, clock, row, record, "start_time", doses)
    cells["dose_mg"] = _converted(table, record, "AMT", row, "dose_mg", doses)
    if not cells["dose_mg"]:
        doses.refuse(row, "dose_mg", "the dose has no AMT; write what was given.")
    weight = _converted(table, record, "WT", row, "weight_kg", doses)
    duration = _duration(table, clock, row, record, doses)
    compartment = table.cell(record, "CMT")
    cells |= {"weight_kg": weight, "duration_min": duration}
    if first is not None and compartment in ("1", "2"):
        cells["route"] = "SC" if first == "depot" and compartment == "1" else "IV"
    if compartment not in ("", "1", "2"):
        doses.refuse(row, "route", f"CMT {compartment[:20]} is neither the depot nor the blood.")
    for name in ("ADDL", "SS", "II"):
        if _number(table.cell(record, name)) not in (None, 0):
            reason = (
                f"{name} makes the row stand for more than one dose; write each dose in a row of its own."
            )
            doses.refuse(row, None, reason)
            break
    doses.add(row, {name: cell for name, cell in cells.items() if cell})
    for name, column in (("dose_mg", "AMT"), ("weight_kg", "WT"), ("route", "CMT")):
        doses.at(row, name, f"column {column}")


def _time(
    table: _Table, clock: _Clock, row: int, record: Sequence[str], column: str, rows: Rows
) -> dict[str, str]:
    text = table.cell(record, "TIME")
    number = _number(text)
    rows.at(row, column, "column TIME")
    if number is None:
        hint = " A clock or a date is no TIME; count from the origin." if re.search(r"[:/-]", text) else ""
        rows.refuse(row, column, f"TIME is {text[:30]!r} and no number.{hint}")
        return {}
    try:
        return {column: clock.text(number)}
    except (OverflowError, ValueError):
        rows.refuse(row, column, f"TIME {text[:30]} is outside the calendar; is its unit right?")
        return {}


def _converted(table: _Table, record: Sequence[str], name: str, row: int, column: str, rows: Rows) -> str:
    """A number in the unit of memory, its own text where that is its unit."""
    text = table.cell(record, name)
    if not text:
        return ""
    if _number(text) is None:
        rows.refuse(row, column, f"{name} is {text[:30]!r} and no number.")
        return ""
    unit, target = table.units[name], _TARGETS[name]
    return (
        plain_number(text) if factor(unit, target) == 1 else number_text(convert(float(text), unit, target))
    )


def _duration(table: _Table, clock: _Clock, row: int, record: Sequence[str], rows: Rows) -> str:
    """How long a dose ran, minutes: as stated, or its amount divided by its rate."""
    minutes_in_unit = clock.unit_d * 1440
    for name in ("DUR", "TINF"):
        text = table.cell(record, name)
        if text:
            rows.at(row, "duration_min", f"column {name}")
            number = _number(text)
            if number is None:
                rows.refuse(row, "duration_min", f"{name} is {text[:30]!r} and no number.")
                return ""
            return number_text(float(number * minutes_in_unit)) if number else ""
    rate, amount = _number(table.cell(record, "RATE")), _number(table.cell(record, "AMT"))
    rows.at(row, "duration_min", "column RATE")
    if rate is None or rate == 0 or amount is None:
        if table.cell(record, "RATE") and rate is None:
            rows.refuse(row, "duration_min", "RATE is no number.")
        return ""
    if rate < 0:
        rows.refuse(row, "duration_min", "a negative RATE leaves the rate to a model; write how long it ran.")
        return ""
    return number_text(float(amount / rate * minutes_in_unit))


def _number(text: str) -> Fraction | None:
    return Fraction(text) if len(text) < 40 and _NUMBER.fullmatch(text) else None
