"""Event tables in the layout of NONMEM, to and from regimens.

One row is one event: ID TIME AMT RATE II ADDL SS EVID CMT DV MDV, and any other column is a covariate. The
layout names no units, and programs differ in how they number compartments and carry covariates; so the
units, the first compartment and the way of carrying are named by the caller and never guessed. A unit may
also stand in the header, as in `TIME (h)`; RATE is in the unit of AMT per unit of TIME, II in that of TIME.

The solver takes infusions into the central compartment (RATE > 0) and doses into the depot. A bolus, a
steady state (SS) and a reset (EVID 3 or 4) are refused by name and not imitated. Polars is loaded when needed.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from wearoff.dosing.regimen import Regimen
from wearoff.errors import InputError, Problem
from wearoff.units import convert, factor

if TYPE_CHECKING:
    from jaxtyping import Float

__all__ = ["WRITTEN_UNITS", "PatientEvents", "read_events", "to_events", "write_events"]

WRITTEN_UNITS: Mapping[str, str] = {"TIME": "d", "AMT": "mg"}
HEAVIEST_KG, LIGHTEST_KG = 400.0, 10.0
MOST_DOSES = 10_000

_LAYOUT = ("ID", "TIME", "AMT", "RATE", "II", "ADDL", "SS", "EVID", "CMT", "DV", "MDV", "TINF")
_WHOLE = ("ADDL", "SS", "EVID", "CMT", "MDV")
_DERIVED = {"RATE": "AMT per TIME", "II": "TIME", "TINF": "TIME"}
_TARGETS = {"TIME": "d", "AMT": "mg", "DV": "mg/L", "WT": "kg"}
_MISSING = ("", ".", "NA")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", flags=re.ASCII)
_HEADER = re.compile(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]")
_DEPOT_DURATION_D = 1.0 / 24.0
_OVERLAP_D = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class PatientEvents:
    """What an event table says of one patient, on the table's own time axis in days.

    Attributes:
        patient: the ID.
        regimen: the doses, repeated ones written out.
        covariates: value of each covariate from every dose on, until the next; `WT` in kg. A change
            between two doses takes effect at the next dose.
        observed_d: times of the observation rows, days.
        observed: the measured concentration of each, mg/L; NaN where there is none.
    """

    patient: str
    regimen: Regimen
    covariates: Mapping[str, Float[np.ndarray, " doses"]]
    observed_d: Float[np.ndarray, " samples"]
    observed: Float[np.ndarray, " samples"]


def read_events(
    source: Path | Mapping[str, Sequence[object]],
    *,
    first_compartment: Literal["depot", "central"],
    units: Mapping[str, str] | None = None,
    carried: Literal["forward", "backward"] | None = None,
    ignored: Sequence[str] = (),
) -> tuple[PatientEvents, ...]:
    """The patients of an event table, in its order.

    Args:
        source: a CSV file in UTF-8 with a header, or columns by name; column names in any case.
        first_compartment: what CMT 1 is: `depot` (then 2 is central), or `central` (the only one dosed).
        units: unit of TIME and AMT, of DV where something was measured, and of WT where it is a column;
            not needed for a column whose header says it, as in `WT (lb)`.
        carried: how a covariate holds between rows: `forward` from its row until the next, or `backward`
            from the row before until its own. Needed when there is a covariate.
        ignored: columns that are not read.

    Raises:
        InputError: with file, row, column and patient of every fault: an event that the solver does not
            take, a missing number or unit, time that goes backwards, infusions that overlap, and the like.
    """
    table = _table(source, {name.upper() for name in ignored})
    if first_compartment not in ("depot", "central"):
        raise InputError(Problem("say whether CMT 1 is the depot or central.", column="CMT"))
    covariates = [name for name in table.columns if name not in _LAYOUT]
    if covariates and carried not in ("forward", "backward"):
        reason = f"say whether covariates ({', '.join(covariates)}) are carried forward or backward."
        raise InputError(Problem(reason, table.file, 1, covariates[0]))
    _add_units(table, units or {})
    events = [_event(table, row, cells) for row, cells in table.rows]
    table.stop()
    for event in events:
        _judge(table, event, central=2 if first_compartment == "depot" else 1)
    _order(table, events)
    table.stop()
    by_patient = groupby(events, key=lambda event: event.patient)
    found = [_patient(table, patient, list(mine), covariates, carried) for patient, mine in by_patient]
    table.stop()
    return tuple(one for one in found if one is not None)


def to_events(regimen: Regimen, patient: str = "1") -> dict[str, list[object]]:
    """A regimen as the columns of an event table: days, mg, mg/day, CMT 1 the depot and 2 the central compartment.

    The extra column TINF holds the length of an infusion, which AMT/RATE gives only up to rounding. A skipped
    dose (0 mg) is a row of EVID 2 with its TINF, which other programs pass over. Read with
    `units=WRITTEN_UNITS, first_compartment="depot"` the table gives the regimen back, but for the length of
    a subcutaneous dose, which means nothing and is not written.

    Args:
        regimen: the doses.
        patient: the ID.
    """
    is_given = regimen.dose_mg > 0
    is_infusion = ~regimen.is_subcutaneous
    none: list[object] = [0] * regimen.number
    return {
        "ID": [patient] * regimen.number,
        "TIME": regimen.start_d.tolist(),
        "AMT": regimen.dose_mg.tolist(),
        "RATE": np.where(is_infusion, regimen.dose_mg / regimen.duration_d, 0.0).tolist(),
        **{name: list(none) for name in ("II", "ADDL", "SS")},
        "EVID": np.where(is_given, 1, 2).tolist(),
        "CMT": np.where(is_infusion, 2, 1).tolist(),
        "DV": [None] * regimen.number,
        "MDV": [1] * regimen.number,
        "TINF": np.where(is_infusion | ~is_given, regimen.duration_d, 0.0).tolist(),
    }


def write_events(regimens: Mapping[str, Regimen], file: Path) -> None:
    """Write the event table of several patients as CSV; the form is that of `to_events`."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for number, (patient, regimen) in enumerate(regimens.items()):
            columns = to_events(regimen, patient)
            if number == 0:
                writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))


