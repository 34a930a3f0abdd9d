"""Activity as it is recorded and scored: what went into the world, less what nobody saw, plus what else counts."""

from __future__ import annotations

from functools import cache
from math import exp, sqrt

import numpy as np
import polars as pl
import pytest

from wearoff.stats import fisher_power, hazard_of_share
from wearoff.trial.definition.protocol_file import load_protocol
from wearoff.trial.power.watch import Watch
from wearoff.trial.protocol import Protocol
from wearoff.trial.reading.analyse import analyse
from wearoff.trial.reading.endpoints import endpoints_of
from wearoff.trial.recording.record import record
from wearoff.trial.world.simulate import simulate_truth

YEAR = 52 * 7 / 365.25
YEARLY, LOST = 0.2, 0.15


def bergen(**changed: dict[str, object]) -> Protocol:
    """The study of Bergen with some values changed, by the part of the protocol that they stand in."""
    study = load_protocol("bergen-2020")
    return study.model_copy(
        update={part: getattr(study, part).model_copy(update=values) for part, values in changed.items()}
    )


def scored(study: Protocol, seed: int, replicates: int, block: int = 250) -> pl.DataFrame:
    return pl.concat(
        endpoints_of(record(study, simulate_truth(study, seed, first, block)), study)
        for first in range(0, replicates, block)
    )


def activity_alone(*, worsening: float, lost: float) -> Protocol:
    """Everybody alike, an examiner without error, and scans on the day."""
    return bergen(
        world={
            "wearing_off": "independent",
            "activity_ratio": 1.0,
            "yearly_activity": YEARLY,
            "worsening_per_year": worsening,
        },
        recording={"dropout_per_year": lost, "edss_sd": 0.0},
        schedule={"mri_window_d": 0},
    )


@cache
def states(worsening: float, lost: float) -> tuple[float, float, int]:
    """Share evaluable, share active among them, and how many these are."""
    state = scored(activity_alone(worsening=worsening, lost=lost), 3, 250)["activity.state"]
    evaluable = int((state != "unknown").sum())
    return evaluable / len(state), float((state == "active").sum()) / evaluable, evaluable


def test_stated_activity_is_recorded_as_the_closed_form_of_losses_and_scans_says() -> None:
    watch = Watch(YEAR, LOST, scans=1.0, relapse_share=0.3)
    hazard = hazard_of_share(YEARLY)
    seen = watch.chance_seen(hazard)
    expected = seen + exp(-hazard * YEAR) * watch.complete
    evaluable, active, count = states(0.0, LOST)
    assert abs(evaluable - expected) < 3 * sqrt(expected * (1 - expected) / 10_000)
    share = seen / expected
    assert share > YEARLY  # who was active before leaving can be evaluated, who was not cannot
    assert abs(active - share) < 3 * sqrt(share * (1 - share) / count)


def test_worsening_apart_from_relapses_counts_on_top_of_the_stated_activity() -> None:
    _, without, count = states(0.0, 0.0)
    _, active, _ = states(0.10, 0.0)
    error = sqrt(YEARLY * (1 - YEARLY) / count)
    assert abs(without - (1 - (1 - YEARLY) ** YEAR)) < 3 * error
    assert active > without + 3 * error


@pytest.mark.slow
def test_the_power_of_the_seed_study_is_the_exact_one_at_the_sizes_and_shares_of_its_records() -> None:
    study, replicates = bergen(), 2000
    frame = scored(study, 5, replicates)
    shown = analyse(frame, study).filter(pl.col("analysis") == study.analyses[0].name)["is_shown"]
    known = frame.filter(pl.col("activity.state") != "unknown").select(
        "replicate", is_one=pl.col("answer") != "never", active=pl.col("activity.state") == "active"
    )
    shares = {
        is_one: float(known.filter(pl.col("is_one") == is_one)["active"].mean() or 0.0)  # type: ignore[arg-type]
        for is_one in (True, False)
    }
    # relapses and lesions alone are 8.0 and 4.1 % in a year; worsening and an examiner's error come on top
    assert shares[True] > 0.085
    assert shares[False] > 0.048
    sizes = known.group_by("replicate").agg(one=pl.col("is_one").sum(), all=pl.len())
    power = cache(lambda one, rest: fisher_power((one, rest), (shares[True], shares[False])))
    exact = float(np.mean([power(one, total - one) for one, total in sizes.select("one", "all").iter_rows()]))
    assert abs(float(shown.mean()) - exact) < 3 * sqrt(exact * (1 - exact) / replicates)  # type: ignore[arg-type]
    # sizes that vary are worth more here than the 15 and 20 that stand for them
    assert exact > fisher_power((15, 20), (0.082, 0.041))
