"""The first screen in plain words: what this cohort shows, what it cannot exclude, and its limits.

Every sentence is built from figures that stand in the tables, so that words and numbers cannot drift apart.
"No difference shown" is never written as "no difference"; without an event the word is "uninformative".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, isinf
from typing import Any

import polars as pl

from wearoff.cohort.association import AttritionBound, GroupedActivity
from wearoff.cohort.results import Answer, Finding
from wearoff.cohort.wording import (
    count,
    p_value,
    percent,
    percent_range,
    points_range,
    sentence_list,
    significant,
)
from wearoff.stats import Comparison, is_shown, proportion_interval, upper_bound

QUESTION = "Does wearing-off mean that natalizumab is losing the disease?"
TOLD_QUANTITIES = ("measured occupancy", "measured trough", "predicted trough", "body mass index", "weight")


@dataclass(frozen=True, slots=True)
class RelapseRates:
    """Relapses over the whole follow-up, with and without any wearing-off.

    Attributes:
        exposed_events, exposed_years: relapses and years of observation with wearing-off.
        other_events, other_years: the same without.
        ratio, low, high: the exact ratio with its 95 % limits; None where nobody had a relapse.
    """

    exposed_events: int
    exposed_years: float
    other_events: int
    other_years: float
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the sentences are built from.

    Attributes:
        patients: everybody in the cohort.
        group: activity by any wearing-off in the window of the answer.
        comparison: the comparison of that group.
        attrition: what its lost patients could do.
        neda: the row of that window in the summary of NEDA.
        associations: the table `associations`.
        refused: rows refused on reading.
        outside_model: infusions predicted outside the data of the dosing model.
        rule: name of the NEDA rule.
        kind: what the field calls NEDA of its components.
        tests: how many p values the report prints.
        rates: relapses per year by any wearing-off; None where one of the groups was not watched.
    """

    patients: int
    group: GroupedActivity
    comparison: Comparison
    attrition: AttritionBound
    neda: Mapping[str, float]
    associations: pl.DataFrame
    refused: int
    outside_model: int
    rule: str
    tests: int
    kind: str = "NEDA-3"
    rates: RelapseRates | None = None


def write_answer(evidence: Evidence) -> Answer:
    """The first screen of a cohort study."""
    return Answer(
        question=QUESTION,
        headline=_headline(evidence) + _occupancy_clause(evidence.associations),
        findings=_findings(evidence),
        sentences=(
            _activity_sentence(evidence),
            *_rate_sentences(evidence.rates),
            *_exposure_sentences(evidence.associations),
            _attrition_sentence(evidence),
        ),
        limits=_limits(evidence),
    )


def _headline(evidence: Evidence) -> str:
    table, window = evidence.comparison.table, evidence.group.window
    if not table.exposed_total or not table.other_total:
        return (
            f"This cohort cannot answer for {window}: one of the two groups has nobody whose outcome is complete. "
            "The tables show what is missing."
        )
    with_it = f"{table.exposed_events} of {table.exposed_total} with wearing-off"
    without = f"{table.other_events} of {table.other_total} without"
    if not table.has_event:
        return (
            f"In {window} nobody who could be evaluated had disease activity, with or without wearing-off. That is "
            "uninformative about a difference: with wearing-off the true risk could still be as high as "
            f"{percent(proportion_interval(0, table.exposed_total).high, 0)}."
        )
    if not evidence.comparison.is_informative:
        return f"In {window} everybody who could be evaluated had disease activity: uninformative about a difference."
    difference = evidence.comparison.risk_difference
    span = points_range(difference)
    if evidence.comparison.verdict == "difference shown":
        more = "more" if (difference and difference.value > 0) else "less"
        return (
            f"In {window} disease activity was {more} frequent with wearing-off: {with_it}, {without} (difference "
            f"{span}, Fisher {p_value(evidence.comparison.fisher_p)}). Association is not cause."
        )
    return (
        f"In {window} disease activity was not shown to differ with wearing-off: {with_it}, {without}. The "
        f"difference may still be anything from {span}."
    )


