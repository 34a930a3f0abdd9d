"""Named rules that arrive at a dosing interval from what has been measured, for comparison and for virtual trials.

A policy takes what is known of many patients and says for each which interval the rule arrives at, and why, in words
for a log of decisions. It is a description of what somebody published, with the source of every setting in
`policies.toml`; it is advice to nobody. No aim is preset. Importing this loads no JAX.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

import numpy as np
from pydantic import model_validator

from wearoff.dosing.figures import Figure, Strict, read_figures
from wearoff.errors import UnknownNameError
from wearoff.sources import Source

if TYPE_CHECKING:
    from jaxtyping import Float, Int8

_ROUNDING = 1e-9  # weeks


class PredictedTroughs(Protocol):
    """What is predicted of each patient's settled trough; `wearoff.dosing.settled` makes one."""

    def settled(self, interval_weeks: Float[np.ndarray, " patients"]) -> Float[np.ndarray, " patients"]:
        """The trough, mg/L, that each patient settles to at his interval, weeks; it falls as that grows."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of many patients when a policy decides.

    Attributes:
        interval_weeks: the interval that each is treated at now, weeks.
        trough: measured troughs, mg/L, the latest last; NaN where one was not measured.
        predicted: settled troughs predicted for each patient after his levels; None where no model was fitted.

    Raises:
        ValueError: an interval is not positive, a trough is negative, or the shapes do not fit each other.
    """

    interval_weeks: Float[np.ndarray, " patients"]
    trough: Float[np.ndarray, "patients measurements"]
    predicted: PredictedTroughs | None = None

    def __post_init__(self) -> None:
        interval = np.asarray(self.interval_weeks, dtype=float)
        trough = np.asarray(self.trough, dtype=float)
        if interval.ndim != 1 or trough.ndim != 2 or interval.size != trough.shape[0]:
            raise ValueError("there is one interval for each patient, and one row of troughs")
        if not (np.isfinite(interval).all() and (interval > 0).all()):
            raise ValueError("an interval is longer than 0 weeks")
        if (trough < 0).any() or np.isinf(trough).any():
            raise ValueError("a trough is not negative, and finite; NaN says that it was not measured")
        object.__setattr__(self, "interval_weeks", interval)
        object.__setattr__(self, "trough", trough)

    def latest(self, troughs: int) -> Float[np.ndarray, " patients"]:
        """The mean of each patient's latest troughs that were measured, mg/L; NaN where there is none.

        Args:
            troughs: how many of the latest columns count.
        """
        last = self.trough[:, max(self.trough.shape[1] - troughs, 0) :]
        is_measured = np.isfinite(last)
        number = is_measured.sum(axis=1)
        total = np.where(is_measured, last, 0.0).sum(axis=1)
        return np.where(number > 0, total / np.maximum(number, 1), np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """The interval that a policy arrives at for each patient, and why.

    Attributes:
        interval_weeks: weeks.
        level: the trough that decided, measured or predicted, mg/L; NaN where none did.
        why: index of each patient's reason.
        reasons: the reasons that the policy knows, `{level}` standing for the trough that decided.
    """

    interval_weeks: Float[np.ndarray, " patients"]
    level: Float[np.ndarray, " patients"]
    why: Int8[np.ndarray, " patients"]
    reasons: tuple[str, ...]

    def reason(self, patient: int) -> str:
        """The reason of one patient in words, by his index."""
        words = self.reasons[int(self.why[patient])]
        return words.format(level=f"{self.level[patient]:.3g} mg/L")


class Policy(Protocol):
    """A rule that arrives at an interval; what it may use is in `Known`."""

    @property
    def name(self) -> str:
        """The name of the rule in `policies.toml`."""
        ...

    def decide(self, known: Known) -> Decisions:
        """The interval that the rule arrives at for each patient."""
        ...


@dataclass(frozen=True, slots=True)
class FixedInterval:
    """The same interval for everyone.

    Attributes:
        weeks: the interval.

    Raises:
        ValueError: it is not longer than 0 weeks.
    """

    name: ClassVar[str] = "fixed"
    weeks: float

    def __post_init__(self) -> None:
        if not 0 < self.weeks < np.inf:
            raise ValueError("an interval is longer than 0 weeks")

    def decide(self, known: Known) -> Decisions:
        """The fixed interval, whatever was measured."""
        patients = known.interval_weeks.size
        reason = f"every {self.weeks:g} weeks, whatever is measured"
        nothing = np.full(patients, np.nan)
        return Decisions(np.full(patients, self.weeks), nothing, np.zeros(patients, dtype=np.int8), (reason,))


@dataclass(frozen=True, slots=True)
class TroughGuidedTree:
    """A step more for as long as the trough lies above a threshold.

    Attributes:
        threshold_mg_per_l: the trough above which the interval grows.
        step_weeks: by how much.
        longest_weeks: no interval becomes longer than this.
        troughs: how many of the latest troughs are averaged.

    Raises:
        ValueError: a setting is not positive.
    """

    name: ClassVar[str] = "trough_guided_tree"
    threshold_mg_per_l: float
    step_weeks: float
    longest_weeks: float
    troughs: int = 1

    def __post_init__(self) -> None:
        if not min(self.threshold_mg_per_l, self.step_weeks, self.longest_weeks, self.troughs) > 0:
            raise ValueError("threshold, step, longest interval and number of troughs are more than 0")

    def decide(self, known: Known) -> Decisions:
        """One decision: a step more above the threshold, else the interval stays."""
        level, now = known.latest(self.troughs), known.interval_weeks
        longer = now + self.step_weeks
        is_higher = level > self.threshold_mg_per_l
        has_room = longer <= self.longest_weeks + _ROUNDING
        line = f"{self.threshold_mg_per_l:g} mg/L"
        reasons = (
            "no trough was measured: the interval stays",
            f"a trough of {{level}} is not above {line}: the interval stays",
            f"a trough of {{level}} is above {line}: the rule goes {self.step_weeks:g} week further",
            f"a trough of {{level}} is above {line}, but the rule goes to {self.longest_weeks:g} weeks at most",
        )
        why = np.select([np.isnan(level), ~is_higher, has_room], [0, 1, 2], 3).astype(np.int8)
        return Decisions(np.where(is_higher & has_room, longer, now), level, why, reasons)


@dataclass(frozen=True, slots=True)
class ModelInformed:
    """The longest interval whose predicted settled trough keeps an aim.

    Attributes:
        aim_mg_per_l: the trough to be kept.
        step_d: distance of the intervals that are looked at, days.
        shortest_weeks: the first of them.
        longest_weeks: none is longer than this.

    Raises:
        ValueError: a setting is not positive, or the longest interval is below the shortest.
    """

    name: ClassVar[str] = "model_informed"
    aim_mg_per_l: float
    step_d: float
    shortest_weeks: float
    longest_weeks: float

    def __post_init__(self) -> None:
        if not min(self.aim_mg_per_l, self.step_d, self.shortest_weeks) > 0:
            raise ValueError("aim, step and shortest interval are more than 0")
        if not self.shortest_weeks <= self.longest_weeks < np.inf:
            raise ValueError("the longest interval is not below the shortest")

    def decide(self, known: Known) -> Decisions:
        """The interval of each patient, by bisection: the predicted trough falls as the interval grows.

        Raises:
            ValueError: no model was fitted to the patients.
        """
        if known.predicted is None:
            raise ValueError("model_informed needs the predicted troughs of every patient; fit a model first")
        steps = int(np.floor(7 * (self.longest_weeks - self.shortest_weeks) / self.step_d + _ROUNDING))
        patients = known.interval_weeks.size
        low, high = np.zeros(patients, dtype=int), np.full(patients, steps)
        level = known.predicted.settled(self._weeks(low))
        is_possible = level >= self.aim_mg_per_l
        high = np.where(is_possible, high, 0)
        while (low < high).any():
            middle = (low + high + 1) // 2
            found = known.predicted.settled(self._weeks(middle))
            is_kept = found >= self.aim_mg_per_l
            level = np.where(is_kept, found, level)
            low, high = np.where(is_kept, middle, low), np.where(is_kept, high, np.maximum(middle - 1, low))
        aim = f"{self.aim_mg_per_l:g} mg/L"
        reasons = (
            f"{{level}} is predicted even at {self.shortest_weeks:g} weeks, below the aim of {aim}",
            f"{{level}} is predicted at the longest interval that keeps the aim of {aim}",
            f"{{level}} is predicted at {self.longest_weeks:g} weeks, the longest that the rule looks at; aim {aim}",
        )
        why = np.select([~is_possible, low < steps], [0, 1], 2).astype(np.int8)
        return Decisions(self._weeks(low), level, why, reasons)

    def _weeks(self, steps: np.ndarray) -> Float[np.ndarray, " patients"]:
        """The interval after some steps."""
        return np.asarray(self.shortest_weeks + steps * self.step_d / 7.0)


class PolicyCard(Strict):
    """What is published of a policy, and where.

    Attributes:
        title: one line for people.
        rule: what it does, in words.
        reference: where it was published.
        notes: what could not be read, and what was chosen in its place.
    """

    title: str
    rule: str
    reference: Source
    notes: tuple[str, ...]

    @property
    def settings(self) -> dict[str, Figure]:
        """Every setting under its name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in found.items() if isinstance(value, Figure)}

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for name, setting in self.settings.items():
            if not setting.value > 0:
                raise ValueError(f"{name} is more than 0")
        return self


class _TreeCard(PolicyCard):
    """The settings of the decision tree."""

    margin: Figure
    begin: Figure
    step: Figure
    longest: Figure
    troughs: Figure


class _ModelCard(PolicyCard):
    """The settings of model-informed dosing."""

    troughs: Figure
    step: Figure
    shortest: Figure
    longest: Figure


class _File(Strict):
    """`policies.toml`."""

    fixed: PolicyCard
    trough_guided_tree: _TreeCard
    model_informed: _ModelCard


def policy_names() -> tuple[str, ...]:
    """The names of the policies, in the order of the file."""
    return tuple(_File.model_fields)


def policy_card(name: str) -> PolicyCard:
    """What is published of a policy.

    Raises:
        UnknownNameError: there is no such policy.
    """
    if name not in policy_names():
        raise UnknownNameError("policy", name, policy_names())
    card: PolicyCard = getattr(_cards(), name)
    return card


def load_policy(name: str, *, aim_mg_per_l: float | None = None, weeks: float | None = None) -> Policy:
    """A policy by its name, with the published settings.

    Args:
        name: `fixed`, `trough_guided_tree` or `model_informed`.
        aim_mg_per_l: the trough that a personal interval is to keep, mg/L; none is preset.
        weeks: the interval of `fixed`.

    Raises:
        UnknownNameError: there is no such policy.
        ValueError: the aim or the interval that the policy needs is missing or not positive.

    Example:
        >>> load_policy("trough_guided_tree", aim_mg_per_l=10.0).threshold_mg_per_l
        15.0
    """
    if name not in policy_names():
        raise UnknownNameError("policy", name, policy_names())
    if name == "fixed":
        if weeks is None:
            raise ValueError("a fixed interval needs weeks")
        return FixedInterval(weeks)
    if aim_mg_per_l is None or not 0 < aim_mg_per_l < np.inf:
        raise ValueError(f"{name} needs an aim of more than 0 mg/L; none is preset")
    if name == "trough_guided_tree":
        tree = _cards().trough_guided_tree
        return TroughGuidedTree(
            threshold_mg_per_l=aim_mg_per_l + tree.margin.value,
            step_weeks=tree.step.value,
            longest_weeks=tree.longest.value,
            troughs=round(tree.troughs.value),
        )
    model = _cards().model_informed
    return ModelInformed(
        aim_mg_per_l=aim_mg_per_l,
        step_d=model.step.value,
        shortest_weeks=model.shortest.value,
        longest_weeks=model.longest.value,
    )


@cache
def _cards() -> _File:
    return read_figures(_File, files("wearoff.dosing") / "policies.toml")
