"""Confirmed disability worsening in one patient's EDSS history.

A worsening starts at the first visit at least one step above the baseline. It is *confirmed* by a visit far
enough later that still holds the step, *refuted* by a visit before that which does not hold (when every visit
in between must hold), and *unconfirmed* when the record ends first. After a confirmed worsening the lowest
level held from onset to confirmation is the next baseline; the search goes on behind the confirming visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from wearoff.cohort.neda.rules import StepRule


@dataclass(frozen=True, slots=True)
class Worsening:
    """One worsening: when it was first seen, from which level, and whether it held.

    Attributes:
        onset_day: day of the first visit above the step.
        baseline_edss: the level it is measured from.
        onset_edss: the level seen at onset.
        status: `confirmed`, or `unconfirmed` when the record ends before it could be confirmed or refuted.
        confirmed_day: day of the confirming visit, None when unconfirmed.
    """

    onset_day: int
    baseline_edss: float
    onset_edss: float
    status: Literal["confirmed", "unconfirmed"]
    confirmed_day: int | None


def find_worsenings(
    days: Int[np.ndarray, "visits"],
    edss: Float[np.ndarray, "visits"],
    *,
    step: StepRule,
    confirmation_days: int,
    must_hold_between: bool = True,
) -> tuple[Worsening, ...]:
    """Every worsening after the first visit given, which is the baseline, in order of onset.

    Args:
        days: days of the visits, strictly increasing, shape [visits].
        edss: EDSS at each, without gaps, shape [visits].
        step: how many points count.
        confirmation_days: a visit this many days after onset, or later, can confirm.
        must_hold_between: whether each visit between onset and confirmation must hold the step.

    Returns:
        The confirmed worsenings, and last at most one that could not be confirmed or refuted.
    """
    found: list[Worsening] = []
    baseline, at = 0, 1
    level = float(edss[0]) if len(edss) else 0.0
    while at < len(days):
        holds = step.is_worse(edss, level)
        onset = next((i for i in range(at, len(days)) if holds[i]), None)
        if onset is None:
            break
        confirming = _confirming_visit(days, holds, onset, confirmation_days, must_hold_between)
        if confirming is None:
            if not _could_still_hold(holds, onset, must_hold_between):
                at = onset + 1
                continue
            found.append(Worsening(int(days[onset]), level, float(edss[onset]), "unconfirmed", None))
            break
        found.append(
            Worsening(int(days[onset]), level, float(edss[onset]), "confirmed", int(days[confirming]))
        )
        held = edss[onset : confirming + 1]
        level = float(np.min(held[step.is_worse(held, level)]))
        baseline = confirming
        at = baseline + 1
    return tuple(found)


def _confirming_visit(
    days: Int[np.ndarray, "visits"],
    holds: np.ndarray,
    onset: int,
    confirmation_days: int,
    must_hold_between: bool,
) -> int | None:
    """The first visit late enough that holds, with no visit in between that falls (if that matters)."""
    for visit in range(onset + 1, len(days)):
        if must_hold_between and not holds[visit]:
            return None
        if holds[visit] and days[visit] - days[onset] >= confirmation_days:
            return visit
    return None


def _could_still_hold(holds: np.ndarray, onset: int, must_hold_between: bool) -> bool:
    """Whether a further visit could have confirmed: no visit since onset has refuted it."""
    after = holds[onset + 1 :]
    return bool(after.all()) if must_hold_between else bool(holds[-1])
