"""The cells of an event table as numbers in our units, with every fault noted where it stands."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wearoff.errors import InputError, Problem
from wearoff.units import convert, factor

HEAVIEST_KG, LIGHTEST_KG = 400.0, 10.0
MODELLED: Mapping[str, str] = {
    f"{what}{compartment}": f"{what}{compartment} (model)"
    for what in ("F", "ALAG", "R", "D")
    for compartment in (1, 2)
}
LAYOUT = (
    "ID",
    "TIME",
    "AMT",
    "RATE",
    "II",
    "ADDL",
    "SS",
    "EVID",
    "CMT",
    "DV",
    "MDV",
    "TINF",
    *MODELLED.values(),
)

_WHOLE = ("ADDL", "SS", "EVID", "CMT", "MDV")
_DERIVED = {"RATE": "AMT per TIME", "II": "TIME", "TINF": "TIME"}
_TARGETS = {"TIME": "d", "AMT": "mg", "DV": "mg/L", "WT": "kg"}
_TIMES = ("II", "TINF", *(MODELLED[name] for name in ("ALAG1", "ALAG2", "D1", "D2")))
_RATES = ("RATE", MODELLED["R1"], MODELLED["R2"])
_MISSING = ("", ".", "NA")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", flags=re.ASCII)
_HEADER = re.compile(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]")


@dataclass(slots=True)
class Table:
    """The cells of a table as text, and the faults found in them so far."""

    file: str | None
    columns: list[str]
    units: dict[str, str]
    rows: list[tuple[int, dict[str, str]]]
    problems: list[Problem] = field(default_factory=list)

    def refuse(
        self, reason: str, row: int, column: str | None, patient: str | None, value: object = None
    ) -> None:
        """Note a fault."""
        text = None if value is None else str(value)
        self.problems.append(Problem(reason, self.file, row, column, patient, text))

    def stop(self) -> None:
        """Raise the faults found, if there are any."""
        if self.problems:
            raise InputError(sorted(self.problems, key=lambda problem: problem.row or 0))


@dataclass(slots=True)
class Event:
    """One row in days, mg and mg/L; None where a cell is empty."""

    row: int
    patient: str
    number: dict[str, float | None]
    kind: int

    def get(self, column: str) -> float:
        """The number in a column; an empty or absent one is 0, as in NONMEM."""
        return self.number.get(column) or 0.0

    def modelled(self, what: str, compartment: int) -> float | None:
        """What the model gives a dose into a compartment: F, ALAG, R or D; None where it gives nothing."""
        return self.number.get(MODELLED[f"{what}{compartment}"])

    @property
    def time_d(self) -> float:
        """When it is."""
        return self.get("TIME")


def read_table(
    source: Path | Mapping[str, Sequence[object]], ignored: set[str], modelled: Mapping[str, str]
) -> Table:
    """The table with upper-case names and without ignored columns; what is modelled stands under `MODELLED`."""
    _, header = next(lines := _lines(source), (1, []))
    found = [_HEADER.fullmatch(cell.strip()) for cell in header]
    names = [_name(match[1] if match else cell) for match, cell in zip(found, header, strict=True)]
    standing_for = {_name(column): MODELLED[what] for what, column in modelled.items()}
    absent = sorted(set(standing_for) - set(names))
    names = [standing_for.get(name, name) for name in names]
    units = {name: match[2].strip() for name, match in zip(names, found, strict=True) if match}
    file = source.name if isinstance(source, Path) else None
    table = Table(file, [name for name in names if name not in ignored], units, [])
    for name in absent:
        table.refuse("the column that the model is said to take is missing.", 1, name, None)
    for name in sorted({name for name in table.columns if table.columns.count(name) > 1}):
        table.refuse("the column stands there twice.", 1, name or None, None)
    for name in {"ID", "TIME", "AMT"}.difference(names):
        table.refuse("the column is missing.", 1, name, None)
    for row, cells in lines:
        if len(cells) != len(names):
            table.refuse(f"the row has {len(cells)} cells, the header {len(names)}.", row, None, None)
        kept = zip(names, cells, strict=False)
        table.rows.append((row, {name: cell.strip() for name, cell in kept if name not in ignored}))
    table.stop()
    return table


def _lines(source: Path | Mapping[str, Sequence[object]]) -> Iterator[tuple[int, list[str]]]:
    """The rows as text with their number in a spreadsheet, the header first."""
    if not isinstance(source, Path):
        yield 1, list(source)
        for row, values in enumerate(zip(*source.values(), strict=True), 2):
            yield row, ["" if value is None else str(value) for value in values]
        return
    try:
        with source.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        reason = f"the file cannot be read as CSV in UTF-8 ({fault})."
        raise InputError(Problem(reason, source.name)) from None


def add_units(table: Table, given: Mapping[str, str]) -> None:
    """Take the units that the caller names to those of the header, and refuse what is missing or foreign."""

    def wrong(name: str, reason: str, unit: str | None = None) -> None:
        table.refuse(reason, 1, name, None, unit)

    units = table.units
    for column, unit in given.items():
        name = _name(column)
        if units.setdefault(name, unit) != unit:
            wrong(name, f"the header says {units[name]}, and not {unit}.", unit)
    is_measured = any(cells.get("DV", "") not in _MISSING for _, cells in table.rows)
    needed = {"TIME": True, "AMT": True, "DV": is_measured, "WT": "WT" in table.columns}
    for name in (name for name, is_needed in needed.items() if is_needed and name not in units):
        wrong(name, f"the unit is missing; name it, for example {name} ({_TARGETS[name]}).")
    for name, unit in units.items():
        if name in _DERIVED:
            wrong(name, f"its unit is that of {_DERIVED[name]}; it has none of its own.", unit)
        elif name not in table.columns:
            wrong(name, "there is a unit for this column, but no such column.", unit)
        elif name in _TARGETS:
            try:
                factor(unit, _TARGETS[name])
            except InputError as fault:
                wrong(name, fault.problems[0].reason, unit)
    table.stop()


def _name(column: str) -> str:
    """The name under which a column is known here."""
    return re.sub("^WEIGHT$", "WT", column.strip().upper())


def event_of(table: Table, row: int, cells: Mapping[str, str]) -> Event:
    """One row with every cell read as a number in our units."""
    patient = re.sub(r"^(\d+)\.0+$", r"\1", cells["ID"])
    if patient in _MISSING:
        table.refuse("the ID is missing.", row, "ID", None)
    number = {
        name: None if text in _MISSING else _number(table, row, name, patient, text)
        for name, text in cells.items()
        if name != "ID"
    }
    if number["TIME"] is None and cells["TIME"] in _MISSING:
        table.refuse("the time is missing.", row, "TIME", patient)
    kind = number.get("EVID")  # where the table has none, NONMEM's own rule
    return Event(row, patient, number, int(bool(number["AMT"]) if kind is None else kind))


def _number(table: Table, row: int, name: str, patient: str, text: str) -> float | None:
    """The number in a cell in our units; None, and a fault, where there is none."""
    units = table.units
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    reason = ""
    if not math.isfinite(value):
        reason = f"{text!r} is not a number; write an empty cell or . for none."
    elif name in _WHOLE and not value.is_integer():
        reason = f"{text} is not a whole number."
    elif name in _TARGETS:
        value = convert(value, units[name], _TARGETS[name])
    elif name in _TIMES:
        value = convert(value, units["TIME"], "d")
    elif name in _RATES and value > 0:
        value = convert(value, units["AMT"], "mg") / convert(1.0, units["TIME"], "d")
    if name == "WT" and not reason and not LIGHTEST_KG <= value <= HEAVIEST_KG:
        reason = f"{text} {units[name]} is no body weight ({LIGHTEST_KG:g} to {HEAVIEST_KG:g} kg); is the unit right?"
    if reason:
        table.refuse(reason, row, name, patient, text)
        return None
    return value
