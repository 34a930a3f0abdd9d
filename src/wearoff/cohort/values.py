"""One value a patient for everything that wearing-off is compared with, and Table 1.

A quantity has a name and a unit. Measured occupancy of another assay or subset, and a level of another
laboratory, is another quantity: they are compared within themselves and never pooled.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.neda import RELAPSE, History
from wearoff.cohort.wearing_off import ANSWERS, CODINGS, NO_ANSWER
from wearoff.stats import standardised_differences

if TYPE_CHECKING:
    from wearoff.cohort.exposure import Exposure
    from wearoff.cohort.records import Cohort

TROUGH_FROM_DAY = 21
"""A sample on this cycle day or later, before the next infusion, speaks for the end of the interval (assumed)."""

VALUES_SCHEMA = {
    "patient_id": pl.String,
    "answer": pl.String,
    "quantity": pl.String,
    "unit": pl.String,
    "value": pl.Float64,
}
DAYS_PER_YEAR = 365.25


def patient_values(
    cohort: Cohort, histories: Iterable[History], answers: pl.DataFrame, exposure: Exposure
) -> pl.DataFrame:
    """Every quantity of every patient that has it, as a long table.

    Args:
        cohort: the records.
        histories: each patient's clock and EDSS.
        answers: from `answers_by_patient`.
        exposure: from `predict_exposure`.

    Returns:
        Columns of `VALUES_SCHEMA`; quantities in the order of Table 1.
    """
    parts = [
        *_from_records(cohort, histories),
        *_from_exposure(exposure),
        *_measured(exposure.measurements),
    ]
    long = pl.concat(
        part.select("patient_id", "quantity", "unit", pl.col("value").cast(pl.Float64)) for part in parts
    )
    return (
        long.filter(pl.col("value").is_not_null())
        .join(answers.select("patient_id", "answer"), on="patient_id", how="left", maintain_order="left")
        .select(*VALUES_SCHEMA)
    )


def _from_records(cohort: Cohort, histories: Iterable[History]) -> list[pl.DataFrame]:
    attributes = {row["patient_id"]: row for row in cohort.patient.to_dicts()}
    rows = []
    for history in histories:
        row, start = attributes.get(history.patient_id, {}), history.day_zero
        born, onset = row.get("birth_year"), row.get("ms_onset_date")
        first_edss = float(history.edss[0]) if len(history.edss) else None
        rows.append(
            {
                "patient_id": history.patient_id,
                "age": None if born is None or start is None else start.year - born,
                "duration": None if onset is None or start is None else (start - onset).days / DAYS_PER_YEAR,
                "edss": first_edss,
                "followup": None if history.observed_to is None else history.observed_to / DAYS_PER_YEAR,
            }
        )
    frame = pl.DataFrame(
        rows,
        schema={
            "patient_id": pl.String,
            **dict.fromkeys(("age", "duration", "edss", "followup"), pl.Float64),
        },
    )
    return [
        _quantity(frame, "age", "age at the start", "years"),
        _quantity(frame, "duration", "time since MS onset", "years"),
        _quantity(frame, "edss", "first EDSS", "points"),
        _quantity(frame, "followup", "follow-up", "years"),
    ]


def _from_exposure(exposure: Exposure) -> list[pl.DataFrame]:
    frame = exposure.patients
    return [
        _quantity(frame, "weight_kg", "weight", "kg"),
        _quantity(frame, "bmi", "body mass index", "kg/m2"),
        _quantity(frame, "infusions", "infusions recorded", "infusions"),
        _quantity(frame, "median_interval_weeks", "median interval", "weeks"),
        _quantity(frame, "mean_trough_p50", "predicted trough", "mg/L"),
    ]


def trough_samples(exposure: Exposure, answers: pl.DataFrame) -> pl.DataFrame:
    """Every level and occupancy measured at the end of an interval, one row a sample.

    Args:
        exposure: from `predict_exposure`.
        answers: from `answers_by_patient`.

    Returns:
        Columns patient_id, answer, quantity, unit, lab, value (mg/L or %), weight (kg, at the first infusion).
    """
    weights = exposure.patients.select("patient_id", weight="weight_kg")
    return (
        _at_trough(exposure.measurements)
        .join(answers.select("patient_id", "answer"), on="patient_id", how="left", maintain_order="left")
        .join(weights, on="patient_id", how="left", maintain_order="left")
        .select("patient_id", "answer", "quantity", "unit", "lab", "value", "weight")
    )


def _measured(measurements: pl.DataFrame) -> list[pl.DataFrame]:
    """Levels and occupancies measured at the end of the interval: the mean of a patient's samples."""
    return [
        _at_trough(measurements)
        .group_by("what", "quantity", "unit", "patient_id", maintain_order=True)
        .agg(pl.col("value").mean())
        .sort("what", "quantity", "patient_id", descending=[True, False, False])
    ]


def _at_trough(measurements: pl.DataFrame) -> pl.DataFrame:
    """The samples that speak for the end of an interval; another assay, subset or laboratory is another quantity."""
    is_occupancy = pl.col("analyte") == "receptor_occupancy"

    def told(*names: str) -> list[pl.Expr]:
        return [pl.col(name).fill_null(f"{name} not stated") for name in names]

    what = pl.when(is_occupancy).then(pl.lit("measured occupancy")).otherwise(pl.lit("measured trough"))
    return (
        measurements.filter(
            (pl.col("cycle_day") >= TROUGH_FROM_DAY)
            & pl.col("analyte").is_in(["natalizumab_conc", "receptor_occupancy"])
            & pl.col("value").is_not_null()
        )
        .with_columns(what=what)
        .with_columns(
            quantity=pl.when(is_occupancy)
            .then(pl.concat_str("what", *told("method", "subset"), separator=", "))
            .otherwise(pl.concat_str("what", *told("lab"), separator=", ")),
            unit=pl.when(is_occupancy).then(pl.lit("%")).otherwise(pl.lit("mg/L")),
            value=pl.when(is_occupancy).then(pl.col("value") * 100).otherwise(pl.col("value")),
        )
    )


