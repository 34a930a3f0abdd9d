"""Tests of `cohort/records/frames.py`: a cohort from tables in memory, judged as a file is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from wearoff.cohort.records import Cohort, read_cohort
from wearoff.cohort.records.frames import cohort_of_frames, digest_of
from wearoff.cohort.records.writers.csv import write_csv
from wearoff.errors import InputError

AS_OF = date(2024, 1, 1)


def at(day: str, hour: int = 9) -> datetime:
    """An hour of a day in UTC."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=hour)


def frames(**changed: dict[str, list[Any]]) -> dict[str, pl.DataFrame]:
    """A small cohort as frames; columns of a table are added or replaced by keyword."""
    days = [date(2020, 1, 1), date(2020, 7, 1)]
    tables: dict[str, dict[str, Any]] = {
        "patient": {"patient_id": ["A", "B"], "birth_year": [1980, None]},
        "infusion": {
            "patient_id": ["A", "A", "B"],
            "start_time": [at("2020-01-01"), at("2020-01-29"), at("2020-01-01")],
            "start_is_date_only": [False, False, False],
            "dose_mg": [300.0, 300.0, 300.0],
        },
        "measurement": {
            "patient_id": ["A", "B"],
            "time": [at("2020-01-29", 8), at("2020-01-29", 8)],
            "time_is_date_only": [False, False],
            "analyte": ["natalizumab_conc", "natalizumab_conc"],
            "value": [31.5, None],
            "unit": ["mg/L", "mg/L"],
            "lloq": [0.5, 0.5],
            "below_lloq": ["N", "Y"],
        },
        "visit": {"patient_id": ["A", "A"], "date": days, "edss": [2.0, None], "edss_missing": [None, "ND"]},
        "event": {
            "patient_id": ["A", "B"],
            "start_date": days,
            "kind": ["arm", "arm"],
            "arm": ["one", "two"],
        },
    }
    for name, columns in changed.items():
        tables.setdefault(name, {}).update(columns)
    return {
        name: pl.DataFrame(columns).with_columns(pl.col(pl.Datetime).dt.cast_time_unit("us"))
        for name, columns in tables.items()
    }


def cohort(**changed: dict[str, list[Any]]) -> Cohort:
    return cohort_of_frames(frames(**changed), as_of=AS_OF)


def test_what_is_made_of_frames_is_what_is_read_from_its_files(tmp_path: Path) -> None:
    made = cohort_of_frames(frames(), as_of=AS_OF, timezone="Europe/Oslo", label="by hand", is_simulated=True)
    write_csv(made, tmp_path / "cohort")
    read = read_cohort(tmp_path / "cohort", as_of=AS_OF)
    assert read.receipt.refusals.is_empty()
    for name, frame in made.tables.items():
        assert_frame_equal(frame, read.tables[name], check_exact=True)
    for name in ("present", "timezone", "label", "is_simulated", "patients", "as_of"):
        assert getattr(made, name) == getattr(read, name)


def test_rows_are_numbered_as_in_a_file_and_absent_columns_hold_nulls() -> None:
    made = cohort()
    assert made.infusion["row"].to_list() == [2, 3, 4]
    assert made.infusion["route"].null_count() == 3
    assert made.present == {"patient", "infusion", "measurement", "visit", "event"}
    assert made.mri.height == 0
    assert made.place("infusion", 3) == "infusion.csv, row 3"


def test_every_row_is_accepted_and_every_table_has_its_digest() -> None:
    made = cohort()
    assert made.receipt.is_balanced
    for file in made.receipt.files.iter_rows(named=True):
        frame = made.tables[file["table"]]
        assert (file["read"], file["accepted"], file["refused"]) == (frame.height, frame.height, 0)
        assert file["sha256"] == digest_of(frame) == made.origins[file["table"]].sha256


def test_a_cohort_made_of_its_own_tables_is_the_same_cohort() -> None:
    made = cohort()
    again = cohort_of_frames({name: made.tables[name] for name in made.present}, as_of=AS_OF)
    for name, frame in made.tables.items():
        assert_frame_equal(frame, again.tables[name], check_exact=True)
    assert_frame_equal(made.receipt.files, again.receipt.files)


def test_some_patients_of_a_cohort_keep_the_numbers_of_their_rows() -> None:
    made = cohort()
    some = {name: made.tables[name].filter(pl.col("patient_id") == "B") for name in made.present}
    assert cohort_of_frames(some, as_of=AS_OF).infusion["row"].to_list() == [4]


def test_a_digest_does_not_depend_on_memory_but_on_every_value() -> None:
    frame = cohort().measurement
    parts = pl.concat([frame[:1], frame[1:]], rechunk=False)
    assert parts.n_chunks() == 2
    assert digest_of(parts) == digest_of(frame)
    others = [
        frame[::-1],
        frame[:1],
        frame.rename({"value": "values"}),
        frame.with_columns(pl.col("value") * 2.0),
        frame.with_columns(pl.col("value").fill_null(0.0)),
        frame.with_columns(pl.col("value").cast(pl.Float32)),
        frame.with_columns(patient_id=pl.Series(["AB", ""])),
        frame.with_columns(patient_id=pl.Series(["", "AB"])),
    ]
    assert len({digest_of(other) for other in [frame, *others]}) == len(others) + 1


