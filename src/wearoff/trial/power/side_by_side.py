"""Formula, exact count and simulation of every analysis, with Monte Carlo errors, and what comes without an effect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import polars as pl

from wearoff.cohort.results import Table
from wearoff.stats.power.normal import signal_needed
from wearoff.trial.power.activity import ActivityDesign
from wearoff.trial.power.intervals import MARGIN, IntervalDesign
from wearoff.trial.power.monte_carlo import Progress, Simulated, simulate
from wearoff.trial.power.occupancy import ODDS, TREND
from wearoff.trial.power.plan import AnyDesign, Plan

WITHIN = 2.0
"""A formula that lies no further from the simulation than this many Monte Carlo errors agrees with it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One analysis at one size.

    Attributes:
        test: its name.
        patients: who enter.
        formula: whose formula it is, None without one.
        closed_form: power by the formula, None without one.
        exact: power by counting every outcome, None where that is not done.
        simulated: the drawn studies with the effect.
        without: the drawn studies without it.
        level: of the interval of the estimate, two-sided.
    """

    test: str
    patients: int
    formula: str | None
    closed_form: float | None
    exact: float | None
    simulated: Simulated
    without: Simulated
    level: float

    @property
    def agrees(self) -> bool | None:
        """Whether the formula lies within the Monte Carlo error; None without a formula."""
        return None if self.closed_form is None else abs(self.simulated.distance(self.closed_form)) <= WITHIN

    def needed_by_simulation(self, power: float) -> tuple[int, int, int] | None:
        """The patients whom the simulated power says are needed, because a signal grows with the root of their number.

        Args:
            power: that is asked for.

        Returns:
            The number, and the range that the 95 % interval of the simulated power leaves; None where the simulated
            power is so near 0 or 1 that it says nothing of another size.
        """
        interval = self.simulated.interval
        if not 0.1 < interval.low < interval.high < 0.98:
            return None
        tail = (1.0 - self.level) / 2.0  # of the test, which is the tail of its interval
        wanted = signal_needed(power, alpha=tail, sides=1)
        mid, high, low = (
            ceil(self.patients * (wanted / signal_needed(found, alpha=tail, sides=1)) ** 2)
            for found in (self.simulated.power, interval.low, interval.high)
        )
        return mid, low, high


def studies_drawn(plan: Plan) -> int:
    """How many studies `compare` will draw."""
    sizes = len({plan.sized(plan.design, test).patients for test in plan.design.tests})
    return sizes * (plan.replicates + _without(plan))


def compare(plan: Plan, progress: Progress | None = None) -> tuple[Compared, ...]:
    """Every analysis of the plan, each at the size that it needs, or at the size that was chosen.

    Args:
        plan: the question with its numbers.
        progress: told how many studies are drawn, of how many.
    """
    groups: dict[int, list[str]] = {}
    for test in plan.design.tests:
        groups.setdefault(plan.sized(plan.design, test).patients, []).append(test)
    done, in_all = 0, studies_drawn(plan)
    found = {}

    def report(number: int, _: int) -> None:
        if progress is not None:
            progress(done + number, in_all)

    for patients, tests in groups.items():
        this = replace(plan.design, patients=patients)
        with_effect = simulate(
            this, replicates=plan.replicates, seed=plan.seed, tests=tuple(tests), progress=report
        )
        done += plan.replicates
        without = simulate(
            without_effect(this),
            replicates=_without(plan),
            seed=plan.seed,
            tests=tuple(tests),
            progress=report,
        )
        done += _without(plan)
        for test in tests:
            found[test] = Compared(
                test=test,
                patients=patients,
                formula=_formula(this, test),
                closed_form=this.closed_form(test),
                exact=this.exact(test),
                simulated=with_effect[test],
                without=without[test],
                level=1.0 - (2.0 if test == MARGIN else 1.0) * this.alpha,
            )
    return tuple(found[test] for test in plan.design.tests)


def without_effect(design: AnyDesign) -> AnyDesign:
    """The same study where there is nothing to find: a ratio of 1, or a true difference as large as the margin."""
    if not isinstance(design, IntervalDesign):
        return replace(design, ratio=1.0)
    return replace(design, ratio=1.0, true_ratio=design.ratio_at_margin)


def side_by_side(compared: tuple[Compared, ...]) -> Table:
    """The powers of every analysis as a table."""
    rows = [
        {
            "analysis": one.test,
            "patients": one.patients,
            "formula": one.formula,
            "power_formula": one.closed_form,
            "power_exact": one.exact,
            "power_simulated": one.simulated.power,
            "monte_carlo_error": one.simulated.error,
            "low": one.simulated.interval.low,
            "high": one.simulated.interval.high,
            "formula_agrees": None if one.agrees is None else ("yes" if one.agrees else "no"),
            "replicates": one.simulated.replicates,
        }
        for one in compared
    ]
    note = (
        "Simulated: studies drawn at random and analysed by the estimators that analyse a cohort; low to high is what "
        "the number of drawn studies leaves open (95 %). A formula agrees that lies within two Monte Carlo errors."
    )
    return Table(
        "side_by_side", "Formula and simulation side by side", pl.DataFrame(rows, schema=_POWERS), note
    )


def behaviour(compared: tuple[Compared, ...]) -> Table:
    """What every analysis does where there is nothing to find, and how its estimate lies around the truth."""
    rows = [
        {
            "analysis": one.test,
            "patients": one.patients,
            "false_alarms": one.without.shown,
            "false_alarms_error": one.without.shown_error,
            "replicates_without": one.without.replicates,
            "mean_ratio": one.simulated.estimate,
            "without_finite_ratio": one.simulated.infinite,
            "coverage": one.simulated.coverage,
            "level": None if one.simulated.coverage is None else one.level,
        }
        for one in compared
    ]
    note = (
        "False alarms: the share of studies that claim something where there is nothing to find. Mean ratio: "
        "geometric, over the studies where it is finite. Coverage: how often the interval of that level held the "
        "truth; a study without an estimate excludes nothing and counts as one whose interval did."
    )
    return Table("behaviour", "How honest the analyses are", pl.DataFrame(rows, schema=_BEHAVIOUR), note)


_POWERS = {
    "analysis": pl.String,
    "patients": pl.Int64,
    "formula": pl.String,
    "power_formula": pl.Float64,
    "power_exact": pl.Float64,
    "power_simulated": pl.Float64,
    "monte_carlo_error": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "formula_agrees": pl.String,
    "replicates": pl.Int64,
}
_BEHAVIOUR = {
    "analysis": pl.String,
    "patients": pl.Int64,
    "false_alarms": pl.Float64,
    "false_alarms_error": pl.Float64,
    "replicates_without": pl.Int64,
    "mean_ratio": pl.Float64,
    "without_finite_ratio": pl.Int64,
    "coverage": pl.Float64,
    "level": pl.Float64,
}


def _without(plan: Plan) -> int:
    """Studies drawn where there is nothing to find: half as many."""
    return max(1, plan.replicates // 2)


def _formula(design: AnyDesign, test: str) -> str | None:
    if isinstance(design, ActivityDesign):
        return "Schoenfeld 1983"
    if isinstance(design, IntervalDesign):
        return "normal form" if test == MARGIN else "Zhu and Lakkis 2014"
    if test == TREND:
        return None
    return "Whitehead 1993" if test == ODDS else "Noether 1987"
