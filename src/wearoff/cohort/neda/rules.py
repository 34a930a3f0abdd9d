"""The named rules of disease activity: every setting has a name, a value and a sentence.

"NEDA" without its rule is not a number that can be compared: a step rule, the confirmation and what closes a
year move it by several points. A rule is therefore a frozen value read from `rules.toml`, and `describe()`
writes the paragraph that belongs into the methods. A NEDA rule holds a rule of confirmed change, and that
one a step rule, a rule of what counts as a relapse, and a definition of RAW and PIRA.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeVar

import numpy as np
from jaxtyping import Float

from wearoff.cohort.neda import methods
from wearoff.errors import UnknownNameError

HALF_POINT_TOLERANCE = 1e-9
Direction = Literal[1, -1]
"""1: worsening (a higher EDSS), -1: improvement."""
Baseline = Literal["fixed", "roving", "roving_improvement", "roving_worsening"]
Label = Literal["RAW", "PIRA", "undefined", "unknown"]
COMPONENTS = ("relapse", "worsening", "mri", "brain_volume")

CHOICES: dict[str, tuple[str, ...]] = {
    "baseline": ("fixed", "roving", "roving_improvement", "roving_worsening"),
    "reference": ("onset", "confirmation", "lowest_between"),
    "sub_threshold": ("none", "improvement", "worsening", "both"),
    "counts": ("worsening", "improvement", "both"),
    "occurrence": ("first", "every"),
    "counted_label": ("any", "RAW", "PIRA"),
}

WHICH_CHANGES = {"counts", "occurrence", "counted_label"}
"""Settings of a worsening rule that a NEDA rule does not have: there every worsening counts, RAW or PIRA."""


@dataclass(frozen=True, slots=True)
class StepRule:
    """How many EDSS points count as a change, by the level that they start from.

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
        """The points that count as a change from each baseline (EDSS points, same shape)."""
        level = np.asarray(baseline, dtype=float)
        above = np.where(level <= self.low_up_to + HALF_POINT_TOLERANCE, self.low, self.high)
        return np.where(level < HALF_POINT_TOLERANCE, self.from_zero, above)

    def is_worse(self, edss: Float[np.ndarray, "*shape"], baseline: float) -> np.ndarray:
        """Whether each EDSS lies at least one step above the baseline."""
        return np.asarray(edss >= baseline + self.step(baseline) - HALF_POINT_TOLERANCE)


@dataclass(frozen=True, slots=True)
class RelapseRule:
    """What counts as a relapse, from what was reported; `rules.toml` says what each value means."""

    name: str
    description: str
    fever: Literal["excludes", "ignored"]
    objective_sign: Literal["unless_denied", "required", "ignored"]
    min_hours: float
    merge_days: int
    guarded_by: Literal["report", "relapse"]
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class LabelRule:
    """When a confirmed worsening is independent of relapses: windows in which none may begin.

    Attributes:
        name: name in `rules.toml`.
        description: the windows in one phrase.
        before_event: days before onset, or since the `reference` visit, or since the `previous_visit`.
        after_event: days after onset, or up to the `confirmation`.
        before_confirmation: days before the confirming visit, None for no window there.
        after_confirmation: days after it, None for none.
        confirmation_weeks: what the authors ask of the worsening.
        baseline: what they say of its baseline.
        source: who.
        mark: how well that is known.
        doi: where, None where no identifier was read.
    """

    name: str
    description: str
    before_event: int | Literal["reference", "previous_visit"]
    after_event: int | Literal["confirmation"]
    confirmation_weeks: int
    baseline: str
    source: str
    mark: str
    before_confirmation: int | None = None
    after_confirmation: int | None = None
    doi: str | None = None


