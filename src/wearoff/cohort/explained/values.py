"""What an answer is made of: plain words, tables of bands, limits, and the rows of the evidence table behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from wearoff.cohort.wording import significant

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

_SMALLEST = 0.095
_LARGEST_DIGITS = 99.5


@dataclass(frozen=True, slots=True)
class Ranged:
    """A number that is known as a band.

    Attributes:
        low, high: ends of the band; the lowest 5 % and highest 95 % of any curve, or those of a 95 % interval.
        middle_low, middle_high: the medians of the curves that differ most; the same where there is one estimate.
    """

    low: float
    middle_low: float
    middle_high: float
    high: float

    @classmethod
    def of(
        cls, band: Mapping[str, Float[ndarray, "..."]], index: int | None = None, times: float = 100.0
    ) -> Self:
        """From the band of `trafficking.band`, at one sample of it, by default in percent."""
        names = ("p05", "p50_low", "p50_high", "p95")
        values = (band[name] if index is None else band[name][index] for name in names)
        return cls(*(times * float(value) for value in values))

    @property
    def middle(self) -> str:
        """The middle in two significant digits: `5.1-14`, or one number where both print alike."""
        low, high = two_digits(self.middle_low), two_digits(self.middle_high)
        return (
            low
            if low == high
            else f"{low} to {high}"
            if low.startswith("<") or self.low < 0
            else f"{low}-{high}"
        )

    @property
    def text(self) -> str:
        """The middle with its band in brackets: `5.1-14 (0.2 to 74)`."""
        return f"{self.middle} ({two_digits(self.low)} to {two_digits(self.high)})"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of bands.

    Attributes:
        title: what it shows.
        headings: of every column, with the unit; the first is that of the labels.
        rows: a label, then a band for each further column.
        note: how to read it.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Ranged, ...]], ...]
    note: str = ""

    def __post_init__(self) -> None:
        if any(len(cells) != len(self.headings) - 1 for _, cells in self.rows):
            raise ValueError(f"a row of the table {self.title!r} does not fit its headings")

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Every row as text."""
        return tuple((label, *(cell.text for cell in cells)) for label, cells in self.rows)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One question with its answer.

    Attributes:
        name: short, for anchors.
        question: as people ask it.
        answer: the answer in a sentence or two.
        paragraphs: what it rests on.
        grids: the numbers.
        lists: headed lists, such as what would have to be measured.
        limits: what the answer does not say.
        evidence: ids of the rows of the evidence table that it rests on.
    """

    name: str
    question: str
    answer: str
    paragraphs: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    limits: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """Every question answered.

    Attributes:
        explanations: in order.
        provenance: model, digests of the files of numbers, weight, draws and seed.
    """

    explanations: tuple[Explanation, ...]
    provenance: Mapping[str, str]

    def named(self, name: str) -> Explanation:
        """One explanation by its name.

        Raises:
            KeyError: there is none.
        """
        return {each.name: each for each in self.explanations}[name]


def two_digits(value: float) -> str:
    """A number in two significant digits, whole from 100 on; what would print below 0.1 is called so."""
    if value != 0 and abs(value) < _SMALLEST:
        return "<0.1" if value > 0 else "0"
    if abs(value) >= _LARGEST_DIGITS:
        return f"{value:.0f}"
    return significant(value)


def ends(bands: Sequence[Ranged]) -> Ranged:
    """One band around several: the lowest and highest middle, the lowest and highest end.

    Raises:
        ValueError: there is none.
    """
    return Ranged(
        min(each.low for each in bands),
        min(each.middle_low for each in bands),
        max(each.middle_high for each in bands),
        max(each.high for each in bands),
    )
