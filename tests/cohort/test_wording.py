from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.cohort.wording import (
    count,
    p_range,
    p_value,
    percent,
    percent_range,
    points_range,
    sentence_list,
    significant,
)
from wearoff.stats import TwoByTwo, risk_difference


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.875, "87.5 %"), (1.0, "100 %"), (0.0, "0 %"), (0.9999, "100.0 %"), (None, "not known")],
)
def test_a_share_keeps_one_decimal_and_only_an_exact_hundred_loses_it(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0094, "p = 0.009"), (0.00004, "p < 0.001"), (0.482, "p = 0.48"), (None, "no test")]
)
def test_a_p_value_never_prints_as_zero(p: float | None, text: str) -> None:
    assert p_value(p) == text


def test_ranges_of_p_values_that_print_alike_print_once() -> None:
    assert p_range([0.0491, 0.0492]) == "p = 0.049"
    assert p_range([0.0654, 0.0613]) == "p = 0.061 to 0.065"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(250.79, 3, "251"), (0.006976, 1, "0.007"), (1.3226, 3, "1.32"), (0.0, 2, "0"), (1857.9, 2, "1900")],
)
def test_significant_digits_without_exponent(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


@given(st.floats(1e-6, 1e6), st.integers(1, 4))
def test_significant_digits_keep_the_value_to_half_a_digit(value: float, digits: int) -> None:
    assert float(significant(value, digits)) == pytest.approx(value, rel=0.51 * 10 ** (1 - digits))


def test_points_are_signed_and_lists_read_as_sentences() -> None:
    assert points_range(risk_difference(TwoByTwo(0, 15, 0, 20))) == "-16.1 to +20.4 points"
    assert percent_range(0.9, 1.0) == "90.0 to 100 %"
    assert sentence_list(["a", "b", "c"]) == "a, b and c"
    assert sentence_list([]) == ""
    assert (count(1, "row"), count(2, "row")) == ("1 row", "2 rows")
