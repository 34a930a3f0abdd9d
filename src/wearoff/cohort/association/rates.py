"""How much activity there was, with against without wearing-off: relapses and lesions per year.

A rate has exact limits, as if events came one by one. Patients differ more than that: most have no relapse, some have
many. So rates are compared twice: exactly, and by a negative binomial model that allows for it. The exact test is too
sure of itself where patients differ, the model where events are few; a difference is shown only if both show it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from wearoff.cohort.wearing_off import CODINGS, Coding
from wearoff.stats import is_shown, negative_binomial, poisson_rate, poisson_ratio

DAYS_PER_YEAR = 365.25

RATE_SCHEMA = {
    **dict.fromkeys(("outcome", "coding", "group"), pl.String),
    **dict.fromkeys(("patients", "lost", "events"), pl.Int64),
    **dict.fromkeys(("years", "per_year", "low", "high"), pl.Float64),
}
RATE_RATIO_SCHEMA = {
    **dict.fromkeys(("outcome", "coding"), pl.String),
    **dict.fromkeys(("exact_ratio", "exact_low", "exact_high", "exact_p"), pl.Float64),
    **dict.fromkeys(("ratio", "low", "high", "p", "dispersion"), pl.Float64),
    **dict.fromkeys(("model", "verdict", "note"), pl.String),
}
# What is counted, over which days, and the reason column of those without a count.
_OUTCOMES = {
    "relapses": ("relapses", "observed_d"),
    "relapses, possible ones too": ("all_relapses", "observed_d"),
    "new or enlarging T2 lesions": ("lesions", "scanned_d"),
}


def rate_table(outcomes: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Events per year by group, with exact limits.

    Args:
        outcomes: from `outcomes_by_patient`.
        answers: from `answers_by_patient`.

    Returns:
        Columns of `RATE_SCHEMA`; `lost` have an answer but nobody looked, and nothing is estimated in an empty group.
    """
    rows = []
    for name in _OUTCOMES:
        for coding in CODINGS.values():
            whole = _joined(outcomes, answers, coding, name)
            for is_exposed, label in ((True, coding.exposed_label), (False, coding.other_label)):
                group = whole.filter(pl.col("exposed") == is_exposed)
                seen = group.filter(_is_seen())
                events, years = int(seen["count"].sum() or 0), float(seen["years"].sum() or 0.0)
                rate = poisson_rate(events, years) if years > 0.0 else None
                rows.append(
                    {
                        "outcome": name,
                        "coding": coding.name,
                        "group": label,
                        "patients": seen.height,
                        "lost": group.height - seen.height,
                        "events": events,
                        "years": years,
                        "per_year": None if rate is None else rate.estimate,
                        "low": None if rate is None else rate.interval.low,
                        "high": None if rate is None else rate.interval.high,
                    }
                )
    return pl.DataFrame(rows, schema=RATE_SCHEMA)


def rate_ratio_table(outcomes: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The rate with over the rate without wearing-off, exactly and by a negative binomial model.

    Args:
        outcomes: from `outcomes_by_patient`.
        answers: from `answers_by_patient`.

    Returns:
        Columns of `RATE_RATIO_SCHEMA`; everything is null, and the verdict uninformative, where a group is empty or
        nobody had an event.
    """
    rows = []
    for name in _OUTCOMES:
        for coding in CODINGS.values():
            seen = _joined(outcomes, answers, coding, name).filter(_is_seen())
            rows.append({"outcome": name, "coding": coding.name, **_compared(seen, coding)})
    return pl.DataFrame(rows, schema=RATE_RATIO_SCHEMA)


def _compared(seen: pl.DataFrame, coding: Coding) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(list(RATE_RATIO_SCHEMA)[2:])
    row["verdict"] = "uninformative"
    counts, years = seen["count"].to_numpy(), seen["years"].to_numpy()
    exposed = seen["exposed"].to_numpy()
    if len(set(exposed.tolist())) < 2 or counts.sum() == 0:
        return row
    exact = poisson_ratio(
        int(counts[exposed].sum()),
        float(years[exposed].sum()),
        int(counts[~exposed].sum()),
        float(years[~exposed].sum()),
    )
    row |= {
        "exact_ratio": exact.ratio,
        "exact_low": exact.interval.low,
        "exact_high": exact.interval.high,
        "exact_p": exact.p,
    }
    fit = negative_binomial(counts, exposed.astype(np.float64), names=[coding.exposed_label], exposure=years)
    row |= {"model": fit.model, "note": fit.note}
    if fit.is_converged:
        term = fit.terms[0]
        row |= {
            "ratio": term.ratio,
            "low": term.ratio_interval.low,
            "high": term.ratio_interval.high,
            "p": term.p,
            "dispersion": fit.dispersion,
            "verdict": "difference shown"
            if is_shown(term.p) and is_shown(exact.p)
            else "no difference shown",
        }
    return row


def _joined(outcomes: pl.DataFrame, answers: pl.DataFrame, coding: Coding, name: str) -> pl.DataFrame:
    """Everybody with an answer: exposed, count and years; null where nobody looked."""
    count, days = _OUTCOMES[name]
    return (
        outcomes.with_columns(all_relapses=pl.col("relapses") + pl.col("possible_relapses"))
        .join(answers.select("patient_id", "answer"), on="patient_id", how="left")
        .with_columns(
            exposed=coding.exposed_expression, count=pl.col(count), years=pl.col(days) / DAYS_PER_YEAR
        )
        .filter(pl.col("exposed").is_not_null())
        .select("patient_id", "exposed", "count", "years")
    )


def _is_seen() -> pl.Expr:
    return pl.col("count").is_not_null() & (pl.col("years") > 0.0)
