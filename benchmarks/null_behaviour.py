"""How often each named analysis finds something where there is nothing, and how often its interval holds the truth.

Run by `python -m benchmarks.null_behaviour [REPLICATES] [--workers N]`; the table stands in
`docs/explanation/analyses-under-the-null.md`, and the slow suite holds what it says of every analysis. The level is
5 % of a two-sided test, of a test of non-inferiority 5 % on one side. A replicate without anything to test has shown
nothing, as in a study.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, repeat
from math import sqrt
from multiprocessing import get_context

import numpy as np
import polars as pl

from benchmarks.null_frames import BLOCK, SETTINGS, Setting, null_frame, protocol_of, truth_of
from wearoff.trial.reading.analyse import analyse
from wearoff.trial.reading.methods import METHODS

REPLICATES, SEED, WORKERS = 10_000, 20260927, 2
LEVEL, COVERAGE = 0.05, (0.93, 0.97)


@dataclass(frozen=True, slots=True)
class Line:
    """One analysis in one setting.

    Attributes:
        setting, analysis: which.
        replicates: how many.
        shown: share in which it found something.
        tested: share in which there was something to test.
        failed: share in which there was, and no estimate was found.
        covered: of the intervals there were, the share that hold the null value; None without intervals.
        intervals: share of replicates with an interval.
    """

    setting: str
    analysis: str
    replicates: int
    shown: float
    tested: float
    failed: float
    covered: float | None
    intervals: float

    @property
    def is_test(self) -> bool:
        """Whether the analysis looks for something; a share by itself does not."""
        return METHODS[self.analysis.split(",")[0]].measure != "share"

    @property
    def error(self) -> float:
        """Monte Carlo standard error of `shown`, at the nominal level."""
        return sqrt(LEVEL * (1.0 - LEVEL) / self.replicates)

    @property
    def size(self) -> str:
        """`holds` within three Monte Carlo errors of the nominal level, else `conservative` or `inflated`.

        `none` where nothing is tested.
        """
        if not self.is_test:
            return "none"
        if abs(self.shown - LEVEL) <= 3.0 * self.error:
            return "holds"
        return "conservative" if self.shown < LEVEL else "inflated"

    @property
    def coverage(self) -> str:
        """`holds` from 93 to 97 %, else `wide` or `narrow`; `none` without intervals."""
        if self.covered is None:
            return "none"
        slack = 3.0 * sqrt(LEVEL * (1.0 - LEVEL) / max(1.0, self.replicates * self.intervals))
        low, high = COVERAGE
        # The margin of error counts against a claim only where few intervals leave it wide.
        if self.covered > high + (slack if self.replicates < REPLICATES else 0.0):
            return "wide"
        return "narrow" if self.covered < low - (slack if self.replicates < REPLICATES else 0.0) else "holds"

    @property
    def says(self) -> str:
        """Both in words."""
        parts = [] if self.size in ("holds", "none") else [self.size]
        if self.coverage not in ("holds", "none"):
            parts.append(f"interval too {self.coverage}")
        return ", ".join(parts) or "holds"


def lines_of(
    settings: Sequence[Setting] = SETTINGS,
    *,
    replicates: int = REPLICATES,
    workers: int = WORKERS,
    seed: int = SEED,
) -> list[Line]:
    """Every analysis in every setting.

    Args:
        settings: the settings.
        replicates: of each, a multiple of the block or fewer than one.
        workers: processes; 1 for this one.
        seed: of every drawn number.
    """
    size = min(BLOCK, replicates)
    asked = [(setting, block) for setting in settings for block in range(max(1, replicates // BLOCK))]
    if workers == 1:
        parts = [results_of(setting, seed, size, block) for setting, block in asked]
    else:
        # A forked process would inherit locks of threads that it does not have.
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            parts = list(
                pool.map(
                    results_of,
                    [setting for setting, _ in asked],
                    repeat(seed),
                    repeat(size),
                    [block for _, block in asked],
                )
            )
    found = []
    for setting in settings:
        rows = pl.concat(part for (of, _), part in zip(asked, parts, strict=True) if of == setting)
        found += [_line(setting, name, part) for name, part in _by_analysis(rows)]
    return found


def results_of(setting: Setting, seed: int, replicates: int, block: int) -> pl.DataFrame:
    """The results of one block."""
    return analyse(null_frame(setting, seed, block, replicates), protocol_of(setting))


def _by_analysis(results: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    return [(str(name[0]), part) for name, part in results.group_by("analysis", maintain_order=True)]


def _line(setting: Setting, name: str, rows: pl.DataFrame) -> Line:
    method = METHODS[name.split(",")[0]]
    null = truth_of(method.name)
    has_interval = rows.filter(pl.col("low").is_not_null() & pl.col("high").is_not_null())
    covered = None
    if null is not None and has_interval.height:
        holds = (pl.col("low") <= null) & (pl.col("high") >= null)
        if method.needs_margin:  # the upper limit alone is used
            holds = pl.col("high") >= null
        covered = float(has_interval.select(holds.mean()).item())
    count = rows.height
    return Line(
        setting=setting.name,
        analysis=name,
        replicates=count,
        shown=float(rows["is_shown"].sum()) / count,
        tested=float((rows["verdict"] != "uninformative").sum()) / count,
        failed=float((rows["verdict"] == "not estimated").sum()) / count,
        covered=covered,
        intervals=has_interval.height / count,
    )


def table(lines: Iterable[Line]) -> str:
    """The lines as a table in Markdown, percentages with one decimal."""
    head = (
        "setting",
        "analysis",
        "found something",
        "something to test",
        "interval holds the truth",
        "verdict",
    )
    rows = [
        (
            line.setting,
            f"`{line.analysis.split(', ')[0]}`, {line.analysis.split(', ')[1]}",
            f"{100 * line.shown:.1f} %" if line.is_test else "",
            f"{100 * line.tested:.1f} %",
            "" if line.covered is None else f"{100 * line.covered:.1f} %",
            line.says,
        )
        for line in lines
    ]
    rule = ("---", "---", "---:", "---:", "---:", "---")
    return "\n".join(f"| {' | '.join(row)} |" for row in chain([head, rule], rows))


def main() -> None:
    """Print the table and what it took."""
    asked = argparse.ArgumentParser(
        description="How the named analyses behave where there is nothing to find."
    )
    asked.add_argument("replicates", type=int, nargs="?", default=REPLICATES)
    asked.add_argument("--workers", type=int, default=WORKERS)
    choices = asked.parse_args()
    begin = time.perf_counter()
    lines = lines_of(replicates=choices.replicates, workers=choices.workers)
    print(table(lines))
    error = np.sqrt(LEVEL * (1 - LEVEL) / choices.replicates)
    print(
        f"\n{choices.replicates} replicates of each setting, Monte Carlo error {100 * error:.2f} points at 5 %, "
        f"{time.perf_counter() - begin:.0f} s on {choices.workers} processes"
    )


if __name__ == "__main__":
    main()
