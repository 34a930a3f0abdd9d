"""The named rules of disease activity: every setting has a name, a value and a sentence.

"NEDA" without its rule is not a number that can be compared: a step rule, the confirmation and what closes a
year move it by several points. A rule is therefore a frozen value read from `rules.toml`, and `describe()`
writes the paragraph that belongs into the methods.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from jaxtyping import Float

from wearoff.errors import UnknownNameError

HALF_POINT_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class StepRule:
    """How many EDSS points count as worsening, by the level that they start from.

    Attributes:
        name: name in `rules.toml`.
        description: the rule in one phrase.
        from_zero: points needed from EDSS 0.
        low: points needed from 1.0 up to and including `low_up_to`.
        low_up_to: the last level where `low` applies.
        high: points needed above it.
        source: who used it.
        mark: how well that is known.
    """

    name: str
    description: str
    from_zero: float
    low: float
    low_up_to: float
    high: float
    source: str
    mark: str

    def step(self, baseline: Float[np.ndarray, "*shape"] | float) -> Float[np.ndarray, "*shape"]:
        """The points that count as worsening from each baseline (EDSS points, same shape)."""
        level = np.asarray(baseline, dtype=float)
        above = np.where(level <= self.low_up_to + HALF_POINT_TOLERANCE, self.low, self.high)
        return np.where(level < HALF_POINT_TOLERANCE, self.from_zero, above)

    def is_worse(self, edss: Float[np.ndarray, "*shape"], baseline: float) -> np.ndarray:
        """Whether each EDSS lies at least one step above the baseline."""
        return np.asarray(edss >= baseline + self.step(baseline) - HALF_POINT_TOLERANCE)


@dataclass(frozen=True, slots=True)
class NedaRule:
    """A complete rule for no evidence of disease activity (relapse, worsening, MRI).

    Days are counted from the start of follow-up (day 0); attribute names say the rest, and `describe()`
    says it in sentences.
    """

    name: str
    description: str
    step: StepRule
    confirmation_weeks: int
    must_hold_between: bool
    confirmation_tolerance_days: int
    days_after_relapse_for_baseline: int
    closes_early_days: int
    closes_late_days: int
    baseline_early_days: int
    baseline_late_days: int
    relapse_min_hours: float
    mri_rebaseline_day: int

    @property
    def confirmation_days(self) -> int:
        """The days between onset and confirming visit, before the tolerance."""
        return 7 * self.confirmation_weeks

    def with_settings(self, **settings: Any) -> NedaRule:
        """The same rule with other settings; its name then says which (`neda3_12w[closes_late_days=30]`).

        Raises:
            UnknownNameError: a setting does not exist.
        """
        known = {field.name for field in fields(self)} - {"name", "description", "step"}
        for setting in settings:
            if setting not in known:
                raise UnknownNameError("setting of a NEDA rule", setting, known)
        changed = {key: value for key, value in settings.items() if value != getattr(self, key)}
        if not changed:
            return self
        suffix = ", ".join(f"{key}={value}" for key, value in sorted(changed.items()))
        return replace(self, name=f"{self.name}[{suffix}]", **changed)

    def describe(self) -> str:
        """The methods paragraph of this rule."""
        between = (
            "every visit in between had to hold it"
            if self.must_hold_between
            else "visits in between could fall below it"
        )
        early = (
            f" (a confirming visit up to {self.confirmation_tolerance_days} days early was accepted)"
            if self.confirmation_tolerance_days
            else ""
        )
        rebaseline = (
            f" Activity counts from day {self.mri_rebaseline_day} on (re-baselining)."
            if self.mri_rebaseline_day
            else ""
        )
        return (
            f"Rule {self.name}: no evidence of disease activity means no relapse, no confirmed "
            f"disability worsening and no MRI activity. Worsening is an EDSS rise of "
            f"{self.step.description} (step rule {self.step.name}; {self.step.source}), held at a visit at least "
            f"{self.confirmation_days} days ({self.confirmation_weeks} weeks) later{early}; {between}. The "
            f"baseline is fixed: the last visit from {self.baseline_early_days} days before to the start of "
            f"follow-up, else the first up to {self.baseline_late_days} days after it, and not within "
            f"{self.days_after_relapse_for_baseline} days after a relapse onset; after a confirmed worsening "
            "the confirmed level is the next baseline. A worsening first seen too late to be confirmed or "
            "refuted is unknown, never dropped. MRI activity is any new or enlarging T2 lesion or any "
            "gadolinium-enhancing lesion; a scan without gadolinium is judged on T2. A relapse is a reported "
            f"relapse unless fever or infection is recorded, an objective sign is denied, or it lasted under "
            f"{self.relapse_min_hours:g} hours. A window is closed by a visit and a scan from "
            f"{self.closes_early_days} days before to {self.closes_late_days} days after its end. Each "
            "component is active, none or unknown: any active component makes the patient active; otherwise "
            f"any unknown component makes the patient not evaluable.{rebaseline}"
        )


@cache
def _rules_file() -> dict[str, Any]:
    text = resources.files("wearoff.cohort.neda").joinpath("rules.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def step_rule_names() -> tuple[str, ...]:
    """The names of the EDSS step rules."""
    return tuple(_rules_file()["step"])


def load_step_rule(name: str) -> StepRule:
    """The EDSS step rule of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    steps = _rules_file()["step"]
    if name not in steps:
        raise UnknownNameError("EDSS step rule", name, steps)
    return StepRule(name=name, **steps[name])


def rule_names() -> tuple[str, ...]:
    """The names of the NEDA rules."""
    return tuple(_rules_file()["neda"])


def load_rule(name: str) -> NedaRule:
    """The NEDA rule of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    file = _rules_file()
    if name not in file["neda"]:
        raise UnknownNameError("NEDA rule", name, file["neda"])
    settings = file["defaults"] | file["neda"][name]
    return NedaRule(name=name, **settings | {"step": load_step_rule(settings["step"])})
