"""Recorded infusions through the dosing model: what is predicted, what is assumed, what is outside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cohort.cohorts import AS_OF, cohort, on, write_folder
from wearoff.cohort.exposure import (
    Exposure,
    assumed_weights,
    infusion_schema,
    measurement_schema,
    predict_exposure,
)
from wearoff.cohort.records import read_cohort
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import steady_state
from wearoff.errors import UnknownNameError

INFUSION = "patient_id,start_time,dose_mg,route,weight_kg,duration_min"
MEASUREMENT = "patient_id,time,analyte,subset,value,unit,lloq,below_lloq,method,lab"


def monthly(patient: str, times: int, weight: float, weeks: int = 4) -> list[str]:
    return [f"{patient},{on(7 * weeks * k)}T09:00:00,300,IV,{weight},60" for k in range(times)]


def predicted(
    folder: Path, infusions: list[str], samples: list[str] | None = None, draws: int = 30
) -> Exposure:
    tables = {"patient": ["patient_id,height_cm", *(f"{p},175" for p in ("A", "B", "C"))]}
    tables["infusion"] = [INFUSION, *infusions]
    if samples:
        tables["measurement"] = [MEASUREMENT, *samples]
    return predict_exposure(cohort(folder, **tables), draws=draws, seed=1)


def test_a_long_monthly_record_reaches_the_steady_state_of_the_model(tmp_path: Path) -> None:
    found = predicted(tmp_path, monthly("A", 40, 75)).infusions
    settled = steady_state(load_model().typical(75), 4)
    assert found["trough_typical"][-1] == pytest.approx(settled.trough.item(), rel=1e-6)
    assert found["peak_typical"][-1] == pytest.approx(settled.peak.item(), rel=1e-6)
    assert found["number"].to_list() == list(range(1, 41))
    assert found["interval_d"].to_list() == [None] + [28.0] * 39
    assert found["day"][-1] == 39 * 28


def test_every_infusion_has_its_band_in_order_and_the_first_has_no_trough(tmp_path: Path) -> None:
    found = predicted(tmp_path, monthly("A", 6, 60) + monthly("B", 4, 90)).infusions
    assert dict(found.schema) == infusion_schema()
    first = found.filter(pl.col("number") == 1)
    assert first["trough_p50"].null_count() == first["saturation_low"].null_count() == 2
    later = found.filter(pl.col("number") > 1)
    for kind in ("trough", "peak"):
        band = later.select(f"{kind}_{q}" for q in ("p05", "p25", "p50", "p75", "p95")).to_numpy()
        assert (np.diff(band, axis=1) > 0).all()
    for name in curve_names():
        expected = load_curve(name).saturation(later["trough_p50"].to_numpy())
        np.testing.assert_allclose(later[f"saturation_{name}"].to_numpy(), expected)
        assert (later["saturation_low"] < later[f"saturation_{name}"]).all()
        assert (later[f"saturation_{name}"] < later["saturation_high"]).all()


def test_a_patient_does_not_depend_on_who_else_is_in_the_cohort(tmp_path: Path) -> None:
    rows = monthly("B", 5, 70)
    alone = predicted(tmp_path / "alone", rows).infusions
    among = predicted(tmp_path / "among", [*monthly("A", 9, 50), *rows, *monthly("C", 3, 99)]).infusions
    numbers = [name for name, kind in infusion_schema().items() if kind == pl.Float64]
    np.testing.assert_allclose(
        among.filter(pl.col("patient_id") == "B").select(numbers).fill_null(-1).to_numpy(),
        alone.select(numbers).fill_null(-1).to_numpy(),
        rtol=1e-11,
    )


def test_heavier_patients_and_longer_intervals_have_lower_troughs(tmp_path: Path) -> None:
    rows = [*monthly("A", 8, 60), *monthly("B", 8, 100), *monthly("C", 8, 60, weeks=6)]
    last = predicted(tmp_path, rows).patients["last_trough_p50"].to_list()
    assert last[0] > last[1]
    assert last[0] > last[2]


def test_the_weight_of_the_day_decides_the_days_after_it(tmp_path: Path) -> None:
    rows = monthly("A", 3, 60)
    heavier = [*rows[:2], rows[2].replace(",60,60", ",120,60")]
    before = predicted(tmp_path / "a", rows).infusions
    after = predicted(tmp_path / "b", heavier).infusions
    assert after["trough_p50"][2] == pytest.approx(before["trough_p50"][2], rel=1e-9)
    assert after["peak_p50"][2] < before["peak_p50"][2]


def test_what_was_not_recorded_is_assumed_and_counted(tmp_path: Path) -> None:
    rows = [f"A,{on(0)},,,,", f"A,{on(28)},300,IV,80,60", f"A,{on(56)},300,IV,,60"]
    exposure = predicted(tmp_path, rows)
    found = exposure.infusions
    assert found["dose_mg"].to_list() == [300, 300, 300]
    assert found["route"].to_list() == ["IV", "IV", "IV"]
    assert found["weight_kg"].to_list() == [80, 80, 80]
    text = "\n".join(exposure.notes)
    for words in (
        "without a dose (1)",
        "without a route (1)",
        "without a duration (1)",
        "without a weight (2)",
    ):
        assert words in text


def test_a_patient_without_any_weight_gets_a_wider_band_and_a_flag(tmp_path: Path) -> None:
    rows = monthly("A", 6, 79) + [
        row.replace(",79.0,", ",,").replace(",79,", ",,") for row in monthly("B", 6, 79)
    ]
    exposure = predicted(tmp_path, rows, draws=255)
    known, unknown = exposure.infusions.filter(pl.col("number") == 6).iter_rows(named=True)
    assert unknown["weight_kg"] is None
    assert unknown["trough_typical"] == pytest.approx(known["trough_typical"])
    assert unknown["trough_p95"] - unknown["trough_p05"] > 1.1 * (known["trough_p95"] - known["trough_p05"])
    assert exposure.patients["weight_assumed"].to_list() == [False, True, None]
    assert any("patients without any weight (1)" in note for note in exposure.notes)


def test_assumed_weights_have_the_published_mean_and_spread() -> None:
    weights = assumed_weights(1, "A", 50_000)
    assert weights.min() >= 40
    assert weights.max() <= 150
    assert np.median(weights) == pytest.approx(79.7, abs=0.5)  # the cut at 40 kg takes the lightest 2.6 %
    assert weights.std() == pytest.approx(19, abs=1)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([f"A,{on(0)},300,IV,75,60", f"A,{on(57)},300,IV,75,60"], "interval above 8 weeks"),
        ([f"A,{on(0)},300,IV,75,60", f"A,{on(28)},300,IV,160,60"], "weight outside 40 to 130 kg"),
    ],
)
def test_an_infusion_outside_the_data_of_the_model_says_why(
    tmp_path: Path, rows: list[str], reason: str
) -> None:
    exposure = predicted(tmp_path, rows)
    assert exposure.infusions["is_outside_model"].to_list() == [False, True]
    assert exposure.infusions["outside_reason"].to_list() == [None, reason]
    assert exposure.patients["infusions_outside_model"].to_list() == [1, 0, 0]


def test_antibodies_put_the_infusions_after_them_outside(tmp_path: Path) -> None:
    sample = f"A,{on(30)},anti_natalizumab_ab,,12,ug/mL,,,,"
    found = predicted(tmp_path, monthly("A", 3, 75), [sample]).infusions
    assert found["outside_reason"].to_list() == [None, None, "antibodies against natalizumab found before"]


def test_what_the_prediction_leaves_out_is_said_at_the_infusions_it_spoils(tmp_path: Path) -> None:
    refused = predicted(tmp_path, [*monthly("A", 2, 75), f"A,{on(56)},900,IV,75,60", *monthly("B", 2, 75)])
    reasons = refused.infusions.select("patient_id", "outside_reason").rows()
    said = "an infusion record of this patient was refused"
    assert reasons == [("A", said), ("A", said), ("B", None), ("B", None)]
    exchanged = cohort(
        tmp_path / "exchange",
        infusion=[INFUSION, *monthly("A", 3, 75)],
        event=["patient_id,start_date,kind", f"A,{on(40)},plasma_exchange"],
    )
    exposure = predict_exposure(exchanged, draws=20, seed=1)
    found = exposure.infusions["outside_reason"].to_list()
    assert found == [None, None, "plasma exchange before, whose effect is assumed"]
    assert any(
        "plasma exchanges (1): each taken as one session that removes 70 %" in note for note in exposure.notes
    )


def test_a_recorded_exchange_lowers_the_level_as_the_solver_says(tmp_path: Path) -> None:
    rows = monthly("A", 3, 75)
    usual = predicted(tmp_path / "usual", rows).infusions["trough_typical"][2]
    found = []
    for day in (40, 56):  # between two infusions, and on the day of one
        event = ["patient_id,start_date,kind", f"A,{on(day)},plasma_exchange"]
        exchanged = cohort(tmp_path / str(day), infusion=[INFUSION, *rows], event=event)
        found.append(predict_exposure(exchanged, draws=20, seed=1).infusions)
    between, same_day = found
    assert between["trough_typical"][2] < 0.7 * usual
    # before the infusion of that day, so that its trough is the one before the session
    assert same_day["trough_typical"][2] == pytest.approx(usual)
    assert same_day["peak_typical"][2] < between["peak_typical"][2]


def test_lasting_antibodies_speed_elimination_up_from_the_first_of_two_samples(tmp_path: Path) -> None:
    rows = monthly("A", 6, 75)
    once = [f"A,{on(30)},anti_natalizumab_ab,,12,ug/mL,,,,"]
    twice = [*once, f"A,{on(75)},anti_natalizumab_ab,,12,ug/mL,,,,"]
    usual, single, lasting = (
        predicted(tmp_path / name, rows, samples).infusions
        for name, samples in (("usual", []), ("once", once), ("twice", twice))
    )
    assert single["trough_typical"].to_list() == usual["trough_typical"].to_list()
    assert single["outside_reason"][5] == "antibodies against natalizumab found before"
    assert lasting["trough_typical"][1] == pytest.approx(usual["trough_typical"][1])
    assert lasting["trough_typical"][5] < 0.4 * usual["trough_typical"][5]
    assert "clearance is taken as 2.45 times as fast" in lasting["outside_reason"][5]


def test_samples_stand_beside_their_prediction_with_the_cycle_day(tmp_path: Path) -> None:
    samples = [
        f"A,{on(28)},natalizumab_conc,,20,mg/L,0.25,N,ELISA,Oslo",
        f"A,{on(28)}T10:00:00,natalizumab_conc,,100,mg/L,0.25,N,ELISA,Oslo",
        f"A,{on(40)},receptor_occupancy,CD4,80,%,,,flow,Bergen",
        f"A,{on(0)},natalizumab_conc,,,mg/L,0.25,Y,ELISA,Oslo",
        f"B,{on(3)},natalizumab_conc,,30,mg/L,,,ELISA,Oslo",
        f"A,{on(41)},nfl,,10,pg/mL,,,,",
    ]
    exposure = predicted(tmp_path, monthly("A", 3, 75), samples)
    found, infusions = exposure.measurements, exposure.infusions
    assert dict(found.schema) == measurement_schema()
    by_value = {row["value"]: row for row in found.iter_rows(named=True)}
    assert set(by_value) == {None, 20.0, 100.0, 0.8, 30.0}
    assert by_value[None]["is_below_lloq"]
    assert by_value[None]["cycle_day"] is by_value[None]["predicted_p50"] is None
    # with only a date, before the infusion of that day; with a time, when it was drawn
    assert by_value[20.0]["cycle_day"] == pytest.approx(28)
    assert by_value[20.0]["predicted_p50"] == pytest.approx(infusions["trough_p50"][1])
    assert by_value[100.0]["cycle_day"] == pytest.approx(1 / 24)
    assert by_value[100.0]["predicted_p50"] == pytest.approx(infusions["peak_p50"][1])
    assert by_value[0.8]["cycle_day"] == pytest.approx(12 + 3 / 24)  # a day without a time is its noon
    assert (by_value[0.8]["subset"], by_value[0.8]["method"], by_value[0.8]["lab"]) == (
        "CD4",
        "flow",
        "Bergen",
    )
    expected = load_curve("bridge").saturation(by_value[0.8]["predicted_p50"])
    assert by_value[0.8]["saturation_bridge"] == pytest.approx(float(expected))
    assert by_value[30.0]["patient_id"] == "B"
    assert by_value[30.0]["predicted_p50"] is None
    assert any("samples on an infusion day" in note and "(2)" in note for note in exposure.notes)


def test_the_day_of_a_sample_is_the_day_of_the_clinic(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path,
        infusion=[INFUSION, f"A,{on(0)}T09:00:00,300,IV,75,60", f"A,{on(28)}T09:00:00,300,IV,75,60"],
        measurement=[MEASUREMENT, f"A,{on(28)},natalizumab_conc,,20,mg/L,,,,"],
    )
    exposure = predict_exposure(
        read_cohort(folder, as_of=AS_OF, timezone="Pacific/Auckland"), draws=5, seed=1
    )
    assert exposure.measurements["cycle_day"][0] == pytest.approx(28)


def test_a_subcutaneous_course_peaks_days_later_and_lower(tmp_path: Path) -> None:
    rows = [row.replace(",IV,", ",SC,") for row in monthly("A", 4, 75)] + monthly("B", 4, 75)
    found = predicted(tmp_path, rows).infusions
    under_skin, in_vein = found.partition_by("patient_id")
    assert (under_skin["peak_p50"] < 0.6 * in_vein["peak_p50"]).all()
    assert not under_skin["is_outside_model"].any()


def test_a_long_gap_runs_the_level_down_to_nothing(tmp_path: Path) -> None:
    rows = [f"A,{on(0)},300,IV,75,60", f"A,{on(1000)},300,IV,75,60"]
    assert 0 <= predicted(tmp_path, rows).infusions["trough_p95"][1] < 1e-9


def test_patients_without_infusions_stay_with_empty_cells(tmp_path: Path) -> None:
    patients = predicted(tmp_path, monthly("B", 3, 81, weeks=6)).patients
    assert patients["patient_id"].to_list() == ["A", "B", "C"]
    assert patients["infusions"].to_list() == [0, 3, 0]
    assert patients["median_interval_weeks"].to_list() == [None, 6.0, None]
    assert patients["mean_trough_p50"].null_count() == 2
    assert patients["bmi"][1] == pytest.approx(81 / 1.75**2)


def test_a_cohort_without_infusions_has_typed_empty_tables(tmp_path: Path) -> None:
    exposure = predict_exposure(cohort(tmp_path, patient=["patient_id", "A"]), draws=5, seed=1)
    assert dict(exposure.infusions.schema) == infusion_schema()
    assert exposure.infusions.is_empty()
    assert exposure.measurements.is_empty()
    assert exposure.patients.height == 1


def test_progress_ends_at_the_number_of_patients(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    records = cohort(tmp_path, infusion=[INFUSION, *(f"P{k},{on(0)},300,IV,75,60" for k in range(25))])
    predict_exposure(records, draws=2, seed=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(20, 25), (25, 25)]


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="label_linear_mm"):
        predict_exposure(cohort(tmp_path, patient=["patient_id", "A"]), model="label", seed=1)


def test_importing_exposure_does_not_load_jax() -> None:
    code = "import sys, wearoff.cohort.exposure; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
