"""Every named analysis of every replicate: a frame of endpoints in, rows of results out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.trial.reading.found import Question
from wearoff.trial.reading.methods import load_method, run_method
from wearoff.trial.reading.rows import rows_of
from wearoff.trial.results import RESULT_SCHEMA

if TYPE_CHECKING:
    from wearoff.trial.protocol import Analysis, Protocol
    from wearoff.trial.reading.methods import Method

__all__ = ["analyse", "asked_at", "question_of"]


def analyse(
    frame: pl.DataFrame, protocol: Protocol, look: int = 1, alpha: float | None = None
) -> pl.DataFrame:
    """The results of every replicate in a frame.

    Args:
        frame: from `endpoints_of`, the patients of one replicate behind one another.
        protocol: its analyses.
        look: number of the look, from 1. At an interim look only primary analyses are made.
        alpha: nominal level of the primary analyses at this look, in the terms of `Analysis.alpha`; None for their
            own. The others keep theirs.

    Returns:
        Columns of `RESULT_SCHEMA`: replicate by replicate, one row for each analysis. `estimate` is null where there
        is no finite one (of ratios, on the logarithmic scale); `low` and `high` may be 0 or infinite where the data
        leave a side open.

    Raises:
        UnknownNameError: an analysis names a method or a coding that does not exist.
        ValueError: the patients of a replicate do not stand together.
    """
    asked = asked_at(protocol, look)
    replicates, begins = _stretches(frame["replicate"].to_numpy())
    found = []
    for analysis in asked:
        method = load_method(analysis.method)
        question = question_of(analysis, method, alpha if analysis.is_primary else None)
        rows = rows_of(frame, protocol, analysis)
        found.append(
            [run_method(method, rows.stretch(begin, end), question) for begin, end in pairwise(begins)]
        )
    return pl.DataFrame(
        [
            (
                replicate,
                look,
                analysis.name,
                one.estimate,
                one.low,
                one.high,
                one.p,
                one.is_shown,
                one.verdict,
                one.events,
                one.patients,
            )
            for place, replicate in enumerate(replicates.tolist())
            for analysis, column in zip(asked, found, strict=True)
            for one in (column[place],)
        ],
        schema=RESULT_SCHEMA,
        orient="row",
    )


def asked_at(protocol: Protocol, look: int) -> tuple[Analysis, ...]:
    """The analyses of a look: all at the last one, the primary ones before it."""
    last = 1 if protocol.looks is None else len(protocol.looks.weeks) + 1
    if look >= last:
        return protocol.analyses
    return tuple(analysis for analysis in protocol.analyses if analysis.is_primary)


def question_of(analysis: Analysis, method: Method, alpha: float | None = None) -> Question:
    """The level of an analysis: 1 - alpha, of a one-sided test of non-inferiority 1 - 2 alpha.

    Args:
        analysis: the analysis.
        method: its method.
        alpha: nominal level at an interim look; None for the analysis' own.
    """
    size = analysis.alpha if alpha is None else alpha
    return Question(1.0 - (2.0 if method.needs_margin else 1.0) * size, analysis.margin)


def _stretches(replicate: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The replicates in their order, and where each begins and the last ends."""
    if not len(replicate):
        return np.zeros(0, dtype=np.int64), [0]
    changes = np.flatnonzero(np.diff(replicate)) + 1
    begins = np.concatenate([[0], changes])
    found = replicate[begins]
    if len(np.unique(found)) < len(found):
        raise ValueError("the patients of a replicate do not stand together; sort the frame by replicate")
    return found, [*begins.tolist(), len(replicate)]
