"""A cohort in memory: ten typed tables, and the receipt of how they came about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.receipt import Receipt

__all__ = ["Cohort"]


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """The accepted rows of a cohort, one frame for each table, with what became of the others.

    Every frame has its full schema even where the file is absent. Its first column, `row`, is the row
    in the file. Times are in UTC, concentrations in mg/L and occupancies fractions.

    Attributes:
        patient: one row for each patient whose own row was accepted.
        infusion: doses given.
        measurement: laboratory values.
        visit: assessments with EDSS.
        relapse: relapses.
        mri: scans.
        wearing_off: answers to the wearing-off question.
        diary: weeks of a diary.
        score: results of scales and tests.
        event: other events.
        present: tables whose file was there.
        receipt: what was read, accepted, refused and assumed.
        as_of: day on which the data were frozen.
        timezone: where times without an offset were read from a clock.
        label: what the cohort is called, if it says so.
        is_simulated: whether it says that its patients are simulated.
        origins: where the rows of each table that was there stand in what the user gave.
    """

    patient: pl.DataFrame
    infusion: pl.DataFrame
    measurement: pl.DataFrame
    visit: pl.DataFrame
    relapse: pl.DataFrame
    mri: pl.DataFrame
    wearing_off: pl.DataFrame
    diary: pl.DataFrame
    score: pl.DataFrame
    event: pl.DataFrame
    present: frozenset[str]
    receipt: Receipt
    as_of: dt.date
    timezone: str
    label: str | None
    is_simulated: bool
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The ten frames by the name of their table."""
        return {
            "patient": self.patient,
            "infusion": self.infusion,
            "measurement": self.measurement,
            "visit": self.visit,
            "relapse": self.relapse,
            "mri": self.mri,
            "wearing_off": self.wearing_off,
            "diary": self.diary,
            "score": self.score,
            "event": self.event,
        }

    @property
    def patients(self) -> tuple[str, ...]:
        """Every patient of the cohort, sorted.

        They are the patients of patient.csv where that file is there, and of all tables otherwise. A
        patient stays in the cohort when rows are refused, also when it is the patient's own row.
        """
        refusals = self.receipt.refusals
        if "patient" in self.present:
            frames = [self.patient, refusals.filter(pl.col("table") == "patient")]
        else:
            frames = [*self.tables.values(), refusals]
        known = pl.concat([frame["patient_id"] for frame in frames])
        return tuple(sorted(known.drop_nulls().unique().to_list()))

    def refused_patients(self, table: str) -> frozenset[str]:
        """Patients of whom a row was refused that said something no accepted row says.

        Args:
            table: name of a table.

        Returns:
            Their identifiers; whoever has only repeated rows refused is not among them.
        """
        rows = self.receipt.refusals.filter((pl.col("table") == table) & pl.col("loses_information"))
        return frozenset(rows["patient_id"].drop_nulls().to_list())

    def place(self, table: str, row: int, column: str | None = None) -> str:
        """Where a row, or a cell of it, stands in what the user gave, in words that find it.

        Args:
            table: name of a table.
            row: the number in its column `row`.
            column: a column of the row.

        Returns:
            File and row, or the sheet and cell of a workbook, or the path in a JSON document.
        """
        origin = self.origins.get(table)
        where = None if origin is None or origin.where is None else origin.where(row, column)
        file = f"{table}.csv" if origin is None else origin.file
        if where is not None:
            return f"{file}, {where}"
        return f"{file}, row {row}" + ("" if column is None else f", column {column}")