def _quantity(frame: pl.DataFrame, column: str, name: str, unit: str) -> pl.DataFrame:
    return frame.select("patient_id", quantity=pl.lit(name), unit=pl.lit(unit), value=pl.col(column))


TABLE_ONE_COLUMNS = ("all", *ANSWERS, "no_answer")
SMD = "smd_any_vs_never"


def table_one(cohort: Cohort, answers: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Who was studied, by answer: counts and medians with quartiles, each with the number known.

    Args:
        cohort: the records.
        answers: from `answers_by_patient`.
        values: from `patient_values`.

    Returns:
        Columns characteristic, `TABLE_ONE_COLUMNS`, and `SMD`: the standardised mean difference, any wearing-off
        minus never, over those known; null where a group has nobody known or the characteristic does not vary.
    """
    groups = {"all": answers, **{name: answers.filter(pl.col("answer") == name) for name in ANSWERS}}
    groups["no_answer"] = answers.filter(pl.col("answer").is_null())
    rows: list[dict[str, str | float | None]] = [
        {"characteristic": "patients", **{name: str(group.height) for name, group in groups.items()}}
    ]
    sexes = cohort.patient.filter(pl.col("sex").is_not_null()).select("patient_id", "sex")
    for sex, label in (("F", "women"), ("M", "men"), ("X", "another sex"), ("U", "sex recorded as unknown")):
        counts = {}
        for name, group in groups.items():
            known = group.join(sexes, on="patient_id")
            matching = known.filter(pl.col("sex") == sex).height
            counts[name] = f"{matching} of {known.height}"
        if not all(text.startswith("0 ") for text in counts.values()):
            share = sexes.select("patient_id", value=(pl.col("sex") == sex).cast(pl.Float64))
            smd = _smd(share.join(answers.select("patient_id", "answer"), on="patient_id"))
            rows.append({"characteristic": f"{label}, of those known", **counts, SMD: smd})
    for (quantity, unit), part in values.group_by("quantity", "unit", maintain_order=True):
        cells = {
            name: _median(part.join(group.select("patient_id"), on="patient_id"))
            for name, group in groups.items()
        }
        title = f"{quantity} ({unit}), median (quartiles), n"
        rows.append({"characteristic": title, **cells, SMD: _smd(part)})
    return pl.DataFrame(
        rows,
        schema={
            "characteristic": pl.String,
            **dict.fromkeys(TABLE_ONE_COLUMNS, pl.String),
            SMD: pl.Float64,
        },
    )


def _smd(part: pl.DataFrame) -> float | None:
    """The standardised mean difference of one characteristic, any wearing-off minus never."""
    known = part.with_columns(exposed=CODINGS["any_vs_never"].exposed_expression).filter(
        pl.col("exposed").is_not_null() & pl.col("value").is_not_null()
    )
    exposed = known["exposed"].to_numpy()
    if not len(exposed) or exposed.all() or not exposed.any() or known["value"].n_unique() < 2:
        return None
    found = standardised_differences(exposed, known["value"].to_numpy()[:, None], names=["one"])[0].before
    return found if isfinite(found) else None


def _median(part: pl.DataFrame) -> str:
    known = part["value"].drop_nulls()
    if not len(known):
        return "none known"
    low, middle, high = (known.quantile(q, "linear") for q in (0.25, 0.5, 0.75))
    return f"{middle:.3g} ({low:.3g} to {high:.3g}), {len(known)}"


def timeline(cohort: Cohort, histories: Iterable[History], answers: pl.DataFrame) -> pl.DataFrame:
    """Every dated fact of every patient on days since day 0, for the picture of intervals and follow-up.

    Args:
        cohort: the records.
        histories: each patient's clock, and which reports count as relapses.
        answers: from `answers_by_patient`.

    Returns:
        Columns patient_id, kind (infusion, relapse, scan, visit, followup_end), day, interval_d, is_active, answer.
    """
    infusions = cohort.infusion.sort("patient_id", "start_time").with_columns(
        date=pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date(),
        interval_d=pl.col("start_time").diff().over("patient_id").dt.total_seconds() / 86400,
    )
    infusion_rows = {
        str(key[0]): part.select("date", "interval_d").rows()
        for key, part in infusions.partition_by("patient_id", as_dict=True).items()
    }
    rows: list[tuple[str, str, float, float | None, bool | None]] = []
    for history in histories:
        patient, start = history.patient_id, history.day_zero
        if start is None:
            continue
        given = infusion_rows.get(patient, [])
        rows += [
            (patient, "infusion", float((date - start).days), interval, None) for date, interval in given
        ]
        for relapse in history.relapses:
            rows.append((patient, "relapse", float(relapse.day), None, relapse.standing == RELAPSE))
        for scan in history.scans:
            rows.append((patient, "scan", float(scan.day), None, bool(scan.new_t2) or bool(scan.gd_lesions)))
        rows += [(patient, "visit", float(day), None, None) for day in history.visit_days]
        if history.observed_to is not None:
            rows.append((patient, "followup_end", float(history.observed_to), None, None))
    schema = {
        "patient_id": pl.String,
        "kind": pl.String,
        "day": pl.Float64,
        "interval_d": pl.Float64,
        "is_active": pl.Boolean,
    }
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .join(answers.select("patient_id", "answer"), on="patient_id", how="left", maintain_order="left")
        .with_columns(pl.col("answer").fill_null(NO_ANSWER))
    )
