"""Standard against extended dosing as the trial that nobody did: who enters when, and in which arm.

Comparing patients by the intervals that they had in the end is comparing by the future. So trials are emulated
(Hernan and Robins 2016, doi 10.1093/aje/kwv254): a patient who is stable on standard dosing enters one at every
infusion, and the next gap says the arm. That gap takes time, and nobody's arm is known before it has passed.
Follow-up of both arms therefore begins at the end of a grace period of one cycle; who relapsed, left or had no next
infusion by then is in neither arm, and is counted. A patient enters many trials, so rows of one patient are a
cluster.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.cohort.association.outcomes import relapse_days
from wearoff.cohort.neda import History

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

DAYS_PER_YEAR = 365.25

COVARIATES = ("age", "is_female", "duration", "edss", "relapses_before", "weight", "infusions", "year")

TRIAL_SCHEMA = {
    "patient_id": pl.String,
    "infusion": pl.Int64,
    "date": pl.Date,
    "arm": pl.String,
    "why": pl.String,
    "gap_d": pl.Int64,
    **dict.fromkeys(COVARIATES, pl.Float64),
    "time_d": pl.Float64,
    "is_event": pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class TargetTrial:
    """The protocol of the emulated trial.

    Attributes:
        name: printed beside every figure.
        run_in: infusions on standard dosing, the one at entry included, that make a patient eligible.
        standard_d: gaps of at least the first and under the second number of days are standard.
        grace_d: end of the grace period, days after entry; a gap from the end of standard up to it is extended.
        edss_within_d: an EDSS of so many days before entry counts as the one at entry.
        horizon_d: follow-up ends so many days after the grace period at the latest.
        source: where the settings come from.
    """

    name: str
    run_in: int
    standard_d: tuple[int, int]
    grace_d: int
    edss_within_d: int
    horizon_d: int
    source: str

    def describe(self) -> str:
        """The methods paragraph of this protocol."""
        low, high = self.standard_d
        return (
            f"Protocol {self.name}: a patient was eligible at every infusion that was at least the {self.run_in}th "
            f"in a row with gaps of {low} to {high - 1} days. The gap that followed told the arm: standard (SID) with "
            f"{low} to {high - 1} days, extended (EID) with {high} to {self.grace_d} days. Follow-up for the first "
            f"relapse began {self.grace_d} days after entry, at the end of a grace period of one cycle, in both arms, "
            f"and ended at the end of the record or after {self.horizon_d} days. Who relapsed or left within the grace "
            "period, or had no infusion in it, is in neither arm. Arms were kept whatever was given later. "
            f"{self.source}"
        )


SID_EID = TargetTrial(
    name="sid_eid_first_relapse",
    run_in=7,
    standard_d=(21, 35),
    grace_d=56,
    edss_within_d=365,
    horizon_d=730,
    source="Gaps as in TOUCH (Zhovtis Ryerson 2019, doi 10.1212/WNL.0000000000008243), extended ones up to 8 weeks; "
    "all other settings are assumed.",
)


def emulate_trials(
    cohort: Cohort,
    histories: Iterable[History],
    protocol: TargetTrial = SID_EID,
) -> pl.DataFrame:
    """Every entry of every patient, with arm, covariates at entry, and what came after the grace period.

    Args:
        cohort: the records.
        histories: every patient's clock, visits, and relapses by the rule that they were read with.
        protocol: who is eligible and when follow-up begins.

    Returns:
        Columns of `TRIAL_SCHEMA`, one row for each infusion at which the patient was eligible. `arm` is `sid`, `eid`,
        or null with the reason in `why`; `time_d` and `is_event` are null then. Covariates are those known at entry:
        age and duration of disease in years, EDSS, relapses in the 365 days before, weight in kg, infusions so far,
        calendar year; null where not recorded.
    """
    infusions = _infusions(cohort)
    attributes = {row["patient_id"]: row for row in cohort.patient.to_dicts()}
    rows = [
        row
        for history in histories
        for row in _entries(
            history,
            infusions.get(history.patient_id, []),
            attributes.get(history.patient_id, {}),
            protocol,
        )
    ]
    return pl.DataFrame(rows, schema=TRIAL_SCHEMA, orient="row")


def _infusions(cohort: Cohort) -> dict[str, list[tuple[date, float | None]]]:
    """Date and weight of each patient's infusions, in order; two on one day are one."""
    refused = cohort.refused_patients("infusion")
    frame = (
        cohort.infusion.with_columns(
            date=pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date()
        )
        .sort("patient_id", "start_time")
        .unique(["patient_id", "date"], keep="first", maintain_order=True)
    )
    found: dict[str, list[tuple[date, float | None]]] = {}
    for row in frame.select("patient_id", "date", "weight_kg").iter_rows():
        if row[0] not in refused:  # a gap that a refused infusion may have filled is no gap
            found.setdefault(row[0], []).append((row[1], row[2]))
    return found