@dataclass(frozen=True, slots=True)
class WorseningRule:
    """A complete rule for confirmed change of the EDSS; the settings are explained in `rules.toml`.

    Attributes that end in `_days` and have two numbers are guards: days after a relapse, days before one.
    """

    name: str
    description: str
    step: StepRule
    confirmation_weeks: tuple[int, ...]
    confirmation_early_days: float
    confirmation_late_days: float
    must_hold_between: bool
    sustained_days: float
    baseline: Baseline
    reference: Literal["onset", "confirmation", "lowest_between"]
    sub_threshold: Literal["none", "improvement", "worsening", "both"]
    rebaseline_after_relapse: bool
    relapse_to_baseline_days: tuple[int, int]
    relapse_to_event_days: tuple[int, int]
    relapse_to_confirmation_days: tuple[int, int]
    scheduled_only: bool
    impute_last_visit: bool
    counts: Literal["worsening", "improvement", "both"]
    occurrence: Literal["first", "every"]
    counted_label: Literal["any", "RAW", "PIRA"]
    label: LabelRule
    raw_before_days: int
    raw_after_days: int
    relapses: RelapseRule
    baseline_early_days: int
    baseline_late_days: int

    @property
    def confirmation_days(self) -> tuple[int, ...]:
        """The days between onset and confirming visit, before the tolerances, shortest first."""
        return tuple(7 * weeks for weeks in self.confirmation_weeks)

    @property
    def baseline_moves(self) -> tuple[Direction, ...]:
        """The directions of confirmed change after which the baseline moves."""
        moves: dict[str, tuple[Direction, ...]] = {
            "fixed": (),
            "roving": (1, -1),
            "roving_improvement": (-1,),
            "roving_worsening": (1,),
        }
        return moves[self.baseline]

    @property
    def counted(self) -> tuple[Direction, ...]:
        """The directions of change that the rule reports."""
        counted: dict[str, tuple[Direction, ...]] = {
            "worsening": (1,),
            "improvement": (-1,),
            "both": (1, -1),
        }
        return counted[self.counts]

    @property
    def sub_threshold_moves(self) -> tuple[Direction, ...]:
        """The directions of smaller confirmed change after which the baseline moves."""
        allowed = {"none": (), "improvement": (-1,), "worsening": (1,), "both": (1, -1)}[self.sub_threshold]
        return tuple(direction for direction in self.baseline_moves if direction in allowed)

    def with_settings(self, **settings: Any) -> WorseningRule:
        """The same rule with other settings; its name then says which (`cdw_12w[sustained_days=168]`).

        Raises:
            UnknownNameError: a setting, or a name given for one, does not exist.
        """
        return _with_settings(self, settings)

    def describe(self) -> str:
        """The methods paragraph of this rule."""
        return methods.worsening_paragraph(self)


@dataclass(frozen=True, slots=True)
class NedaRule:
    """A complete rule for no evidence of disease activity.

    Days are counted from the start of follow-up (day 0); attribute names say the rest, and `describe()`
    says it in sentences. Settings of `worsening` can be changed through `with_settings` as well, but not which
    changes count: every confirmed worsening does.
    """

    name: str
    description: str
    worsening: WorseningRule
    components: tuple[str, ...]
    closes_early_days: int
    closes_late_days: int
    rebaseline_day: int
    mri_rebaseline_day: int
    brain_volume_loss_pct_per_year: float

    @property
    def relapses(self) -> RelapseRule:
        """What counts as a relapse."""
        return self.worsening.relapses

    @property
    def mri_start_day(self) -> int:
        """The day from which MRI counts."""
        return max(self.rebaseline_day, self.mri_rebaseline_day)

    def with_settings(self, **settings: Any) -> NedaRule:
        """The same rule with other settings; its name then says which (`neda3_12w[closes_late_days=30]`).

        Raises:
            UnknownNameError: a setting, or a name given for one, does not exist.
        """
        own = {field.name for field in fields(NedaRule)} - {"name", "description", "worsening"}
        inner = {key: value for key, value in settings.items() if key not in own}
        known = own | (_settings_of(WorseningRule) - WHICH_CHANGES)
        for setting in inner:
            if setting not in known:
                raise UnknownNameError("setting of a NEDA rule", setting, known)
        changed = _with_settings(self, {key: value for key, value in settings.items() if key in own})
        worsening = _with_settings(replace(self.worsening, name=changed.name), inner)
        return replace(changed, name=worsening.name, worsening=worsening)

    def describe(self) -> str:
        """The methods paragraph of this rule."""
        return methods.neda_paragraph(self)


# Reading the file


