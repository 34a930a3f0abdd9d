"""One block of replicates from protocol to results, and the same from tables that were kept.

A block is many replicates in one pass: their patients stand behind one another, so that the solver and the rules of
`cohort/` work on thousands of patients at once. What a block finds hangs on protocol, seed and replicates alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from typing import Protocol as Interface

import polars as pl

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Protocol
    from wearoff.trial.truth import Truth

__all__ = ["DECISION_SCHEMA", "BlockFunction", "BlockResult", "run_block", "score_block"]

DECISION_SCHEMA: dict[str, type[pl.DataType]] = {
    "replicate": pl.Int64,
    "patient_id": pl.String,
    "arm": pl.String,
    "day": pl.Float64,  # since the patient's entry
    "from_weeks": pl.Float64,
    "to_weeks": pl.Float64,
    "level_mg_per_l": pl.Float64,  # the trough that decided; null where none did
    "by": pl.String,
    "why": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class BlockResult:
    """What a block of replicates leaves.

    Attributes:
        first: number of its first replicate, from 0.
        replicates: how many it has.
        results: a row for each analysis, look and replicate, with the columns of `RESULT_SCHEMA`.
        decisions: a row for each decision on an interval, with the columns of `DECISION_SCHEMA`.
        counts: how much there was of what, such as patients, infusions and patients that could not be solved.
        cohort: the recorded tables, where they are kept.
    """

    first: int
    replicates: int
    results: pl.DataFrame
    decisions: pl.DataFrame
    counts: Mapping[str, int] = field(default_factory=dict)
    cohort: Cohort | None = None


class BlockFunction(Interface):
    """What runs a block; it can be pickled, so that another process or machine can call it."""

    def __call__(
        self, protocol: Protocol, seed: int, first: int, replicates: int, *, is_kept: bool
    ) -> BlockResult:
        """The block of so many replicates from the first one on."""


def run_block(
    protocol: Protocol,
    seed: int,
    first: int,
    replicates: int,
    *,
    is_kept: bool,
    cohort: Cohort | None = None,
) -> BlockResult:
    """Simulate, record, score and analyse a block of replicates.

    Args:
        protocol: the study.
        seed: the seed of every draw.
        first: number of the first replicate, from 0.
        replicates: how many, at least 1.
        is_kept: whether the recorded tables are to be in the result.
        cohort: the recorded cohort that patients are drawn from, where the protocol says so.

    Returns:
        The results, the decisions and the counts; the recorded tables only where they are kept.

    Raises:
        InputError: the protocol asks for what cannot be done.
        ComputationError: a patient's level could not be solved to its accuracy.
    """
    from wearoff.trial.recording.record import record
    from wearoff.trial.world.simulate import simulate_truth

    truth = simulate_truth(protocol, seed, first, replicates, cohort=cohort)
    recorded = record(protocol, truth)
    counts = {
        "patients": truth.patients,
        "unsolved": int(truth.failed.sum()),
        "relapses": truth.relapses.day.size,
        "lesions": truth.lesions.day.size,
        **{f"rows in {name}": table.height for name, table in recorded.tables.items() if table.height},
    }
    return BlockResult(
        first,
        replicates,
        results=score_block(protocol, recorded),
        decisions=decision_frame(protocol, truth),
        counts=counts,
        cohort=recorded if is_kept else None,
    )


def score_block(protocol: Protocol, cohort: Cohort) -> pl.DataFrame:
    """Endpoints and analyses of the recorded tables of a block, at every look.

    Args:
        protocol: its second half says what is computed.
        cohort: the tables of all replicates of the block.

    Returns:
        A row for each analysis, look and replicate, replicate by replicate, with the columns of `RESULT_SCHEMA`.
    """
    from wearoff.trial.reading.analyse import analyse
    from wearoff.trial.reading.endpoints import endpoints_of

    if protocol.looks is None:
        return analyse(endpoints_of(cohort, protocol), protocol)
    from wearoff.trial.reading.looks import planned_looks

    found = [
        analyse(endpoints_of(cohort, protocol, look.day), protocol, look.number, look.alpha)
        for look in planned_looks(protocol)
    ]
    return pl.concat(found).sort("replicate", "look", maintain_order=True)


def decision_frame(protocol: Protocol, truth: Truth) -> pl.DataFrame:
    """The log of decisions as a table, the reasons with their level filled in.

    Args:
        protocol: names the arms.
        truth: of a block of replicates.

    Returns:
        A row for each decision, with the columns of `DECISION_SCHEMA`, sorted by patient and day.
    """
    log, people = truth.decisions, truth.people
    names = [arm.name for arm in protocol.arms]
    level = pl.col("level_mg_per_l")
    number = pl.col("number") + 1
    return (
        pl.DataFrame(
            {
                "replicate": people.replicate[log.patient],
                "number": people.number[log.patient],
                "arm": people.arm[log.patient],
                "day": log.day,
                "from_weeks": log.from_weeks,
                "to_weeks": log.to_weeks,
                "level_mg_per_l": log.level,
                "by": log.by,
                "why": log.why,
            }
        )
        .with_columns(level.fill_nan(None))
        .with_columns(
            patient_id=pl.format(
                "r{}-{}",
                (pl.col("replicate") + 1).cast(pl.String).str.zfill(6),
                number.cast(pl.String).str.zfill(4),
            ),
            arm=_named("arm", names),
            by=_named("by", log.who),
            why=_named("why", log.reasons).str.replace(
                "{level}",
                level.round_sig_figs(3).cast(pl.String).fill_null("unknown") + " mg/L",
                literal=True,
            ),
        )
        .select(pl.col(name).cast(kind) for name, kind in DECISION_SCHEMA.items())
    )


def _named(column: str, names: Sequence[str]) -> pl.Expr:
    """The names behind a column of indices."""
    return pl.col(column).replace_strict(dict(enumerate(names)), return_dtype=pl.String)
