"""What is asked, made into designs: the numbers chosen, the question's for the rest, and the size that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Final

from wearoff.errors import InputError, Problem
from wearoff.trial.power.activity import ActivityDesign
from wearoff.trial.power.intervals import IntervalDesign
from wearoff.trial.power.occupancy import OccupancyDesign
from wearoff.trial.power.questions import Question, question, settings_of

ANY_SIZE: Final = 100
"""A size to ask a design with for the size that it needs, which does not depend on it."""
SETTINGS_OF_TRUTH: Final = ("ratio_sd", "activity_patients", "true_ratio_sd")
MOST_PATIENTS: Final = 20_000
_MOST: Final = {
    "ratio": (100.0, "a ratio of {} is not thought possible; 100 at most"),
    "true_ratio": (100.0, "a ratio of {} is not thought possible; 100 at most"),
    "ratio_sd": (5.0, "a spread of {} of its logarithm says nothing of a ratio; 5 at most"),
    "true_ratio_sd": (5.0, "a spread of {} of its logarithm says nothing of a ratio; 5 at most"),
    "activity_patients": (
        1e6,
        "nobody has seen {} patients; 1,000,000 at most, where the activity is as good as known",
    ),
    "rate": (50.0, "{} relapses a year and patient are not thought possible; 50 at most"),
    "dispersion": (100.0, "a dispersion of {} is not thought possible; 100 at most"),
}
"""What cannot be told from a slip, and would end in a size of nobody or in a simulation without end."""

AnyDesign = ActivityDesign | OccupancyDesign | IntervalDesign
_DESIGNS: Mapping[str, type[ActivityDesign] | type[OccupancyDesign] | type[IntervalDesign]] = {
    kind.question: kind for kind in (ActivityDesign, OccupancyDesign, IntervalDesign)
}


@dataclass(frozen=True, slots=True)
class PowerChoices:
    """What a person may choose; everything else comes from the question.

    Attributes:
        question: its name.
        settings: numbers by the name of the setting, in place of those of the question.
        activities: yearly shares active to give sizes for; the first is the one that is planned for.
        years: lengths to give sizes for; the first is the one that is planned for.
        patients: who enter; None for as many as the power asks for.
        replicates: studies drawn for each figure; None for the question's own number.
        seed: of every drawn number.
        has_curves: whether curves of power are computed.
    """

    question: str = "wearing_off_activity"
    settings: Mapping[str, float] = field(default_factory=dict)
    activities: tuple[float, ...] = ()
    years: tuple[float, ...] = ()
    patients: int | None = None
    replicates: int | None = None
    seed: int = 0
    has_curves: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A question with its numbers.

    Attributes:
        name: of the question.
        question: what was read of it.
        settings: every number by name.
        chosen: names of the settings that a person chose.
        design: at the size of the main analysis, or at the size that was chosen.
        activities: yearly shares active to give sizes for.
        years: lengths to give sizes for.
        is_sized: the size follows from the power; else it was chosen.
        replicates: studies drawn for each figure.
        seed: of every drawn number.
    """

    name: str
    question: Question
    settings: Mapping[str, float]
    chosen: frozenset[str]
    design: AnyDesign
    activities: tuple[float, ...]
    years: tuple[float, ...]
    is_sized: bool
    replicates: int
    seed: int

    @property
    def curve_replicates(self) -> int:
        """Studies drawn for each point of a curve: a fifth, because there are many."""
        return max(1, self.replicates // 5)

    def sized(self, design: AnyDesign, test: str) -> AnyDesign:
        """The design at the size that an analysis needs, or as it is where a size was chosen or none follows."""
        needed = design.needed(test) if self.is_sized else None
        return design if needed is None else replace(design, patients=needed)


def plan(choices: PowerChoices) -> Plan:
    """The choices with everything that follows from them.

    Raises:
        UnknownNameError: there is no such question.
        InputError: a setting does not belong to the question or cannot be; or no size suffices.
    """
    asked = question(choices.question)
    chosen = dict(choices.settings)
    several = {"activity": choices.activities, "years": choices.years}
    for key, values in several.items():
        if values:
            chosen[key] = values[0]
    settings = settings_of(choices.question, chosen)
    _check_slips(choices.question, settings)
    design = _sized(design_of(choices.question, settings), choices)
    for key, values in several.items():  # a second number must be as sound as the first
        for value in values[1:]:
            replace(design, **{key: value})  # type: ignore[arg-type]
    _check_truth(choices.question, settings)
    if isinstance(design, IntervalDesign) and not isfinite(design.ratio_at_margin):
        reason = "with the activity on the standard interval this reaches everybody; lower it, or follow for less long"
        raise InputError(Problem(reason, table=choices.question, key="margin"))
    return Plan(
        name=choices.question,
        question=asked,
        settings=settings,
        chosen=frozenset(chosen),
        design=design,
        activities=tuple(dict.fromkeys(choices.activities))
        or _further_activities(choices.question, settings),
        years=tuple(dict.fromkeys(choices.years)) or _further_years(settings),
        is_sized=choices.patients is None,
        replicates=asked.replicates if choices.replicates is None else choices.replicates,
        seed=choices.seed,
    )


def design_of(name: str, settings: Mapping[str, float], patients: int = ANY_SIZE) -> AnyDesign:
    """The design of a question.

    Args:
        name: of the question.
        settings: every number by name.
        patients: who enter.

    Raises:
        InputError: a setting cannot be.
    """
    mine = {key: value for key, value in settings.items() if key not in SETTINGS_OF_TRUTH}
    return _DESIGNS[name](patients, **mine)


def _sized(design: AnyDesign, choices: PowerChoices) -> AnyDesign:
    if choices.patients is not None:
        if choices.patients > MOST_PATIENTS:
            raise _too_many(choices, choices.patients)
        return replace(design, patients=choices.patients)
    needed = design.needed(design.tests[0])
    if needed is None:
        if isinstance(design, IntervalDesign):
            reason = "the true difference reaches the margin, so no size can show that it does not; raise the margin"
            raise InputError(Problem(reason, table=choices.question, key="margin"))
        reason = "the ratio is 1, so there is nothing to find; give another, or the number of patients"
        raise InputError(Problem(reason, table=choices.question, key="ratio"))
    if needed > MOST_PATIENTS:
        raise _too_many(choices, needed)
    return replace(design, patients=max(needed, 4))


def _too_many(choices: PowerChoices, needed: int) -> InputError:
    reason = (
        f"this asks for {needed:,} patients, more than the {MOST_PATIENTS:,} that are simulated; look for a larger "
        "effect, follow longer, or ask for less power"
    )
    return InputError(Problem(reason, table=choices.question, key="patients"))


def _check_slips(name: str, settings: Mapping[str, float]) -> None:
    faults = [
        Problem(why.format(f"{settings[key]:g}"), table=name, key=key)
        for key, (most, why) in _MOST.items()
        if key in settings and settings[key] > most
    ]
    if faults:
        raise InputError(faults)


def _check_truth(name: str, settings: Mapping[str, float]) -> None:
    faults = [
        Problem(f"this must be above 0; got {settings[key]:g}", table=name, key=key)
        for key in SETTINGS_OF_TRUTH
        if key in settings and not settings[key] > 0.0
    ]
    if faults:
        raise InputError(faults)


def _further_activities(name: str, settings: Mapping[str, float]) -> tuple[float, ...]:
    """The activity that is planned for, then those that are always shown beside it."""
    if "activity" not in settings:
        return ()
    beside = (0.041,) if name == ActivityDesign.question else (0.041, 0.157, 0.264)
    return tuple(dict.fromkeys((settings["activity"], *beside)))


def _further_years(settings: Mapping[str, float]) -> tuple[float, ...]:
    """The length that is planned for, then 1, 2 and 3 years."""
    if "years" not in settings:
        return ()
    return tuple(dict.fromkeys((settings["years"], 1.0, 2.0, 3.0)))
