"""Many drawn studies, counted: the share in which a test finds what is there, with its Monte Carlo error.

A study is drawn from random numbers that belong to (seed, number of the study, purpose), and to nothing else. So
study 7 is the same whether a hundred or a thousand are drawn, and more studies keep the first ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from wearoff.dosing.streams import stream
from wearoff.stats import Interval, is_shown, proportion_interval
from wearoff.trial.power.design import Design, Drawn, Streams

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a test did over many drawn studies.

    Attributes:
        found: studies in which it showed the effect on its true side.
        wrong: studies in which it showed an effect on the other side.
        replicates: studies that were drawn.
        estimate: geometric mean of the estimates that are finite, None without any.
        infinite: studies without a finite estimate, where others had one.
        covered: studies whose interval held the truth, those without an estimate included, which exclude nothing; None
            for a test without intervals.
    """

    found: int
    wrong: int
    replicates: int
    estimate: float | None = None
    infinite: int = 0
    covered: int | None = None

    @property
    def power(self) -> float:
        """The share of studies that found the effect."""
        return self.found / self.replicates

    @property
    def error(self) -> float:
        """The Monte Carlo error of the power: one standard error, at least that of half a study."""
        return _error(self.power, self.replicates)

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the power that the number of drawn studies leaves (Wilson)."""
        return proportion_interval(self.found, self.replicates, method="wilson")

    @property
    def shown(self) -> float:
        """The share of studies that showed a difference on either side."""
        return (self.found + self.wrong) / self.replicates

    @property
    def shown_error(self) -> float:
        """The Monte Carlo error of `shown`."""
        return _error(self.shown, self.replicates)

    @property
    def coverage(self) -> float | None:
        """The share of studies whose interval held the truth."""
        return None if self.covered is None else self.covered / self.replicates

    def distance(self, closed_form: float) -> float:
        """How far the simulation lies above a formula, in the Monte Carlo errors it has if the formula is right."""
        return (self.power - closed_form) / _error(closed_form, self.replicates)


def simulate(
    design: Design,
    *,
    replicates: int,
    seed: int = 0,
    tests: tuple[str, ...] | None = None,
    progress: Progress | None = None,
) -> Mapping[str, Simulated]:
    """So many studies of one design, each analysed by every test.

    Args:
        design: the study.
        replicates: how many, at least 1.
        seed: of every drawn number.
        tests: names of the analyses; None for all of the design.
        progress: told how many are done, of how many.

    Raises:
        ValueError: there is no replicate.

    Example:
        >>> from wearoff.trial.power import ActivityDesign
        >>> design = ActivityDesign(200, ratio=3.0, activity=0.2, exposed=0.5, dropout=0.1, years=1.0)
        >>> found = simulate(design, replicates=20, seed=1, tests=("log-rank",))["log-rank"]
        >>> found.replicates, found.power > 0.8
        (20, True)
    """
    if replicates < 1:
        raise ValueError(f"at least one study must be drawn, got {replicates}")
    chosen = design.tests if tests is None else tests
    drawn: dict[str, list[Drawn]] = {test: [] for test in chosen}
    for number in range(replicates):
        for test, found in design.draw(streams_of(seed, number, design.question), chosen).items():
            drawn[test].append(found)
        if progress is not None:
            progress(number + 1, replicates)
    return {test: counted(found) for test, found in drawn.items()}


def streams_of(seed: int, number: int, question: str) -> Streams:
    """The random numbers of one study, by purpose.

    Args:
        seed: of every drawn number.
        number: of the study, from 0.
        question: name of the question.
    """
    return lambda purpose: stream(seed, f"study {number}", f"power:{question}:{purpose}")


def verdict(
    p: float | None, excess: float, alpha: float, estimate: float | None = None, covers: bool | None = None
) -> Drawn:
    """What a two-sided test says.

    Args:
        p: its p value, None where it has none.
        excess: above 0 where the data lean to the side of the effect that is looked for.
        alpha: the test shows a difference at a p of at most this.
        estimate: of the measure.
        covers: whether its interval holds the truth.
    """
    is_different = is_shown(p, 1.0 - alpha)
    return Drawn(is_different and excess > 0.0, is_different and excess < 0.0, estimate, covers)


def counted(drawn: Sequence[Drawn]) -> Simulated:
    """What a test did over the studies that were drawn.

    Args:
        drawn: what it said of each, at least one.
    """
    finite = [log(one.estimate) for one in drawn if one.estimate is not None and 0.0 < one.estimate < np.inf]
    has_intervals = any(one.covers is not None for one in drawn)
    return Simulated(
        found=sum(one.is_found for one in drawn),
        wrong=sum(one.is_wrong for one in drawn),
        replicates=len(drawn),
        estimate=float(np.exp(np.mean(finite))) if finite else None,
        infinite=len(drawn) - len(finite) if finite else 0,
        covered=sum(bool(one.covers) for one in drawn) if has_intervals else None,
    )


def _error(share: float, replicates: int) -> float:
    """One standard error of a share over so many studies, at least that of half a study."""
    within = min(max(share, 0.5 / replicates), 1.0 - 0.5 / replicates)
    return sqrt(within * (1.0 - within) / replicates)
