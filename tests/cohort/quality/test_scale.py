from __future__ import annotations

import datetime as dt
import time

import numpy as np
import polars as pl
import pytest

from tests.cohort.cohorts import AS_OF, DAY_ZERO
from wearoff.cohort.quality import check_quality
from wearoff.cohort.records import Cohort
from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.cohort.records.receipt import make_receipt
from wearoff.cohort.records.schemas import empty_table

NOON = dt.datetime.combine(DAY_ZERO, dt.time(12), dt.UTC)


def many(patients: int) -> Cohort:
    """28 infusions, 6 levels, 13 visits with all scores, 5 scans and a relapse of each patient."""
    random = np.random.default_rng(1)
    ids = np.array([f"P{number:06d}" for number in range(patients)])

    def rows(each: int, step: int) -> pl.DataFrame:
        days = np.cumsum(random.integers(step - 3, step + 4, (patients, each)), axis=1).ravel()
        return pl.DataFrame({"patient_id": np.repeat(ids, each), "day": days}).with_columns(
            date=pl.lit(DAY_ZERO) + pl.duration(days="day"),
            time=(pl.lit(NOON) + pl.duration(days="day")).cast(pl.Datetime("us", "UTC")),
        )

    infusion = rows(28, 28).with_columns(
        start_is_date_only=pl.lit(value=False),
        weight_kg=pl.Series(random.normal(75, 2, 28 * patients)),
        dose_mg=pl.lit(300.0),
    )
    level = rows(6, 120).with_columns(
        time_is_date_only=pl.lit(value=False),
        analyte=pl.lit("natalizumab_conc"),
        unit=pl.lit("mg/L"),
        value=pl.Series(random.lognormal(3, 0.6, 6 * patients)),
    )
    systems = load_dictionary().table("visit").fixed
    scores = {
        column.name: pl.Series(random.integers(0, 3, 13 * patients))
        for column in systems
        if column.name.startswith("fs_") or column.name == "ambulation_score"
    }
    visit = rows(13, 60).with_columns(edss=pl.Series(random.integers(2, 8, 13 * patients) / 2), **scores)
    scan = rows(5, 180).with_columns(new_t2=pl.Series(random.poisson(0.1, 5 * patients)))
    people = pl.DataFrame({"patient_id": ids}).with_columns(
        followup_start=pl.lit(DAY_ZERO), followup_end=pl.lit(DAY_ZERO + dt.timedelta(days=800))
    )
    made = {
        "patient": people,
        "infusion": infusion.rename({"time": "start_time"}),
        "measurement": level,
        "visit": visit,
        "relapse": rows(1, 300).rename({"date": "onset_date"}),
        "mri": scan,
    }
    tables = {table.name: empty_table(table) for table in load_dictionary().tables}
    for name, frame in made.items():
        empty = tables[name]
        numbered = frame.with_columns(row=pl.int_range(2, pl.len() + 2, dtype=pl.Int64))
        kept = numbered.select(
            pl.col(column).cast(kind) for column, kind in empty.schema.items() if column in numbered.columns
        )
        tables[name] = pl.concat([empty, kept], how="diagonal")
    return Cohort(
        **tables,
        present=frozenset(made),
        receipt=make_receipt([], [], []),
        as_of=AS_OF,
        timezone="UTC",
        label=None,
        is_simulated=True,
    )


def test_a_patients_findings_are_the_same_among_few_and_among_many() -> None:
    whole = many(60)
    some = sorted(whole.patient["patient_id"].to_list())[:20]
    tables = {name: frame.filter(pl.col("patient_id").is_in(some)) for name, frame in whole.tables.items()}
    part = Cohort(
        **tables,
        present=whole.present,
        receipt=whole.receipt,
        as_of=whole.as_of,
        timezone="UTC",
        label=None,
        is_simulated=True,
    )
    among_many = check_quality(whole).findings.filter(pl.col("patient_id").is_in(some))
    assert among_many.height > 20
    assert check_quality(part).findings.equals(among_many)


@pytest.mark.slow
def test_a_hundred_thousand_patients_are_checked_within_a_minute_of_processor_time() -> None:
    records = many(100_000)
    begin = time.process_time()
    report = check_quality(records)
    assert time.process_time() - begin < 60
    assert report.counts.filter(pl.col("state") == "checked").height > 15
