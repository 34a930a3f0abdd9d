"""The data dictionary: which tables and columns there are, and what each may hold.

It is data, `dictionary.toml`. This module reads it into frozen values, from which the schemas, the
parsing of cells and the reference pages are made, so that a limit or a code stands in one place.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

__all__ = [
    "MISSING_CODES",
    "MISSING_SUFFIX",
    "Analyte",
    "Column",
    "Dictionary",
    "Kind",
    "Table",
    "load_dictionary",
]

Kind = Literal["identifier", "word", "text", "code", "number", "integer", "date", "time"]

# Why a value is absent: not done, unknown, not applicable, refused by the patient.
MISSING_CODES = ("ND", "UNK", "NA", "REF")
MISSING_SUFFIX = "_missing"

_EARLIEST = dt.date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of a table may hold; the fields are those of `dictionary.toml`.

    Attributes:
        name: header of the column; `fs_*` stands for every column that begins with `fs_`.
        kind: what its cells are.
        about: one line for people.
        is_required: the file has the column.
        is_filled: no cell of it is empty.
        codes: the texts allowed, for kind `code`.
        minimum: smallest number allowed.
        maximum: largest number allowed; "as_of" is the year in which the data were frozen.
        step: a number is a multiple of it.
        but_not: numbers that are refused within the range.
        earliest: first date allowed.
        ahead_d: days past the day of freezing that are still allowed.
        unit: unit of the number in memory.
        hint: what is added to a refusal out of range.
        flag: column in memory that says whether a time was given as a date only.
        such_as: columns with which a template begins, of a name that stands for many.
        example: a cell as it might stand in a file; empty where there is none.
    """

    name: str
    kind: Kind
    about: str
    is_required: bool = False
    is_filled: bool = False
    codes: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | Literal["as_of"] | None = None
    step: float | None = None
    but_not: tuple[float, ...] = ()
    earliest: dt.date = _EARLIEST
    ahead_d: int = 0
    unit: str | None = None
    hint: str | None = None
    flag: str | None = None
    such_as: tuple[str, ...] = ()
    example: str = ""

    @property
    def is_pattern(self) -> bool:
        """Whether the name stands for every column that begins with it."""
        return self.name.endswith("*")

    def named(self, name: str) -> Column:
        """This description for one column that the pattern stands for."""
        fields = {field: getattr(self, field) for field in self.__slots__}
        return Column(**(fields | {"name": name}))


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a cohort folder.

    Attributes:
        name: name of the table; its file is `<name>.csv`.
        about: what one row is.
        columns: its columns, patterns among them, in the order of the file.
        key: columns that say what a row is about; "*" is every column.
        decides: columns in which rows of one key must not differ; "*" is every column.
        several: what rows of one key are called.
        at_least_one: columns of which the file has one or more.
        keeps_others: whether columns that are not named are kept as text.
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    decides: tuple[str, ...]
    several: str
    at_least_one: tuple[str, ...] = ()
    keeps_others: bool = False

    @property
    def file(self) -> str:
        """Name of the table's file in a cohort folder."""
        return f"{self.name}.csv"

    @property
    def fixed(self) -> tuple[Column, ...]:
        """The columns with a name of their own."""
        return tuple(column for column in self.columns if not column.is_pattern)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that the file must have."""
        return tuple(column.name for column in self.columns if column.is_required)

    @property
    def offered(self) -> tuple[Column, ...]:
        """The columns with which a template begins: every one with a name, and some of each pattern."""
        return tuple(
            one
            for column in self.columns
            for one in ([column.named(name) for name in column.such_as] if column.is_pattern else [column])
        )

    def column(self, name: str) -> Column | None:
        """The description of a column of this name, by itself or by a pattern; None if unknown."""
        for column in self.columns:
            if column.name == name:
                return column
        for column in self.columns:
            stem = column.name[:-1]
            if column.is_pattern and name.startswith(stem) and len(name) > len(stem):
                return column.named(name)
        return None


@dataclass(frozen=True, slots=True)
class Analyte:
    """An analyte whose units and range are known.

    Attributes:
        name: its word in the column `analyte`.
        about: one line for people.
        unit: unit in memory; None where the assay's own unit is kept.
        prevails: the scale that is kept when a file mixes scales.
        minimum: smallest value allowed, in `unit`.
        maximum: largest value allowed, in `unit`.
    """

    name: str
    about: str
    unit: str | None
    prevails: str | None
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Every table and every known analyte of a cohort folder."""

    tables: tuple[Table, ...]
    analytes: tuple[Analyte, ...]

    def table(self, name: str) -> Table:
        """The table of this name.

        Args:
            name: one of the names in `tables`.

        Returns:
            Its description.

        Raises:
            KeyError: if there is none; table names come from code, never from a file.
        """
        return {table.name: table for table in self.tables}[name]


@cache
def load_dictionary() -> Dictionary:
    """The data dictionary that is installed with wearoff."""
    text = (files("wearoff.cohort.records") / "dictionary.toml").read_text(encoding="utf-8")
    return parse_dictionary(text)


def parse_dictionary(text: str) -> Dictionary:
    """A data dictionary from its TOML text.

    Args:
        text: what stands in `dictionary.toml`.

    Returns:
        The frozen dictionary.

    Raises:
        ValueError: if an entry has a field or a kind that does not exist.
    """
    content = tomllib.loads(text)
    return Dictionary(
        tables=tuple(_table(name, entry) for name, entry in content["table"].items()),
        analytes=tuple(_analyte(name, entry) for name, entry in content["analyte"].items()),
    )


def _table(name: str, entry: dict[str, Any]) -> Table:
    return Table(
        name=name,
        about=entry["about"],
        columns=tuple(_column(key, cell) for key, cell in entry["columns"].items()),
        key=tuple(entry["key"]),
        decides=tuple(entry["decides"]),
        several=entry["several"],
        at_least_one=tuple(entry.get("at_least_one", ())),
        keeps_others=entry.get("keeps_others", False),
    )


def _column(name: str, entry: dict[str, Any]) -> Column:
    entry = dict(entry)
    kind = entry.pop("type")
    if kind not in get_args(Kind):
        raise ValueError(f"column {name} has the type {kind!r}, which does not exist")
    column = Column(
        name=name,
        kind=kind,
        about=entry.pop("about"),
        is_required=entry.pop("required", False),
        is_filled=entry.pop("filled", False),
        codes=tuple(entry.pop("codes", ())),
        minimum=entry.pop("min", None),
        maximum=entry.pop("max", None),
        step=entry.pop("step", None),
        but_not=tuple(entry.pop("but_not", ())),
        earliest=dt.date.fromisoformat(entry.pop("earliest", _EARLIEST.isoformat())),
        ahead_d=entry.pop("ahead_d", 0),
        unit=entry.pop("unit", None),
        hint=entry.pop("hint", None),
        flag=entry.pop("flag", None),
        such_as=tuple(entry.pop("such_as", ())),
        example=entry.pop("example", ""),
    )
    if entry:
        raise ValueError(f"column {name} has fields that do not exist: {', '.join(entry)}")
    return column


def _analyte(name: str, entry: dict[str, Any]) -> Analyte:
    return Analyte(
        name=name,
        about=entry["about"],
        unit=entry.get("unit"),
        prevails=entry.get("prevails"),
        minimum=entry["min"],
        maximum=entry["max"],
    )
