from __future__ import annotations

import doctest
import math
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import wearoff.sources
from wearoff.errors import UnknownNameError
from wearoff.sources import Mark, PublishedFigure, Source, evidence, figure, find

ROWS = evidence()
NUMBER = re.compile(r"-?\d+(\.\d+)?")
BOUND = re.compile(r"(<|>|<=|>=)\d+(\.\d+)?")
RANGE = re.compile(r"\d+(\.\d+)?-\d+(\.\d+)?")
DOI = re.compile(r"10\.\d{4,9}/[^\s,;]+")
TOPICS = {
    "exposure",
    "occupancy",
    "wearing_off",
    "activity",
    "neda",
    "interval",
    "immune",
    "pml",
    "safety",
}
SPREADS = {"", "ci95", "range", "iqr", "sd", "share", "p_value", "note"}
AT_SECOND_HAND = re.compile(
    r"third party|quoted|summary|monograph|citing|copy of|commentary|registry|sponsor|editorial"
    r"|news|second hand|supplier|compilation|review"
)


def numbers(text: str) -> list[float]:
    return [float(part) for part in re.findall(r"(?<![\d.])-?\d+(?:\.\d+)?", text)]


def test_every_id_stands_once() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert all(re.fullmatch(r"(P|W|IO|D)\d{3}[a-z]?", row.id) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_says_what_was_found_in_whom_and_where(row: PublishedFigure) -> None:
    assert row.topic in TOPICS
    assert row.study
    assert row.quantity
    assert row.unit
    assert row.doi or row.where_in_source
    assert not row.doi or DOI.fullmatch(row.doi)
    assert row.n is None or row.n > 0
    if row.unit == "text":
        assert re.search(r"[a-z]{3}", row.value)
    else:
        assert any(shape.fullmatch(row.value) for shape in (NUMBER, BOUND, RANGE)), row.value
    for cell in (row.study, row.quantity, row.group, row.value, row.where_in_source):
        assert cell == cell.strip()
        assert "http" not in cell


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_spread_has_a_kind_and_an_interval_holds_its_value(row: PublishedFigure) -> None:
    assert row.spread_kind in SPREADS
    assert bool(row.spread) == bool(row.spread_kind)
    if row.spread_kind in {"ci95", "range", "iqr"} and row.number is not None:
        low, high = (float(end) for end in row.spread.split("-"))
        assert low <= row.number <= high
    if row.spread_kind == "sd":
        assert float(row.spread) > 0


@pytest.mark.parametrize("row", [row for row in ROWS if row.spread_kind == "share"], ids=lambda row: row.id)
def test_a_share_is_the_value_over_the_number_of_people(row: PublishedFigure) -> None:
    assert row.number is not None
    assert row.n is not None
    assert 100 * row.number / row.n == pytest.approx(numbers(row.spread)[0], abs=0.6)


def test_what_was_read_at_second_hand_is_never_called_measured() -> None:
    for row in ROWS:
        if row.mark is Mark.MEASURED:
            assert not AT_SECOND_HAND.search(row.where_in_source), row.id
        elif row.mark is Mark.SECONDARY:
            assert AT_SECOND_HAND.search(row.where_in_source), row.id


def test_the_concentration_model_and_its_ec50_are_marked_secondary() -> None:
    for number in range(1, 13):
        assert figure(f"P{number:03d}").mark is Mark.SECONDARY
    assert figure("P023").mark is Mark.SECONDARY


@pytest.mark.parametrize(
    ("id", "study", "value"),
    [
        ("P001", "van den Berg 2025", 0.164),
        ("P002", "van den Berg 2025", 3.48),
        ("P003", "van den Berg 2025", 3.48),
        ("P004", "van den Berg 2025", 0.40),
        ("P005", "van den Berg 2025", 2.86),
        ("P006", "van den Berg 2025", 0.875),
        ("P007", "van den Berg 2025", 0.60),
        ("P008", "van den Berg 2025", 0.26),
        ("P009", "van den Berg 2025", 22.8),
        ("P010", "van den Berg 2025", 31.5),
        ("P011", "van den Berg 2025", 26.0),
        ("P012", "van den Berg 2025", 21.9),
        ("P023", "Muralidharan 2017", 2.51),
        ("P025", "Tysabri IV, Swiss product information", 5.96),
        ("P031", "Tysabri IV, Swiss product information", 2.45),
        ("P032", "Tysabri IV, Swiss product information", 110),
        ("P033", "Tysabri IV, Swiss product information", 23),
        ("P034", "Tysabri IV, Swiss product information", 29),
        ("P046", "Tysabri SC, Swiss product information", 84),
        ("P047", "Tysabri SC, Swiss product information", 3),
        ("P048", "Tysabri SC, Swiss product information", 5.8),
        ("P074", "Toukam 2025", 17.7),
        ("P075", "Toukam 2025", 77.5),
        ("P098", "NOVA PK/PD 2024", 33),
        ("P099", "NOVA PK/PD 2024", 38),
        ("P153", "Khatri 2009", 92),
        ("W002", "Bringeland 2020", 8),
        ("W003", "Bringeland 2020", 9),
        ("W004", "Bringeland 2020", 23),
        ("W016", "Bringeland 2020 (follow-up)", 35),
        ("W029", "van Kempen 2019", 93),
        ("W031", "van Kempen 2019", 32),
        ("W032", "van Kempen 2019", 39),
        ("W033", "van Kempen 2019", 19),
        ("W065", "Toorop 2024 (NEXT-MS, wearing-off)", 255),
        ("W101", "NOVA 2022", 4.1),
        ("W102", "NOVA 2022", 4.3),
        ("IO057", "Rabea 2024 (meta-analysis)", 1.09),
        ("IO081", "RESTORE (Kaufman 2015)", 25),
        ("IO142", "TOUCH (Zhovtis Ryerson 2019)", 0.06),
    ],
)
def test_a_figure_the_product_rests_on_has_its_published_value(
    id: str,  # noqa: A002
    study: str,
    value: float,
) -> None:
    entry = figure(id)
    assert (entry.study, entry.number) == (study, value)


def test_the_peak_keeps_its_spread_and_the_follow_up_its_denominator() -> None:
    assert (figure("P032").spread_kind, figure("P032").spread) == ("sd", "52")
    assert figure("W016").n == 35
    assert figure("W014").n == figure("W001").n == 40


class TestDerived:
    """Each derived row, computed again from the rows it names."""

    def test_clearance_per_day(self) -> None:
        per_day = self.of("P024") * 24 / 1000
        assert per_day == pytest.approx(self.of("D001"), abs=0.0005)

    def test_weight_exponent(self) -> None:
        heavier = math.log(1 + self.of("P029") / 100) / math.log(1.43)
        lighter = math.log(1 + self.of("P030") / 100) / math.log(0.57)
        assert (heavier + lighter) / 2 == pytest.approx(self.of("D002"), abs=0.005)

    def test_half_of_the_volume(self) -> None:
        assert self.of("P025") / 2 == pytest.approx(self.of("D003"), abs=0.005)

    def test_absorption_rate_puts_the_subcutaneous_peak_where_it_was_seen(self) -> None:
        clearance, central, peripheral, between = (self.of(f"P00{i}") for i in (1, 2, 3, 4))
        vmax, km, ka = self.of("P005"), self.of("P006"), self.of("D004")
        dose, lag = 300 * self.of("P046") / 100, self.of("P047") / 24

        def rates(_: float, amounts: list[float]) -> list[float]:
            depot, inner, outer = amounts
            level = inner / central
            exchange = between * (level - outer / peripheral)
            loss = clearance * level + vmax * level / (km + level)
            return [-ka * depot, ka * depot - loss - exchange, exchange]

        def slope(time: float, amounts: list[float]) -> float:
            return rates(time, amounts)[1]

        slope.direction = -1  # type: ignore[attr-defined]
        run = solve_ivp(rates, (0, 30), [dose, 0, 0], events=slope, rtol=1e-9, atol=1e-9)
        assert run.t_events[0][0] + lag == pytest.approx(self.of("P048"), abs=0.005)

    def test_ec50_of_the_trough_pairs(self) -> None:
        pairs = (("P090", "P092"), ("P091", "P093"))
        ec50 = [
            self.of(level) * (1 - self.of(share) / 100) / (self.of(share) / 100) for level, share in pairs
        ]
        assert sum(ec50) / 2 == pytest.approx(self.of("D005"), abs=0.05)

    def test_exact_bound_of_35_among_35(self) -> None:
        lower = 100 * 0.025 ** (1 / 35)
        assert lower == pytest.approx(self.of("D006"), abs=0.05)

    def test_lesions_per_year_on_placebo(self) -> None:
        assert self.of("IO239b") / 2 == self.of("D007")

    def test_no_derived_row_is_left_out_above(self) -> None:
        derived = [row.id for row in ROWS if row.mark is Mark.DERIVED]
        assert derived == [f"D{number:03d}" for number in range(1, 8)]

    @staticmethod
    def of(id: str) -> float:  # noqa: A002
        number = figure(id).number
        assert number is not None
        return number


def test_an_unknown_id_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError) as caught:
        figure("P0001")
    assert "no published figure 'P0001'. Did you mean 'P001'?" in str(caught.value)


