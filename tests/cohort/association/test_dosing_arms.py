from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from wearoff.cohort.association import TRIAL_SCHEMA, balance_table, compare_dosing


def entries(
    seed: int,
    rows: int = 1200,
    *,
    effect: float = 0.0,
    hide: float = 0.0,
    per_patient: int = 2,
    by_lot: bool = False,
) -> pl.DataFrame:
    """Emulated entries: the severe get extended dosing less often and relapse more; `effect` is a log hazard ratio."""
    rng = np.random.default_rng(seed)
    edss = rng.integers(0, 13, rows) / 2
    before = rng.poisson(0.1 + 0.1 * edss)
    age = rng.normal(40, 8, rows)
    chance = 1 / (1 + np.exp(0.3 + 0.5 * (edss - 3) + 0.4 * before - 0.03 * (age - 40)))
    extended = rng.random(rows) < (0.4 if by_lot else chance)
    hazard = np.exp(-7.0 + 0.45 * (edss - 3) + 0.5 * before + effect * extended)
    relapse, end = rng.exponential(1 / hazard), rng.uniform(100, 730, rows)
    data = {
        **dict.fromkeys(TRIAL_SCHEMA),
        "patient_id": [f"P{k // per_patient}" for k in range(rows)],
        "infusion": np.full(rows, 7),
        "arm": np.where(extended, "eid", "sid"),
        "age": age,
        "edss": [None if rng.random() < hide else value for value in edss.tolist()],
        "relapses_before": before.astype(float),
        "is_female": np.ones(rows),
        "time_d": np.maximum(np.minimum(relapse, end), 1.0),
        "is_event": relapse <= end,
    }
    columns = {
        name: pl.Series(name, [None] * rows if data[name] is None else data[name], dtype=kind, strict=False)
        for name, kind in TRIAL_SCHEMA.items()
    }
    return pl.DataFrame(columns)


def test_weights_take_the_confounding_out_that_was_recorded() -> None:
    found = compare_dosing(entries(1, 6000), seed=1)
    assert found.plain is not None
    assert found.weighted is not None
    assert found.plain.ratio_interval.high < 1  # extended dosing looks protective: the severe did not get it
    assert 0.0 in found.weighted.term.interval
    assert found.verdict == "no difference shown"
    balance = {one.name: one for one in found.balance}
    assert abs(balance["edss"].before) > 0.5
    assert max(abs(one.after) for one in found.balance) < 0.1
    assert not found.imputed
    assert found.e_value is not None
    assert found.e_value.limit == 1


def test_a_true_effect_is_found_as_a_trial_would_find_it_and_its_e_value_given() -> None:
    found = compare_dosing(entries(2, 8000, effect=0.9), seed=1)
    trial = compare_dosing(entries(3, 40_000, effect=0.9, by_lot=True), seed=1).plain
    assert trial is not None
    assert found.weighted is not None
    assert found.weighted.term.coefficient == pytest.approx(trial.coefficient, abs=0.12)
    assert found.verdict == "difference shown"
    assert found.e_value is not None
    assert found.e_value.estimate > found.e_value.limit > 1


def test_gaps_in_covariates_are_filled_in_and_cost_information() -> None:
    whole = compare_dosing(entries(3, 3000), seed=1)
    holed = compare_dosing(entries(3, 3000, hide=0.3), seed=1, draws=5)
    assert holed.imputed
    assert whole.weighted is not None
    assert holed.weighted is not None
    assert holed.weighted.missing_information > 0
    assert holed.weighted.term.coefficient == pytest.approx(whole.weighted.term.coefficient, abs=0.2)
    again = compare_dosing(entries(3, 3000, hide=0.3), seed=1, draws=5)
    assert again.weighted == holed.weighted


def test_arms_and_reasons_are_counted_and_covariates_without_use_named() -> None:
    rows = entries(4)
    out = rows.head(5).with_columns(
        arm=pl.lit(None, pl.String), why=pl.lit("record ends within the grace period")
    )
    found = compare_dosing(pl.concat([rows, out]), seed=1)
    assert found.neither == (("record ends within the grace period", 5),)
    extended, standard = found.arms
    assert extended.entries + standard.entries == 1200
    assert extended.effective_entries is not None
    assert extended.effective_entries < extended.entries
    assert found.covariates == ("age", "edss", "relapses_before")
    assert dict(found.dropped)["is_female"] == "the same at every entry"
    assert dict(found.dropped)["weight"] == "recorded at fewer than half of the entries"
    table = balance_table(found)
    assert table["covariate"].to_list() == list(found.covariates)


def test_without_a_relapse_in_an_arm_there_is_no_ratio() -> None:
    rows = entries(5, 200).with_columns(is_event=pl.col("is_event") & (pl.col("arm") == "sid"))
    found = compare_dosing(rows, seed=1)
    assert found.weighted is None
    assert found.plain is None
    assert found.verdict == "uninformative"
    assert "no relapse" in str(found.note)
    assert found.rate_ratio is not None
    assert found.rate_ratio.interval.low == 0
    nobody = compare_dosing(rows.clear(), seed=1)
    assert nobody.rate_ratio is None
    assert nobody.verdict == "uninformative"


def test_arms_that_covariates_tell_apart_are_not_weighted() -> None:
    rows = entries(6, 300).with_columns(age=pl.when(pl.col("arm") == "eid").then(60.0).otherwise(30.0))
    found = compare_dosing(rows, seed=1)
    assert found.weighted is None
    assert "age: some values occur in one group only" in str(found.note)
    assert found.plain is not None


@pytest.mark.slow
def test_weighted_intervals_cover_no_effect_about_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(300):
        found = compare_dosing(entries(100 + seed, 1500, per_patient=1), seed=1)
        assert found.weighted is not None
        inside += 0.0 in found.weighted.term.interval
    assert inside / 300 > 0.92
