from __future__ import annotations

from dataclasses import replace

import pytest

from wearoff.trial.power import PowerChoices, Simulated, plan
from wearoff.trial.power.intervals import MARGIN
from wearoff.trial.power.side_by_side import (
    Compared,
    behaviour,
    compare,
    side_by_side,
    studies_drawn,
    without_effect,
)

ONE = Compared(
    "log-rank", 500, "Schoenfeld", 0.8, None, Simulated(790, 0, 1000), Simulated(40, 0, 1000), 0.95
)


def test_a_formula_agrees_that_lies_within_two_monte_carlo_errors() -> None:
    assert ONE.agrees is True
    assert replace(ONE, simulated=Simulated(760, 0, 1000)).agrees is False
    assert replace(ONE, closed_form=None).agrees is None


def test_a_study_that_has_the_power_needs_as_many_as_it_has() -> None:
    size = replace(ONE, simulated=Simulated(800, 0, 1000)).needed_by_simulation(0.8)
    assert size is not None
    assert size[0] == 500
    assert size[1] < 500 < size[2]


def test_less_power_than_wanted_asks_for_more_and_more_power_for_fewer() -> None:
    short = replace(ONE, simulated=Simulated(700, 0, 1000)).needed_by_simulation(0.8)
    ample = replace(ONE, simulated=Simulated(900, 0, 1000)).needed_by_simulation(0.8)
    assert short is not None
    assert ample is not None
    assert short[0] > 500 > ample[0]
    assert replace(ONE, simulated=Simulated(1000, 0, 1000)).needed_by_simulation(0.8) is None


@pytest.mark.parametrize("name", ["wearing_off_activity", "occupancy_wearing_off", "sid_eid"])
def test_every_analysis_is_compared_and_every_study_reported(name: str) -> None:
    mine = plan(PowerChoices(name, replicates=6))
    told: list[tuple[int, int]] = []
    found = compare(mine, lambda done, of: told.append((done, of)))
    assert tuple(one.test for one in found) == mine.design.tests
    assert told[-1] == (studies_drawn(mine), studies_drawn(mine))
    assert [done for done, _ in told] == list(range(1, studies_drawn(mine) + 1))
    powers, honest = side_by_side(found).frame, behaviour(found).frame
    assert powers.height == honest.height == len(found)
    assert powers.get_column("replicates").to_list() == [6] * len(found)
    assert honest.get_column("replicates_without").to_list() == [3] * len(found)


def test_nothing_to_find_is_a_ratio_of_one_or_a_truth_at_the_margin() -> None:
    for name in ("wearing_off_activity", "occupancy_wearing_off"):
        assert without_effect(plan(PowerChoices(name)).design).ratio == 1.0
    trial = without_effect(plan(PowerChoices("sid_eid")).design)
    assert trial.closed_form(MARGIN) is None
    assert trial.exact(MARGIN) == pytest.approx(0.05, abs=0.01)


def test_the_level_of_the_margin_is_that_of_its_interval() -> None:
    mine = plan(PowerChoices("sid_eid", replicates=2))
    levels = {one.test: one.level for one in compare(mine)}
    assert levels[MARGIN] == pytest.approx(0.9)
    assert set(levels.values()) == {levels[MARGIN], 0.95}