@dataclass(slots=True)
class _Table:
    """The cells of a table as text, and the faults found in them so far."""

    file: str | None
    columns: list[str]
    units: dict[str, str]
    rows: list[tuple[int, dict[str, str]]]
    problems: list[Problem] = field(default_factory=list)

    def refuse(
        self, reason: str, row: int, column: str | None, patient: str | None, value: object = None
    ) -> None:
        text = None if value is None else str(value)
        self.problems.append(Problem(reason, self.file, row, column, patient, text))

    def stop(self) -> None:
        """Raise the faults found, if there are any."""
        if self.problems:
            raise InputError(sorted(self.problems, key=lambda problem: problem.row or 0))


@dataclass(slots=True)
class _Event:
    """One row in days, mg and mg/L; None where a cell is empty."""

    row: int
    patient: str
    number: dict[str, float | None]
    kind: int
    is_subcutaneous: bool = False
    doses: int = 0
    duration_d: float = 0.0

    def get(self, column: str) -> float:
        """The number in a column; an empty or absent one is 0, as in NONMEM."""
        return self.number.get(column) or 0.0


def _table(source: Path | Mapping[str, Sequence[object]], ignored: set[str]) -> _Table:
    """The table with upper-case names and without ignored columns."""
    _, header = next(lines := _lines(source), (1, []))
    found = [_HEADER.fullmatch(cell.strip()) for cell in header]
    names = [_name(match[1] if match else cell) for match, cell in zip(found, header, strict=True)]
    units = {name: match[2].strip() for name, match in zip(names, found, strict=True) if match}
    file = source.name if isinstance(source, Path) else None
    table = _Table(file, [name for name in names if name not in ignored], units, [])
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


def _add_units(table: _Table, given: Mapping[str, str]) -> None:
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


def _event(table: _Table, row: int, cells: Mapping[str, str]) -> _Event:
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
    return _Event(row, patient, number, int(bool(number["AMT"]) if kind is None else kind))


def _number(table: _Table, row: int, name: str, patient: str, text: str) -> float | None:
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
    elif name in ("II", "TINF"):
        value = convert(value, units["TIME"], "d")
    elif name == "RATE" and value > 0:
        value = convert(value, units["AMT"], "mg") / convert(1.0, units["TIME"], "d")
    if name == "WT" and not reason and not LIGHTEST_KG <= value <= HEAVIEST_KG:
        reason = f"{text} {units[name]} is no body weight ({LIGHTEST_KG:g} to {HEAVIEST_KG:g} kg); is the unit right?"
    if reason:
        table.refuse(reason, row, name, patient, text)
        return None
    return value


