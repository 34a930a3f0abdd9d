"""From drawn patients to verdicts: where wearing-off means nothing, hardly anything is found."""

from __future__ import annotations

from math import sqrt

import polars as pl
import pytest

from wearoff.trial.definition.protocol_file import load_protocol
from wearoff.trial.protocol import Analysis, Endpoint, Protocol
from wearoff.trial.reading.analyse import analyse
from wearoff.trial.reading.endpoints import endpoints_of
from wearoff.trial.recording.record import record
from wearoff.trial.world.simulate import simulate_truth

ENDPOINTS = ("neda", "first_activity", "relapses", "lesions", "occupancy", "level")
ASKED = (
    ("fisher", "neda"),
    ("fisher_mid_p", "neda"),
    ("newcombe_difference", "neda"),
    ("exact_trend", "neda"),
    ("log_rank", "first_activity"),
    ("cox", "first_activity"),
    ("interval_regression", "first_activity"),
    ("poisson_rate_ratio", "relapses"),
    ("negative_binomial_rate_ratio", "lesions"),
    ("mann_whitney", "occupancy"),
    ("jonckheere", "level"),
    ("proportional_odds", "occupancy"),
)
MEASURED = {"mann_whitney", "jonckheere", "proportional_odds"}
REPLICATES, BLOCK = 1000, 250


def nothing_to_find() -> Protocol:
    """The study of Bergen over two years, with wearing-off that neither knows the drug nor the disease."""
    bergen = load_protocol("bergen-2020")
    return bergen.model_copy(
        update={
            "world": bergen.world.model_copy(
                update={"wearing_off": "independent", "activity_ratio": 1.0, "yearly_activity": 0.15}
            ),
            "schedule": bergen.schedule.model_copy(update={"followup_weeks": 104}),
            "endpoints": tuple(Endpoint(name=kind, kind=kind) for kind in ENDPOINTS),
            "analyses": tuple(
                Analysis(name=method, method=method, endpoint=kind, by="wearing_off")
                for method, kind in ASKED
            ),
        }
    )


@pytest.mark.slow
def test_in_a_whole_trial_without_anything_to_find_the_level_is_kept() -> None:
    study = nothing_to_find()
    results = pl.concat(
        analyse(
            endpoints_of(record(study, simulate_truth(study, 11, first, BLOCK)), study),
            study,
        )
        for first in range(0, REPLICATES, BLOCK)
    )
    assert results["replicate"].n_unique() == REPLICATES
    error = sqrt(0.05 * 0.95 / REPLICATES)
    for (name,), rows in results.group_by("analysis"):
        shown = float(rows["is_shown"].sum()) / REPLICATES
        assert shown <= 0.05 + 3 * error, name
        if name in MEASURED:
            assert shown >= 0.05 - 3 * error, name
    # The endpoints tell something: most replicates have activity, and nobody is without a sample for long.
    activity = results.filter(pl.col("analysis") == "fisher")
    assert activity["events"].mean() > 5.0
    assert float((activity["verdict"] == "uninformative").sum()) / REPLICATES < 0.01