FAULTS: dict[str, tuple[dict[str, dict[str, list[Any]]], str]] = {
    "a table that is none": ({"visits": {"patient_id": ["A"]}}, "visits: there is no table 'visits'"),
    "a column that is none": (
        {"visit": {"edsss": [2.0, 2.0]}},
        "visit.csv, column edsss: the data dictionary has no",
    ),
    "a type": ({"visit": {"edss": [2, 3]}}, "visit.csv, column edss: the column holds Int64, not Float64"),
    "a flag left out": (
        {"relapse": {"patient_id": ["A"]}},
        "relapse.csv, row 2, column onset_date, patient A",
    ),
    "a code": ({"patient": {"sex": ["f", "M"]}}, "patient.csv, row 2, column sex, patient A"),
    "a step": (
        {"visit": {"edss": [2.0, 0.5]}},
        "row 3, column edss, patient A",
    ),
    "a range": (
        {"infusion": {"dose_mg": [300.0, 300.0, 0.3]}},
        "infusion.csv, row 4, column dose_mg, patient B",
    ),
    "a number that is none": ({"patient": {"height_cm": [170.0, float("nan")]}}, "row 3, column height_cm"),
    "a key": ({"patient": {"patient_id": ["A", "A"]}}, "patient.csv, row 2, patient A"),
    "two on one day": (
        {"infusion": {"start_time": [at("2020-01-01"), at("2020-01-01", 15), at("2020-01-01")]}},
        "infusion.csv, row 2, column start_time, patient A: 2 infusions on one day",
    ),
    "the same twice": (
        {"event": {"patient_id": ["A", "A"], "start_date": [date(2020, 1, 1)] * 2, "arm": ["one", "one"]}},
        "event.csv, row 3, patient A: 2 identical events",
    ),
    "infusions that overlap": (
        {
            "infusion": {
                "start_time": [at("2020-01-01", 23), at("2020-01-02", 1), at("2020-01-01")],
                "duration_min": [300.0, 60.0, 60.0],
            }
        },
        "infusion.csv, row 3, column start_time, patient A: this infusion and that of row 2 overlap",
    ),
    "a stranger": ({"event": {"patient_id": ["A", "C"]}}, "event.csv, row 3, column patient_id, patient C"),
    "before birth": (
        {"patient": {"birth_year": [2021, None]}},
        "2020-01-01 is before 2021, the patient's birth year",
    ),
    "after the freezing": (
        {"visit": {"date": [date(2020, 1, 1), date(2024, 1, 2)]}},
        "visit.csv, row 3, column date, patient A: the day is not between 1990-01-01 and 2024-01-01",
    ),
    "born after the freezing": ({"patient": {"birth_year": [2025, None]}}, "the year is after 2024"),
    "a contradiction": (
        {"measurement": {"below_lloq": ["Y", "Y"]}},
        "measurement.csv, row 2, column below_lloq, patient A: below_lloq says Y but the value 31.5 is above lloq",
    ),
    "a value with a reason for its absence": (
        {"visit": {"edss_missing": ["ND", "ND"]}},
        "visit.csv, row 2, column edss_missing, patient A: edss has a value and edss_missing says why it has none",
    ),
    "another unit": (
        {"measurement": {"unit": ["ug/mL", "ug/mL"]}},
        "measurement.csv, row 2, column unit, patient A: the value is not in the unit of memory",
    ),
    "two scales": ({"measurement": {"unit": ["mg/L", "ng/mL"]}}, "the scales are mixed"),
    "a level that cannot be": (
        {"measurement": {"value": [1001.0, None]}},
        "1001 mg/L is outside 0 to 1000 mg/L",
    ),
    "an analyte that is no word": (
        {"measurement": {"analyte": ["NfL", "nfl"]}},
        "'NfL' is not a word in lower case",
    ),
    "a name that does not print": ({"patient": {"patient_id": ["A\n", "B"]}}, "does not print; remove it"),
    "a text with outer blanks": (
        {"event": {"arm": ["one ", "two"]}},
        "a file could not hold 'one ' as it stands",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_stops_with_its_place(fault: str) -> None:
    changed, message = FAULTS[fault]
    with pytest.raises(InputError) as caught:
        cohort(**changed)
    assert message in str(caught.value)


def test_faults_of_several_tables_are_named_together_and_not_by_the_thousand() -> None:
    many = 1_000
    visits = pl.DataFrame(
        {
            "patient_id": ["A"] * many,
            "date": [date.fromordinal(date(2020, 1, 1).toordinal() + k) for k in range(many)],
            "edss": [11.0] * many,
        }
    )
    with pytest.raises(InputError) as caught:
        cohort_of_frames(frames(patient={"sex": ["f", "M"]}) | {"visit": visits}, as_of=AS_OF)
    assert {problem.file for problem in caught.value.problems} == {"patient.csv", "visit.csv"}
    assert len(caught.value.problems) == 21


def test_there_is_no_such_zone() -> None:
    with pytest.raises(InputError, match="there is no time zone 'Oslo'"):
        cohort_of_frames(frames(), as_of=AS_OF, timezone="Oslo")
