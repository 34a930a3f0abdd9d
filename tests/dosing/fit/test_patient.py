"""A patient as a value: made in five lines, checked when made, changed only into another."""

from __future__ import annotations

import datetime as dt
import doctest
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import wearoff.dosing.fit.patient
from wearoff.dosing.fit.observed import Levels, Occupancies
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.laboratory import Laboratory
from wearoff.dosing.regimen import every
from wearoff.errors import InputError

OSLO = "Europe/Oslo"


def example(**changed: Any) -> Patient:
    given: dict[str, Any] = {
        "infusions": ["2026-01-13T09:00", "2026-02-10T09:00", "2026-03-10T09:00"],
        "weight_kg": 80,
        "levels": [("2026-02-10T08:30", "24 ug/mL"), ("2026-03-10", "< 0.5 mg/L")],
        "timezone": OSLO,
    }
    return Patient.of(**(given | changed))


def bare(**changed: Any) -> Patient:
    """A patient made of arrays, three doses four weeks apart."""
    given: dict[str, Any] = {
        "name": "A",
        "regimen": every(4, times=3),
        "origin": dt.datetime(2026, 1, 13, 8, tzinfo=dt.UTC),
        "timezone": OSLO,
        "weight_d": [0.0],
        "weight_kg": [80.0],
        "today_d": 70.0,
    }
    return Patient(**(given | changed))


def test_five_lines_make_a_patient() -> None:
    patient = example()
    assert patient.regimen.start_d.tolist() == [0, 28, 56]
    assert patient.regimen.dose_mg.tolist() == [300, 300, 300]
    np.testing.assert_allclose(patient.levels.time_d, [28 - 0.5 / 24, 56])
    np.testing.assert_array_equal(patient.levels.value_mg_per_l, [24, np.nan])
    np.testing.assert_array_equal(patient.levels.lloq_mg_per_l, [np.nan, 0.5])
    assert patient.levels.is_below.tolist() == [False, True]
    assert patient.origin == dt.datetime(2026, 1, 13, 8, tzinfo=dt.UTC)
    assert patient.today_d == 56 + 3 / 24  # the level without a time of day stands at noon
    assert patient.antibodies_from_d == np.inf
    assert patient.notes == (
        "dose not stated; taken as 300 mg (assumed).",
        "3 doses: route not stated; taken as into a vein (assumed).",
        "3 doses: length not stated; taken as 60 minutes (assumed).",
        "level of 2026-03-10: taken as before the dose of that day, because not both have a time of day (assumed).",
        "2 levels: laboratory not stated; its scale taken as 1 (assumed).",
        "today not stated; taken as the time of the last record, 2026-03-10 (assumed).",
    )


def test_everything_that_can_be_known_is_taken() -> None:
    patient = example(
        infusions=["2026-01-13", {"start": dt.date(2026, 2, 10), "dose": "150 mg", "route": "SC"}],
        dose="300 mg",
        route="IV",
        duration="30 min",
        weight_kg=[("2026-01-13", 80.0), ("2026-02-01", 85.5)],
        levels=[{"time": "2026-02-09", "value": "20 mg/L", "lloq": "0.5 mg/L", "laboratory": "B"}],
        laboratories=[Laboratory("B", 1.1, prior_cv=0.2), Laboratory("C")],
        occupancies=[("2026-02-10", "85 %", "flow", "CD4")],
        antibodies=[("2026-01-14", True), ("2026-03-01", True)],
        plasma_exchanges=["2026-02-20", ("2026-02-22", "65 %")],
        today="2026-04-01T09:00",
        name="B",
    )
    assert patient.regimen.is_subcutaneous.tolist() == [False, True]
    np.testing.assert_allclose(1440 * patient.regimen.duration_d, [30, 30])
    assert patient.weight_d.tolist() == [0, 19]
    assert patient.regimen.exchange_share.tolist() == [0.7, 0.65]
    assert patient.is_date_only.tolist() == [True, True]
    assert (patient.occupancies.time_d.tolist(), patient.occupancies.subset) == ([28], ("CD4",))
    assert patient.antibodies_from_d == 1
    assert patient.laboratories["B"].is_estimated
    assert patient.day_of("2026-04-01T09:00") == patient.today_d


def test_faults_in_what_python_is_given_are_all_named() -> None:
    with pytest.raises(InputError) as caught:
        example(weight_kg=80_000, levels=[("2026-02-10", 24.0), ("2026-01-01", "24 mg/L")])
    assert {str(problem).split(":")[0] for problem in caught.value.problems} == {
        "level 1, key value",
        "level 2, key time",
        "weight 1, key value",
    }


def test_days_and_dates_are_those_of_the_patient() -> None:
    patient = example()
    assert patient.day_of(dt.date(2026, 1, 13)) == patient.day_of("2026-01-13T12:00") == 3 / 24
    assert patient.day_of(dt.datetime(2026, 1, 14, 8, tzinfo=dt.UTC)) == 1
    assert patient.date_of(14.9 / 24) == dt.date(2026, 1, 13)
    assert patient.date_of(15 / 24) == dt.date(2026, 1, 14)  # midnight in Oslo, not in UTC
    assert patient.date_of(168) == dt.date(2026, 6, 30)
    with pytest.raises(InputError, match=r"2026-03-29T02:30 was never shown"):
        patient.day_of("2026-03-29T02:30")
    for day in (1e9, np.nan):
        with pytest.raises(ValueError, match=r"outside the calendar|NaN"):
            patient.date_of(day)


