import datetime as dt
import os
from pathlib import Path

import pytest

from tests.cohort.records.reading import AS_OF, HEADERS, read
from wearoff.cohort.records import read_cohort, read_files
from wearoff.errors import InputError

HEADER = b"patient_id,date,edss\n"


def test_a_clean_cohort_is_read_whole_with_its_types() -> None:
    cohort = read(
        timezone="Europe/Oslo",
        patient="P1,1980,F,170,1985-02-01,2020-01-01,2024-01-01",
        infusion="P1,2020-01-01T10:30,300,IV,2020-01-02,70.5,Tysabri,60",
        measurement="P1,2020-01-29,natalizumab_conc,,25.5,mg/L,0.5,N,ELISA,",
        visit="P1,2020-01-01,scheduled,2.0,1,examined,\nP1,2020-07-01,telephone,,,telephone,ND",
        relapse="P1,2020-05-01,2020-05-20,N,48",
        mri="P1,2021-01-01,brain,2020-01-01,0,1,1,Y,0",
        wearing_off="P1,,sometimes",
        diary="P1,2020-02-02,4.5,worse,no,1",
        score="P1,2020-01-01,SDMT,52",
        event='P1,2020-03-01,infection,"=HYPERLINK(""x""), and so on"',
    )
    assert cohort.receipt.is_balanced
    assert cohort.receipt.refusals.is_empty()
    assert cohort.present == frozenset(HEADERS)
    infusion = cohort.infusion.row(0, named=True)
    assert infusion["start_time"] == dt.datetime(2020, 1, 1, 9, 30, tzinfo=dt.UTC)
    assert infusion["start_is_date_only"] is False
    assert infusion["planned_date"] == dt.date(2020, 1, 2)
    assert infusion["weight_kg"] == 70.5
    measurement = cohort.measurement.row(0, named=True)
    assert measurement["time"] == dt.datetime(2020, 1, 29, 11, tzinfo=dt.UTC)
    assert measurement["time_is_date_only"] is True
    assert cohort.visit["edss"].to_list() == [2.0, None]
    assert cohort.visit["edss_missing"].to_list() == [None, "ND"]
    assert cohort.visit["fs_visual"].to_list() == [1.0, None]
    assert cohort.visit["row"].to_list() == [2, 3]
    assert cohort.mri["new_t2"].to_list() == [0]
    assert cohort.wearing_off["date"].to_list() == [None]
    assert cohort.diary["symptom_gait"].to_list() == ["worse"]
    assert cohort.event["comment"].to_list() == ['=HYPERLINK("x"), and so on']


def test_absent_tables_have_their_schema_and_no_rows() -> None:
    cohort = read(visit="P1,2020-01-01,,2.0,,,")
    assert cohort.present == {"visit"}
    assert cohort.infusion.is_empty()
    assert cohort.infusion.columns[:4] == ["row", "patient_id", "start_time", "start_is_date_only"]
    assert cohort.mri.schema["new_t2"].is_integer()
    assert {name: frame.columns[0] for name, frame in cohort.tables.items()} == dict.fromkeys(HEADERS, "row")


