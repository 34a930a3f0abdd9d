"""One virtual study as it is recorded: its tables, what each arm was given, and who decided what and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.results import Section, Table
from wearoff.cohort.wording import count
from wearoff.dosing.intervals import YEAR_D
from wearoff.trial.reading.at_entry import ARM
from wearoff.trial.reading.methods import kind_of, load_method

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Protocol

__all__ = ["EXAMPLE_PATIENTS", "decision_section", "example_section"]

EXAMPLE_PATIENTS = 3
"""So many patients of the example are shown."""
_ROWS = 60
_DECISIONS = 60
_SAME_WEEKS = 1e-6


def example_section(
    tables: dict[str, Table], example: Cohort, results: pl.DataFrame | None, protocol: Protocol
) -> Section:
    """The records of one virtual study: how many rows, and those of its first patients."""
    patients = _first_study(example)
    whole = {
        name: frame.filter(pl.col("patient_id").is_in(patients))
        for name, frame in example.tables.items()
        if name in example.present
    }
    tables["example_counts"] = Table(
        "example_counts",
        "Rows of one virtual study",
        pl.DataFrame(
            [
                {"table": name, "rows": frame.height, "patients": frame["patient_id"].n_unique()}
                for name, frame in whole.items()
            ],
            schema={"table": pl.String, "rows": pl.Int64, "patients": pl.Int64},
        ),
    )
    tables["example_arms"] = Table(
        "example_arms",
        "Infusions of one virtual study by arm",
        _infusions_by_arm(whole),
        "Infusions from entry on and before the end of follow-up; the interval is the mean time between two of them.",
    )
    names = ["example_counts", "example_arms"]
    for name, frame in whole.items():
        rows = frame.filter(pl.col("patient_id").is_in(patients[:EXAMPLE_PATIENTS]))
        said = [
            column for column in rows.columns if column != "row" and rows[column].null_count() < rows.height
        ]
        if rows.height and said:
            title = f"Table {name}: the first {count(EXAMPLE_PATIENTS, 'patient')}"
            tables[f"example_{name}"] = Table(f"example_{name}", title, rows.select(said).head(_ROWS))
            names.append(f"example_{name}")
    if results is not None:
        tables["example_results"] = Table(
            "example_results", "What its analyses found", _with_measures(results, protocol)
        )
        names.insert(0, "example_results")
    return Section(
        "One virtual study",
        (
            f"What is recorded of one virtual study of {count(len(patients), 'patient')}, in the tables of any "
            f"cohort; the rows of its first {count(EXAMPLE_PATIENTS, 'patient')} are shown, without columns in which "
            "nothing stands.",
        ),
        tables=tuple(names),
    )


def _infusions_by_arm(whole: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """How many infusions each arm took, for each year that its patients were followed."""
    patient = whole["patient"].select("patient_id", entry="followup_start", end="followup_end")
    arms = whole["event"].filter(pl.col("kind") == ARM).select("patient_id", arm=pl.col(ARM).cast(pl.String))
    given = (
        whole["infusion"]
        .select("patient_id", day=pl.col("start_time").dt.date())
        .join(patient, on="patient_id")
        .filter((pl.col("day") >= pl.col("entry")) & (pl.col("day") <= pl.col("end")))
        .sort("patient_id", "day")
        .with_columns(gap_d=pl.col("day").diff().over("patient_id").dt.total_days())
        .group_by("patient_id")
        .agg(infusions=pl.len(), gap_d=pl.col("gap_d").sum(), gaps=pl.col("gap_d").count())
    )
    years = (pl.col("end") - pl.col("entry")).dt.total_days() / YEAR_D
    return (
        patient.with_columns(years=years)
        .join(arms, on="patient_id", how="left")
        .join(given, on="patient_id", how="left")
        .group_by("arm")
        .agg(
            patients=pl.len().cast(pl.Int64),
            infusions=pl.col("infusions").sum().cast(pl.Int64),
            infusions_per_year=pl.col("infusions").sum() / pl.col("years").sum(),
            mean_interval_weeks=pl.col("gap_d").sum() / pl.col("gaps").sum() / 7,
        )
        .sort("arm")
    )


def _with_measures(results: pl.DataFrame, protocol: Protocol) -> pl.DataFrame:
    """The rows of results with what is estimated before each estimate, and its unit behind it."""
    methods = {analysis.name: load_method(analysis.method) for analysis in protocol.analyses}
    units = {
        analysis.name: methods[analysis.name].unit(kind_of(analysis, protocol)) or None
        for analysis in protocol.analyses
    }
    name = pl.col("analysis")
    measures = {each: method.measure for each, method in methods.items()}
    found = results.with_columns(
        measure=name.replace_strict(measures, default=None, return_dtype=pl.String),
        unit=name.replace_strict(units, default=None, return_dtype=pl.String),
    )
    first = ("replicate", "look", "analysis", "measure", "estimate", "low", "high", "unit")
    return found.select(*first, pl.exclude(first))


def _first_study(example: Cohort) -> list[str]:
    """The patients of the first study in the tables, told by the beginning of their names."""
    names = list(example.patients)
    first = names[0].rsplit("-", 1)[0] if names else ""
    return [name for name in names if name.rsplit("-", 1)[0] == first]


def decision_section(tables: dict[str, Table], decisions: pl.DataFrame) -> Section:
    """Who decided what about intervals, and why."""
    if not decisions.height:
        return Section("Decisions on intervals", ("No interval was decided on again after entry.",))
    change = pl.col("to_weeks") - pl.col("from_weeks")
    led = (
        pl.when(change > _SAME_WEEKS)
        .then(pl.lit("longer"))
        .when(change < -_SAME_WEEKS)
        .then(pl.lit("shorter"))
    )
    tables["decision_counts"] = Table(
        "decision_counts",
        "Decisions by arm, who decided and where they led",
        decisions.with_columns(interval=led.otherwise(pl.lit("as before")))
        .group_by("arm", "by", "interval")
        .agg(
            decisions=pl.len().cast(pl.Int64),
            patients=pl.col("patient_id").n_unique().cast(pl.Int64),
            mean_to_weeks=pl.col("to_weeks").mean(),
        )
        .sort("arm", "by", "interval"),
    )
    tables["decisions"] = Table(
        "decisions",
        "The first decisions",
        decisions.sort("patient_id", "day").drop("replicate", strict=False).head(_DECISIONS),
        "Day counts from the patient's entry; the level is the trough that decided, measured or predicted.",
    )
    return Section(
        "Decisions on intervals",
        (
            f"{count(decisions.height, 'decision')} on intervals of "
            f"{count(decisions['patient_id'].n_unique(), 'patient')} of one virtual study, each with its reason.",
        ),
        tables=("decision_counts", "decisions"),
    )
