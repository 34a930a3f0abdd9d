"""The questions on doses: the same numbers from other code, published figures in the words, and their order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tests.explained import answered, simulated
from wearoff.cohort.explained.doses import STOPPED_WEEKS, scenarios, weeks_until_half
from wearoff.dosing.occupancy import curve_names, load_curve
from wearoff.dosing.trafficking import free_share
from wearoff.sources import figure
from wearoff.stats.proportions import proportion_interval

STOPPED = {int(week): cells for week, cells in answered().named("last-dose").grids[0].rows}
NEXT = dict(answered().named("next-dose").grids[0].rows)


def test_after_the_last_dose_the_level_falls_and_everything_else_rises() -> None:
    assert tuple(STOPPED) == STOPPED_WEEKS
    rows = np.array([[cell.middle_high for cell in cells] for cells in STOPPED.values()])
    assert (np.diff(rows[:, 0]) < 0).all()
    assert (np.diff(rows[:, 1:], axis=0) >= 0).all()


def test_the_free_share_after_the_last_dose_is_that_of_the_levels() -> None:
    found = simulated().stopped
    level = found.level[:, found.at(56.0)]
    medians = [100 * np.median(free_share(load_curve(name), level)) for name in curve_names()]
    shown = STOPPED[8][1]
    assert (shown.middle_low, shown.middle_high) == (pytest.approx(min(medians)), pytest.approx(max(medians)))
    assert STOPPED[8][0].middle_low == pytest.approx(np.median(level))


def test_the_share_with_a_lesion_meets_the_trial_that_it_was_fitted_to() -> None:
    published = figure("IO081")
    share, interval = STOPPED[28][3], proportion_interval(int(published.value), published.n or 0)
    assert share.middle_low / 100 in interval
    assert share.middle_high / 100 in interval
    assert STOPPED[8][3].high < 5
    answer = answered().named("last-dose").answer
    assert f"{published.value} of {published.n}" in answer
    assert STOPPED[28][3].text in answer


def test_the_week_of_half_entry_lies_where_the_table_crosses_half() -> None:
    half = weeks_until_half(simulated().stopped)
    assert STOPPED[8][2].middle_low < 50 < STOPPED[12][2].middle_high
    assert 8 < half.middle_low <= half.middle_high < 12
    assert half.text in answered().named("last-dose").answer


def test_late_and_missed_doses_are_ordered_and_the_usual_one_is_the_trough() -> None:
    order = [
        NEXT[words]
        for words in ("as planned", "one week late", "two weeks late", "missed: the next one after 8 weeks")
    ]
    for one, other in pairwise(order):
        assert one[0].middle_low > other[0].middle_low
        assert one[1].middle_low < other[1].middle_low
        assert one[3].middle_low <= other[3].middle_low
    # the lowest level after a dose that comes two weeks late is that of the sixth week
    assert order[2][0].middle_low == pytest.approx(STOPPED[6][0].middle_low, rel=1e-6)
    assert order[0][0].middle_low == pytest.approx(STOPPED[4][0].middle_low, rel=0.02)


def test_every_scenario_stands_in_the_table() -> None:
    assert list(NEXT) == [each.words for each in scenarios()]
    under, planned = NEXT["given under the skin once"], NEXT["as planned"]
    assert 0.8 * planned[0].middle_low < under[0].middle_low < planned[0].middle_low


def test_the_half_saturation_of_the_study_of_exchange_is_below_that_of_every_curve() -> None:
    level = float(figure("P154").value)
    assert all(load_curve(name).saturation(level) < 0.5 for name in curve_names())
