"""Rules on days: gaps, order, plans, deaths, and the same thing twice on one day."""

from __future__ import annotations

import numpy as np
import polars as pl

from wearoff.cohort.quality.prepared import NotChecked, Prepared, after, before, found
from wearoff.cohort.quality.rules import QualityRule

DEATH_WORDS = r"(?i)\b(death|died|dead|deceased|exitus)\b"


def infusion_gap(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Infusions that came too long after the one before."""
    return at.lacks("infusion") or _between_infusions(at, pl.col("gap_d") > rule["longest_d"])


def infusion_too_soon(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Infusions that came too soon after the one before."""
    return at.lacks("infusion") or _between_infusions(at, pl.col("gap_d") < rule["shortest_d"])


def infusion_order(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Infusions whose row stands against the order in time of the other rows of the file."""
    if (lacking := at.lacks("infusion")) is not None:
        return lacking
    steps = at.infusions.sort("row").with_columns(
        row_above=pl.col("row").shift(1).over("patient_id"),
        date_above=pl.col("date").shift(1).over("patient_id"),
        step=pl.col("start_time").diff().over("patient_id").dt.total_seconds().sign(),
    )
    known = steps["step"].drop_nulls().to_numpy()
    if not known.size:
        return NotChecked("no patient has two infusions")
    direction = 1 if np.mean(known > 0) >= 0.5 else -1
    against = float(np.mean(known * direction < 0))
    if against > rule["most_against"]:
        return NotChecked(f"the file is in no order of time: {100 * against:.0f} % of rows stand against it")
    odd = steps.filter(pl.col("step") * direction < 0)
    seen = pl.format("{} stands below {} of row {}", "date", "date_above", "row_above")
    return found(odd, "infusion", seen, other_row=pl.col("row_above"))


def infusion_far_from_plan(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Infusions given long before or after the planned day."""
    if (lacking := at.lacks("infusion")) is not None:
        return lacking
    planned = at.infusions.filter(pl.col("planned_date").is_not_null())
    if planned.is_empty():
        return NotChecked("no planned_date")
    off = (pl.col("date") - pl.col("planned_date")).dt.total_days()
    seen = pl.format("given {}, planned {}: {} days", "date", "planned_date", off)
    return found(planned.filter(off.abs() > rule["most_d"]), "infusion", seen)


def visit_gap(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Visits that came too long after the one before, or after or before the ends of follow-up."""
    return at.lacks("visit") or _gaps(at, "visit", rule["longest_d"])


def scan_gap(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Scans that came too long after the one before, or after or before the ends of follow-up."""
    return at.lacks("mri") or _gaps(at, "mri", rule["longest_d"])


def after_death(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Rows of any table dated after the patient's death."""
    cohort = at.cohort
    told = [
        cohort.event.filter(pl.col("kind").str.contains(DEATH_WORDS)).select(
            "patient_id", died="start_date", by=pl.lit("event"), by_row="row"
        ),
        cohort.patient.filter(pl.col("end_reason").str.contains(DEATH_WORDS)).select(
            "patient_id", died="followup_end", by=pl.lit("end of follow-up, patient"), by_row="row"
        ),
        cohort.visit.filter(pl.col("edss") >= rule["edss_of_death"]).select(
            "patient_id", died="date", by=pl.lit("EDSS 10, visit"), by_row="row"
        ),
    ]
    deaths = (
        pl.concat(told)
        .filter(pl.col("died").is_not_null())
        .sort("died")
        .group_by("patient_id", maintain_order=True)
        .first()
    )
    if deaths.is_empty():
        return NotChecked("no death recorded")
    dated = {
        "infusion": at.infusions.select("row", "patient_id", "date"),
        "measurement": at.samples.select("row", "patient_id", "date"),
        "visit": cohort.visit.select("row", "patient_id", "date"),
        "relapse": cohort.relapse.select("row", "patient_id", date="onset_date"),
        "mri": cohort.mri.select("row", "patient_id", "date"),
        "wearing_off": cohort.wearing_off.select("row", "patient_id", "date"),
        "diary": cohort.diary.select("row", "patient_id", date=pl.col("week_ending") - pl.duration(days=6)),
        "score": cohort.score.select("row", "patient_id", "date"),
    }
    seen = pl.format("{}, died {} ({} row {})", "date", "died", "by", "by_row")
    return pl.concat(
        found(rows.join(deaths, on="patient_id").filter(pl.col("date") > pl.col("died")), table, seen)
        for table, rows in dated.items()
    )


def same_day_duplicate(at: Prepared, _: QualityRule) -> pl.DataFrame | NotChecked:
    """Rows that state the same thing on one day, apart from those that reading refused."""
    if all(at.lacks(table) is not None for table in ("measurement", "mri", "score", "event")):
        return NotChecked("no table measurement, mri, score or event")
    cohort = at.cohort
    same = {
        name: pl.col(name).str.strip_chars().str.to_lowercase().alias(f"same_{name}")
        for name in ("instrument", "kind")
    }
    samples = _repeated(
        at.samples,
        "measurement",
        ["patient_id", "time", "analyte", "subset", "method", "lab"],
        pl.format(
            "{} {} {}", "analyte", pl.col("value").cast(pl.String).fill_null("without a value"), "time"
        ),
    )
    regions = (
        cohort.mri.filter(pl.struct("patient_id", "date").is_duplicated())
        .filter(
            (pl.col("region").is_null() | (pl.col("region") == "brain_and_spine"))
            .any()
            .over("patient_id", "date")
        )
        .pipe(
            _repeated,
            "mri",
            ["patient_id", "date"],
            pl.format("a scan of {}", pl.col("region").fill_null("an unnamed region")),
        )
    )
    scores = _repeated(
        cohort.score.with_columns(same["instrument"]),
        "score",
        ["patient_id", "date", "same_instrument"],
        pl.format("{} {}", "instrument", "value"),
    )
    events = _repeated(
        cohort.event.with_columns(same["kind"], date=pl.col("start_date")),
        "event",
        ["patient_id", "date", "same_kind"],
        pl.col("kind"),
    )
    return pl.concat([samples, regions, scores, events])


def diary_overlap(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Diary weeks that begin before the week before has ended."""
    if (lacking := at.lacks("diary")) is not None:
        return lacking
    weeks = at.cohort.diary.sort("patient_id", "week_ending").with_columns(
        before=before("week_ending"),
        row_before=before("row"),
    )
    apart = (pl.col("week_ending") - pl.col("before")).dt.total_days()
    return found(
        weeks.filter(apart < rule["week_d"]),
        "diary",
        pl.format("weeks ending {} and {}", "before", "week_ending"),
        date=pl.col("week_ending"),
        other_row=pl.col("row_before"),
    )


def refused_on_reading(at: Prepared, _: QualityRule) -> pl.DataFrame | NotChecked:
    """Every refusal of the receipt."""
    said = pl.concat_str(
        [
            pl.concat_str([pl.col("column"), pl.lit(" "), pl.col("value"), pl.lit(": ")]).fill_null(""),
            pl.col("reason"),
        ]
    )
    return found(
        at.cohort.receipt.refusals.with_columns(said=said), "", pl.col("said"), date=pl.lit(None)
    ).with_columns(table=at.cohort.receipt.refusals["table"])


def _between_infusions(at: Prepared, is_odd: pl.Expr) -> pl.DataFrame:
    seen = pl.format("{} days after {}", "gap_d", "date_before")
    return found(at.infusions.filter(is_odd), "infusion", seen, other_row=pl.col("row_before"))


def _gaps(at: Prepared, table: str, longest_d: float) -> pl.DataFrame:
    """Gaps between rows of a table and from and to the ends of follow-up; patients without any row."""
    people = at.cohort.patient.select("patient_id", "followup_start", "followup_end", patient_row="row")
    rows = (
        at.cohort.tables[table]
        .select("row", "patient_id", "date")
        .sort("patient_id", "date", "row")
        .join(people, on="patient_id", how="left", maintain_order="left")
        .with_columns(
            row_before=before("row"),
            before=before("date"),
            is_last=after("row").is_null(),
        )
    )
    between = rows.with_columns(
        gap=(pl.col("date") - pl.coalesce("before", "followup_start")).dt.total_days(),
        since=pl.coalesce("before", "followup_start"),
    ).filter(pl.col("gap") > longest_d)
    to_end = rows.filter("is_last").with_columns(
        gap=(pl.col("followup_end") - pl.col("date")).dt.total_days()
    )
    whole = (pl.col("followup_end") - pl.col("followup_start")).dt.total_days()
    without = (
        people.join(rows, on="patient_id", how="anti")
        .with_columns(gap=whole, row=pl.col("patient_row"), date=pl.col("followup_end"))
        .filter(pl.col("gap") > longest_d)
    )
    return pl.concat(
        [
            found(
                between,
                table,
                pl.format("{} days after {}", "gap", "since"),
                other_row=pl.col("row_before"),
            ),
            found(
                to_end.filter(pl.col("gap") > longest_d),
                table,
                pl.format("none in the {} days to the end of follow-up {}", "gap", "followup_end"),
            ),
            found(without, "patient", pl.format("none in {} days of follow-up", "gap")),
        ]
    )


def _repeated(frame: pl.DataFrame, table: str, key: list[str], what: pl.Expr) -> pl.DataFrame:
    """A finding for each row after the first of a group with one key, naming the first."""
    several = (
        frame.sort("row")
        .filter(pl.struct(key).is_duplicated())
        .with_columns(first=pl.col("row").first().over(key))
        .filter(pl.col("row") != pl.col("first"))
    )
    return found(several, table, pl.format("{}, also in row {}", what, "first"), other_row=pl.col("first"))
