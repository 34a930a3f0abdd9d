"""The first question has the figures of the published analyses, recounted here."""

from __future__ import annotations

import pytest

from tests.explained import answered
from wearoff.cohort.explained.values import Ranged
from wearoff.cohort.published import analyse_published
from wearoff.stats import TwoByTwo, compare
from wearoff.stats.proportions import proportion_interval

FOUND = answered().named("wearing-off")
ROWS = {label: cells[0] for label, cells in FOUND.grids[0].rows}


def test_shares_of_the_followed_and_of_everybody_are_exact() -> None:
    for label, events, total in (
        ("NEDA at one year of those followed, %", 35, 35),
        ("NEDA if all who were lost had been active, %", 35, 40),
    ):
        interval = proportion_interval(events, total)
        found = ROWS[label]
        assert (found.low, found.high) == (
            pytest.approx(100 * interval.low),
            pytest.approx(100 * interval.high),
        )
        assert found.middle_low == found.middle_high == pytest.approx(100 * events / total)


@pytest.mark.parametrize(("kind", "exposed", "lost"), [("any", 17, 5), ("regular", 8, 5)])
def test_the_difference_is_the_widest_over_every_split_of_the_lost(
    kind: str, exposed: int, lost: int
) -> None:
    found = ROWS[f"activity with minus without {kind} wearing-off, points"]
    intervals = [
        compare(TwoByTwo(0, exposed - gone, 0, 40 - exposed - (lost - gone))).risk_difference.interval
        for gone in range(lost + 1)
    ]
    assert found.low == pytest.approx(100 * min(each.low for each in intervals))
    assert found.high == pytest.approx(100 * max(each.high for each in intervals))


def test_the_shares_by_interval_round_to_those_printed() -> None:
    assert round(ROWS["current wearing-off on the standard interval, %"].middle_low) == 39
    assert round(ROWS["current wearing-off on the extended interval, %"].middle_high) == 19
    assert isinstance(ROWS["standard minus extended interval, points"], Ranged)


def test_the_answer_says_that_nobody_knows_and_repeats_the_headlines() -> None:
    assert FOUND.answer.startswith("Nobody knows.")
    assert analyse_published("bringeland-2020").answer.headline in FOUND.paragraphs
    assert any(analyse_published("van-kempen-2019").answer.headline in text for text in FOUND.paragraphs)