@cache
def _rules_file() -> dict[str, Any]:
    text = resources.files("wearoff.cohort.neda").joinpath("rules.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def step_rule_names() -> tuple[str, ...]:
    """The names of the EDSS step rules."""
    return tuple(_rules_file()["step"])


def relapse_rule_names() -> tuple[str, ...]:
    """The names of the rules of what counts as a relapse."""
    return tuple(_rules_file()["relapse"])


def label_rule_names() -> tuple[str, ...]:
    """The names of the definitions of PIRA."""
    return tuple(_rules_file()["label"])


def worsening_rule_names() -> tuple[str, ...]:
    """The names of the rules of confirmed change."""
    return tuple(_rules_file()["worsening"])


def rule_names() -> tuple[str, ...]:
    """The names of the NEDA rules."""
    return tuple(_rules_file()["neda"])


def _table(kind: str, what: str, name: str) -> dict[str, Any]:
    tables = _rules_file()[kind]
    if name not in tables:
        raise UnknownNameError(what, name, tables)
    return dict(tables[name])


def load_step_rule(name: str) -> StepRule:
    """The EDSS step rule of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    return StepRule(name=name, **_table("step", "EDSS step rule", name))


def load_relapse_rule(name: str) -> RelapseRule:
    """The rule of what counts as a relapse of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    return RelapseRule(name=name, **_table("relapse", "relapse rule", name))


def load_label_rule(name: str) -> LabelRule:
    """The definition of PIRA of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    return LabelRule(name=name, **_table("label", "definition of PIRA", name))


def load_worsening_rule(name: str) -> WorseningRule:
    """The rule of confirmed change of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    return _worsening_rule(name, _table("worsening", "rule of confirmed worsening", name))


def load_rule(name: str) -> NedaRule:
    """The NEDA rule of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    given = _table("neda", "NEDA rule", name)
    base = _table("worsening", "rule of confirmed worsening", given.pop("worsening"))
    own = {field.name for field in fields(NedaRule)}
    inner = {key: value for key, value in given.items() if key not in own}
    settings = _rules_file()["defaults"]["neda"] | {k: v for k, v in given.items() if k in own}
    worsening = _worsening_rule(name, base | inner)
    return NedaRule(
        name=name, worsening=worsening, **{key: _value(key, value) for key, value in settings.items()}
    )


def _worsening_rule(name: str, given: Mapping[str, Any]) -> WorseningRule:
    settings = _rules_file()["defaults"]["worsening"] | given
    return WorseningRule(name=name, **{key: _value(key, value) for key, value in settings.items()})


# Settings

_Rule = TypeVar("_Rule", WorseningRule, NedaRule)


def _settings_of(kind: type) -> set[str]:
    return {field.name for field in fields(kind)} - {"name", "description"}


def _with_settings(rule: _Rule, settings: Mapping[str, Any]) -> _Rule:
    known = _settings_of(type(rule))
    for setting in settings:
        if setting not in known:
            raise UnknownNameError("setting of a rule", setting, known)
    new = {key: _value(key, value) for key, value in settings.items()}
    changed = {key: value for key, value in new.items() if value != getattr(rule, key)}
    if not changed:
        return rule
    suffix = ", ".join(f"{key}={_shown(value)}" for key, value in sorted(changed.items()))
    name = f"{rule.name[:-1]}, {suffix}]" if rule.name.endswith("]") else f"{rule.name}[{suffix}]"
    return replace(rule, name=name, **changed)


def _value(key: str, value: Any) -> Any:
    """A setting as the rule holds it: names become what they name, lists become tuples."""
    loaders = {"step": load_step_rule, "label": load_label_rule, "relapses": load_relapse_rule}
    if key in loaders:
        return loaders[key](value) if isinstance(value, str) else value
    if key in CHOICES and value not in CHOICES[key]:
        raise UnknownNameError(f"choice for {key}", str(value), CHOICES[key])
    if key == "components":
        for part in value:
            if part not in COMPONENTS:
                raise UnknownNameError("component of NEDA", str(part), COMPONENTS)
        return tuple(part for part in COMPONENTS if part in value)
    if key == "confirmation_weeks":
        return tuple(sorted(value)) if isinstance(value, (list, tuple)) else (int(value),)
    if key.startswith("relapse_to_"):
        return tuple(value) if isinstance(value, (list, tuple)) else (int(value), 0)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "/".join(map(str, value))
    return str(getattr(value, "name", value))
