"""Power over size, length, drop-out, scans and effect: the formula as a line, drawn studies as points beside it.

Every point of a curve is drawn from the same random patients (a smaller study is the beginning of a larger one), so the
points of one curve lie up or down together and its shape is less uncertain than each point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from wearoff.cohort.results import Table
from wearoff.trial.power.activity import LOG_RANK, ActivityDesign
from wearoff.trial.power.intervals import MARGIN, RATE, IntervalDesign
from wearoff.trial.power.monte_carlo import Progress, simulate
from wearoff.trial.power.occupancy import ODDS, RANK_SUM, OccupancyDesign
from wearoff.trial.power.plan import AnyDesign, Plan

_SIZES = (0.25, 0.5, 0.75, 1.0, 1.4, 2.0)
_YEARS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
_LOSSES = (0.0, 0.05, 0.125, 0.2, 0.3)
_SCANS = (0.5, 1.0, 2.0, 4.0, 12.0)
SIZE, LENGTH, LOSS, SCANS = "patients", "years of follow-up", "share lost in a year", "scans in a year"
EFFECT, MISSING, MARGINS = "odds ratio per SD", "share without a usable pair", "margin"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve.

    Attributes:
        varies: what lies along the axis.
        series: the name of the curve.
        at: the place on the axis.
        test: the analysis.
        design: the study.
    """

    varies: str
    series: str
    at: float
    test: str
    design: AnyDesign


def points(plan: Plan) -> tuple[Point, ...]:
    """Every point of every curve of a question."""
    if isinstance(plan.design, ActivityDesign):
        return tuple(_activity(plan, plan.design))
    if isinstance(plan.design, OccupancyDesign):
        return tuple(_occupancy(plan.design))
    return tuple(_intervals(plan, plan.design))


def power_curves(plan: Plan, progress: Progress | None = None) -> Table:
    """The power at every point by formula, exact count and simulation.

    Args:
        plan: the question with its numbers.
        progress: told how many studies are drawn, of how many.
    """
    rows = []
    all_points = points(plan)
    in_all = len(all_points) * plan.curve_replicates
    for number, point in enumerate(all_points):
        drawn = simulate(point.design, replicates=plan.curve_replicates, seed=plan.seed, tests=(point.test,))[
            point.test
        ]
        if progress is not None:
            progress((number + 1) * plan.curve_replicates, in_all)
        rows.append(
            {
                "varies": point.varies,
                "series": point.series,
                "at": point.at,
                "analysis": point.test,
                "patients": point.design.patients,
                "power_formula": point.design.closed_form(point.test),
                "power_exact": point.design.exact(point.test),
                "power_simulated": drawn.power,
                "low": drawn.interval.low,
                "high": drawn.interval.high,
                "power_asked": plan.design.power,
                "replicates": drawn.replicates,
            }
        )
    note = (
        f"What is not on the axis is as planned ({plan.design.patients} patients, unless the axis is their number). "
        "Low to high is what the number of drawn studies leaves open (95 %). All points of a curve are drawn from the "
        "same random patients and lie up or down together."
    )
    return Table(
        "power_curves",
        "Power over what can be chosen and what cannot",
        pl.DataFrame(rows, schema=_SCHEMA),
        note,
    )


_SCHEMA = {
    "varies": pl.String,
    "series": pl.String,
    "at": pl.Float64,
    "analysis": pl.String,
    "patients": pl.Int64,
    "power_formula": pl.Float64,
    "power_exact": pl.Float64,
    "power_simulated": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "power_asked": pl.Float64,
    "replicates": pl.Int64,
}


def _sizes(design: AnyDesign) -> list[int]:
    """Numbers of patients around that of a design, in round figures."""
    step = 5 if design.patients < 200 else 10
    return sorted({max(step, step * round(design.patients * factor / step)) for factor in _SIZES})


def _activity(plan: Plan, design: ActivityDesign) -> Iterator[Point]:
    for years in sorted(plan.years)[:4]:
        words = f"{years:g} year{'' if years == 1 else 's'}"
        for size in _sizes(design):
            yield Point(SIZE, words, size, LOG_RANK, replace(design, years=years, patients=size))
    yield from _followed(design, LOG_RANK)


def _followed(design: ActivityDesign | IntervalDesign, test: str) -> Iterator[Point]:
    """What both kinds of follow-up have: length, losses and scans."""
    name = "as planned"
    for years in _YEARS:
        yield Point(LENGTH, name, years, test, replace(design, years=years))
    for loss in sorted({*_LOSSES, design.dropout}):
        yield Point(LOSS, name, loss, test, replace(design, dropout=loss))
    for share in sorted({0.0, design.relapse_share}):
        words = f"{100 * share:.3g} % noticed at once"
        for scans in _SCANS:
            this = replace(design, scans=scans, relapse_share=share)
            yield Point(SCANS, words, scans, test, this)


def _occupancy(design: OccupancyDesign) -> Iterator[Point]:
    for test in (ODDS, RANK_SUM):
        for size in _sizes(design):
            yield Point(SIZE, test, size, test, replace(design, patients=size))
    for test in (ODDS, RANK_SUM):
        for ratio in (1.25, 1.5, 2.0, 2.5, 3.0):
            yield Point(EFFECT, test, ratio, test, replace(design, ratio=ratio))
    for test in (ODDS, RANK_SUM):
        for missing in sorted({0.0, 0.25, 0.4, design.dropout}):
            yield Point(MISSING, test, missing, test, replace(design, dropout=missing))


def _intervals(plan: Plan, design: IntervalDesign) -> Iterator[Point]:
    for size in _sizes(design):
        yield Point(SIZE, "within the margin", size, MARGIN, replace(design, patients=size))
    for years in sorted(plan.years)[:2]:
        this = replace(design, years=years)
        sized = plan.sized(this, RATE)
        words = f"rate ratio, {years:g} year{'' if years == 1 else 's'}"
        for size in _sizes(sized)[::2]:
            yield Point(SIZE, words, size, RATE, replace(this, patients=size))
    yield from _followed(design, MARGIN)
    for margin in sorted({0.05, 0.075, 0.1, 0.125, 0.15, design.margin}):
        yield Point(MARGINS, "as planned", margin, MARGIN, replace(design, margin=margin))
