"""The chance that a study succeeds when nobody knows the truth: power averaged over what may be true.

Power speaks of one assumed effect and one assumed activity. Assurance draws both from distributions that say how
uncertain they are, and asks how often a study of this size would show the effect (O'Hagan, Stevens and Campbell 2005,
doi 10.1002/pst.175). Once by the formula at each drawn truth, once by one simulated study for each; the truths are the
same. An effect on the other side than the one that is planned for is no success.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, sqrt

import numpy as np
import polars as pl
from scipy import special

from wearoff.cohort.results import Table
from wearoff.sources import figure
from wearoff.trial.power.activity import ActivityDesign
from wearoff.trial.power.design import Array, Drawn
from wearoff.trial.power.intervals import IntervalDesign
from wearoff.trial.power.monte_carlo import Progress, Simulated, counted, streams_of
from wearoff.trial.power.plan import AnyDesign, Plan

TRUTHS = 2000
"""Truths behind the average of the formula."""


@dataclass(frozen=True, slots=True)
class Prior:
    """How uncertain the truth is.

    Attributes:
        name: what is uncertain, in words.
        ratio: median and SD of the logarithm of the ratio; an SD of 0 for a certain one.
        activity: the two parameters of the beta distribution of the yearly activity, None for a certain one.
        years: over which the beta distribution holds; the yearly share follows from it.
        source: where it comes from.
    """

    name: str
    ratio: tuple[float, float]
    activity: tuple[float, float] | None
    source: str
    years: float = 1.0

    def quantiles(self) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        """The middle 95 % of the ratio and of the yearly activity; None where it is certain."""
        median, sd = self.ratio
        spread = (median * exp(-1.959964 * sd), median * exp(1.959964 * sd)) if sd else None
        if self.activity is None:
            return spread, None
        low, high = (float(special.betaincinv(*self.activity, tail)) for tail in (0.025, 0.975))
        return spread, (self._yearly(low), self._yearly(high))

    def truth(self, normal: float, uniform: float) -> tuple[float, float | None]:
        """A ratio and a yearly activity, from a standard normal number and one drawn from 0 to 1."""
        median, sd = self.ratio
        share = None if self.activity is None else float(special.betaincinv(*self.activity, uniform))
        return median * exp(sd * normal), None if share is None else self._yearly(share)

    def _yearly(self, share: float) -> float:
        yearly = float(1.0 - (1.0 - min(share, 1.0 - 1e-9)) ** (1.0 / self.years))
        return min(max(yearly, 1e-9), 1.0 - 1e-9)


@dataclass(frozen=True, slots=True)
class Assured:
    """The assurance under one distribution of the truth.

    Attributes:
        prior: the distribution.
        by_formula: power of the formula averaged over drawn truths.
        formula_error: Monte Carlo error of that average.
        simulated: one study for each drawn truth; of the first distribution only, None of the others.
        patients: who enter.
        needed: the smallest number with which the formula's average reaches the power asked for; None if none does.
        limit: what the average comes to with ever more patients.
    """

    prior: Prior
    by_formula: float
    formula_error: float
    simulated: Simulated | None
    patients: int
    needed: int | None
    limit: float


def priors(plan: Plan) -> tuple[Prior, ...]:
    """The distributions that a question is averaged over: the ratio, the activity, both, and published counts."""
    settings, design = plan.settings, plan.design
    if isinstance(design, IntervalDesign):
        ratio = (design.true_ratio, settings["true_ratio_sd"])
        about = "as wide as the interval of new T2 lesions (IO055), around the ratio taken to be true"
    else:
        ratio = (design.ratio, settings["ratio_sd"])
        about = "assumed"
    alone = Prior("the ratio", ratio, None, about)
    if not isinstance(design, ActivityDesign | IntervalDesign):
        return (alone,)
    weight = settings["activity_patients"]
    beta = (design.activity * weight, (1.0 - design.activity) * weight)
    as_if = f"as if the yearly activity had been seen in {weight:g} patients (W016)"
    certain = (ratio[0], 0.0)
    return (
        Prior("ratio and activity", ratio, beta, f"ratio: {about}; activity: {as_if}"),
        alone,
        Prior("the activity", certain, beta, as_if),
        *published_activities(ratio),
    )


def published_activities(ratio: tuple[float, float]) -> tuple[Prior, ...]:
    """The ratio, with the activity that published counts leave open (Jeffreys' prior and the counts).

    Args:
        ratio: median and SD of the logarithm.
    """
    followed, free = _number("W015"), _number("W016")
    completed = _number("W099")
    lesions = round(_number("W101") / 100 * completed)
    return (
        Prior(
            "ratio, and activity of the first follow-up",
            ratio,
            (0.5 + followed - free, 0.5 + free),
            f"0 of {followed:g} active in a year (W016)",
        ),
        Prior(
            "ratio, and new T2 lesions in a trial",
            ratio,
            (0.5 + lesions, 0.5 + completed - lesions),
            f"{lesions:g} of {completed:g} in 72 weeks (W101; of those who completed, W099, which is assumed)",
            years=72 * 7 / 365.25,
        ),
    )


def assure(plan: Plan, progress: Progress | None = None) -> tuple[Assured, ...]:
    """The assurance of the main analysis under every distribution; the first also by simulated studies.

    Args:
        plan: the question with its numbers.
        progress: told how many studies are drawn, of how many.
    """
    first, *others = priors(plan)
    numbers = _numbers(plan)

    def drawn(prior: Prior) -> list[AnyDesign]:
        return [_with_truth(plan.design, prior, normal, uniform) for normal, uniform in numbers]

    truths = drawn(first)
    simulated = _simulated(plan, truths, progress)
    return (
        _averaged(plan, first, truths, simulated),
        *(_averaged(plan, prior, drawn(prior), None) for prior in others),
    )


def assurance_table(assured: tuple[Assured, ...]) -> Table:
    """The assurances as a table."""
    rows = []
    for one in assured:
        ratio, activity = one.prior.quantiles()
        rows.append(
            {
                "uncertain": one.prior.name,
                "ratio_low": None if ratio is None else ratio[0],
                "ratio_high": None if ratio is None else ratio[1],
                "activity_low_pct": None if activity is None else 100 * activity[0],
                "activity_high_pct": None if activity is None else 100 * activity[1],
                "patients": one.patients,
                "assurance_formula": one.by_formula,
                "formula_error": one.formula_error,
                "assurance_simulated": None if one.simulated is None else one.simulated.power,
                "simulated_error": None if one.simulated is None else one.simulated.error,
                "patients_for_power": one.needed,
                "at_most": one.limit,
                "source": one.prior.source,
            }
        )
    note = (
        "Chance to show the effect on its side, averaged over what may be true; low and high are the middle 95 % of "
        "what is drawn. Patients for power: with whom that chance reaches the power asked for; empty where no number "
        "does, because the truth may hold no effect (at most: with ever more patients)."
    )
    return Table(
        "assurance",
        "The chance of success, the truth being uncertain",
        pl.DataFrame(rows, schema=_SCHEMA),
        note,
    )


_SCHEMA = {
    "uncertain": pl.String,
    "ratio_low": pl.Float64,
    "ratio_high": pl.Float64,
    "activity_low_pct": pl.Float64,
    "activity_high_pct": pl.Float64,
    "patients": pl.Int64,
    "assurance_formula": pl.Float64,
    "formula_error": pl.Float64,
    "assurance_simulated": pl.Float64,
    "simulated_error": pl.Float64,
    "patients_for_power": pl.Int64,
    "at_most": pl.Float64,
    "source": pl.String,
}


def _numbers(plan: Plan) -> list[tuple[float, float]]:
    """The random numbers behind each truth: a standard normal one and one from 0 to 1."""
    streams = (
        streams_of(plan.seed, number, plan.name)("truth") for number in range(max(TRUTHS, plan.replicates))
    )
    return [(float(each.standard_normal()), float(each.random())) for each in streams]


def _averaged(plan: Plan, prior: Prior, drawn: list[AnyDesign], simulated: Simulated | None) -> Assured:
    design = plan.design
    side = -1.0 if not isinstance(design, IntervalDesign) and design.ratio < 1.0 else 1.0
    signals = side * np.array([each.unit_signal for each in drawn])
    powers = _powers(signals, design.patients, design.critical)
    return Assured(
        prior=prior,
        by_formula=float(powers.mean()),
        formula_error=float(powers.std(ddof=1)) / sqrt(len(drawn)),
        simulated=simulated,
        patients=design.patients,
        needed=_needed(signals, design.critical, design.power),
        limit=float((signals > 0.0).mean()),
    )


def _simulated(plan: Plan, drawn: list[AnyDesign], progress: Progress | None) -> Simulated:
    design, test = plan.design, plan.design.tests[0]
    found = []
    for number in range(plan.replicates):
        this = drawn[number]
        one = this.draw(streams_of(plan.seed, number, design.question), (test,))[test]
        found.append(Drawn(one.is_wrong, one.is_found) if _is_turned(design, this) else one)
        if progress is not None:
            progress(number + 1, plan.replicates)
    return counted(found)


def _is_turned(planned: AnyDesign, true: AnyDesign) -> bool:
    """Whether the effect lies on the other side than planned: what finds it there is no success."""
    if isinstance(planned, IntervalDesign) or isinstance(true, IntervalDesign):
        return False
    return (planned.ratio >= 1.0) != (true.ratio >= 1.0)


def _with_truth(design: AnyDesign, prior: Prior, normal: float, uniform: float) -> AnyDesign:
    ratio, activity = prior.truth(normal, uniform)
    if isinstance(design, IntervalDesign):
        return replace(design, true_ratio=ratio, activity=activity or design.activity)
    if isinstance(design, ActivityDesign):
        return replace(design, ratio=ratio, activity=activity or design.activity)
    return replace(design, ratio=ratio)


def _powers(signals: Array, patients: int, critical: float) -> Array:
    return np.asarray(special.ndtr(signals * sqrt(patients) - critical))


def _needed(signals: Array, critical: float, power: float, most: int = 1_000_000) -> int | None:
    low, high = 1, 2
    while _powers(signals, high, critical).mean() < power:
        if high >= most:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _powers(signals, middle, critical).mean() >= power else (middle, high)
    return high


def _number(row: str) -> float:
    found = figure(row).number
    if found is None:
        raise ValueError(f"the published figure {row} is not a number")
    return found
