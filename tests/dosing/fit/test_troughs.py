"""The quick fit of troughs against the one of every kind of level, and against an independent optimiser."""

from __future__ import annotations

import numpy as np
import pytest

import wearoff.dosing.fit.troughs as troughs
from tests.dosing.fit.test_map import alone
from wearoff.dosing.fit.map import fit_map
from wearoff.dosing.fit.subject import Subject, effect_names, typical_of, under_effects
from wearoff.dosing.fit.troughs import TroughRecord, fit_troughs
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.regimen import Regimen
from wearoff.dosing.settled import SettledTroughs

MODEL = load_model()
DRAWN = 60


def days(rng: np.random.Generator) -> np.ndarray:
    """Four-weekly infusions and then some at other intervals, each a whole number of days."""
    weeks = np.concatenate((np.full(13, 4.0), np.full(rng.integers(1, 8), rng.integers(4, 9))))
    late = rng.integers(0, 2, weeks.size)
    return np.concatenate(([0.0], np.cumsum(7 * weeks + late)))


def regimen_of(infused: np.ndarray) -> Regimen:
    size = infused.size
    return Regimen(infused, np.full(size, 300.0), np.full(size, 1 / 24), np.zeros(size, dtype=bool))


def people(count: int, seed: int) -> tuple[list[TroughRecord], list[Subject], np.ndarray]:
    """Patients with one to four measured troughs: as the quick fit takes them, as the other does, and weights."""
    rng = np.random.default_rng(seed)
    weight = np.clip(rng.normal(79, 18, count), 45, 125)
    names = [f"P{index}" for index in range(count)]
    regimens = [regimen_of(days(rng)) for _ in names]
    before = [
        np.sort(rng.choice(np.arange(8, one.number), rng.integers(1, 5), replace=False)) for one in regimens
    ]
    times = [one.start_d[at] for one, at in zip(regimens, before, strict=True)]
    truth = simulate(MODEL.draw(weight[:, None], names, 1, seed), regimens, times)
    records, subjects = [], []
    for name, kg, regimen, at, level in zip(names, weight, regimens, before, truth, strict=True):
        measured = level[0] * np.maximum(1 + 0.219 * rng.standard_normal(at.size), 0.01)
        records.append(TroughRecord(regimen.start_d, at, measured))
        subjects.append(Subject.of(name, regimen, float(kg), regimen.start_d[at].tolist(), measured.tolist()))
    return records, subjects, weight


def quickly(
    records: list[TroughRecord], subjects: list[Subject], weight: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    begin = np.zeros((len(records), len(effect_names(MODEL)))) if start is None else start
    return fit_troughs(MODEL, typical_of(MODEL, subjects), weight, records, begin)


def test_the_quick_fit_is_that_of_every_kind_of_level() -> None:
    records, subjects, weight = people(DRAWN, 5)
    found, expected = quickly(records, subjects, weight), fit_map(MODEL, subjects)
    np.testing.assert_allclose(found, expected.effects, atol=1e-4)
    assert np.median(np.abs(found - expected.effects)) < 1e-6
    typical, names = typical_of(MODEL, subjects), effect_names(MODEL)
    for weeks in (4.0, 6.0, 8.0):
        level, other = (
            SettledTroughs(under_effects(typical, names, one[:, None]), accuracy=1e-8).settled(
                np.full(DRAWN, weeks)
            )
            for one in (found, expected.effects)
        )
        np.testing.assert_allclose(level, other, rtol=1e-4)


def test_the_quick_fit_is_that_of_an_independent_optimiser() -> None:
    records, subjects, weight = people(4, 11)
    expected = np.stack([alone(subject) for subject in subjects])
    np.testing.assert_allclose(quickly(records, subjects, weight), expected, atol=1e-5)


def test_a_patient_is_fitted_the_same_alone_and_among_others() -> None:
    records, subjects, weight = people(20, 6)
    together = quickly(records, subjects, weight)
    for one in (0, 7, 19):
        mine = slice(one, one + 1)
        np.testing.assert_allclose(
            quickly(records[mine], subjects[mine], weight[mine])[0], together[one], rtol=0, atol=1e-12
        )


def test_it_ends_where_it_does_wherever_it_begins() -> None:
    records, subjects, weight = people(20, 7)
    start = np.random.default_rng(1).normal(0, 0.4, (20, len(effect_names(MODEL))))
    np.testing.assert_allclose(
        quickly(records, subjects, weight, start), quickly(records, subjects, weight), atol=1e-4
    )


def test_a_trough_far_from_what_can_be_is_fitted_as_the_other_fit_does() -> None:
    records, subjects, weight = people(6, 8)
    factors = (0.02, 0.1, 0.3, 3.0, 6.0, 10.0)
    records = [
        TroughRecord(one.infused_d, one.measured_before, one.measured * factor)
        for one, factor in zip(records, factors, strict=True)
    ]
    subjects = [
        Subject.of(
            subject.name,
            subject.regimen,
            float(subject.weight_kg[0]),
            subject.time_d.tolist(),
            one.measured.tolist(),
        )
        for subject, one in zip(subjects, records, strict=True)
    ]
    expected = fit_map(MODEL, subjects)
    assert expected.is_settled.all()
    np.testing.assert_allclose(quickly(records, subjects, weight), expected.effects, atol=1e-4)


def test_who_does_not_get_there_is_handed_to_the_other_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    records, subjects, weight = people(5, 9)
    monkeypatch.setattr(troughs, "_MOST_ROUNDS", 0)
    found = quickly(records, subjects, weight)
    np.testing.assert_allclose(found, fit_map(MODEL, subjects).effects, atol=1e-6)


def test_a_level_that_is_not_solved_is_left_to_the_other_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    records, subjects, weight = people(5, 9)
    solved = troughs._Problem.log_troughs

    def unsolved(problem: troughs._Problem, effects: np.ndarray, where: np.ndarray) -> np.ndarray:
        level = solved(problem, effects, where)
        level[where == 3] = np.nan
        return level

    expected = fit_map(MODEL, subjects).effects
    monkeypatch.setattr(troughs._Problem, "log_troughs", unsolved)
    found = quickly(records, subjects, weight)
    np.testing.assert_allclose(found[3], expected[3], atol=1e-6)
    np.testing.assert_allclose(found, expected, atol=1e-4)
