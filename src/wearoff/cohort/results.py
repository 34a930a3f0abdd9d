"""What an analysis hands to the faces: tables, sentences and provenance, and nothing to compute.

Charts and reports read these values and show them. A sentence stands here once, so that the terminal, the
page and the file `result.json` say the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a result, with the words that a reader needs to use it.

    Attributes:
        name: the name of its CSV file, without the ending.
        title: one line for a heading.
        frame: the rows; columns are in plain words with the unit in the name.
        note: how to read it: the rule, the method, what is left out.
    """

    name: str
    title: str
    frame: pl.DataFrame
    note: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of the first screen: what it is, the figure with its uncertainty, and its limit."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The first screen: the question, the answer in plain words, the figures, and the limits."""

    question: str
    headline: str
    findings: tuple[Finding, ...]
    sentences: tuple[str, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a report: paragraphs, then pictures, then tables, each by name."""

    title: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result came from: enough to compute it again.

    Attributes:
        version: the version of wearoff.
        inputs: SHA-256 of every file that was read, or the identifiers of the published figures.
        choices: every named choice: rule, model, curves, coding, tolerance, timezone, day of analysis.
        seed: the seed behind every drawn number; None when nothing was drawn.
    """

    version: str
    inputs: Mapping[str, str]
    choices: Mapping[str, str]
    seed: int | None


@dataclass(frozen=True, slots=True)
class StudyResult:
    """A whole analysis, ready to be shown.

    Attributes:
        name: short name for files.
        title: what was analysed.
        banner: first line of every page when the data are not those of real patients, else None.
        answer: the first screen.
        sections: the report in order.
        tables: every table by name.
        provenance: where it came from.
        figures: the numbers behind the sentences, unrounded, for `result.json`.
    """

    name: str
    title: str
    banner: str | None
    answer: Answer
    sections: tuple[Section, ...]
    tables: Mapping[str, Table]
    provenance: Provenance
    figures: Mapping[str, Any] = field(default_factory=dict)
