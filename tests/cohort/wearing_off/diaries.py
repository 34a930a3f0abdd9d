"""Diaries for tests: small ones through the reader, large ones as frames of the very schema that it makes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from tests.cohort.cohorts import AS_OF, DAY_ZERO, cohort, on
from wearoff.cohort.records import Cohort
from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.cohort.records.receipt import make_receipt
from wearoff.cohort.records.schemas import empty_table

Cycles = list[list[float | None]]


def diary_rows(patient: str, cycles: Cycles, *, days: int = 28) -> list[str]:
    """Rows of the table diary: a week from each day 0, 7 ... of each cycle; None is no entry."""
    return [
        f"{patient},{on(days * cycle + 7 * week + 6)},{severity:g}"
        for cycle, weeks in enumerate(cycles)
        for week, severity in enumerate(weeks)
        if severity is not None
    ]


def diaries(
    folder: Path,
    people: dict[str, Cycles],
    *,
    days: int = 28,
    order: list[int] | None = None,
    **more: list[str],
) -> Cohort:
    """A cohort with an infusion at the beginning of each cycle and after the last, and weekly entries."""
    infusions = [
        f"{patient},{on(days * cycle)}"
        for patient, cycles in people.items()
        for cycle in range(len(cycles) + 1)
    ]
    rows = [row for patient, cycles in people.items() for row in diary_rows(patient, cycles, days=days)]
    if order is not None:
        rows = [rows[place] for place in order]
    return cohort(
        folder,
        infusion=["patient_id,start_time", *infusions],
        diary=["patient_id,week_ending,severity_0_10", *rows],
        **more,
    )


def large(severity: np.ndarray) -> Cohort:
    """A cohort of many diaries, severity of shape (patients, cycles, weeks), one week after the other."""
    patients, cycles, weeks = severity.shape
    ids = [f"P{number:05d}" for number in range(patients)]
    infusion = pl.DataFrame(
        {
            "patient_id": np.repeat(ids, cycles + 1),
            "day": np.tile(7 * weeks * np.arange(cycles + 1), patients),
        }
    ).select(
        "patient_id",
        start_time=(
            pl.lit(dt.datetime.combine(DAY_ZERO, dt.time(12), dt.UTC)) + pl.duration(days="day")
        ).cast(pl.Datetime("us", "UTC")),
        start_is_date_only=pl.lit(value=True),
    )
    diary = pl.DataFrame(
        {
            "patient_id": np.repeat(ids, cycles * weeks),
            "day": np.tile(7 * np.arange(cycles * weeks) + 6, patients),
            "severity_0_10": severity.reshape(-1),
        }
    ).select("patient_id", "severity_0_10", week_ending=pl.lit(DAY_ZERO) + pl.duration(days="day"))
    dictionary = load_dictionary()
    tables = {table.name: empty_table(table) for table in dictionary.tables}
    for name, rows in (("infusion", infusion), ("diary", diary)):
        empty = tables[name]
        numbered = rows.with_columns(row=pl.int_range(2, pl.len() + 2, dtype=pl.Int64))
        tables[name] = pl.concat([empty, numbered], how="diagonal").select(empty.columns)
    return Cohort(
        **tables,
        present=frozenset({"infusion", "diary"}),
        receipt=make_receipt([], [], []),
        as_of=AS_OF,
        timezone="UTC",
        label=None,
        is_simulated=True,
    )


def recorded(severity: np.ndarray) -> np.ndarray:
    """Severities as a patient writes them: whole points from 0 to 10."""
    return np.clip(np.round(severity), 0, 10)
