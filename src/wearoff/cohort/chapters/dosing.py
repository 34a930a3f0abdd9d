"""Standard against extended dosing, as the trial that nobody did."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.cohort.association import (
    SID_EID,
    DosingComparison,
    balance_table,
    compare_dosing,
    emulate_trials,
)
from wearoff.cohort.chapters.chapter import Chapter, absent_sentence, chapter
from wearoff.cohort.interval_class import IntervalRule, classify_intervals
from wearoff.cohort.neda import History
from wearoff.cohort.results import Table
from wearoff.cohort.wearing_off import NO_ANSWER
from wearoff.stats import EValue, RatioKind, Term, e_value, standardised_differences

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

TITLE = "Standard against extended dosing"

EFFECT_SCHEMA = {
    **dict.fromkeys(("analysis", "measure"), pl.String),
    **dict.fromkeys(("estimate", "low", "high", "p", "e_value", "e_value_of_limit"), pl.Float64),
    **dict.fromkeys(("events", "entries", "patients"), pl.Int64),
    "missing_information": pl.Float64,
    "verdict": pl.String,
}


def dosing_arms(
    cohort: Cohort,
    people: Sequence[History],
    answers: pl.DataFrame,
    *,
    rule: IntervalRule,
    seed: int,
) -> Chapter:
    """The emulated trial with its weights, balance and E-value, and each patient's interval class.

    Args:
        cohort: the records.
        people: every patient's history.
        answers: from `answers_by_patient`.
        rule: the rule by which a patient's dosing is called standard or extended.
        seed: of covariates that are filled in.
    """
    absent = absent_sentence(cohort, "infusion", "nothing can be said of the intervals")
    if absent:
        return chapter(TITLE, (absent,), ())
    trials = emulate_trials(cohort, people, SID_EID)
    found = compare_dosing(trials, seed=seed, protocol=SID_EID)
    classes = interval_classes(cohort, answers, rule)
    note = f"Protocol {SID_EID.name}. "
    tables = (
        Table(
            "dosing_trial",
            "The arms of the emulated trial",
            _arms(found),
            note
            + "Entries: infusions at which a stable patient was eligible; a patient enters many times. Effective "
            "entries: what is left of them after weighting (Kish).",
        ),
        Table(
            "dosing_left_out",
            "Entries in neither arm",
            pl.DataFrame(found.neither, schema={"why": pl.String, "entries": pl.Int64}, orient="row"),
            note + "What the protocol leaves out before follow-up begins.",
        ),
        Table(
            "dosing_effects",
            "First relapse on extended against standard dosing",
            _effects(found, entered=trials.filter(pl.col("arm").is_not_null())["patient_id"].n_unique()),
            note
            + "Extended over standard. Rate: exact, of overlapping entries, so too narrow. Hazard: Cox with "
            "errors robust to a patient's several entries, without and with inverse-probability weights (cut at the "
            "1st and 99th percentile), pooled by Rubin's rules where covariates were filled in. The E-value is what "
            "something unrecorded would need as a risk ratio with both arm and relapse.",
        ),
        Table(
            "balance",
            "How alike the arms were at entry",
            _balance(found, trials),
            note
            + "Standardised mean differences, extended minus standard, before and after weighting; above 0.1 is "
            "commonly called a difference. After is empty where there are no weights.",
        ),
        Table(
            "interval_by_answer",
            "Interval class by answer",
            classes.group_by("asked_on", "class", "answer")
            .len("patients")
            .sort("asked_on", "class", "answer"),
            f"Rule {rule.name}, on the day of the answer and on that of the last infusion.",
        ),
        Table(
            "interval_class",
            "Standard or extended, patient by patient",
            classes,
            rule.describe(),
        ),
    )
    paragraphs = (SID_EID.describe(), *_said(found), rule.describe())
    return chapter(TITLE, paragraphs, tables, ("balance",))


def interval_classes(cohort: Cohort, answers: pl.DataFrame, rule: IntervalRule) -> pl.DataFrame:
    """Each patient's interval class on the day of a dated answer, and on the day of the last infusion."""
    day = pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date()
    last = cohort.infusion.group_by("patient_id").agg(date=day.max())
    asked = pl.concat(
        [
            answers.filter(pl.col("date").is_not_null()).select(
                "patient_id", "date", asked_on=pl.lit("day of the answer")
            ),
            last.select("patient_id", "date", asked_on=pl.lit("last infusion")),
        ]
    ).sort("patient_id", "asked_on")
    found = classify_intervals(cohort, rule, asked.select("patient_id", "date"))
    return (
        found.with_columns(asked_on=asked["asked_on"])
        .join(answers.select("patient_id", "answer"), on="patient_id", how="left", maintain_order="left")
        .select(
            "patient_id",
            "asked_on",
            "date",
            pl.col("answer").fill_null(NO_ANSWER),
            "class",
            "value_d",
            "gaps",
            "gaps_d",
            "since_d",
            "why",
            "rule",
        )
    )