@pytest.mark.parametrize(
    ("table", "rows", "row", "column", "says"),
    [
        # numbers
        ("infusion", "P1,2020-01-01,300,IV,,700,,", 2, "weight_kg", "outside 25 to 250 kg: grams"),
        ("infusion", "P1,2020-01-01,300,IV,,24,,", 2, "weight_kg", "outside 25 to 250 kg"),
        ("infusion", 'P1,2020-01-01,300,IV,,"70,5",,', 2, "weight_kg", "decimal point"),
        ("infusion", "P1,2020-01-01,0.3,IV,,70,,", 2, "dose_mg", "outside 1 to 600 mg: grams"),
        ("infusion", "P1,2020-01-01,3e2,IV,,70,,", 2, "dose_mg", "without an exponent"),
        ("infusion", "P1,2020-01-01,inf,IV,,70,,", 2, "dose_mg", "is not a number"),
        ("infusion", "P1,2020-01-01,nan,IV,,70,,", 2, "dose_mg", "leave the cell empty"),
        ("infusion", "P1,2020-01-01,٣٠٠,IV,,70,,", 2, "dose_mg", "is not a number"),
        ("infusion", "P1,2020-01-01,300 mg,IV,,70,,", 2, "dose_mg", "is not a number"),
        ("infusion", "P1,2020-01-01,+300,IV,,70,,", 2, "dose_mg", "is not a number"),
        ("infusion", "P1,2020-01-01,300.,IV,,70,,", 2, "dose_mg", "is not a number"),
        ("infusion", "P1,2020-01-01,=300,IV,,70,,", 2, "dose_mg", "is not a number"),
        ("infusion", "P1,2020-01-01,300,IV,,70,,601", 2, "duration_min", "outside 1 to 600 min"),
        ("infusion", f"P1,2020-01-01,{'9' * 400},IV,,70,,", 2, "dose_mg", "is not a number"),
        ("patient", "P1,1980,F,1.70,,,", 2, "height_cm", "outside 100 to 230 cm: metres"),
        ("patient", "P1,1899,F,170,,,", 2, "birth_year", "outside 1900 to 2024"),
        ("patient", "P1,2025,F,170,,,", 2, "birth_year", "outside 1900 to 2024"),
        ("patient", "P1,80,F,170,,,", 2, "birth_year", "outside 1900"),
        ("visit", "P1,2020-01-01,,2.3,,,", 2, "edss", "2.3 does not exist here"),
        ("visit", "P1,2020-01-01,,0.5,,,", 2, "edss", "never 0.5"),
        ("visit", "P1,2020-01-01,,10.5,,,", 2, "edss", "outside 0 to 10"),
        ("visit", "P1,2020-01-01,,-1,,,", 2, "edss", "outside 0 to 10"),
        ("visit", "P1,2020-01-01,,2.0,13,,", 2, "fs_visual", "outside 0 to 6"),
        ("mri", "P1,2020-01-01,brain,,501,,,,", 2, "new_t2", "outside 0 to 500"),
        ("mri", "P1,2020-01-01,brain,,-1,,,,", 2, "new_t2", "outside 0 to 500"),
        ("mri", "P1,2020-01-01,brain,,1.5,,,,", 2, "new_t2", "must be whole"),
        ("mri", "P1,2020-01-01,brain,,>9,,,,", 2, "new_t2", "is not a whole number"),
        ("diary", "P1,2020-01-05,11,,,", 2, "severity_0_10", "outside 0 to 10"),
        ("score", "P1,2020-01-01,SDMT,", 2, "value", "the cell is empty"),
        # dates and times
        ("visit", "P1,01.02.2020,,2.0,,,", 2, "date", "write year-month-day"),
        ("visit", "P1,2020-1-2,,2.0,,,", 2, "date", "write year-month-day"),
        ("visit", "P1,2020-02-30,,2.0,,,", 2, "date", "no day 2020-02-30"),
        ("visit", "P1,43831,,2.0,,,", 2, "date", "is not a date"),
        ("visit", "P1,,,2.0,,,", 2, "date", "the cell is empty"),
        ("visit", "P1,2024-07-01,,2.0,,,", 2, "date", "after 2024-06-30"),
        ("visit", "P1,1989-12-31,,2.0,,,", 2, "date", "before 1990-01-01"),
        ("infusion", "P1,2024-07-01,300,IV,,70,,", 2, "start_time", "after 2024-06-30"),
        ("infusion", "P1,2020-01-01 25:00,300,IV,,70,,", 2, "start_time", "no time of day"),
        ("infusion", "P1,2020-01-01T10,300,IV,,70,,", 2, "start_time", "is not a date or a date and time"),
        ("infusion", "P1,2020-01-01T10:00+15:00,300,IV,,70,,", 2, "start_time", "no offset +15:00"),
        ("infusion", "P1,2020-01-01,300,IV,2026-01-01,70,,", 2, "planned_date", "by more than 366 days"),
        # codes and words
        ("infusion", "P1,2020-01-01,300,iv,,70,,", 2, "route", "not one of IV, SC. Did you mean 'IV'?"),
        ("patient", "P1,1980,female,170,,,", 2, "sex", "not one of F, M, X, U"),
        ("wearing_off", "P1,2020-01-01,Sometimes", 2, "answer", "Did you mean 'sometimes'?"),
        ("wearing_off", "P1,2020-01-01,", 2, "answer", "the cell is empty"),
        ("measurement", "P1,2020-01-01,NfL,,5,pg/mL,,,,", 2, "analyte", "not a word in lower case"),
        ("event", "P1,2020-01-01,,x", 2, "kind", "the cell is empty"),
        # contradictions within a row
        ("patient", "P1,1980,F,170,,2022-01-01,2021-01-01", 2, "followup_end", "is before followup_start"),
        ("patient", "P1,1980,F,170,1979-01-01,,", 2, "ms_onset_date", "before the birth year"),
        ("patient", "P1,1995,F,170,,1994-01-01,", 2, "followup_start", "before the birth year"),
        ("relapse", "P1,2020-05-02,2020-05-01,N,48", 2, "end_date", "is before onset_date"),
        ("mri", "P1,2020-01-01,brain,2020-01-02,0,,,,", 2, "date", "is before reference_date"),
        ("mri", "P1,2020-01-01,brain,,,,,N,1", 2, "gd_lesions", "gd_given says N"),
        ("mri", "P1,2020-01-01,brain,,3,,1,,", 2, "new_or_enlarging_t2", "new_t2 alone is 3"),
        ("mri", "P1,2020-01-01,brain,,,3,1,,", 2, "new_or_enlarging_t2", "enlarging_t2 alone is 3"),
        ("mri", "P1,2020-01-01,brain,,1,0,9,,", 2, "new_or_enlarging_t2", "do not add up"),
        ("measurement", "P1,2020-01-01,nfl,,5,,,,,", 2, "unit", "never guessed"),
        ("measurement", "P1,2020-01-01,nfl,,,,5,,,", 2, "unit", "lloq has no unit"),
        ("measurement", "P1,2020-01-01,natalizumab_conc,,5,IU/mL,,,,", 2, "unit", "state the value in mg/L"),
        ("measurement", "P1,2020-01-01,natalizumab_conc,,1001,mg/L,,,,", 2, "value", "0 to 1000 mg/L"),
        ("measurement", "P1,2020-01-01,natalizumab_conc,,-1,mg/L,,,,", 2, "value", "0 to 1000 mg/L"),
        ("measurement", "P1,2020-01-01,receptor_occupancy,CD4,120,%,,,,", 2, "value", "0 to 1 fraction"),
        ("measurement", "P1,2020-01-01,lymphocytes,,40,%,,,,", 2, "unit", "is not one for lymphocytes"),
        ("measurement", "P1,2020-01-01,nfl,,,pg/mL,,Y,,", 2, "below_lloq", "lloq is empty"),
        ("measurement", "P1,2020-01-01,nfl,,5,pg/mL,1,Y,,", 2, "below_lloq", "is above lloq"),
        ("measurement", "P1,2020-01-01,nfl,,5,pg/mL,9,N,,", 2, "below_lloq", "is below lloq"),
        ("visit", "P1,2020-01-01,,2.0,,,UNK", 2, "edss_missing", "keep one of them"),
        ("visit", "P1,2020-01-01,,,,,forgot", 2, "edss_missing", "not one of ND, UNK, NA, REF"),
        (
            "visit",
            "P1,2020-01-01,,UNK,,,",
            2,
            "edss",
            "may stand in the column of the same name with _missing",
        ),
        # two rows
        (
            "visit",
            "P1,2020-01-01,,2.0,,,\nP1,2020-01-01,,4.0,,,",
            3,
            "edss",
            "with edss 2.0 and 4.0; keep the right",
        ),
        (
            "infusion",
            "P1,2020-01-01,300,,,,,\nP1,2020-01-01,150,,,,,",
            2,
            "dose_mg",
            "with dose_mg 300.0 and 150.0",
        ),
        (
            "infusion",
            "P1,2020-01-01T08:00,300,,,,,\nP1,2020-01-01T18:00,300,,,,,",
            2,
            "start_time",
            "on one day",
        ),
        (
            "infusion",
            "P1,2020-01-01T23:30,300,,,,,60\nP1,2020-01-02T00:10,300,,,,,60",
            3,
            "start_time",
            "overlap",
        ),
        (
            "mri",
            "P1,2020-01-01,brain,,0,,,,\nP1,2020-01-01,brain,,1,,,,",
            2,
            "new_t2",
            "MRI of one region on one day",
        ),
        (
            "relapse",
            "P1,2020-01-01,,N,\nP1,2020-01-01,,Y,",
            3,
            "fever_or_infection",
            "relapses with one onset",
        ),
        ("wearing_off", "P1,2020-01-01,never\nP1,2020-01-01,regularly", 2, "answer", "never and regularly"),
        ("wearing_off", "P1,,never\nP1,,regularly", 3, "answer", "answers of one patient on one date"),
        ("diary", "P1,2020-01-05,1,,,\nP1,2020-01-05,2,,,", 2, "severity_0_10", "diary entries for one week"),
        (
            "score",
            "P1,2020-01-01,SDMT,50\nP1,2020-01-01,SDMT,51",
            2,
            "value",
            "results of one instrument on one day",
        ),
        ("patient", "P1,1980,F,,,,\nP1,1981,F,,,,", 3, "birth_year", "2 rows for one patient"),
    ],
)
def test_a_bad_row_is_refused_with_its_file_row_column_and_patient(
    table: str, rows: str, row: int, column: str, says: str
) -> None:
    cohort = read(**{table: rows})
    (found,) = [
        refusal
        for refusal in cohort.receipt.refusals.iter_rows(named=True)
        if (refusal["row"], refusal["column"]) == (row, column)
    ]
    assert says in found["reason"]
    assert found["table"] == table
    assert found["file"] == f"{table}.csv"
    assert found["patient_id"] == "P1"
    assert found["loses_information"]
    assert cohort.refused_patients(table) == {"P1"}
    assert f"{table}.csv, row {row}, column {column}, patient P1: " in str(cohort.receipt)
    assert row not in cohort.tables[table]["row"].to_list()
    assert cohort.receipt.is_balanced
    assert cohort.patients == ("P1",)


