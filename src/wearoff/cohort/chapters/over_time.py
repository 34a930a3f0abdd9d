"""How soon activity came and how much of it there was, by wearing-off, over the whole follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.association import (
    FROM_START,
    REBASELINED,
    OutcomeRule,
    activity_curves,
    competing_curves,
    ended_patients,
    first_activity_table,
    missing_outcome_table,
    outcomes_by_patient,
    rate_ratio_table,
    rate_table,
)
from wearoff.cohort.association.competing_end import NOT_AN_END
from wearoff.cohort.chapters.chapter import Chapter, chapter
from wearoff.cohort.neda import History, NedaRule
from wearoff.cohort.results import Table

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

TITLE = "How soon and how much"


def outcome_rule(rule: NedaRule) -> OutcomeRule:
    """From when on a lesion counts, so that it is the same day as in the NEDA rule."""
    day = rule.mri_start_day
    if day == FROM_START.mri_from_d:
        return FROM_START
    if day == REBASELINED.mri_from_d:
        return REBASELINED
    return replace(REBASELINED, name=f"rebaselined_{day}d", mri_from_d=day)


def over_time(cohort: Cohort, people: Sequence[History], answers: pl.DataFrame, rule: NedaRule) -> Chapter:
    """Curves, hazard and rate ratios, competing end of treatment, and what the lost could do to them.

    Args:
        cohort: the records.
        people: every patient's history, read with the relapses of the NEDA rule.
        answers: from `answers_by_patient`.
        rule: the NEDA rule.
    """
    chosen = outcome_rule(rule)
    outcomes = outcomes_by_patient(people, chosen)
    ended = ended_patients(cohort)
    note = f"Rule {chosen.name}; relapses by rule {rule.relapses.name}. "
    tables = (
        Table(
            "activity_curves",
            "Free of activity over time, with the numbers at risk",
            activity_curves(outcomes, answers),
            note
            + "First relapse: Kaplan-Meier with 95 % limits on the log-log scale, exact where nobody had an "
            "event. First MRI activity lies between two scans: Turnbull; low and high are what the windows leave "
            "open and no confidence limits, and nobody is at risk on a known day. Who has no record of the outcome is "
            "left out.",
        ),
        Table(
            "first_activity",
            "How soon: hazard ratios of the first relapse and the first MRI activity",
            first_activity_table(outcomes, answers),
            note
            + "With over without wearing-off; above 1 is sooner with it. Cox (Efron) and log-rank for relapses, a "
            "Weibull model of the windows for MRI; 95 % profile intervals where the events lie on one side. "
            "Proportionality is tested by scaled Schoenfeld residuals. Lost: an answer but no record of the outcome.",
        ),
        Table(
            "activity_rates",
            "How much: relapses and lesions per year",
            rate_table(outcomes, answers),
            note
            + "Exact (Garwood) 95 % intervals, as if events came one by one. Relapses over the time observed, "
            "lesions over the time that comparisons of scans cover.",
        ),
        Table(
            "rate_ratios",
            "How much: rate ratios, with over without wearing-off",
            rate_ratio_table(outcomes, answers),
            note
            + "Exactly (conditional), and by a negative binomial model with the time as offset and profile "
            "intervals. A difference is shown only if both show it. Nothing is estimated where nobody had an event.",
        ),
        Table(
            "competing_end",
            "First relapse on treatment, and end of treatment before one",
            competing_curves(outcomes, answers, ended),
            note
            + f"Cumulative incidence (Aalen-Johansen) with 95 % limits. {len(ended)} patients ended with a "
            f"reason that is an end of the treatment; a reason with {', '.join(NOT_AN_END)} is not (assumed), and "
            "those are censored.",
        ),
        Table(
            "missing_outcomes",
            "What the lost patients could do to these comparisons",
            missing_outcome_table(outcomes, answers),
            note
            + "Over the whole follow-up. Lowest difference: only those lost without wearing-off had the event; "
            "highest: only those lost with it. Turned by: the fewest events among the lost at which Fisher's test "
            "changes its conclusion.",
        ),
    )
    paragraphs = (
        chosen.describe(),
        "Everybody counts for as long as somebody watched. The window of the first screen asks whether there was "
        "activity by a day; these curves and rates use the whole follow-up and ask how soon and how often. Where "
        "nobody had an event there is no ratio and the word is uninformative.",
        _unseen(outcomes, "relapses", "relapse_why", "no known relapse history"),
        _unseen(outcomes, "clean_to_d", "mri_why", "no MRI follow-up"),
    )
    return chapter(TITLE, paragraphs, tables, ("activity_curves",))


def _unseen(outcomes: pl.DataFrame, known: str, why: str, what: str) -> str:
    """How many patients an outcome is not known of, by reason."""
    reasons = (
        outcomes.filter(pl.col(known).is_null())
        .group_by(why)
        .len()
        .sort("len", why, descending=[True, False])
        .rows()
    )
    if not reasons:
        return ""
    total = sum(number for _, number in reasons)
    listed = "; ".join(f"{reason} ({number})" for reason, number in reasons)
    return f"{total} of {outcomes.height} patients have {what}: {listed}."
