"""A cohort made ready for the quality rules: days in its timezone, each infusion and sample beside the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.quality.rules import QualityRule

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

__all__ = ["Check", "NotChecked", "Prepared", "after", "before", "found", "number_text", "prepare"]

FINDING = {
    "table": pl.String,
    "row": pl.Int64,
    "other_row": pl.Int64,
    "patient_id": pl.String,
    "date": pl.Date,
    "seen": pl.String,
}


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Why a rule could not be applied, which is not the same as finding nothing."""

    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What the rules look at.

    Attributes:
        cohort: the records.
        infusions: the table infusion in order of time with `date`, and of the infusion before: `row_before`,
            `date_before`, `gap_d`.
        samples: the table measurement with `date`; `since_d`, `infusion_row`, `dose_mg` and `route` of the last
            infusion at or before; and `is_unordered` where an infusion of that day has no known order to it.
    """

    cohort: Cohort
    infusions: pl.DataFrame
    samples: pl.DataFrame

    def lacks(self, table: str) -> NotChecked | None:
        """Why nothing can be said of a table: its file is absent or has no accepted row."""
        if table not in self.cohort.present:
            return NotChecked(f"no table {table}")
        if self.cohort.tables[table].is_empty():
            return NotChecked(f"no accepted row in the table {table}")
        return None

    def without_relapse(self, suspects: pl.DataFrame) -> pl.DataFrame:
        """The suspects for whom no relapse began from `since` to `until`, dates both included."""
        explained = (
            suspects.select("row", "patient_id", "since", "until")
            .join(self.cohort.relapse.select("patient_id", "onset_date"), on="patient_id")
            .filter(pl.col("onset_date").is_between("since", "until"))
        )
        return suspects.join(explained, on="row", how="anti")


Check = Callable[[Prepared, QualityRule], pl.DataFrame | NotChecked]


def prepare(cohort: Cohort) -> Prepared:
    """The cohort with what several rules need worked out once."""
    zone = cohort.timezone
    infusions = (
        cohort.infusion.sort("patient_id", "start_time", "row")
        .with_columns(date=pl.col("start_time").dt.convert_time_zone(zone).dt.date())
        .with_columns(
            row_before=before("row"),
            date_before=before("date"),
        )
        .with_columns(gap_d=(pl.col("date") - pl.col("date_before")).dt.total_days())
    )
    by_day = infusions.group_by("patient_id", "date").agg(
        infused_date_only=pl.col("start_is_date_only").any().fill_null(value=False)
    )
    samples = (
        cohort.measurement.with_columns(date=pl.col("time").dt.convert_time_zone(zone).dt.date())
        .sort("time")
        .join_asof(
            infusions.select(
                "patient_id", "start_time", "dose_mg", "route", infusion_row="row", last_time="start_time"
            ).sort("start_time"),
            left_on="time",
            right_on="start_time",
            by="patient_id",
            check_sortedness=False,
        )
        .join(by_day, on=["patient_id", "date"], how="left")
        .with_columns(
            since_d=(pl.col("time") - pl.col("last_time")).dt.total_seconds() / 86400,
            is_unordered=pl.col("infused_date_only").is_not_null()
            & (pl.col("time_is_date_only") | pl.col("infused_date_only")),
        )
        .sort("row")
    )
    return Prepared(cohort, infusions, samples)


def before(column: str) -> pl.Expr:
    """The value in the patient's row before; the frame is in order of patients."""
    is_same = pl.col("patient_id") == pl.col("patient_id").shift(1)
    return pl.when(is_same).then(pl.col(column).shift(1))


def after(column: str) -> pl.Expr:
    """The value in the patient's row after; the frame is in order of patients."""
    is_same = pl.col("patient_id") == pl.col("patient_id").shift(-1)
    return pl.when(is_same).then(pl.col(column).shift(-1))


def found(
    frame: pl.DataFrame,
    table: str,
    seen: pl.Expr,
    *,
    date: pl.Expr | None = None,
    other_row: pl.Expr | None = None,
) -> pl.DataFrame:
    """Findings from the rows that a rule points at.

    Args:
        frame: those rows, with row, patient_id and date.
        table: their table.
        seen: what was seen, one phrase with its numbers.
        date: the day, where the column `date` is not it.
        other_row: the row of the same table that it was compared with.

    Returns:
        Columns table, row, other_row, patient_id, date, seen.
    """
    if frame.is_empty():
        return pl.DataFrame(schema=FINDING)
    return frame.rechunk().select(  # polars 2.1 panics where it makes text of columns in several chunks
        pl.lit(table).alias("table"),
        "row",
        (pl.lit(None) if other_row is None else other_row).cast(pl.Int64).alias("other_row"),
        "patient_id",
        (pl.col("date") if date is None else date).cast(pl.Date).alias("date"),
        seen.alias("seen"),
    )


def number_text(column: str | pl.Expr, digits: int = 3) -> pl.Expr:
    """A number as text to some significant digits, without a closing `.0`."""
    value = pl.col(column) if isinstance(column, str) else column
    return value.round_sig_figs(digits).cast(pl.Float64).cast(pl.String).str.strip_suffix(".0")