def test_the_refused_text_stands_in_the_receipt_as_it_was_written() -> None:
    cohort = read(visit="P1,2020-01-01,, 2.3 ,,,")
    assert cohort.receipt.refusals["value"].to_list() == [" 2.3 "]


def test_every_fault_of_a_row_is_listed_and_the_row_is_counted_once() -> None:
    cohort = read(visit="P1,2020-13-01,Scheduled,2.3,,,")
    assert cohort.receipt.refusals["column"].to_list() == ["date", "visit_kind", "edss"]
    assert cohort.receipt.files.select("read", "accepted", "refused").row(0) == (1, 0, 1)


def test_a_row_of_the_wrong_width_is_refused_and_names_its_patient() -> None:
    cohort = read(visit="P1,2020-01-01,,2,0,,,\nP2,2020-01-01")
    assert cohort.receipt.refusals["reason"].str.contains("fields, the header 7").all()
    assert cohort.receipt.refusals["patient_id"].to_list() == ["P1", "P2"]
    assert cohort.refused_patients("visit") == {"P1", "P2"}


def test_an_empty_row_is_refused_without_loss_and_a_blank_line_is_no_row() -> None:
    cohort = read(visit="\nP1,2020-01-01,,2.0,,,\n, ,,,,,")
    assert cohort.visit["row"].to_list() == [3]
    (found,) = cohort.receipt.refusals.iter_rows(named=True)
    assert (found["row"], found["reason"], found["loses_information"]) == (4, "the row is empty.", False)


