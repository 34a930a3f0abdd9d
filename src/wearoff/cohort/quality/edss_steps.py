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

import numpy as np
import polars as pl
from jaxtyping import Int

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

    def applied(self, visits: pl.DataFrame) -> pl.DataFrame:
        """Visits with the steps that their scores call for.

        Args:
            visits: rows of the table visit.

        Returns:
            The same rows with from_systems (EDSS points; a missing score counts as 0), missing (how many
            systems have no score) and from_walking (the least step of the walking score, null without one).
        """
        scores = np.column_stack([self._counting(visits, name) for name in self.systems])
        highest = scores.max(axis=1, initial=0)
        count = (scores == highest[:, None]).sum(axis=1)
        below = (scores == highest[:, None] - 1).sum(axis=1)
        table = np.full((7, 8, 8), np.nan)
        for line in self.patterns:
            (first, last), (fewest, most) = line.count, line.below
            table[line.highest, first : last + 1, fewest : most + 1] = line.edss
        walking = list(range(len(self.least_by_walking)))
        return visits.with_columns(
            pl.Series("from_systems", table[highest, count, below], pl.Float64),
            pl.sum_horizontal(pl.col(name).is_null().cast(pl.Int64) for name in self.systems).alias(
                "missing"
            ),
            pl.col(self.walking)
            .replace_strict(walking, list(self.least_by_walking), default=None, return_dtype=pl.Float64)
            .alias("from_walking"),
        )

    def _counting(self, visits: pl.DataFrame, name: str) -> Int[np.ndarray, " visits"]:
        """The scores of one system that count, 0 where there is none."""
        scores = visits[name].cast(pl.Int64).fill_null(0).to_numpy()
        to = dict(self.converted).get(name)
        return scores if to is None else np.array(to)[scores]


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
