"""A small protocol and a cohort with arms for tests of what reads the tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from tests.shared import ROOT
from wearoff.cohort.records import Cohort, read_cohort
from wearoff.trial.protocol import Analysis, Arm, Endpoint, Protocol, Schedule
from wearoff.trial.reading.methods import METHODS

KINDS = (
    "neda",
    "first_activity",
    "first_relapse",
    "relapses",
    "lesions",
    "answer",
    "occupancy",
    "level",
    "diary",
)
ARMS = ("SID", "EID")


def every_analysis() -> tuple[Analysis, ...]:
    """Each method asked of each endpoint and grouping that it takes; endpoints are called by their kind."""
    return tuple(
        Analysis(
            name=f"{method.name} {kind} {by}",
            method=method.name,
            endpoint=kind,
            by=by,
            margin=0.1 if method.needs_margin else None,
        )
        for method in METHODS.values()
        for kind in method.kinds
        for by in method.by
        if method.takes(kind, by)
    )


def protocol(
    *, weeks: int = 104, analyses: tuple[Analysis, ...] = (), sizes: tuple[int, int] = (20, 20), **parts: Any
) -> Protocol:
    """A protocol with an endpoint of every kind, called by its kind."""
    return Protocol(
        name="small",
        title="A small study",
        question="Does it work?",
        arm=tuple(
            Arm(name=name, size=size, weeks=k) for name, size, k in zip(ARMS, sizes, (4, 6), strict=True)
        ),
        schedule=Schedule(followup_weeks=weeks),
        endpoint=tuple(Endpoint(name=kind, kind=kind) for kind in KINDS),
        analysis=analyses or every_analysis(),
        **parts,
    )


@cache
def example() -> Cohort:
    """The simulated cohort of the examples, every second patient with dosing every six weeks by its events."""
    cohort = read_cohort(ROOT / "examples" / "simulated_cohort", as_of=date(2026, 1, 1))
    arms = pl.DataFrame(
        {
            "patient_id": list(cohort.patients),
            "start_date": cohort.patient.sort("patient_id")["followup_start"],
            "kind": "arm",
            "arm": [ARMS[number % 2] for number in range(len(cohort.patients))],
        }
    ).with_columns(row=pl.int_range(1000, 1000 + pl.len()))
    return replace(cohort, event=pl.concat([cohort.event, arms], how="diagonal"))


@cache
def repeated(times: int) -> Cohort:
    """The same cohort as so many replicates of one block, patients named as virtual ones are."""
    cohort = example()

    def again(frame: pl.DataFrame) -> pl.DataFrame:
        number = pl.col("patient_id").str.slice(1)
        return pl.concat(
            frame.with_columns(
                patient_id=pl.format(f"r{k + 1:06d}-00{{}}", number), row=pl.col("row") + 100_000 * k
            )
            for k in range(times)
        )

    tables = {name: again(frame) for name, frame in cohort.tables.items()}
    return replace(cohort, **tables)
