"""Rows of a table made from records that are no rows: resources, lines of long exports, events.

Each row keeps the number of its record and the place where each of its cells was found, so that a refusal
can name it as the user knows it. What has no place in the tables is counted, with where it was first seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wearoff.cohort.records.dictionary import Table
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.receipt import NotUsed, SourceCount
from wearoff.cohort.records.sheet import CellFault, Sheet, sheet_of

__all__ = ["Leftovers", "Rows"]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where rows and cells were found, in the words of their source; kept when the rows themselves are gone."""

    has_rows_of_file: bool
    field_prefix: str
    field_names: Mapping[str, str]
    rows: Mapping[int, str]
    cells: Mapping[tuple[int, str], str]

    def __call__(self, row: int, column: str | None) -> str | None:
        place = self.cells.get((row, column or "")) or self.rows.get(row)
        parts = [f"row {row}"] if self.has_rows_of_file else []
        parts += [place] if place else []
        if self.field_prefix and column is not None:
            name = f"{self.field_prefix}{column}"
            parts.append(f"field {self.field_names.get(name, name)}")
        return ", ".join(parts) or None


@dataclass(slots=True)
class Rows:
    """The rows of one table, growing while a source is read.

    Attributes:
        table: the table.
        file: name of the source.
        sha256: digest of its bytes.
        has_rows_of_file: whether the rows are rows of a file as a spreadsheet counts them.
        field_prefix: how the source names a column: this, then the column; empty where it does not.
        field_names: how the source names a field that it does not name so, by the name that it should have.
        columns: columns that the source has, whether or not any row fills them.
    """

    table: Table
    file: str
    sha256: str
    has_rows_of_file: bool = False
    field_prefix: str = ""
    field_names: Mapping[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    _cells: dict[int, dict[str, str]] = field(default_factory=dict)
    _places: dict[int, str] = field(default_factory=dict)
    _cell_places: dict[tuple[int, str], str] = field(default_factory=dict)
    _faults: list[CellFault] = field(default_factory=list)

    def add(self, row: int, cells: Mapping[str, str], place: str = "") -> None:
        """One row: its number, 2 or more and once only, its cells and where it was found."""
        if row in self._cells:
            raise AssertionError(f"row {row} of {self.table.name} was made twice")
        self._cells[row] = dict(cells)
        if place:
            self._places[row] = place

    def at(self, row: int, column: str, place: str) -> None:
        """Where a cell was found, where it is not where its row is."""
        self._cell_places[row, column] = place

    def refuse(self, row: int, column: str | None, reason: str) -> None:
        """A reason for which a row is refused whatever its cells say."""
        self._faults.append(CellFault(row, column, reason))

    @property
    def patients(self) -> set[str]:
        """The patients of the rows so far, as they were written."""
        return {cells.get("patient_id", "") for cells in self._cells.values()}

    def __len__(self) -> int:
        return len(self._cells)

    def __contains__(self, row: int) -> bool:
        return row in self._cells

    def sheet(self) -> Sheet:
        """The rows as a sheet with every fixed column of the table and what else was found.

        Raises:
            InputError: a name that was found twice or that cannot be read.
        """
        fixed = [column.name for column in self.table.fixed]
        further = dict.fromkeys([*self.columns, *(name for cells in self._cells.values() for name in cells)])
        header = [*fixed, *(name for name in further if name not in fixed)]
        records = (
            (row, [cells.get(name, "") for name in header]) for row, cells in sorted(self._cells.items())
        )
        places = _Places(
            self.has_rows_of_file, self.field_prefix, self.field_names, self._places, self._cell_places
        )
        origin = Origin(self.file, self.sha256, part=f"table {self.table.name}", where=places)
        return sheet_of(self.table, origin, header, records, faults=self._faults)


@dataclass(slots=True)
class Leftovers:
    """What a source holds that becomes no row: counted by what it is, with the first place of each."""

    file: str
    _found: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    records: int = 0

    def add(self, what: str, place: str, reason: str) -> None:
        """One record that is not used."""
        count, first = self._found.get((what, reason), (0, place))
        self._found[what, reason] = (count + 1, first)
        self.records += 1

    @property
    def not_used(self) -> tuple[NotUsed, ...]:
        """What was left, in the order in which it was met."""
        return tuple(
            NotUsed(self.file, what, count, first, reason)
            for (what, reason), (count, first) in self._found.items()
        )

    def counted(self, records: int) -> SourceCount:
        """How many of so many records were used."""
        return SourceCount(self.file, records, records - self.records, self.records)
