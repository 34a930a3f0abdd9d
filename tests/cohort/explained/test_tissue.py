"""The numbers of the questions on tissue are those of the cycle, computed again here."""

from __future__ import annotations

import pytest

from tests.explained import DRAWS, SEED, WEIGHT_KG, answered
from wearoff.cohort.explained.tissue import BRAIN, NO_CSF, NO_OUTCOME, NO_RISK
from wearoff.cohort.explained.values import Ranged
from wearoff.dosing.cycle import TissueCycle, tissue_cycle
from wearoff.dosing.pk.models import load_model
from wearoff.sources import figure


def cycle(weeks: float, inflammation: float = 0.0) -> TissueCycle:
    return tissue_cycle(load_model(), WEIGHT_KG, weeks, inflammation=inflammation, draws=DRAWS, seed=SEED)


def test_entry_and_csf_of_every_subset_are_those_of_the_two_cycles() -> None:
    four, six = cycle(4.0), cycle(6.0)
    rows = dict(answered().named("six-weeks").grids[0].rows)
    assert set(rows) == set(BRAIN.values())
    for route, words in BRAIN.items():
        assert rows[words] == tuple(
            Ranged.of(found, -1)
            for found in (four.entry[route], six.entry[route], four.csf[route], six.csf[route])
        )
        # longer never means less
        assert rows[words][0].middle_low <= rows[words][1].middle_low


def test_the_lung_is_that_of_inflamed_tissue_and_keeps_four_fifths_of_its_entry() -> None:
    four = cycle(4.0, 1.0)
    rows = dict(answered().named("inflamed-lung").grids[0].rows)
    lung = rows["effector CD8 cells, lung"]
    assert lung[0] == Ranged.of(four.entry["lung_cd8"], 0)
    assert lung[0].low >= 80
    assert rows["CD4 cells, brain"][0].high < lung[0].low


def test_the_rise_over_a_cycle_has_direction_and_size() -> None:
    rise = cycle(6.0).rise["cns_cd4"]
    found = answered().named("after-infusion")
    shown = dict(found.grids[0].rows)["CD4 cells, brain"][1]
    assert (shown.low, shown.high) == (rise.low, rise.high)
    assert shown.text in found.answer
    assert "The block is deepest at the end of the infusion: the fewest cells enter then" in found.answer
    assert min(each.rise["cns_cd4"].share_rising for each in (cycle(4.0), cycle(6.0))) == pytest.approx(1)
    assert "in every draw and under every curve" in found.answer


def test_what_has_not_been_compared_or_shown_is_said() -> None:
    assert NO_CSF in answered().named("six-weeks").limits
    for name in ("after-infusion", "six-weeks"):
        assert NO_RISK in answered().named(name).limits
    assert NO_OUTCOME in answered().named("after-infusion").answer
    share = figure("W102").value
    assert any(share in limit for limit in answered().named("six-weeks").limits)
