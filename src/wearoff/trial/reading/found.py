"""What one analysis of one replicate found, in the same words for every method."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from wearoff.stats import Term, is_shown

__all__ = [
    "ESTIMATED",
    "NOT_ESTIMATED",
    "UNINFORMATIVE",
    "Found",
    "Question",
    "both_groups",
    "finite",
    "ratio_found",
    "tested",
    "without",
    "words",
]

UNINFORMATIVE, NOT_ESTIMATED, ESTIMATED = "uninformative", "not estimated", "estimated"
"""There was nothing to test; there was, but no estimate was found; there is an estimate and no test."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked in a replicate beside the data.

    Attributes:
        level: of the two-sided interval.
        margin: largest acceptable difference of risks, of a test of non-inferiority.
    """

    level: float
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What an analysis of one replicate found; the columns of `RESULT_SCHEMA`.

    Attributes:
        estimate: None where there is no finite one, on the logarithmic scale for a ratio.
        low, high: limits of the interval, 0 or infinite where the data leave a side open; None where there is none.
        p: None where no test was made.
        is_shown: whether what is looked for was shown.
        verdict: in words.
        events: None where the endpoint has none.
        patients: that could be used.
    """

    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    is_shown: bool
    verdict: str
    events: int | None
    patients: int


def without(verdict: str, events: int | None, size: int) -> Found:
    """No estimate and no test.

    Args:
        verdict: why.
        events: None where the endpoint has none.
        size: patients that could be used.
    """
    return Found(None, None, None, None, False, verdict, events, size)


def tested(what: str, p: float | None, question: Question, events: int | None, size: int) -> Found:
    """A test without an estimate.

    Args:
        what: what is looked for.
        p: None where the data cannot tell.
        question: what is asked.
        events: None where the endpoint has none.
        size: patients that could be used.
    """
    shown = is_shown(p, question.level)
    verdict = UNINFORMATIVE if p is None else words(what, shown)
    return Found(None, None, None, p, shown, verdict, events, size)


def ratio_found(
    term: Term,
    question: Question,
    events: int | None,
    size: int,
    *,
    what: str = "difference",
) -> Found:
    """A term of a regression on a logarithmic scale, read as a ratio.

    Args:
        term: the term.
        question: what is asked.
        events: None where the endpoint has none.
        size: patients that could be used.
        what: what is looked for.
    """
    limits = term.ratio_interval
    shown = is_shown(term.p, question.level)
    estimate = finite(term.ratio, is_ratio=True)
    return Found(estimate, limits.low, limits.high, term.p, shown, words(what, shown), events, size)


def words(what: str, shown: bool) -> str:
    """The verdict on what was looked for."""
    return f"{what} shown" if shown else f"no {what} shown"


def finite(value: float, *, is_ratio: bool = False) -> float | None:
    """The value, None where it is not finite, of a ratio on its logarithmic scale."""
    return value if isfinite(value) and not (is_ratio and value <= 0.0) else None


def both_groups(group: np.ndarray) -> bool:
    """Whether there are members of more than one group."""
    return bool(len(group)) and bool(group.min() != group.max())
