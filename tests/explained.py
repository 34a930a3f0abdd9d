"""The answered questions, computed once for every room that looks at them."""

from __future__ import annotations

from functools import cache

from wearoff.cohort.explained.explain import explain
from wearoff.cohort.explained.simulated import Simulated
from wearoff.cohort.explained.values import Explained
from wearoff.dosing.pk.models import load_model

WEIGHT_KG, DRAWS, SEED = 75.0, 120, 0


@cache
def answered() -> Explained:
    """Every question, with few draws."""
    return explain(weight_kg=WEIGHT_KG, draws=DRAWS, seed=SEED)


@cache
def simulated() -> Simulated:
    """What they were computed from."""
    return Simulated(load_model(), WEIGHT_KG, DRAWS, SEED)


def every_text() -> str:
    """Every word of every answer on one line."""
    parts: list[str] = []
    for each in answered().explanations:
        parts += [each.question, each.answer, *each.paragraphs, *each.limits]
        parts += [item for title, items in each.lists for item in (title, *items)]
        for grid in each.grids:
            parts += [grid.title, *grid.headings, grid.note, *(text for row in grid.cells for text in row)]
    return " ".join(" ".join(parts).split())
