"""Laws that hold for every model and regimen: what comes in goes out, doses add up, more is never less.

Models and regimens are those of `random_models.py`, two compartments or one, with and without depot and exchange.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dosing.pk.random_models import seeds, single_of, together, wide_days, wide_model, wide_regimen
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, load_model
from wearoff.dosing.pk.population import simulate_population, steady_population
from wearoff.dosing.pk.solve import simulate, simulate_amounts
from wearoff.dosing.pk.summaries import summarise_population
from wearoff.dosing.pk.virtual import draw_patients, normal_weights
from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.schedule import Schedule, ScheduledDose

laws = settings(max_examples=40, deadline=None)
BOTH = 1e-7  # between two solutions with steps of their own: twice the worst error against a tight integrator
SAME = 1e-9  # between two with the same steps
LINEAR = 1e-10  # the same without saturable elimination, where steps do not depend on doses


def level(given_model: Parameters, regimen: Regimen | Schedule, days: np.ndarray) -> np.ndarray:
    """The level of the first draw of the only patient."""
    return simulate(given_model, [regimen], [days])[0][0]


def case(seed: int, **options: bool) -> tuple[Parameters, Regimen, np.ndarray]:
    """A model, a regimen and days."""
    random = np.random.default_rng(seed)
    given_model, regimen = wide_model(random, **options), wide_regimen(random)
    return given_model, regimen, wide_days(random, regimen, given_model.lag_d)


def same(one: np.ndarray, other: np.ndarray, rtol: float = BOTH) -> None:
    """The two agree wherever the level is visible, and are both invisible elsewhere."""
    np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-3 * rtol)


@given(seed=seeds)
@laws
def test_what_was_given_is_in_the_body_or_gone(seed: int) -> None:
    given_model, regimen, _ = case(seed)
    after = regimen.end_d.max() + given_model.lag_d + np.array([1.0, 30.0])
    (amounts,) = simulate_amounts(given_model, [regimen], [after])
    share = np.where(regimen.is_subcutaneous, given_model.bioavailability.item(), 1.0)
    present = amounts.depot + amounts.central + amounts.peripheral + amounts.eliminated
    np.testing.assert_allclose(present[0], (share * regimen.dose_mg).sum(), rtol=1e-11)
    assert (np.diff(amounts.eliminated[0]) >= 0).all()


@given(seed=seeds)
@laws
def test_without_elimination_nothing_goes_and_the_two_compartments_even_out(seed: int) -> None:
    random = np.random.default_rng(seed)
    given_model = replace(wide_model(random, is_linear=True), clearance=np.zeros((1, 1, 1)))
    regimen = wide_regimen(random, sessions=0)
    _, vc, vp, q, *_, ka, f = (getattr(given_model, name).item() for name in PARAMETER_NAMES)
    slowest = min(ka, q / vc + q / vp) if q else ka
    last = regimen.end_d.max() + given_model.lag_d
    (amounts,) = simulate_amounts(given_model, [regimen], [last + np.array([0.1, 1.0, 40 / slowest])])
    given_mg = (np.where(regimen.is_subcutaneous, f, 1.0) * regimen.dose_mg).sum()
    there = amounts.depot + amounts.central + amounts.peripheral
    np.testing.assert_allclose(there[0], given_mg, rtol=1e-11)
    assert not amounts.eliminated.any()
    np.testing.assert_allclose(
        amounts.central[0, -1] / vc, given_mg / (vc + vp if q else vc), rtol=1e-9, atol=1e-12
    )


@given(seed=seeds, part=st.floats(0.05, 0.95))
@laws
def test_without_saturable_elimination_doses_add_up(seed: int, part: float) -> None:
    linear, regimen, days = case(seed, is_linear=True)
    halves = [level(linear, replace(regimen, dose_mg=regimen.dose_mg * by), days) for by in (part, 1 - part)]
    same(sum(halves), level(linear, regimen, days), LINEAR)


@given(seed=seeds)
@laws
def test_without_saturable_elimination_regimens_add_up(seed: int) -> None:
    linear, regimen, days = case(seed, is_linear=True)
    is_first = np.random.default_rng(seed + 1).random(regimen.number) < 0.5
    # a dose of zero is a skipped one; both have every exchange, which takes a share of what is there
    parts = [
        replace(regimen, dose_mg=np.where(chosen, regimen.dose_mg, 0)) for chosen in (is_first, ~is_first)
    ]
    same(sum(level(linear, part, days) for part in parts), level(linear, regimen, days), LINEAR)


@given(seed=seeds, which=st.integers(0, 7))
@laws
def test_more_drug_never_lowers_a_level_and_less_exchange_neither(seed: int, which: int) -> None:
    random = np.random.default_rng(seed)
    people, regimen = together([wide_model(random) for _ in range(5)]), wide_regimen(random)
    days = wide_days(random, regimen, people.lag_d)
    more_mg = regimen.dose_mg.copy()
    more_mg[which % regimen.number] += random.choice([1.0, 300.0])
    usual = simulate(people, [regimen], [days])[0]
    for changed in (
        replace(regimen, dose_mg=more_mg),
        replace(
            regimen, exchange_share=regimen.exchange_share * random.uniform(0, 1, regimen.exchange_d.size)
        ),
    ):
        more = simulate(people, [changed], [days])[0]
        assert (more >= usual * (1 - BOTH) - 1e-3 * BOTH).all()


@given(seed=seeds, shift=st.floats(-500, 500))
@laws
def test_a_later_course_is_the_same_course_later(seed: int, shift: float) -> None:
    given_model, regimen, days = case(seed)
    shift = np.round(shift * 64) / 64
    # days that a shift does not round, so that nothing happens in another order
    regimen, days = on_ticks(regimen), np.unique(ticks(days))
    given_model = replace(given_model, lag_d=float(ticks(np.array(given_model.lag_d))))
    same(level(given_model, regimen.shifted(shift), days + shift), level(given_model, regimen, days), SAME)


@given(seed=seeds, parts=st.integers(2, 5))
@laws
def test_splitting_a_dose_changes_nothing(seed: int, parts: int) -> None:
    given_model, regimen, days = case(seed)
    share = np.random.default_rng(seed + 1).dirichlet(np.full(parts, 2.0))
    begins = np.concatenate(([0.0], np.cumsum(share)[:-1]))
    length = np.diff(begins, append=1.0)
    # an infusion into parts one after another, what comes at once into parts of the same moment
    start = (regimen.start_d[:, None] + regimen.duration_d[:, None] * begins).reshape(-1)
    order = np.argsort(start, kind="stable")
    split = replace(
        regimen,
        start_d=start[order],
        dose_mg=(regimen.dose_mg[:, None] * length).reshape(-1)[order],
        duration_d=(regimen.duration_d[:, None] * length).reshape(-1)[order],
        is_subcutaneous=np.repeat(regimen.is_subcutaneous, parts)[order],
    )
    is_sudden = np.isin(days, regimen.start_d[regimen.duration_d == 0])
    same(level(given_model, split, days[~is_sudden]), level(given_model, regimen, days[~is_sudden]))


@given(seed=seeds, which=st.integers(1, 8))
@laws
def test_a_skipped_dose_is_a_dose_of_zero(seed: int, which: int) -> None:
    given_model, regimen, days = case(seed)
    number = min(which, regimen.number)
    none = regimen.dose_mg.copy()
    none[number - 1] = 0
    same(
        level(given_model, regimen.without(number), days),
        level(given_model, replace(regimen, dose_mg=none), days),
    )


@given(seed=seeds)
@laws
def test_segments_with_equal_parameters_are_one(seed: int) -> None:
    given_model, regimen, days = case(seed)
    change = (np.unique(np.random.default_rng(seed + 1).uniform(regimen.start_d[0], days[-1], 4)),)
    arrays = {name: np.repeat(getattr(given_model, name), change[0].size, axis=2) for name in PARAMETER_NAMES}
    same(
        level(replace(given_model, **arrays, change_d=change), regimen, days),
        level(given_model, regimen, days),
    )
    by_dose = {
        name: np.repeat(getattr(given_model, name), regimen.number, axis=2) for name in PARAMETER_NAMES
    }
    same(level(replace(given_model, **by_dose), regimen, days), level(given_model, regimen, days))


@given(seed=seeds)
@laws
def test_a_schedule_of_plain_doses_is_its_regimen(seed: int) -> None:
    given_model, regimen, days = case(seed)
    regimen = replace(regimen, exchange_d=np.empty(0), exchange_share=np.empty(0))
    rows = zip(regimen.start_d, regimen.dose_mg, regimen.duration_d, regimen.is_subcutaneous, strict=True)
    schedule = Schedule(tuple(ScheduledDose(*map(float, row[:3]), is_depot=bool(row[3])) for row in rows))
    np.testing.assert_array_equal(level(given_model, schedule, days), level(given_model, regimen, days))


def test_a_patient_has_the_same_numbers_in_any_batch_and_order() -> None:
    model, names = load_model(), ("A", "B", "C", "D", "E", "F")
    regimens = [every(4 + index, times=3 + index) for index in range(6)]
    days = [np.linspace(0, 100 + index, 9 + index) for index in range(6)]
    weights = np.linspace(50, 100, 6)
    everyone = simulate(model.draw(weights, names, 40, 4), regimens, days)
    order = [4, 0, 5, 2, 1, 3]
    mixed = simulate(
        model.draw(weights[order], [names[k] for k in order], 40, 4),
        [regimens[k] for k in order],
        [days[k] for k in order],
    )
    for place, index in enumerate(order):
        np.testing.assert_array_equal(mixed[place], everyone[index])
        alone = simulate(
            model.draw(weights[[index]], [names[index]], 40, 4), [regimens[index]], [days[index]]
        )
        # compiled for other lengths, the same sums may be rounded in another order
        np.testing.assert_allclose(alone[0], everyone[index], rtol=1e-12)


def test_draws_beyond_one_block_are_those_within_it() -> None:
    drawn, regimen, days = load_model().draw(75, ["A"], 600, 4), every(6, times=3), np.linspace(0, 110, 12)
    whole = simulate(drawn, [regimen], [days])[0]
    assert whole.shape == (600, days.size)
    order = np.random.default_rng(1).permutation(600)
    arrays = {name: np.broadcast_to(getattr(drawn, name), (1, 600, 1))[:, order] for name in PARAMETER_NAMES}
    turned = Parameters(("A",), **arrays, lag_d=drawn.lag_d)
    np.testing.assert_array_equal(simulate(turned, [regimen], [days])[0], whole[order])
    # alone, a draw has the steps that it needs and not those of the hardest of all
    alone = [simulate(single_of(turned, place), [regimen], [days])[0][0] for place in (0, 300, 599)]
    same(np.array(alone), whole[order[[0, 300, 599]]])


@pytest.mark.parametrize("daily", [False, True])
def test_a_population_has_the_same_numbers_in_any_size_order_and_block(daily: bool) -> None:
    regimen = every(5, times=4)
    many = draw_patients(load_model(), normal_weights(79, 20), 0, 4500, 3)
    whole = simulate_population(many, regimen, daily=daily)
    order = np.random.default_rng(2).permutation(4500)
    for chosen in (order, order[:2049], order[:700], order[:40], order[:1]):
        some = simulate_population(of_people(many, chosen), regimen, daily=daily)
        # every patient takes steps of his own; compiled for blocks of another size, the last digits may differ
        np.testing.assert_allclose(some.trough, whole.trough[chosen], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(some.peak, whole.peak[chosen], rtol=1e-12)
        if daily:
            assert some.daily is not None
            assert whole.daily is not None
            np.testing.assert_allclose(some.daily, whole.daily[chosen], rtol=1e-12, atol=1e-15)


def test_the_steady_state_of_a_population_is_the_same_in_any_batch_to_its_accuracy() -> None:
    many = draw_patients(load_model(), normal_weights(79, 20), 0, 600, 3)
    whole = steady_population(many, 6)
    order = np.random.default_rng(2).permutation(600)[:100]
    # a block goes on until its last patient has settled, so that the others come nearer still
    some = steady_population(of_people(many, order), 6)
    np.testing.assert_allclose(some.trough, whole.trough[order], rtol=1e-4)
    np.testing.assert_allclose(some.peak, whole.peak[order], rtol=1e-4)


def test_the_same_seed_has_the_same_numbers_for_any_batch_size() -> None:
    model, weights, regimen = load_model(), normal_weights(79, 20), every(6, times=3)
    one = summarise_population(model, weights, regimen, 2500, 11)
    for block in (2500, 333, 1024):
        other = summarise_population(model, weights, regimen, 2500, 11, block=block)
        for name in ("trough", "peak", "share_at_or_above"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name))
        np.testing.assert_allclose(other.mean_trough, one.mean_trough, rtol=1e-13)
    assert (summarise_population(model, weights, regimen, 2500, 12).trough != one.trough).any()
    first, second = (draw_patients(model, weights, 0, count, 11) for count in (50, 2500))
    for name in PARAMETER_NAMES:
        array = getattr(second, name)
        np.testing.assert_array_equal(getattr(first, name), array[:50] if array.shape[0] > 1 else array)


def ticks(days: np.ndarray) -> np.ndarray:
    """The nearest days that are whole numbers of 1/64."""
    return np.round(days * 64) / 64


def on_ticks(regimen: Regimen) -> Regimen:
    """The same regimen with every moment on a tick; what comes at once still does."""
    start = ticks(regimen.start_d)
    length = np.where(regimen.duration_d > 0, np.maximum(ticks(regimen.duration_d), 1 / 64), 0.0)
    free = -np.inf
    for index in np.flatnonzero(~regimen.is_subcutaneous):
        start[index] = max(start[index], free)
        free = start[index] + length[index]
    order = np.argsort(start, kind="stable")
    columns = (start, regimen.dose_mg, length, regimen.is_subcutaneous)
    return Regimen(*(array[order] for array in columns), ticks(regimen.exchange_d), regimen.exchange_share)


def of_people(people: Parameters, chosen: np.ndarray) -> Parameters:
    """Some of a population, in the order given."""
    arrays = {name: getattr(people, name) for name in PARAMETER_NAMES}
    return Parameters(
        tuple(people.patients[place] for place in chosen),
        **{name: array[chosen] if array.shape[0] > 1 else array for name, array in arrays.items()},
        lag_d=people.lag_d,
    )