def _judge(table: _Table, event: _Event, central: int) -> None:
    """Refuse, at its first fault, an event that does not exist or that the solver does not take."""
    get, kind = event.get, event.kind
    compartment = event.number.get("CMT") or (central if kind != 1 else 1)
    is_dose, is_skipped = kind == 1, kind == 2 and get("TINF") > 0
    event.is_subcutaneous = into_depot = central == 2 and compartment == 1
    infused = get("RATE") > 0 or get("TINF") > 0
    stated = get("AMT") / get("RATE") if get("RATE") > 0 else get("TINF")
    faults: tuple[tuple[str, bool, str], ...] = (
        ("EVID", kind not in range(5), "there is no such event; 0 observes, 1 doses, 2 is another, 3 and 4 reset."),
        ("EVID", kind in (3, 4), "the solver takes no reset; give what follows it an ID of its own."),
        ("SS", get("SS") != 0, "the solver takes no steady state; write enough doses before with ADDL and II."),
        ("RATE", get("RATE") in (-1, -2), "this code leaves rate or duration to the model; write the rate."),
        *((name, get(name) < 0, "it cannot be negative.") for name in ("AMT", "RATE", "II", "ADDL", "TINF")),
        ("AMT", not is_dose and get("AMT") > 0, "there is an amount, but EVID does not say that it is a dose."),
        ("AMT", is_dose and get("AMT") == 0, "the dose has no amount; leave a dose that was not given out."),
        ("ADDL", get("ADDL") > 0 and not is_dose, "only a dose (EVID 1) is repeated."),
        ("II", get("ADDL") > 0 and get("II") == 0, "ADDL repeats the dose, but II does not say how often."),
        ("II", get("II") > 0 and get("ADDL") == 0, "II says how often, but ADDL repeats nothing."),
        ("ADDL", get("ADDL") >= MOST_DOSES, f"more than {MOST_DOSES} doses are not taken."),
        ("CMT", compartment not in (1, central), f"drug is given into and measured in CMT 1 to {central} only."),
        ("RATE", is_dose and into_depot and infused, f"an infusion goes into the central compartment, CMT {central}."),
        ("RATE", is_dose and not into_depot and not infused, "the solver takes no bolus; write the rate of infusion."),
        ("TINF", is_dose and not math.isclose(stated, get("TINF") or stated, rel_tol=1e-6), "AMT/RATE is another."),
        ("DV", kind == 0 and get("DV") < 0, "a concentration cannot be negative; is it a logarithm?"),
        ("CMT", kind == 0 and into_depot and event.number.get("DV") is not None, "nobody measures the depot."),
        ("MDV", get("MDV") not in (0, 1), "MDV is 0 or 1."),
    )  # fmt: skip
    for column, is_wrong, reason in faults:
        if is_wrong:
            table.refuse(reason, event.row, column, event.patient, event.number.get(column))
            return
    event.duration_d = (get("TINF") or stated) if not into_depot else _DEPOT_DURATION_D
    event.doses = 1 + int(get("ADDL")) if is_dose else int(is_skipped)


def _order(table: _Table, events: Sequence[_Event]) -> None:
    """Refuse time that goes backwards, and an ID whose rows do not stand together."""
    latest: dict[str, float] = {}
    for before, event in zip((None, *events), events, strict=False):
        time, last = event.get("TIME"), latest.get(event.patient, -math.inf)
        if event.patient in latest and before is not None and before.patient != event.patient:
            table.refuse("the rows of this ID do not stand together.", event.row, "ID", event.patient)
        elif time < last:
            table.refuse("time goes backwards within the ID.", event.row, "TIME", event.patient)
        latest[event.patient] = max(time, last)


def _patient(
    table: _Table, patient: str, events: Sequence[_Event], covariates: Sequence[str], carried: str | None
) -> PatientEvents | None:
    """One patient's rows put together; None, and a fault, where they do not fit."""
    doses = sorted(
        (
            (event.get("TIME") + count * event.get("II"), event)
            for event in events
            for count in range(event.doses)
        ),
        key=lambda dose: (dose[0], dose[1].row),
    )
    until, running = -math.inf, None
    for start, event in doses:
        if not event.is_subcutaneous and start < until - _OVERLAP_D and running is not None:
            of = "its own repetition" if running is event else f"the infusion of row {running.row}"
            table.refuse(f"it starts on day {start:g}, while {of} still runs.", event.row, "TIME", patient)
            return None
        if not event.is_subcutaneous and start + event.duration_d > until:
            until, running = start + event.duration_d, event
    given = [event for _, event in doses]
    start_d = np.array([start for start, _ in doses], dtype=np.float64)
    values = {name: _carried(events, name, start_d, carried) for name in covariates}
    for name in (name for name in covariates if np.isnan(values[name]).any()):
        reason = "it has no value at or before a dose; give one, or carry covariates backward."
        table.refuse(reason, events[0].row, name, patient)
        return None
    columns = np.array([(event.get("AMT"), event.duration_d, event.is_subcutaneous) for event in given])
    samples = [event for event in events if event.kind == 0]
    measured = [None if event.get("MDV") else event.number.get("DV") for event in samples]
    return PatientEvents(
        patient=patient,
        regimen=Regimen(start_d, *columns.reshape(-1, 3).T),
        covariates=values,
        observed_d=np.array([event.get("TIME") for event in samples]),
        observed=np.array([math.nan if value is None else value for value in measured]),
    )


def _carried(
    events: Sequence[_Event], name: str, start_d: Float[np.ndarray, " doses"], carried: str | None
) -> Float[np.ndarray, " doses"]:
    """The value of a covariate from each dose on; NaN where there is none yet."""
    known = [(event.get("TIME"), value) for event in events if (value := event.number.get(name)) is not None]
    times = np.array([time for time, _ in known])
    values = np.array([math.nan, *(value for _, value in known)])
    last = np.searchsorted(times, start_d, side="right")  # rows up to the dose, its own included
    if carried == "backward":  # the next row rules; after the last one, the last
        last = np.minimum(last + 1, len(known))
    return values[last]
