"""One settled cycle: it closes, it rises, and it is the cycle of the levels that the solver gives."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from wearoff.dosing.cycle import TissueCycle, tissue_cycle
from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.trafficking import trafficking_file


@cache
def cycle(weeks: float, inflammation: float = 0.0, weight: float = 75.0) -> TissueCycle:
    return tissue_cycle(load_model(), weight, weeks, inflammation=inflammation, draws=200, seed=1)


@pytest.mark.parametrize("weeks", [4.0, 6.0])
def test_a_settled_cycle_begins_at_the_end_of_the_infusion_and_ends_before_the_next(weeks: float) -> None:
    found = cycle(weeks)
    assert found.day[0] == pytest.approx(1 / 24)
    assert found.day[-1] == pytest.approx(7 * weeks)
    assert found.level["p50"][0] == found.level["p50"].max()
    assert found.level["p50"][-1] == found.level["p50"].min()


def test_what_was_there_before_the_infusion_is_there_again_before_the_next() -> None:
    # cells of the fluid change by next to nothing within the hour of the infusion
    for values in cycle(4.0).csf.values():
        for name in ("p25", "p50_low", "p50_high", "p75"):
            assert values[name][0] == pytest.approx(values[name][-1], rel=0.01)


@pytest.mark.parametrize("route", tuple(trafficking_file().routes))
def test_entry_is_lowest_after_the_infusion_and_highest_before_the_next_in_every_draw(route: str) -> None:
    for weeks in (4.0, 6.0):
        rise = cycle(weeks).rise[route]
        assert rise.share_rising == 1.0
        assert 0 <= rise.low <= rise.middle_low <= rise.middle_high <= rise.high <= 100
        assert set(rise.by_curve) == set(curve_names())
        assert (rise.middle_low, rise.middle_high) == (
            min(rise.by_curve.values()),
            max(rise.by_curve.values()),
        )
    assert cycle(6.0).rise[route].middle_high > cycle(4.0).rise[route].middle_high
    for name in ("p05", "p50_low", "p50_high", "p95"):
        assert (np.diff(cycle(6.0).entry[route][name]) >= -1e-12).all()


def test_inflamed_tissue_lets_more_in_and_has_less_left_to_rise() -> None:
    quiet, inflamed = cycle(6.0), cycle(6.0, 1.0)
    for route in quiet.entry:
        assert (inflamed.entry[route]["p50_low"] >= quiet.entry[route]["p50_low"] - 1e-12).all()
        assert inflamed.rise[route].middle_high <= quiet.rise[route].middle_high + 1e-12


def test_a_heavier_person_has_more_free_integrin_at_the_end() -> None:
    assert cycle(6.0, weight=110.0).free["p50_low"][-1] > cycle(6.0).free["p50_low"][-1]


def test_the_result_says_what_it_was_made_of() -> None:
    found = cycle(4.0)
    assert found.provenance["seed"] == "1"
    assert found.provenance["draws"] == "200"
    assert len(found.provenance["trafficking_digest"]) == 64


@pytest.mark.parametrize("weeks", [0.0, 0.2, 27.0])
def test_an_interval_that_nobody_gives_is_refused(weeks: float) -> None:
    with pytest.raises(ValueError, match="between half a week and 26"):
        tissue_cycle(load_model(), 75.0, weeks)
