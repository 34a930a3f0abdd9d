"""Other endpoints and analyses of the tables that a trial recorded, without simulating again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from wearoff.errors import InputError, Problem
from wearoff.trial.definition.protocol_file import data_digest
from wearoff.trial.running.archive import MAKES_DATA, Archive
from wearoff.trial.running.archive_checks import differing_keys
from wearoff.trial.running.block import BlockResult, score_block
from wearoff.trial.running.run import TrialRun, run_trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Protocol

    Score = Callable[[Protocol, Cohort], pl.DataFrame]

__all__ = ["rescore_trial"]

_CHANGED = (
    "a file that the protocol names holds something else than when the tables of the archive were recorded."
)


def rescore_trial(
    source: Archive,
    protocol: Protocol,
    folder: Path,
    *,
    file: str | None = None,
    score: Score = score_block,
    **options: Any,
) -> TrialRun:
    """Compute the endpoints and analyses of another protocol from the tables of an archive.

    Args:
        source: a finished archive that kept its recorded tables.
        protocol: its first half, which makes the data, is that of the archive; its second half may be any.
        folder: the archive of the new results: new or empty, or one of the same to go on with. Tables stay where they
            are, decisions are copied.
        file: name of the protocol's file, for messages.
        score: computes endpoints and analyses of a block.
        options: of `run_trial`: executor, workers, at_once, progress, text.

    Returns:
        The new archive, and what it took.

    Raises:
        InputError: the first halves differ, with the key; the archive is not finished or kept no tables.
    """
    if folder.resolve() == source.folder.resolve():
        reason = "the tables are read from here, so that the results need a folder of their own; name another with -o."
        raise InputError(Problem(reason, file=str(folder)))
    if source.data_digest != data_digest(protocol):  # by what files hold, wherever they lie
        keys = list(differing_keys(source.protocol, protocol, MAKES_DATA))
        reason = (
            f"this is not as in the archive {source.folder}, and its tables were recorded under that; only endpoints, "
            "analyses and looks can be changed afterwards: put it back, or simulate in a new folder."
        )
        raise InputError(
            [Problem(reason, file=file, key=key) for key in keys]
            or Problem(_CHANGED, file=file, key="patients")
        )
    if not source.is_kept:
        reason = "recorded tables were not kept here; run the trial in a new folder and let it keep them."
        raise InputError(Problem(reason, file=str(source.folder)))
    missing = len(source.blocks) - len(source.finished())
    if missing:
        reason = (
            f"{missing} of {len(source.blocks)} blocks are not finished; run that trial to its end first."
        )
        raise InputError(Problem(reason, file=str(source.folder)))
    return run_trial(
        protocol,
        folder,
        replicates=source.replicates,
        seed=source.seed,
        keep_tables=False,
        block=_FromTables(source.folder.resolve(), score),
        replicates_per_block=source.replicates_per_block,
        rescored=source.identity,
        **options,
    )


@dataclass(frozen=True, slots=True)
class _FromTables:
    """Runs a block from the tables of another archive, whose folder every worker has to reach."""

    folder: Path
    score: Score

    def __call__(
        self, protocol: Protocol, seed: int, first: int, replicates: int, *, is_kept: bool
    ) -> BlockResult:
        del is_kept  # the tables stay where they are
        source = Archive.open(self.folder, seed=seed)
        number = first // source.replicates_per_block
        return BlockResult(
            first,
            replicates,
            results=self.score(protocol, source.cohort(number)),
            decisions=source.decisions_of(number),
            counts=source.counts_of(number),
        )
