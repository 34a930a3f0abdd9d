"""NEDA-3 for every patient and window, and what a cohort's figures are with and without the unknown.

Activity in any component makes a patient active. Without activity, a component that nobody could judge makes
the patient not evaluable. No patient is dropped: the share is given for the evaluable, and beside it
both bounds, as if every unknown patient had been active and as if none had.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import polars as pl

from wearoff.cohort.neda.components import (
    COMPONENTS,
    Component,
    Window,
    mri_component,
    relapse_component,
    worsening_component,
)
from wearoff.cohort.neda.history import History, histories
from wearoff.cohort.neda.rules import NedaRule
from wearoff.stats import proportion

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

NedaState = Literal["neda", "active", "unknown"]

NEDA_SCHEMA = {
    "patient_id": pl.String,
    "window": pl.String,
    "relapse": pl.String,
    "worsening": pl.String,
    "mri": pl.String,
    "neda": pl.String,
    "first_activity_day": pl.Int64,
    "relapse_reason": pl.String,
    "worsening_reason": pl.String,
    "mri_reason": pl.String,
    "observed_to_day": pl.Int64,
    "day_zero": pl.Date,
    "day_zero_from": pl.String,
    "rule": pl.String,
}


def score_neda(cohort: Cohort, rule: NedaRule, windows: Sequence[Window]) -> pl.DataFrame:
    """One row a patient and window: each component's state with its reason, and NEDA-3.

    Args:
        cohort: the records.
        rule: the named rule; its name stands in every row.
        windows: the windows to score, in days since each patient's day 0.

    Returns:
        Columns of `NEDA_SCHEMA`, every patient of the cohort in every window.
    """
    rows = [
        _row(history, window, rule, score_history(history, window, rule))
        for history in histories(cohort)
        for window in windows
    ]
    return pl.DataFrame(rows, schema=NEDA_SCHEMA, orient="row")


def score_history(history: History, window: Window, rule: NedaRule) -> dict[str, Component]:
    """The three components of one patient in one window, by name."""
    if history.day_zero is None:
        nothing = Component("unknown", "nothing dated is recorded")
        return dict.fromkeys(COMPONENTS, nothing)
    return {
        "relapse": relapse_component(history, window, rule),
        "worsening": worsening_component(history, window, rule),
        "mri": mri_component(history, window, rule),
    }


def neda_state(components: dict[str, Component]) -> NedaState:
    """NEDA-3 from its components: active beats unknown beats none."""
    states = {component.state for component in components.values()}
    if "active" in states:
        return "active"
    return "unknown" if "unknown" in states else "neda"


def _row(history: History, window: Window, rule: NedaRule, components: dict[str, Component]) -> list[object]:
    days = [part.day for part in components.values() if part.day is not None]
    return [
        history.patient_id,
        window.name,
        *(components[name].state for name in COMPONENTS),
        neda_state(components),
        min(days, default=None),
        *(components[name].reason for name in COMPONENTS),
        history.observed_to,
        history.day_zero,
        history.day_zero_from,
        rule.name,
    ]


def count_components(neda: pl.DataFrame) -> pl.DataFrame:
    """How many patients are in each state, by window and component (NEDA-3 itself last)."""
    long = pl.concat(
        neda.select(
            "window",
            component=pl.lit(label),
            state=pl.col(column).replace({"neda": "none"}),
        )
        for column, label in [*((name, name) for name in COMPONENTS), ("neda", "NEDA-3")]
    )
    order = pl.DataFrame(
        [
            (window, component, state)
            for window in neda["window"].unique(maintain_order=True)
            for component in (*COMPONENTS, "NEDA-3")
            for state in ("active", "none", "unknown")
        ],
        schema={"window": pl.String, "component": pl.String, "state": pl.String},
        orient="row",
    )
    counts = long.group_by("window", "component", "state").agg(patients=pl.len().cast(pl.Int64))
    return order.join(
        counts, on=["window", "component", "state"], how="left", maintain_order="left"
    ).with_columns(pl.col("patients").fill_null(0))


def summarise_neda(neda: pl.DataFrame, *, level: float = 0.95) -> pl.DataFrame:
    """The share with NEDA-3 by window: among the evaluable with its exact interval, and both bounds.

    Args:
        neda: the result of `score_neda`.
        level: confidence level of the Clopper-Pearson interval.
    """
    rows = []
    for window in neda["window"].unique(maintain_order=True):
        states = neda.filter(pl.col("window") == window)["neda"]
        total = len(states)
        free, active = int((states == "neda").sum()), int((states == "active").sum())
        evaluable = free + active
        share = proportion(free, evaluable, level=level) if evaluable else None
        rows.append(
            {
                "window": window,
                "patients": total,
                "neda": free,
                "active": active,
                "unknown": total - evaluable,
                "share_neda": None if share is None else share.estimate,
                "low": None if share is None else share.interval.low,
                "high": None if share is None else share.interval.high,
                "share_if_unknown_active": free / total if total else None,
                "share_if_unknown_none": (total - active) / total if total else None,
            }
        )
    shares = ("share_neda", "low", "high", "share_if_unknown_active", "share_if_unknown_none")
    return pl.DataFrame(
        rows,
        schema={
            "window": pl.String,
            **dict.fromkeys(("patients", "neda", "active", "unknown"), pl.Int64),
            **dict.fromkeys(shares, pl.Float64),
        },
    )
