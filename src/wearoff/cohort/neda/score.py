"""NEDA for every patient and window, and what a cohort's figures are with and without the unknown.

Activity in any component makes a patient active. Without activity, a component that nobody could judge makes
the patient not evaluable. No patient is dropped: the share is given for the evaluable, and beside it
both bounds, as if every unknown patient had been active and as if none had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from jaxtyping import Int

from wearoff.cohort.neda.components import relapse_component, worsening_component
from wearoff.cohort.neda.dated import NO_DAY
from wearoff.cohort.neda.followup import DAY_ZERO_FROM, Followup, read_followup
from wearoff.cohort.neda.mri import brain_volume_component, mri_component, with_references
from wearoff.cohort.neda.relapses import find_relapses
from wearoff.cohort.neda.rules import COMPONENTS, NedaRule
from wearoff.cohort.neda.verdicts import ACTIVE, NONE, STATES, UNKNOWN, Verdict
from wearoff.cohort.neda.windows import Window
from wearoff.cohort.neda.worsening import Events, find_events
from wearoff.stats import proportion

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

NedaState = Literal["neda", "active", "unknown"]
NEDA_STATES: tuple[NedaState, ...] = ("unknown", "neda", "active")
KINDS = {
    ("relapse", "worsening", "mri"): "NEDA-3",
    COMPONENTS: "NEDA-4",
    ("relapse", "worsening"): "clinical NEDA",
}


@dataclass(frozen=True, slots=True)
class WindowScore:
    """Everybody in one window.

    Attributes:
        window: the window.
        components: the verdict on each component of the rule, by name.
        state: NEDA, a position in `NEDA_STATES`, shape [patients].
        first_activity_day: the first day of activity on any component, `NO_DAY` without, shape [patients].
    """

    window: Window
    components: dict[str, Verdict]
    state: Int[np.ndarray, "patients"]
    first_activity_day: Int[np.ndarray, "patients"]


@dataclass(frozen=True, slots=True)
class Scores:
    """A cohort under one rule: the worsenings found, and every window.

    Attributes:
        rule: the rule.
        followup: the records.
        events: every change of the EDSS, whatever the window.
        windows: the score of each window.
    """

    rule: NedaRule
    followup: Followup
    events: Events
    windows: tuple[WindowScore, ...]

    def to_frame(self) -> pl.DataFrame:
        """One row a patient and window, patient by patient, with the reason of each component."""
        people = self.followup
        order = len(people.patient_id)
        day_zero = pl.Series(people.day_zero).cast(pl.Date)
        source = pl.Series(DAY_ZERO_FROM).gather(people.day_zero_from)
        frames = [
            pl.DataFrame(
                {
                    "patient_id": people.patient_id,
                    "window": pl.repeat(score.window.name, order, dtype=pl.String, eager=True),
                    **{name: _named(v.state, STATES) for name, v in score.components.items()},
                    "neda": _named(score.state, NEDA_STATES),
                    "first_activity_day": _days(score.first_activity_day),
                    **{f"{name}_reason": v.texts() for name, v in score.components.items()},
                    "observed_to_day": _days(people.observed_to),
                    "day_zero": day_zero,
                    "day_zero_from": source,
                    "rule": pl.repeat(self.rule.name, order, dtype=pl.String, eager=True),
                },
                schema=neda_schema(self.rule),
            )
            for score in self.windows
        ]
        if not frames:
            return pl.DataFrame(schema=neda_schema(self.rule))
        if len(frames) == 1:
            return frames[0]
        places = np.arange(len(frames) * order).reshape(len(frames), order).T.ravel()
        return pl.concat(frames)[places]


def neda_schema(rule: NedaRule) -> dict[str, pl.DataType | type[pl.DataType]]:
    """The columns of a score; each component of the rule has its state and its reason."""
    return {
        "patient_id": pl.String,
        "window": pl.String,
        **dict.fromkeys(rule.components, pl.String),
        "neda": pl.String,
        "first_activity_day": pl.Int64,
        **{f"{name}_reason": pl.String for name in rule.components},
        "observed_to_day": pl.Int64,
        "day_zero": pl.Date,
        "day_zero_from": pl.String,
        "rule": pl.String,
    }


def score_neda(cohort: Cohort, rule: NedaRule, windows: Sequence[Window]) -> pl.DataFrame:
    """One row a patient and window: each component's state with its reason, and NEDA.

    Args:
        cohort: the records.
        rule: the named rule; its name stands in every row.
        windows: the windows to score, in days since each patient's day 0.

    Returns:
        Columns of `neda_schema`, every patient of the cohort in every window.
    """
    return score_followup(read_followup(cohort), rule, windows).to_frame()


def score_followup(followup: Followup, rule: NedaRule, windows: Sequence[Window]) -> Scores:
    """The same as arrays, from records that were read once for several rules."""
    relapses = find_relapses(followup.reports, rule.relapses)
    events = find_events(
        followup.visits,
        followup.reports,
        rule.worsening,
        relapses_unknown=followup.relapses_unknown,
        start_day=rule.rebaseline_day,
    )
    reference = with_references(followup.scans, rule)

    def verdict(component: str, window: Window) -> Verdict:
        if component == "relapse":
            return relapse_component(followup, relapses, window, rule)
        if component == "worsening":
            return worsening_component(followup, events, window, rule)
        read = mri_component if component == "mri" else brain_volume_component
        return read(followup, reference, window, rule)

    scores = []
    for window in windows:
        components = {name: verdict(name, window) for name in rule.components}
        states = np.stack([v.state for v in components.values()])
        days = np.stack([v.day for v in components.values()])
        first = np.where(days == NO_DAY, np.iinfo(np.int64).max, days).min(axis=0)
        scores.append(
            WindowScore(
                window,
                components,
                neda_state(states),
                np.where((days == NO_DAY).all(axis=0), NO_DAY, first),
            )
        )
    return Scores(rule, followup, events, tuple(scores))


def neda_state(states: Int[np.ndarray, "components patients"]) -> Int[np.ndarray, "patients"]:
    """NEDA from its components: active beats unknown beats none; a position in `NEDA_STATES`."""
    is_active, is_unknown = (states == ACTIVE).any(axis=0), (states == UNKNOWN).any(axis=0)
    return np.where(is_active, ACTIVE, np.where(is_unknown, UNKNOWN, NONE))


def kind_of_neda(components: Sequence[str]) -> str:
    """What the field calls NEDA of these components."""
    named = tuple(component for component in COMPONENTS if component in components)
    return KINDS.get(named, f"NEDA of {', '.join(named)}")


def _named(places: np.ndarray, names: Sequence[str]) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(places.astype(np.uint32))


def _days(days: np.ndarray) -> pl.Series:
    series = pl.Series(days, dtype=pl.Int64)
    return series.set(series == NO_DAY, None)


def count_components(neda: pl.DataFrame) -> pl.DataFrame:
    """How many patients are in each state, by window and component (NEDA itself last)."""
    components = [name for name in COMPONENTS if name in neda.columns]
    kind = kind_of_neda(components)
    long = pl.concat(
        neda.select(
            "window",
            component=pl.lit(label),
            state=pl.col(column).replace({"neda": "none"}),
        )
        for column, label in [*((name, name) for name in components), ("neda", kind)]
    )
    order = pl.DataFrame(
        [
            (window, component, state)
            for window in neda["window"].unique(maintain_order=True)
            for component in (*components, kind)
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
    """The share with NEDA by window: among the evaluable with its exact interval, and both bounds.

    Where a component is unknown in everybody, only active patients are evaluable. Their share of 0 % would be the
    absence of a measurement, and is not given.

    Args:
        neda: the result of `score_neda`.
        level: confidence level of the Clopper-Pearson interval.
    """
    components = [name for name in COMPONENTS if name in neda.columns]
    rows = []
    for window in neda["window"].unique(maintain_order=True):
        inside = neda.filter(pl.col("window") == window)
        states = inside["neda"]
        is_judged = all((inside[name] != "unknown").any() for name in components)
        total = len(states)
        free, active = int((states == "neda").sum()), int((states == "active").sum())
        evaluable = free + active
        share = proportion(free, evaluable, level=level) if evaluable and is_judged else None
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
