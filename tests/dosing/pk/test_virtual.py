"""Virtual patients by index: their random numbers, their weights, and the model's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest, truncnorm

from wearoff.dosing.pk.models import PARAMETER_NAMES, load_model, model_card
from wearoff.dosing.pk.virtual import (
    draw_numbers_of,
    draw_patients,
    patient_normals,
    patient_uniforms,
    truncated_weights,
)

MODEL = load_model()


def test_patients_drawn_by_index_are_the_same_in_any_company() -> None:
    alone = patient_normals(7, "weight", 123, 1)
    assert alone == patient_normals(7, "weight", 100, 50)[23]
    assert alone != patient_normals(8, "weight", 123, 1)
    assert alone != patient_normals(7, "height", 123, 1)
    many = patient_normals(7, "weight", 0, 200_000)
    assert many.mean() == pytest.approx(0, abs=0.01)
    assert many.std() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(many[1:], many[:-1])[0, 1]) < 0.01
    assert np.quantile(many, 0.975) == pytest.approx(1.96, abs=0.02)


def test_the_spread_is_that_of_the_model() -> None:
    drawn = draw_patients(MODEL, 75, 0, 100_000, 3)
    for name, cv, typical in (("clearance", 0.228, 0.164), ("maximal_rate", 0.26, 2.86)):
        values = getattr(drawn, name)
        assert values.std() / values.mean() == pytest.approx(cv, rel=0.02)
        assert np.median(values) == pytest.approx(typical, rel=0.01)
    assert np.ptp(drawn.michaelis_constant) == 0


def test_a_correlated_spread_is_that_of_the_model() -> None:
    model = model_card("davda_2014")
    drawn = draw_patients(model, 70, 0, 50_000, 3)
    for entry in model.correlations:
        pair = [np.log(getattr(drawn, name)).ravel() for name in entry.between]
        assert np.corrcoef(pair)[0, 1] == pytest.approx(entry.value, abs=0.02)


def test_cut_off_weights_have_the_distribution_of_scipy() -> None:
    normal = patient_normals(3, "weight", 0, 100_000)
    weights = truncated_weights(79, 20, 40, 150)(normal)
    assert 40 <= weights.min() <= weights.max() <= 150
    expected = truncnorm((40 - 79) / 20, (150 - 79) / 20, loc=79, scale=20)
    assert weights.mean() == pytest.approx(expected.mean(), abs=4 * expected.std() / np.sqrt(100_000))
    assert weights.std() == pytest.approx(expected.std(), rel=0.01)
    order = np.argsort(normal)
    assert bool(np.all(np.diff(weights[order]) >= 0))


def test_the_numbers_of_a_patient_are_the_same_in_any_block_and_possible() -> None:
    whole = draw_numbers_of(MODEL, 0, 20_000, 5)
    for key, values in draw_numbers_of(MODEL, 700, 300, 5).values.items():
        np.testing.assert_array_equal(values, whole.values[key][700:1000])
    assert min(values.min() for key, values in whole.values.items() if key.endswith("typical")) > 0
    parts = [draw_numbers_of(MODEL, first, 5000, 5).redrawn for first in range(0, 20_000, 5000)]
    assert {key: sum(part[key] for part in parts) for key in whole.redrawn} == dict(whole.redrawn)
    assert sum(whole.redrawn.values()) > 0


def test_numbers_by_index_are_distributed_as_those_of_the_model() -> None:
    found, expected = draw_numbers_of(MODEL, 0, 20_000, 5), MODEL.draw_parameters(20_000, 6)
    assert found.values.keys() == expected.values.keys()
    assert found.kept == expected.kept
    for key, values in found.values.items():
        assert ks_2samp(values, expected.values[key]).pvalue > 0.001, key


def test_the_models_numbers_change_a_patient_and_not_his_own_deviation() -> None:
    plain = draw_patients(MODEL, 75, 0, 5000, 3)
    numbers = draw_numbers_of(MODEL, 0, 5000, 3)
    drawn = draw_patients(MODEL, 75, 0, 5000, 3, numbers=numbers)
    assert drawn.shape == plain.shape
    for name in ("clearance", "maximal_rate"):
        parameter = MODEL.parameters[name]
        assert parameter is not None
        spread = np.sqrt(np.log1p(numbers.values[f"{name}.between_patient_cv"] ** 2))
        effect = patient_normals(3, f"between-patient:{name}", 0, 5000)
        expected = numbers.values[f"{name}.typical"] * np.exp(spread * effect)
        np.testing.assert_allclose(getattr(drawn, name).ravel(), expected, rtol=1e-12)
    assert drawn.michaelis_constant.std() > 0
    alone = draw_patients(MODEL, 75, 40, 7, 3, numbers=draw_numbers_of(MODEL, 40, 7, 3))
    for name in PARAMETER_NAMES:
        whole = np.broadcast_to(getattr(drawn, name), (5000, 1, 1))[40:47]
        np.testing.assert_array_equal(np.broadcast_to(getattr(alone, name), (7, 1, 1)), whole)


def test_uniform_numbers_are_even_and_each_is_a_patients_own() -> None:
    found = patient_uniforms(3, "test", 0, 20_000)
    assert kstest(found, "uniform").pvalue > 0.001
    np.testing.assert_array_equal(patient_uniforms(3, "test", 500, 10), found[500:510])
    assert abs(np.corrcoef(found, patient_uniforms(3, "another", 0, 20_000))[0, 1]) < 0.03
