"""Who reports wearing-off more often: odds ratios over the ordered answer, with weight and site held.

Never, sometimes, regularly is an order, and cutting it in two throws part of it away. Proportional odds regression
keeps it: one odds ratio of a more frequent answer for each quantity, the same at both cuts, which is tested. A heavier
patient has a lower trough, so each quantity is shown alone and with weight held; sites that ask differently are held by
indicators.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from wearoff.cohort.wearing_off import ANSWERS
from wearoff.stats import indicators, is_shown, proportional_odds

FEWEST_PATIENTS = 10
"""Fewer patients with an answer and the quantity give no model (assumed)."""

ORDERED_SCHEMA = {
    **dict.fromkeys(("quantity", "unit", "adjusted_for"), pl.String),
    "patients": pl.Int64,
    **dict.fromkeys(("odds_ratio", "low", "high", "p", "same_at_both_cuts_p"), pl.Float64),
    **dict.fromkeys(("verdict", "note"), pl.String),
}


def ordered_answer_table(
    values: pl.DataFrame, quantities: Sequence[str], *, sites: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The odds ratio of a more frequent answer for one unit more of each quantity.

    Args:
        values: from `patient_values`.
        quantities: which of them.
        sites: columns patient_id and site, where patients come from several; None for one.

    Returns:
        Columns of `ORDERED_SCHEMA`, for each quantity a row alone and, but for weight itself, one with weight held.
        Where there are too few patients, or all gave one answer, the verdict is uninformative and `note` says why.
    """
    rows = []
    for quantity in quantities:
        mine = _wide(values, quantity)
        rows.append(_row(values, quantity, mine, None, sites))
        if quantity != "weight":
            held = mine.join(
                _wide(values, "weight").select("patient_id", weight="value"), on="patient_id", how="inner"
            )
            rows.append(_row(values, quantity, held, "weight", sites))
    return pl.DataFrame(rows, schema=ORDERED_SCHEMA)


def _wide(values: pl.DataFrame, quantity: str) -> pl.DataFrame:
    return values.filter((pl.col("quantity") == quantity) & pl.col("answer").is_in(ANSWERS)).select(
        "patient_id", "answer", "value"
    )


def _row(
    values: pl.DataFrame, quantity: str, rows: pl.DataFrame, held: str | None, sites: pl.DataFrame | None
) -> dict[str, object]:
    units = values.filter(pl.col("quantity") == quantity)["unit"].unique().to_list()
    row: dict[str, object] = dict.fromkeys(ORDERED_SCHEMA)
    adjusted = [name for name in (held, None if sites is None else "site") if name]
    row |= {
        "quantity": quantity,
        "unit": units[0] if units else None,
        "adjusted_for": " and ".join(adjusted) or "nothing",
        "patients": rows.height,
        "verdict": "uninformative",
    }
    if sites is not None:
        rows = rows.join(sites.select("patient_id", "site"), on="patient_id", how="inner")
        row["patients"] = rows.height
    if rows.height < FEWEST_PATIENTS:
        return row | {"note": f"fewer than {FEWEST_PATIENTS} patients"}
    if rows["answer"].n_unique() < 2:
        return row | {"note": "all gave the same answer"}
    columns, names = [rows["value"].to_numpy()], [quantity]
    if held is not None:
        columns.append(rows[held].to_numpy())
        names.append(held)
    if sites is not None:
        site_columns, site_names = indicators(rows["site"].to_list(), name="site")
        columns += list(site_columns.T)
        names += site_names
    order = [ANSWERS.index(answer) for answer in rows["answer"].to_list()]
    try:
        fit = proportional_odds(order, np.column_stack(columns), names=names)
    except ValueError as refused:
        return row | {"note": str(refused)}
    if not fit.is_converged:
        return row | {"note": fit.note}
    term = fit.terms[0]
    limits = term.ratio_interval
    return row | {
        "odds_ratio": term.ratio,
        "low": limits.low,
        "high": limits.high,
        "p": term.p,
        "same_at_both_cuts_p": fit.parallel[0].p if fit.parallel else None,
        "verdict": "association shown" if is_shown(term.p) else "no association shown",
        "note": fit.note,
    }
