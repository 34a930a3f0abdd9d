"""The published figures of personal dosing, taken from their recomputation."""

from __future__ import annotations

from collections.abc import Mapping

from wearoff.dosing.published_dosing import Estimate
from wearoff.dosing.scoreboard.simulations import Simulations


def policy_figure(simulations: Simulations, settings: Mapping[str, float | str]) -> Estimate:
    """One recomputed figure of a policy.

    Settings: `row`, the row of the evidence table; `reading`, between what an error is taken, where that is open.

    Raises:
        ValueError: the recomputation has no such figure.
    """
    row, reading = settings["row"], settings.get("reading")
    for compared in simulations.policies.compared:
        if compared.id == row and compared.reading == reading:
            return compared.simulated
    raise ValueError(f"the policies have no figure {row} under the reading {reading}")
