from __future__ import annotations

import datetime as dt
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.report.figures import Cell, cell, heading, number, p_value, whole, with_links


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (25.6, "25.6"),
        (7.5612, "7.56"),
        (0.16449, "0.164"),
        (-0.161, "−0.161"),
        (111.5, "112"),
        (1234.6, "1235"),
        (12345.6, "12\u2009346"),
        (2.0, "2"),
        (0.5, "0.5"),
        (99.99, "100"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (1e-9, "<0.000001"),
    ],
)
def test_a_number_has_three_significant_digits(value, words):
    assert number(value) == words


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_written_number_is_near_the_number(value):
    words = number(value).replace("−", "-").replace("\u2009", "")
    if abs(value) >= 1e-4:
        assert float(words) == pytest.approx(value, rel=5.1e-3)
    assert "e" not in words.replace("between", "")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0093, "0.009"),
        (0.0004, "<0.001"),
        (0.0431, "0.043"),
        (0.43, "0.43"),
        (1.0, "1.00"),
        (0.0999, "0.10"),
    ],
)
def test_a_p_value_is_written_as_journals_do(value, words):
    assert p_value(value) == words
    for column in ("p", "fisher_p", "fisher_mid_p", "p_trend"):
        assert cell(value, column).text == words


def test_a_percentile_is_no_p_value():
    assert cell(0.00004, "p05").text != "<0.001"
    assert heading("p05") == "5th percentile"


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_is_not_known_is_a_dash_and_never_a_zero(value):
    assert cell(value, "risk") == Cell("–", "missing")


def test_an_empty_text_stays_empty_because_nothing_is_missing():
    assert cell("", "note") == Cell("", "text")


@pytest.mark.parametrize(
    ("value", "words", "kind"),
    [
        (True, "yes", "text"),
        (0, "0", "number"),
        (dt.date(2024, 2, 29), "2024-02-29", "text"),
        (dt.datetime(2024, 2, 29, 8, 30, tzinfo=dt.UTC), "2024-02-29 08:30", "text"),
        (["a", "b"], "a; b", "text"),
    ],
)
def test_other_values_are_written_plainly(value, words, kind):
    assert cell(value, "any") == Cell(words, kind)


def test_an_identifier_keeps_its_underscores_and_a_code_does_not():
    assert cell("NO_001", "patient_id").text == "NO_001"
    assert cell("any_vs_never", "coding").text == "any vs never"


def test_whole_numbers_are_parted_by_thousands_from_ten_thousand_on():
    assert (whole(1980), whole(12000), whole(-5)) == ("1980", "12\u2009000", "−5")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("interval_d", "interval (days)"),
        ("dose_mg", "dose (mg)"),
        ("trough_mg_per_l", "trough (mg/L)"),
        ("interval_weeks", "interval (weeks)"),
        ("patient_id", "patient"),
        ("risk_difference", "risk difference"),
        ("_d", " d"),
    ],
)
def test_a_unit_moves_behind_the_name_of_its_column(column, words):
    assert heading(column) == words


def test_a_doi_is_linked_in_every_way_of_writing_it():
    for written in ("10.1002/psp4.70014", "doi:10.1002/psp4.70014", "https://doi.org/10.1002/psp4.70014"):
        html = with_links(f"(see {written}).")
        assert 'href="https://doi.org/10.1002/psp4.70014"' in html
        assert html.endswith(").")


@given(st.text(alphabet="10./<>\"'&;=adehiprsty: \x00(", max_size=60))
def test_text_with_links_never_opens_another_element(text):
    html = with_links(text)
    assert re.sub(r'<a href="https://doi\.org/10\.[^"<>]*">|</a>', "", str(html)).count("<") == 0


def test_a_figure_is_not_parted_from_its_sign():
    words = with_links("8.6 % of 35 (p = 0.009), p < 0.001, map = 3")
    assert words == "8.6\xa0% of 35 (p\xa0=\xa00.009), p\xa0&lt;\xa00.001, map = 3"
