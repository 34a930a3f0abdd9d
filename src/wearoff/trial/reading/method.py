"""What a named analysis is, and how it is run so that no data can stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from wearoff.trial.reading.found import NOT_ESTIMATED, Found, Question, without
from wearoff.trial.reading.rows import Rows

if TYPE_CHECKING:
    from wearoff.trial.protocol import Analysis, EndpointKind, Protocol

__all__ = ["By", "Measure", "Method", "kind_of", "run_method"]

By = Literal["wearing_off", "arm"]
Measure = Literal[
    "risk difference", "odds ratio", "hazard ratio", "rate ratio", "shift", "mean difference", "share", "none"
]

_NULLS: dict[Measure, float | None] = {
    "risk difference": 0.0,
    "odds ratio": 1.0,
    "hazard ratio": 1.0,
    "rate ratio": 1.0,
    "shift": 0.0,
    "mean difference": 0.0,
    "share": None,
    "none": None,
}

_UNITS: dict[EndpointKind, str] = {"level": "mg/L", "occupancy": "points"}
"""Of what is measured: an occupancy is recorded in per cent, so that its differences are points."""


@dataclass(frozen=True, slots=True)
class Method:
    """One named analysis.

    Attributes:
        name: as a protocol names it.
        title: for a heading.
        kinds: kinds of endpoint that it takes.
        by: what may make its groups.
        measure: what its estimate is of; `none` for a test without one.
        sentences: what it does, what its interval is, and what it does where nobody has an event.
        run: patients of one replicate in, what was found out; may raise, `run_method` does not.
        needs_margin: whether it is a test of non-inferiority, one-sided at its level.
        is_ordered: whether its groups are ordered and may be more than two.
    """

    name: str
    title: str
    kinds: tuple[EndpointKind, ...]
    by: tuple[By, ...]
    measure: Measure
    sentences: tuple[str, ...]
    run: Callable[[Rows, Question], Found]
    needs_margin: bool = False
    is_ordered: bool = False

    @property
    def null_value(self) -> float | None:
        """What the estimate is where there is nothing to find; None of a share, a test alone, or a margin."""
        return None if self.needs_margin else _NULLS[self.measure]

    @property
    def is_ratio(self) -> bool:
        """Whether the estimate is a ratio, to be averaged on the logarithmic scale."""
        return self.measure.endswith("ratio")

    def unit(self, kind: EndpointKind) -> str:
        """The unit of its estimate of such an endpoint; empty where it has none, as of shares and ratios.

        Args:
            kind: of the endpoint.
        """
        return _UNITS.get(kind, "") if self.measure in ("shift", "mean difference") else ""

    def takes(self, kind: EndpointKind, by: By) -> bool:
        """Whether it can be asked of such an endpoint in such groups.

        Args:
            kind: of the endpoint.
            by: what makes the groups.
        """
        # The answer cannot be compared between groups that it makes itself.
        return kind in self.kinds and by in self.by and not (kind == "answer" and by == "wearing_off")

    def describe(self) -> str:
        """The sentences of the plan as one paragraph."""
        return " ".join(self.sentences)


def kind_of(analysis: Analysis, protocol: Protocol) -> EndpointKind:
    """The kind of the endpoint that an analysis is of."""
    return next(each.kind for each in protocol.endpoints if each.name == analysis.endpoint)


def run_method(method: Method, rows: Rows, question: Question) -> Found:
    """What an analysis finds in one replicate; data that it cannot use become a verdict and never an error.

    Args:
        method: the analysis.
        rows: the patients of one replicate.
        question: its level and margin.
    """
    try:
        return method.run(rows, question)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        # What `wearoff.stats` refuses: no variation, groups that nothing overlaps, a likelihood without a top.
        return without(NOT_ESTIMATED, None, int((rows.group >= 0).sum()))
