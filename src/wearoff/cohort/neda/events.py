"""Confirmed change as tables: every change with its days and its label, and how often it happens."""

from __future__ import annotations

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from wearoff.cohort.neda.changes import STATUS, UNCONFIRMED
from wearoff.cohort.neda.dated import NO_DAY
from wearoff.cohort.neda.followup import Followup
from wearoff.cohort.neda.labels import LABELS
from wearoff.cohort.neda.rules import WorseningRule
from wearoff.cohort.neda.windows import DAYS_PER_YEAR
from wearoff.cohort.neda.worsening import Events

YEARS_OF_A_RATE = 10


def events_frame(followup: Followup, events: Events, rule: WorseningRule) -> pl.DataFrame:
    """One row a change, by patient and onset; days are days since day 0."""
    found = events.changes
    frame = pl.DataFrame(
        {
            "patient_id": pl.Series(followup.patient_id, dtype=pl.String).gather(found.patient),
            "change": np.where(found.direction > 0, "worsening", "improvement"),
            "status": _named(found.status, STATUS),
            "label": _named(events.label, LABELS),
            "onset_day": found.onset_day,
            "baseline_day": found.baseline_day,
            "baseline_edss": found.baseline_edss,
            "onset_edss": found.onset_edss,
            "confirmed_day": found.confirmed_day,
            **{
                f"confirmed_{weeks}w_day": found.confirmed_days[:, k]
                for k, weeks in enumerate(rule.confirmation_weeks)
            },
            "held_to_day": found.held_to_day,
            "is_held_to_end": found.is_held_to_end,
            "rule": pl.repeat(rule.name, len(found), dtype=pl.String, eager=True),
        }
    )
    days = [name for name in frame.columns if name.startswith("confirmed_")]
    return frame.with_columns(pl.col(days).replace(NO_DAY, None)).with_columns(
        pl.col("change").cast(pl.String)
    )


def summarise_events(followup: Followup, events: Events, rule: WorseningRule) -> pl.DataFrame:
    """How often the rule finds each kind of change, and how many per ten patient-years.

    Time runs from each patient's baseline to the last visit with an EDSS, or to the first counted change where
    the rule counts only that.

    Returns:
        One row for worsening, RAW, PIRA, undefined, unknown, improvement and unconfirmed, as far as the rule
        counts them, with changes, patients, patient_years and rate_per_decade.
    """
    found, label = events.changes, events.label
    counted, worse = found.status != UNCONFIRMED, found.direction > 0
    masks = {}
    if 1 in rule.counted:
        masks["worsening"] = counted & worse
        masks |= {str(name): label == place for place, name in enumerate(LABELS) if name is not None}
    if -1 in rule.counted:
        masks["improvement"] = counted & ~worse
    masks["unconfirmed"] = ~counted
    years = float(_years_at_risk(followup, events, rule).sum())
    return pl.DataFrame(
        [
            {
                "change": name,
                "changes": int(mask.sum()),
                "patients": len(np.unique(found.patient[mask])),
                "patient_years": years,
                "rate_per_decade": YEARS_OF_A_RATE * int(mask.sum()) / years if years else None,
            }
            for name, mask in masks.items()
        ],
        schema={
            "change": pl.String,
            "changes": pl.Int64,
            "patients": pl.Int64,
            "patient_years": pl.Float64,
            "rate_per_decade": pl.Float64,
        },
    )


def _years_at_risk(followup: Followup, events: Events, rule: WorseningRule) -> Float[np.ndarray, "patients"]:
    rows = followup.visits.rows
    has_baseline = events.baseline >= 0
    last = np.full(rows.patients, NO_DAY)
    last[rows.patient] = rows.day  # the last row of a patient stays
    if rule.occurrence == "first":
        found = events.changes
        counted = found.status != UNCONFIRMED
        np.minimum.at(last, found.patient[counted], found.onset_day[counted])
    begin = rows.day[np.maximum(events.baseline, 0)] if len(rows.day) else last
    return np.where(has_baseline, np.maximum(last - begin, 0), 0) / DAYS_PER_YEAR


def _named(places: Int[np.ndarray, "changes"], names: tuple[str | None, ...]) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(places)
