"""What people type becomes the regimen they mean, or an error with a mark under the place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.dosing.regimen import Regimen, every
from wearoff.dosing.words import parse_regimen
from wearoff.errors import InputError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("300 mg every 4 weeks x 14", every(4)),
        ("300mg every 4weeks x14", every(4)),
        ("0.3 g Every 28 d X 14", every(4)),
        ("300 mg every 672 h × 14 IV", every(4)),
        ("300 mg every 4 weeks x 6 then every 6 weeks x 8", every(4, times=6).then(every(6, times=8))),
        (
            "300 mg every 4 weeks x 2 then 150 mg every 2 weeks x 2",
            every(4, times=2).then(every(2, 150, times=2)),
        ),
        (
            "300 mg every 4 weeks x 3 then every 6 weeks x 1",
            every(4, times=3).then(every(6, times=1), after_weeks=6),
        ),
        ("300 mg every 4 weeks x 14 SC", every(4, is_subcutaneous=True)),
        (
            "300 mg every 4 weeks x 2 SC then every 4 weeks x 2",
            every(4, times=4, is_subcutaneous=True),
        ),
        (
            "300 mg every 4 weeks x 2 SC then every 4 weeks x 2 IV over 2 h",
            every(4, times=2, is_subcutaneous=True).then(every(4, times=2, duration_h=2)),
        ),
        ("300 mg every 4 weeks x 14 without 3", every(4).without(3)),
        ("300 mg every 4 weeks x 14 without 3, 5 and 7", every(4).without(3, 5, 7)),
        ("300 mg every 4 weeks x 14 delayed 3 by 9 d", every(4).delayed(3, days=9)),
        ("300 mg every 4 weeks x 14 delayed 3 by 9 d only", every(4).delayed(3, days=9, only=True)),
        # numbers are those of the plan, in whatever order the changes are written
        (
            "300 mg every 4 weeks x 9 without 2 delayed 3 by 1 weeks",
            every(4, times=9).delayed(3, 7).without(2),
        ),
        ("300 mg every 4 weeks x 9 delayed 3 by 7 d without 2", every(4, times=9).delayed(3, 7).without(2)),
        ("300 mg every 4 weeks x 9 SC over 30 min", every(4, times=9, is_subcutaneous=True, duration_h=0.5)),
        (
            "300 mg every 4 weeks x 9 exchange at 100 d, 102 d and 15 weeks",
            every(4, times=9).exchanged([100, 102, 105], 0.7),
        ),
        (
            "300 mg every 4 weeks x 9 exchange at 100 d removing 65 % without 2",
            every(4, times=9).exchanged([100], 0.65).without(2),
        ),
    ],
)
def test_the_words_mean_the_regimen(text: str, meant: Regimen) -> None:
    found = parse_regimen(text)
    np.testing.assert_allclose(found.start_d, meant.start_d, rtol=1e-15)
    np.testing.assert_array_equal(found.dose_mg, meant.dose_mg)
    np.testing.assert_allclose(found.duration_d, meant.duration_d)
    np.testing.assert_allclose(found.exchange_d, meant.exchange_d)
    np.testing.assert_allclose(found.exchange_share, meant.exchange_share)
    np.testing.assert_array_equal(found.is_subcutaneous, meant.is_subcutaneous)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "", "an amount such as 300 mg is wanted"),
        ("natalizumab", "natalizumab", "an amount such as 300 mg is wanted"),
        ("300 every 4 weeks x 14", "every", "the unit of 300 is missing; write for example 300 mg"),
        ("300 mg every 4 x 14", "x", "the unit of 4 is missing; write for example 4 weeks"),
        ("300 mL every 4 weeks x 14", "mL", "the unit 'mL' is not known"),
        ("300 mg/L every 4 weeks x 14", "mg/L", "'mg/L' measures something else than 'mg'"),
        ("300 Mg every 4 weeks x 14", "Mg", "Did you mean 'mg'?"),
        ("300 mg every 4 kg x 14", "kg", "'kg' measures something else than 'd'"),
        ("300 mg every 4 months x 14", "months", "the unit 'months' is not known"),
        ("-300 mg every 4 weeks x 14", "-300", "a dose cannot be negative"),
        ("300 mg evry 4 weeks x 14", "evry", "here 'every' is wanted; did you mean 'every'?"),
        ("300 mg every 0 weeks x 14", "0", "an interval must be more than zero"),
        ("300 mg every 4 weeks", "", "here 'x' is wanted"),
        ("300 mg every 4 weeks x", "", "the number of doses is wanted, a whole number"),
        ("300 mg every 4 weeks x 2.5", "2.5", "a whole number"),
        ("300 mg every 4 weeks x 0", "0", "1 to 1000 doses"),
        (
            "300 mg every 4 weeks x 9 exchange at 100",
            "",
            "the unit of 100 is missing; write for example 100 weeks",
        ),
        ("300 mg every 4 weeks x 9 exchange on 100 d", "on", "here 'at' is wanted"),
        (
            "300 mg every 4 weeks x 9 exchange at 100 d removing 70",
            "",
            "the unit of 70 is missing; write for example 70 %",
        ),
        ("300 mg every 4 weeks x 9 exchange at 100 d removing 170 %", "exchange", "outside 0 to 1"),
        ("300 mg every 4 weeks x 99999999999", "99999999999", "1 to 1000 doses"),
        ("300 mg every 4 weeks x 14 sometimes", "sometimes", "'sometimes' is not understood here"),
        ("300 mg every 4 weeks x 14 witout 3", "witout", "did you mean 'without'?"),
        ("300 mg every 4 weeks x 14 without 15", "15", "there is no dose 15; the plan has 14"),
        ("300 mg every 4 weeks x 14 without 0", "0", "there is no dose 0"),
        ("300 mg every 4 weeks x 14 delayed 3 by 9", "", "the unit of 9 is missing"),
        ("300 mg every 4 weeks x 14 delayed 3 by 40 d only", "delayed", "dose 4: start_d is before"),
        ("300 mg every 4 weeks x 1 without 1", "", "nothing is left"),
        ("300 mg every 1 h x 3 over 2 h", "every", "dose 2: the infusion starts while"),
        ("300 mg every 4 weeks x 3 over 0 h", "0", "longer than zero"),
        ("300 mg every 4 weeks x 3 then every 9 mg x 3", "mg", "measures something else"),
    ],
)
def test_an_error_shows_the_place(text: str, place: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_regimen(text)
    (problem,) = caught.value.problems
    assert problem.column == "regimen"
    reason, line, mark = problem.reason.split("\n")
    assert said in reason
    assert line == "    " + text
    assert mark.strip() == "^" * max(1, len(place))
    at = mark.index("^")
    assert line[at : at + len(place)] == place if place else at > len(line)


@given(
    st.integers(1, 500),
    st.integers(1, 40),
    st.integers(1, 30),
    st.integers(1, 40),
    st.integers(1, 30),
    st.booleans(),
)
def test_any_two_parts_mean_what_the_algebra_says(
    dose: int, weeks: int, times: int, later_weeks: int, later_times: int, is_subcutaneous: bool
) -> None:
    route = "SC" if is_subcutaneous else "IV"
    text = f"{dose} mg every {weeks} weeks x {times} {route} then every {later_weeks} weeks x {later_times}"
    first = every(weeks, dose, times, is_subcutaneous=is_subcutaneous)
    later = every(later_weeks, dose, later_times, is_subcutaneous=is_subcutaneous)
    assert parse_regimen(text) == first.then(later, later_weeks)


@given(st.text("300 mgevryx,thn-.4wks\n\tSCµ×", max_size=40))
def test_any_text_is_a_regimen_or_an_input_error(text: str) -> None:
    try:
        assert parse_regimen(text).number > 0
    except InputError as refused:
        reason = str(refused)
    else:
        reason = "^"
    assert "^" in reason
