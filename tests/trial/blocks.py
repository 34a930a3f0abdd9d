"""Blocks without a simulation, for what runs and keeps blocks; workers in other processes import them by name."""

from __future__ import annotations

import os
import signal
import time
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from wearoff.cohort.records import Cohort, load_dictionary
from wearoff.cohort.records.receipt import make_receipt
from wearoff.cohort.records.schemas import empty_table
from wearoff.dosing.pk.virtual import patient_normals
from wearoff.trial.protocol import Analysis, Arm, Endpoint, Protocol, Schedule
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.block import DECISION_SCHEMA, BlockResult


def protocol(size: int = 40, **changes: object) -> Protocol:
    """A protocol of one arm, written into by alias as a file is."""
    said = {
        "name": "small",
        "title": "A small study",
        "question": "Does it run?",
        "arm": (Arm(name="four", size=size),),
        "schedule": Schedule(followup_weeks=52),
        "endpoint": (Endpoint(name="neda", kind="neda"),),
        "analysis": (Analysis(name="shift", method="shift", endpoint="neda", by="arm", true_value=0.5),),
    }
    return Protocol(**(said | changes))  # type: ignore[arg-type]


@cache
def _empty() -> dict[str, pl.DataFrame]:
    return {table.name: empty_table(table) for table in load_dictionary().tables}


def drawn_block(study: Protocol, seed: int, first: int, replicates: int, *, is_kept: bool) -> BlockResult:
    """An estimate around one half for each replicate, and one decision."""
    estimate = 0.5 + patient_normals(seed, "estimate", first, replicates)
    number = np.arange(first, first + replicates)
    results = pl.DataFrame(
        {
            "replicate": number,
            "look": np.ones(replicates, int),
            "analysis": ["shift"] * replicates,
            "estimate": estimate,
            "low": estimate - 1.96,
            "high": estimate + 1.96,
            "p": np.full(replicates, 0.5),
            "is_shown": estimate > 1.96,
            "verdict": ["difference shown" if value > 1.96 else "no difference shown" for value in estimate],
            "events": number % 7,
            "patients": np.full(replicates, study.size),
        },
        schema=RESULT_SCHEMA,
    )
    decisions = pl.DataFrame(
        {
            "replicate": number,
            "patient_id": [f"r{k + 1:06d}-0001" for k in number],
            "arm": ["four"] * replicates,
            "day": estimate,
            "from_weeks": np.full(replicates, 4.0),
            "to_weeks": np.full(replicates, 6.0),
            "level_mg_per_l": estimate,
            "by": ["policy"] * replicates,
            "why": ["because"] * replicates,
        },
        schema=DECISION_SCHEMA,
    )
    cohort = None
    if is_kept:
        tables = dict(_empty())
        patient = tables["patient"]
        known = {"row": pl.Series(number - first + 2), "patient_id": decisions["patient_id"]}
        none = pl.Series([None] * replicates)
        tables["patient"] = pl.DataFrame(
            {name: known.get(name, none).cast(kind) for name, kind in patient.schema.items()}
        )
        cohort = Cohort(
            **tables,
            present=frozenset({"patient"}),
            receipt=make_receipt([], [], ["drawn"]),
            as_of=date(2026, 1, 1),
            timezone="UTC",
            label="small",
            is_simulated=True,
        )
    return BlockResult(first, replicates, results, decisions, {"patients": replicates * study.size}, cohort)


def slow_block(study: Protocol, seed: int, first: int, replicates: int, *, is_kept: bool) -> BlockResult:
    """The same after a quarter of a second."""
    time.sleep(0.25)
    return drawn_block(study, seed, first, replicates, is_kept=is_kept)


def faulty_block(study: Protocol, seed: int, first: int, replicates: int, *, is_kept: bool) -> BlockResult:
    """Fails from the fourth replicate on."""
    if first >= 4:
        raise ZeroDivisionError("no events")
    return drawn_block(study, seed, first, replicates, is_kept=is_kept)


def stopped_block(study: Protocol, seed: int, first: int, replicates: int, *, is_kept: bool) -> BlockResult:
    """As if the user stopped it at the fourth replicate."""
    if first >= 4:
        raise KeyboardInterrupt
    return drawn_block(study, seed, first, replicates, is_kept=is_kept)


def deadly_block(
    marks: Path, times: int, study: Protocol, seed: int, first: int, replicates: int, *, is_kept: bool
) -> BlockResult:
    """The process that runs the block of the fifth replicate dies so many times, as if memory had run out."""
    if first <= 4 < first + replicates:
        before = len(list(marks.iterdir()))
        if before < times:
            (marks / f"{before}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return drawn_block(study, seed, first, replicates, is_kept=is_kept)
