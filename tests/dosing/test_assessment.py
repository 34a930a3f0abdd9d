"""One patient answered whole: the parts agree with each other, and every caution is said."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from wearoff.dosing.assess import DECLINE_WEEKS, assess
from wearoff.dosing.assessment import Assessment
from wearoff.dosing.fit.patient import Patient
from wearoff.dosing.fit.patient_file import example_patient, parse_patient
from wearoff.dosing.fit.settings import Occasions
from wearoff.dosing.intervals import Target
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import model_names
from wearoff.errors import InputError, UnknownNameError

RULE = Target(5.0, at_least=0.9)


@pytest.fixture(scope="module")
def patient() -> Patient:
    return parse_patient(example_patient())


@pytest.fixture(scope="module")
def found(patient: Patient) -> Assessment:
    return assess(patient, target=RULE, what_if_kg=110.0, draws=600, seed=2)


def test_every_model_for_predictions_is_heard_and_the_heaviest_comes_first(found: Assessment) -> None:
    assert {fit.model.name for fit in found.fits} == set(model_names())
    weights = [fit.weight for fit in found.fits]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1.0)
    for option, *each in zip(found.options, *(fit.options for fit in found.fits), strict=True):
        medians = sorted(one.settled_trough["p50"] for one in each)
        assert medians[0] * 0.97 <= option.settled_trough["p50"] <= medians[-1] * 1.03


def test_the_parts_say_the_same(found: Assessment, patient: Patient) -> None:
    last = float(patient.regimen.start_d[-1])
    for option in found.options:
        day = 7.0 * option.weeks
        at = int(np.flatnonzero(found.decline.day == day)[0])
        assert found.decline.level["p50"][at] == pytest.approx(option.next_trough["p50"], rel=1e-3)
        in_course = int(np.argmin(np.abs(found.course.day - (last + day))))
        if abs(found.course.day[in_course] - last - day) < 1e-9:
            assert found.course.level["p50"][in_course] == pytest.approx(option.next_trough["p50"], rel=1e-3)
    assert found.decline.day.size == DECLINE_WEEKS
    assert found.holding is not None
    assert found.holding.rule_until_d is not None
    weeks = found.holding.rule_until_d / 7
    assert {option.weeks for option in found.options if (option.probability_next or 0) >= 0.9} == {
        option.weeks for option in found.options if option.weeks <= weeks
    }
    assert found.course.is_future.tolist() == (found.course.day > patient.today_d).tolist()
    for low, high in (("p05", "p25"), ("p25", "p50"), ("p50", "p75"), ("p75", "p95")):
        assert (found.course.level[low] <= found.course.level[high]).all()


def test_the_parameters_stand_at_the_weight_of_today(found: Assessment, patient: Patient) -> None:
    for fit in found.fits:
        clearance, model = fit.individual["clearance"], fit.model
        assert clearance.typical == pytest.approx(float(model.typical(84.5).clearance[0, 0, 0]))
        at = fit.posterior.names.index("clearance")
        assert clearance.most_probable == pytest.approx(clearance.typical * np.exp(fit.posterior.best[at]))
        assert clearance.drawn["p05"] < clearance.drawn["p50"] < clearance.drawn["p95"]
        scale = fit.individual["scale of Elsewhere"]
        assert scale.typical == 1.0
        assert scale.drawn["p05"] < 1.0 < scale.drawn["p95"]
        assert "occasion 1" not in fit.individual


def test_the_saturation_of_the_course_is_that_of_its_level(found: Assessment) -> None:
    for name, bands in found.course.saturation.items():
        expected = load_curve(name).saturation(found.course.level["p50"])
        np.testing.assert_allclose(bands["p50"], expected)


def test_a_heavier_patient_has_lower_troughs(found: Assessment) -> None:
    assert found.what_if is not None
    for now, heavier in zip(found.options, found.what_if.options, strict=True):
        assert heavier.settled_trough["p50"] < now.settled_trough["p50"]
        # what is in the blood today is there whatever he weighs later
        assert heavier.next_trough["p50"] > heavier.settled_trough["p50"] * 0.5


def test_a_level_that_is_left_out_moves_what_its_pull_says(patient: Patient) -> None:
    found = assess(patient, weeks=[6], models=["van_den_berg_2025"], draws=200)
    (fit,) = found.fits
    assert fit.pulls.shape == (3, 4)
    levels = patient.levels
    fewer = replace(
        patient,
        levels=replace(
            levels,
            **{
                name: np.delete(getattr(levels, name), 1)
                for name in ("time_d", "value_mg_per_l", "lloq_mg_per_l", "is_below")
            },
            laboratory=(levels.laboratory[0], levels.laboratory[2]),
        ),
    )
    (without,) = assess(fewer, weeks=[6], models=["van_den_berg_2025"], draws=200).fits
    moved = np.expm1(fit.posterior.best - without.posterior.best)
    np.testing.assert_allclose(fit.pulls[1], moved, atol=1e-5)
    assert set(fit.remaining) == {"clearance", "peripheral_volume", "maximal_rate"}
    assert all(0 < share <= 1 for share in fit.remaining.values())
    assert fit.remaining["clearance"] < fit.remaining["maximal_rate"]


def test_what_limits_the_answer_is_said(patient: Patient, found: Assessment) -> None:
    assert any("plasma exchange" in caution for caution in found.cautions)
    text = example_patient().replace("13.1 mg/L", "131 mg/L").replace('value = "85 %"', 'value = "5 %"')
    odd = assess(parse_patient(text), weeks=[6], draws=300)
    assert any("2026-04-08 lies more than 3 residual SDs" in caution for caution in odd.cautions)
    assert any("(5 %, flow cytometry, CD4) lies outside" in caution for caution in odd.cautions)
    assert not found.occupancies.predicted["bridge"]["p50"][0] < 0.5


def test_a_change_between_intervals_widens_every_settled_range(patient: Patient, found: Assessment) -> None:
    wide = assess(patient, target=RULE, occasions=Occasions(0.25), draws=600, seed=2)
    for sharp, option in zip(found.options, wide.options, strict=True):
        ratio = [one.settled_trough["p95"] / one.settled_trough["p05"] for one in (sharp, option)]
        assert ratio[1] > ratio[0]


def test_nothing_is_asked_where_no_floor_was_given(patient: Patient) -> None:
    found = assess(patient, weeks=[6], draws=200)
    assert found.target is found.holding is found.decline.chance is None
    assert {one.probability for one in found.delays} == {None}
    assert found.what_if is None
    assert found.policies == ()


def test_the_published_policies_stand_beside_a_floor_as_their_aim(found: Assessment) -> None:
    weeks = {policy.name: policy.weeks for policy in found.policies}
    # the last gap was six weeks, the last trough that was quantified 13.1 mg/L
    assert weeks["trough_guided_tree"] == 7.0
    assert weeks["model_informed"] == pytest.approx(7.2, abs=0.3)


def test_the_provenance_names_patient_models_seed_and_version(found: Assessment) -> None:
    said = found.provenance
    assert said["seed"] == "2"
    assert len(said["patient_digest"]) == 64
    assert all(len(said[f"model_sha256_{name}"]) == 64 for name in model_names())


def test_who_has_no_level_and_what_is_no_model_are_refused(patient: Patient) -> None:
    with pytest.raises(InputError, match="no level to fit"):
        assess(Patient.of(["2026-01-13"], 80, timezone="Europe/Oslo"))
    with pytest.raises(UnknownNameError, match="no pharmacokinetic model"):
        assess(patient, models=["mine"])
    with pytest.raises(ValueError, match="no trial supports"):
        assess(patient, weeks=[12], draws=200)


_SCRIPT = """
import os
os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[:{cores}]))
from wearoff.dosing.assess import assess
from wearoff.dosing.fit.patient_file import example_patient, parse_patient
from wearoff.dosing.intervals import Target
found = assess(parse_patient(example_patient()), target=Target(5.0, at_least=0.9), draws=400, seed=3)
print(repr([(o.next_trough, o.settled_trough, o.probability_next, o.days_below) for o in found.options]))
print(repr([fit.weight for fit in found.fits]))
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="the cores of a process cannot be chosen here"
)
def test_the_same_seed_gives_the_same_numbers_on_one_core_and_on_two() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", _SCRIPT.format(cores=cores)], check=True, capture_output=True, text=True
        ).stdout
        for cores in (1, 2)
    ]
    assert said[0] == said[1]
    assert "p50" in said[0]
