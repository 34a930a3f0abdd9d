"""Streamed summaries against NumPy on the whole population."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.summaries import (
    BAND,
    HIGHEST,
    LOWEST,
    QUANTILE_BOUND,
    bins_of,
    draw_patients,
    middle_of,
    normal_weights,
    patient_normals,
    summarise_population,
)
from wearoff.dosing.regimen import every

MODEL, WEIGHTS, REGIMEN = load_model(), normal_weights(79, 20), every(6, times=5)


def test_quantiles_and_shares_of_20000_patients_are_those_of_numpy() -> None:
    found = summarise_population(MODEL, WEIGHTS, REGIMEN, 20_000, 3, targets=(1, 5, 10))
    whole = simulate_population(draw_patients(MODEL, WEIGHTS, 0, 20_000, 3), REGIMEN)
    for ours, levels in ((found.trough, whole.trough), (found.peak, whole.peak)):
        expected = np.quantile(levels, BAND, axis=0, method="inverted_cdf")
        np.testing.assert_allclose(ours, expected, rtol=QUANTILE_BOUND, atol=LOWEST)
    np.testing.assert_allclose(found.mean_trough, whole.trough.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.mean_peak, whole.peak.mean(axis=0), rtol=1e-12)
    expected = [(whole.trough >= target).mean(axis=0) for target in (1, 5, 10)]
    np.testing.assert_array_equal(found.share_at_or_above, expected)
    assert (found.patients, found.failed) == (20_000, 0)


def test_the_size_of_the_blocks_changes_no_patient() -> None:
    done = []
    one = summarise_population(MODEL, WEIGHTS, REGIMEN, 3000, 4)
    other = summarise_population(
        MODEL, WEIGHTS, REGIMEN, 3000, 4, block=701, progress=lambda *so_far: done.append(so_far)
    )
    np.testing.assert_array_equal(one.trough, other.trough)
    np.testing.assert_array_equal(one.peak, other.peak)
    np.testing.assert_array_equal(one.share_at_or_above, other.share_at_or_above)
    assert done == [(701, 3000), (1402, 3000), (2103, 3000), (2804, 3000), (3000, 3000)]
    assert (summarise_population(MODEL, WEIGHTS, REGIMEN, 3000, 5).trough != one.trough).any()


def test_memory_does_not_grow_with_the_patients() -> None:
    def most(patients: int) -> int:
        tracemalloc.start()
        summarise_population(MODEL, WEIGHTS, every(4, times=3), patients, 1, block=2000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most(2000)
    assert most(24_000) < 1.3 * most(6000)


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


def test_a_sampler_of_ones_own_takes_the_place_of_a_model() -> None:
    found = summarise_population(
        lambda first, count: draw_patients(MODEL, WEIGHTS, first, count, 3), 0.0, REGIMEN, 1000, 3
    )
    np.testing.assert_array_equal(found.trough, summarise_population(MODEL, WEIGHTS, REGIMEN, 1000, 3).trough)


def test_a_bin_holds_its_levels_and_its_middle_is_near_all_of_them() -> None:
    levels = np.geomspace(1.01 * LOWEST, 0.99 * HIGHEST, 50_001)
    middles = np.array([middle_of(index) for index in bins_of(levels)])
    assert np.max(np.abs(middles - levels) / levels) <= QUANTILE_BOUND / 2 * (1 + 1e-9)
    assert [middle_of(index) for index in bins_of(np.array([0.0, LOWEST / 2, 2 * HIGHEST]))] == [0, 0, np.inf]


def test_there_must_be_patients_and_quantiles_between_0_and_1() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        summarise_population(MODEL, 75, REGIMEN, 0, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        summarise_population(MODEL, 75, REGIMEN, 1, 1, levels=[50])
