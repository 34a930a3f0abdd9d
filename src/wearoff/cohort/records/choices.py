"""What a format leaves open, and its reader has to be told; nothing of it is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ReadingChoices"]


@dataclass(frozen=True, slots=True)
class ReadingChoices:
    """What the user says about a source beyond the source itself.

    Attributes:
        origin: when TIME is 0 in an event table: a date, or a date and time of day, for every patient.
        units: unit of the columns TIME, AMT, DV and WT of an event table, where the header does not say it.
        first_compartment: what CMT 1 of an event table is: the depot under the skin, or the blood.
        treatments: what a row of an MSBase treatment table is: one infusion, or a period of treatment.
    """

    origin: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    first_compartment: Literal["depot", "central"] | None = None
    treatments: Literal["infusions", "periods"] | None = None
