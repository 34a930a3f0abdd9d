"""How soon activity came, with against without wearing-off.

The first relapse is dated: Kaplan and Meier's curves, log-rank, and a hazard ratio, everybody counted for as long as
somebody watched. The first MRI activity lies between two scans, so its time is a window: Turnbull's curves, and a
hazard ratio from a Weibull model of the windows. Where nobody had an event there is no ratio, and both say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import polars as pl

from wearoff.cohort.wearing_off import CODINGS, Coding
from wearoff.stats import (
    Term,
    cox,
    interval_regression,
    is_shown,
    kaplan_meier,
    log_rank,
    numbers_at_risk,
    turnbull,
)

DAYS_PER_YEAR = 365.25

FIRST_ACTIVITY_SCHEMA = {
    "outcome": pl.String,
    "coding": pl.String,
    **dict.fromkeys(("patients_with", "events_with", "patients_without", "events_without", "lost"), pl.Int64),
    **dict.fromkeys(("hazard_ratio", "low", "high", "p", "log_rank_p", "proportionality_p"), pl.Float64),
    "method": pl.String,
    "verdict": pl.String,
    "note": pl.String,
}
CURVE_SCHEMA = {
    **dict.fromkeys(("outcome", "coding", "group"), pl.String),
    **dict.fromkeys(("day", "free", "low", "high"), pl.Float64),
    "at_risk": pl.Int64,
}


@dataclass(frozen=True, slots=True, eq=False)
class _Grouped:
    """Who is in which group with an outcome, and how many have an answer but none."""

    rows: pl.DataFrame
    lost: int


def first_activity_table(outcomes: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The hazard ratio of the first relapse and of the first MRI activity, by every coding of wearing-off.

    Args:
        outcomes: from `outcomes_by_patient`.
        answers: from `answers_by_patient`.

    Returns:
        Columns of `FIRST_ACTIVITY_SCHEMA`. A ratio above 1 means sooner with wearing-off. `lost` have an answer but
        nobody looked; they are not counted as free of activity.
    """
    rows = []
    for coding in CODINGS.values():
        rows.append(_relapse_row(coding, _grouped(outcomes, answers, coding, "relapses")))
        rows.append(_mri_row(coding, _grouped(outcomes, answers, coding, "clean_to_d")))
    return pl.DataFrame(rows, schema=FIRST_ACTIVITY_SCHEMA)


def activity_curves(
    outcomes: pl.DataFrame, answers: pl.DataFrame, *, at_years: Sequence[float] = (0, 0.5, 1, 1.5, 2, 3, 4, 5)
) -> pl.DataFrame:
    """The share still free of activity over time, by group, with the numbers at risk.

    Args:
        outcomes: from `outcomes_by_patient`.
        answers: from `answers_by_patient`.
        at_years: the times of the line under the curves.

    Returns:
        Columns of `CURVE_SCHEMA`. Of relapses a row for each time at which somebody left, with 95 % limits, and for
        each of `at_years`. Of MRI activity a row for each end of a window: `low` and `high` are then what the
        estimate leaves open within the window and no confidence limits, and `at_risk` is null.
    """
    rows = []
    for coding in CODINGS.values():
        relapses = _grouped(outcomes, answers, coding, "relapses").rows
        scans = _grouped(outcomes, answers, coding, "clean_to_d").rows
        for is_exposed, label in ((True, coding.exposed_label), (False, coding.other_label)):
            mine = pl.col("exposed") == is_exposed
            for outcome, curve in (
                ("first relapse", _relapse_curve(relapses.filter(mine), at_years)),
                ("first MRI activity", _mri_curve(scans.filter(mine))),
            ):
                names = {"outcome": outcome, "coding": coding.name, "group": label}
                rows += [names | row for row in curve]
    return pl.DataFrame(rows, schema=CURVE_SCHEMA)


def _grouped(outcomes: pl.DataFrame, answers: pl.DataFrame, coding: Coding, known: str) -> _Grouped:
    joined = (
        outcomes.join(answers.select("patient_id", "answer"), on="patient_id", how="left")
        .with_columns(exposed=coding.exposed_expression)
        .filter(pl.col("exposed").is_not_null())
    )
    rows = joined.filter(pl.col(known).is_not_null())
    return _Grouped(rows, joined.height - rows.height)


