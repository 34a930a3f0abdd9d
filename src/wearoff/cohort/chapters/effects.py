"""Every ratio of the study in one table for a forest plot; those without an estimate stay, with their verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from wearoff.cohort.chapters.chapter import Chapter, chapter
from wearoff.cohort.results import Table

TITLE = "All estimates"

EFFECT_SCHEMA = {
    **dict.fromkeys(("analysis", "outcome", "coding", "measure"), pl.String),
    **dict.fromkeys(("estimate", "low", "high"), pl.Float64),
    **dict.fromkeys(("events", "patients"), pl.Int64),
    "verdict": pl.String,
}
_Row = dict[str, Any]


def all_effects(tables: Mapping[str, Table]) -> Chapter:
    """The forest table, from the tables of the other chapters; nothing is estimated here.

    Args:
        tables: every table of the study so far, by name; one that is not there adds no row.
    """
    rows = [
        *_rows(tables, "comparisons", _activity),
        *_rows(tables, "first_activity", _hazard),
        *_rates(tables),
        *_rows(tables, "ordered_answer", _odds),
        *_rows(tables, "dosing_effects", _dosing),
    ]
    frame = pl.DataFrame(rows, schema=EFFECT_SCHEMA)
    table = Table(
        "effects",
        "Every ratio with its interval",
        frame,
        "95 % intervals; a limit may be 0 or infinite where all events lie in one group. A row without an estimate "
        "says why by its verdict. Ratios of different measures cannot be compared with each other, and none is "
        "corrected for their number. A difference of rates is shown only if the exact row and the model's both show "
        "it.",
    )
    said = (
        f"{frame.height} comparisons, {frame['estimate'].is_not_null().sum()} with an estimate, each by the method and "
        "the rule of its own section. Above 1 means more, or sooner, with wearing-off; for a quantity, odds of a more "
        "frequent answer with one unit more of it; for dosing, sooner on extended than on standard intervals.",
    )
    return chapter(TITLE, said, (table,), ("forest",))


def _rows(tables: Mapping[str, Table], name: str, told: Callable[[_Row], _Row]) -> Iterator[_Row]:
    if name in tables:
        for row in tables[name].frame.to_dicts():
            yield told(row)


def _activity(row: _Row) -> _Row:
    # where nobody or everybody was active, Firth's penalty alone makes a ratio, and the data none
    is_estimated = row["verdict"] != "uninformative"
    return {
        "analysis": "share with activity, Firth",
        "outcome": f"activity, {row['window']}",
        "coding": row["coding"],
        "measure": "odds ratio",
        "estimate": row["odds_ratio"] if is_estimated else None,
        "low": row["or_low"] if is_estimated else None,
        "high": row["or_high"] if is_estimated else None,
        "events": row["active_with"] + row["active_without"],
        "patients": row["evaluable_with"] + row["evaluable_without"],
        "verdict": row["verdict"],
    }


def _hazard(row: _Row) -> _Row:
    return {
        "analysis": "time to the first",
        "outcome": row["outcome"],
        "coding": row["coding"],
        "measure": "hazard ratio",
        "estimate": row["hazard_ratio"],
        "low": row["low"],
        "high": row["high"],
        "events": row["events_with"] + row["events_without"],
        "patients": row["patients_with"] + row["patients_without"],
        "verdict": row["verdict"],
    }


def _rates(tables: Mapping[str, Table]) -> Iterator[_Row]:
    """Each rate ratio twice, exact and by the model, with the counts of the table of rates."""
    if not {"rate_ratios", "activity_rates"} <= set(tables):
        return
    counts = (
        tables["activity_rates"].frame.group_by("outcome", "coding").agg(pl.col("events", "patients").sum())
    )
    whole = tables["rate_ratios"].frame.join(
        counts, on=["outcome", "coding"], how="left", maintain_order="left"
    )
    for row in whole.to_dicts():
        for analysis, prefix in (("rate, exact", "exact_"), ("rate, negative binomial", "")):
            yield {
                "analysis": analysis,
                "outcome": row["outcome"],
                "coding": row["coding"],
                "measure": "rate ratio",
                "estimate": row[f"{prefix}ratio"],
                "low": row[f"{prefix}low"],
                "high": row[f"{prefix}high"],
                "events": row["events"],
                "patients": row["patients"],
                "verdict": row["verdict"],
            }


def _odds(row: _Row) -> _Row:
    held = row["adjusted_for"]
    return {
        "analysis": "answer in order, unadjusted"
        if held == "nothing"
        else f"answer in order, held: {held.replace(' and ', ', ')}",
        "outcome": f"per {row['unit'] or 'unit'}: {_told_first(row['quantity'])}",
        "coding": "ordered",
        "measure": "odds ratio",
        "estimate": row["odds_ratio"],
        "low": row["low"],
        "high": row["high"],
        "events": None,
        "patients": row["patients"],
        "verdict": row["verdict"],
    }


def _told_first(quantity: str) -> str:
    """The name of a quantity with what tells it from its neighbours in front: the subset of an occupancy."""
    what, *details = quantity.split(", ")
    if what != "measured occupancy" or not details:
        return quantity
    return ", ".join((f"occupancy {details[-1]}", *details[:-1]))


def _dosing(row: _Row) -> _Row:
    return {
        "analysis": row["analysis"],
        "outcome": "first relapse",
        "coding": "extended over standard dosing",
        "measure": row["measure"],
        "estimate": row["estimate"],
        "low": row["low"],
        "high": row["high"],
        "events": row["events"],
        "patients": row["patients"],
        "verdict": row["verdict"],
    }
