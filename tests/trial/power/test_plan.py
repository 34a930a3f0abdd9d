from __future__ import annotations

import pytest

from wearoff.errors import InputError
from wearoff.trial.power import PowerChoices, plan, question_names
from wearoff.trial.power.plan import MOST_PATIENTS


def refused(choices: PowerChoices) -> list[tuple[str | None, str]]:
    with pytest.raises(InputError) as caught:
        plan(choices)
    return [(problem.key, problem.reason) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "patients"), [("wearing_off_activity", 516), ("occupancy_wearing_off", 71), ("sid_eid", 273)]
)
def test_a_question_is_planned_at_the_size_that_it_needs(name: str, patients: int) -> None:
    found = plan(PowerChoices(name))
    assert found.design.patients == patients
    assert found.is_sized
    assert found.design.question == name
    assert found.chosen == frozenset()


def test_a_chosen_size_is_kept_for_every_analysis() -> None:
    found = plan(PowerChoices("sid_eid", patients=300))
    assert not found.is_sized
    assert {found.sized(found.design, test).patients for test in found.design.tests} == {300}


def test_the_first_of_several_numbers_is_planned_for() -> None:
    found = plan(PowerChoices(activities=(0.2, 0.05), years=(3.0, 1.0)))
    assert (found.design.activity, found.design.years) == (0.2, 3.0)  # type: ignore[union-attr]
    assert (found.activities, found.years) == ((0.2, 0.05), (3.0, 1.0))


def test_without_further_numbers_the_usual_ones_stand_beside_the_planned() -> None:
    found = plan(PowerChoices(settings={"activity": 0.3, "years": 4.0}))
    assert found.activities == (0.3, 0.041)
    assert found.years == (4.0, 1.0, 2.0, 3.0)
    assert plan(PowerChoices("sid_eid")).activities == (0.1, 0.041, 0.157, 0.264)
    assert plan(PowerChoices("occupancy_wearing_off")).years == ()


@pytest.mark.parametrize("name", question_names())
def test_a_fault_is_named_by_its_setting(name: str) -> None:
    assert [key for key, _ in refused(PowerChoices(name, {"alpha": 0.0, "power": 1.0}))] == ["alpha", "power"]
    assert refused(PowerChoices(name, {"nonsense": 1.0}))[0][0] == "nonsense"


def test_a_second_number_is_looked_at_as_the_first() -> None:
    assert refused(PowerChoices(activities=(0.1, 1.5)))[0][0] == "activity"
    assert refused(PowerChoices(years=(1.0, -2.0)))[0][0] == "years"


def test_where_there_is_nothing_to_find_a_size_is_asked_for() -> None:
    ((key, reason),) = refused(PowerChoices(settings={"ratio": 1.0}))
    assert key == "ratio"
    assert "nothing to find" in reason
    assert plan(PowerChoices(settings={"ratio": 1.0}, patients=100)).design.patients == 100


def test_a_truth_as_bad_as_the_margin_cannot_be_planned_for() -> None:
    ((key, reason),) = refused(PowerChoices("sid_eid", {"true_ratio": 3.0}))
    assert key == "margin"
    assert "reaches the margin" in reason
    ((key, reason),) = refused(PowerChoices("sid_eid", {"activity": 0.95, "margin": 0.1}))
    assert key == "margin"
    assert "reaches everybody" in reason


def test_more_patients_than_can_be_simulated_are_refused_with_the_number() -> None:
    ((key, reason),) = refused(PowerChoices(settings={"ratio": 1.05}))
    assert key == "patients"
    assert f"{MOST_PATIENTS:,}" in reason
    assert refused(PowerChoices(patients=MOST_PATIENTS + 1))[0][0] == "patients"


@pytest.mark.parametrize("key", ["ratio_sd", "activity_patients"])
def test_an_uncertainty_of_nothing_is_refused(key: str) -> None:
    assert refused(PowerChoices(settings={key: 0.0}))[0][0] == key


def test_a_number_that_is_given_twice_is_planned_for_once() -> None:
    found = plan(PowerChoices(activities=(0.2, 0.05, 0.2), years=(3.0, 3.0, 1.0)))
    assert (found.activities, found.years) == ((0.2, 0.05), (3.0, 1.0))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("wearing_off_activity", "ratio", 1e300),
        ("wearing_off_activity", "activity_patients", 1e18),
        ("occupancy_wearing_off", "ratio_sd", 100.0),
        ("sid_eid", "true_ratio", 1e9),
        ("sid_eid", "true_ratio_sd", 14.5),
        ("sid_eid", "rate", 600.0),
        ("sid_eid", "dispersion", 1e6),
    ],
)
def test_a_number_of_the_wrong_size_is_told_at_its_own_key(name: str, key: str, value: float) -> None:
    ((at, reason),) = refused(PowerChoices(name, {key: value}))
    assert at == key
    assert f"{value:g}" in reason
    assert "at most" in reason


def test_an_infinite_uncertainty_is_refused() -> None:
    assert [key for key, _ in refused(PowerChoices(settings={"ratio_sd": float("inf")}))] == ["ratio_sd"]
