"""Random patients with everything that can go wrong in a record, as arrays and as plain lists."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.oracles.worsening import Report
from wearoff.cohort.neda.changes import Visits
from wearoff.cohort.neda.dated import NO_DAY, Dated
from wearoff.cohort.neda.followup import NOT_READ, TABLES, Followup, Scans
from wearoff.cohort.neda.relapses import MISSING, NO, UNKNOWN, YES, Reports

CODES = {"Y": YES, "N": NO, "U": UNKNOWN, None: MISSING}
LEVELS = np.array([0.0, *np.arange(1.0, 10.5, 0.5)])


@dataclass
class Person:
    """One patient in plain lists; scans are (day, reference, region, new T2, Gd+, volume change)."""

    days: list[int] = field(default_factory=list)
    edss: list[float] = field(default_factory=list)
    is_scheduled: list[bool] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    scans: list[tuple[int, int | None, int, int | None, int | None, float | None]] = field(
        default_factory=list
    )
    observed_to: int | None = None
    refused: tuple[str, ...] = ()
    is_dated: bool = True


def random_person(rng: np.random.Generator) -> Person:
    """A walk of the EDSS with relapses, gaps, unscheduled visits, and scans with and without references."""
    visits = int(rng.choice([0, 1, 2, 3, 5, 8, 13], p=[0.03, 0.05, 0.07, 0.15, 0.25, 0.25, 0.2]))
    gaps = rng.choice([20, 60, 77, 83, 84, 90, 91, 120, 168, 182, 365, 1500], size=visits, p=_GAPS)
    gaps += rng.integers(-3, 4, size=visits) * (rng.random(visits) < 0.5)
    start = int(rng.choice([-120, -60, -10, 0, 0, 0, 30, 75]))
    days = (start + np.cumsum(gaps) - (gaps[0] if visits else 0)).tolist()
    at = int(rng.choice([0, 1, 3, 5, 8, 9, 10, 12]))
    edss = []
    for _ in range(visits):
        at = int(np.clip(at + rng.choice([-3, -2, -1, 0, 0, 0, 0, 1, 2, 3]), 0, len(LEVELS) - 1))
        edss.append(float(LEVELS[at]))
    last = max([*days, 365])
    relapse_days = sorted(
        set(rng.integers(start - 100, last + 60, size=rng.choice([0, 0, 1, 2, 4])).tolist())
    )
    if visits > 2 and rng.random() < 0.3:  # exactly at the edges of windows
        edge = days[int(rng.integers(visits))] - int(rng.choice([-31, -30, -1, 0, 1, 29, 30, 31, 85, 90, 91]))
        relapse_days = sorted({*relapse_days, edge, edge + int(rng.choice([20, 29, 30, 31]))})
    reports = [
        Report(
            day,
            _pick(rng, ["N", "Y", "U", None]),
            _pick(rng, ["Y", "N", "U", None]),
            None if rng.random() < 0.5 else float(rng.choice([12, 24, 72])),
        )
        if rng.random() < 0.5
        else Report(day, "N", "Y", 72.0)
        for day in relapse_days
    ]
    return Person(
        days,
        edss,
        (rng.random(visits) < 0.8).tolist(),
        reports,
        _scans(rng, last),
        None if rng.random() < 0.05 else int(last - rng.choice([0, 0, 0, 30, 300])),
        tuple(name for name in TABLES if rng.random() < 0.04),
        bool(rng.random() > 0.02),
    )


_GAPS = [0.08, 0.08, 0.1, 0.08, 0.12, 0.14, 0.1, 0.1, 0.05, 0.08, 0.05, 0.02]


def _pick(rng: np.random.Generator, answers: list[str | None]) -> str | None:
    return answers[int(rng.choice(4, p=[0.6, 0.15, 0.1, 0.15]))]


def _scans(
    rng: np.random.Generator, last: int
) -> list[tuple[int, int | None, int, int | None, int | None, float | None]]:
    count = int(rng.choice([0, 1, 2, 3, 5]))
    days = sorted(
        set((rng.integers(0, last // 182 + 1, size=count) * 182 + rng.integers(-50, 66, count)).tolist())
    )
    scans = []
    for k, day in enumerate(days):
        reference = None if not k or rng.random() < 0.3 else days[int(rng.integers(k))]
        if rng.random() < 0.15:
            reference = int(rng.choice([-200, -30, 0, 10]))
        new_t2 = None if rng.random() < 0.1 else int(rng.choice([0, 0, 0, 0, 2]))
        gd = None if rng.random() < 0.3 else int(rng.choice([0, 0, 0, 0, 1]))
        volume = None if rng.random() < 0.3 else float(np.round(rng.normal(-0.4, 0.5), 2))
        scans.append((day, reference, int(rng.choice([0, 0, 0, 1, 2])), new_t2, gd, volume))
    return scans


def followup(people: list[Person], absent: frozenset[str] = frozenset()) -> Followup:
    """The people as arrays."""
    size = len(people)

    def dated(days: list[list[int]]) -> Dated:
        who = np.repeat(np.arange(size), [len(part) for part in days])
        return Dated(who, np.array([day for part in days for day in part], dtype=np.int64), size)

    reports = [r for p in people for r in p.reports]
    scans = [s for p in people for s in p.scans]

    def whole(values: list[int | None], missing: int) -> np.ndarray:
        return np.array([missing if v is None else v for v in values], dtype=np.int64)

    def real(values: list[float | None]) -> np.ndarray:
        return np.array([np.nan if v is None else v for v in values], dtype=float)

    return Followup(
        patient_id=tuple(f"P{k:06d}" for k in range(size)),
        day_zero=np.array(["2020-01-01" if p.is_dated else "NaT" for p in people], dtype="datetime64[D]"),
        day_zero_from=np.array([0 if p.is_dated else 3 for p in people]),
        observed_to=whole([p.observed_to if p.is_dated else None for p in people], NO_DAY),
        visits=Visits(
            dated([p.days for p in people]),
            np.array([e for p in people for e in p.edss], dtype=float),
            np.array([s for p in people for s in p.is_scheduled], dtype=bool),
        ),
        reports=Reports(
            dated([[r.day for r in p.reports] for p in people]),
            np.array([CODES[r.fever] for r in reports], dtype=np.int64),
            np.array([CODES[r.sign] for r in reports], dtype=np.int64),
            real([r.hours for r in reports]),
        ),
        scans=Scans(
            dated([[s[0] for s in p.scans] for p in people]),
            whole([s[1] for s in scans], NO_DAY),
            whole([s[2] for s in scans], 0),
            whole([s[3] for s in scans], NOT_READ),
            whole([s[4] for s in scans], NOT_READ),
            real([s[5] for s in scans]),
        ),
        absent=absent,
        refused={name: np.array([name in p.refused for p in people], dtype=bool) for name in TABLES},
    )


def random_people(size: int, seed: int) -> list[Person]:
    """So many random patients of a seed."""
    rng = np.random.default_rng(seed)
    return [random_person(rng) for _ in range(size)]