def _findings(evidence: Evidence) -> tuple[Finding, ...]:
    neda, comparison, window = evidence.neda, evidence.comparison, evidence.group.window
    evaluable = int(neda["neda"] + neda["active"])
    difference, odds = comparison.risk_difference, comparison.odds_ratio
    answered = evidence.patients - evidence.group.no_answer
    exposed = comparison.table.exposed_total + evidence.group.exposed_lost
    findings = [
        Finding(
            "Any wearing-off",
            f"{exposed} of {answered}",
            f"patients who answered; {evidence.group.no_answer} without an answer",
        ),
        Finding(
            f"{evidence.kind}, {window}",
            f"{neda['neda']:.0f} of {evaluable}",
            f"{percent(neda['share_neda'])} ({percent_range(neda['low'], neda['high'])}) of the evaluable; "
            f"{percent(neda['share_if_unknown_active'])} if all {neda['unknown']:.0f} unknown were active, "
            f"{percent(neda['share_if_unknown_none'])} if none",
        ),
        Finding(
            "Activity, with minus without",
            "not known" if difference is None else f"{100 * difference.value:+.1f} points",
            f"95 % interval {points_range(difference)}; {comparison.verdict}",
        ),
    ]
    if odds is not None:
        findings.append(
            Finding(
                "Odds ratio (Firth)",
                significant(odds.odds_ratio),
                f"profile interval {significant(odds.interval.low)} to {significant(odds.interval.high)}",
            )
        )
    return tuple(findings)


def _activity_sentence(evidence: Evidence) -> str:
    comparison, table = evidence.comparison, evidence.comparison.table
    if comparison.exposed is None or comparison.other is None:
        return "Activity could not be compared: one of the groups has nobody with a complete outcome."
    risks = (
        f"Activity was seen in {percent(comparison.exposed.estimate)} "
        f"({percent_range(comparison.exposed.interval.low, comparison.exposed.interval.high)}) of the "
        f"{table.exposed_total} evaluable patients with any wearing-off and in {percent(comparison.other.estimate)} "
        f"({percent_range(comparison.other.interval.low, comparison.other.interval.high)}) of the "
        f"{table.other_total} without (exact 95 % intervals, rule {evidence.rule})."
    )
    if not comparison.is_informative:
        bound = upper_bound(
            table.exposed_events + table.other_events, table.exposed_total + table.other_total
        )
        return f"{risks} No test was made; over both groups the one-sided 95 % limit is {percent(bound)}."
    return f"{risks} Fisher's exact test {p_value(comparison.fisher_p)}, mid-P {p_value(comparison.fisher_mid_p)}."


def _rate_sentences(rates: RelapseRates | None) -> list[str]:
    """One sentence on relapses over the whole follow-up, or none where they are not known."""
    if rates is None:
        return []
    counts = (
        f"Over the whole follow-up there were {count(rates.exposed_events, 'relapse')} in "
        f"{rates.exposed_years:.1f} patient-years with wearing-off and {rates.other_events} in "
        f"{rates.other_years:.1f} without"
    )
    if rates.ratio is None or rates.low is None or rates.high is None:
        return [f"{counts}: uninformative about a difference in their rate."]
    ratio, low = significant(rates.ratio), significant(rates.low)
    if isinf(rates.ratio):
        return [f"{counts} (no finite rate ratio, exact 95 % limit at least {low})."]
    limits = f"{low} to {significant(rates.high)}" if isfinite(rates.high) else f"at least {low}"
    return [f"{counts} (rate ratio {ratio}, exact 95 % interval {limits})."]


