"""Policies and clinicians in a virtual trial: what they decide on, and that they decide as the published rules do."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from tests.trial.worlds import study
from wearoff.dosing.fit.map import fit_map
from wearoff.dosing.fit.subject import Subject
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.virtual import patient_normals
from wearoff.dosing.policies import Known, ModelInformed, TroughGuidedTree, load_policy
from wearoff.dosing.regimen import every
from wearoff.dosing.settled import SettledTroughs, settled_after
from wearoff.dosing.virtual_troughs import VirtualCohort, arrive, draw_cohort
from wearoff.errors import UnknownNameError
from wearoff.trial.protocol import Arm, Override, Patients, Recording, World
from wearoff.trial.truth import Truth
from wearoff.trial.world.levels import parameters_of
from wearoff.trial.world.people import Covariates
from wearoff.trial.world.predicting import History
from wearoff.trial.world.simulate import simulate_truth

TREE = Arm(name="tree", size=30, policy="trough_guided_tree", aim_mg_per_l=10.0)
MODEL = Arm(name="model", size=30, policy="model_informed", aim_mg_per_l=10.0, decide_every_infusions=3)
FIXED = Arm(name="fixed", size=30, weeks=6.0)


def overridden(arm: Arm, when: str, share: float = 1.0) -> Arm:
    return arm.model_copy(update={"override": Override(when=when, share=share)})


@cache
def tree(cv: float | None = None) -> Truth:
    return simulate_truth(study(TREE, recording=Recording(level_cv=cv)), 4, 0, 4)


@cache
def model() -> Truth:
    return simulate_truth(study(MODEL), 4, 0, 2)


def decided_by(truth: Truth, who: str) -> np.ndarray:
    return np.flatnonzero(truth.decisions.by == truth.decisions.who.index(who))


def trough_at(truth: Truth, patient: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The true trough of some patients before the infusion on some days."""
    row, column = np.nonzero(truth.infusions.day[patient] == day[:, None])
    assert row.tolist() == list(range(patient.size))
    return truth.infusions.trough_mg_per_l[patient, column]


def test_a_tree_decides_on_every_second_infusion_as_the_published_rule_does() -> None:
    truth = tree()
    log = truth.decisions
    policy = load_policy("trough_guided_tree", aim_mg_per_l=10.0)
    assert isinstance(policy, TroughGuidedTree)
    again = policy.decide(Known(log.from_weeks, log.level[:, None]))
    np.testing.assert_array_equal(again.interval_weeks, log.to_weeks)
    assert [again.reasons[why] for why in again.why] == [log.reasons[why] for why in log.why]
    for patient in range(truth.patients):
        given = truth.infusions.day[patient]
        given = given[given > 0]
        assert log.day[log.patient == patient].tolist() == given[1::2].tolist()


def test_a_measured_trough_is_the_true_one_with_the_error_of_the_model() -> None:
    truth = tree()
    log = truth.decisions
    error = log.level / trough_at(truth, log.patient, log.day) - 1
    cv = load_model().residual_proportional.value
    assert abs(error.mean()) < 4 * cv / np.sqrt(error.size)
    assert error.std() == pytest.approx(cv, rel=0.1)
    exact = tree(0.0)
    log = exact.decisions
    np.testing.assert_array_equal(log.level, trough_at(exact, log.patient, log.day))


def test_an_interval_holds_from_its_decision_until_the_next() -> None:
    truth = tree()
    day, weeks = truth.infusions.day, truth.infusions.interval_weeks
    step = np.diff(day, axis=1) / 7
    is_there = np.isfinite(step)
    np.testing.assert_array_equal(step[is_there], weeks[:, :-1][is_there])
    log = truth.decisions
    row, column = np.nonzero(day[log.patient] == log.day[:, None])
    np.testing.assert_array_equal(weeks[log.patient, column][row], log.to_weeks)


def covariates(truth: Truth) -> Covariates:
    return Covariates(**{item.name: getattr(truth.people, item.name) for item in fields(Covariates)})


