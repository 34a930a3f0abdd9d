"""What changes a level and is part of no published model, read from `modifiers.toml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from wearoff.dosing.figures import Figure, Strict, read_figures


class _Modifiers(Strict):
    exchange_share: Figure


@cache
def exchange_share() -> Figure:
    """The share of the drug in the central compartment that one session of plasma exchange removes, assumed."""
    return read_figures(_Modifiers, files("wearoff.dosing") / "modifiers.toml").exchange_share
