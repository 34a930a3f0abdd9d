from __future__ import annotations

from math import log

import pytest

from wearoff.dosing.activity import activity_file
from wearoff.errors import InputError, UnknownNameError
from wearoff.sources import Mark, figure
from wearoff.trial.power import question, question_names, settings_of

SETTINGS = [(name, key) for name in question_names() for key in question(name).settings]


def number(row: str) -> float:
    found = figure(row).number
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "key"), SETTINGS)
def test_every_number_says_where_it_comes_from(name: str, key: str) -> None:
    known = question(name).settings[key]
    assert known.source.text
    assert known.source.where
    assert known.unit
    for row in known.evidence:
        figure(row)
    if known.mark is not Mark.ASSUMED:
        assert known.evidence


def test_the_derived_numbers_follow_from_their_rows() -> None:
    activity, occupancy, intervals = (question(name).settings for name in question_names())
    regularly, sometimes, all_patients = number("W002"), number("W003"), number("W001")
    assert activity["exposed"].value == (regularly + sometimes) / all_patients
    assert occupancy["regularly"].value == regularly / all_patients
    assert occupancy["sometimes"].value == sometimes / all_patients
    for settings in (activity, intervals):
        assert settings["dropout"].value == 1 - number("W015") / number("W014")
        assert settings["activity_patients"].value == number("W016")
    assert intervals["rate"].value == number("IO044")
    low, high = (float(end) for end in figure("IO055").spread.split("-"))
    assert intervals["true_ratio_sd"].value == pytest.approx(log(high / low) / (2 * 1.96), abs=0.001)
    assert intervals["dispersion"].value == pytest.approx(1 / activity_file().relapse_shape.value, abs=0.005)


def test_a_ratio_of_two_with_its_spread_runs_from_one_to_four() -> None:
    for name in question_names():
        assert question(name).settings["ratio_sd"].value * 1.96 == pytest.approx(log(2), abs=0.001)


def test_chosen_numbers_stand_in_place_of_those_of_the_question() -> None:
    found = settings_of("wearing_off_activity", {"ratio": 1.5})
    assert found["ratio"] == 1.5
    assert found["exposed"] == 0.425


def test_an_unknown_question_or_setting_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'sid_eid'"):
        question("sid_eids")
    with pytest.raises(InputError) as caught:
        settings_of("occupancy_wearing_off", {"margin": 0.1, "scans": 2})
    assert [problem.key for problem in caught.value.problems] == ["margin", "scans"]
    assert "it has ratio, sometimes, regularly" in str(caught.value)
