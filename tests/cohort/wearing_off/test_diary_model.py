from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from tests.cohort.wearing_off.diaries import large
from wearoff.cohort.wearing_off import (
    DiaryModel,
    NotFitted,
    diary_wearing_off,
    fit_diary_model,
    load_diary_rule,
)
from wearoff.cohort.wearing_off.diary_model import Randomness


def simulated(
    seed: int,
    *,
    patients: int = 40,
    cycles: int = 6,
    slope: float = 0.4,
    sd_slope: float = 0.25,
    sd_cycle: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Severities of shape (patients, cycles, 4) that follow the model, and each patient's slope a week."""
    random = np.random.default_rng(seed)
    slopes = random.normal(slope, sd_slope, patients)
    severity = (
        random.normal(4, 1, (patients, 1, 1))
        + random.normal(0, sd_cycle, (patients, cycles, 1))
        + slopes[:, None, None] * (np.arange(4) + 3 / 7)
        + random.normal(0, 0.8, (patients, cycles, 4))
    )
    return severity, slopes


def entries_of(severity: np.ndarray) -> pl.DataFrame:
    return diary_wearing_off(large(severity), load_diary_rule()).entries


def fitted(severity: np.ndarray, randomness: Randomness = "patient") -> DiaryModel:
    model = fit_diary_model(entries_of(severity), randomness)
    assert isinstance(model, DiaryModel)
    return model


def test_in_a_balanced_diary_the_slope_and_its_interval_have_their_closed_form() -> None:
    """With the same weeks in every patient, REML gives the mean of the patients' own slopes and its standard error."""
    severity, _ = simulated(1)
    week = np.tile(np.arange(4) + 3 / 7, severity.shape[1])
    own = np.array([np.polyfit(week, person.reshape(-1), 1)[0] for person in severity])
    half = t.ppf(0.975, len(own) - 1) * own.std(ddof=1) / math.sqrt(len(own))
    error = own.std(ddof=1) / math.sqrt(len(own))
    model = fitted(severity)
    assert model.slope == pytest.approx(own.mean(), rel=1e-6)
    assert model.slope_low == pytest.approx(own.mean() - half, rel=2e-3)
    assert model.slope_high == pytest.approx(own.mean() + half, rel=2e-3)
    assert model.p == pytest.approx(2 * t.sf(own.mean() / error, len(own) - 1), rel=0.1)


def test_in_a_balanced_diary_slopes_vary_as_much_as_the_patients_own_less_their_error() -> None:
    """So the top of the likelihood was found; one search of statsmodels alone stops 16 % short of it here."""
    severity, _ = simulated(2, patients=300, cycles=8, sd_cycle=0.6)
    week = np.tile(np.arange(4) + 3 / 7, severity.shape[1])
    own = np.array([np.polyfit(week, person.reshape(-1), 1)[0] for person in severity])
    model = fitted(severity, "patient_and_cycle")
    error = model.sd_residual**2 / ((week - week.mean()) ** 2).sum()
    assert model.sd_slope**2 == pytest.approx(own.var(ddof=1) - error, rel=1e-3)


def test_the_variances_and_each_patients_slope_come_back() -> None:
    severity, slopes = simulated(2, patients=200, cycles=6, sd_cycle=0.6)
    model = fitted(severity, "patient_and_cycle")
    assert model.notes == ()
    assert model.slope == pytest.approx(0.4, abs=0.05)
    assert model.intercept == pytest.approx(4, abs=0.2)
    assert model.sd_slope == pytest.approx(slopes.std(ddof=1), rel=0.1)
    assert model.sd_intercept == pytest.approx(1.0, rel=0.12)
    assert (model.sd_cycle, model.sd_residual) == pytest.approx((0.6, 0.8), rel=0.08)
    assert np.corrcoef(model.by_patient["slope"].to_numpy(), slopes)[0, 1] > 0.85
    assert model.by_patient["slope"].std() < slopes.std()  # type: ignore[operator]
    by_week = (0.4**2 + 0.25**2) * np.var([0, 1, 2, 3])
    assert model.share_by_week == pytest.approx(by_week / (by_week + 0.6**2 + 0.8**2), abs=0.05)
    assert (model.patients, model.cycles, model.entries) == (200, 1200, 4800)


def test_shifting_all_scores_moves_the_intercept_alone_and_turning_the_weeks_turns_the_slope() -> None:
    severity, _ = simulated(3)
    model, shifted, turned = fitted(severity), fitted(severity + 2), fitted(severity[:, :, ::-1])
    assert shifted.slope == pytest.approx(model.slope, abs=1e-6)
    assert shifted.intercept == pytest.approx(model.intercept + 2, abs=1e-5)
    assert turned.slope == pytest.approx(-model.slope, abs=1e-6)
    # the search stops where the likelihood is flat, so variances agree less closely than the slope
    assert turned.sd_residual == pytest.approx(model.sd_residual, rel=1e-3)


def test_shuffling_entries_changes_nothing() -> None:
    entries = entries_of(simulated(4)[0])
    model = fit_diary_model(entries, "patient")
    shuffled = fit_diary_model(entries.sample(fraction=1, shuffle=True, seed=1), "patient")
    assert isinstance(model, DiaryModel)
    assert isinstance(shuffled, DiaryModel)
    assert (shuffled.slope, shuffled.slope_low) == (model.slope, model.slope_low)
    assert shuffled.by_patient.equals(model.by_patient)


def test_bad_months_are_not_taken_for_witnesses_of_a_slope() -> None:
    """Where weeks are missing, the level of a cycle leaks into the slope unless the cycle has a level of its own."""
    severity, _ = simulated(5, patients=60, slope=0.0, sd_slope=0.0, sd_cycle=2.0)
    random = np.random.default_rng(5)
    entries = entries_of(severity)
    kept = entries.filter(pl.Series(random.random(entries.height) < 0.5))
    without, with_cycle = fit_diary_model(kept, "patient"), fit_diary_model(kept, "patient_and_cycle")
    assert isinstance(without, DiaryModel)
    assert isinstance(with_cycle, DiaryModel)
    assert with_cycle.sd_cycle == pytest.approx(2.0, rel=0.2)
    assert with_cycle.slope_high - with_cycle.slope_low < 0.8 * (without.slope_high - without.slope_low)
    assert with_cycle.slope_low < 0 < with_cycle.slope_high


@pytest.mark.parametrize(
    ("severity", "why"),
    [
        (np.ones((4, 3, 4)), "4 patients with usable entries; 5 are needed"),
        (np.ones((6, 3, 4)), "every entry has the same severity"),
    ],
)
def test_too_little_is_said_and_not_fitted(severity: np.ndarray, why: str) -> None:
    model = fit_diary_model(entries_of(severity))
    assert model == NotFitted(why)


def test_one_week_in_the_cycle_has_no_slope() -> None:
    entries = entries_of(simulated(6)[0]).filter(pl.col("week") == "first")
    assert fit_diary_model(entries) == NotFitted("every entry is of the same cycle day")


def test_a_variance_of_0_is_said_and_the_slope_still_stands() -> None:
    severity, _ = simulated(7, patients=12, cycles=2)
    week = np.arange(4) + 3 / 7
    own = np.array([np.polyfit(np.tile(week, 2), person.reshape(-1), 1)[0] for person in severity])
    alike = severity - (own - 0.4)[:, None, None] * week
    model = fitted(alike)
    assert model.sd_slope == pytest.approx(0, abs=0.03)
    assert any("boundary" in note or "converge" in note for note in model.notes)
    assert model.slope_low < 0.4 < model.slope_high
    assert "11 degrees of freedom" in model.describe()


@pytest.mark.slow
@pytest.mark.parametrize("randomness", ["patient", "patient_and_cycle"])
def test_the_interval_of_the_slope_holds_the_truth_in_90_to_97_percent(randomness: Randomness) -> None:
    runs = 300
    held = 0
    for seed in range(runs):
        severity, _ = simulated(1000 + seed, patients=25, cycles=4, sd_cycle=0.5)
        model = fit_diary_model(entries_of(severity), randomness)
        assert isinstance(model, DiaryModel)
        held += model.slope_low <= 0.4 <= model.slope_high
    assert 0.90 <= held / runs <= 0.97