def _relapse_times(rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    first = rows["first_relapse_d"].cast(pl.Float64)
    time = first.fill_null(rows["observed_d"].cast(pl.Float64))
    return time.to_numpy(), first.is_not_null().to_numpy()


def _relapse_row(coding: Coding, found: _Grouped) -> dict[str, object]:
    time, event = _relapse_times(found.rows)
    exposed = found.rows["exposed"].to_numpy()
    row = _counts("first relapse", coding, exposed, event, found.lost)
    if len(set(exposed.tolist())) < 2 or not event.any():
        return row
    test = log_rank(time, event, exposed.tolist())
    fit = cox(time, event, exposed.astype(float), names=[coding.exposed_label])
    row["log_rank_p"] = test.p
    if fit.is_converged:
        _add_term(row, fit.terms[0], "Cox, Efron")
        row["proportionality_p"] = fit.proportionality[0].p if fit.proportionality else None
    row["note"] = fit.note
    # The log-rank test exists also where the ratio has no finite estimate.
    row["verdict"] = _verdict(test.p)
    return row


def _mri_row(coding: Coding, found: _Grouped) -> dict[str, object]:
    left, right = (found.rows[name].to_numpy() for name in ("clean_to_d", "mri_active_by_d"))
    exposed, event = found.rows["exposed"].to_numpy(), np.isfinite(right)
    row = _counts("first MRI activity", coding, exposed, event, found.lost)
    if len(set(exposed.tolist())) < 2 or not event.any():
        return row
    fit = interval_regression(left, right, exposed.astype(float), names=[coding.exposed_label])
    row["note"] = fit.note
    if fit.is_converged:
        _add_term(row, fit.terms[0], "Weibull, times between two scans")
        row["verdict"] = _verdict(fit.terms[0].p)
    return row


def _counts(
    outcome: str, coding: Coding, exposed: np.ndarray, event: np.ndarray, lost: int
) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(FIRST_ACTIVITY_SCHEMA)
    row |= {
        "outcome": outcome,
        "coding": coding.name,
        "patients_with": int(exposed.sum()),
        "events_with": int(event[exposed].sum()),
        "patients_without": int((~exposed).sum()),
        "events_without": int(event[~exposed].sum()),
        "lost": lost,
        "verdict": "uninformative",
    }
    return row


def _add_term(row: dict[str, object], term: Term, method: str) -> None:
    limits = term.ratio_interval
    row |= {
        "hazard_ratio": term.ratio,
        "low": limits.low,
        "high": limits.high,
        "p": term.p,
        "method": f"{method}; {limits.method}",
    }


def _verdict(p: float | None) -> str:
    if p is None:
        return "uninformative"
    return "difference shown" if is_shown(p) else "no difference shown"


def _relapse_curve(rows: pl.DataFrame, at_years: Sequence[float]) -> list[dict[str, object]]:
    if not rows.height:
        return []
    time, event = _relapse_times(rows)
    curve = kaplan_meier(time, event)
    asked = [year * DAYS_PER_YEAR for year in at_years if year * DAYS_PER_YEAR <= curve.times[-1]]
    days = sorted({*asked, *curve.times.tolist()})
    at_risk = numbers_at_risk(time, days)
    found: list[dict[str, object]] = []
    for day, number in zip(days, at_risk.tolist(), strict=True):
        limits = curve.interval_at(day)
        low, high = (limit if isfinite(limit) else None for limit in (limits.low, limits.high))
        found.append({"day": day, "free": curve.at(day), "low": low, "high": high, "at_risk": number})
    return found


def _mri_curve(rows: pl.DataFrame) -> list[dict[str, object]]:
    if not rows.height:
        return []
    curve = turnbull(rows["clean_to_d"].to_numpy(), rows["mri_active_by_d"].to_numpy())
    ends = {0.0, *curve.left.tolist(), *curve.right[np.isfinite(curve.right)].tolist()}
    found: list[dict[str, object]] = []
    for day in sorted(ends):
        low, high = curve.bounds_at(day)
        found.append({"day": day, "free": high, "low": low, "high": high, "at_risk": None})
    return found
