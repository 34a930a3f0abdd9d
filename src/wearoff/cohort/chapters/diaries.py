"""Wearing-off as the diaries tell it, by a named rule, beside the answer to the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.chapters.chapter import Chapter, absent_sentence, chapter
from wearoff.cohort.results import Table
from wearoff.cohort.wearing_off import (
    NO_ANSWER,
    DiaryModel,
    DiaryRule,
    NotFitted,
    diary_wearing_off,
    fit_diary_model,
)

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

TITLE = "Diaries"
MOST_ENTRIES = 20_000
"""With more usable entries the mixed model takes minutes and is left to `fit_diary_model` (assumed)."""

MODEL_SCHEMA = {
    **dict.fromkeys(("quantity", "unit"), pl.String),
    **dict.fromkeys(("estimate", "low", "high", "p"), pl.Float64),
}


def diaries(cohort: Cohort, answers: pl.DataFrame, rule: DiaryRule) -> Chapter:
    """Verdicts, cycles, severity by cycle day, and the mixed model of the group.

    Args:
        cohort: the records.
        answers: from `answers_by_patient`.
        rule: the diary rule.
    """
    absent = absent_sentence(cohort, "diary", "wearing-off is known from the question alone")
    if absent:
        return chapter(TITLE, (absent,), ())
    found = diary_wearing_off(cohort, rule)
    usable = found.entries.filter(pl.col("not_used").is_null()).height
    model = (
        fit_diary_model(found.entries)
        if usable <= MOST_ENTRIES
        else NotFitted(f"more than {MOST_ENTRIES} usable entries")
    )
    note = f"Rule {rule.name}. "
    told = found.patients.filter(pl.col("entries") > 0).join(
        answers.select("patient_id", "answer"), on="patient_id", how="left", maintain_order="left"
    )
    tables = [
        Table(
            "diary_by_answer",
            "Diary verdict by answer",
            told.group_by("verdict", pl.col("answer").fill_null(NO_ANSWER))
            .len("patients")
            .sort("verdict", "answer"),
            note + "Patients with at least one entry.",
        ),
        Table(
            "diary_by_cycle_day",
            "Severity by day of the cycle",
            found.by_cycle_day,
            note + "Used entries, by the middle day of their week; centred: less the patient's own mean.",
        ),
        Table(
            "diary_patients",
            "What the diary says of each patient",
            found.patients,
            note
            + f"The rise in points with its {100 * (1 - 2 * rule.error_rate):g} % interval by t over cycles. "
            "Everybody is listed, also without a diary; cannot be told is not steady.",
        ),
        Table(
            "diary_cycles",
            "Every cycle with an entry",
            found.cycles,
            note + "First and last week, the rise, what else happened, and why a cycle was not used.",
        ),
    ]
    if isinstance(model, DiaryModel):
        tables.insert(
            1,
            Table(
                "diary_model",
                "Severity over the weeks since the infusion, in the group",
                _model_rows(model),
                note + model.describe() + _notes(model),
            ),
        )
    paragraphs = (
        rule.describe(),
        _counted(found.patients),
        f"No mixed model was fitted: {model.why}." if isinstance(model, NotFitted) else _slope(model),
    )
    return chapter(TITLE, paragraphs, tables, ("diary_heat_map",))


def _counted(patients: pl.DataFrame) -> str:
    with_diary = patients.filter(pl.col("entries") > 0)
    counts = with_diary.group_by("verdict").len().sort("len", "verdict", descending=[True, False]).rows()
    listed = ", ".join(f"{verdict} {number}" for verdict, number in counts) or "nobody"
    return f"{with_diary.height} of {patients.height} patients kept a diary: {listed}."


def _slope(model: DiaryModel) -> str:
    return (
        f"In the mixed model severity changed by {model.slope:+.2f} points a week since the infusion (95 % interval "
        f"{model.slope_low:+.2f} to {model.slope_high:+.2f}, {model.patients} patients); "
        f"{100 * model.share_by_week:.0f} % of the variance within patients goes with the week of the cycle."
    )


def _notes(model: DiaryModel) -> str:
    return f" The fit said: {'; '.join(model.notes)}." if model.notes else ""


def _model_rows(model: DiaryModel) -> pl.DataFrame:
    rows = [
        (
            "slope of the mean patient",
            "points a week",
            model.slope,
            model.slope_low,
            model.slope_high,
            model.p,
        ),
        ("severity on the day of the infusion", "points", model.intercept, None, None, None),
        ("SD of the slope between patients", "points a week", model.sd_slope, None, None, None),
        ("SD of the level between patients", "points", model.sd_intercept, None, None, None),
        ("SD between the cycles of a patient", "points", model.sd_cycle, None, None, None),
        ("SD of what is left", "points", model.sd_residual, None, None, None),
        ("share of variance that goes with the week", "share", model.share_by_week, None, None, None),
    ]
    return pl.DataFrame(rows, schema=MODEL_SCHEMA, orient="row")
