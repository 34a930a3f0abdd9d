"""Virtual patients from recorded rows: what is recorded is kept, and what is missing is said."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.shared import ROOT
from tests.trial.worlds import FOUR, study
from wearoff.cohort.records import read_cohort
from wearoff.cohort.records.cohort import Cohort
from wearoff.errors import InputError
from wearoff.trial.protocol import Patients
from wearoff.trial.world.resample import recorded_people
from wearoff.trial.world.simulate import simulate_truth

EXAMPLE = ROOT / "examples" / "simulated_cohort"
AS_OF = dt.date(2024, 1, 1)
FROM_ROWS = study(FOUR, weeks=4, patients=Patients(source="cohort", folder="any"))


def cohort(folder: Path = EXAMPLE) -> Cohort:
    return read_cohort(folder, as_of=AS_OF)


def written(tmp_path: Path, **tables: str) -> Cohort:
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return cohort(tmp_path)


TABLES = {
    "patient": "patient_id,birth_year,sex,height_cm,followup_start\nA,1980,F,170,2020-06-01\nB,1990,M,,2020-06-01\n",
    "infusion": (
        "patient_id,start_time,dose_mg,route,weight_kg\n"
        "A,2018-06-01,300,IV,60\nA,2020-05-01,300,IV,66\nA,2020-08-01,300,IV,90\n"
        "B,2020-06-01,300,IV,81\n"
    ),
    "visit": "patient_id,date,edss\nA,2020-07-01,3\nA,2020-05-20,2.5\nB,2020-09-01,0\n",
    "measurement": (
        "patient_id,time,analyte,subset,value,unit\n"
        "A,2020-05-01T09:00,jcv_index,none,1.7,index\nB,2020-05-01T09:00,jcv_index,none,0.2,index\n"
    ),
}


def test_what_holds_at_entry_is_the_last_value_up_to_it_or_the_first_after(tmp_path: Path) -> None:
    found = recorded_people(written(tmp_path, **TABLES)).values
    assert found["weight_kg"].tolist() == [66.0, 81.0]
    assert found["edss"].tolist() == [2.5, 0.0]
    assert found["age"].tolist() == [40.0, 30.0]
    assert found["is_female"].tolist() == [1.0, 0.0]
    assert found["jcv_index"].tolist() == [1.7, 0.0]
    np.testing.assert_allclose(found["treatment_years"], [2.0, np.nan], atol=0.01)


def test_rows_are_drawn_whole_and_evenly(tmp_path: Path) -> None:
    truth = simulate_truth(FROM_ROWS, 1, 0, 50, cohort=written(tmp_path, **TABLES))
    people = truth.people
    is_first = people.weight_kg == 66.0
    assert set(people.weight_kg) == {66.0, 81.0}
    assert people.is_female.tolist() == is_first.tolist()
    assert people.edss.tolist() == np.where(is_first, 2.5, 0.0).tolist()
    np.testing.assert_array_equal(people.jcv_index, np.where(is_first, 1.7, np.nan))
    assert abs(is_first.mean() - 0.5) < 4 * np.sqrt(0.25 / truth.patients)


def test_what_is_missing_is_drawn_and_said(tmp_path: Path) -> None:
    recorded = recorded_people(written(tmp_path, **TABLES))
    said = " ".join(recorded.fallbacks)
    for part in ("height_cm: not recorded of 1 of 2", "ms_years: not recorded of 2 of 2", "has_antibodies"):
        assert part in said
    assert "weight_kg" not in said
    people = simulate_truth(FROM_ROWS, 1, 0, 20, cohort=cohort(tmp_path)).people
    assert set(people.height_cm[people.is_female]) == {170.0}
    assert np.unique(people.height_cm[~people.is_female]).size > 50


@pytest.mark.parametrize(
    ("table", "before", "after", "file"),
    [
        ("infusion", "B,2020-06-01,300,IV,81", "B,2020-06-01,300,IV,", "infusion.csv"),
        ("patient", "1990,M", "1990,U", "patient.csv"),
        ("patient", "B,1990", "B,", "patient.csv"),
        ("visit", "B,2020-09-01,0", "B,2020-09-01,", "visit.csv"),
    ],
)
def test_a_patient_who_cannot_be_simulated_is_named(
    tmp_path: Path, table: str, before: str, after: str, file: str
) -> None:
    assert before in TABLES[table]
    tables = {**TABLES, table: TABLES[table].replace(before, after)}
    with pytest.raises(InputError) as fault:
        recorded_people(written(tmp_path, **tables))
    assert [(one.file, one.patient) for one in fault.value.problems] == [(file, "B")]


def test_rows_without_a_cohort_are_refused() -> None:
    with pytest.raises(InputError, match=r"patients\.folder"):
        simulate_truth(FROM_ROWS, 1, 0, 1)


def test_the_example_cohort_can_be_drawn_from(tmp_path: Path) -> None:
    copy = shutil.copytree(EXAMPLE, tmp_path / "copy")
    truth = simulate_truth(FROM_ROWS, 1, 0, 5, cohort=cohort(copy))
    recorded = recorded_people(cohort(copy))
    assert set(truth.people.weight_kg) <= set(recorded.values["weight_kg"])
    assert np.unique(truth.people.weight_kg).size > 20
