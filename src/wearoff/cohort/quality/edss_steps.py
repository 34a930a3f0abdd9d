"""The EDSS step that functional systems and walking call for: a check of a recorded EDSS, never its correction.

Up to 4.0 the scale is defined by the functional systems, above by how far a person walks and with what aid.
The step here is the higher of the two. Where a score is missing the step is a lower bound, because no missing
score could make it lower.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from wearoff.sources import Mark

__all__ = ["EdssSteps", "Pattern", "load_edss_steps"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of the table of patterns.

    Attributes:
        highest: the highest converted score.
        count: how many systems have it, from and to.
        below: how many systems have the score one below it, from and to.
        edss: the step.
        mark: how well that is known.
    """

    highest: int
    count: tuple[int, int]
    below: tuple[int, int]
    edss: float
    mark: Mark


@dataclass(frozen=True, slots=True)
class EdssSteps:
    """A published way from functional systems and walking to the EDSS.

    Attributes:
        name: its name, printed beside every finding.
        systems: columns of the functional systems in the table visit.
        walking: column of the walking score.
        converted: for some systems, the score that counts for each examined score 0, 1, 2 ...
        patterns: the steps of the functional systems; every pattern of seven scores meets one line.
        least_by_walking: the least step for each walking score 0, 1, 2 ...
    """

    name: str
    systems: tuple[str, ...]
    walking: str
    converted: tuple[tuple[str, tuple[int, ...]], ...]
    patterns: tuple[Pattern, ...]
    least_by_walking: tuple[float, ...]

    @property
    def from_systems(self) -> pl.Expr:
        """The step of the functional systems (EDSS points); a missing score counts as 0."""
        scores = [self._counting(name) for name in self.systems]
        highest = pl.max_horizontal(scores)
        count = pl.sum_horizontal((score == highest).cast(pl.Int8) for score in scores)
        below = pl.sum_horizontal((score == highest - 1).cast(pl.Int8) for score in scores)
        step = pl.lit(None, pl.Float64)
        for line in self.patterns:
            is_this = (
                (highest == line.highest) & count.is_between(*line.count) & below.is_between(*line.below)
            )
            step = pl.when(is_this).then(pl.lit(line.edss)).otherwise(step)
        return step

    @property
    def from_walking(self) -> pl.Expr:
        """The least step of the walking score (EDSS points); null where it is missing."""
        return pl.col(self.walking).replace_strict(
            list(range(len(self.least_by_walking))),
            list(self.least_by_walking),
            default=None,
            return_dtype=pl.Float64,
        )

    @property
    def missing_systems(self) -> pl.Expr:
        """How many functional systems have no score."""
        return pl.sum_horizontal(pl.col(name).is_null().cast(pl.Int64) for name in self.systems)

    def _counting(self, name: str) -> pl.Expr:
        score = pl.col(name).fill_null(0)
        for system, to in self.converted:
            if system == name:
                return score.replace_strict(list(range(len(to))), list(to), return_dtype=pl.Int64)
        return score.cast(pl.Int64)


@cache
def load_edss_steps() -> EdssSteps:
    """The published steps that are installed with wearoff."""
    text = files("wearoff.cohort.quality").joinpath("edss_steps.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    return EdssSteps(
        name=content["name"],
        systems=tuple(content["systems"]),
        walking=content["walking"],
        converted=tuple((name, tuple(entry["to"])) for name, entry in content["converted"].items()),
        patterns=tuple(
            Pattern(
                line["highest"], tuple(line["count"]), tuple(line["below"]), line["edss"], Mark(line["mark"])
            )
            for line in content["pattern"]
        ),
        least_by_walking=tuple(content["least_by_walking"]["edss"]),
    )
