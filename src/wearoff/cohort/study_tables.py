"""The tables of a cohort study: each result with its title and with what a reader needs to use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.answer import RelapseRates
from wearoff.cohort.association import (
    GroupedActivity,
    attrition_table,
    comparisons_table,
    risk_table,
    trend_table,
)
from wearoff.cohort.neda import (
    Events,
    Followup,
    History,
    NedaRule,
    WorseningRule,
    count_components,
    events_frame,
    kind_of_neda,
    summarise_events,
    summarise_neda,
)
from wearoff.cohort.results import Table
from wearoff.cohort.values import TROUGH_FROM_DAY, table_one, timeline
from wearoff.cohort.wearing_off import NO_ANSWER
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.pk.solve import typical_cycle

if TYPE_CHECKING:
    from wearoff.cohort.exposure import Exposure
    from wearoff.cohort.records import Cohort
    from wearoff.dosing.pk.models import PkModel

TESTS = {
    "comparisons": ("fisher_p",),
    "trend": ("p",),
    "associations": ("p",),
    "first_activity": ("p", "log_rank_p", "proportionality_p"),
    "rate_ratios": ("exact_p", "p"),
    "ordered_answer": ("p", "same_at_both_cuts_p"),
    "repeated_levels": ("p",),
    "dosing_effects": ("p",),
    "diary_model": ("p",),
}
"""The columns of p values that belong to a test of the data; those of imagined outcomes are not counted."""

FIGURES = (
    "neda_summary",
    "comparisons",
    "attrition",
    "associations",
    "worsening_summary",
    "first_activity",
    "activity_rates",
    "rate_ratios",
    "missing_outcomes",
    "ordered_answer",
    "repeated_levels",
    "dosing_trial",
    "dosing_effects",
    "balance",
    "diary_model",
    "diary_by_answer",
    "effects",
)
"""Tables whose figures stand unrounded in `result.json` as well."""

CYCLE_WEEKS = (4, 6)
CYCLE_DRAWS = 500


def study_tables(
    cohort: Cohort,
    people: Sequence[History],
    answers: pl.DataFrame,
    exposure: Exposure,
    neda: pl.DataFrame,
    values: pl.DataFrame,
    associations: pl.DataFrame,
    *,
    worsening: Sequence[Table],
    rule: NedaRule,
    answer_choice: str,
    seed: int,
) -> dict[str, Table]:
    """Every table of the study but the comparisons, by name, in the order of the report."""
    receipt, kind = cohort.receipt, kind_of_neda(rule.components)
    notes = [*receipt.notes, *exposure.notes]
    tables = (
        Table(
            "receipt_files", "What was read", receipt.files, "Rows read = accepted + refused, file by file."
        ),
        Table("refusals", "What was refused, and why", receipt.refusals, "Mend the file and run again."),
        *_not_used(receipt.not_used),
        Table(
            "notes", "Assumptions and conversions", pl.DataFrame({"note": notes}, schema={"note": pl.String})
        ),
        Table(
            "table_one",
            "Who was studied, by wearing-off answer",
            table_one(cohort, answers, values),
            "Medians with quartiles and the number of patients known; nobody is left out. SMD: any wearing-off minus "
            "never, in standard deviations, over those known; above 0.1 either way is commonly called a difference.",
        ),
        Table(
            "answers",
            "The answer used for each patient",
            answers,
            f"The {answer_choice} answer of each patient.",
        ),
        Table(
            "timeline",
            "Every dated fact, on days since the start of follow-up",
            timeline(cohort, people, answers),
        ),
        *_cycles(values, exposure.model, seed),
        Table(
            "exposure_infusions",
            "Each infusion: interval, predicted trough and peak, saturation",
            exposure.infusions,
            "mg/L; quantiles are the between-patient spread of the model at this patient's weight and doses.",
        ),
        Table(
            "exposure_measurements",
            "Measured levels and occupancies beside the prediction",
            exposure.measurements,
            "A measured occupancy belongs to its assay and subset; assays are never pooled.",
        ),
        Table("exposure_patients", "Exposure by patient", exposure.patients),
        Table(
            "occupancy",
            "Measured occupancy by answer",
            _occupancy(exposure, answers),
            f"Samples from cycle day {TROUGH_FROM_DAY} on speak for the end of the interval (assumed).",
        ),
        Table("neda", f"{kind} by patient and window, with reasons", neda, rule.describe()),
        Table("neda_components", f"Components of {kind}", count_components(neda), f"Rule {rule.name}."),
        Table(
            "neda_summary",
            f"{kind} by window, with both bounds",
            summarise_neda(neda),
            f"Rule {rule.name}. Share among the evaluable with its exact 95 % interval; the bounds count every "
            "unknown patient as active, and as not active.",
        ),
        *worsening,
        Table(
            "associations",
            "Occupancy, level and weight by wearing-off",
            associations,
            "Kruskal-Wallis over the three answers, Jonckheere-Terpstra over their order, and for each coding the "
            "Hodges-Lehmann shift (wearing-off minus the rest) with its interval; correlations are Spearman's.",
        ),
    )
    return {table.name: table for table in tables}


def worsening_tables(followup: Followup, events: Events, rule: WorseningRule) -> tuple[Table, Table]:
    """Confirmed change of the EDSS under the rule of the study: how often, and every change.

    Args:
        followup: the records on one clock.
        events: the changes that were found.
        rule: how they were found.
    """
    note = f"Rule {rule.name}. "
    return (
        Table(
            "worsening_summary",
            "Confirmed change of the EDSS",
            summarise_events(followup, events, rule),
            note
            + "Rates per ten patient-years, from each patient's baseline to the last EDSS, or to the first change "
            "where the rule counts only that.",
        ),
        Table(
            "worsening",
            "Every change of the EDSS, with its label",
            events_frame(followup, events, rule),
            note
            + "Days since each patient's day 0. RAW: with a relapse near it; PIRA: with none; unknown where "
            "relapses were not recorded.",
        ),
    )


def comparison_tables(
    neda: pl.DataFrame, answers: pl.DataFrame, windows: Sequence[str], groups: Sequence[GroupedActivity]
) -> tuple[Table, ...]:
    """Activity by wearing-off in every window.

    Args:
        neda: the scores.
        answers: from `answers_by_patient`.
        windows: their names.
        groups: each window by each coding.
    """
    return (
        Table(
            "risk_by_group",
            "Activity by group",
            risk_table(neda, answers, windows),
            "Active patients among the evaluable, exact (Clopper-Pearson) 95 % intervals; lost: not evaluable.",
        ),
        Table(
            "comparisons",
            "Activity with against without wearing-off",
            comparisons_table(groups),
            "Risk difference with Newcombe's interval, Fisher's exact test and mid-P, Firth's odds ratio with its "
            "penalised profile interval. No test where no event occurred: uninformative.",
        ),
        Table(
            "trend",
            "Activity over the ordered answer",
            trend_table(neda, answers, windows),
            "Never / sometimes / regularly; exact conditional trend test.",
        ),
        Table(
            "attrition",
            "What the lost patients could do",
            attrition_table(groups),
            "Lost: an answer but no complete outcome. The fewest of those lost with wearing-off whose activity, "
            "with every other lost patient inactive, brings Fisher's p to 0.05 or below; and both extremes.",
        ),
    )


def count_tests(tables: Mapping[str, Table]) -> int:
    """How many p values the tests in these tables have.

    Args:
        tables: of the study, by name; one that is not there adds nothing.
    """
    return sum(
        int(tables[name].frame[column].is_not_null().sum())
        for name, columns in TESTS.items()
        if name in tables
        for column in columns
    )


def relapse_rates(tables: Mapping[str, Table]) -> RelapseRates | None:
    """Relapses per year with and without any wearing-off, from the tables; None where a group was not watched.

    Args:
        tables: of the study, with `activity_rates` and `rate_ratios`.
    """
    here = (pl.col("outcome") == "relapses") & (pl.col("coding") == "any_vs_never")
    groups = tables["activity_rates"].frame.filter(here).to_dicts()
    ratio = tables["rate_ratios"].frame.filter(here).to_dicts()[0]
    if any(group["per_year"] is None for group in groups):
        return None
    exposed, other = groups
    return RelapseRates(
        exposed["events"],
        exposed["years"],
        other["events"],
        other["years"],
        ratio["exact_ratio"],
        ratio["exact_low"],
        ratio["exact_high"],
    )


def _cycles(values: pl.DataFrame, model: PkModel, seed: int) -> tuple[Table, Table]:
    """The typical cycle at the cohort's median weight: concentration with its band, and saturation."""
    weights = values.filter(pl.col("quantity") == "weight")["value"]
    median = weights.median()
    weight = float(median) if isinstance(median, float) else model.reference_weight.value
    cycles = [typical_cycle(model, weeks, weight, draws=CYCLE_DRAWS, seed=seed) for weeks in CYCLE_WEEKS]
    after_infusion = pl.col("day") > 0  # day 0 would be the trough before the infusion once more
    concentration = pl.concat(
        pl.DataFrame(
            {"interval_weeks": [round(c.interval_weeks)] * len(c.day), "day": c.day, "typical": c.typical}
        ).with_columns(
            **{f"p{round(100 * q):02d}": pl.Series(band) for q, band in zip(c.levels, c.band, strict=True)}
        )
        for c in cycles
    ).filter(after_infusion)
    saturation = pl.concat(
        pl.DataFrame(
            {
                "interval_weeks": [round(c.interval_weeks)] * len(c.day),
                "day": c.day,
                "curve": [name] * len(c.day),
                "saturation": load_curve(name).saturation(c.typical),
            }
        )
        for c in cycles
        for name in curve_names()
    ).filter(after_infusion)
    whose = f"{weight:.0f} kg ({'median of the cohort' if len(weights) else 'reference weight of the model'})"
    return (
        Table(
            "typical_cycle",
            "Predicted concentration over a steady-state cycle",
            concentration,
            f"Model {model.name}, 300 mg over 1 h, {whose}; mg/L; quantiles over {CYCLE_DRAWS} virtual patients "
            "of that weight.",
        ),
        Table(
            "saturation_cycle",
            "Predicted alpha-4 integrin saturation over a cycle",
            saturation,
            f"The typical concentration of {whose} under each of the four curves; no curve is established.",
        ),
    )


def _occupancy(exposure: Exposure, answers: pl.DataFrame) -> pl.DataFrame:
    measured = exposure.measurements.filter(
        (pl.col("analyte") == "receptor_occupancy") & pl.col("value").is_not_null()
    )
    return measured.join(answers.select("patient_id", "answer"), on="patient_id", how="left").select(
        "patient_id",
        pl.col("answer").fill_null(NO_ANSWER),
        "subset",
        "method",
        "lab",
        "day",
        "cycle_day",
        occupancy="value",
        is_trough=(pl.col("cycle_day") >= TROUGH_FROM_DAY).fill_null(False),
    )


def _not_used(records: pl.DataFrame) -> tuple[Table, ...]:
    """The records of a source that became no row, where the format has such records."""
    if not records.height:
        return ()
    note = "Records of the source that have no place in the tables; nothing was computed from them."
    return (Table("not_used", "What was not used, and why", records, note),)
