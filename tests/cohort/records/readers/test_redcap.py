"""An export of REDCap says what the same tables say as CSV, in both of its layouts."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Callable, Iterable

import polars as pl
import pytest

from tests.cohort.records.drawn import AS_OF, ZONE, assert_same, drawn_cohort
from tests.cohort.records.reading import outcome
from wearoff.cohort.records import Cohort, read_files
from wearoff.cohort.records.writers.csv import about_file
from wearoff.cohort.records.writers.texts import present_tables
from wearoff.errors import InputError

EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"


def as_csv(header: list[str], rows: Iterable[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def entries(cohort: Cohort) -> list[tuple[str, str, int, dict[str, str]]]:
    """Patient, table, instance and fields of every row, as a project would hold them."""
    found = []
    for written in present_tables(cohort):
        table = written.table.name
        for place, row in enumerate(written.rows(), start=1):
            patient = row.pop("patient_id")
            found.append((patient, table, place, {f"{table}_{name}": cell for name, cell in row.items()}))
    return found


def flat(cohort: Cohort) -> bytes:
    """The flat export: the patient's own row without an instrument, every other one an instance."""
    listed = entries(cohort)
    fields = list(
        dict.fromkeys(
            f"{written.table.name}_{name}"
            for written in present_tables(cohort)
            for name in written.cells
            if name != "patient_id"
        )
    )
    header = ["patient_id", EVENT, INSTRUMENT, INSTANCE, *fields, "visit_complete"]
    rows = [
        [patient, "visits_arm_1", *((table, str(instance)) if table != "patient" else ("", "")),
         *(cells.get(name, "") for name in fields), "2"]
        for patient, table, instance, cells in listed
    ]  # fmt: skip
    return as_csv(header, rows)


def long(cohort: Cohort) -> bytes:
    rows = [
        [patient, "visits_arm_1", *((table, str(instance)) if table != "patient" else ("", "")), name, cell]
        for patient, table, instance, cells in entries(cohort)
        for name, cell in cells.items()
    ]
    random.Random(1).shuffle(rows)  # noqa: S311 - any order will do
    return as_csv(["record", EVENT, INSTRUMENT, INSTANCE, "field_name", "value"], rows)


@pytest.mark.parametrize("seed", range(15))
def test_a_flat_export_says_what_the_tables_say(seed: int) -> None:
    cohort = drawn_cohort(seed)
    files = {"export.csv": flat(cohort), "cohort.toml": about_file(cohort)}
    found = read_files(files, as_of=AS_OF, form="redcap")
    assert found.receipt.is_balanced
    assert_same(cohort, found)


@pytest.mark.parametrize("seed", range(15))
def test_a_long_export_says_what_the_tables_say(seed: int) -> None:
    cohort = drawn_cohort(seed)
    found = read_files({"export.csv": long(cohort)}, as_of=AS_OF, timezone=ZONE, form="redcap")
    assert found.receipt.is_balanced
    assert found.receipt.refusals.height == 0
    for name, frame in cohort.tables.items():
        mine = frame.drop("row").sort(pl.all())
        theirs = found.tables[name].drop("row")
        empty = [column for column in mine.columns if column not in theirs.columns]
        assert mine[empty].null_count().sum_horizontal().sum() == mine.height * len(empty)
        assert mine.drop(empty).equals(theirs.select(mine.drop(empty).columns).sort(pl.all())), name


def export(*rows: str, header: str = "visit_date,visit_edss") -> dict[str, bytes]:
    head = f"patient_id,{EVENT},{INSTRUMENT},{INSTANCE},{header}"
    return {"export.csv": "\n".join((head, *rows, "")).encode()}


def read(files: dict[str, bytes]) -> Cohort:
    cohort = read_files(files, as_of=AS_OF)
    assert cohort.receipt.is_balanced
    return cohort


def test_an_export_is_seen_by_its_header() -> None:
    cohort = read(export("P1,v1,visit,1,2020-01-01,2.5"))
    assert cohort.visit.select("patient_id", "edss").rows() == [("P1", 2.5)]
    assert cohort.present == {"visit"}


def test_a_refusal_names_row_event_instance_and_field() -> None:
    cohort = read(export("P1,v1,visit,1,2020-01-01,2.3"))
    assert "export.csv, row 2, event v1, visit 1, field visit_edss, column edss, patient P1: 2.3" in str(
        cohort.receipt
    )


