"""Where each week of a diary lies between infusions, and what else happened in that cycle.

A diary entry speaks of seven days. It belongs to a cycle when none of its days lies across an infusion: the week
may begin on the day of the infusion and end on the day of the next. Days are calendar days in the cohort's
timezone.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.wearing_off.diary_rules import DiaryRule, confounder_words

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

__all__ = ["REFUSED_INFUSION", "infusion_cycles", "placed_weeks"]

WEEK_D = 7
REFUSED_INFUSION = "an infusion record of this patient was refused"


def infusion_cycles(cohort: Cohort) -> pl.DataFrame:
    """The cycles of each patient: one for each day with an infusion.

    Returns:
        Columns patient_id, cycle (from 1), start, end (start of the next, null for the last), length_d.
    """
    days = (
        cohort.infusion.select(
            "patient_id", start=pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date()
        )
        .unique()
        .sort("patient_id", "start")
    )
    same = pl.col("patient_id") == pl.col("patient_id").shift(-1)
    return days.with_columns(
        cycle=pl.int_range(1, pl.len() + 1).over("patient_id"),
        end=pl.when(same).then(pl.col("start").shift(-1)),
    ).with_columns(length_d=(pl.col("end") - pl.col("start")).dt.total_days())


def placed_weeks(cohort: Cohort, rule: DiaryRule) -> pl.DataFrame:
    """Every diary entry with its place in the cycle and whether the rule uses it.

    Returns:
        One row for each entry, by patient and week: patient_id, row, week_ending, severity, cycle, length_d (of
        the cycle, null while it is open), begins_d (days from the infusion to the first day of the week),
        cycle_day (to its middle day), to_next_d (from its last day to the next infusion), late_d, week (`first`,
        `last` or `between`), confounders (texts, sorted), not_used (why; null where it is used).
    """
    cycles = infusion_cycles(cohort)
    middle = pl.col("week_ending") - pl.duration(days=WEEK_D // 2)
    weeks = (
        cohort.diary.select(
            "patient_id",
            "row",
            "week_ending",
            severity="severity_0_10",
            late_d="entered_late_d",
            own=_own(cohort.diary),
            middle=middle,
        )
        .sort("middle")
        .join_asof(
            cycles.sort("start"),
            left_on="middle",
            right_on="start",
            by="patient_id",
            check_sortedness=False,
        )
        .with_columns(
            begins_d=(pl.col("week_ending") - pl.col("start")).dt.total_days() - (WEEK_D - 1),
            cycle_day=(pl.col("middle") - pl.col("start")).dt.total_days(),
            to_next_d=(pl.col("end") - pl.col("week_ending")).dt.total_days(),
        )
    )
    confounders = (
        pl.concat([_recorded(cohort, cycles), _written(weeks)])
        .group_by("patient_id", "cycle")
        .agg(confounders=pl.col("what").unique().sort())
    )
    weeks = weeks.join(confounders, on=["patient_id", "cycle"], how="left").with_columns(
        pl.col("confounders").fill_null([])
    )
    return (
        weeks.with_columns(
            week=pl.when(pl.col("begins_d").is_between(0, rule.edge_d - 1))
            .then(pl.lit("first"))
            .when(pl.col("to_next_d").is_between(0, rule.edge_d - 1))
            .then(pl.lit("last"))
            .otherwise(pl.lit("between")),
            not_used=_why_not(rule, sorted(cohort.refused_patients("infusion"))),
        )
        .select(
            "patient_id",
            "row",
            "week_ending",
            "severity",
            "cycle",
            "length_d",
            "begins_d",
            "cycle_day",
            "to_next_d",
            "late_d",
            "week",
            "confounders",
            "not_used",
        )
        .sort("patient_id", "week_ending", "row")
    )


def _why_not(rule: DiaryRule, refused: list[str]) -> pl.Expr:
    """Why an entry is not used; a refused infusion would make one cycle of two."""
    shortest, longest = rule.cycle_d
    has_confounder = pl.col("confounders").list.len() > 0
    return (
        pl.when(pl.col("patient_id").is_in(refused))
        .then(pl.lit(REFUSED_INFUSION))
        .when(pl.col("cycle").is_null())
        .then(pl.lit("no infusion before it"))
        .when((pl.col("begins_d") < 0) | (pl.col("to_next_d") < 0))
        .then(pl.lit("an infusion within the week"))
        .when(pl.col("late_d") > rule.most_late_d)
        .then(pl.lit(f"written more than {rule.most_late_d} days late"))
        .when(~pl.col("length_d").is_between(shortest, longest))
        .then(pl.lit(f"a cycle under {shortest} or over {longest} days"))
        .when(pl.col("cycle_day") > longest)
        .then(pl.lit(f"more than {longest} days since the infusion"))
        .when(pl.lit(rule.confounded == "excluded") & has_confounder)
        .then(pl.lit("a confounder in the cycle"))
        .otherwise(pl.lit(None, pl.String))
    )


def _own(diary: pl.DataFrame) -> pl.Expr:
    """The names of the confounder columns in which a week says something other than no."""
    none = confounder_words().not_one
    said = [
        pl.when(~pl.col(name).str.strip_chars().str.to_lowercase().is_in(none)).then(
            pl.lit(name.removeprefix("confounder_"))
        )
        for name in diary.columns
        if name.startswith("confounder_") and not name.endswith("_missing")
    ]
    if not said:
        return pl.lit([], pl.List(pl.String))
    return pl.concat_list(said).list.drop_nulls()


def _written(weeks: pl.DataFrame) -> pl.DataFrame:
    """What the diary itself says of a week holds for its cycle: patient_id, cycle, what."""
    placed = weeks.filter(pl.col("cycle").is_not_null() & (pl.col("own").list.len() > 0))
    return placed.select("patient_id", "cycle", what="own").explode("what")


def _recorded(cohort: Cohort, cycles: pl.DataFrame) -> pl.DataFrame:
    """Relapses, infections and new drugs by the cycle in which they began or were: patient_id, cycle, what."""
    words = confounder_words()
    relapses = cohort.relapse.select(
        "patient_id",
        begins="onset_date",
        stops=pl.max_horizontal("onset_date", "end_date"),
        what=pl.lit("relapse"),
    )
    kind = pl.col("kind").str.to_lowercase()
    events = [
        cohort.event.filter(_has_word(kind, listed)).select(
            "patient_id", begins="start_date", stops="start_date", what=pl.lit(what)
        )
        for what, listed in (("infection", words.infection), ("new drug", words.new_drug))
    ]
    return (
        cycles.join(pl.concat([relapses, *events]), on="patient_id")
        .filter(
            (pl.col("stops") >= pl.col("start"))
            & (pl.col("end").is_null() | (pl.col("begins") < pl.col("end")))
        )
        .select("patient_id", "cycle", "what")
    )


def _has_word(text: pl.Expr, words: tuple[str, ...]) -> pl.Expr:
    return reduce(or_, (text.str.contains(rf"\b{word}\b") for word in words))
