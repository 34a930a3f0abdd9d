"""Endpoints of every patient, computed from the recorded tables alone, by the code that scores a real cohort.

What is true of a virtual patient never comes here. Each kind of endpoint asks the room of `cohort/` that knows it:
NEDA and its windows, relapses and lesions over the time that somebody looked, the wearing-off answer, the diary. All
replicates of a block are scored at once, as if they were one large cohort.

A window begins on the day of entry and ends so many weeks later. Looks keep to their windows and not to the day: a
NEDA rule closes a window by the visit or scan nearest to its end (by default from 45 days before to 60 days after
it), and counts what that look finds; comparisons of scans and answers count up to the same tolerance. Activity that a
look after the end finds is given the last day of the window, on which everybody followed is still at risk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from wearoff.cohort.association import FROM_START, REBASELINED, OutcomeRule, outcomes_by_patient
from wearoff.cohort.chapters import outcome_rule
from wearoff.cohort.neda import (
    DEFAULT_RULE,
    Followup,
    History,
    NedaRule,
    Window,
    histories_of,
    load_relapse_rule,
    load_rule,
    read_followup,
    score_followup,
)
from wearoff.cohort.neda.dated import NO_DAY
from wearoff.cohort.neda.score import NEDA_STATES, WindowScore
from wearoff.cohort.neda.verdicts import ACTIVE, NONE
from wearoff.cohort.wearing_off import answers_by_patient, diary_wearing_off, load_diary_rule
from wearoff.dosing.intervals import YEAR_D
from wearoff.errors import UnknownNameError
from wearoff.trial.reading.at_entry import covariates_at_entry, recorded_arms
from wearoff.trial.reading.cut import cut_cohort
from wearoff.trial.reading.samples import trough_samples_since_entry

if TYPE_CHECKING:
    from datetime import date

    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Endpoint, EndpointKind, Protocol

__all__ = ["DEFAULT_RULES", "OUTCOME_RULES", "endpoints_of", "replicate_of"]


DEFAULT_RULES: dict[EndpointKind, str | None] = {
    "neda": DEFAULT_RULE,
    "first_activity": DEFAULT_RULE,
    "first_relapse": "reported",
    "relapses": "reported",
    "lesions": FROM_START.name,
    "answer": None,
    "occupancy": None,
    "level": None,
    "diary": "rise_two_cycles",
}
"""The rule of each kind where an endpoint names none; None where the kind has no rule."""

OUTCOME_RULES: dict[str, OutcomeRule] = {rule.name: rule for rule in (FROM_START, REBASELINED)}
"""The rules that say from when on a lesion counts, by name."""

_Columns = dict[str, pl.Series]


def endpoints_of(cohort: Cohort, protocol: Protocol, until: date | None = None) -> pl.DataFrame:
    """Every endpoint of every patient, one row a patient in the order of `cohort.patients`.

    Args:
        cohort: the records; patients of several replicates may stand in it, told apart by their identifiers.
        protocol: its endpoints and the length of its follow-up.
        until: the day of an interim look; what was not known by then is left out, and who had not entered has no
            row. A window that has not ended by then has no NEDA state, as activity is seen at once and its absence
            only at the end.

    Returns:
        `replicate` (from 0; 0 where identifiers name none), `patient_id`, `arm` and `answer` (null where not
        recorded), `at_entry.NAME` for each covariate that is recorded, and for an endpoint NAME of kind

        - `neda`: `NAME.state` (neda, active, unknown);
        - `first_activity`, `first_relapse`: `NAME.time_d` to the event or the end of observation, `NAME.is_event`,
            and the window in which the event lies, after `NAME.low_d` up to `NAME.high_d` (null where none was seen;
            equal where the day is known);
        - `relapses`, `lesions`: `NAME.count` over `NAME.years`;
        - `answer`: `NAME.answer`, the last after entry;
        - `occupancy` (%), `level` (mg/L): `NAME.value`, the mean of the troughs in `NAME.samples`, and
            `NAME.arm_value`, `NAME.arm_samples` of those that end an interval begun at entry or later;
        - `diary`: `NAME.is_wearing_off`.

        Null says that nobody looked, or that it cannot be told.

    Raises:
        UnknownNameError: an endpoint names a rule that does not exist.
    """
    seen = cohort if until is None else cut_cohort(cohort, until)
    records = _Records(seen, until)
    patients = pl.Series("patient_id", list(seen.patients), dtype=pl.String)
    columns: _Columns = {
        "replicate": replicate_of(patients),
        "patient_id": patients,
        "arm": recorded_arms(seen),
        "answer": answers_by_patient(seen)["answer"],
    }
    columns |= {f"at_entry.{name}": values for name, values in covariates_at_entry(seen).items()}
    for endpoint in protocol.endpoints:
        end = 7 * (endpoint.until_weeks or protocol.schedule.followup_weeks)
        found = _READERS[endpoint.kind](records, endpoint, end)
        columns |= {f"{endpoint.name}.{name}": values for name, values in found.items()}
    return pl.DataFrame(columns)


def replicate_of(patients: pl.Series) -> pl.Series:
    """The replicate, from 0, that each identifier names (`r000007-0012` is of replicate 6); else 0."""
    number = patients.str.extract(r"^r(\d+)-\d+$").cast(pl.Int64)
    return (number - 1).fill_null(0).alias("replicate")


@dataclass(eq=False)
class _Records:
    """The records of a cohort, and what has been read from them for several endpoints."""

    cohort: Cohort
    until: date | None
    scores: dict[tuple[str, int], WindowScore] = field(default_factory=dict)

    @cached_property
    def followup(self) -> Followup:
        return read_followup(self.cohort)

    @cached_property
    def tolerance_d(self) -> int:
        """Days after the end of a window up to which a look still closes it."""
        return load_rule(DEFAULT_RULE).closes_late_days

    def since_entry(self, frame: pl.DataFrame, column: str, last: int) -> pl.DataFrame:
        """The rows of a table dated after the day of entry and up to a day since then."""
        zero = pl.DataFrame(
            {
                "patient_id": pl.Series(self.followup.patient_id, dtype=pl.String),
                "zero": pl.Series(self.followup.day_zero).cast(pl.Date),
            }
        )
        day = (pl.col(column) - pl.col("zero")).dt.total_days()
        return (
            frame.join(zero, on="patient_id", how="inner", maintain_order="left")
            .filter((day > 0) & (day <= last))
            .drop("zero")
        )

    def score(self, rule: NedaRule, end: int) -> WindowScore:
        key = (rule.name, end)
        if key not in self.scores:
            window = Window(f"kept to day {end}", 0, end)
            self.scores[key] = score_followup(self.followup, rule, [window]).windows[0]
        return self.scores[key]

    def outcomes(self, relapse_rule: str, outcome_rule: OutcomeRule, end: int) -> pl.DataFrame:
        """Relapses and lesions up to the end of a window, with scans up to the tolerance behind it."""
        last_scan = end + self.tolerance_d
        histories = histories_of(self.followup, load_relapse_rule(relapse_rule))
        return outcomes_by_patient((_within(history, end, last_scan) for history in histories), outcome_rule)


def _within(history: History, end: int, last_scan: int) -> History:
    observed = history.observed_to
    if (observed is None or observed <= end) and all(scan.day <= last_scan for scan in history.scans):
        return history
    return replace(
        history,
        observed_to=None if observed is None else min(observed, end),
        scans=tuple(scan for scan in history.scans if scan.day <= last_scan),
    )


def _neda(records: _Records, endpoint: Endpoint, end: int) -> _Columns:
    score = records.score(load_rule(_rule_of(endpoint)), end)
    state = score.state
    if records.until is not None:
        days = np.datetime64(records.until, "D") - records.followup.day_zero
        state = np.where(days >= np.timedelta64(end, "D"), state, NEDA_STATES.index("unknown"))
    return {"state": pl.Series(NEDA_STATES, dtype=pl.String).gather(state.astype(np.uint32))}


def _first_activity(records: _Records, endpoint: Endpoint, end: int) -> _Columns:
    """Activity lies after the last day on which no component had been active yet, and no later than it was seen."""
    rule = load_rule(_rule_of(endpoint))
    score, followup = records.score(rule, end), records.followup
    seen = np.where(score.first_activity_day == NO_DAY, inf, score.first_activity_day)
    observed = np.minimum(followup.observed_to, end).astype(np.float64)
    free = np.full(len(observed), inf)
    for name, verdict in score.components.items():
        active = np.where(verdict.state == ACTIVE, verdict.day, inf)
        if name == "relapse":
            known = np.where(np.isinf(active), observed, active)
        elif name == "worsening":
            days = followup.visits.rows.days
            ask = np.where(np.isinf(active), end + rule.closes_late_days, active - 1)
            known = days.last_until(np.arange(len(ask)), ask.astype(np.int64)).astype(np.float64)
        elif name == "mri":
            table = records.outcomes(rule.relapses.name, outcome_rule(rule), end)
            known = table["clean_to_d"].cast(pl.Float64).fill_null(0.0).to_numpy()
        else:  # a rate over the whole window
            known = np.where(verdict.state == NONE, end, 0)
        free = np.minimum(free, known)
    is_event = np.isfinite(seen)
    is_known = is_event | (followup.observed_to > 0)
    low = np.clip(np.minimum(free, seen), 0.0, None)
    return _times(np.where(is_event, np.minimum(seen, end), observed), is_event, low, seen, is_known)


def _first_relapse(records: _Records, endpoint: Endpoint, end: int) -> _Columns:
    table = records.outcomes(_rule_of(endpoint), FROM_START, end)
    first = table["first_relapse_d"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    observed = table["observed_d"].cast(pl.Float64).fill_null(0.0).to_numpy()
    is_event = np.isfinite(first)
    time = np.where(is_event, first, observed)
    return _times(
        time, is_event, time, np.where(is_event, first, inf), table["relapses"].is_not_null().to_numpy()
    )


def _times(
    time: np.ndarray, is_event: np.ndarray, low: np.ndarray, high: np.ndarray, is_known: np.ndarray
) -> _Columns:
    frame = pl.DataFrame(
        {"time_d": time, "is_event": is_event, "low_d": low, "high_d": high, "is_known": is_known}
    ).select(
        *(
            pl.when("is_known").then(pl.col(name)).alias(name)
            for name in ("time_d", "is_event", "low_d", "high_d")
        )
    )
    return {
        name: frame[name] if name != "high_d" else frame[name].set(frame[name] == inf, None)
        for name in frame.columns
    }


def _counted(
    records: _Records, end: int, relapse_rule: str, rule: OutcomeRule, count: str, days: str
) -> _Columns:
    table = records.outcomes(relapse_rule, rule, end).select(
        count=pl.col(count), years=pl.when(pl.col(count).is_not_null()).then(pl.col(days) / YEAR_D)
    )
    return {"count": table["count"], "years": table["years"]}


def _relapses(records: _Records, endpoint: Endpoint, end: int) -> _Columns:
    return _counted(records, end, _rule_of(endpoint), FROM_START, "relapses", "observed_d")


def _lesions(records: _Records, endpoint: Endpoint, end: int) -> _Columns:
    name = _rule_of(endpoint)
    if name not in OUTCOME_RULES:
        raise UnknownNameError("outcome rule", name, OUTCOME_RULES)
    return _counted(records, end, "reported", OUTCOME_RULES[name], "lesions", "scanned_d")


def _answer(records: _Records, _: Endpoint, end: int) -> _Columns:
    inside = records.since_entry(records.cohort.wearing_off, "date", end + records.tolerance_d)
    cohort = replace(records.cohort, wearing_off=inside)
    return {"answer": answers_by_patient(cohort, choice="last")["answer"]}


def _samples(records: _Records, endpoint: Endpoint, end: int) -> _Columns:
    analyte = "receptor_occupancy" if endpoint.kind == "occupancy" else "natalizumab_conc"
    last = end + records.tolerance_d
    return trough_samples_since_entry(records.cohort, records.followup.day_zero, analyte, last)


def _diary(records: _Records, endpoint: Endpoint, end: int) -> _Columns:
    cohort = replace(records.cohort, diary=records.since_entry(records.cohort.diary, "week_ending", end))
    rule = load_diary_rule(_rule_of(endpoint))
    verdict = pl.col("verdict")
    told = diary_wearing_off(cohort, rule).patients.select(
        pl.when(verdict != "cannot be told").then(verdict == "wearing-off").alias("told")
    )
    return {"is_wearing_off": told["told"]}


def _rule_of(endpoint: Endpoint) -> str:
    rule = endpoint.rule or DEFAULT_RULES[endpoint.kind]
    assert rule is not None  # noqa: S101 - only kinds with a rule ask for one
    return rule


_READERS: dict[EndpointKind, Callable[[_Records, Endpoint, int], _Columns]] = {
    "neda": _neda,
    "first_activity": _first_activity,
    "first_relapse": _first_relapse,
    "relapses": _relapses,
    "lesions": _lesions,
    "answer": _answer,
    "occupancy": _samples,
    "level": _samples,
    "diary": _diary,
}
