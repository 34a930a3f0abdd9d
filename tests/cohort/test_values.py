from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.exposure import predict_exposure
from wearoff.cohort.neda import histories
from wearoff.cohort.records import Cohort
from wearoff.cohort.values import SMD, VALUES_SCHEMA, patient_values, table_one, timeline, trough_samples
from wearoff.cohort.wearing_off import answers_by_patient


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return cohort(
        tmp_path_factory.mktemp("cohort"),
        patient=[
            "patient_id,birth_year,sex,height_cm,ms_onset_date,followup_start,followup_end",
            f"P1,1980,F,170,2010-01-01,{on(0)},{on(365)}",
            f"P2,1990,M,180,,{on(0)},{on(100)}",
            f"P3,,,,,{on(0)},",
        ],
        infusion=[
            "patient_id,start_time,weight_kg",
            *(f"P{p},{on(28 * k)}T09:00,7{p}" for p in (1, 2) for k in range(4)),
        ],
        measurement=[
            "patient_id,time,analyte,subset,value,unit,method,lab",
            f"P1,{on(28)}T08:00,receptor_occupancy,CD4,80,%,flow,A",
            f"P1,{on(56)}T08:00,receptor_occupancy,CD4,90,%,flow,A",
            f"P1,{on(56)}T08:00,receptor_occupancy,CD8,70,%,flow,A",
            f"P1,{on(60)}T08:00,receptor_occupancy,CD4,99,%,flow,A",
        ],
        visit=["patient_id,date,edss", f"P1,{on(0)},2", f"P2,{on(0)},3.5"],
        wearing_off=["patient_id,answer", "P1,regularly", "P2,never"],
        relapse=["patient_id,onset_date,fever_or_infection", f"P1,{on(50)},N", f"P2,{on(50)},Y"],
    )


@pytest.fixture(scope="module")
def values(records: Cohort) -> pl.DataFrame:
    exposure = predict_exposure(records, draws=20, seed=1)
    return patient_values(records, histories(records), answers_by_patient(records), exposure)


def value(frame: pl.DataFrame, patient: str, quantity: str) -> float:
    found = frame.filter((pl.col("patient_id") == patient) & (pl.col("quantity") == quantity))["value"]
    assert len(found) == 1
    return float(found[0])


def test_attributes_are_taken_at_the_start_of_follow_up(values: pl.DataFrame) -> None:
    assert value(values, "P1", "age at the start") == 40
    assert value(values, "P1", "time since MS onset") == pytest.approx(10, abs=0.01)
    assert value(values, "P2", "first EDSS") == 3.5
    assert value(values, "P1", "body mass index") == pytest.approx(71 / 1.7**2)
    assert value(values, "P2", "follow-up") == pytest.approx(100 / 365.25)


def test_occupancy_is_the_mean_of_trough_samples_of_one_assay_and_subset(values: pl.DataFrame) -> None:
    assert value(values, "P1", "measured occupancy, flow, CD4") == pytest.approx(85)
    assert value(values, "P1", "measured occupancy, flow, CD8") == pytest.approx(70)


def test_what_is_not_recorded_has_no_value(values: pl.DataFrame) -> None:
    of_p3 = values.filter(pl.col("patient_id") == "P3")
    assert set(of_p3["quantity"]) <= {"infusions recorded"}


def test_table_one_counts_everybody_and_shows_how_many_are_known(
    records: Cohort, values: pl.DataFrame
) -> None:
    frame = table_one(records, answers_by_patient(records), values)
    rows = {row["characteristic"]: row for row in frame.to_dicts()}
    assert [rows["patients"][group] for group in ("all", "never", "regularly", "no_answer")] == [
        "3",
        "1",
        "1",
        "1",
    ]
    assert rows["women, of those known"]["all"] == "1 of 2"
    assert rows["first EDSS (points), median (quartiles), n"]["all"] == "2.75 (2.38 to 3.12), 2"
    assert rows["first EDSS (points), median (quartiles), n"]["sometimes"] == "none known"


def test_the_timeline_has_every_dated_fact_and_marks_what_is_active(records: Cohort) -> None:
    frame = timeline(records, histories(records), answers_by_patient(records))
    infusions = frame.filter((pl.col("kind") == "infusion") & (pl.col("patient_id") == "P1"))
    assert infusions["day"].to_list() == [0, 28, 56, 84]
    assert infusions["interval_d"].to_list() == [None, 28, 28, 28]
    relapses = frame.filter(pl.col("kind") == "relapse").sort("patient_id")
    assert relapses["is_active"].to_list() == [True, False]
    assert set(frame["patient_id"]) == {"P1", "P2"}  # nothing dated is recorded of P3


def test_the_standardised_difference_is_that_of_means_over_the_mean_variance(records: Cohort) -> None:
    answers = pl.DataFrame(
        {
            "patient_id": ["A", "B", "C", "D", "E"],
            "answer": ["never", "never", "sometimes", "regularly", None],
        }
    )
    rows = [("A", 1.0), ("B", 3.0), ("C", 4.0), ("D", 8.0), ("E", 99.0)]
    values = pl.DataFrame(
        [
            (p, answer, "age", "years", value)
            for (p, value), answer in zip(rows, answers["answer"], strict=True)
        ],
        schema=VALUES_SCHEMA,
        orient="row",
    )
    smd = table_one(records, answers, values).filter(pl.col("characteristic").str.starts_with("age"))[SMD]
    # means 6 and 2, variances over n 4 and 1
    assert smd.item() == pytest.approx(4 / np.sqrt(2.5))


def test_there_is_no_standardised_difference_where_a_group_is_empty_or_nothing_varies(
    records: Cohort, values: pl.DataFrame
) -> None:
    frame = table_one(records, answers_by_patient(records).with_columns(answer=pl.lit("never")), values)
    assert frame[SMD].null_count() == frame.height
    flat = values.filter(pl.col("quantity") == "weight").with_columns(value=pl.lit(70.0))
    rows = table_one(records, answers_by_patient(records), flat)
    assert rows.filter(pl.col("characteristic").str.starts_with("weight"))[SMD].item() is None


def test_a_sample_keeps_its_laboratory_and_the_means_are_those_of_the_samples(records: Cohort) -> None:
    exposure = predict_exposure(records, draws=20, seed=1)
    answers = answers_by_patient(records)
    samples = trough_samples(exposure, answers)
    assert set(samples["lab"]) == {"A"}
    means = samples.group_by("patient_id", "quantity").agg(pl.col("value").mean()).sort("quantity")
    whole = patient_values(records, histories(records), answers, exposure)
    same = whole.filter(pl.col("quantity").str.starts_with("measured")).sort("quantity")
    assert means["value"].to_list() == same["value"].to_list()