def test_find_takes_words_in_any_order_case_and_column() -> None:
    hits = find("REGULARLY bringeland")
    assert [row.id for row in hits] == ["W002", "W006", "W007", "W008", "W009"]
    assert find("bringeland regularly") == hits
    assert figure("W002") in find("10.1212/nxi.0000000000000678 measured")
    assert find("no such words anywhere") == ()
    assert find("") == ROWS


@given(st.sampled_from(ROWS), st.sampled_from(["natalizumab", "wearing-off", "abstract", "q4w"]))
def test_one_more_word_never_finds_more(row: PublishedFigure, word: str) -> None:
    assert row in find(f"{row.id} {row.study}")
    assert set(find(f"{row.study} {word}")) <= set(find(row.study))


def test_a_citation_is_one_line_with_the_doi_as_a_link() -> None:
    assert figure("W016").citation == (
        "Bringeland 2020 (follow-up), abstract, https://doi.org/10.1016/j.jns.2020.116880"
    )
    assert Source("a leaflet").citation == "a leaflet"
    assert Source("a leaflet").link is None
    for row in ROWS:
        assert "\n" not in row.citation
        assert not row.doi or row.citation.endswith(f"https://doi.org/{row.doi}")


def test_a_statement_carries_unit_and_spread() -> None:
    assert figure("P001").statement == "0.164 L/d (95 % CI 0.155-0.173)"
    assert figure("P032").statement == "110 mg/L (SD 52)"
    assert figure("P007").statement == "0.6 (95 % CI 0.44-0.76)"
    assert figure("W035").statement == "no association"


def test_only_a_plain_number_is_a_number() -> None:
    assert figure("W001").number == 40
    assert figure("P101").number is None
    assert figure("IO145").number is None
    assert figure("W035").number is None


def test_reading_the_evidence_loads_nothing_heavy() -> None:
    heavy = ("jax", "polars", "numpy", "pydantic", "scipy", "pint")
    code = (
        "import sys; from wearoff.sources import evidence; evidence();"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_examples_in_the_docstrings_hold() -> None:
    results = doctest.testmod(wearoff.sources)
    assert results.attempted >= 2
    assert results.failed == 0