def test_another_weight_holds_from_its_day_on() -> None:
    patient = example().with_weight(95, 40).with_weight(90, 60).with_weight(100, 50)
    assert patient.weight_d.tolist() == [0, 40, 50]
    assert patient.weight_kg.tolist() == [80, 95, 100]
    assert example().with_weight(70, 400).weight_d.tolist() == [0, 400]
    with pytest.raises(ValueError, match="weight 1: not 25 to 250 kg"):
        example().with_weight(0, 40)


def test_another_level_changes_nothing_else_and_brings_today_along() -> None:
    patient = example()
    more = patient.with_level("2026-04-07", "13 mg/L")
    np.testing.assert_array_equal(more.levels.value_mg_per_l, [24, np.nan, 13])
    assert more.today_d == more.levels.time_d[-1] == more.day_of("2026-04-07")
    assert more.notes[: len(patient.notes)] == patient.notes
    assert replace(more, levels=patient.levels, today_d=patient.today_d, notes=patient.notes) == patient
    earlier = patient.with_level("2026-02-01T10:00", "30 mg/L")
    assert (earlier.levels.value_mg_per_l[0], earlier.today_d) == (30, patient.today_d)
    below = patient.with_level("2026-02-02", "<1 ug/mL")
    assert (below.levels.is_below[0], below.levels.lloq_mg_per_l[0]) == (True, 1)
    with pytest.raises(InputError, match="there is no laboratory 'X'"):
        patient.with_level("2026-04-07", "13 mg/L", "X")


def test_two_patients_are_equal_when_all_that_is_known_is() -> None:
    assert example() == example()
    assert hash(example()) == hash(example())
    assert example() != example(name="B")
    assert example() != example(levels=[])
    assert example() != "A"
    assert example().provenance == example().provenance
    assert example().provenance["patient_digest"] != example(weight_kg=81).provenance["patient_digest"]


def test_a_patient_cannot_be_changed_in_place() -> None:
    patient = example()
    with pytest.raises(ValueError, match="read-only"):
        patient.weight_kg[0] = 1
    with pytest.raises(TypeError):
        patient.laboratories["X"] = Laboratory("X")  # type: ignore[index]


LEVEL = Levels([28.0], [20.0], [np.nan], [False], ("X",))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "the name and every note"),
        ({"notes": ("two\nlines",)}, "the name and every note"),
        ({"origin": dt.datetime(2026, 1, 13)}, "origin is not a datetime in UTC"),  # noqa: DTZ001
        ({"regimen": every(4, times=3).shifted(1)}, "the first dose is not on day 0"),
        ({"regimen": every(4, times=0)}, "at least one dose"),
        ({"regimen": every(4, dose_mg=0)}, "dose 0: not 1 to 600 mg"),
        ({"regimen": every(4, duration_h=0)}, "dose 0: not 1 to 600 min long"),
        ({"regimen": every(0.05, times=2)}, "dose 1: on the same day"),
        ({"regimen": every(4, times=3).exchanged([0.0], 0.5)}, "session 0: not after the first dose"),
        ({"regimen": every(4, times=3).exchanged([9, 9.1], 0.5)}, "session 1: on the same day"),
        ({"is_date_only": [True]}, "is_date_only needs one value for each dose"),
        ({"weight_d": [], "weight_kg": []}, "at least one weight"),
        ({"weight_d": [np.nan]}, "weight 0: weight_d is not a finite"),
        ({"weight_d": [3, 3], "weight_kg": [80, 80]}, "weight 1: weight_d is not after"),
        ({"weight_kg": [np.nan]}, "weight 0: not 25 to 250 kg"),
        ({"today_d": np.inf}, "today_d is not a finite number"),
        ({"today_d": 50}, "dose 2: after today"),
        ({"antibodies_from_d": np.nan}, "antibodies_from_d is not a day"),
        ({"antibodies_from_d": 71}, "antibodies_from_d is after today"),
        ({"levels": LEVEL}, "level 0: there is no laboratory 'X'"),
        ({"laboratories": {"X": Laboratory("Y")}}, "the laboratory 'Y' stands under the name 'X'"),
        (
            {
                "levels": Levels([28.1], [20.0], [np.nan], [False], ("X",)),  # type: ignore[arg-type]
                "laboratories": {"X": Laboratory("X")},
                "is_date_only": [False, True, False],
            },
            "level 0: on the day of a dose without a time of day, and not at its start",
        ),
        (
            {
                "levels": Levels([28.0] * 2, [20.0] * 2, [np.nan] * 2, [False] * 2, ("X", "X")),  # type: ignore[arg-type]
                "laboratories": {"X": Laboratory("X")},
            },
            "two levels of one laboratory at the same time",
        ),
        ({"occupancies": Occupancies([71.0], [0.5], ("a",), ("b",))}, "occupancy 0: after today"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_a_patient_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        bare(**changed)
    assert said in str(caught.value)


def test_patients_are_made_without_loading_jax_or_tables() -> None:
    code = (
        "import sys\nfrom wearoff.dosing.fit.patient import Patient\n"
        "from wearoff.dosing.fit.patient_file import example_patient, parse_patient\n"
        "parse_patient(example_patient())\n"
        "print(*(name for name in ('jax', 'polars', 'altair') if name in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_limits_are_those_of_a_cohort() -> None:
    from wearoff.cohort.records.dictionary import load_dictionary
    from wearoff.dosing.fit.patient import DOSE_MG, DURATION_MIN, WEIGHT_KG

    columns = {column.name: column for column in load_dictionary().table("infusion").fixed}
    for name, limits in (("weight_kg", WEIGHT_KG), ("dose_mg", DOSE_MG), ("duration_min", DURATION_MIN)):
        assert (columns[name].minimum, columns[name].maximum) == limits


def test_the_example_holds() -> None:
    assert doctest.testmod(wearoff.dosing.fit.patient).failed == 0