def _regular_shifts(associations: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows that compare regular wearing-off with the rest, occupancy first."""
    rows = [
        row
        for row in associations.to_dicts()
        if row["comparison"].startswith("regular wearing-off minus")
        and row["estimate"] is not None
        and row["quantity"].startswith(TOLD_QUANTITIES)
    ]

    def order(row: dict[str, Any]) -> int:
        return next(i for i, name in enumerate(TOLD_QUANTITIES) if row["quantity"].startswith(name))

    return sorted(rows, key=order)


def _occupancy_clause(associations: pl.DataFrame) -> str:
    """One sentence of the headline: whether measured occupancy goes with regular wearing-off."""
    rows = [row for row in _regular_shifts(associations) if row["quantity"].startswith("measured occupancy")]
    if not rows:
        return " Receptor occupancy was not measured, or not in both groups."
    lower = [row for row in rows if is_shown(row["p"]) and row["estimate"] < 0]
    if len(lower) == len(rows):
        return " Measured receptor occupancy was lower in those who wear off regularly."
    if lower:
        return " Measured receptor occupancy was lower in those who wear off regularly in some assays, not in all."
    return " Measured receptor occupancy was not shown to be lower in those who wear off regularly."


def _exposure_sentences(associations: pl.DataFrame) -> list[str]:
    """What differs with regular wearing-off, a sentence each; and in one sentence what was not shown to."""
    sentences, quiet = [], []
    for row in _regular_shifts(associations):
        unit = {"%": "percentage points", "kg/m2": "kg/m²"}.get(row["unit"], row["unit"])
        span = "interval not known" if row["low"] is None else f"{row['low']:+.1f} to {row['high']:+.1f}"
        if is_shown(row["p"]):
            where = "lower" if row["estimate"] < 0 else "higher"
            name = row["quantity"][0].upper() + row["quantity"][1:]
            sentences.append(
                f"{name}: {where} in those who wear off regularly by {abs(row['estimate']):.1f} {unit} (95 % interval "
                f"of the shift {span}, {p_value(row['p'])}, {row['n']} patients)."
            )
        else:
            quiet.append(
                f"{row['quantity']} (shift {row['estimate']:+.1f} {unit}, {span}, {p_value(row['p'])})"
            )
    if quiet:
        sentences.append(f"Not shown to differ with regular wearing-off: {sentence_list(quiet)}.")
    return sentences


def _attrition_sentence(evidence: Evidence) -> str:
    bound, group = evidence.attrition, evidence.group
    lost = group.exposed_lost + group.other_lost
    if not lost:
        return "No patient with an answer was lost: attrition cannot change the comparison."
    start = f"{count(lost, 'patient')} with an answer could not be evaluated in {group.window}"
    if not bound.is_overturned:
        return f"{start}; whatever their outcome, the conclusion would stand."
    if bound.fewest is not None and bound.fewest > 0:
        return (
            f"{start}, and they could overturn it: activity in {bound.fewest} of the {group.exposed_lost} lost with "
            f"wearing-off, and in no other lost patient, would be enough (Fisher {p_value(bound.fewest_p)})."
        )
    return (
        f"{start}, and some outcome of theirs would change the conclusion: "
        f"{bound.best.exposed_events}/{bound.best.exposed_total} against "
        f"{bound.best.other_events}/{bound.best.other_total} if all those lost without wearing-off were active "
        f"({p_value(bound.best_p)})."
    )


def _limits(evidence: Evidence) -> tuple[str, ...]:
    limits = [
        "Wearing-off was not allotted by chance: weight, fatigue, mood and the interval itself go with it, so a "
        "difference in either direction may have another cause.",
        "Saturation is predicted under four curves, none of them established; where they disagree, the range is the "
        "answer.",
        f"The report prints {evidence.tests} p values and corrects none: read them as description.",
    ]
    if evidence.refused:
        limits.append(
            f"{count(evidence.refused, 'row')} could not be read and {'was' if evidence.refused == 1 else 'were'} "
            "refused; a component with a refused record counts as unknown. The receipt lists each."
        )
    if evidence.outside_model:
        limits.append(
            f"{count(evidence.outside_model, 'predicted infusion')} of the record lie outside the data of the dosing "
            "model (weight, interval over 8 weeks, route or antibodies)."
        )
    return tuple(limits)