def test_a_tree_arrives_where_virtual_troughs_arrive_when_levels_settle_and_nothing_is_blurred() -> None:
    arm = Arm(name="t", size=20, policy="trough_guided_tree", aim_mg_per_l=10.0, decide_every_infusions=14)
    truth = simulate_truth(study(arm, weeks=340, recording=Recording(level_cv=0.0)), 6, 0, 1)
    settled = SettledTroughs(parameters_of("van_den_berg_2025", covariates(truth), 6, 0, None))
    at_entry = truth.infusions.trough_mg_per_l[:, 12:14]
    cohort = VirtualCohort(
        model=load_model(),
        names=settled.parameters.patients,
        weight_kg=truth.people.weight_kg,
        truth=settled,
        predicted=settled,
        measured=at_entry,
        noise=np.zeros((20, 21)),
        residual_cv=0.0,
        seed=6,
    )
    expected = arrive(load_policy("trough_guided_tree", aim_mg_per_l=10.0), cohort)
    last = np.nanargmax(np.where(np.isnan(truth.infusions.day), -1.0, truth.infusions.day), axis=1)
    found = truth.infusions.interval_weeks[np.arange(20), last]
    assert len(set(expected)) > 2
    np.testing.assert_array_equal(found, expected)


def test_model_informed_dosing_arrives_where_virtual_troughs_arrive_on_the_same_measurements() -> None:
    cohort = draw_cohort(load_model(), 40, 3)
    policy = load_policy("model_informed", aim_mg_per_l=10.0)
    days = every(4, times=14).start_d - 364.0
    history = History(load_model(), cohort.weight_kg, np.ones(40, dtype=bool), days[:-1])
    everyone = np.arange(40)
    history.measured(everyone, np.full(40, -28.0), cohort.measured[:, 0])
    history.infused(everyone, np.zeros(40))
    history.measured(everyone, np.zeros(40), cohort.measured[:, 1])
    known = Known(np.full(40, 4.0), cohort.measured, history.predicted(everyone))
    np.testing.assert_array_equal(policy.decide(known).interval_weeks, arrive(policy, cohort))


def test_model_informed_dosing_decides_on_a_fit_of_what_was_measured() -> None:
    truth = model()
    log, card = truth.decisions, load_model()
    policy = load_policy("model_informed", aim_mg_per_l=10.0)
    assert isinstance(policy, ModelInformed)
    noise = {n: patient_normals(4, f"trial:trough:{n}", 0, truth.patients) for n in (-1, 0, 3, 6)}
    cv = card.residual_proportional.value
    for patient in (0, 7, 31):
        infused, true = truth.infusions.day[patient], truth.infusions.trough_mg_per_l[patient]
        entry = int(np.flatnonzero(infused == 0)[0])
        mine = np.flatnonzero(log.patient == patient)
        for round_, at in enumerate(mine[:2], 1):
            numbers = [-1, 0, *range(3, 3 * round_ + 1, 3)]
            where = [entry + n for n in numbers]
            measured = [true[w] * (1 + cv * noise[n][patient]) for w, n in zip(where, numbers, strict=True)]
            assert log.day[at] == infused[where[-1]]
            regimen = every(4, times=14)
            for before, after in zip(range(entry, where[-1]), range(entry + 1, where[-1] + 1), strict=True):
                weeks = (infused[after] - infused[before]) / 7
                regimen = regimen.then(every(weeks, times=1), after_weeks=weeks)
            times = (infused[where] + 364.0).tolist()
            subject = Subject.of("p", regimen, truth.people.weight_kg[patient], times, measured)
            predicted = settled_after(card, [subject], fit_map(card, [subject]))
            again = policy.decide(Known(log.from_weeks[[at]], np.array([measured]), predicted))
            assert again.interval_weeks[0] == log.to_weeks[at]
            assert again.level[0] == pytest.approx(log.level[at], rel=1e-4)


def test_a_fit_looks_at_the_latest_four_troughs_and_a_year_of_infusions_before_them() -> None:
    card, weight = load_model(), np.array([70.0])
    one = np.array([0])

    def predicted(start: int) -> float:
        """After 40 infusions and 10 troughs, those before a number left out."""
        history = History(card, weight, np.ones(1, dtype=bool), np.zeros(0))
        for number in range(start, 40):
            day = np.array([28.0 * number])
            history.infused(one, day)
            if number % 4 == 3:
                history.measured(one, day, np.array([20.0 + (number * 7) % 11]))
        return float(history.predicted(one).settled(np.array([6.0]))[0])

    assert predicted(0) == predicted(14)
    assert predicted(0) != predicted(16)
    assert predicted(0) == pytest.approx(predicted(18), rel=0.01)


