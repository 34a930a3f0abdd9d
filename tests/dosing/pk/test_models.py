"""The published models as files, and what is drawn from them."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from wearoff.dosing.pk.models import (
    PARAMETER_NAMES,
    Parameters,
    load_model,
    model_names,
    read_model,
)
from wearoff.errors import InputError, UnknownNameError
from wearoff.sources import Mark, figure

ALL = model_names()
TEXT = files("wearoff").joinpath("dosing", "pk", "library", "van_den_berg_2025.toml").read_text("utf-8")


def test_the_default_model_comes_first() -> None:
    assert ALL == ("van_den_berg_2025", "label_linear_mm")
    assert load_model().name == ALL[0]


@pytest.mark.parametrize("name", ALL)
def test_every_number_has_a_unit_a_mark_and_a_source(name: str) -> None:
    for key, entry in load_model(name).figures.items():
        assert entry.unit, key
        assert entry.source.where, key
        if entry.mark is not Mark.ASSUMED:
            assert entry.evidence, key


@pytest.mark.parametrize("name", ALL)
def test_the_name_of_a_model_is_the_name_of_its_file(name: str) -> None:
    assert load_model(name).name == name
    assert len(load_model(name).provenance["model_sha256"]) == 64


def test_the_default_model_holds_the_figures_of_the_evidence_table() -> None:
    rows = {
        "clearance.typical": 1,
        "central_volume.typical": 1,
        "peripheral_volume.typical": 1,
        "intercompartmental_clearance.typical": 1,
        "maximal_rate.typical": 1,
        "michaelis_constant.typical": 1,
        "clearance.weight_exponent": 1,
        "central_volume.weight_exponent": 1,
        "clearance.between_patient_cv": 100,
        "peripheral_volume.between_patient_cv": 100,
        "maximal_rate.between_patient_cv": 100,
        "residual_proportional": 100,
        "bioavailability.typical": 100,
        "absorption_lag": 1,
        "antibody_clearance_factor": 1,
    }
    figures = load_model().figures
    for key, factor in rows.items():
        entry, row = figures[key], figure(figures[key].evidence[0])
        assert factor * entry.value == pytest.approx(row.number), key
        if entry.interval is not None:
            low, high = (float(end) for end in row.spread.split("-"))
            assert tuple(factor * end for end in entry.interval) == pytest.approx((low, high)), key


def test_the_label_model_is_derived_from_the_label() -> None:
    model = load_model("label_linear_mm")
    per_day = figure("P024").number * 24 / 1000  # type: ignore[operator]
    assert model.clearance.typical.value == pytest.approx(per_day, abs=5e-4)
    assert 2 * model.central_volume.typical.value == pytest.approx(figure("P025").number)
    up, down = np.log(1.30) / np.log(1.43), np.log(0.67) / np.log(0.57)
    assert model.clearance.weight_exponent is not None
    assert model.clearance.weight_exponent.value == pytest.approx((up + down) / 2, abs=5e-3)


def test_the_absorption_rate_follows_from_the_published_time_of_the_peak() -> None:
    from wearoff.dosing.pk.solve import simulate
    from wearoff.dosing.regimen import every

    days = np.arange(3, 9, 0.02)
    level = simulate(load_model().typical(75), [every(4, times=1, is_subcutaneous=True)], [days])[0][0]
    assert days[level.argmax()] == pytest.approx(figure("P048").number, abs=0.03)


def test_weight_moves_clearance_and_central_volume_by_their_exponents() -> None:
    heavy, typical = load_model().typical(150), load_model().typical(75)
    assert heavy.clearance / typical.clearance == pytest.approx(2**0.60)
    assert heavy.central_volume / typical.central_volume == pytest.approx(2**0.26)
    assert typical.clearance.item() == pytest.approx(0.164)
    for name in PARAMETER_NAMES:
        if name not in ("clearance", "central_volume"):
            assert getattr(heavy, name) == getattr(typical, name)


def test_the_spread_has_the_published_coefficient_of_variation_and_the_typical_median() -> None:
    drawn = load_model().draw(75, ["P1"], 200_000, 3)
    for name, cv, typical in (
        ("clearance", 0.228, 0.164),
        ("peripheral_volume", 0.315, 3.48),
        ("maximal_rate", 0.26, 2.86),
    ):
        values = getattr(drawn, name)
        assert values.std() / values.mean() == pytest.approx(cv, rel=0.02)
        assert np.median(values) == pytest.approx(typical, rel=0.01)
    together = np.log([drawn.clearance.ravel(), drawn.maximal_rate.ravel()])
    assert abs(np.corrcoef(together)[0, 1]) < 0.01
    assert drawn.michaelis_constant.size == 1


def test_draws_of_a_patient_do_not_depend_on_the_others_and_more_draws_keep_the_first() -> None:
    model = load_model()
    alone = model.draw([80], ["B"], 5, 9)
    among = model.draw([60, 80, 90], ["A", "B", "C"], 12, 9)
    for name in PARAMETER_NAMES:
        ours = np.broadcast_to(getattr(alone, name), (1, 5, 1))[0, :, 0]
        theirs = np.broadcast_to(getattr(among, name), (3, 12, 1))[1, :5, 0]
        assert ours.tolist() == theirs.tolist()


def test_weights_may_change_from_infusion_to_infusion() -> None:
    drawn = load_model().draw([[60, 75, 90]], ["A"], 4, 1)
    assert drawn.shape == (1, 4, 3)
    assert drawn.clearance[0, :, 2] / drawn.clearance[0, :, 1] == pytest.approx(1.2**0.60)


def test_parameters_that_cannot_be_are_refused() -> None:
    one = np.ones((1, 1, 1))
    with pytest.raises(ValueError, match="central_volume must be finite and positive"):
        Parameters(("A",), one, 0 * one, one, one, one, one, one, one, 0.0)
    with pytest.raises(ValueError, match="axes"):
        Parameters(("A",), np.ones(3), one, one, one, one, one, one, one, 0.0)
    with pytest.raises(ValueError, match="weight_kg"):
        load_model().typical(0)


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="van_den_berg_2025"):
        load_model("van_den_berg_2024")


@pytest.mark.parametrize(
    ("old", "new", "column", "reason"),
    [
        ("value = 3.48\n", "", "central_volume.typical.value", "Field required"),
        ('unit = "kg"', 'unit = "g"', None, "reference_weight must be in kg"),
        ("[residual_proportional]", "[rezidual_proportional]", "residual_proportional", "required"),
        ("antibodies = false", 'antibodies = "no"', "domain.antibodies", "boolean"),
    ],
)
def test_a_damaged_model_file_names_the_file_and_the_field(
    tmp_path: Path, old: str, new: str, column: str | None, reason: str
) -> None:
    assert old in TEXT
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=reason) as caught:
        read_model(path)
    assert caught.value.problems[0].file == "mine.toml"
    assert column in {problem.column for problem in caught.value.problems}


def test_models_are_read_without_loading_jax() -> None:
    code = (
        "import sys; from wearoff.dosing.pk.models import load_model; import wearoff.dosing.occupancy;"
        "load_model().draw(75, ['A'], 2, 1); sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
