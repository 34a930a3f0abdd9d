"""What the patients without a count could do to the comparisons over time.

Kaplan and Meier's curves and the rates leave out whom nobody watched. Here they come back with every outcome that they
could have had: the bounds of the difference, and the divisions of their outcomes at which the conclusion turns.
"""

from __future__ import annotations

import polars as pl

from wearoff.cohort.wearing_off import CODINGS, Coding
from wearoff.stats import TippingPoint, TwoByTwo, fisher_exact, missing_outcomes, risk_difference

MOST_DIVISIONS = 20_000
"""More divisions of the missing outcomes are not searched, each being an exact test (assumed)."""

MISSING_SCHEMA = {
    **dict.fromkeys(("outcome", "coding"), pl.String),
    **dict.fromkeys(
        ("events_with", "known_with", "lost_with", "events_without", "known_without", "lost_without"),
        pl.Int64,
    ),
    **dict.fromkeys(("lowest_difference", "highest_difference", "p", "least_p", "greatest_p"), pl.Float64),
    "conclusion_can_change": pl.Boolean,
    "turned_by": pl.String,
    "note": pl.String,
}
# What counts as known, and as an event, over the whole follow-up.
_OUTCOMES = {
    "any relapse": (pl.col("relapses").is_not_null(), pl.col("relapses") > 0),
    "any MRI activity": (pl.col("clean_to_d").is_not_null(), pl.col("mri_active_by_d").is_finite()),
}


def missing_outcome_table(outcomes: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Bounds and tipping points of every comparison over the whole follow-up.

    Args:
        outcomes: from `outcomes_by_patient`.
        answers: from `answers_by_patient`.

    Returns:
        Columns of `MISSING_SCHEMA`, a row for each outcome and coding. A difference is that of the shares with against
        without wearing-off: the lowest if only those lost without it had the event, the highest if only those lost
        with it had. Everything that cannot be computed is null, and `note` says why.
    """
    rows = [_row(outcomes, answers, name, coding) for name in _OUTCOMES for coding in CODINGS.values()]
    return pl.DataFrame(rows, schema=MISSING_SCHEMA)


def _row(outcomes: pl.DataFrame, answers: pl.DataFrame, name: str, coding: Coding) -> dict[str, object]:
    known, event = _OUTCOMES[name]
    joined = (
        outcomes.join(answers.select("patient_id", "answer"), on="patient_id", how="left")
        .with_columns(exposed=coding.exposed_expression, known=known, event=event.fill_null(value=False))
        .filter(pl.col("exposed").is_not_null())
    )

    def counts(is_exposed: bool) -> tuple[int, int, int]:
        group = joined.filter(pl.col("exposed") == is_exposed)
        seen = group.filter("known")
        return int(seen["event"].sum()), seen.height, group.height - seen.height

    (events, total, lost), (other_events, other_total, other_lost) = counts(True), counts(False)
    row: dict[str, object] = dict.fromkeys(MISSING_SCHEMA)
    row |= {
        "outcome": name,
        "coding": coding.name,
        "events_with": events,
        "known_with": total,
        "lost_with": lost,
        "events_without": other_events,
        "known_without": other_total,
        "lost_without": other_lost,
    }
    table = TwoByTwo(events, total, other_events, other_total)
    if not total + lost or not other_total + other_lost:
        return row | {"note": "a group has nobody"}
    if (lost + 1) * (other_lost + 1) > MOST_DIVISIONS:
        low = TwoByTwo(events, total + lost, other_events + other_lost, other_total + other_lost)
        high = TwoByTwo(events + lost, total + lost, other_events, other_total + other_lost)
        return row | {
            "lowest_difference": risk_difference(low).value,
            "highest_difference": risk_difference(high).value,
            "p": fisher_exact(table) if table.is_informative else None,
            "note": f"more than {MOST_DIVISIONS} divisions: tipping points were not searched",
        }
    found = missing_outcomes(table, lost, other_lost)
    return row | {
        "lowest_difference": found.lowest.value,
        "highest_difference": found.highest.value,
        "p": found.p_observed,
        "least_p": found.p_least,
        "greatest_p": found.p_most,
        "conclusion_can_change": not found.is_robust,
        "turned_by": _nearest(found.tipping, lost, other_lost),
        "note": None if lost + other_lost else "nobody was lost",
    }


def _nearest(points: tuple[TippingPoint, ...], lost: int, other_lost: int) -> str | None:
    """The tipping point that asks for the fewest events among the lost."""
    if not points:
        return None
    first = min(points, key=lambda point: (point.exposed + point.other, point.exposed))
    return f"{first.exposed} of {lost} lost with and {first.other} of {other_lost} lost without wearing-off"
