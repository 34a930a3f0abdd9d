"""First relapse where the end of the treatment comes before it.

Who stops cannot have a relapse on the treatment any more, and stopping is not chance: it is decided by antibodies,
wishes, and by how the patient feels. Taking it for mere loss would answer about a world in which nobody stops. Here the
two precede each other: the share with a relapse on treatment, and the share that stopped before one, by group.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.cohort.wearing_off import CODINGS
from wearoff.stats import CumulativeIncidence, cumulative_incidence, numbers_at_risk

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

CAUSES = ("relapse on treatment", "end before a relapse")

COMPETING_SCHEMA = {
    **dict.fromkeys(("cause", "coding", "group"), pl.String),
    **dict.fromkeys(("day", "share", "low", "high"), pl.Float64),
    **dict.fromkeys(("at_risk", "events"), pl.Int64),
}


NOT_AN_END = ("moved", "lost", "withdrew", "withdrawn", "consent")
"""A reason with one of these words ends the record and not the treatment (assumed)."""


def ended_patients(cohort: Cohort, *, not_an_end: Collection[str] = NOT_AN_END) -> frozenset[str]:
    """Patients whose follow-up has an end with a reason that is an end of the treatment.

    Args:
        cohort: the records.
        not_an_end: words, in lower case, of reasons for which the record ended and the treatment may have gone on.
    """
    rows = cohort.patient.filter(pl.col("followup_end").is_not_null() & pl.col("end_reason").is_not_null())
    return frozenset(
        patient
        for patient, reason in rows.select("patient_id", "end_reason").iter_rows()
        if not any(word in reason.lower() for word in not_an_end)
    )


def competing_curves(outcomes: pl.DataFrame, answers: pl.DataFrame, ended: frozenset[str]) -> pl.DataFrame:
    """The share with a relapse and the share that ended before one over time, by group.

    Args:
        outcomes: from `outcomes_by_patient`.
        answers: from `answers_by_patient`.
        ended: from `ended_patients`; everybody else without a relapse is censored at the end of observation.

    Returns:
        Columns of `COMPETING_SCHEMA`: for each group and cause a row at day 0 and at each time at which somebody
        left, with 95 % limits, the number at risk, and the events of the cause at that time. Patients whom nobody
        watched are left out.
    """
    joined = (
        outcomes.filter(pl.col("relapses").is_not_null())
        .join(answers.select("patient_id", "answer"), on="patient_id", how="left")
        .with_columns(
            time=pl.coalesce("first_relapse_d", "observed_d").cast(pl.Float64),
            cause=pl.when(pl.col("first_relapse_d").is_not_null())
            .then(1)
            .when(pl.col("patient_id").is_in(sorted(ended)))
            .then(2)
            .otherwise(0),
        )
    )
    rows = []
    for coding in CODINGS.values():
        for is_exposed, label in ((True, coding.exposed_label), (False, coding.other_label)):
            group = joined.filter(coding.exposed_expression == is_exposed)
            if not group.height:
                continue
            time, cause = group["time"].to_numpy(), group["cause"].to_numpy()
            found = cumulative_incidence(time, cause, causes=len(CAUSES))
            names = {"coding": coding.name, "group": label}
            rows += [names | row for row in _rows(found, time)]
    return pl.DataFrame(rows, schema=COMPETING_SCHEMA)


def _rows(found: CumulativeIncidence, time: np.ndarray) -> list[dict[str, object]]:
    days = [0.0, *found.times.tolist()]
    at_risk = numbers_at_risk(time, days).tolist()
    rows: list[dict[str, object]] = []
    for curve, name in zip(found.causes, CAUSES, strict=True):
        events = [0, *curve.events.astype(int).tolist()]
        for day, number, count in zip(days, at_risk, events, strict=True):
            limits = found.interval_at(curve.cause, day)
            low, high = (None if np.isnan(limit) else limit for limit in (limits.low, limits.high))
            share = found.at(curve.cause, day)
            rows.append(
                {
                    "cause": name,
                    "day": day,
                    "share": share,
                    "low": low,
                    "high": high,
                    "at_risk": number,
                    "events": count,
                }
            )
    return rows
