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
    _Tally,
    bins_of,
    middle_of,
    summarise_population,
)
from wearoff.dosing.pk.virtual import draw_patients, normal_weights
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


def test_spreads_and_covariances_are_those_of_numpy_however_the_patients_are_cut() -> None:
    whole = simulate_population(draw_patients(MODEL, WEIGHTS, 0, 20_000, 3), REGIMEN)
    for block in (20_000, 3001):
        found = summarise_population(MODEL, WEIGHTS, REGIMEN, 20_000, 3, reference=2, block=block)
        np.testing.assert_allclose(found.sd_trough, whole.trough.std(axis=0, ddof=1), rtol=1e-11)
        np.testing.assert_allclose(found.sd_peak, whole.peak.std(axis=0, ddof=1), rtol=1e-11)
        assert found.covariance is not None
        np.testing.assert_allclose(found.covariance, np.cov(whole.trough.T)[2], rtol=1e-11, atol=1e-12)
    assert summarise_population(MODEL, WEIGHTS, REGIMEN, 100, 3).covariance is None


def test_the_spread_of_levels_far_from_zero_keeps_its_digits() -> None:
    tally = _Tally(1, (), 0)
    levels = 1e6 + np.random.default_rng(1).standard_normal(30_000) * 1e-3
    for part in np.array_split(levels, 7):
        tally.add(part[None], part[None], np.ones(part.size, dtype=bool))
    found = tally.summary((0.5,), 1)
    assert found.sd_trough[0] == pytest.approx(levels.std(ddof=1), rel=1e-5)
    assert found.covariance is not None
    assert found.covariance[0] == pytest.approx(levels.var(ddof=1), rel=1e-5)


def test_patients_who_were_not_solved_are_counted_and_in_no_figure() -> None:
    tally = _Tally(1, (1.5,), None)
    levels = np.array([[1.0, np.nan, 2.0, 3.0]])
    tally.add(levels, levels, np.array([True, False, True, True]))
    tally.add(levels[:, :2] * np.nan, levels[:, :2] * np.nan, np.zeros(2, dtype=bool))
    found = tally.summary((0.5,), 1)
    assert (found.patients, found.failed) == (3, 3)
    assert (found.mean_trough[0], found.sd_trough[0]) == (2.0, 1.0)
    assert found.share_at_or_above[0, 0] == pytest.approx(2 / 3)


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
