"""The figures of the scoreboard as they stand in the files of `figures/`, and which values each accepts."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import Self

from pydantic import Field, model_validator

from wearoff.dosing.figures import Strict, read_figures
from wearoff.dosing.occupancy import curve_names
from wearoff.sources import Mark, figure

FAMILIES = ("exposure", "occupancy", "policies", "tissue", "activity")
"""The files of `figures/`, in the order of the scoreboard."""


class Entry(Strict):
    """One published figure that a simulation is held against.

    Attributes:
        name: unique over all files.
        title: the figure in words.
        evidence: rows of the evidence table that hold it.
        is_ratio: whether the figure is the number of the first row over that of the second.
        is_spread: whether the figure is the published SD of the row.
        unit: unit of what is computed.
        computation: name of the function in `computations.py`.
        settings: what that function is told.
        by_curve: whether it is computed under every saturation curve.
        between: lower and upper end of the accepted band, in `unit`; or instead of it
        share: the accepted distance as a share of the published number, and
        within: the accepted distance in `unit`; with both the wider one counts.
        why: why this band.
        used_to_fit: whether a number of the model was chosen after this figure.
        fitted_curves: the curves that were chosen after it.
        note: what else has to be known.
    """

    name: str
    title: str
    evidence: tuple[str, ...]
    is_ratio: bool = False
    is_spread: bool = False
    unit: str
    computation: str
    settings: dict[str, float | str] = Field(default_factory=dict)
    by_curve: bool = False
    between: tuple[float, float] | None = None
    share: float = 0.0
    within: float = 0.0
    why: str
    used_to_fit: bool = False
    fitted_curves: tuple[str, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if (self.between is None) == (self.share == self.within == 0.0):
            raise ValueError("a band is given by between, or by share and within, and by one of the two")
        if self.between is not None and not self.between[0] < self.between[1]:
            raise ValueError("the lower end of a band lies below the upper one")
        if not min(self.share, self.within) >= 0:
            raise ValueError("a distance is not negative")
        if not self.evidence or (self.is_ratio and len(self.evidence) != 2):
            raise ValueError("a figure has a row of the evidence table, and a ratio has two")
        if self.between is None and math.isnan(self.number):
            raise ValueError("a band by share or distance needs one published number")
        if unknown := set(self.fitted_curves) - set(curve_names()):
            raise ValueError(f"there are no curves {', '.join(sorted(unknown))}")
        return self

    @property
    def number(self) -> float:
        """The published figure as one number; NaN where it is a bound or has several rows."""
        rows = [figure(id_) for id_ in self.evidence]
        if self.is_spread:
            return float(rows[0].spread) if rows[0].spread_kind == "sd" else math.nan
        numbers = [math.nan if row.number is None else row.number for row in rows]
        if self.is_ratio:
            return numbers[0] / numbers[1]
        return numbers[0] if len(numbers) == 1 else math.nan

    @property
    def published(self) -> str:
        """The published figure as it may be printed, without its unit."""
        if self.is_ratio or self.is_spread:
            return f"{self.number:.2g}"
        return " to ".join(figure(id_).value for id_ in self.evidence)

    @property
    def accepted(self) -> tuple[float, float]:
        """Lower and upper end of the accepted band."""
        if self.between is not None:
            return self.between
        distance = max(self.share * abs(self.number), self.within)
        return self.number - distance, self.number + distance

    @property
    def mark(self) -> Mark:
        """How well the published figure is known: the weakest of its rows."""
        order = (Mark.MEASURED, Mark.SECONDARY, Mark.DERIVED, Mark.ASSUMED)
        return max((figure(id_).mark for id_ in self.evidence), key=order.index)

    def is_fitted(self, curve: str | None) -> bool:
        """Whether the figure is no test, because a number of the model or of the curve was chosen after it."""
        return self.used_to_fit or curve in self.fitted_curves


class _Family(Strict):
    entries: tuple[Entry, ...]


@cache
def entries() -> tuple[Entry, ...]:
    """Every figure of every file, in order.

    Raises:
        InputError: a file is damaged; names the field.
        UnknownNameError: a row of the evidence table is named that does not exist.
    """
    folder = files("wearoff.dosing.scoreboard") / "figures"
    return tuple(
        entry for family in FAMILIES for entry in read_figures(_Family, folder / f"{family}.toml").entries
    )
