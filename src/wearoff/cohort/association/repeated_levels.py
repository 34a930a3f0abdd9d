"""Levels and occupancies of every sample by wearing-off, with the samples of one patient taken together.

A patient who was sampled six times says more than one sampled once, and less than six patients. A random intercept for
each patient weighs this; weight and the laboratory are held beside it. A value of another assay, or a level of another
laboratory, is another quantity and never pooled.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from wearoff.cohort.wearing_off import CODINGS, Coding
from wearoff.stats import indicators, is_shown, random_intercept

FEWEST_PATIENTS = 10
"""Fewer patients with an answer and a sample give no model (assumed)."""

SAMPLE_SCHEMA = {
    **dict.fromkeys(("patient_id", "answer", "quantity", "unit", "lab"), pl.String),
    **dict.fromkeys(("value", "weight"), pl.Float64),
}
REPEATED_SCHEMA = {
    **dict.fromkeys(("quantity", "unit", "coding", "adjusted_for"), pl.String),
    **dict.fromkeys(("patients", "samples"), pl.Int64),
    **dict.fromkeys(("difference", "low", "high", "p", "between_sd", "within_sd"), pl.Float64),
    **dict.fromkeys(("verdict", "note"), pl.String),
}


def repeated_level_table(samples: pl.DataFrame) -> pl.DataFrame:
    """The mean difference of each quantity with against without wearing-off, by a mixed model of the samples.

    Args:
        samples: columns of `SAMPLE_SCHEMA`, one row a sample; `weight` in kg, null where not known.

    Returns:
        Columns of `REPEATED_SCHEMA`: for each quantity and coding a row alone, and one with weight held and, where the
        samples come from several laboratories, the laboratory. Where there is no model the verdict is uninformative
        and `note` says why.
    """
    rows = []
    for (quantity, unit), part in samples.group_by("quantity", "unit", maintain_order=True):
        for coding in CODINGS.values():
            grouped = part.with_columns(exposed=coding.exposed_expression).filter(
                pl.col("exposed").is_not_null() & pl.col("value").is_finite()
            )
            for is_adjusted in (False, True):
                row = {"quantity": quantity, "unit": unit, "coding": coding.name}
                rows.append(row | _row(grouped, coding, is_adjusted=is_adjusted))
    return pl.DataFrame(rows, schema=REPEATED_SCHEMA)


def _row(grouped: pl.DataFrame, coding: Coding, *, is_adjusted: bool) -> dict[str, object]:
    rows = grouped.filter(pl.col("weight").is_not_null()) if is_adjusted else grouped
    labs = rows["lab"].fill_null("not stated").to_list()
    holds_lab = is_adjusted and len(set(labs)) > 1
    held = ["weight"] * is_adjusted + ["laboratory"] * holds_lab
    row: dict[str, object] = dict.fromkeys(list(REPEATED_SCHEMA)[3:])
    patients = rows["patient_id"].n_unique()
    row |= {
        "adjusted_for": " and ".join(held) or "nothing",
        "patients": patients,
        "samples": rows.height,
        "verdict": "uninformative",
    }
    if patients < FEWEST_PATIENTS:
        return row | {"note": f"fewer than {FEWEST_PATIENTS} patients"}
    exposed = rows["exposed"].to_numpy()
    if exposed.all() or not exposed.any():
        return row | {"note": "all are in one group"}
    columns, names = [exposed.astype(np.float64)], [coding.exposed_label]
    if is_adjusted:
        columns.append(rows["weight"].to_numpy())
        names.append("weight")
    if holds_lab:
        more, more_names = indicators(labs, name="laboratory")
        columns += list(more.T)
        names += more_names
    try:
        fit = random_intercept(
            rows["value"].to_numpy(), np.column_stack(columns), rows["patient_id"].to_list(), names=names
        )
    except ValueError as refused:
        return row | {"note": str(refused)}
    term = fit.terms[0]
    return row | {
        "difference": term.coefficient,
        "low": term.interval.low,
        "high": term.interval.high,
        "p": term.p,
        "between_sd": fit.between_sd,
        "within_sd": fit.within_sd,
        "verdict": "difference shown" if is_shown(term.p) else "no difference shown",
        "note": fit.note,
    }
