"""A figure of a policy is the one of the recomputation, and none is made up."""

from __future__ import annotations

import pytest

from wearoff.dosing.pk.models import load_model
from wearoff.dosing.published_dosing import PUBLISHED, is_near
from wearoff.dosing.scoreboard.entries import entries
from wearoff.dosing.scoreboard.policies import policy_figure
from wearoff.dosing.scoreboard.simulations import Simulations

SIMULATIONS = Simulations(load_model(), 2, 40, 1)
ENTRIES = [entry for entry in entries() if entry.computation == "policy_figure"]


def test_every_published_figure_of_a_policy_is_on_the_scoreboard() -> None:
    assert sorted(entry.settings["row"] for entry in ENTRIES) == sorted(PUBLISHED.values())
    assert all(entry.evidence == (entry.settings["row"],) for entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_figure_and_its_band_are_those_of_the_recomputation(entry) -> None:
    (what,) = (key[2] for key, row in PUBLISHED.items() if row == entry.evidence[0])
    found = policy_figure(SIMULATIONS, entry.settings)
    compared = [each for each in SIMULATIONS.policies.compared if each.id == entry.evidence[0]]
    assert any(each.simulated == found for each in compared)
    low, high = entry.accepted
    for value in (low + 1e-9, high - 1e-9):
        assert is_near(what, entry.number, value)
    for value in (low - 1e-6, high + 1e-6):
        assert not is_near(what, entry.number, value)


def test_a_figure_that_was_not_recomputed_is_refused() -> None:
    with pytest.raises(ValueError, match="no figure P013 under the reading None"):
        policy_figure(SIMULATIONS, {"row": "P013"})
