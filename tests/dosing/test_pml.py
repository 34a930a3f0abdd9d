"""The published risk of PML against its table, the rule that joins epochs, and the people it says nothing of."""

from __future__ import annotations

import doctest
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wearoff.dosing.pml
from wearoff.dosing.pml import (
    PEOPLE,
    Antibody,
    EpochRisk,
    PmlFactors,
    RiskRange,
    joined,
    pml_groups,
    pml_risk,
    whole_people,
)
from wearoff.errors import InputError
from wearoff.sources import Mark, figure

NEGATIVE, POSITIVE = Antibody.NEGATIVE, Antibody.POSITIVE
PUBLISHED = [  # antibody, index, earlier immunosuppression, per 1000 in each epoch as the compilation prints it
    (NEGATIVE, None, False, (0.02, 0.2)),
    (NEGATIVE, None, True, (0.06, 0.9)),
    (POSITIVE, None, False, (1, 3, 6)),
    (POSITIVE, 1.2, False, (0.2, 1.1, 1.4)),
    (POSITIVE, 2.4, False, (1.2, 8.8, 10.1)),
    (POSITIVE, None, True, (6, 12, 13)),
    (POSITIVE, 2.4, True, (6, 12, 13)),
]
shares = st.floats(0, 0.5)
anyone = st.sampled_from([PmlFactors(*row[:3]) for row in PUBLISHED])


@pytest.mark.parametrize(("antibody", "index", "prior", "per_thousand"), PUBLISHED)
def test_every_group_has_the_published_figure_of_every_epoch(
    antibody: Antibody, index: float | None, prior: bool, per_thousand: tuple[float, ...]
) -> None:
    risk = pml_risk(PmlFactors(antibody, index, prior), 6)
    assert tuple(PEOPLE * epoch.risk for epoch in risk.epochs) == pytest.approx(per_thousand)
    assert [epoch.to_month for epoch in risk.epochs] == ([24, 72] if antibody is NEGATIVE else [24, 48, 72])
    assert risk.group in pml_groups()
    for epoch in risk.epochs:
        row = epoch.published
        assert (row.topic, row.unit, row.mark) == ("pml", "per 1000 patients", Mark.SECONDARY)
        assert row.group in risk.group  # the row speaks of the people whom the group names


def test_no_row_of_the_compilation_is_left_out_and_none_serves_two_groups() -> None:
    used = [epoch.published.id for row in PUBLISHED[:6] for epoch in pml_risk(PmlFactors(*row[:3]), 6).epochs]
    assert sorted(used) == [f"IO{number}" for number in range(185, 201)]


def test_epochs_join_as_one_less_the_product_of_escapes() -> None:
    risk = pml_risk(PmlFactors(POSITIVE, 2.4), 6)
    expected = 1 - (1 - 0.0012) * (1 - 0.0088) * (1 - 0.0101)
    assert (
        risk.cumulative.low
        == risk.cumulative.even
        == risk.cumulative.high
        == pytest.approx(expected, rel=1e-12)
    )
    assert PEOPLE * expected == pytest.approx(20.0, abs=0.05)  # less than the sum of 20.1


def test_an_epoch_that_has_begun_gives_a_range_from_none_to_all_of_it() -> None:
    risk = pml_risk(PmlFactors(POSITIVE, 1.2), 3)
    assert risk.cumulative.low == pytest.approx(0.0002)
    assert risk.cumulative.high == pytest.approx(1 - 0.9998 * 0.9989)
    assert risk.cumulative.even == pytest.approx(1 - 0.9998 * math.sqrt(0.9989))
    assert len(risk.epochs) == 2  # the third has not begun


@given(anyone, st.floats(0.01, 6), st.floats(0.01, 6))
def test_a_longer_time_never_has_a_lower_risk(factors: PmlFactors, one: float, other: float) -> None:
    early, late = (pml_risk(factors, years).cumulative for years in sorted((one, other)))
    for end in ("low", "even", "high"):
        assert getattr(early, end) <= getattr(late, end)
    assert early.low <= early.even <= early.high


@given(st.lists(shares, min_size=1, max_size=5))
def test_joining_is_the_same_in_any_order_of_epochs_and_stays_between_the_largest_and_the_sum(
    risks: list[float],
) -> None:
    def joint(values: list[float]) -> float:
        row = figure("IO185")
        epochs = tuple(EpochRisk(12.0 * k, 12.0 * (k + 1), p, row) for k, p in enumerate(values))
        return joined(epochs, 12.0 * len(values)).even

    assert joint(risks) == pytest.approx(joint(risks[::-1]), abs=1e-15)
    assert max(risks) - 1e-12 <= joint(risks) <= sum(risks) + 1e-12


def test_epochs_that_leave_a_gap_are_refused() -> None:
    row = figure("IO185")
    gap = (EpochRisk(0, 24, 0.1, row), EpochRisk(36, 48, 0.1, row))
    with pytest.raises(ValueError, match="follow each other"):
        joined(gap, 48)
    with pytest.raises(ValueError, match="follow each other"):
        joined(gap[:1], 30)


