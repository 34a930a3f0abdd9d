"""How a band is said: two significant digits, one number where two print alike, never a zero that is not one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.cohort.explained.values import Grid, Ranged, ends, two_digits


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.04, "<0.1"), (0.096, "0.096"), (1.249, "1.2"), (12.6, "13"), (99.6, "100"), (-17.6, "-18")],
)  # fmt: skip
def test_a_number_has_two_digits_and_a_small_one_is_no_zero(value: float, text: str) -> None:
    assert two_digits(value) == text


@given(st.floats(0.1, 99.4))
def test_two_digits_are_within_five_percent_of_the_number(value: float) -> None:
    assert float(two_digits(value)) == pytest.approx(value, rel=0.051)


def test_a_band_has_its_middle_first_and_its_ends_in_brackets() -> None:
    assert Ranged(0.2, 5.12, 14.1, 74.0).text == "5.1-14 (0.2 to 74)"
    assert Ranged(90.0, 100.0, 100.0, 100.0).text == "100 (90 to 100)"
    assert Ranged(-17.6, -3.0, 2.0, 24.2).text == "-3 to 2 (-18 to 24)"
    assert Ranged(0.01, 0.02, 0.3, 1.4).text == "<0.1 to 0.3 (<0.1 to 1.4)"


def test_one_band_around_several_holds_them_all() -> None:
    found = ends([Ranged(1, 2, 3, 4), Ranged(0, 2.5, 2.6, 9)])
    assert found == Ranged(0, 2, 3, 9)


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit its headings"):
        Grid("entry", ("cells", "4 weeks"), (("CD4", ()),))
