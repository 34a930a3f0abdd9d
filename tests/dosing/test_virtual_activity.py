"""A population from drug to lesions: closed forms, published outcomes, and the trials of intervals as a test."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from benchmarks.activity import Measured, measure, wrong
from scipy.stats import kstest
from scipy.stats import poisson as scipy_poisson

from wearoff.dosing.activity import (
    draw_activity,
    expected_events,
    infiltrate,
    share_without,
    typical_activity,
)
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.pk.virtual import draw_patients, truncated_weights
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.trafficking import free_share
from wearoff.dosing.virtual_activity import (
    Population,
    VirtualActivity,
    Watch,
    poisson,
    population_samples,
    simulate_activity,
    usual_watch,
)
from wearoff.dosing.virtual_troughs import WEIGHT_MEAN_KG, WEIGHT_SD_KG
from wearoff.sources import figure
from wearoff.stats.proportions import proportion_interval

WEEK_72 = Watch(t2_d=(504.0,), gd_d=tuple(np.arange(28.0, 505.0, 28.0)), relapse_d=(504.0,))
WEEK_60 = Watch(gd_d=tuple(np.arange(28.0, 421.0, 28.0)), relapse_d=(420.0,))
PATIENTS = 4000


@cache
def followed(
    regimen: Regimen | None,
    watch: Watch,
    curve: str = "bridge",
    population: Population = "stable",
    patients: int = PATIENTS,
) -> VirtualActivity:
    model = load_model()
    weights = truncated_weights(WEIGHT_MEAN_KG, WEIGHT_SD_KG, *model.domain.weight_kg)
    return simulate_activity(
        model, weights, regimen, watch, patients, 11, load_curve(curve), population=population
    )


FOUR = every(4, times=18).shifted(28)
SIX = every(6, times=12).shifted(42)
TWELVE = every(12, times=6).shifted(84)


def test_untreated_people_have_the_lesions_and_relapses_of_the_placebo_arm() -> None:
    found = followed(None, usual_watch(2), population="starter", patients=20_000)
    np.testing.assert_allclose(found.expected["t2"], 5.5, rtol=1e-10)
    error = found.counts["t2"].sum(axis=1).std() / np.sqrt(20_000)
    assert abs(found.mean("t2") - 11.0) < 4 * error
    assert 1 - found.share_with("t2") == pytest.approx(0.15, abs=0.012)
    assert 0.67 <= found.mean("relapse") / 2 <= 0.73
    relapsing = figure("IO235")
    assert found.share_with("relapse") in proportion_interval(int(relapsing.value), relapsing.n or 0)


@pytest.mark.parametrize("name", curve_names())
def test_four_percent_of_stable_four_weekly_patients_have_a_new_lesion_in_72_weeks(name: str) -> None:
    found = followed(FOUR, WEEK_72, name)
    numbers = typical_activity(name)
    expected = 1 - share_without(found.expected["t2"][:, 0], numbers.lesion_shape).mean()
    assert expected == pytest.approx(float(figure("W101").value) / 100, abs=0.001)
    # a year without activity before makes it a little less
    mean, seen = found.expected["t2"][:, 0], found.seen["t2"]
    counted = 1 - share_without(mean, numbers.lesion_shape, seen).mean()
    assert 0.9 * expected < counted < expected
    assert abs(found.share_with("t2") - counted) < 4 * np.sqrt(counted * (1 - counted) / PATIENTS)


@pytest.mark.parametrize("name", curve_names())
def test_after_stopping_as_many_have_a_gd_lesion_by_week_28_as_in_restore(name: str) -> None:
    found = followed(None, Watch(gd_d=tuple(28.0 * np.arange(1, 8))), name)
    published = figure("IO081")
    assert found.share_with("gd") in proportion_interval(int(published.value), published.n or 0)
    first = np.argmax(found.counts["gd"] > 0, axis=1)[(found.counts["gd"] > 0).any(axis=1)]
    # most first lesions at week 16 or later, hardly any before week 12
    assert np.mean(4 * (first + 1) >= 16) > 0.5
    assert np.mean(4 * (first + 1) < 12) < 0.05


def test_six_weekly_dosing_passes_as_a_test_under_three_curves_and_narrowly_fails_under_the_fourth() -> None:
    """NOVA found 4.3 %, and 2 to 8 % is accepted; nothing here was fitted to it."""
    shares = [
        1 - share_without(followed(SIX, WEEK_72, name).expected["t2"][:, 0], typical_activity(name).lesion_shape).mean()
        for name in curve_names()
    ]  # fmt: skip
    assert [100 * share for share in shares] == pytest.approx([6.6, 6.7, 6.3, 8.4], abs=0.4)
    accepted = {name for name, share in zip(curve_names(), shares, strict=True) if 0.02 <= share <= 0.08}
    assert accepted == set(curve_names()) - {"trough_pairs_high"}
    # above what was found, under every curve
    assert min(shares) > float(figure("W102").value) / 100


def test_numbers_drawn_from_their_ranges_widen_the_test_of_six_weekly_dosing() -> None:
    model, shares = load_model(), []
    weights = truncated_weights(WEIGHT_MEAN_KG, WEIGHT_SD_KG, *model.domain.weight_kg)
    for name in curve_names():
        numbers, curve = draw_activity(name, PATIENTS, 4), load_curve(name)
        found = simulate_activity(model, weights, SIX, WEEK_72, PATIENTS, 11, curve, numbers=numbers)
        mean, seen = found.expected["t2"][:, 0], found.seen["t2"]
        shares.append(1 - share_without(mean, numbers.lesion_shape, seen).mean())
    assert [100 * share for share in shares] == pytest.approx([7.2, 7.3, 6.9, 9.5], abs=0.5)


def test_twelve_weekly_dosing_fails_less_often_than_in_refine_by_one_to_seven_points() -> None:
    """At least 39.5 % were rescued; counted here are two Gd+ lesions on a scan, or a relapse, within 60 weeks."""
    published = float(figure("IO065").value.removeprefix(">=")) / 100
    shares = []
    for name in curve_names():
        found = followed(TWELVE, WEEK_60, name)
        is_rescued = (found.counts["gd"] >= 2).any(axis=1) | found.counts["relapse"].any(axis=1)
        shares.append(float(is_rescued.mean()))
    error = 3 * np.sqrt(0.25 / PATIENTS)
    assert all(0.01 - error < published - share < 0.07 + error for share in shares)


def test_thirty_five_of_thirty_five_with_neda_at_one_year_is_possible_and_not_likely() -> None:
    """Bergen found it on 4-weekly dosing; the yearly scan and the relapses of a year are counted."""
    shares = [
        followed(FOUR, Watch(t2_d=(365.25,), relapse_d=(365.25,)), name).without_activity
        for name in curve_names()
    ]
    assert all(0.90 < share < 0.96 for share in shares)
    low = proportion_interval(int(figure("W016").value), 35).low
    assert all(share > low for share in shares)
    assert all(0.02 < share**35 < 0.25 for share in shares)


def test_starters_have_more_lesions_than_stable_people_and_fewer_than_were_published() -> None:
    """AFFIRM found 1.9 lesions over 2 years on the drug: what full block leaves in starters is not known here."""
    started = followed(every(4, times=27), usual_watch(2), population="starter")
    stable = followed(every(4, times=27).shifted(28), usual_watch(2))
    assert started.expected["t2"][:, 0].mean() > 5 * stable.expected["t2"][:, 0].mean()
    # the second year no longer differs
    second = started.expected["t2"][:, 1].mean()
    assert second == pytest.approx(stable.expected["t2"][:, 1].mean(), rel=0.05)
    assert 0.3 < started.mean("t2") < 0.5 < float(figure("IO239").value)


def test_a_plasma_exchange_brings_lesions_forward() -> None:
    at_risk = Watch(t2_d=(168.0,))
    plain = followed(FOUR, at_risk).expected["t2"][:, 0]
    exchanged = followed(FOUR.exchanged([98.0, 101.0, 104.0], 0.7), at_risk).expected["t2"][:, 0]
    assert (exchanged > plain).all()
    assert exchanged.mean() > 1.02 * plain.mean()


@pytest.mark.parametrize("weeks", [4.0, 4.3, 6.0, 8.0])
@pytest.mark.parametrize("name", ["bridge", "trough_pairs_high"])
def test_days_and_ends_of_infusions_are_samples_enough(weeks: float, name: str) -> None:
    regimen, curve, numbers = every(weeks, times=8), load_curve(name), typical_activity(name)
    people = draw_patients(load_model(), 80.0, 0, 20, 1)
    day, level = population_samples(simulate_population(people, regimen, daily=True), regimen, np.inf)
    fine = np.union1d(np.arange(0.0, day[-1], 0.02), np.concatenate((regimen.start_d, regimen.end_d, day)))
    exact = np.concatenate(simulate(people, [regimen] * 20, [fine] * 20))
    means = []
    for at, values in ((day, level), (fine, exact)):
        found = infiltrate(at, free_share(curve, values), numbers, 0.0)
        means.append(expected_events(at, found, numbers, "t2", regimen.start_d[-3:])[:, 0])
    assert (np.abs(means[0] / means[1] - 1) < 0.02).all()
    assert 0 < means[0].mean() / means[1].mean() - 1 < 0.01


def test_no_dose_at_all_is_no_treatment_or_stopping() -> None:
    nothing, watch = every(4, times=0), Watch(t2_d=(200.0,))
    for population in ("starter", "stable"):
        none = followed(None, watch, population=population, patients=50)
        empty = followed(nothing, watch, population=population, patients=50)
        np.testing.assert_array_equal(none.counts["t2"], empty.counts["t2"])


def test_a_longer_interval_never_means_fewer_expected_lesions() -> None:
    four, six, twelve = (followed(regimen, WEEK_72).expected["t2"][:, 0] for regimen in (FOUR, SIX, TWELVE))
    assert (four <= six).all()
    assert (six <= twelve).all()


@pytest.mark.parametrize("population", ["starter", "stable"])
def test_counts_have_the_shares_of_the_closed_form(population: Population) -> None:
    assert measure(population, 3000).furthest_se < 4


def test_people_are_the_same_in_any_block_and_under_any_regimen() -> None:
    model, curve = load_model(), load_curve("bridge")
    many = simulate_activity(model, 75.0, SIX, WEEK_72, 60, 5, curve)
    part = simulate_activity(model, 75.0, SIX, WEEK_72, 20, 5, curve, first=30)
    np.testing.assert_array_equal(many.counts["gd"][30:50], part.counts["gd"])
    other = simulate_activity(model, 75.0, SIX, WEEK_72, 60, 6, curve)
    assert not np.array_equal(many.expected["gd"], other.expected["gd"])
    # the same people under a longer interval: nobody has fewer lesions
    longer = simulate_activity(model, 75.0, TWELVE, WEEK_72, 60, 5, curve)
    assert (longer.counts["t2"] >= many.counts["t2"]).all()


def test_each_patient_may_have_numbers_of_his_own() -> None:
    model, curve = load_model(), load_curve("bridge")
    numbers = draw_activity("bridge", 40, 8)
    found = simulate_activity(model, 75.0, SIX, WEEK_72, 40, 5, curve, numbers=numbers)
    assert found.expected["t2"].std() > 0
    with pytest.raises(ValueError, match="40 sets of numbers do not fit 41"):
        simulate_activity(model, 75.0, SIX, WEEK_72, 41, 5, curve, numbers=numbers)


def test_frailties_that_belong_together_make_lesions_and_relapses_meet_in_the_same_people() -> None:
    found = followed(None, usual_watch(2), population="starter", patients=20_000)
    together = np.corrcoef(found.counts["t2"].sum(axis=1), found.counts["relapse"].sum(axis=1))[0, 1]
    assert 0.1 < together < 0.4
    # T2 and Gd scans show the lesions of one frailty
    assert np.corrcoef(found.counts["t2"].sum(axis=1), found.counts["gd"].sum(axis=1))[0, 1] > 0.8


@pytest.mark.parametrize("mean", [1e-6, 0.3, 4.0, 60.0, 650.0])
def test_poisson_counts_are_those_of_an_independent_inversion(mean: float) -> None:
    chance = np.random.default_rng(1).uniform(size=2000)
    counts = poisson(np.full(2000, mean), chance)
    np.testing.assert_array_equal(counts, scipy_poisson.ppf(chance, mean))


def test_a_mean_that_no_patient_has_is_refused() -> None:
    for mean in (np.nan, -0.1, 701.0):
        with pytest.raises(ValueError, match="between 0 and 700"):
            poisson(np.array([mean]), np.array([0.5]))
    assert poisson(np.array([700.0]), np.array([1 - 1e-16]))[0] > 800


def test_frailties_are_gamma_with_the_shape_of_the_file() -> None:
    found = followed(None, Watch(t2_d=(36525.0 / 100,)), population="starter", patients=3000)
    shape = float(typical_activity("bridge").lesion_shape[0])
    counts = found.counts["t2"][:, 0]
    assert counts.var() == pytest.approx(5.5 + 5.5**2 / shape, rel=0.15)
    uniform = np.random.default_rng(2).uniform(size=counts.size)
    from scipy.stats import nbinom

    below = nbinom.cdf(counts - 1, shape, shape / (shape + 5.5))
    at = nbinom.pmf(counts, shape, shape / (shape + 5.5))
    assert kstest(below + uniform * at, "uniform").pvalue > 0.001


@pytest.mark.parametrize(
    ("regimen", "population", "message"),
    [
        (every(4, times=3), "stable", "comes later"),
        (every(4, times=3).shifted(5), "starter", "on day 0"),
    ],
)
def test_doses_that_do_not_fit_the_population_are_refused(
    regimen: Regimen, population: Population, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_activity(
            load_model(), 75.0, regimen, WEEK_72, 5, 1, load_curve("bridge"), population=population
        )


@pytest.mark.parametrize("days", [(), (0.0, 5.0), (5.0, 5.0)])
def test_a_watch_without_days_or_with_days_that_do_not_increase_is_refused(days: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="day"):
        Watch(t2_d=days)


def test_a_slow_large_or_wrong_benchmark_is_not_let_through() -> None:
    good = Measured("stable", 10.0, 15.0, 1.0)
    assert wrong([good], 1.0, 100_000) == []
    faults = wrong([Measured("stable", 31.0, 15.0, float("nan")), good], 4.5, 100_000)
    assert len(faults) == 3
