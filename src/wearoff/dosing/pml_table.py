"""The file that says to whom each published figure of PML belongs: groups of people, and what compared intervals."""

from __future__ import annotations

import math
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Self

from pydantic import model_validator

from wearoff.dosing.figures import Strict, read_figures

PML_FILE: Final = files("wearoff.dosing") / "pml.toml"


class Antibody(StrEnum):
    """Antibodies against the JC virus in the blood."""

    NEGATIVE = "negative"
    POSITIVE = "positive"


class PmlEpoch(Strict):
    """An epoch of treatment and the row of the evidence table that holds its risk.

    Attributes:
        after_month: months on natalizumab at its beginning.
        to_month: months at its end.
        evidence: id of the row.
    """

    after_month: float
    to_month: float
    evidence: str


class PmlGroup(Strict):
    """People of whom one figure for each epoch was published.

    Attributes:
        name: who they are, in words.
        antibody: their antibody status.
        prior_immunosuppression: whether they had an immunosuppressant before natalizumab.
        index: whether an index divides them: none of a negative test, unknown, known, or any.
        index_to: with a known index, the highest that belongs here.
        index_above: with a known index, what it lies above.
        epochs: in order, from the start of treatment, without a gap.
        beside: rows that are shown beside them and not computed with.
        notes: what holds of this group alone.
    """

    name: str
    antibody: Antibody
    prior_immunosuppression: bool
    index: Literal["none", "unknown", "known", "any"]
    index_to: float = math.inf
    index_above: float = 0.0
    epochs: tuple[PmlEpoch, ...]
    beside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        ends = [0.0, *(epoch.to_month for epoch in self.epochs)]
        if not self.epochs or any(a.after_month != end for a, end in zip(self.epochs, ends, strict=False)):
            raise ValueError("the epochs follow each other from the start of treatment without a gap")
        if any(epoch.to_month <= epoch.after_month for epoch in self.epochs):
            raise ValueError("an epoch ends after it begins")
        return self

    def holds(self, antibody: Antibody, index: float | None, prior_immunosuppression: bool) -> bool:
        """Whether a person with these factors belongs here."""
        if (self.antibody, self.prior_immunosuppression) != (antibody, prior_immunosuppression):
            return False
        if self.index == "known":
            return index is not None and self.index_above < index <= self.index_to
        return self.index == "any" or index is None


class ComparedIntervals(Strict):
    """What is published of extended against standard intervals, as rows of the evidence table.

    Attributes:
        ratio: the hazard ratio of a register.
        pooled: the pooled analyses beside it.
        standard_weeks: which average intervals counted as standard.
        extended_weeks: which counted as extended.
        notes: what this rests on.
    """

    ratio: str
    pooled: tuple[str, ...]
    standard_weeks: str
    extended_weeks: str
    notes: tuple[str, ...]


class PmlTable(Strict):
    """`pml.toml`.

    Attributes:
        title: one line for people.
        notes: what holds of every group.
        groups: the groups; nobody belongs to two.
        extended: the comparison of intervals.
    """

    title: str
    notes: tuple[str, ...]
    groups: tuple[PmlGroup, ...]
    extended: ComparedIntervals


@cache
def pml_table() -> PmlTable:
    """The table as it stands in the package.

    Raises:
        InputError: the file is damaged; names the field.
    """
    return read_figures(PmlTable, PML_FILE)
