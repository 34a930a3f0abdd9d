"""What is recorded of each patient at entry: the arm, and the covariates that weights may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from wearoff.dosing.intervals import YEAR_D

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

__all__ = ["ARM", "covariates_at_entry", "recorded_arms"]

ARM = "arm"
"""The kind of event that an arm is recorded as, and the column that names it."""
TREATED_SINCE = "treated_since"
"""The column of that event with the date of the first dose, which may lie before the first recorded infusion."""
EDSS_WITHIN_D = 30
"""An EDSS up to so many days after entry is the one at entry, else the last before it (assumed)."""


def recorded_arms(cohort: Cohort) -> pl.Series:
    """The arm of each of `cohort.patients`: the first event of kind `arm`; null without one."""
    people = _people(cohort)
    if ARM not in cohort.event.columns:
        return pl.repeat(None, people.height, dtype=pl.String, eager=True).alias(ARM)
    first = (
        cohort.event.filter(pl.col("kind") == ARM)
        .sort("patient_id", "start_date", "row")
        .unique("patient_id", keep="first", maintain_order=True)
        .select("patient_id", pl.col(ARM).cast(pl.String))
    )
    return people.join(first, on="patient_id", how="left", maintain_order="left")[ARM]


def covariates_at_entry(cohort: Cohort) -> dict[str, pl.Series]:
    """Covariates of each of `cohort.patients` as they were recorded by entry; null where they were not.

    Returns:
        `age`, `ms_years` and `treatment_years` (years), `is_female` (0 or 1), `edss`, `weight_kg`, `height_cm`,
        `jcv_index` (0 below its limit), and `infusions` (recorded before entry).
    """
    people = _people(cohort).join(
        cohort.patient.unique("patient_id", keep="first").select(
            "patient_id", "birth_year", "sex", "height_cm", "ms_onset_date", entry="followup_start"
        ),
        on="patient_id",
        how="left",
        maintain_order="left",
    )
    entries = people.select("patient_id", "entry")

    def by_entry(frame: pl.DataFrame, when: pl.Expr, value: str, slack_d: int = 0) -> pl.DataFrame:
        """The last value by entry, else the first within the slack behind it."""
        known = (
            frame.with_columns(when=when)
            .filter(pl.col(value).is_not_null())
            .join(entries, on="patient_id", how="inner")
            .with_columns(after=(pl.col("when") - pl.col("entry")).dt.total_days())
            .filter(pl.col("after") <= slack_d)
            .with_columns(
                distance=pl.when(pl.col("after") > 0)
                .then(10_000 + pl.col("after"))
                .otherwise(-pl.col("after"))
            )
            .sort("patient_id", "distance")
        )
        return known.unique("patient_id", keep="first", maintain_order=True).select("patient_id", value)

    # below its limit the index is that of somebody without antibodies against the virus
    index = pl.when(pl.col("below_lloq") == "Y").then(0.0).otherwise(pl.col("value"))
    given = pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date()
    drawn = pl.col("time").dt.convert_time_zone(cohort.timezone).dt.date()
    indices = cohort.measurement.filter(pl.col("analyte") == "jcv_index").with_columns(jcv_index=index)
    before = (
        cohort.infusion.with_columns(when=given)
        .join(entries, on="patient_id", how="inner")
        .filter(pl.col("when") < pl.col("entry"))
        .group_by("patient_id")
        .agg(infusions=pl.len().cast(pl.Float64))
    )
    for part in (
        by_entry(cohort.visit, pl.col("date"), "edss", EDSS_WITHIN_D),
        by_entry(cohort.infusion, given, "weight_kg", EDSS_WITHIN_D),
        by_entry(indices, drawn, "jcv_index", EDSS_WITHIN_D),
        _treated_since(cohort),
        before,
    ):
        people = people.join(part, on="patient_id", how="left", maintain_order="left")
    found = people.select(
        age=(pl.col("entry").dt.year() - pl.col("birth_year")).cast(pl.Float64),
        is_female=pl.col("sex").replace_strict({"F": 1.0, "M": 0.0}, default=None, return_dtype=pl.Float64),
        ms_years=(pl.col("entry") - pl.col("ms_onset_date")).dt.total_days() / YEAR_D,
        treatment_years=(pl.col("entry") - pl.col(TREATED_SINCE)).dt.total_days() / YEAR_D,
        edss=pl.col("edss").cast(pl.Float64),
        weight_kg=pl.col("weight_kg").cast(pl.Float64),
        height_cm=pl.col("height_cm").cast(pl.Float64),
        jcv_index=pl.col("jcv_index").cast(pl.Float64),
        infusions=pl.col("infusions").fill_null(0.0),
    )
    return {name: found[name] for name in found.columns}


def _treated_since(cohort: Cohort) -> pl.DataFrame:
    """Since when each patient has been treated, where it was recorded with the arm."""
    said = TREATED_SINCE if TREATED_SINCE in cohort.event.columns else None
    frame = cohort.event.filter(pl.col("kind") == ARM)
    since = pl.lit(None, pl.String) if said is None else pl.col(said).cast(pl.String)
    return frame.select(
        "patient_id", since.str.to_date("%Y-%m-%d", strict=False).alias(TREATED_SINCE)
    ).unique("patient_id", keep="first", maintain_order=True)


def _people(cohort: Cohort) -> pl.DataFrame:
    return pl.DataFrame({"patient_id": list(cohort.patients)}, schema={"patient_id": pl.String})