@pytest.mark.parametrize(
    ("rows", "says", "accepted"),
    [
        (("P1,,visit,1,2020-01-01,2",), "redcap_event_name is empty", 0),
        (("P1,v1,visit,,2020-01-01,2",), "redcap_repeat_instance is empty", 0),
        (("P1,v1,visit,0,2020-01-01,2",), "redcap_repeat_instance is '0'", 0),
        (("P1,v1,visit,two,2020-01-01,2",), "redcap_repeat_instance is 'two'", 0),
        (
            ("P1,v1,relapse,1,2020-01-01,2",),
            "belongs to the instrument relapse, but holds fields of visit",
            0,
        ),
        (("P1,v1,visit,1,2020-01-01,2", "P1,v1,visit,1,2020-02-01,2"), "stand in row 3 with other values", 0),
        (("P1,v1,visit,1,2020-01-01,2", "P1,v1,visit,1,2020-01-01,2"), "that agree; row 2 was kept", 1),
        ((",v1,visit,1,2020-01-01,2",), "the cell is empty; every row needs it", 0),
        (("P1,v1,visit,1,,2",), "the cell is empty; every row needs it", 0),
    ],
)
def test_a_row_that_cannot_be_placed_is_refused(rows: tuple[str, ...], says: str, accepted: int) -> None:
    cohort = read(export(*rows))
    assert says in str(cohort.receipt)
    assert cohort.visit.height == accepted
    assert cohort.receipt.files["read"].to_list() == [len(rows)]


def test_an_unknown_instrument_is_listed_with_what_may_be_meant() -> None:
    cohort = read(export("P1,v1,Visits,1,2020-01-01,2", "P1,v1,Visits,2,2020-02-01,2", "P1,v1,qol,1,,"))
    assert cohort.receipt.not_used.select("what", "records", "first").rows() == [
        ("instrument Visits", 2, "row 2"),
        ("instrument qol", 1, "row 4"),
    ]
    assert "If visit is meant" in str(cohort.receipt)
    assert cohort.receipt.sources.rows() == [("export.csv", 3, 0, 3)]


def test_a_missing_data_code_says_why_there_is_no_value() -> None:
    cohort = read(export("P1,v1,visit,1,2020-01-01,ND"))
    assert cohort.visit.select("edss", "edss_missing").rows() == [(None, "ND")]


def test_a_record_is_a_patient_even_with_an_empty_form() -> None:
    files = export(
        "P1,v1,,,1980,,", "P2,v1,visit,1,,2020-01-01,2", header="patient_birth_year,visit_date,visit_edss"
    )
    cohort = read(files)
    assert cohort.patient.select("patient_id", "birth_year").rows() == [("P1", 1980), ("P2", None)]
    assert cohort.visit.height == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "patient_id,redcap_event_name,visit_date\nP1,v,2020-01-01\n",
            "column visit_edss: the field is missing",
        ),
        ("patient_id,redcap_event_name,mri_date,mri_region\n", "one of the fields mri_new_t2"),
        ("Record ID,redcap_event_name,Day of the visit\nP1,v,2020-01-01\n", "Was it exported with labels"),
        ("patient_id,visit_date,visit_edss\nP1,2020-01-01\n", "row 2: the row has 2 fields, the header 3"),
        ("patient_id,visit_date,visit_edss,visit_edss\n", "the field stands 2 times"),
        ("\xff\xfepatient_id", "the file looks like"),
    ],
)
def test_an_export_that_cannot_be_trusted_is_turned_away(content: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_files({"export.csv": content.encode("latin-1")}, as_of=AS_OF, form="redcap")
    assert says in str(caught.value)


def test_two_values_of_one_field_refuse_the_instance() -> None:
    head = f"record,{EVENT},{INSTRUMENT},{INSTANCE},field_name,value\n"
    lines = "".join(
        f"P1,v1,visit,{instance},{name},{value}\n"
        for instance, name, value in (
            (1, "visit_date", "2020-01-01"),
            (1, "visit_edss", "2"),
            (1, "visit_edss", "3"),
            (2, "visit_date", "2020-02-01"),
            (2, "visit_edss", "2"),
            (2, "weather", "wet"),
            (2, "visit_complete", "2"),
        )
    )
    cohort = read({"export.csv": (head + lines).encode()})
    assert cohort.visit["date"].to_list() == [dt.date(2020, 2, 1)]
    assert "row 4 states another value of this field" in str(cohort.receipt)
    assert cohort.receipt.sources.rows() == [("export.csv", 7, 5, 2)]


CELLS = (
    "",
    "P1",
    "v1",
    "visit",
    "qol",
    "1",
    "0",
    "x",
    "2020-01-01",
    "2.3",
    "ND",
    '"',
    "a,b",
    "\u00e6",
    "=1",
    "mri",
)


@pytest.mark.parametrize("layout", [flat, long])
def test_a_damaged_export_is_turned_away_or_every_row_is_accounted_for(
    layout: Callable[[Cohort], bytes],
) -> None:
    rng = random.Random(8)  # noqa: S311 - a seed is wanted
    content = layout(drawn_cohort(4))
    fared = {"read": 0, "turned away": 0}
    for _ in range(60):
        lines = content.decode().split("\r\n")
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(lines))
            cells = lines[place].split(",")
            cells[rng.randrange(len(cells))] = rng.choice(CELLS)
            lines[place] = ",".join(cells)
            if rng.random() < 0.3:
                lines.insert(rng.randrange(1, len(lines)), lines[place])
        damaged = "\r\n".join(lines).encode(rng.choice(("utf-8", "utf-8", "utf-16")))
        if rng.random() < 0.2:
            damaged = damaged[: rng.randrange(len(damaged))]
        cohort, problems = outcome({"export.csv": damaged}, form="redcap")
        fared["turned away" if cohort is None else "read"] += 1
        assert all(problem.file == "export.csv" for problem in problems)
    assert min(fared.values()) > 5


