"""What was measured in one patient: levels and occupancies, as arrays on his own time axis.

Times are days since the first infusion. A sample at the very start of an infusion was drawn before it. Values
are checked when they are made, so that a likelihood need not ask whether a level is negative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from jaxtyping import Bool, Float

__all__ = ["MOST_MG_PER_L", "Levels", "Occupancies", "frozen_array", "is_same", "refuse"]

MOST_MG_PER_L = 1000.0
"""A level above it is a slip; the same limit as in a cohort's tables."""


def _empty() -> np.ndarray:
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The natalizumab levels of one patient, in order of time.

    Attributes:
        time_d: when each was drawn, days after the start of the first infusion.
        value_mg_per_l: what the laboratory reported, mg/L; NaN where it was below quantification.
        lloq_mg_per_l: the lower limit of quantification, mg/L; NaN where it is not stated.
        is_below: whether the level was below that limit.
        laboratory: name of the laboratory of each.

    Raises:
        ValueError: naming the index of the first level that is out of order, not above zero, above 1000 mg/L, below
            its own limit without saying so, below a limit that is not stated, or without a laboratory.
    """

    time_d: Float[np.ndarray, " levels"] = field(default_factory=_empty)
    value_mg_per_l: Float[np.ndarray, " levels"] = field(default_factory=_empty)
    lloq_mg_per_l: Float[np.ndarray, " levels"] = field(default_factory=_empty)
    is_below: Bool[np.ndarray, " levels"] = field(default_factory=_empty)
    laboratory: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("time_d", "value_mg_per_l", "lloq_mg_per_l"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        object.__setattr__(self, "is_below", frozen_array(self.is_below, np.bool_))
        object.__setattr__(self, "laboratory", tuple(self.laboratory))
        _check_shapes(self)
        value, limit = self.value_mg_per_l, self.lloq_mg_per_l
        _check_times("level", self.time_d)
        is_value = (value > 0) & (value <= MOST_MG_PER_L)
        refuse(
            ~is_value & ~self.is_below,
            f"level {{}}: the value is not above 0 and up to {MOST_MG_PER_L:g} mg/L",
        )
        refuse(~np.isnan(value) & self.is_below, "level {}: a level below quantification has no value")
        is_limit = (limit > 0) & (limit <= MOST_MG_PER_L)
        refuse(
            ~is_limit & ~np.isnan(limit),
            f"level {{}}: the limit is not above 0 and up to {MOST_MG_PER_L:g} mg/L",
        )
        refuse(np.isnan(limit) & self.is_below, "level {}: below a limit that is not stated")
        refuse(
            (value < limit) & ~self.is_below, "level {}: the value is below its own limit of quantification"
        )
        _check_names("level", "laboratory", self.laboratory)

    def __eq__(self, other: object) -> bool:
        return is_same(self, other)

    def __hash__(self) -> int:
        return hash((self.time_d.tobytes(), self.laboratory))

    def __reduce__(self) -> tuple[Callable[..., Levels], tuple[Any, ...]]:
        """Made anew where it is copied, so that its arrays stay read-only."""
        return Levels, tuple(getattr(self, each.name) for each in fields(self))

    @property
    def number(self) -> int:
        """How many levels there are."""
        return int(self.time_d.size)


@dataclass(frozen=True, slots=True, eq=False)
class Occupancies:
    """The measured receptor occupancies of one patient, in order of time.

    Attributes:
        time_d: when each was drawn, days after the start of the first infusion.
        share: share of the receptors that was bound, 0..1.
        assay: the assay of each; occupancies of two assays are not the same thing.
        subset: the leukocytes on which each was measured.

    Raises:
        ValueError: naming the index of the first occupancy that is out of order, outside 0 to 1, or without assay
            or subset.
    """

    time_d: Float[np.ndarray, " samples"] = field(default_factory=_empty)
    share: Float[np.ndarray, " samples"] = field(default_factory=_empty)
    assay: tuple[str, ...] = ()
    subset: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("time_d", "share"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        for name in ("assay", "subset"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _check_shapes(self)
        _check_times("occupancy", self.time_d)
        refuse(~((self.share >= 0) & (self.share <= 1)), "occupancy {}: the share lies outside 0 to 1")
        _check_names("occupancy", "assay", self.assay)
        _check_names("occupancy", "subset", self.subset)

    def __eq__(self, other: object) -> bool:
        return is_same(self, other)

    def __hash__(self) -> int:
        return hash((self.time_d.tobytes(), self.share.tobytes(), self.assay, self.subset))

    def __reduce__(self) -> tuple[Callable[..., Occupancies], tuple[Any, ...]]:
        """Made anew where it is copied, so that its arrays stay read-only."""
        return Occupancies, tuple(getattr(self, each.name) for each in fields(self))

    @property
    def number(self) -> int:
        """How many occupancies there are."""
        return int(self.time_d.size)


def frozen_array(values: npt.ArrayLike, dtype: type[np.generic] = np.float64) -> np.ndarray:
    """A read-only copy, so that a value cannot change under who uses it."""
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def is_same(mine: object, its: object) -> bool:
    """Whether two values of one class agree in every field, arrays by their numbers and NaN with NaN."""
    if type(mine) is not type(its):
        return False
    for each in fields(mine):  # type: ignore[arg-type]
        one, other = getattr(mine, each.name), getattr(its, each.name)
        if isinstance(one, np.ndarray):
            if not np.array_equal(one, other, equal_nan=one.dtype == np.float64):
                return False
        elif one != other:
            return False
    return True


def refuse(is_wrong: Bool[np.ndarray, " entries"], reason: str) -> None:
    """Stop at the first entry for which something is wrong, its index in place of the braces."""
    wrong = np.flatnonzero(is_wrong)
    if wrong.size:
        raise ValueError(reason.format(int(wrong[0])))


def _check_shapes(values: Levels | Occupancies) -> None:
    sizes = {
        (len(value),) if isinstance(value, tuple) else value.shape
        for value in (getattr(values, each.name) for each in fields(values))
    }
    if len(sizes) != 1 or values.time_d.ndim != 1:
        names = ", ".join(each.name for each in fields(values))
        raise ValueError(f"{names} need one dimension and one length")


def _check_times(what: str, time_d: Float[np.ndarray, " samples"]) -> None:
    refuse(~np.isfinite(time_d), f"{what} {{}}: time_d is not a finite number")
    refuse(time_d <= 0, f"{what} {{}}: drawn before the first infusion had begun")
    refuse(np.diff(time_d, prepend=-np.inf) < 0, f"{what} {{}}: before the one above it")


def _check_names(what: str, kind: str, names: tuple[str, ...]) -> None:
    for index, name in enumerate(names):
        if not (isinstance(name, str) and name.strip() and name.isprintable()):
            raise ValueError(f"{what} {index}: no {kind}, or one that does not print")
