"""The tables of a patient's record, and the reading of their values with a fault for each that is none.

A record is a document as `tomllib` gives it, from a file or put together in Python. Nothing is guessed: a quantity
is a text with its unit, a key that is not known is refused, and a fault names the table, the key and, in a file, the
line. Faults are collected, so that a file is mended once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wearoff.dosing.dated import has_time, moment_of
from wearoff.dosing.hand_written import Faults, did_you_mean, shown
from wearoff.errors import InputError
from wearoff.units import quantity

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from wearoff.dosing.toml_lines import Path

__all__ = ["FORMS", "Entry", "Form", "Moment", "entries_of"]

_EARLIEST = dt.date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of table in a patient's record.

    Attributes:
        name: its name.
        required: the keys that each such table has.
        optional: the keys that it may have.
        is_repeated: whether there may be several, written with two brackets.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    is_repeated: bool = True

    @property
    def written(self) -> str:
        """The table as its first line in a file."""
        return f"[[{self.name}]]" if self.is_repeated else f"[{self.name}]"

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that is known."""
        return (*self.required, *self.optional)


FORMS = {
    form.name: form
    for form in (
        Form("patient", ("name", "timezone"), ("today", "antibodies_from", "notes"), is_repeated=False),
        Form("laboratory", ("name",), ("scale", "prior_cv", "prior_median", "mark", "source")),
        Form("infusion", ("start", "dose"), ("route", "duration")),
        Form("infusions", ("first", "every", "times", "dose"), ("route", "duration")),
        Form("weight", ("value",), ("from",)),
        Form("level", ("time",), ("value", "below", "lloq", "laboratory")),
        Form("occupancy", ("time", "value", "assay", "subset")),
        Form("antibodies", ("date", "found")),
        Form("plasma_exchange", ("date",), ("removed",)),
    )
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in a record.

    Attributes:
        at: the moment in UTC; noon where only the date is known.
        date: the date on the patient's calendar.
        is_date_only: whether only the date is known.
        written: the time as it was written.
    """

    at: dt.datetime
    date: dt.date
    is_date_only: bool
    written: str


@dataclass(slots=True)
class Entry:
    """One table of a record; each reading gives None where it has found a fault, or where the key is absent.

    Attributes:
        form: what kind of table it is.
        index: its place among those of its kind, from 0; None for the only one.
        values: its keys as they were written.
        faults: where faults are noted.
    """

    form: Form
    index: int | None
    values: dict[str, Any]
    faults: Faults

    @property
    def line(self) -> int:
        """The line on which the table begins; 0 where there is no file."""
        return self.faults.lines.get(self._path, 0)

    @property
    def _path(self) -> Path:
        return (self.form.name,) if self.index is None else (self.form.name, self.index)

    @property
    def name(self) -> str:
        """What an error calls the table, counted from 1."""
        return self.form.name if self.index is None else f"{self.form.name} {self.index + 1}"

    def fail(self, reason: str, key: str | None = None) -> None:
        """Note a fault of the table, or of one key."""
        path = self._path if key is None else (*self._path, key)
        self.faults.add(reason, path, self.name, key, None if key is None else self.values.get(key))

    def text(self, key: str) -> str | None:
        """A printable text that is not blank."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, str) and value.strip() and value.isprintable():
            return value
        self.fail(f"{shown(value)} is not a text; write it in quotes, on one line, and not blank.", key)
        return None

    def choice(self, key: str, known: tuple[str, ...]) -> str | None:
        """One of a few words."""
        text = self.text(key)
        if text is None or text in known:
            return text
        self.fail(f"{shown(text)} is not one of {', '.join(known)}.{did_you_mean(text, known)}", key)
        return None

    def number(self, key: str) -> float | None:
        """A finite pure number above zero."""
        value = self.values.get(key)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and 0 < value <= 1e6:
            return float(value)
        self.fail(f"{shown(value)} is not a number above 0; write it without quotes and unit.", key)
        return None

    def quantity(
        self, key: str, unit: str, low: float, high: float, hint: str = "a slip?", *, example: str
    ) -> float | None:
        """A quantity in the unit wanted, within its limits; `example` is how it may be written."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            why = "has no unit" if isinstance(value, int | float) else "is not a quantity"
            self.fail(f'{shown(value)} {why}; write number and unit in quotes: {key} = "{example}".', key)
            return None
        try:
            number = quantity(value, unit)
        except InputError as fault:
            reason = fault.problems[0].reason.replace(repr(value), shown(value))
            if reason.startswith("the unit is missing"):
                reason = (
                    f'{shown(value)} has no unit, and none is guessed; write for example {key} = "{example}".'
                )
            self.fail(reason.replace(f"12 {unit}", example), key)
            return None
        if low <= number <= high:
            return number
        limits = f"{100 * low:g} to {100 * high:g} %" if unit == "fraction" else f"{low:g} to {high:g} {unit}"
        self.fail(f"{shown(value)} is outside {limits}: {hint}", key)
        return None

    def moment(self, key: str, zone: ZoneInfo) -> Moment | None:
        """A time, or a date at noon."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str | dt.date):
            self.fail(
                f"{shown(value)} is not a date, nor a date and time; write 2024-05-31 or 2024-05-31T14:30.",
                key,
            )
            return None
        try:
            at = moment_of(value, zone)
            date = at.astimezone(zone).date()
        except ValueError as fault:
            self.fail(f"{shown(value)} {fault}", key)
        except OverflowError:
            self.fail(f"{shown(value)} is outside the calendar.", key)
        else:
            if date >= _EARLIEST:
                return Moment(at, date, not has_time(value), str(value))
            self.fail(f"{shown(value)} is before {_EARLIEST}; is the year right?", key)
        return None

    def truth(self, key: str) -> bool | None:
        """True or false."""
        value = self.values.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.fail(f"{shown(value)} is neither true nor false; write one of them without quotes.", key)
        return None


def entries_of(document: Mapping[str, Any], faults: Faults) -> dict[str, list[Entry]]:
    """The tables of a record by their kind; unknown tables and keys, and missing keys, are noted as faults."""
    found: dict[str, list[Entry]] = {name: [] for name in FORMS}
    for name, value in document.items():
        form = FORMS.get(name)
        if form is None:
            kinds = ", ".join(each.written for each in FORMS.values())
            what = "table" if _is_table(value) else "key outside the tables"
            faults.add(
                f"the {what} {shown(name)} is not known.{did_you_mean(name, FORMS)} The tables are {kinds}.",
                (name,),
            )
        elif not _is_table(value) or isinstance(value, list) != form.is_repeated:
            faults.add(f"write it as a table that begins with {form.written}.", (name,), name)
        else:
            found[name] += _checked(form, value if isinstance(value, list) else [value], faults)
    if "patient" not in document:
        faults.add("there is no table [patient]; add it with name and timezone.", ())
    if not found["patient"]:
        found["patient"] = [Entry(FORMS["patient"], None, {}, faults)]
    return found


def _checked(form: Form, tables: list[dict[str, Any]], faults: Faults) -> Iterator[Entry]:
    for index, values in enumerate(tables):
        entry = Entry(form, index if form.is_repeated else None, values, faults)
        for key in values:
            if key not in form.keys:
                entry.fail(
                    f"the key is not known.{did_you_mean(key, form.keys)} "
                    f"Keys of {form.written}: {', '.join(form.keys)}.",
                    key,
                )
        for key in form.required:
            if values.get(key) is None:
                entry.fail(f"the key is missing; {form.written} needs {', '.join(form.required)}.", key)
        yield entry


def _is_table(value: object) -> bool:
    """Whether it is a table, or several."""
    if isinstance(value, list):
        return all(isinstance(each, dict) for each in value) and bool(value)
    return isinstance(value, dict)
