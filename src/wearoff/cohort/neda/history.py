"""One patient's records on the common clock, as values to look at: for pictures, and for reading along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from wearoff.cohort.neda.dated import NO_DAY
from wearoff.cohort.neda.followup import (
    DAY_ZERO_FROM,
    NOT_READ,
    REGIONS,
    TABLES,
    DayZero,
    Followup,
    read_followup,
)
from wearoff.cohort.neda.relapses import judge_reports
from wearoff.cohort.neda.rules import RelapseRule, load_relapse_rule

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort


@dataclass(frozen=True, slots=True)
class Scan:
    """One MRI: when, compared with when, and what was new.

    Attributes:
        day: day of the scan.
        reference_day: day of the scan it was compared with, None when not recorded.
        region: `brain`, `spine` or `brain_and_spine`.
        new_t2: new and enlarging T2 lesions together, None when T2 was not judged.
        gd_lesions: gadolinium-enhancing lesions, None when gadolinium was not given or not read.
        volume_change_pct: change of brain volume since the reference, None when not measured.
    """

    day: int
    reference_day: int | None
    region: str
    new_t2: int | None
    gd_lesions: int | None
    volume_change_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Relapse:
    """One reported relapse, and whether the report counts: 2 a relapse, 1 a possible one, 0 none."""

    day: int
    standing: int


@dataclass(frozen=True, slots=True)
class History:
    """What is recorded of one patient, on the clock of days since day 0.

    Attributes:
        patient_id: the identifier.
        day_zero: date of day 0, None when nothing is dated.
        day_zero_from: what set it.
        visit_days, edss: the visits with an EDSS, in order, shape [visits].
        relapses, scans: in order of day.
        observed_to: last day of observation, None when there is none.
        absent: tables that the cohort does not have.
        refused: tables where a record of this patient was refused.
    """

    patient_id: str
    day_zero: date | None
    day_zero_from: DayZero
    visit_days: Int[np.ndarray, "visits"]
    edss: Float[np.ndarray, "visits"]
    relapses: tuple[Relapse, ...]
    scans: tuple[Scan, ...]
    observed_to: int | None
    absent: frozenset[str]
    refused: frozenset[str]


def histories(cohort: Cohort, relapses: RelapseRule | None = None) -> Iterator[History]:
    """Every patient's history, in the order of `cohort.patients`; nobody is left out.

    Args:
        cohort: the records.
        relapses: what counts as a relapse; None for the rule `reported`.
    """
    yield from histories_of(read_followup(cohort), relapses)


def histories_of(followup: Followup, relapses: RelapseRule | None = None) -> Iterator[History]:
    """The histories in a followup; see `histories`."""
    standing = judge_reports(followup.reports, relapses or load_relapse_rule("reported"))
    visits, reports, scans = followup.visits, followup.reports, followup.scans
    starts = [rows.starts for rows in (visits.rows, reports.rows, scans.rows)]
    for k, patient in enumerate(followup.patient_id):
        v, r, s = (slice(start[k], start[k + 1]) for start in starts)
        zero = followup.day_zero[k]
        yield History(
            patient_id=patient,
            day_zero=None if np.isnat(zero) else zero.item(),
            day_zero_from=DAY_ZERO_FROM[followup.day_zero_from[k]],
            visit_days=visits.rows.day[v],
            edss=visits.edss[v],
            relapses=tuple(
                Relapse(int(day), int(status))
                for day, status in zip(reports.rows.day[r], standing[r], strict=True)
            ),
            scans=tuple(_scan(followup, row) for row in range(s.start, s.stop)),
            observed_to=_known(followup.observed_to[k], NO_DAY),
            absent=followup.absent,
            refused=frozenset(name for name in TABLES if followup.refused[name][k]),
        )


def _scan(followup: Followup, row: int) -> Scan:
    scans = followup.scans
    volume = float(scans.volume_change_pct[row])
    return Scan(
        day=int(scans.rows.day[row]),
        reference_day=_known(scans.reference_day[row], NO_DAY),
        region=REGIONS[scans.region[row]],
        new_t2=_known(scans.new_t2[row], NOT_READ),
        gd_lesions=_known(scans.gd_lesions[row], NOT_READ),
        volume_change_pct=None if np.isnan(volume) else volume,
    )


def _known(value: np.integer, missing: int) -> int | None:
    return None if value == missing else int(value)