def _arms(found: DosingComparison) -> pl.DataFrame:
    titles = {"eid": "extended (EID)", "sid": "standard (SID)"}
    rows = [
        (titles[arm.name], arm.entries, arm.patients, arm.events, arm.years, arm.effective_entries)
        for arm in found.arms
    ]
    schema = {
        "arm": pl.String,
        **dict.fromkeys(("entries", "patients", "relapses"), pl.Int64),
        **dict.fromkeys(("years", "effective_entries"), pl.Float64),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _effects(found: DosingComparison, *, entered: int) -> pl.DataFrame:
    rate, weighted = found.rate_ratio, found.weighted
    events = sum(arm.events for arm in found.arms)
    common = {
        "events": events,
        "entries": sum(arm.entries for arm in found.arms),
        "patients": entered,
        "verdict": "uninformative",
    }
    rows: list[dict[str, object]] = [
        common | {"analysis": "unweighted rate, exact", "measure": "rate ratio"},
        common | {"analysis": "unweighted hazard, robust", "measure": "hazard ratio"},
        common | {"analysis": "weighted hazard, robust", "measure": "hazard ratio", "verdict": found.verdict},
    ]
    if rate is not None and rate.ratio is not None and events:
        limits = rate.interval
        rows[0] |= {"estimate": rate.ratio, "low": limits.low, "high": limits.high, "p": rate.p}
        rows[0] |= {"verdict": "for orientation only"} | _strength(
            rate.ratio, limits.low, limits.high, "rate ratio"
        )
    kind: RatioKind = "risk ratio" if found.e_value is None else found.e_value.kind
    if found.plain is not None:
        rows[1] |= _term(found.plain) | {"verdict": "for orientation only"}
        limits = found.plain.ratio_interval
        rows[1] |= _strength(found.plain.ratio, limits.low, limits.high, kind)
    if weighted is not None:
        rows[2] |= _term(weighted.term) | {"missing_information": weighted.missing_information}
        if found.e_value is not None:
            rows[2] |= _e_values(found.e_value)
    return pl.DataFrame(rows, schema=EFFECT_SCHEMA)


def _term(term: Term) -> dict[str, object]:
    limits = term.ratio_interval
    return {"estimate": term.ratio, "low": limits.low, "high": limits.high, "p": term.p}


def _strength(ratio: float, low: float, high: float, kind: RatioKind) -> dict[str, object]:
    """The E-values of a ratio that has a finite estimate above 0."""
    if ratio == 0.0 or not isfinite(ratio):
        return {}
    return _e_values(e_value(ratio, low, high, kind=kind))


def _e_values(found: EValue) -> dict[str, object]:
    return {"e_value": found.estimate, "e_value_of_limit": found.limit}


def _balance(found: DosingComparison, trials: pl.DataFrame) -> pl.DataFrame:
    """The balance; before weighting alone, over the entries known, where no weights were found."""
    frame = balance_table(found)
    rows = trials.filter(pl.col("arm").is_not_null())
    if frame.height or rows["arm"].n_unique() < 2:
        return frame
    before = []
    for name in found.covariates:
        known = rows.filter(pl.col(name).is_not_null())
        is_extended = (known["arm"] == "eid").to_numpy()
        column = known[name].cast(pl.Float64).to_numpy()[:, None]
        smd = standardised_differences(is_extended, column, names=[name])[0].before
        before.append((name, smd if np.isfinite(smd) else None, None))
    return pl.DataFrame(before, schema=frame.schema, orient="row")


def _said(found: DosingComparison) -> list[str]:
    """What became of the weights, in sentences."""
    entries = sum(arm.entries for arm in found.arms)
    if not entries:
        return ["Nobody entered the emulated trial: there is nothing to compare."]
    held = ", ".join(map(_words, found.covariates)) or "nothing"
    by = "and held by the weights" if found.weighted is not None else "but held by no weights"
    sentences = [f"Recorded at entry {by}: {held}."]
    if found.dropped:
        dropped = "; ".join(f"{_words(name)} ({why})" for name, why in found.dropped)
        sentences.append(f"Not usable: {dropped}.")
    if found.imputed and found.weighted is not None:
        sentences.append(
            f"Gaps in the covariates were filled in {found.weighted.draws} times by chained equations."
        )
    if found.weighted is None:
        sentences.append("There is no weighted ratio, so this comparison is uninformative.")
    if found.note:
        sentences.append(f"Note: {found.note}.")
    return [" ".join(sentences)]


def _words(covariate: str) -> str:
    """A covariate of the emulated trial as a sentence names it."""
    known = {"is_female": "sex", "duration": "years since onset", "edss": "EDSS", "year": "calendar time"}
    return known.get(covariate, covariate.replace("_", " "))
