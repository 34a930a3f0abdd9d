"""The table of infusions: what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from wearoff.trial.protocol import Protocol
    from wearoff.trial.recording.chance import Chance
    from wearoff.trial.recording.clock import Clock
    from wearoff.trial.recording.watched import Watched
    from wearoff.trial.truth import Truth

__all__ = ["INFUSION_MINUTE", "record_infusions"]

INFUSION_MINUTE: Final = 9 * 60
"""Infusions begin at 09:00 UTC."""
_DOSE_MG, _RUNS_MIN = 300.0, 60.0  # product information of Tysabri: 300 mg over about an hour
_LIGHTEST_KG, _HEAVIEST_KG = 25.0, 250.0  # what the data dictionary allows


def record_infusions(
    protocol: Protocol, truth: Truth, watched: Watched, clock: Clock, chance: Chance
) -> pl.DataFrame:
    """One row for each infusion until the last day that the patient was watched, by patient and time."""
    given = truth.infusions
    first_d = -7 * protocol.schedule.before_weeks
    with np.errstate(invalid="ignore"):  # an unused place holds NaN, which lies between no two days
        is_given = (given.day >= first_d) & (given.day <= watched.last_d[:, None])
    is_weighed = np.ones(is_given.shape, dtype=bool)
    if protocol.recording.missing_weight > 0.0:
        for place in np.flatnonzero(is_given.any(axis=0)):
            is_weighed[:, place] = ~chance.happens(
                protocol.recording.missing_weight, f"infusion {place} unweighed"
            )
    patient, which = np.nonzero(is_given)
    planned = given.planned[patient, which]
    weight = np.clip(np.round(truth.people.weight_kg, 1), _LIGHTEST_KG, _HEAVIEST_KG)
    rows = pl.DataFrame(
        {
            "patient_id": clock.who(patient),
            "start_time": clock.time(patient, _whole(given.day[patient, which]), INFUSION_MINUTE),
            "planned_date": clock.date(patient, _whole(planned)),
            "weight_kg": pl.Series(weight[patient]),
            "is_weighed": pl.Series(is_weighed[patient, which]),
        }
    )
    return rows.select(
        "patient_id",
        "start_time",
        pl.lit(value=False).alias("start_is_date_only"),
        pl.lit(_DOSE_MG).alias("dose_mg"),
        pl.lit("IV").alias("route"),
        "planned_date",
        pl.when("is_weighed").then("weight_kg").alias("weight_kg"),
        pl.lit(_RUNS_MIN).alias("duration_min"),
        pl.when(~pl.col("is_weighed")).then(pl.lit("ND")).alias("weight_kg_missing"),
    )


def _whole(day: Float[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    whole: np.ndarray = np.rint(day).astype(np.int64)
    return whole