NAMES = b"""
[redcap.fields]
exam_day = "visit_date"
edss_total = "visit_edss"
gender = "patient_sex"

[redcap.instruments]
neuro_exam = "visit"

[redcap.codes.gender]
1 = "F"
2 = "M"
"""


def test_a_project_of_its_own_is_read_by_the_names_that_the_user_states() -> None:
    content = (
        f"record_id,{EVENT},{INSTRUMENT},{INSTANCE},gender,exam_day,edss_total\n"
        "P1,v1,,,1,,\nP1,v1,neuro_exam,1,,2020-01-01,2.5\nP1,v1,neuro_exam,2,,2020-02-01,2.3\n"
    )
    cohort = read({"export.csv": content.encode(), "cohort.toml": NAMES})
    assert cohort.patient.select("patient_id", "sex").rows() == [("P1", "F")]
    assert cohort.visit["edss"].to_list() == [2.5]
    assert "row 4, event v1, visit 2, field edss_total, column edss, patient P1" in str(cohort.receipt)
    lines = [
        ("gender", "2", "", ""),
        ("exam_day", "2020-01-01", "neuro_exam", "1"),
        ("edss_total", "3", "neuro_exam", "1"),
    ]
    rows = [["P1", "v1", instrument, instance, name, value] for name, value, instrument, instance in lines]
    content = as_csv(["record", EVENT, INSTRUMENT, INSTANCE, "field_name", "value"], rows)
    cohort = read({"export.csv": content, "cohort.toml": NAMES})
    assert cohort.patient["sex"].to_list() == ["M"]
    assert cohort.visit["edss"].to_list() == [3.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'redcap = "x"', "column redcap: redcap must be a table of TOML"),
        (b"[redcap.fields]\na = 1", 'key redcap.fields: each line must be THEIRS = "OURS"'),
        (b'[redcap.fields]\na = "edss"', "key redcap.fields.a: 'edss' is no field"),
        (b'[redcap.instruments]\na = "visits"', "key redcap.instruments.a: 'visits' is none of the tables"),
        (b"[redcap]\ncodes = 1", "key redcap.codes: codes stand by field"),
        (b'[redcap.names]\na = "b"', "key redcap.names: there is no such table"),
        (b'[redcap.fields]\nx = "visit_edss"', "the field stands 2 times in the header"),
    ],
)
def test_names_that_mean_nothing_are_turned_away(text: bytes, says: str) -> None:
    content = b"patient_id,redcap_event_name,visit_date,visit_edss,x\nP1,v1,2020-01-01,2,\n"
    with pytest.raises(InputError) as caught:
        read_files({"export.csv": content, "cohort.toml": text}, as_of=AS_OF, form="redcap")
    assert says in str(caught.value)
