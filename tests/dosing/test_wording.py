"""How the answer for one patient is said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.one_patient import answered, without_a_floor
from wearoff.dosing import wording
from wearoff.dosing.decline import Holding
from wearoff.dosing.fit.settings import Occasions
from wearoff.dosing.intervals import Target

SHARES = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (0.001, "<0.01"),
        (0.0123, "0.01"),
        (0.995, "1.0"),
        (9.94, "9.9"),
        (9.96, "10"),
        (123.4, "123"),
    ],
)
def test_a_level_has_two_digits_and_no_exponent(value: float, said: str) -> None:
    assert wording.short(value) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "<1 %"), (0.004, "<1 %"), (0.5, "50 %"), (0.996, ">99 %"), (1.0, ">99 %")]
)
def test_draws_never_show_that_something_is_certain(share: float, said: str) -> None:
    assert wording.percent(share) == said


@given(SHARES)
def test_there_are_always_twenty_dots_and_the_full_ones_come_first(share: float) -> None:
    said = wording.dots(share)
    assert re.fullmatch("●*○*", said)
    assert len(said) == wording.DOTS
    assert abs(said.count("●") / wording.DOTS - share) <= 0.5 / wording.DOTS + 1e-12


def test_the_rule_is_the_users_own() -> None:
    assert "a probability of at least 0.9 of being at or above 5 mg/L" in wording.rule(
        Target(5.0, at_least=0.9)
    )
    assert "You asked for no probability" in wording.rule(Target(5.0))
    assert "80 % saturation under bridge" in wording.rule(Target(0.8, "saturation", "bridge"))
    assert wording.rule(None) == wording.NO_FLOOR


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (51.0, "Your rule holds until 2026-07-10, 7.3 weeks after the last dose."),
        (0.0, "Your rule does not hold on any day after the last dose."),
        (float("inf"), "Your rule holds for more than 52 weeks after the last dose."),
    ],
)
def test_how_long_the_rule_holds_is_said_in_every_case(until: float, said: str) -> None:
    found = answered()
    weeks = {"p05": 7.0, "p50": 8.0, "p95": float("inf")}
    sentences = list(wording.after_the_last(replace(found, holding=Holding(weeks, until))))
    assert sentences == [
        "Without another dose the floor holds for 8.0 weeks after the last one (5-95 %: 7.0 to more than 52), that "
        "is until 2026-07-15 (2026-07-08 to beyond 2027-05-19).",
        said,
    ]


def test_without_a_floor_nothing_is_said_of_it() -> None:
    assert list(wording.after_the_last(without_a_floor())) == []
    assert list(wording.policies(without_a_floor())) == []


def test_each_sentence_of_evidence_stands_once_with_its_weeks_and_rows() -> None:
    known = wording.evidence(answered())
    assert [weeks for weeks, _, _ in known] == ["4 weeks", "5 and 6 weeks", "7 weeks", "8 weeks"]
    assert known[1][2] == ("W101", "W102", "IO001", "IO002")


def test_limits_say_what_was_left_out_of_the_fit() -> None:
    found = answered()
    assert sum("clearance that changes" in limit for limit in wording.limits(found)) == 1
    assert not any("without their uncertainty" in limit for limit in wording.limits(found))
    settings = replace(found.main.posterior.settings, occasions=Occasions(0.1))
    posterior = replace(found.main.posterior, settings=settings, has_parameter_uncertainty=False)
    other = replace(found, fits=(replace(found.main, posterior=posterior), *found.fits[1:]))
    assert not any("clearance that changes" in limit for limit in wording.limits(other))
    assert sum("without their uncertainty" in limit for limit in wording.limits(other)) == 1
    assert list(wording.settings(other)) == [
        "The clearance changes from interval to interval with a CV of 10 % (assumed)."
    ]


def test_a_date_before_today_says_so() -> None:
    found = answered()
    assert wording.next_date(found, found.options[0]) == "2026-06-17"
    late = replace(found, patient=replace(found.patient, today_d=found.options[0].next_d + 1.0))
    assert wording.next_date(late, found.options[0]) == "2026-06-17 (past)"
    assert wording.next_date(late, found.options[1]) == "2026-06-24"


def test_draws_are_never_worth_more_than_they_are() -> None:
    found = answered()
    assert found.after.counting <= found.after.draws
    assert f"they are worth {found.after.counting:,.0f} independent ones" in wording.draws(found)