def test_starters_have_a_model_fitted_to_what_was_measured_since_they_began() -> None:
    truth = simulate_truth(study(MODEL, weeks=30, patients=Patients(population="starter")), 4, 0, 1)
    log = truth.decisions
    assert set(np.unique(log.patient)) == set(range(30))
    assert ((log.to_weeks >= 4) & (log.to_weeks <= 8)).all()


def test_decisions_stand_in_the_log_in_order_and_no_interval_changes_without_one() -> None:
    for truth in (tree(), model()):
        log = truth.decisions
        change = np.diff(truth.infusions.interval_weeks, axis=1)
        rows, columns = np.nonzero(np.isfinite(change) & (change != 0))
        changed = {(int(r), float(truth.infusions.day[r, c + 1])) for r, c in zip(rows, columns, strict=True)}
        differs = log.from_weeks != log.to_weeks
        assert changed <= set(zip(log.patient[differs].tolist(), log.day[differs].tolist(), strict=True))
        assert (log.why >= 0).all()
        assert log.why.max() < len(log.reasons)


def test_a_fixed_arm_is_logged_once_where_it_begins_at_another_interval() -> None:
    truth = simulate_truth(study(FIXED), 4, 0, 1)
    log = truth.decisions
    assert log.patient.tolist() == list(range(30))
    assert not log.day.any()
    assert set(log.to_weeks) == {6.0}
    assert np.isnan(log.level).all()
    assert log.reasons[log.why[0]] == "the arm begins at 6 weeks"


def test_a_clinician_who_always_goes_back_keeps_everyone_at_his_interval() -> None:
    truth = simulate_truth(study(overridden(TREE, "always")), 4, 0, 2)
    weeks = truth.infusions.interval_weeks
    assert set(weeks[np.isfinite(weeks)]) == {4.0}
    assert decided_by(truth, "clinician").size
    # where the policy would have stayed as well it is the policy that decided
    again = tree()
    assert decided_by(again, "clinician").size == 0


def test_wearing_off_brings_back_those_who_have_it_and_nobody_else() -> None:
    truth = simulate_truth(study(overridden(FIXED, "wearing_off")), 4, 0, 4)
    back = np.unique(truth.decisions.patient[decided_by(truth, "clinician")])
    np.testing.assert_array_equal(back, np.flatnonzero(truth.wearing_off > 0))
    weeks = truth.infusions.interval_weeks
    later = np.nan_to_num(truth.infusions.day, nan=-1) >= 100
    assert set(weeks[truth.wearing_off > 0][later[truth.wearing_off > 0]]) == {4.0}
    assert set(weeks[truth.wearing_off == 0][later[truth.wearing_off == 0]]) == {6.0}


def test_activity_brings_back_only_after_it_was_there() -> None:
    world = World(activity="stated", yearly_activity=0.6)
    truth = simulate_truth(study(overridden(FIXED, "active"), world=world), 4, 0, 4)
    first = np.full(truth.patients, np.inf)
    for events in (truth.relapses, truth.lesions):
        np.minimum.at(first, events.patient, events.day)
    log = truth.decisions
    mine = decided_by(truth, "clinician")
    assert mine.size > 20
    assert (first[log.patient[mine]] <= log.day[mine]).all()
    # who had activity before his last decision came back
    due = np.full(truth.patients, -np.inf)
    np.maximum.at(due, log.patient[log.day > 0], log.day[log.day > 0])
    assert set(log.patient[mine]) == set(np.flatnonzero(first <= due))


def test_the_clinician_goes_back_as_often_as_stated() -> None:
    arm = overridden(FIXED, "always", 0.3).model_copy(update={"size": 400})
    truth = simulate_truth(study(arm, weeks=13), 4, 0, 5)
    share = np.unique(truth.decisions.patient[decided_by(truth, "clinician")]).size / truth.patients
    assert abs(share - 0.3) < 3 * np.sqrt(0.21 / truth.patients)


def test_reasons_have_the_same_places_whoever_is_decided_on() -> None:
    protocol = study(TREE, overridden(FIXED, "active"))
    one, other = (simulate_truth(protocol, seed, 0, 1).decisions.reasons for seed in (1, 2))
    assert one == other


def test_an_unknown_policy_or_a_missing_aim_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="policy"):
        simulate_truth(study(Arm(name="a", size=2, policy="guess")), 1, 0, 1)
    with pytest.raises(ValueError, match="aim"):
        simulate_truth(study(Arm(name="a", size=2, policy="trough_guided_tree")), 1, 0, 1)
