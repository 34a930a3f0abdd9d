"""A look sees what was known on its day, and nothing of later."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.cohort import cohorts
from tests.trial.studies import example
from wearoff.cohort.neda import read_followup
from wearoff.trial.reading.cut import cut_cohort

DAY = date(2021, 10, 1)
DATES = {
    "infusion": "start_time",
    "measurement": "time",
    "visit": "date",
    "relapse": "onset_date",
    "mri": "date",
    "wearing_off": "date",
    "score": "date",
    "event": "start_date",
}


@pytest.mark.parametrize(("name", "column"), DATES.items())
def test_no_table_holds_a_later_row_and_every_earlier_one_stays(name: str, column: str) -> None:
    kept, whole = cut_cohort(example(), DAY).tables[name], example().tables[name]
    assert kept.equals(whole.filter(pl.col(column).cast(pl.Date) <= DAY))
    assert 0 < kept.height < whole.height


def test_a_followup_that_goes_on_ends_on_the_day_without_its_reason() -> None:
    cut = cut_cohort(example(), DAY)
    both = cut.patient.select("patient_id", "followup_end", "end_reason").join(
        example().patient.select("patient_id", later="followup_end", why="end_reason"), on="patient_id"
    )
    goes_on = both.filter(pl.col("later") > DAY)
    over = both.filter(pl.col("later") <= DAY)
    assert goes_on.height > 20
    assert over.height > 2
    assert goes_on["followup_end"].to_list() == [DAY] * goes_on.height
    assert goes_on["end_reason"].null_count() == goes_on.height
    assert over["followup_end"].equals(over["later"], check_names=False)
    assert over["end_reason"].equals(over["why"], check_names=False)


def test_patients_who_enter_later_are_not_there_yet() -> None:
    entries = example().patient.sort("followup_start")["followup_start"]
    cut = cut_cohort(example(), entries[10])
    assert len(cut.patients) == int((entries <= entries[10]).sum())
    assert set(cut.infusion["patient_id"]) <= set(cut.patients)
    assert read_followup(cut).patient_id == cut.patients


def test_a_relapse_that_is_still_going_on_has_no_end(tmp_path: Path) -> None:
    lines = ["patient_id,onset_date,end_date", f"P1,{cohorts.on(10)},{cohorts.on(40)}"]
    cohort = cohorts.cohort(tmp_path, relapse=lines)
    assert cut_cohort(cohort, cohorts.DAY_ZERO + timedelta(days=39)).relapse["end_date"].to_list() == [None]
    assert cut_cohort(cohort, cohorts.DAY_ZERO + timedelta(days=40)).relapse.equals(cohort.relapse)


def test_an_undated_answer_is_of_later_and_a_late_entry_is_known_when_it_was_written(tmp_path: Path) -> None:
    cohort = cohorts.cohort(
        tmp_path,
        wearing_off=["patient_id,date,answer", "P1,,never", f"P2,{cohorts.on(5)},regularly"],
        diary=["patient_id,week_ending,severity_0_10,entered_late_d", f"P1,{cohorts.on(7)},3,4"],
    )
    cut = cut_cohort(cohort, cohorts.DAY_ZERO + timedelta(days=10))
    assert cut.wearing_off["patient_id"].to_list() == ["P2"]
    assert cut.diary.height == 0
    assert cut_cohort(cohort, cohorts.DAY_ZERO + timedelta(days=11)).diary.height == 1


def test_a_look_behind_everything_changes_nothing() -> None:
    cut = cut_cohort(example(), date(2030, 1, 1))
    assert all(cut.tables[name].equals(frame) for name, frame in example().tables.items())
