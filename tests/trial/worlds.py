"""Protocols and truths that tests of virtual trials share."""

from __future__ import annotations

from typing import Any

from wearoff.trial.protocol import Arm, Protocol, Schedule

FOUR, SIX = Arm(name="four", size=20), Arm(name="six", size=20, weeks=6.0)


def study(*arms: Arm, weeks: int = 52, **others: Any) -> Protocol:
    """A protocol with nothing to analyse; two arms of 20 by default."""
    schedule = others.pop("schedule", Schedule(followup_weeks=weeks))
    return Protocol(
        name="test",
        title="A test",
        question="Does it hold?",
        arm=arms or (FOUR, SIX),
        schedule=schedule,
        endpoint=(),
        analysis=(),
        **others,
    )
