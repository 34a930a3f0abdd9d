"""Operating characteristics are what NumPy, counting by itself, makes of the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

from tests.trial.blocks import protocol
from wearoff.trial.protocol import Analysis, Looks, Schedule
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.operating import (
    LOOK_SCHEMA,
    OPERATING_SCHEMA,
    Read,
    characteristics_by_look,
    summarise,
)


def rows_of(estimate: np.ndarray, width: float = 1.0, **columns: object) -> pl.DataFrame:
    """A row for each estimate, with an interval of a width around it."""
    count = estimate.size
    usual = {
        "replicate": np.arange(count),
        "look": np.ones(count, int),
        "analysis": ["one"] * count,
        "estimate": estimate,
        "low": estimate - width,
        "high": estimate + width,
        "p": np.full(count, 0.5),
        "is_shown": estimate > width,
        "verdict": ["no difference shown"] * count,
        "events": np.arange(count) % 5,
        "patients": np.full(count, 40),
    }
    return pl.DataFrame(usual | columns, schema=RESULT_SCHEMA)


def of(results: pl.DataFrame | pl.LazyFrame, **how: object) -> dict[str, object]:
    """The one row of one analysis."""
    found = summarise(results, [Read("one", **{"is_ratio": False} | how)])  # type: ignore[arg-type]
    assert dict(found.schema) == OPERATING_SCHEMA
    return found.row(0, named=True)


def test_shares_means_and_errors_are_those_of_the_textbook() -> None:
    estimate = np.random.default_rng(3).normal(0.6, 1.0, 400)
    found = of(rows_of(estimate), true_value=0.5)
    shown = int((estimate > 1.0).sum())
    covered = np.abs(estimate - 0.5) <= 1.0
    events = np.arange(400) % 5
    expected = {
        "replicates": 400,
        "estimated": 400,
        "shown": shown / 400,
        "shown_error": np.sqrt(shown / 400 * (1 - shown / 400) / 400),
        "shown_low": stats.beta.ppf(0.025, shown, 401 - shown),
        "shown_high": stats.beta.ppf(0.975, shown + 1, 400 - shown),
        "mean_estimate": estimate.mean(),
        "mean_error": stats.sem(estimate),
        "median_estimate": np.median(estimate),
        "true_value": 0.5,
        "bias": estimate.mean() - 0.5,
        "bias_error": stats.sem(estimate),
        "coverage": covered.mean(),
        "coverage_error": covered.std() / 20,
        "mean_width": 2.0,
        "mean_events": events.mean(),
        "events_error": stats.sem(events),
        "mean_patients": 40,
        "patients_error": 0,
        "uninformative": 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert found["width_error"] == pytest.approx(0, abs=1e-9)


def test_ratios_are_averaged_as_logarithms() -> None:
    log_estimate = np.random.default_rng(4).normal(np.log(2), 0.5, 300)
    limits = {"low": np.exp(log_estimate - 1), "high": np.exp(log_estimate + 1)}
    found = of(rows_of(np.exp(log_estimate), **limits), is_ratio=True, true_value=2.0)  # type: ignore[arg-type]
    assert found["scale"] == "log"
    assert found["mean_estimate"] == pytest.approx(stats.gmean(np.exp(log_estimate)))
    assert found["median_estimate"] == pytest.approx(np.exp(np.median(log_estimate)), rel=1e-3)
    assert found["bias"] == pytest.approx(log_estimate.mean() - np.log(2))
    assert found["mean_width"] == pytest.approx(2.0)
    assert found["coverage"] == pytest.approx((np.abs(log_estimate - np.log(2)) <= 1).mean())
    # an analysis that calls the groups the other way round is as far off, to the other side
    turned = {"low": 1 / limits["high"], "high": 1 / limits["low"]}
    other = of(rows_of(np.exp(-log_estimate), **turned), is_ratio=True, true_value=0.5)  # type: ignore[arg-type]
    assert other["bias"] == pytest.approx(-found["bias"])  # type: ignore[operator]
    assert other["coverage"] == found["coverage"]


def test_a_replicate_without_an_estimate_counts_for_the_power_and_not_for_the_mean() -> None:
    found = of(
        rows_of(
            np.array([2.0, np.inf, np.nan, 0.0]),
            low=[1.0, 1.5, None, 0.0],
            high=[4.0, np.inf, None, 3.0],
            is_shown=[True, True, False, False],
            verdict=["difference shown", "difference shown", "uninformative", "no difference shown"],
        ),
        is_ratio=True,
        true_value=2.0,
    )
    assert (found["replicates"], found["estimated"]) == (4, 1)
    assert found["shown"] == 0.5
    assert found["mean_estimate"] == pytest.approx(2.0)
    assert found["bias"] == pytest.approx(0.0)
    assert found["bias_error"] is None  # one value has no spread
    assert found["median_estimate"] == pytest.approx(2.0)  # of 0, 2 and infinity
    assert (found["coverage"], found["intervals"]) == (1.0, 3)
    assert found["mean_width"] == pytest.approx(np.log(4.0))
    assert found["uninformative"] == 0.25
    assert found["uninformative_error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 4))


def test_without_a_true_value_there_is_neither_bias_nor_coverage() -> None:
    found = of(rows_of(np.arange(5.0)))
    assert [found[name] for name in ("true_value", "bias", "bias_error", "coverage", "coverage_error")] == [
        None
    ] * 5
    assert found["mean_error"] == pytest.approx(stats.sem(np.arange(5.0)))


def test_an_interval_of_95_per_cent_covers_so_often_and_an_error_says_how_sure_that_is() -> None:
    estimate = np.random.default_rng(5).normal(0.0, 1.0, 20_000)
    found = of(rows_of(estimate, width=stats.norm.ppf(0.975)), true_value=0.0)
    assert abs(found["coverage"] - 0.95) < 3 * found["coverage_error"]  # type: ignore[operator]
    assert abs(found["bias"]) < 3 * found["bias_error"]  # type: ignore[arg-type,operator]
    assert abs(found["shown"] - 0.025) < 3 * found["shown_error"]  # type: ignore[operator]


def test_rows_may_lie_in_any_files_and_any_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    two = pl.concat(
        [
            rows_of(rng.normal(size=500)),
            rows_of(rng.normal(size=500), analysis=["two"] * 500),
            rows_of(rng.normal(size=500), look=np.full(500, 2)),
            rows_of(rng.normal(size=500), analysis=["unasked"] * 500),
        ]
    )
    shuffled = two.sample(fraction=1.0, shuffle=True, seed=1)
    for number, part in enumerate(shuffled.iter_slices(170)):
        part.write_parquet(tmp_path / f"{number}.parquet")
    asked = [Read("two", False, 0.0), Read("one", False, 0.0)]
    whole, parts = summarise(two, asked), summarise(pl.scan_parquet(tmp_path / "*.parquet"), asked)
    assert whole.select("analysis", "look").rows() == [("two", 1), ("one", 1), ("one", 2)]
    assert_frame_equal(whole, parts, rel_tol=1e-9, abs_tol=1e-12)


def test_no_row_gives_no_row() -> None:
    assert (
        dict(summarise(pl.DataFrame(schema=RESULT_SCHEMA), [Read("one", False)]).schema) == OPERATING_SCHEMA
    )


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf])
def test_a_true_ratio_that_cannot_be_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="'one'"):
        summarise(pl.DataFrame(schema=RESULT_SCHEMA), [Read("one", True, value)])


def test_a_study_ends_at_the_first_look_that_shows_something() -> None:
    shown = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)  # replicates, looks
    patients = np.array([[10, 20, 30]] * 4)
    results = pl.concat(
        [
            rows_of(
                np.zeros(4), look=np.full(4, look + 1), is_shown=shown[:, look], patients=patients[:, look]
            )
            for look in range(3)
        ]
    )
    primary = Analysis(name="one", method="fisher", endpoint="neda", by="arm", is_primary=True)
    other = Analysis(name="two", method="fisher", endpoint="neda", by="arm")
    study = protocol(
        schedule=Schedule(followup_weeks=52, accrual_weeks=26),
        looks=Looks(weeks=(30.0, 50.0)),
        analysis=(other, primary),
    )
    found = characteristics_by_look(results, study)
    assert dict(found.schema) == LOOK_SCHEMA
    assert found["weeks"].to_list() == [30.0, 50.0, 78.0]
    assert found["shown_first"].to_list() == [0.25, 0.25, 0.25]
    assert found["shown_by_then"].to_list() == [0.25, 0.5, 0.75]
    assert found["shown_by_then_error"].to_list() == pytest.approx(
        np.sqrt([0.1875 / 4, 0.25 / 4, 0.1875 / 4])
    )
    weeks, patients_then = [30.0, 50.0, 78.0, 78.0], [10, 20, 30, 30]
    assert found["mean_weeks"].to_list() == [np.mean(weeks)] * 3
    assert found["mean_weeks_error"][0] == pytest.approx(stats.sem(weeks))
    assert found["mean_patients"].to_list() == [np.mean(patients_then)] * 3
    assert found["mean_patients_error"][0] == pytest.approx(stats.sem(patients_then))
    assert characteristics_by_look(results, protocol()).height == 0


def looked_at(drift: float, boundary: float, replicates: int = 20_000) -> pl.DataFrame:
    """Two looks, half of the information at the first, at a Brownian motion of a drift: its mean is the estimate."""
    rng = np.random.default_rng(7)
    steps = rng.normal(drift / 2, np.sqrt(0.5), (replicates, 2)).cumsum(axis=1)
    mean = steps / np.array([0.5, 1.0])
    shown = np.abs(steps / np.sqrt([0.5, 1.0])) > np.array([boundary, 1.96])
    return pl.concat(
        [rows_of(mean[:, at], look=np.full(replicates, at + 1), is_shown=shown[:, at]) for at in range(2)]
    )


def ended(results: pl.DataFrame, method: str = "fisher", kind: str = "neda") -> dict[str, object]:
    study = protocol(
        schedule=Schedule(followup_weeks=52, accrual_weeks=26),
        looks=Looks(weeks=(60.0,)),
        analysis=(Analysis(name="one", method=method, endpoint=kind, by="arm", is_primary=True),),
    )
    return characteristics_by_look(results, study).row(0, named=True)


def test_what_a_study_estimates_that_ended_early_is_too_large_by_what_theory_says() -> None:
    drift, boundary = 2.0, 2.4
    found = ended(looked_at(drift, boundary))
    edge, spread = boundary * np.sqrt(0.5), np.sqrt(0.5)
    beyond = stats.norm(drift / 2, spread)
    # who ends estimates B(1/2) / (1/2), who goes on B(1), which is B(1/2) + drift / 2 on average
    grid = np.linspace(-6.0, 8.0, 200_001)
    weight = beyond.pdf(grid) * (grid[1] - grid[0])
    is_over = np.abs(grid) > edge
    expected = float((weight * np.where(is_over, grid / 0.5, grid + drift / 2)).sum())
    assert expected > drift + 0.1
    assert abs(found["estimate_then"] - expected) < 4 * found["estimate_then_error"]  # type: ignore[operator]
    assert abs(found["estimate_at_last"] - drift) < 4 * found["estimate_at_last_error"]  # type: ignore[operator]
    assert found["scale"] == "as estimated"


def test_ratios_at_the_end_of_a_study_are_averaged_as_logarithms() -> None:
    results = looked_at(1.0, 2.4, 500)
    plain = ended(results)
    ratios = ended(results.with_columns(pl.col("estimate", "low", "high").exp()), "firth_odds_ratio")
    for name in ("estimate_then", "estimate_at_last"):
        assert ratios[name] == pytest.approx(np.exp(plain[name]))
        assert ratios[f"{name}_error"] == pytest.approx(plain[f"{name}_error"])
    assert ratios["scale"] == "log"
