"""Levels beside their predictions, and where a patient leaves the model's data."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.fit.diagnostics import levels_beside, outside_population
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.posterior import draw_posterior
from wearoff.dosing.fit.settings import FitSettings
from wearoff.dosing.fit.subject import subject_of
from wearoff.dosing.laboratory import Laboratory
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import simulate

MODEL = load_model()
DATES = [f"2026-{month:02d}-01" for month in range(1, 9)]


def patient(levels: list[tuple[str, str, str]], **more: object) -> Patient:
    laboratories = [Laboratory("known", 1.2), Laboratory("open", 1.0, prior_cv=0.2)]
    return Patient.of(DATES, 75, levels, timezone="Europe/Oslo", laboratories=laboratories, **more)  # type: ignore[arg-type]


def test_a_known_scale_divides_and_an_open_one_is_estimated() -> None:
    subject, scales = subject_of(
        patient([("2026-06-20", "24 ug/mL", "known"), ("2026-07-20", "20 ug/mL", "open")])
    )
    np.testing.assert_allclose(subject.measured, [20.0, 20.0])
    assert subject.laboratory.tolist() == [-1, 0]
    assert scales == (("open", 0.2),)
    with pytest.raises(ValueError, match="has no level to fit"):
        subject_of(patient([]))


def test_typical_and_fitted_levels_are_those_of_the_solver_as_the_laboratory_reports_them() -> None:
    who = patient([("2026-06-20", "52 ug/mL", "known"), ("2026-07-20", "53 ug/mL", "known")])
    subject, scales = subject_of(who)
    (posterior,) = draw_posterior(
        MODEL, [subject], seed=1, draws=200, proposals=400, settings=FitSettings(scales=scales)
    )
    found = levels_beside(MODEL, who, posterior)
    typical = simulate(MODEL.typical(75.0), [who.regimen], [who.levels.time_d])[0][0]
    np.testing.assert_allclose(found.typical, 1.2 * typical, rtol=1e-6)
    sd = 0.219 * found.fitted
    np.testing.assert_allclose(found.residual, (who.levels.value_mg_per_l - found.fitted) / sd, rtol=1e-6)
    nearer = np.abs(np.log(who.levels.value_mg_per_l / found.fitted)).sum()
    assert nearer < np.abs(np.log(who.levels.value_mg_per_l / found.typical)).sum()


def test_a_level_far_off_is_marked_and_so_is_one_that_cannot_be_below() -> None:
    levels = [
        ("2026-05-20", "25 mg/L", "known"),
        ("2026-06-20", "25 mg/L", "known"),
        ("2026-07-20", "< 1 mg/L", "known"),
    ]
    who = patient([*levels, ("2026-08-01", "250 mg/L", "known")])
    subject, scales = subject_of(who)
    (posterior,) = draw_posterior(
        MODEL, [subject], seed=1, draws=200, proposals=400, settings=FitSettings(scales=scales)
    )
    assert levels_beside(MODEL, who, posterior).is_far.tolist()[2:] == [True, True]


def test_what_the_model_has_no_data_for_is_named() -> None:
    assert outside_population(MODEL, patient([])) == ()
    heavy = Patient.of(
        ["2026-01-01", "2026-04-01"], 140, [], timezone="Europe/Oslo", plasma_exchanges=["2026-02-01"],
        antibodies=[("2026-01-10", True), ("2026-03-10", True)],
    )  # fmt: skip
    found = outside_population(MODEL, heavy)
    for said in (
        "weight 140 kg",
        "above 8 weeks",
        "lasting antibodies",
        "plasma exchange",
        "fewer than 6 infusions",
    ):
        assert any(said in reason for reason in found), said
