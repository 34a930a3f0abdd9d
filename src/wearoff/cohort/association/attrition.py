"""The attrition bound: what the patients without an outcome would have to be to overturn a comparison.

A small study with nobody active can be overturned by the few it lost. The bound goes through every outcome
that the lost patients could have had, and says how few of them would be enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from wearoff.cohort.association.activity import GroupedActivity
from wearoff.stats import TwoByTwo, fisher_exact, is_shown


@dataclass(frozen=True, slots=True)
class AttritionBound:
    """What the lost patients could do to a comparison.

    Attributes:
        is_overturned: whether some outcome of the lost patients changes the conclusion at 5 %.
        fewest: the fewest lost patients of the wearing-off group whose activity, with every other lost patient
            inactive, brings Fisher's p to 5 % or below; None when no number does.
        fewest_p: Fisher's p at that number.
        worst: the table when every lost patient with wearing-off was active and no other.
        worst_p: its Fisher's p, None when uninformative.
        best: the table when every lost patient without wearing-off was active and no other.
        best_p: its Fisher's p, None when uninformative.
    """

    is_overturned: bool
    fewest: int | None
    fewest_p: float | None
    worst: TwoByTwo
    worst_p: float | None
    best: TwoByTwo
    best_p: float | None


def attrition_bound(table: TwoByTwo, exposed_lost: int, other_lost: int) -> AttritionBound:
    """What the lost patients would have to be to overturn a comparison.

    Args:
        table: the evaluable patients.
        exposed_lost: patients of the exposed group without an outcome.
        other_lost: patients of the other group without an outcome.
    """

    def filled(exposed_active: int, other_active: int) -> TwoByTwo:
        return TwoByTwo(
            table.exposed_events + exposed_active,
            table.exposed_total + exposed_lost,
            table.other_events + other_active,
            table.other_total + other_lost,
        )

    def p_of(filled_table: TwoByTwo) -> float | None:
        return fisher_exact(filled_table) if filled_table.is_informative else None

    observed = is_shown(p_of(table))
    toward = [(k, p_of(filled(k, 0))) for k in range(exposed_lost + 1)]
    shown = [(k, p) for k, p in toward if is_shown(p) and _leans_to_exposed(filled(k, 0))]
    every = (p_of(filled(a, b)) for a in range(exposed_lost + 1) for b in range(other_lost + 1))
    worst, best = filled(exposed_lost, 0), filled(0, other_lost)
    return AttritionBound(
        is_overturned=any(is_shown(p) != observed for p in every),
        fewest=shown[0][0] if shown else None,
        fewest_p=shown[0][1] if shown else None,
        worst=worst,
        worst_p=p_of(worst),
        best=best,
        best_p=p_of(best),
    )


def _leans_to_exposed(table: TwoByTwo) -> bool:
    return table.exposed_events * table.other_total > table.other_events * table.exposed_total


def attrition_table(groups: Sequence[GroupedActivity]) -> pl.DataFrame:
    """The attrition bound of every comparison, one row each."""
    rows = []
    for group in groups:
        bound = attrition_bound(group.table, group.exposed_lost, group.other_lost)
        rows.append(
            attrition_row(group.window, group.coding.name, group.exposed_lost, group.other_lost, bound)
        )
    return pl.DataFrame(rows, schema=ATTRITION_SCHEMA)


ATTRITION_SCHEMA = {
    "window": pl.String,
    "coding": pl.String,
    "lost_with": pl.Int64,
    "lost_without": pl.Int64,
    "conclusion_can_change": pl.Boolean,
    "fewest_active_lost_with_wearing_off": pl.Int64,
    "p_at_fewest": pl.Float64,
    "if_all_lost_with_wearing_off_active": pl.String,
    "p_then": pl.Float64,
    "if_all_lost_without_active": pl.String,
    "p_otherwise": pl.Float64,
}


def attrition_row(
    window: str, coding: str, exposed_lost: int, other_lost: int, bound: AttritionBound
) -> dict[str, object]:
    """One attrition bound as a row of the table `attrition`."""
    return {
        "window": window,
        "coding": coding,
        "lost_with": exposed_lost,
        "lost_without": other_lost,
        "conclusion_can_change": bound.is_overturned,
        "fewest_active_lost_with_wearing_off": bound.fewest,
        "p_at_fewest": bound.fewest_p,
        "if_all_lost_with_wearing_off_active": _show(bound.worst),
        "p_then": bound.worst_p,
        "if_all_lost_without_active": _show(bound.best),
        "p_otherwise": bound.best_p,
    }


def _show(table: TwoByTwo) -> str:
    return f"{table.exposed_events}/{table.exposed_total} v {table.other_events}/{table.other_total}"
