"""Wearing-off from the questionnaire: one answer a patient, and the named codings that make groups of it.

The raw answer is ordinal: never, sometimes, regularly. Every two-group comparison is a *coding* with a name,
because "wearing-off" as any answer but never and as a regular one are different questions. A patient without
an answer belongs to no group and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import polars as pl

from wearoff.errors import UnknownNameError

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

ANSWERS = ("never", "sometimes", "regularly")
NO_ANSWER = "no answer"
Choice = Literal["first", "last", "worst"]


@dataclass(frozen=True, slots=True)
class Coding:
    """A named way to make two groups of the three answers.

    Attributes:
        name: the name printed beside every figure.
        exposed: the answers that count as wearing-off.
        exposed_label, other_label: the groups in plain words.
    """

    name: str
    exposed: frozenset[str]
    exposed_label: str
    other_label: str

    @property
    def exposed_expression(self) -> pl.Expr:
        """Whether a row's `answer` counts as wearing-off (null without an answer)."""
        known = pl.col("answer").is_in(ANSWERS)
        return pl.when(known).then(pl.col("answer").is_in(sorted(self.exposed)))


CODINGS: Mapping[str, Coding] = MappingProxyType(
    {
        "any_vs_never": Coding(
            "any_vs_never", frozenset({"sometimes", "regularly"}), "any wearing-off", "never"
        ),
        "regular_vs_rest": Coding(
            "regular_vs_rest", frozenset({"regularly"}), "regular wearing-off", "never or sometimes"
        ),
    }
)


def load_coding(name: str) -> Coding:
    """The coding of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    if name not in CODINGS:
        raise UnknownNameError("wearing-off coding", name, CODINGS)
    return CODINGS[name]


def answers_by_patient(cohort: Cohort, *, choice: Choice = "first") -> pl.DataFrame:
    """One row a patient: the answer used, its date, and how many answers there are.

    Args:
        cohort: the records; every patient appears, also without an answer.
        choice: which of several answers is used: the `first` (default: the exposure comes before the
            outcome), the `last`, or the `worst`. An undated answer counts as later than any dated one.

    Returns:
        Columns patient_id, answer (null without one), date, answers (how many), is_constant.
    """
    patients = pl.DataFrame({"patient_id": list(cohort.patients)}, schema={"patient_id": pl.String})
    severity = pl.col("answer").replace_strict({answer: i for i, answer in enumerate(ANSWERS)})
    ordered = cohort.wearing_off.with_columns(severity=severity).sort(
        "patient_id", *({"worst": ["severity"]}.get(choice, [])), "date", "row", nulls_last=True
    )
    pick = pl.first if choice == "first" else pl.last
    one = ordered.group_by("patient_id", maintain_order=True).agg(
        pick("answer"),
        pick("date"),
        answers=pl.len().cast(pl.Int64),
        is_constant=pl.col("answer").n_unique() == 1,
    )
    return patients.join(one, on="patient_id", how="left", maintain_order="left").with_columns(
        pl.col("answers").fill_null(0)
    )
