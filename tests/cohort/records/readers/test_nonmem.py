"""An event table with an origin and units is a record; without them it is turned away."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from tests.cohort.records.drawn import AS_OF
from tests.cohort.records.reading import outcome
from tests.shared import shared_data
from wearoff.cohort.records import Cohort, ReadingChoices, read_cohort, read_files
from wearoff.errors import InputError

UNITS = {"TIME": "d", "AMT": "mg", "DV": "mg/L", "WT": "kg"}
HEADER = "ID,TIME,AMT,RATE,DUR,DV,EVID,MDV,WT,CMT,ADDL"
CHOICES = ReadingChoices(origin="2020-01-01T10:00", units=UNITS)


def read(
    *rows: str, header: str = HEADER, choices: ReadingChoices = CHOICES, timezone: str = "UTC"
) -> Cohort:
    content = "\n".join((header, *rows, "")).encode()
    cohort = read_files({"events.csv": content}, as_of=AS_OF, timezone=timezone, choices=choices)
    assert cohort.receipt.is_balanced
    return cohort


def test_doses_and_levels_become_infusions_and_measurements() -> None:
    cohort = read(
        "1,0,300,7200,.,.,1,1,70,.,0",
        "1,27.5,.,.,.,25.125,0,0,70,.,0",
        "1,28,300,.,0.0416666666666667,.,1,1,71.5,.,0",
        "2,0,.,.,.,.,2,1,82,.,0",
    )
    assert cohort.infusion.select("patient_id", "dose_mg", "duration_min", "weight_kg").rows() == [
        ("1", 300.0, 60.0, 70.0),
        ("1", 300.0, pytest.approx(60.0), 71.5),
    ]
    assert [str(moment) for moment in cohort.infusion["start_time"]] == [
        "2020-01-01 10:00:00+00:00",
        "2020-01-29 10:00:00+00:00",
    ]
    assert cohort.measurement.select("analyte", "value", "unit").rows() == [
        ("natalizumab_conc", 25.125, "mg/L")
    ]
    assert str(cohort.measurement["time"][0]) == "2020-01-28 22:00:00+00:00"
    assert cohort.receipt.not_used.select("what", "records", "first").rows() == [("EVID 2", 1, "row 5")]
    assert cohort.receipt.sources.rows() == [("events.csv", 4, 3, 1)]


def test_time_that_passes_is_kept_where_clocks_are_changed() -> None:
    cohort = read("1,0,300,.,.,.,1,1,70,.,0", "1,100,300,.,.,.,1,1,70,.,0", timezone="Europe/Oslo")
    first, last = cohort.infusion["start_time"].to_list()
    assert last - first == dt.timedelta(days=100)


def test_whole_days_after_a_date_are_dates() -> None:
    choices = ReadingChoices(origin="2020-01-01", units=UNITS | {"TIME": "weeks"})
    cohort = read("1,0,300,.,.,.,1,1,70,.,0", "1,4,300,.,.,.,1,1,70,.,0", choices=choices)
    assert cohort.infusion["start_is_date_only"].to_list() == [True, True]
    assert [str(moment.date()) for moment in cohort.infusion["start_time"]] == ["2020-01-01", "2020-01-29"]


def test_units_are_converted_and_may_stand_in_the_header() -> None:
    header = "ID,TIME (h),AMT [ug],DV,WT (lb)"
    choices = ReadingChoices(origin="2020-01-01T00:00", units={"DV": "ng/mL"})
    cohort = read("1,48,3E5,.,100", "1,72,.,25000,.", header=header, choices=choices)
    assert cohort.infusion.select("dose_mg", "weight_kg").rows() == [(300.0, 45.359237)]
    assert cohort.measurement.select("value", "unit").rows() == [(25.0, "mg/L")]
    assert str(cohort.infusion["start_time"][0]) == "2020-01-03 00:00:00+00:00"


def test_the_route_is_what_the_user_says_of_compartment_1() -> None:
    rows = ("1,0,300,.,.,.,1,1,70,1,0", "1,28,300,.,.,.,1,1,70,2,0")
    assert read(*rows).infusion["route"].to_list() == [None, None]
    choices = ReadingChoices(origin="2020-01-01", units=UNITS, first_compartment="depot")
    assert read(*rows, choices=choices).infusion["route"].to_list() == ["SC", "IV"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("1,0,300,.,.,.,1,1,70,.,12", "ADDL makes the row stand for more than one dose"),
        ("1,0,300,-2,.,.,1,1,70,.,0", "a negative RATE leaves the rate to a model"),
        ("1,0,.,.,.,.,1,1,70,.,0", "the dose has no AMT"),
        ("1,0,300,.,.,.,4,1,70,.,0", "EVID 4 resets the patient"),
        (
            "1,x,300,.,.,.,1,1,70,.,0",
            "row 2, column TIME, column start_time, patient 1: TIME is 'x' and no number",
        ),
        ("1,10:30,300,.,.,.,1,1,70,.,0", "A clock or a date is no TIME"),
        ("1,1E9,300,.,.,.,1,1,70,.,0", "outside the calendar"),
        ("1,9999,300,.,.,.,1,1,70,.,0", "is after 2024-06-30"),
        (
            "1,0,9000,.,.,.,1,1,70,.,0",
            "row 2, column AMT, column dose_mg, patient 1: '9000' is outside 1 to 600 mg",
        ),
        ("1,0,300,.,.,.,1,1,heavy,.,0", "WT is 'heavy' and no number"),
        ("1,0,300,.,.,.,1,1,70,7,0", "CMT 7 is neither the depot nor the blood"),
        (".,0,300,.,.,.,1,1,70,.,0", "the cell is empty; every row needs it"),
        ("1,0,.,.,.,-3,0,0,70,.,0", "-3 mg/L is outside 0 to 1000 mg/L"),
    ],
)
def test_a_row_that_is_no_record_is_refused(row: str, says: str) -> None:
    cohort = read(row)
    assert says in str(cohort.receipt)
    assert cohort.infusion.height + cohort.measurement.height == 0


@pytest.mark.parametrize(
    ("choices", "header", "row", "says"),
    [
        (ReadingChoices(units=UNITS), HEADER, "", "does not say when TIME is 0; name the moment: --origin"),
        (ReadingChoices(origin="1.1.2020", units=UNITS), HEADER, "", "the origin '1.1.2020' is no date"),
        (ReadingChoices(origin="2020-02-30", units=UNITS), HEADER, "", "the origin '2020-02-30' is no date"),
        (
            ReadingChoices(origin="2020-01-01"),
            HEADER,
            "",
            "the unit of TIME is not given, and is never guessed",
        ),
        (
            ReadingChoices(origin="2020-01-01", units=UNITS | {"AMT": "mL"}),
            HEADER,
            "",
            "column AMT: the unit 'mL'",
        ),
        (
            ReadingChoices(origin="2020-01-01", units=UNITS),
            "ID,TIME (h),AMT",
            "",
            "the header says h and the unit",
        ),
        (
            ReadingChoices(origin="2020-01-01", units=UNITS),
            HEADER,
            "1,0.5,300,.,.,.,1,1,70,.,0",
            "the origin needs one",
        ),
        (ReadingChoices(origin="2020-01-01", units=UNITS), HEADER, "1,0", "row 2: the row has 2 fields"),
        (
            ReadingChoices(origin="2020-01-01", units=UNITS),
            "ID,TIME,WT",
            "",
            "one of the columns AMT, DV is required",
        ),
    ],
)
def test_what_the_table_does_not_say_is_asked_for(
    choices: ReadingChoices, header: str, row: str, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_files({"events.csv": f"{header}\n{row}\n".encode()}, as_of=AS_OF, form="nonmem", choices=choices)
    assert says in str(caught.value)


def test_a_public_table_of_120_people_is_read_whole() -> None:
    file = shared_data("pharmacometrics", "Infusion_2CPTMM.csv")
    choices = ReadingChoices(
        origin="2020-01-01T00:00", units={"TIME": "h", "AMT": "ug", "DV": "ug/L"}, first_compartment="central"
    )
    cohort = read_cohort(file, as_of=AS_OF, choices=choices)
    plain = pl.read_csv(file)
    assert cohort.receipt.refusals.height == 0
    assert cohort.receipt.sources.rows() == [(file.name, plain.height, plain.height, 0)]
    doses, levels = plain.filter(pl.col("EVID") == 1), plain.filter(pl.col("EVID") == 0)
    assert cohort.infusion["patient_id"].to_list() == doses["ID"].cast(pl.String).to_list()
    assert cohort.infusion["dose_mg"].to_list() == (doses["AMT"] / 1000).to_list()
    assert cohort.infusion["duration_min"].to_list() == (doses["AMT"] / doses["RATE"] * 60).to_list()
    assert cohort.infusion["route"].unique().to_list() == ["IV"]
    hours = (cohort.measurement["time"] - dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).dt.total_seconds() / 3600
    assert hours.to_list() == pytest.approx(levels["TIME"].to_list(), abs=0.5 / 3600)
    assert cohort.measurement["value"].to_list() == pytest.approx((levels["DV"] / 1000).to_list(), rel=1e-15)


CELLS = ("", ".", "NA", "0", "1", "-1", "2", "1E3", "x", "10:30", "300", "2020-01-01", "1e400", '"', "9" * 60)


def test_a_damaged_table_is_turned_away_or_every_row_is_accounted_for() -> None:
    rng = random.Random(4)  # noqa: S311 - a seed is wanted
    rows = [f"{p},{28 * k},300,7200,.,.,1,1,70,1,0" for p in range(3) for k in range(4)]
    rows += [f"{p},{28 * k + 14},.,.,.,{20 + k},0,0,70,2,0" for p in range(3) for k in range(4)]
    fared = {"read": 0, "turned away": 0}
    for _ in range(100):
        lines = [HEADER, *rows]
        for _ in range(rng.randrange(1, 5)):
            place = rng.randrange(len(lines)) if rng.random() < 0.1 else rng.randrange(1, len(lines))
            cells = lines[place].split(",")
            cells[rng.randrange(len(cells))] = rng.choice(CELLS)
            lines[place] = ",".join(cells)
        content = "\n".join(lines).encode()
        if rng.random() < 0.1:
            content = content[: rng.randrange(len(content))]
        cohort, problems = outcome({"events.csv": content}, form="nonmem", choices=CHOICES)
        fared["turned away" if cohort is None else "read"] += 1
        assert all(problem.file == "events.csv" for problem in problems)
        if cohort is not None:
            left = cohort.receipt.not_used["records"].sum()
            assert cohort.receipt.files["read"].sum() + left == cohort.receipt.sources["records"].sum()
    assert min(fared.values()) > 5