@pytest.mark.parametrize("name", ["", "x" * 65, "P\u200b1", "P\u00011", "P\u00a01"])
def test_a_patient_needs_a_printable_name_of_one_to_64_characters(name: str) -> None:
    cohort = read(visit=f"{name},2020-01-01,,2.0,,,")
    (found,) = cohort.receipt.refusals.iter_rows(named=True)
    assert (found["row"], found["column"], found["patient_id"]) == (2, "patient_id", None)
    assert cohort.patients == ()


def test_outer_blanks_of_a_cell_mean_nothing() -> None:
    cohort = read(visit=" P1\u00a0,\t2020-01-01 ,, 2.0 ,,,")
    assert cohort.visit.select("patient_id", "edss").row(0) == ("P1", 2.0)


def test_a_patient_stays_when_the_patients_own_row_is_refused() -> None:
    cohort = read(
        patient="P1,1980,woman,,,,\nP2,1980,F,170,0,,,\nP3,1980,F,,,,\nP3,1990,F,,,,\nP4,1980,F,,,,",
        visit="P1,2020-01-01,,2.0,,,\nP2,2020-01-01,,2.0,,,\nP3,2020-01-01,,2.0,,,",
    )
    assert cohort.patients == ("P1", "P2", "P3", "P4")
    assert cohort.patient["patient_id"].to_list() == ["P4"]
    assert cohort.visit.height == 3
    assert cohort.refused_patients("patient") == {"P1", "P2", "P3"}


