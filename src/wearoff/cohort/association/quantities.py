"""Level, occupancy and weight by wearing-off: rank methods with a shift and its interval.

Do those who wear off have lower occupancy or troughs, or more weight? Each quantity is one value a patient;
values of different assays, subsets or laboratories are different quantities and are never pooled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from wearoff.cohort.wearing_off import ANSWERS, CODINGS, Coding
from wearoff.stats import RankTest, jonckheere, kruskal_wallis, mann_whitney, spearman

ASSOCIATION_SCHEMA = {
    **dict.fromkeys(("quantity", "unit", "comparison", "n"), pl.String),
    **dict.fromkeys(("estimate", "low", "high", "p"), pl.Float64),
    **dict.fromkeys(("method", "note"), pl.String),
}


def quantity_associations(values: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Each quantity against the answer: over three groups, ordered, and in both codings.

    Args:
        values: long table with patient_id, answer, quantity, unit, value: one value a patient and quantity.
        seed: seed of the permutations behind the ordered test.

    Returns:
        Rows of `ASSOCIATION_SCHEMA`; a shift is wearing-off minus the rest, in the quantity's unit.
    """
    rows: list[dict[str, object]] = []
    for (quantity, unit), part in values.group_by("quantity", "unit", maintain_order=True):
        known = part.filter(pl.col("answer").is_in(ANSWERS) & pl.col("value").is_not_null())
        groups = [known.filter(pl.col("answer") == answer)["value"].to_numpy() for answer in ANSWERS]
        counts = " / ".join(str(len(group)) for group in groups)
        base = {"quantity": quantity, "unit": unit}
        three = kruskal_wallis(groups)
        ordered = jonckheere(groups, seed=seed)
        rows.append(
            base
            | {"comparison": "never / sometimes / regularly", "n": counts, "estimate": None}
            | {"low": None, "high": None, "p": three.p, "method": three.method, "note": three.note or ""}
        )
        rows.append(
            base
            | {"comparison": "ordered answer", "n": counts, "estimate": None, "low": None, "high": None}
            | {"p": ordered.p, "method": ordered.method, "note": ordered.note or _permutation(ordered)}
        )
        for coding in CODINGS.values():
            exposed = known.filter(coding.exposed_expression)["value"].to_numpy()
            other = known.filter(~coding.exposed_expression)["value"].to_numpy()
            rows.append(base | _shift_row(coding, exposed, other))
    return pl.DataFrame(rows, schema=ASSOCIATION_SCHEMA)


def _permutation(test: RankTest) -> str:
    if test.p_permutation is None:
        return ""
    return f"permutation p {test.p_permutation:.2g} (Monte Carlo SE {test.monte_carlo_se:.1g})"


def _shift_row(coding: Coding, exposed: np.ndarray, other: np.ndarray) -> dict[str, object]:
    test = mann_whitney(exposed, other)
    return {
        "comparison": f"{coding.exposed_label} minus {coding.other_label}",
        "n": f"{len(exposed)} v {len(other)}",
        "estimate": test.shift,
        "low": None if test.interval is None else test.interval.low,
        "high": None if test.interval is None else test.interval.high,
        "p": test.p,
        "method": test.method,
        "note": test.note or "",
    }


def correlations(values: pl.DataFrame, pairs: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """Spearman's correlation between pairs of quantities, over the patients that have both.

    Args:
        values: the long table of `quantity_associations`.
        pairs: names of quantities.
    """
    rows: list[dict[str, object]] = []
    for first, second in pairs:
        both = values.filter(pl.col("quantity") == first).join(
            values.filter(pl.col("quantity") == second), on="patient_id", suffix="_2"
        )
        both = both.filter(pl.col("value").is_not_null() & pl.col("value_2").is_not_null())
        test = spearman(both["value"].to_numpy(), both["value_2"].to_numpy())
        rows.append(
            {
                "quantity": f"{first} and {second}",
                "unit": "correlation",
                "comparison": "all patients with both",
                "n": str(both.height),
                "estimate": test.estimate,
                "low": None if test.interval is None else test.interval.low,
                "high": None if test.interval is None else test.interval.high,
                "p": test.p,
                "method": test.method,
                "note": test.note or "",
            }
        )
    return pl.DataFrame(rows, schema=ASSOCIATION_SCHEMA)
