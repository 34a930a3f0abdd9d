"""Arms by lot, and arms by a choice that hangs on who the patient is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import statsmodels.api as sm

from tests.trial.worlds import study
from wearoff.dosing.pk.virtual import patient_normals
from wearoff.errors import InputError
from wearoff.trial.protocol import Arm, Assignment, Patients, World
from wearoff.trial.truth import Truth
from wearoff.trial.world.assign import chances, randomise
from wearoff.trial.world.reference import reference_of
from wearoff.trial.world.simulate import simulate_truth

SIZES = (30, 20, 50)
ARMS = tuple(Arm(name=name, size=size, weeks=4.0) for name, size in zip("abc", SIZES, strict=True))
ODDS = {"weight_kg": 0.8, "frailty": -0.5, "wearing_off": 0.3}


@cache
def chosen(arms: int = 3, replicates: int = 100) -> Truth:
    assignment = Assignment(kind="observed", log_odds=ODDS)
    return simulate_truth(study(*ARMS[:arms], weeks=1, assignment=assignment), 2, 0, replicates)


def test_lots_fill_every_arm_to_exactly_its_size_in_every_replicate() -> None:
    chance = np.random.default_rng(1).uniform(size=200 * 100)
    arm = randomise(chance, SIZES).reshape(200, 100)
    for one in arm:
        assert np.bincount(one).tolist() == list(SIZES)
    # everyone has the chances of the sizes
    first = np.bincount(arm[:, 0], minlength=3) / 200
    assert (np.abs(first - np.array(SIZES) / 100) < 4 * np.sqrt(0.25 / 200)).all()
    assert len({tuple(one) for one in arm.tolist()}) == 200


def test_lots_know_nothing_of_the_patient() -> None:
    truth = simulate_truth(study(*ARMS, weeks=1), 2, 0, 60)
    frailty = patient_normals(2, "activity:lesion frailty", 0, truth.patients)
    for value in (truth.people.weight_kg, frailty, truth.wearing_off):
        means = [value[truth.people.arm == arm].mean() for arm in range(3)]
        error = value.std() / np.sqrt(np.bincount(truth.people.arm).min())
        assert max(means) - min(means) < 4 * error


def test_an_arm_of_nobody_gets_nobody() -> None:
    assert np.bincount(randomise(np.linspace(0.1, 0.9, 5), (0, 5)), minlength=2).tolist() == [0, 5]


def test_chosen_arms_have_their_sizes_on_average_and_not_exactly() -> None:
    truth = chosen()
    counts = np.stack([np.bincount(one, minlength=3) for one in truth.people.arm.reshape(-1, 100)])
    share = np.array(SIZES) / 100
    error = np.sqrt(share * (1 - share) / truth.patients)
    assert (np.abs(counts.mean(axis=0) / 100 - share) < 4 * error + 0.01).all()
    assert (counts.std(axis=0) > 2).all()


def test_log_odds_of_a_choice_are_those_stated() -> None:
    truth = chosen(arms=2, replicates=400)
    reference = reference_of(Patients(), World())
    frailty = patient_normals(2, "activity:lesion frailty", 0, truth.patients)
    columns = []
    for name, mine in (
        ("weight_kg", truth.people.weight_kg),
        ("frailty", frailty),
        ("wearing_off", truth.wearing_off),
    ):
        population = {
            "weight_kg": reference.covariates.weight_kg,
            "frailty": reference.frailty,
            "wearing_off": reference.wearing_off,
        }[name]
        columns.append((mine - population.mean()) / population.std())
    fit = sm.Logit(truth.people.arm, sm.add_constant(np.column_stack(columns))).fit(disp=False)
    assert (np.abs(fit.params[1:] - np.array(list(ODDS.values()))) < 3 * fit.bse[1:]).all()


def test_a_step_from_one_arm_to_the_next_has_the_log_odds_of_the_score() -> None:
    score = np.array([-1.0, 0.0, 2.0])
    found = chances(score, np.log([0.2, 0.3, 0.5]))
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.log(found[:, 1] / found[:, 0]) - np.log(0.3 / 0.2), score, atol=1e-12)
    np.testing.assert_allclose(np.log(found[:, 2] / found[:, 1]) - np.log(0.5 / 0.3), score, atol=1e-12)


def test_a_choice_by_nothing_is_a_toss_with_the_shares() -> None:
    truth = simulate_truth(study(*ARMS, weeks=1, assignment=Assignment(kind="observed")), 2, 0, 100)
    share = np.bincount(truth.people.arm) / truth.patients
    assert (np.abs(share - np.array(SIZES) / 100) < 4 * np.sqrt(0.25 / truth.patients)).all()


def test_a_choice_by_what_there_is_not_is_refused_with_the_key() -> None:
    assignment = Assignment(kind="observed", log_odds={"shoe_size": 1.0})
    with pytest.raises(InputError, match=r"assignment\.log_odds") as fault:
        simulate_truth(study(*ARMS, weeks=1, assignment=assignment), 2, 0, 1)
    assert fault.value.problems[0].value == "shoe_size"