def test_without_a_patient_table_nobody_is_lost_with_a_refused_row() -> None:
    cohort = read(visit="P1,2020-01-01,,2.3,,,", relapse="P2,2020-01-01,,,")
    assert cohort.patients == ("P1", "P2")


def test_a_wrong_file_of_patients_refuses_the_rows_of_the_others() -> None:
    cohort = read(patient="", visit="P1,2020-01-01,,2.0,,,")
    assert cohort.patients == ()
    assert cohort.visit.is_empty()


@pytest.mark.parametrize(
    ("clock", "says"),
    [
        ("2020-03-29T02:30", "does not exist in Europe/Oslo"),
        ("2020-10-25 02:30", "happened twice in Europe/Oslo"),
    ],
)
def test_a_local_time_at_a_change_of_clocks_is_refused_with_the_way_out(clock: str, says: str) -> None:
    cohort = read(infusion=f"P1,{clock},300,,,,,", timezone="Europe/Oslo")
    (found,) = cohort.receipt.refusals.iter_rows(named=True)
    assert says in found["reason"]
    assert "add the offset from UTC" in found["reason"]
    assert read(infusion=f"P1,{clock}+02:00,300,,,,,", timezone="Europe/Oslo").infusion[
        "start_time"
    ].to_list() == [dt.datetime.fromisoformat(f"{clock}+02:00")]


@pytest.mark.parametrize("text", ["2020-07-01T10:00:00+02:00", "2020-07-01 08:00Z", "2020-07-01T03:30-04:30"])
def test_a_time_with_an_offset_needs_no_time_zone(text: str) -> None:
    for timezone in ("UTC", "Asia/Tokyo"):
        cohort = read(infusion=f"P1,{text},300,,,,,", timezone=timezone)
        assert cohort.infusion["start_time"].to_list() == [dt.datetime(2020, 7, 1, 8, tzinfo=dt.UTC)]


def test_what_was_assumed_about_times_is_noted() -> None:
    cohort = read(infusion="P1,2020-01-01,300,,,,,\nP1,2020-02-01T10:00,300,,,,,", timezone="Europe/Oslo")
    assert (
        "infusion.csv: a date without a time of day stands for 12:00 in Europe/Oslo" in cohort.receipt.notes
    )
    assert "infusion.csv: a time without an offset is the local time of Europe/Oslo" in cohort.receipt.notes