@pytest.mark.parametrize("weeks", [5, 6, 7.5, 12])
def test_an_extended_interval_spans_from_the_ratio_of_the_register_to_no_effect(weeks: float) -> None:
    factors = PmlFactors(POSITIVE, 2.4)
    risk, band = pml_risk(factors, 4), pml_risk(factors, 4, weeks).extended
    assert band is not None
    assert band.highest == risk.cumulative
    assert band.lowest.even == pytest.approx(1 - (1 - risk.cumulative.even) ** 0.06)
    assert [ends.even for ends in band.at_ratio_ends] == pytest.approx(
        [1 - (1 - risk.cumulative.even) ** ratio for ratio in (0.01, 0.22)]
    )
    assert (band.ratio.id, band.ratio.spread) == ("IO142", "0.01-0.22")
    assert [(row.number, row.spread) for row in band.pooled] == [(0.70, "0.20-2.54"), (1.09, "0.24-4.94")]
    assert band.notes[0].startswith("Observational")


def test_the_band_does_not_depend_on_the_length_of_the_extended_interval() -> None:
    factors = PmlFactors(POSITIVE, 2.4)
    assert pml_risk(factors, 4, 5).lowest == pml_risk(factors, 4, 8).lowest


@pytest.mark.parametrize("weeks", [None, 3, 4, 4.9])
def test_a_standard_interval_has_no_band(weeks: float | None) -> None:
    risk = pml_risk(PmlFactors(POSITIVE, 2.4), 4, weeks)
    assert risk.extended is None
    assert risk.lowest == risk.cumulative.low


@given(shares, shares, st.floats(0, 1), st.floats(0, 1))
def test_a_hazard_ratio_of_one_changes_nothing_and_ratios_in_a_row_multiply(
    low: float, further: float, one: float, other: float
) -> None:
    start = RiskRange(low, (low + further) / 2, further)
    assert start.under(1).even == pytest.approx(start.even, abs=1e-15)
    assert start.under(0) == RiskRange(0, 0, 0)
    assert start.under(one).under(other).high == pytest.approx(start.under(one * other).high, abs=1e-12)


def test_a_hazard_ratio_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        RiskRange(0, 0, 0).under(-0.1)


@given(anyone, st.floats(0.01, 6), st.booleans())
def test_the_icons_are_a_thousand_whole_people(factors: PmlFactors, years: float, is_extended: bool) -> None:
    weeks = 6.0 if is_extended and factors.antibody is POSITIVE else None
    risk = pml_risk(factors, years, weeks)
    icons = risk.icons
    assert icons.within_low + icons.up_to_high + icons.others == PEOPLE
    assert min(icons.within_low, icons.up_to_high, icons.others) >= 0
    assert abs(icons.within_low - PEOPLE * risk.lowest) <= 0.5 + 1e-9
    assert abs(icons.within_low + icons.up_to_high - PEOPLE * risk.highest) <= 0.5 + 1e-9


def test_half_a_person_is_rounded_up() -> None:
    assert [whole_people(p / PEOPLE) for p in (0, 0.2, 0.5, 1.4, 12.5)] == [0, 0, 1, 1, 13]


@pytest.mark.parametrize(
    ("antibody", "index", "years", "weeks", "words"),
    [
        (POSITIVE, 1.2, 6.1, None, "up to 6 years on natalizumab, and none for 6.1"),
        (POSITIVE, 1.2, 0, None, "more than 0 years"),
        (POSITIVE, 1.2, math.nan, None, "more than 0 years"),
        (POSITIVE, 0, 2, None, "an index of 0 cannot be"),
        (POSITIVE, math.inf, 2, None, "an index of inf cannot be"),
        (POSITIVE, math.nan, 2, None, "an index of nan cannot be"),
        (NEGATIVE, 0.3, 2, None, "figures for a negative test have no index"),
        (POSITIVE, 1.2, 2, 2.9, "average intervals from 3 to 12 weeks"),
        (POSITIVE, 1.2, 2, 12.5, "average intervals from 3 to 12 weeks"),
        (POSITIVE, 1.2, 2, math.nan, "average intervals from 3 to 12 weeks"),
        (NEGATIVE, None, 2, 6, "held antibody positive patients alone"),
    ],
)
def test_who_lies_outside_the_table_is_told_why_and_gets_no_number(
    antibody: Antibody, index: float | None, years: float, weeks: float | None, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        pml_risk(PmlFactors(antibody, index), years, weeks)
    assert words in str(caught.value)


def test_the_border_of_the_index_bands_is_as_published() -> None:
    assert pml_risk(PmlFactors(POSITIVE, 1.5), 2).group.endswith("1.5 or lower")
    assert pml_risk(PmlFactors(POSITIVE, 1.51), 2).group.endswith("above 1.5")


def test_the_bound_of_a_larger_cohort_stands_beside_a_negative_test_and_is_not_computed_with() -> None:
    assert [row.id for row in pml_risk(PmlFactors(NEGATIVE), 4).beside] == ["IO152"]
    assert pml_risk(PmlFactors(POSITIVE, 2), 4).beside == ()


def test_the_result_names_the_file_that_it_was_read_with() -> None:
    assert len(pml_risk(PmlFactors(NEGATIVE), 1).provenance["pml_sha256"]) == 64


def test_no_model_of_drug_or_cells_is_behind_it() -> None:
    code = (
        "import sys, wearoff.dosing.pml\n"
        "print(*(m for m in sys.modules if m in ('jax', 'polars') or m.startswith('wearoff.dosing')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == {
        "wearoff.dosing",
        "wearoff.dosing.figures",
        "wearoff.dosing.pml",
        "wearoff.dosing.pml_table",
    }


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(wearoff.dosing.pml).failed == 0
