import pytest

from tests.cohort.records.reading import read


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("visit", "P1,2020-01-01,,2.0,,,\nP1,2020-01-01,,2,,,"),
        ("infusion", "P1,2020-01-01T08:00,300,IV,,70,,\nP1,2020-01-01 08:00:00,300.0,IV,,70,,"),
        ("mri", "P1,2020-01-01,brain,,0,,,,\nP1,2020-01-01,brain,,0,,,,"),
        ("relapse", "P1,2020-01-01,,N,\nP1,2020-01-01,,N,"),
        ("wearing_off", "P1,,never\nP1,,never"),
        ("patient", "P1,1980,F,,,,\nP1,1980,F,,,,"),
        ("measurement", "P1,2020-01-01,nfl,,5,pg/mL,,,,\nP1,2020-01-01,nfl,,5,ng/L,,,,"),
        ("event", "P1,2020-01-01,x,y\nP1,2020-01-01,x,y"),
    ],
)
def test_a_row_that_repeats_another_is_refused_without_loss(table: str, rows: str) -> None:
    cohort = read(**{table: rows})
    (found,) = cohort.receipt.refusals.iter_rows(named=True)
    assert found["row"] == 3
    assert not found["loses_information"]
    assert "row 2 was kept" in found["reason"]
    assert cohort.refused_patients(table) == frozenset()
    assert cohort.tables[table]["row"].to_list() == [2]


def test_an_empty_edss_does_not_contradict_one_of_the_same_day() -> None:
    cohort = read(visit="P1,2020-01-01,,,,,\nP1,2020-01-01,,2.0,,,")
    assert cohort.visit["row"].to_list() == [3]
    assert not cohort.receipt.refusals["loses_information"].any()


def test_an_agreeing_row_with_more_to_say_is_counted_as_a_loss() -> None:
    cohort = read(visit="P1,2020-01-01,scheduled,2.0,1,,\nP1,2020-01-01,infusion,2.0,,,")
    assert cohort.visit["row"].to_list() == [2]
    assert cohort.refused_patients("visit") == {"P1"}


def test_measurements_of_one_moment_may_differ() -> None:
    cohort = read(measurement="P1,2020-01-01,nfl,,5,pg/mL,,,,\nP1,2020-01-01,nfl,,6,pg/mL,,,,")
    assert cohort.measurement["value"].to_list() == [5.0, 6.0]


def test_two_infusions_are_on_one_day_by_the_local_calendar() -> None:
    rows = "P1,2020-07-01T21:00Z,300,,,,,\nP1,2020-07-01T23:00Z,150,,,,,"
    assert read(infusion=rows, timezone="UTC").infusion.is_empty()
    assert read(infusion=rows, timezone="Europe/Oslo").infusion.height == 2


def test_a_row_of_a_patient_who_is_not_listed_is_refused_with_the_near_one() -> None:
    cohort = read(patient="P-01,1980,F,,,,", visit="p01,2020-01-01,,2.0,,,")
    (found,) = cohort.receipt.refusals.iter_rows(named=True)
    assert (found["file"], found["row"], found["column"], found["patient_id"]) == (
        "visit.csv",
        2,
        "patient_id",
        "p01",
    )
    assert "Is 'P-01' meant?" in found["reason"]
    assert cohort.patients == ("P-01",)


def test_a_date_before_the_birth_of_the_patient_is_refused_in_every_table() -> None:
    cohort = read(
        patient="P1,2001,F,,,,",
        visit="P1,2000-01-01,,2.0,,,",
        infusion="P1,2000-12-31T23:30Z,300,,,,,",
        timezone="Europe/Oslo",
    )
    (found,) = cohort.receipt.refusals.iter_rows(named=True)
    assert (found["file"], found["row"], found["column"], found["patient_id"]) == (
        "visit.csv",
        2,
        "date",
        "P1",
    )
    assert found["reason"] == "2000-01-01 is before 2001, the patient's birth year."
    assert cohort.infusion.height == 1
