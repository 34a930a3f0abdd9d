"""The tables of what the answer of one patient rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.one_patient import answered
from wearoff.report import patient_inputs as inputs
from wearoff.report.page import numbers


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_doses_and_sessions_stand_in_order_of_time_with_the_weeks_between_doses():
    rows = texts(inputs.doses(answered(), numbers("Table")))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert len(rows) == 10
    assert rows[6] == ["2026-02-25 10:30", "300 mg", "IV", "60 min", "5.2"]
    assert rows[7][1] == "plasma exchange, 65 % of the drug in the blood removed"


def test_a_dose_of_which_only_the_date_is_known_shows_no_time():
    found = answered()
    known = np.arange(found.patient.regimen.number) > 0
    patient = replace(found.patient, is_date_only=~known)
    rows = texts(inputs.doses(replace(found, patient=patient), numbers("Table")))
    assert rows[0][0] == "2025-09-02"
    assert rows[1][0] == "2025-09-30 09:00"


def test_the_parameters_stand_with_mark_interval_and_what_the_levels_made_of_them():
    fit = answered().main
    rows = {row[0]: row for row in texts(inputs.parameters(fit, numbers("Table")))}
    mine = fit.individual["clearance"]
    low, middle, high = (f"{mine.drawn[name]:.3g}" for name in ("p05", "p50", "p95"))
    assert rows["clearance"][1:4] == ["L/d", f"{mine.typical:.3g}", "22.8 % [secondary]"]
    assert rows["clearance"][4] == f"{mine.most_probable:.3g}"
    assert rows["clearance"][5] == f"{middle} ({low} to {high})"
    assert rows["clearance"][6] == f"{100 * fit.remaining['clearance']:.0f} %"
    assert "scale of Elsewhere" in rows


def test_a_level_that_does_not_fit_says_so():
    found = answered()
    levels = replace(
        found.main.levels, is_far=np.array([True, False, True]), residual=np.array([-3.4, 0.0, 0.0])
    )
    rows = texts(inputs.levels(found, replace(found.main, levels=levels), numbers("Table")))
    assert [row[5] for row in rows] == ["−3.4 SD, does not fit", "0.0 SD", "below the limit, does not fit"]


def test_a_laboratory_shows_its_scale_or_the_prior_of_it():
    rows = texts(inputs.laboratories(answered(), numbers("Table")))
    assert rows[0][:4] == ["Bergen", "1", "taken as it is", "assumed"]
    assert rows[1][:4] == ["Elsewhere", "estimated", "median 1, CV 20 %", "assumed"]
