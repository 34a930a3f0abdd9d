"""Virtual patients made by hand: what is true of them is drawn here, without a model of the drug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wearoff.trial.protocol import Protocol
from wearoff.trial.truth import Decisions, Disability, Events, Infusions, People, Truth

SEED = 20_261_126


def protocol(*, size: int = 40, weeks: Sequence[float] = (4.0,), **parts: Any) -> Protocol:
    """A study of a year with one arm for each interval; `schedule`, `recording` and others as dictionaries."""
    schedule = {"followup_weeks": 52, "visit_every_weeks": 26, **parts.pop("schedule", {})}
    arms = [{"name": f"every {each:g} weeks", "size": size, "weeks": each} for each in weeks]
    return Protocol.model_validate(
        {
            "name": "by-hand",
            "title": "Patients made by hand",
            "question": "What is recorded of them?",
            "arm": tuple(arms),
            "schedule": schedule,
            "endpoint": ({"name": "activity", "kind": "neda"},),
            "analysis": ({"name": "odds", "method": "firth", "endpoint": "activity", "by": "wearing_off"},),
            **parts,
        }
    )


def truth(
    protocol: Protocol,
    *,
    seed: int = SEED,
    first: int = 0,
    replicates: int = 1,
    relapses_per_year: float = 0.5,
    lesions_per_year: float = 1.5,
    late_d: float = 1.0,
) -> Truth:
    """What is true of the patients of some replicates, each replicate drawn by its own number."""
    each = [
        _one(protocol, number, seed, relapses_per_year, lesions_per_year, late_d)
        for number in range(first, first + replicates)
    ]
    return joined(each, seed=seed, first=first)


def joined(each: Sequence[Truth], *, seed: int, first: int) -> Truth:
    """The truths of replicates behind one another."""
    begins = np.cumsum([0, *(one.patients for one in each)])
    width = max(one.infusions.day.shape[1] for one in each)

    def people(name: str) -> np.ndarray:
        return np.concatenate([getattr(one.people, name) for one in each])

    def infusions(name: str) -> np.ndarray:
        rows = [getattr(one.infusions, name) for one in each]
        return np.concatenate(
            [np.pad(row, ((0, 0), (0, width - row.shape[1])), constant_values=np.nan) for row in rows]
        )

    def listed(kind: type, part: str) -> Any:
        values = {
            name: np.concatenate(
                [
                    getattr(getattr(one, part), name) + (begin if name == "patient" else 0)
                    for one, begin in zip(each, begins[:-1], strict=True)
                ]
            )
            for name in kind.__slots__
        }
        return kind(**values)

    return Truth(
        seed=seed,
        first=first,
        replicates=len(each),
        people=People(**{name: people(name) for name in People.__slots__}),
        wearing_off=np.concatenate([one.wearing_off for one in each]),
        infusions=Infusions(**{name: infusions(name) for name in Infusions.__slots__}),
        relapses=listed(Events, "relapses"),
        lesions=listed(Events, "lesions"),
        enhancing=listed(Events, "enhancing"),
        enhancing_d=each[0].enhancing_d,
        disability=listed(Disability, "disability"),
        decisions=_no_decisions(),
        failed=np.concatenate([one.failed for one in each]),
    )


def with_failed(truth: Truth, patients: Sequence[int]) -> Truth:
    """The same truth, but that the levels of these patients could not be solved."""
    failed = np.isin(np.arange(truth.patients), patients)
    trough, saturation = (
        np.where(failed[:, None], np.nan, values)
        for values in (truth.infusions.trough_mg_per_l, truth.infusions.saturation)
    )
    infusions = replace(truth.infusions, trough_mg_per_l=trough, saturation=saturation)
    return replace(truth, failed=failed, infusions=infusions)


def _one(
    protocol: Protocol,
    number: int,
    seed: int,
    relapses_per_year: float,
    lesions_per_year: float,
    late_d: float,
) -> Truth:
    """One replicate."""
    draw = np.random.default_rng([seed, number])
    size, schedule = protocol.size, protocol.schedule
    arm = np.repeat(np.arange(len(protocol.arms)), [each.size for each in protocol.arms])
    age = draw.uniform(22.0, 60.0, size)
    end = 7.0 * schedule.followup_weeks
    has_jcv = draw.random(size) < 0.55
    people = People(
        replicate=np.full(size, number),
        number=np.arange(size),
        weight_kg=draw.normal(72.0, 12.0, size),
        height_cm=draw.normal(170.0, 9.0, size),
        age=age,
        edss=draw.choice([0.0, 1.0, 1.5, 2.0, 2.5, 3.5, 4.0, 6.0], size),
        ms_years=draw.uniform(1.0, 4.0, size),
        treatment_years=draw.uniform(1.0, 8.0, size),
        jcv_index=np.where(has_jcv, draw.uniform(0.1, 3.5, size), np.nan),
        is_female=draw.random(size) < 0.7,
        has_antibodies=draw.random(size) < 0.1,
        entry_d=np.floor(draw.uniform(0.0, 7.0 * schedule.accrual_weeks + 1e-9, size)),
        arm=arm,
    )
    enhancing = _events(draw, size, 2.0 * lesions_per_year, -60.0, end)
    is_t2 = (enhancing.day >= 0.0) & (draw.random(enhancing.day.size) < 0.5)
    relapses = _events(draw, size, relapses_per_year, 0.0, end)
    stays = draw.random(relapses.day.size) < 0.2
    return Truth(
        seed=seed,
        first=number,
        replicates=1,
        people=people,
        wearing_off=draw.choice(3, size, p=[0.5, 0.3, 0.2]),
        infusions=_infusions(draw, protocol, arm, late_d),
        relapses=relapses,
        lesions=Events(enhancing.patient[is_t2], enhancing.day[is_t2]),
        enhancing=enhancing,
        enhancing_d=30.0,
        disability=Disability(
            relapses.patient,
            relapses.day,
            np.where(stays, np.inf, relapses.day + draw.uniform(20.0, 90.0, relapses.day.size)),
            draw.choice([0.5, 1.0, 1.5], relapses.day.size),
        ),
        decisions=_no_decisions(),
        failed=np.zeros(size, dtype=bool),
    )


def _events(draw: np.random.Generator, size: int, per_year: float, begin: float, end: float) -> Events:
    counts = draw.poisson(per_year * (end - begin) / 365.25, size)
    patient = np.repeat(np.arange(size), counts)
    day = draw.uniform(begin, end, patient.size)
    order = np.lexsort((day, patient))
    return Events(patient[order], day[order])


def _infusions(draw: np.random.Generator, protocol: Protocol, arm: np.ndarray, late_d: float) -> Infusions:
    """Every so many weeks, each a little late, with levels that fall with the interval."""
    size, end = arm.size, 7 * protocol.schedule.followup_weeks
    weeks = np.array([each.weeks for each in protocol.arms])[arm]
    count = int((end + 7 * protocol.schedule.before_weeks) // (7 * weeks.min())) + 1
    since = np.round(7.0 * weeks[:, None] * np.arange(count))
    begin = -np.floor(protocol.schedule.before_weeks / weeks) * np.round(7.0 * weeks)
    planned = begin[:, None] + since
    day = planned + np.minimum(np.floor(draw.exponential(late_d, planned.shape)), 3.0) * (planned != 0.0)
    level = 30.0 * np.exp(-0.045 * (7.0 * weeks - 28.0) + 0.25 * draw.standard_normal(size))
    trough = np.repeat(level[:, None], count, axis=1)
    values = {
        "day": day,
        "planned": planned,
        "trough_mg_per_l": trough,
        "saturation": trough / (trough + 2.0),
        "interval_weeks": np.repeat(weeks[:, None], count, axis=1),
    }
    return Infusions(**{name: np.where(day <= end, value, np.nan) for name, value in values.items()})


def _no_decisions() -> Decisions:
    none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
    return Decisions(whole, none, none, none, none, whole, whole, ("policy",), ("kept",))
