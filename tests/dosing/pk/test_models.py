"""The published models as files, and what is drawn from them."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tests.shared import ROOT
from wearoff.dosing.figures import Figure
from wearoff.dosing.pk.models import (
    PARAMETER_NAMES,
    ModelUseError,
    card_names,
    load_model,
    model_card,
    model_names,
    read_model,
)
from wearoff.errors import InputError, UnknownNameError
from wearoff.sources import Mark, figure

ALL = card_names()
LIBRARY = files("wearoff").joinpath("dosing", "pk", "library")
TEXT = LIBRARY.joinpath("van_den_berg_2025.toml").read_text("utf-8")
OWN = (ROOT / "docs" / "how-to" / "add-a-model.md").read_text("utf-8").split("```toml\n")[1].split("```")[0]


def written(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_model_comes_first() -> None:
    assert model_names() == ("van_den_berg_2025", "label_linear_mm")
    assert load_model().name == ALL[0] == model_names()[0]
    assert set(ALL) == {
        *model_names(),
        "toukam_2025_biib107",
        "davda_2014",
        "linear_without_saturation",
    }


@pytest.mark.parametrize("name", ALL)
def test_every_number_has_a_unit_a_mark_and_a_source(name: str) -> None:
    for key, entry in model_card(name).figures.items():
        assert entry.unit, key
        assert entry.source.where, key
        if entry.mark is not Mark.ASSUMED:
            assert entry.evidence, key
        assert all(figure(row).study for row in entry.evidence), key


@pytest.mark.parametrize("name", ALL)
def test_the_name_of_a_model_is_the_name_of_its_file(name: str) -> None:
    assert model_card(name).name == name
    assert len(model_card(name).provenance["model_sha256"]) == 64


def test_a_card_of_another_use_says_so_and_why() -> None:
    for name in ALL:
        card = model_card(name)
        assert (card.use == "prediction") == (name in model_names())
        assert (card.use == "prediction") == ("model_use" not in card.provenance)
        assert card.use == "prediction" or len(card.use_reason or "") > 40


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
        "residual.proportional": 100,
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


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "toukam_2025_biib107",
            {
                "P059": ("absorption_rate.typical", 1),
                "P060": ("clearance.typical", 1000),
                "P061": ("central_volume.typical", 1000),
                "P062": ("peripheral_volume.typical", 1000),
                "P063": ("intercompartmental_clearance.typical", 1000),
                "P064": ("maximal_rate.typical", 1000),
                "P065": ("michaelis_constant.typical", 1),
                "P066": ("bioavailability.typical", 100),
                "P067": ("absorption_lag", 1 / 24),
                "P068": ("clearance.weight_exponent", 1),
                "P069": ("clearance.between_patient_cv", 100),
                "P070": ("central_volume.between_patient_cv", 100),
                "P071": ("absorption_rate.between_patient_cv", 100),
            },
        ),
        (
            "davda_2014",
            {
                "P081": ("bioavailability.typical", 1),
                "P082": ("absorption_rate.typical", 1),
                "P083": ("clearance.typical", 1),
                "P084": ("central_volume.typical", 1),
                "P085": ("peripheral_volume.typical", 1),
                "P086": ("intercompartmental_clearance.typical", 1),
                "P087": ("intercompartmental_clearance.weight_exponent", 1),
                "P088": ("peripheral_volume.weight_exponent", 1),
                "P089": ("residual.proportional", 1),
            },
        ),
    ],
)
def test_the_other_antibodies_hold_the_figures_of_the_evidence_table(
    name: str, rows: dict[str, tuple[str, float]]
) -> None:
    figures = load_model(name, for_use="cross-check").figures
    for row, (key, factor) in rows.items():
        assert figures[key].evidence[0] == row or key.endswith("exponent")
        assert factor * figures[key].value == pytest.approx(figure(row).number), key
        assert figures[key].mark is Mark.SECONDARY


def test_the_spread_of_the_generic_antibody_follows_from_its_covariances() -> None:
    model = load_model("davda_2014", for_use="prior")

    def of(entry: Figure | None) -> list[float]:
        assert entry is not None
        return [number for row in entry.evidence if (number := figure(row).number) is not None]

    for name in PARAMETER_NAMES:
        key = f"{name}.between_patient_cv"
        if key in model.figures:
            (variance,) = of(model.figures[key])
            assert model.figures[key].value == pytest.approx(np.sqrt(np.expm1(variance)), abs=5e-5)
    assert len(model.correlations) == 3
    for entry in model.correlations:
        covariance, one, other = of(entry)
        assert entry.value == pytest.approx(covariance / np.sqrt(one * other), abs=5e-5)


def test_a_model_without_saturation_is_refuted_by_the_fall_of_the_label() -> None:
    card = model_card("linear_without_saturation")
    assert (card.use, card.structure.elimination) == ("never", ("linear",))
    low, high = (figure(row).number for row in ("P035", "P036"))
    k = card.figures["clearance.typical"].value / card.figures["central_volume.typical"].value
    # accumulation to steady state is 1/(1 - exp(-k tau)); the infusion cancels in the ratio
    fall = 1 - np.exp(-14 * k) * (1 - np.exp(-28 * k)) / (1 - np.exp(-42 * k))
    assert 100 * fall == pytest.approx(45.2, abs=0.05)
    assert (low, high) == (60, 70)
    assert 100 * fall < low - 10
    label = load_model("label_linear_mm").typical(75)
    cl, v, q = (
        getattr(label, name).item()
        for name in ("clearance", "central_volume", "intercompartmental_clearance")
    )
    two = 1 - two_compartment_trough(cl, v, v, q, 42) / two_compartment_trough(cl, v, v, q, 28)
    assert 100 * two == pytest.approx(44.1, abs=0.05)
    assert "45 %" in (card.use_reason or "")
    assert "44 %" in card.notes[1]


def test_the_linear_half_lives_are_those_that_were_published() -> None:
    sister = load_model("toukam_2025_biib107", for_use="cross-check").typical(70)
    cl, vc, vp, q = (getattr(sister, name).item() for name in PARAMETER_NAMES[:4])
    half = (cl / vc + q / vc + q / vp) / 2
    slow = half - np.sqrt(half**2 - cl / vc * q / vp)
    assert np.log(2) / slow == pytest.approx(figure("P080").number, rel=0.01)
    label = model_card("linear_without_saturation").typical(75)
    found = np.log(2) * label.central_volume.item() / label.clearance.item()
    assert found == pytest.approx(figure("P026").number, rel=0.005)


def two_compartment_trough(cl: float, vc: float, vp: float, q: float, interval_d: float) -> float:
    """Steady-state trough after unit boluses, by the two exponentials of the linear model."""
    k10, k12, k21 = cl / vc, q / vc, q / vp
    half = (k10 + k12 + k21) / 2
    root = np.sqrt(half**2 - k10 * k21)
    fast, slow = half + root, half - root
    parts = (((fast - k21) / (2 * root), fast), ((k21 - slow) / (2 * root), slow))
    return float(sum(a * np.exp(-r * interval_d) / -np.expm1(-r * interval_d) for a, r in parts) / vc)


def test_a_model_is_refused_for_a_use_its_file_rules_out() -> None:
    with pytest.raises(ModelUseError, match=r"not for prediction .*BIIB107.*Models for prediction: van_den"):
        load_model("toukam_2025_biib107")
    assert load_model("toukam_2025_biib107", for_use="cross-check").use == "cross-check only"
    with pytest.raises(ModelUseError, match="not for prior"):
        load_model("toukam_2025_biib107", for_use="prior")
    with pytest.raises(ModelUseError, match="none of them natalizumab"):
        load_model("davda_2014")
    for purpose in ("prediction", "cross-check", "prior"):
        with pytest.raises(ModelUseError, match="45 %"):
            load_model("linear_without_saturation", for_use=purpose)  # type: ignore[arg-type]


def test_a_model_of_your_own_is_loaded_by_the_path_of_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    model = load_model(str(path))
    assert model.name == "my_model"
    assert model.provenance["subcutaneous_uptake"] == "van_den_berg_2025"
    drawn = model.draw(60, ["A"], 50_000, 1)
    together = np.log([drawn.central_volume.ravel(), drawn.maximal_rate.ravel()])
    assert np.corrcoef(together)[0, 1] == pytest.approx(0.4, abs=0.015)
    assert drawn.central_volume.std() / drawn.central_volume.mean() == pytest.approx(0.25, rel=0.02)
    assert drawn.clearance.item() == drawn.intercompartmental_clearance.item() == 0
    assert drawn.bioavailability.item() == load_model().figures["bioavailability.typical"].value
    assert drawn.lag_d == load_model().typical(75).lag_d


def test_a_file_of_your_own_cannot_pass_for_a_published_model(tmp_path: Path) -> None:
    same = written(tmp_path, TEXT)
    assert load_model(str(same)).digest == load_model().digest
    with pytest.raises(InputError, match="choose another name"):
        load_model(str(written(tmp_path, TEXT.replace("0.164", "0.165"))))
    with pytest.raises(InputError, match="cannot be read"):
        load_model(str(tmp_path / "nowhere.toml"))
    never = OWN.replace('use = "prediction"', 'use = "never"\nuse_reason = "It is invented."')
    with pytest.raises(ModelUseError, match="It is invented"):
        load_model(str(written(tmp_path, never)))


def test_one_compartment_and_michaelis_menten_alone_follow_their_closed_forms(tmp_path: Path) -> None:
    from wearoff.dosing.pk.solve import simulate
    from wearoff.dosing.regimen import every

    regimen = every(4, times=1)
    # Vmax t/V = C0 - C + Km ln(C0/C) without a linear path, from the end of the infusion on
    typical = load_model(str(written(tmp_path, OWN))).typical(75)
    start = 1 / 24
    days = start + np.array([0.0, 1.0, 7.0, 20.0])
    level = simulate(typical, [regimen], [days])[0][0]
    gone = level[0] - level + 5.0 * np.log(level[0] / level)
    np.testing.assert_allclose(gone, 12.0 / 6.0 * (days - start), rtol=1e-8, atol=1e-10)
    # C = R/(k V) (1 - exp(-k T)) exp(-k (t - T)) for one compartment with linear elimination
    linear = model_card("linear_without_saturation").typical(75)
    k = 0.146 / 5.96
    level = simulate(linear, [regimen], [days])[0][0]
    expected = 300 * 24 / (k * 5.96) * -np.expm1(-k * start) * np.exp(-k * (days - start))
    np.testing.assert_allclose(level, expected, rtol=1e-9)


def test_the_label_model_is_derived_from_the_label() -> None:
    model = load_model("label_linear_mm")
    per_day = figure("P024").number * 24 / 1000  # type: ignore[operator]
    assert model.figures["clearance.typical"].value == pytest.approx(per_day, abs=5e-4)
    assert 2 * model.figures["central_volume.typical"].value == pytest.approx(figure("P025").number)
    up, down = np.log(1.30) / np.log(1.43), np.log(0.67) / np.log(0.57)
    assert model.figures["clearance.weight_exponent"].value == pytest.approx((up + down) / 2, abs=5e-3)


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


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="van_den_berg_2025"):
        load_model("van_den_berg_2024")


@pytest.mark.parametrize(
    ("old", "new", "column", "reason"),
    [
        ("value = 3.48\n", "", "central_volume.typical.value", "Field required"),
        ('unit = "kg"', 'unit = "g"', "reference_weight.unit", "reference_weight must be in kg"),
        ('unit = "L/d"', 'unit = "mL/h"', "clearance.typical.unit", "clearance must be in L/d"),
        ("[residual.proportional]", "[rezidual.proportional]", "rezidual", "not permitted"),
        ("antibodies = false", 'antibodies = "no"', "domain.antibodies", "boolean"),
        ("compartments = 2", "compartments = 3", "structure.compartments", "1 or 2"),
        ("compartments = 2", "compartments = 1", "peripheral_volume", "does not have it"),
        ('["linear", "michaelis_menten"]', '["linear"]', "michaelis_constant", "does not have it"),
        (
            '["linear", "michaelis_menten"]',
            '["michaelis_menten"]',
            "antibody_clearance_factor",
            "without linear",
        ),
        ('["linear", "michaelis_menten"]', "[]", "structure.elimination", "at least one"),
        ('["infusion", "depot"]', '["infusion"]', "absorption_lag", "without a depot"),
        ('["infusion", "depot"]', '["depot"]', "domain.routes", "IV needs"),
        ("[michaelis_constant.typical]", "[residual.additive]", "michaelis_constant", "Field required"),
        ("[40.0, 130.0]", "[130.0, 40.0]", "domain.weight_kg", "lightest"),
        ('use = "prediction"', 'use = "never"', "use_reason", "say why"),
        ('use = "prediction"', 'use = "teaching"', "use", "prediction"),
        ("value = 0.84", "value = 1.84", "bioavailability.typical.value", "physically possible"),
        ("value = 0.26\n", "value = -0.26\n", "central_volume.weight_exponent", "contain the value"),
    ],
)
def test_a_damaged_model_file_names_the_file_and_the_field(
    tmp_path: Path, old: str, new: str, column: str, reason: str
) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=reason) as caught:
        read_model(written(tmp_path, TEXT.replace(old, new, 1)))
    assert {problem.file for problem in caught.value.problems} == {"mine.toml"}
    assert column in {problem.column for problem in caught.value.problems}


def test_a_model_for_predictions_states_its_residual_error(tmp_path: Path) -> None:
    start, end = OWN.index("[residual.proportional]"), OWN.index("[[correlations]]")
    with pytest.raises(InputError, match="states its residual error") as caught:
        read_model(written(tmp_path, OWN[:start] + OWN[end:]))
    assert caught.value.problems[0].column == "residual"


def test_values_that_stay_are_those_of_the_first_release() -> None:
    drawn = load_model().draw([60, 100], ["A", "B"], 2, 1).clearance.ravel()
    golden = [0.2149916568622648, 0.1828613082529771, 0.21246912168623577, 0.284481905522097]
    np.testing.assert_allclose(drawn, golden, rtol=4e-16)


def test_models_are_read_without_loading_jax() -> None:
    code = (
        "import sys; from wearoff.dosing.pk.models import load_model; import wearoff.dosing.occupancy;"
        "load_model().draw(75, ['A'], 2, 1); sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