def _entries(
    history: History,
    infusions: list[tuple[date, float | None]],
    attributes: dict[str, object],
    protocol: TargetTrial,
) -> list[list[object]]:
    if history.day_zero is None or len(infusions) < protocol.run_in:
        return []
    day_zero = history.day_zero
    days = np.array([(when - day_zero).days for when, _ in infusions])
    gaps = np.diff(days)
    low, high = protocol.standard_d
    is_standard = (gaps >= low) & (gaps < high)
    relapses = sorted(relapse_days(history)[0])
    rows: list[list[object]] = []
    needed = protocol.run_in - 1
    for k in range(needed, len(days)):
        if not is_standard[k - needed : k].all():
            continue
        gap = int(gaps[k]) if k < len(gaps) else None
        covariates = _covariates(history, infusions, attributes, relapses, k, int(days[k]), protocol)
        arm, why, time, is_event = _followed(history, relapses, int(days[k]), gap, protocol)
        rows.append([history.patient_id, k + 1, infusions[k][0], arm, why, gap, *covariates, time, is_event])
    return rows


def _followed(
    history: History, relapses: list[int], day: int, gap: int | None, protocol: TargetTrial
) -> tuple[str | None, str | None, float | None, bool | None]:
    """Arm, why there is none, time from the end of the grace period, and whether a relapse ended it."""
    begin = day + protocol.grace_d
    low, high = protocol.standard_d
    why = None
    if "relapse" in history.absent or "relapse" in history.refused:
        why = "relapses are not known"
    elif history.observed_to is None or history.observed_to <= begin:
        why = "record ends within the grace period"
    elif any(day < relapse <= begin for relapse in relapses):
        why = "relapse within the grace period"
    elif gap is None or gap > protocol.grace_d:
        why = "no infusion within the grace period"
    elif gap < low:
        why = f"next infusion after less than {low} days"
    if why is not None or gap is None or history.observed_to is None:
        return None, why, None, None
    end = min(history.observed_to, begin + protocol.horizon_d)
    first = min((relapse for relapse in relapses if begin < relapse <= end), default=None)
    arm = "sid" if gap < high else "eid"
    return arm, None, float((end if first is None else first) - begin), first is not None


def _covariates(
    history: History,
    infusions: list[tuple[date, float | None]],
    attributes: dict[str, object],
    relapses: list[int],
    k: int,
    day: int,
    protocol: TargetTrial,
) -> list[float | None]:
    """The values of `COVARIATES` at infusion k."""
    when = infusions[k][0]
    born, onset, sex = (attributes.get(name) for name in ("birth_year", "ms_onset_date", "sex"))
    seen = [
        float(edss)
        for visit, edss in zip(history.visit_days.tolist(), history.edss.tolist(), strict=True)
        if day - protocol.edss_within_d <= visit <= day
    ]
    weights = [weight for _, weight in infusions[: k + 1] if weight is not None]
    return [
        float(when.year - born) if isinstance(born, int) else None,
        {"F": 1.0, "M": 0.0}.get(str(sex)),
        (when - onset).days / DAYS_PER_YEAR if isinstance(onset, date) else None,
        seen[-1] if seen else None,
        float(sum(day - 365 < relapse <= day for relapse in relapses)),
        float(weights[-1]) if weights else None,
        float(k + 1),
        when.year + (when.timetuple().tm_yday - 1) / DAYS_PER_YEAR,
    ]
