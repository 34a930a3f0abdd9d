"""The sizes that formulae ask for, over what is least certain: activity, length, effect, share."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import polars as pl

from wearoff.cohort.results import Table
from wearoff.stats import (
    fisher_power,
    group_sizes,
    noninferiority_exact_total,
    noninferiority_power,
    noninferiority_total,
)
from wearoff.trial.power.activity import LOG_RANK, ActivityDesign
from wearoff.trial.power.intervals import MARGIN, RATE, IntervalDesign
from wearoff.trial.power.occupancy import ODDS, RANK_SUM, OccupancyDesign
from wearoff.trial.power.plan import Plan

FIRST_STUDY = (15, 20)
"""A split of the 35 who were followed (W016); the publication does not give it, so it is assumed."""


def size_tables(plan: Plan) -> list[Table]:
    """The tables of sizes of a question, the main one first and named `sizes`."""
    if isinstance(plan.design, ActivityDesign):
        return [_activity_sizes(plan, plan.design), first_study(plan.design)]
    if isinstance(plan.design, OccupancyDesign):
        return [_occupancy_sizes(plan.design)]
    return [_margin_sizes(plan, plan.design), _rate_sizes(plan, plan.design)]


def first_study(design: ActivityDesign) -> Table:
    """What fifteen patients with wearing-off and twenty without could have shown, by Fisher's test."""
    rows = [
        {
            "activity_without_pct": 100 * base,
            "activity_with_pct": 100 * base * ratio,
            "with_wearing_off": FIRST_STUDY[0],
            "without": FIRST_STUDY[1],
            "fisher_power": fisher_power(FIRST_STUDY, (base * ratio, base), alpha=design.alpha),
            "mid_p_power": fisher_power(FIRST_STUDY, (base * ratio, base), alpha=design.alpha, test="mid_p"),
        }
        for base in (0.041, 0.10)
        for ratio in (2.0, 4.0)
    ]
    note = (
        "Exact: every pair of counts with its chance. 35 of 40 were followed (W016); that 15 of them had wearing-off "
        "is assumed. Activity within a year, yes or no."
    )
    return Table("first_study", "What 15 and 20 patients could have shown", pl.DataFrame(rows), note)


def _activity_sizes(plan: Plan, design: ActivityDesign) -> Table:
    rows = []
    for activity in plan.activities:
        for years in plan.years:
            this = replace(design, activity=activity, years=years)
            needed = this.needed(LOG_RANK)
            if needed is None:
                continue
            this = replace(this, patients=needed)
            one, other = group_sizes(needed, this.exposed)
            rows.append(
                {
                    "activity_per_year_pct": 100 * activity,
                    "years": years,
                    "events": this.events_needed,
                    "chance_seen_pct": 100 * this.chance,
                    "patients": needed,
                    "with_wearing_off": one,
                    "without": other,
                    "patient_years": needed * this.watch.mean_years,
                }
            )
    scans = (
        f"{design.scans:g} scans a year, {100 * design.relapse_share:g} % of first activity noticed at once"
        if design.scans
        else "activity known on the day it comes"
    )
    note = (
        f"Schoenfeld: hazard ratio {design.ratio:g}, power {100 * design.power:g} %, two-sided "
        f"{100 * design.alpha:g} %, {100 * design.exposed:g} % with wearing-off, {100 * design.dropout:g} % lost a "
        f"year, {scans}. A yearly share p is a constant hazard of -ln(1 - p): that of activity in those without "
        "wearing-off, and that of being lost."
    )
    return Table("sizes", "How many patients, for how long", pl.DataFrame(rows, schema=_ACTIVITY), note)


_ACTIVITY = {
    "activity_per_year_pct": pl.Float64,
    "years": pl.Float64,
    "events": pl.Float64,
    "chance_seen_pct": pl.Float64,
    "patients": pl.Int64,
    "with_wearing_off": pl.Int64,
    "without": pl.Int64,
    "patient_years": pl.Float64,
}


def _occupancy_sizes(design: OccupancyDesign) -> Table:
    rows = []
    for ratio in sorted({1.5, 2.0, 2.5, 3.0, design.ratio} - {1.0}):
        this = replace(design, ratio=ratio)
        rows.append(
            {
                "odds_ratio_per_sd": ratio,
                "regular_lies_lower_pct": 100 * this.superiority,
                "patients_proportional_odds": this.needed(ODDS),
                "patients_rank_sum": this.needed(RANK_SUM),
            }
        )
    note = (
        f"Patients who enter, {100 * design.dropout:g} % of them without a usable pair. Proportional odds on never, "
        f"sometimes and regularly ({', '.join(f'{100 * share:.3g}' for share in design.levels)} %) after Whitehead; "
        "the rank-sum test of regularly against the rest after Noether. The second column is the chance that one who "
        "wears off regularly lies lower in occupancy than one of the rest."
    )
    return Table("sizes", "How many patients", pl.DataFrame(rows), note)


def _margin_sizes(plan: Plan, design: IntervalDesign) -> Table:
    rows = []
    for activity in plan.activities:
        this = replace(design, activity=activity)
        p1, p0 = this.true_shares
        if p1 - p0 >= this.margin:
            continue
        aims = {"margin": this.margin, "power": this.power, "alpha": this.alpha}
        total = ceil(noninferiority_total((p1, p0), share=this.exposed, **aims) - 1e-9)
        entering = replace(this, patients=this.needed(MARGIN) or 4)
        rows.append(
            {
                "activity_per_year_pct": 100 * activity,
                "years": this.years,
                "active_standard_pct": 100 * p0,
                "active_extended_pct": 100 * p1,
                "evaluable": total,
                "evaluable_equal_arms": ceil(noninferiority_total((p1, p0), share=0.5, **aims) - 1e-9),
                "exact_power": noninferiority_power(
                    group_sizes(total, this.exposed), (p1, p0), margin=this.margin, alpha=this.alpha
                ),
                "evaluable_exact": noninferiority_exact_total((p1, p0), share=this.exposed, **aims),
                "entering": entering.patients,
            }
        )
    note = (
        f"Margin {100 * design.margin:g} points, one-sided {100 * design.alpha:g} %, power {100 * design.power:g} % by "
        f"the normal form. Evaluable: nobody is lost, {100 * design.exposed:g} % on the extended interval, beside it "
        f"equal arms. Entering: so that enough can be evaluated with {100 * design.dropout:g} % lost a year. The exact "
        "power counts every outcome of Newcombe's interval: where activity is rare, the normal form promises too much."
    )
    return Table("sizes", "How many patients, to stay within the margin", pl.DataFrame(rows), note)


def _rate_sizes(plan: Plan, design: IntervalDesign) -> Table:
    rows = [
        {
            "years": years,
            "relapses_per_year_standard": design.rate,
            "rate_ratio": ratio,
            "dispersion": design.dispersion,
            "patients": replace(design, years=years, ratio=ratio).needed(RATE),
        }
        for years in plan.years
        for ratio in dict.fromkeys((design.ratio, 1.5, 3.0))
    ]
    note = (
        f"Zhu and Lakkis: power {100 * design.power:g} %, two-sided {100 * design.alpha:g} %, "
        f"{100 * design.exposed:g} % on the extended interval, each patient counted with the mean time to loss or end."
    )
    return Table("sizes_rate", "How many patients, to see a difference in relapses", pl.DataFrame(rows), note)