def folder_fault(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_cohort(folder, as_of=AS_OF)
    return str(caught.value)


def test_a_folder_is_read_and_what_else_lies_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "visit.csv").write_bytes(HEADER + b"P1,2020-01-01,2.0\n")
    (tmp_path / "Patient.csv").write_bytes(b"x")
    (tmp_path / "notes.docx").write_bytes(b"x")
    (tmp_path / "scans").mkdir()
    (tmp_path / "cohort.toml").write_text('label = "Simulated data, seed 1"\nsimulated = true\ncolour = 1\n')
    cohort = read_cohort(tmp_path, as_of=AS_OF)
    assert cohort.visit.height == 1
    assert (cohort.label, cohort.is_simulated) == ("Simulated data, seed 1", True)
    assert (cohort.as_of, cohort.timezone) == (AS_OF, "UTC")
    assert cohort.receipt.notes == (
        "the file Patient.csv was not read; if it is a table, name it patient.csv",
        "the file notes.docx was not read",
        "the folder scans was not read",
        "cohort.toml: 'colour' means nothing to wearoff and was not used",
    )


def test_a_folder_that_is_none_is_an_error_that_names_it(tmp_path: Path) -> None:
    assert folder_fault(tmp_path / "absent") == "absent: there is no such folder; check the path."
    (tmp_path / "visit.csv").write_bytes(HEADER)
    assert "visit.csv: this is a file; give the folder" in folder_fault(tmp_path / "visit.csv")


def test_a_folder_without_a_table_is_an_error_that_names_the_files_expected(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(HEADER)
    message = folder_fault(tmp_path)
    assert "there is no table here" in message
    assert "patient.csv, infusion.csv, measurement.csv" in message


def test_a_table_that_is_a_folder_or_a_broken_link_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "visit.csv").mkdir()
    (tmp_path / "mri.csv").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "relapse.csv")
    message = folder_fault(tmp_path)
    for name in ("visit.csv", "mri.csv", "relapse.csv"):
        assert f"{name}: this is no file that can be read" in message


def test_a_file_without_permission_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "visit.csv").write_bytes(HEADER)

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert folder_fault(tmp_path) == (
        "visit.csv: the file cannot be read (Permission denied); check its permissions."
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"label = ", "cohort.toml: the file is not TOML in UTF-8"),
        (b'label = "\xe6"', "cohort.toml: the file is not TOML in UTF-8"),
        (b"label = 3", "cohort.toml, column label: label must be one line of text"),
        (b'label = "a\\nb"', "cohort.toml, column label: label must be one line of text"),
        (b'simulated = "yes"', "cohort.toml, column simulated: simulated must be true or false"),
        (b'timezone = "Mars/Olympus"', "cohort.toml, column timezone: timezone must be the name of a zone"),
        (b"timezone = 3", "cohort.toml, column timezone: timezone must be the name of a zone"),
        (
            b"formulas_guarded = 1",
            "cohort.toml, column formulas_guarded: formulas_guarded must be true or false",
        ),
        (b"a = " + b"[" * 5000, "cohort.toml: the file is not TOML in UTF-8"),
    ],
)
def test_a_malformed_cohort_toml_is_an_error(text: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_files({"cohort.toml": text, "visit.csv": HEADER}, as_of=AS_OF)
    assert says in str(caught.value)


def test_a_file_given_by_name_that_is_no_table_is_noted() -> None:
    cohort = read_files({"visit.csv": HEADER, "visits.csv": b"x"}, as_of=AS_OF)
    assert cohort.receipt.notes == (
        "the file visits.csv was not read; if it is a table, name it visit.csv",
        "visit.csv has no rows, which says that there was nothing to record; leave it out if it was not recorded",
    )
    with pytest.raises(InputError, match="there is no table here"):
        read_files({"other.csv": HEADER}, as_of=AS_OF)


def test_a_cohort_may_name_its_timezone_unless_the_caller_does() -> None:
    files = {
        "cohort.toml": b'timezone = "Europe/Oslo"',
        "infusion.csv": b"patient_id,start_time\nP1,2020-01-01T10:00\n",
    }
    for zone, hour in ((None, 9), ("UTC", 10)):
        cohort = read_files(files, as_of=AS_OF, timezone=zone)
        assert cohort.timezone == (zone or "Europe/Oslo")
        assert cohort.infusion["start_time"][0].hour == hour
