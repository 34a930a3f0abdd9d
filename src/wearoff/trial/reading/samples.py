"""Measured troughs of each patient since entry: levels and receptor occupancies at the end of an interval.

A sample speaks for the end of an interval if it was drawn on the same cycle day or later as `wearoff study` asks for,
and before the next infusion. Another assay, subset or laboratory is another quantity and never pooled: where there are
several, the one with the most samples counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.cohort.values import TROUGH_FROM_DAY

if TYPE_CHECKING:
    from jaxtyping import Shaped

    from wearoff.cohort.records import Cohort

__all__ = ["trough_samples_since_entry"]

_DAY_S = 86_400


def trough_samples_since_entry(
    cohort: Cohort, day_zero: Shaped[np.ndarray, " patients"], analyte: str, last_d: int
) -> dict[str, pl.Series]:
    """The troughs of each patient from entry to a day, in order, and their mean.

    Args:
        cohort: the records.
        day_zero: date of entry of each of `cohort.patients`, NaT where there is none.
        analyte: `natalizumab_conc` (mg/L) or `receptor_occupancy` (given in %).
        last_d: the last day since entry that counts.

    Returns:
        `value` and `samples` of every trough, `arm_value` and `arm_samples` of those whose interval began at entry
        or later, so that the arm had decided it. Null and an empty list without one. A level that the laboratory
        gave no number for, such as one below the limit of quantification, is left out.
    """
    patients = pl.DataFrame(
        {
            "patient_id": pl.Series(list(cohort.patients), dtype=pl.String),
            "zero": pl.Series(day_zero).cast(pl.Date),
        }
    )
    infusions = cohort.infusion.select("patient_id", given="start_time").sort("given")
    factor = 100.0 if analyte == "receptor_occupancy" else 1.0
    samples = (
        cohort.measurement.filter((pl.col("analyte") == analyte) & pl.col("value").is_not_null())
        .select(
            "patient_id",
            "time",
            value=pl.col("value") * factor,
            quantity=pl.concat_str(
                *(pl.col(name).fill_null("") for name in ("method", "subset", "lab")), separator=", "
            ),
        )
        .join(patients, on="patient_id", how="inner")
        .sort("time")
        .join_asof(
            infusions,
            left_on="time",
            right_on="given",
            by="patient_id",
            allow_exact_matches=False,
            check_sortedness=False,
        )
    )

    def day_of(column: str) -> pl.Expr:
        local = pl.col(column).dt.convert_time_zone(cohort.timezone).dt.date()
        return (local - pl.col("zero")).dt.total_days()

    cycle_s = (pl.col("time") - pl.col("given")).dt.total_seconds()
    troughs = samples.filter(
        (cycle_s >= TROUGH_FROM_DAY * _DAY_S) & (day_of("time") >= 0) & (day_of("time") <= last_d)
    ).with_columns(is_of_arm=day_of("given") >= 0)
    counted = troughs.group_by("quantity").len().sort("len", "quantity", descending=[True, False])
    if counted.height > 1:
        troughs = troughs.filter(pl.col("quantity") == counted["quantity"][0])
    of_arm = pl.col("value").filter("is_of_arm")
    each = troughs.group_by("patient_id", maintain_order=True).agg(
        value_=pl.col("value").mean(),
        samples=pl.col("value"),
        arm_value=of_arm.mean(),
        arm_samples=of_arm,
    )
    found = patients.join(each, on="patient_id", how="left", maintain_order="left").with_columns(
        pl.col(name).fill_null([]) for name in ("samples", "arm_samples")
    )
    return {
        "value": found["value_"],
        "samples": found["samples"],
        "arm_value": found["arm_value"],
        "arm_samples": found["arm_samples"],
    }
