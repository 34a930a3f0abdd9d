"""Disease activity by wearing-off: exact proportions, differences, tests and trend.

Is activity more frequent with wearing-off? Exact proportions, the risk difference with its interval, exact
tests, Firth's odds ratio, and an exact trend over the ordered answer. Where nobody had an event there is no
test, only what the data cannot exclude.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from wearoff.cohort.wearing_off import ANSWERS, CODINGS, Coding
from wearoff.stats import Comparison, TwoByTwo, compare, exact_trend, is_shown, proportion


@dataclass(frozen=True, slots=True)
class GroupedActivity:
    """Activity by wearing-off in one window, with those who could not be evaluated.

    Attributes:
        window: the window's name.
        coding: how the answers make two groups.
        table: active patients among the evaluable of each group.
        exposed_lost, other_lost: patients of each group without an outcome.
        no_answer: patients that belong to no group.
    """

    window: str
    coding: Coding
    table: TwoByTwo
    exposed_lost: int
    other_lost: int
    no_answer: int


def group_activity(neda: pl.DataFrame, answers: pl.DataFrame, window: str, coding: Coding) -> GroupedActivity:
    """Count active, evaluable and lost patients by wearing-off in one window.

    Args:
        neda: from `score_neda`.
        answers: from `answers_by_patient`.
        window: name of a window in `neda`.
        coding: the coding that makes the groups.
    """
    rows = (
        neda.filter(pl.col("window") == window)
        .join(answers.select("patient_id", "answer"), on="patient_id", how="left")
        .with_columns(exposed=coding.exposed_expression)
    )

    def count(is_exposed: bool | None, *states: str) -> int:
        group = pl.col("exposed").is_null() if is_exposed is None else pl.col("exposed") == is_exposed
        return rows.filter(group & pl.col("neda").is_in(states)).height

    return GroupedActivity(
        window=window,
        coding=coding,
        table=TwoByTwo(
            count(True, "active"),
            count(True, "active", "neda"),
            count(False, "active"),
            count(False, "active", "neda"),
        ),
        exposed_lost=count(True, "unknown"),
        other_lost=count(False, "unknown"),
        no_answer=count(None, "active", "neda", "unknown"),
    )


def comparison_row(window: str, coding: str, comparison: Comparison) -> dict[str, object]:
    """One comparison as a row of the table `comparisons`."""
    table, difference, odds = comparison.table, comparison.risk_difference, comparison.odds_ratio
    return {
        "window": window,
        "coding": coding,
        "active_with": table.exposed_events,
        "evaluable_with": table.exposed_total,
        "active_without": table.other_events,
        "evaluable_without": table.other_total,
        "risk_difference": None if difference is None else difference.value,
        "low": None if difference is None else difference.interval.low,
        "high": None if difference is None else difference.interval.high,
        "fisher_p": comparison.fisher_p,
        "fisher_mid_p": comparison.fisher_mid_p,
        "odds_ratio": None if odds is None else odds.odds_ratio,
        "or_low": None if odds is None else odds.interval.low,
        "or_high": None if odds is None else odds.interval.high,
        "verdict": comparison.verdict,
    }


COMPARISON_SCHEMA = {
    "window": pl.String,
    "coding": pl.String,
    **dict.fromkeys(("active_with", "evaluable_with", "active_without", "evaluable_without"), pl.Int64),
    **dict.fromkeys(
        ("risk_difference", "low", "high", "fisher_p", "fisher_mid_p", "odds_ratio", "or_low", "or_high"),
        pl.Float64,
    ),
    "verdict": pl.String,
}


def comparisons_table(groups: Sequence[GroupedActivity]) -> pl.DataFrame:
    """Every two-group comparison of activity, one row each."""
    rows = [comparison_row(g.window, g.coding.name, compare(g.table)) for g in groups]
    return pl.DataFrame(rows, schema=COMPARISON_SCHEMA)


def trend_table(neda: pl.DataFrame, answers: pl.DataFrame, windows: Sequence[str]) -> pl.DataFrame:
    """The exact trend of activity over never, sometimes, regularly, one row a window."""
    rows = []
    for window in windows:
        joined = neda.filter(pl.col("window") == window).join(
            answers.select("patient_id", "answer"), on="patient_id", how="left"
        )
        events, totals = [], []
        for answer in ANSWERS:
            states = joined.filter(pl.col("answer") == answer)["neda"]
            events.append(int((states == "active").sum()))
            totals.append(int((states != "unknown").sum()))
        trend = exact_trend(events, totals)
        rows.append(
            {
                "window": window,
                "active": " / ".join(map(str, events)),
                "evaluable": " / ".join(map(str, totals)),
                "p": trend.p,
                "mid_p": trend.mid_p,
                "method": trend.method,
                "verdict": "uninformative" if trend.p is None else _verdict(trend.p, "trend"),
            }
        )
    strings = dict.fromkeys(("window", "active", "evaluable"), pl.String)
    return pl.DataFrame(
        rows,
        schema={**strings, "p": pl.Float64, "mid_p": pl.Float64, "method": pl.String, "verdict": pl.String},
    )


def _verdict(p: float, what: str) -> str:
    return f"{what} shown" if is_shown(p) else f"no {what} shown"


def risk_table(neda: pl.DataFrame, answers: pl.DataFrame, windows: Sequence[str]) -> pl.DataFrame:
    """The share with activity by group, window and coding, with exact (Clopper-Pearson) intervals."""
    joined = neda.join(answers.select("patient_id", "answer"), on="patient_id", how="left")
    rows = []
    for window in windows:
        here = joined.filter(pl.col("window") == window)
        groups = [
            (name, label, coding.exposed_expression == is_exposed)
            for name, coding in CODINGS.items()
            for is_exposed, label in ((True, coding.exposed_label), (False, coding.other_label))
        ]
        groups += [("ordered", answer, pl.col("answer") == answer) for answer in ANSWERS]
        for coding_name, label, condition in groups:
            states = here.filter(condition)["neda"]
            rows.append(
                risk_row(
                    window,
                    coding_name,
                    label,
                    int((states == "active").sum()),
                    int((states != "unknown").sum()),
                    int((states == "unknown").sum()),
                )
            )
    return pl.DataFrame(rows, schema=RISK_SCHEMA)


RISK_SCHEMA = {
    **dict.fromkeys(("window", "coding", "group"), pl.String),
    **dict.fromkeys(("events", "evaluable", "lost"), pl.Int64),
    **dict.fromkeys(("risk", "low", "high"), pl.Float64),
}


def risk_row(
    window: str, coding: str, group: str, events: int, evaluable: int, lost: int
) -> dict[str, object]:
    """One group as a row of the table `risk_by_group`; nothing is estimated in an empty group."""
    share = proportion(events, evaluable) if evaluable else None
    return {
        "window": window,
        "coding": coding,
        "group": group,
        "events": events,
        "evaluable": evaluable,
        "lost": lost,
        "risk": None if share is None else share.estimate,
        "low": None if share is None else share.interval.low,
        "high": None if share is None else share.interval.high,
    }
