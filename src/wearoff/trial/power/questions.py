"""The questions that a study can be planned for, read from `questions.toml` with every number they begin from."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from wearoff.dosing.figures import Figure, Strict, read_figures
from wearoff.errors import InputError, Problem, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

QUESTIONS: Final = ("wearing_off_activity", "occupancy_wearing_off", "sid_eid")


class Question(Strict):
    """One question, and what its plan begins from.

    Attributes:
        title: what is set against what.
        asks: the question as a person would ask it.
        measure: what the effect is measured in.
        one: the group that may differ.
        other: the group it is compared with.
        replicates: simulated studies, where nobody says how many.
        settings: every number of the plan by its name.
    """

    title: str
    asks: str
    measure: str
    one: str
    other: str
    replicates: int
    settings: dict[str, Figure]


class _File(Strict):
    wearing_off_activity: Question
    occupancy_wearing_off: Question
    sid_eid: Question


def question_names() -> tuple[str, ...]:
    """The names of the questions, the one that wearoff exists for first."""
    return QUESTIONS


def question(name: str) -> Question:
    """A question by its name.

    Raises:
        UnknownNameError: there is none of that name.

    Example:
        >>> question("wearing_off_activity").settings["exposed"].value
        0.425
    """
    if name not in QUESTIONS:
        raise UnknownNameError("question", name, QUESTIONS)
    found: Question = getattr(_questions(), name)
    return found


def settings_of(name: str, chosen: Mapping[str, float]) -> Mapping[str, float]:
    """The numbers of a plan: those chosen, and those of the question for the rest.

    Args:
        name: of the question.
        chosen: numbers by the name of the setting.

    Raises:
        UnknownNameError: there is no such question.
        InputError: the question has no such setting; every one of them is named.
    """
    known = {key: figure.value for key, figure in question(name).settings.items()}
    strange = [key for key in chosen if key not in known]
    if strange:
        raise InputError(
            Problem(f"{name} has no such setting; it has {', '.join(known)}", table=name, key=key)
            for key in strange
        )
    return MappingProxyType({**known, **chosen})


@cache
def _questions() -> _File:
    return read_figures(_File, files("wearoff.trial.power") / "questions.toml")
