"""A record on days since the first infusion."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.cohort.cohorts import cohort, on
from wearoff.cohort.courses import Course, courses_of

INFUSION = "patient_id,start_time,dose_mg,route,weight_kg,duration_min"


def courses(folder: Path, *rows: str, samples: tuple[str, ...] = ()) -> tuple[list[Course], tuple[str, ...]]:
    tables = {"infusion": [INFUSION, *rows]}
    if samples:
        tables["measurement"] = ["patient_id,time,analyte,value,unit", *samples]
    return courses_of(cohort(folder, **tables))


def test_day_zero_is_the_first_infusion_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    found, notes = courses(
        tmp_path,
        f"B,{on(30)},300,IV,70,60",
        f"A,{on(100)},300,IV,80,60",
        f"B,{on(2)},150,IV,71,60",
    )
    assert [course.patient for course in found] == ["A", "B"]
    assert found[1].regimen.start_d.tolist() == [0, 28]
    assert found[1].regimen.dose_mg.tolist() == [150, 300]
    assert found[1].weight_kg is not None
    assert found[1].weight_kg.tolist() == [71, 70]
    assert notes == ()


def test_an_infusion_assumed_to_run_into_the_next_one_is_shortened_and_counted(tmp_path: Path) -> None:
    found, notes = courses(tmp_path, f"A,{on(0)}T23:30:00,300,IV,70,", f"A,{on(1)}T00:10:00,300,IV,70,60")
    np.testing.assert_allclose(24 * found[0].regimen.duration_d, [40 / 60, 1])
    assert notes[-1] == "infusions that overlap the next (1): shortened to end before it"


def test_a_sample_with_a_time_beside_an_infusion_without_one_is_before_it(tmp_path: Path) -> None:
    found, notes = courses(
        tmp_path,
        f"A,{on(0)},300,IV,70,60",
        f"A,{on(28)},300,IV,70,60",
        samples=(f"A,{on(28)}T15:00:00,natalizumab_conc,20,mg/L",),
    )
    assert found[0].sample_d.tolist() == [28]
    assert len(notes) == 1
    assert notes[0].startswith("samples on an infusion day without both times of day (1)")


def test_weights_are_carried_forward_and_then_back(tmp_path: Path) -> None:
    rows = [f"A,{on(28 * k)},300,IV,{w},60" for k, w in enumerate(["", "70", "", "80", ""])]
    found, notes = courses(tmp_path, *rows)
    assert found[0].weight_kg is not None
    assert found[0].weight_kg.tolist() == [70, 70, 70, 80, 80]
    assert notes == ("infusions without a weight (3): taken from another infusion of the patient",)


def test_the_peak_under_the_skin_is_sought_until_the_next_dose_or_two_weeks(tmp_path: Path) -> None:
    found, _ = courses(tmp_path, f"A,{on(0)},300,SC,70,", f"A,{on(7)},300,SC,70,", f"A,{on(40)},300,IV,70,60")
    peaks = found[0].peak_d
    assert [float(times[-1]) for times in peaks[:2]] == [7, 21]
    assert peaks[2].tolist() == [40 + 1 / 24]
