"""An event table gives the regimen that it means, or names every row that means none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dosing.regimens import odd_days, regimens
from wearoff.dosing.events import WRITTEN_UNITS, PatientEvents, read_events, to_events, write_events
from wearoff.dosing.regimen import Regimen, every
from wearoff.errors import InputError

HEADER = "ID,TIME,AMT,RATE,II,ADDL,SS,EVID,CMT,DV,MDV"
DOSE = "1,0,300,300,0,0,0,1,2,.,1"
HOURS = {"TIME": "h", "AMT": "mg"}


def read(tmp_path: Path, *rows: str, header: str = HEADER, **options: Any) -> tuple[PatientEvents, ...]:
    file = tmp_path / "events.csv"
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return read_events(file, **{"first_compartment": "depot", "units": HOURS} | options)


def faults(tmp_path: Path, *rows: str, **options: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, *rows, **options)
    return [str(problem) for problem in caught.value.problems]


def test_addl_and_ii_are_written_out_and_rate_gives_the_duration(tmp_path: Path) -> None:
    (patient,) = read(tmp_path, "A1,24,300,150,672,2,0,1,2,.,1")
    assert patient.patient == "A1"
    assert patient.regimen.start_d.tolist() == [1, 29, 57]
    assert patient.regimen.dose_mg.tolist() == [300, 300, 300]
    np.testing.assert_allclose(24 * patient.regimen.duration_d, 2)


def test_a_dose_into_the_depot_is_subcutaneous_and_into_the_central_compartment_an_infusion(
    tmp_path: Path,
) -> None:
    (patient,) = read(tmp_path, "1,0,300,0,0,0,0,1,1,.,1", "1,24,300,300,0,0,0,1,2,.,1")
    assert patient.regimen.is_subcutaneous.tolist() == [True, False]
    (central,) = read(tmp_path, "1,0,300,300,0,0,0,1,1,.,1", first_compartment="central")
    assert central.regimen.is_subcutaneous.tolist() == [False]


def test_a_dose_without_a_rate_is_a_bolus_and_a_rate_into_the_depot_an_infusion_there(tmp_path: Path) -> None:
    (patient,) = read(tmp_path, "1,0,300,0,0,0,0,1,2,.,1", "1,24,300,150,0,0,0,1,1,.,1")
    assert patient.regimen.duration_d.tolist() == [0, 2 / 24]
    assert patient.regimen.is_subcutaneous.tolist() == [False, True]


def test_resets_and_steady_states_are_scheduled_and_end_what_was_before(tmp_path: Path) -> None:
    rows = (
        "1,0,300,300,672,5,0,1,2,.,1",
        "1,1000,.,.,0,0,0,3,2,.,1",
        "1,1344,300,300,672,0,1,1,2,.,1",
        "1,1400,150,0,0,0,0,4,2,.,1",
    )
    (patient,) = read(tmp_path, *rows)
    doses = patient.schedule.doses
    assert [dose.is_reset for dose in doses] == [False, True, False, True]
    assert [dose.steady for dose in doses] == [0, 0, 1, 0]
    assert patient.regimen.start_d.tolist() == [0, 28, 56, 1400 / 24]
    assert not patient.schedule.is_plain


def test_an_endless_infusion_is_a_steady_state_without_an_amount(tmp_path: Path) -> None:
    (patient,) = read(tmp_path, "1,24,0,10,0,0,1,1,2,.,1")
    (dose,) = patient.schedule.doses
    assert (dose.time_d, dose.amount_mg, dose.rate_mg_per_d, dose.steady) == (1, 0, 240, 1)
    assert patient.regimen.number == 0


def test_what_the_model_gives_a_dose_stands_in_named_columns(tmp_path: Path) -> None:
    header = HEADER + ",BIO,LAG,DUR"
    rows = (
        "1,0,300,-2,0,0,0,1,2,.,1,0.5,12,6",
        "1,100,300,100,0,0,0,1,2,.,1,0.5,0,6",
        "1,200,300,0,0,0,0,1,1,.,1,0.5,12,6",
    )
    names = {"F2": "BIO", "ALAG2": "LAG", "D2": "DUR"}
    (patient,) = read(tmp_path, *rows, header=header, modelled=names)
    by_duration, by_rate, other = patient.schedule.doses
    assert (by_duration.amount_mg, 24 * by_duration.duration_d, 24 * by_duration.lag_d) == (150, 6, 12)
    assert by_rate.amount_mg == 150
    np.testing.assert_allclose(24 * by_rate.duration_d, 1.5)
    assert (other.amount_mg, other.lag_d, other.duration_d) == (300, 0, 0)
    missing = faults(tmp_path, *rows, header=header, modelled=names | {"R2": "RAT"})
    assert "column RAT: the column that the model is said to take is missing" in missing[0]
    with pytest.raises(InputError, match="'F3' is not one of F1, F2"):
        read(tmp_path, *rows, header=header, modelled={"F3": "BIO"})


def test_infusions_may_overlap_where_that_is_said(tmp_path: Path) -> None:
    row = "1,0,300,10,24,3,0,1,2,.,1"
    (patient,) = read(tmp_path, row, overlapping="add")
    assert patient.schedule.dose_days == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="starts while the one before still runs"):
        _ = patient.regimen


def test_a_row_stands_before_a_dose_of_its_moment_or_after_what_comes_then(tmp_path: Path) -> None:
    observed = "1,{},.,.,0,0,0,0,2,.,1"
    rows = (observed.format(0), "1,0,300,0,24,2,0,1,2,.,1", observed.format(0), observed.format(24))
    (patient,) = read(tmp_path, *rows)
    assert patient.is_after.tolist() == [False, True, True]


def test_observations_are_kept_in_mg_per_litre_and_missing_ones_stay_missing(tmp_path: Path) -> None:
    rows = (DOSE, "1,12,.,.,.,.,.,0,2,25000,0", "1,24,.,.,.,.,.,0,0,.,1", "1,36,.,.,.,.,.,2,0,.,1")
    (patient,) = read(tmp_path, *rows, units=HOURS | {"DV": "ng/mL"})
    assert patient.observed_d.tolist() == [0.5, 1.0]
    np.testing.assert_array_equal(patient.observed, [25.0, np.nan])


def test_names_are_read_in_any_case_and_units_from_the_header(tmp_path: Path) -> None:
    (patient,) = read(
        tmp_path, "1,1,0.3,7.2,176.36981", header="id,Time (d),amt [g],Rate,Weight (lb)",
        units={}, carried="forward", first_compartment="central",
    )  # fmt: skip
    assert patient.regimen.start_d.tolist() == [1]
    assert patient.regimen.dose_mg.tolist() == [300]
    np.testing.assert_allclose(24 * patient.regimen.duration_d, 1)
    np.testing.assert_allclose(patient.covariates["WT"], 80.0)


def test_a_covariate_is_carried_the_way_that_is_named(tmp_path: Path) -> None:
    header = "ID,TIME,AMT,RATE,EVID,CMT,WT (kg),AGE"
    rows = ("1,0,300,300,1,2,80,40", "1,300,.,.,2,.,82,.", "1,672,300,300,1,2,.,41", "1,800,.,.,2,.,84,.")
    (forward,) = read(tmp_path, *rows, header=header, carried="forward")
    (backward,) = read(tmp_path, *rows, header=header, carried="backward")
    assert forward.covariate_d.tolist() == backward.covariate_d.tolist() == [0, 12.5, 28, 800 / 24]
    assert forward.covariates["WT"].tolist() == [80, 82, 82, 84]
    assert backward.covariates["WT"].tolist() == [82, 84, 84, 84]
    assert forward.covariates["AGE"].tolist() == [40, 40, 41, 41]
    assert backward.covariates["AGE"].tolist() == [41, 41, 41, 41]
    assert "forward or backward" in faults(tmp_path, *rows, header=header)[0]
    late = faults(tmp_path, rows[0].replace("80", "."), rows[1], header=header, carried="forward")
    assert late == ["events.csv, row 2, column WT, patient 1: it has no value at or before a dose; give one, or "
                    "carry covariates backward."]  # fmt: skip


def test_a_column_that_is_no_covariate_can_be_ignored(tmp_path: Path) -> None:
    rows = [DOSE + ",Oslo"]
    (patient,) = read(tmp_path, *rows, header=HEADER + ",SITE", ignored=["site"])
    assert patient.covariates == {}
    assert "'Oslo' is not a number" in faults(tmp_path, *rows, header=HEADER + ",SITE", carried="forward")[0]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("1,0,300,300,0,0,0,7,2,.,1", "EVID", "there is no such event"),
        ("1,0,300,300,0,0,0,1.5,2,.,1", "EVID", "1.5 is not a whole number"),
        ("1,0,300,300,672,0,3,1,2,.,1", "SS", "SS is 0, 1 (a steady state) or 2"),
        ("1,0,300,300,0,0,1,1,2,.,1", "II", "II does not say how often"),
        ("1,0,.,.,672,0,1,0,2,.,1", "ADDL", "only a dose (EVID 1 or 4)"),
        ("1,0,-300,300,0,0,0,1,2,.,1", "AMT", "cannot be negative"),
        ("1,0,.,300,0,0,0,1,2,.,1", "AMT", "has no amount"),
        ("1,0,300,0,0,0,0,0,2,.,1", "AMT", "does not say that it is a dose"),
        ("1,.,300,300,0,0,0,1,2,.,1", "TIME", "the time is missing"),
        ("1,9:30,300,300,0,0,0,1,2,.,1", "TIME", "'9:30' is not a number"),
        ("1,0,300,-1,0,0,0,1,2,.,1", "RATE", "leaves rate or duration to the model"),
        ("1,0,300,-2,0,0,0,1,2,.,1", "RATE", "leaves rate or duration to the model"),
        ("1,0,300,-7,0,0,0,1,2,.,1", "RATE", "cannot be negative"),
        ("1,0,300,300,0,3,0,1,2,.,1", "II", "II does not say how often"),
        ("1,0,300,300,672,0,0,1,2,.,1", "II", "ADDL repeats nothing"),
        ("1,0,300,300,-1,3,0,1,2,.,1", "II", "cannot be negative"),
        ("1,0,300,300,672,1e6,0,1,2,.,1", "ADDL", "more than 10000 doses"),
        ("1,0,300,10,24,3,0,1,2,.,1", "TIME", "while its own repetition still runs"),
        ("1,0,300,300,0,0,0,1,3,.,1", "CMT", "CMT 1 to 2 only"),
        ("1,0,.,.,0,0,0,0,1,5,0", "CMT", "nobody measures the depot"),
        ("1,0,.,.,0,0,0,0,2,-3,0", "DV", "is it a logarithm"),
        ("1,0,.,.,0,0,0,0,2,5,2", "MDV", "MDV is 0 or 1"),
        (",0,300,300,0,0,0,1,2,.,1", "ID", "the ID is missing"),
    ],
)
def test_an_event_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, row: str, column: str, said: str
) -> None:
    units = HOURS | ({"DV": "mg/L"} if row.split(",")[9] != "." else {})
    (fault,) = faults(tmp_path, row, units=units)
    patient = ", patient 1" if row[0] == "1" else ""
    assert fault.startswith(f"events.csv, row 2, column {column}{patient}: ")
    assert said in fault


def test_time_that_goes_backwards_and_a_scattered_id_are_refused(tmp_path: Path) -> None:
    later = DOSE.replace("1,0", "1,50", 1)
    assert faults(tmp_path, later, DOSE) == [
        "events.csv, row 3, column TIME, patient 1: time goes backwards within the ID."
    ]
    other = DOSE.replace("1", "2", 1)
    assert "row 4, column ID, patient 1: the rows of this ID" in faults(tmp_path, DOSE, other, later)[0]


def test_an_infusion_started_while_another_runs_names_both_rows(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "1,0,300,10,0,0,0,1,2,.,1", "1,12,300,300,0,0,0,1,2,.,1")
    assert fault.startswith("events.csv, row 3, column TIME, patient 1: it starts on day 0.5")
    assert "infusion of row 2 still runs" in fault


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ({"AMT": "mg"}, "column TIME: the unit is missing; name it, for example TIME (d)."),
        ({"TIME": "h"}, "column AMT: the unit is missing"),
        ({"TIME": "mg", "AMT": "mg"}, "'mg' measures something else than 'd'"),
        ({"TIME": "hrs", "AMT": "mg"}, "the unit 'hrs' is not known"),
        (HOURS | {"RATE": "mg/h"}, "column RATE: its unit is that of AMT per TIME"),
        (HOURS | {"WT": "kg"}, "column WT: there is a unit for this column, but no such column"),
    ],
)
def test_a_missing_foreign_or_useless_unit_is_refused(
    tmp_path: Path, units: dict[str, str], said: str
) -> None:
    assert said in faults(tmp_path, DOSE, units=units)[0]


def test_a_header_and_an_argument_must_agree(tmp_path: Path) -> None:
    header = HEADER.replace("TIME", "TIME (d)")
    assert "the header says d, and not h" in faults(tmp_path, DOSE, header=header)[0]


def test_a_weight_in_grams_is_an_error_that_names_row_and_patient(tmp_path: Path) -> None:
    header = HEADER + ",WT (kg)"
    (fault,) = faults(tmp_path, DOSE + ",80000", header=header, carried="forward")
    assert fault.startswith("events.csv, row 2, column WT, patient 1: 80000 kg is no body weight")
    (patient,) = read(
        tmp_path, DOSE + ",80000", header=HEADER + ",WT", units=HOURS | {"WT": "g"}, carried="forward"
    )
    assert patient.covariates["WT"].tolist() == [80]


def test_all_faults_are_named_at_once_and_a_file_that_is_no_table_says_so(tmp_path: Path) -> None:
    wrong = ("1,0,300,300,0,0,0,7,2,.,1", "1,1,-300,300,0,0,0,1,2,.,1", "2,0,300,0,0,0,0,1,3,.,1")
    assert [fault.split(",")[1] for fault in faults(tmp_path, *wrong)] == [" row 2", " row 3", " row 4"]
    assert "row 3: the row has 2 cells" in faults(tmp_path, DOSE, "1,2")[0]
    assert "the column stands there twice" in faults(tmp_path, DOSE, header=HEADER.replace("SS", "ii"))[0]
    assert "column AMT: the column is missing" in faults(tmp_path, "1,0", header="ID,TIME")[0]
    with pytest.raises(InputError, match="cannot be read"):
        read_events(tmp_path / "nothing.csv", first_compartment="depot")


IDENTITY = {"first_compartment": "depot", "units": WRITTEN_UNITS}


@settings(deadline=None)
@given(
    regimens(
        gaps=odd_days, doses=st.just(0.0) | st.floats(1e-3, 1e4), durations=st.floats(1e-4, 1), smallest=1
    ),
    st.text("ABC123", min_size=1),
)
def test_a_regimen_survives_being_written_as_a_table(regimen: Regimen, patient: str) -> None:
    (back,) = read_events(to_events(regimen, patient), **IDENTITY)  # type: ignore[arg-type]
    assert back.patient == patient
    assert back.regimen == regimen


@settings(max_examples=25, deadline=None)
@given(st.lists(regimens(gaps=odd_days, doses=st.floats(1e-3, 1e4)), min_size=1, max_size=3))
def test_patients_survive_being_written_as_a_file(
    tmp_path_factory: pytest.TempPathFactory, plans: list[Regimen]
) -> None:
    file = tmp_path_factory.mktemp("events") / "events.csv"
    regimens_of = {f"P{number}": plan for number, plan in enumerate(plans)}
    write_events(regimens_of, file)
    back = read_events(file, **IDENTITY)  # type: ignore[arg-type]
    assert {one.patient: one.regimen for one in back} == regimens_of


def test_the_columns_are_those_of_the_layout_and_rate_is_amount_by_duration() -> None:
    columns = to_events(every(4, times=2))
    assert ",".join(columns) == HEADER + ",TINF"
    np.testing.assert_allclose(np.array(columns["RATE"], dtype=float), 7200)
    shorter = {name: values for name, values in columns.items() if name != "TINF"}
    without = read_events(shorter, **IDENTITY)[0].regimen  # type: ignore[arg-type]
    np.testing.assert_allclose(without.duration_d, 1 / 24, rtol=1e-15)
    with pytest.raises(ValueError, match="no event for a plasma exchange"):
        to_events(every(4).exchanged([100], 0.7))
    with pytest.raises(InputError, match="AMT/RATE is another"):
        read_events(columns | {"TINF": [1.0, 1.0]}, **IDENTITY)  # type: ignore[arg-type]


def test_event_tables_need_no_data_frame() -> None:
    code = "import sys, wearoff.dosing.events; assert not {'polars', 'pint', 'jax'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
