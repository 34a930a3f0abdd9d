"""What every plan can do: say its closed form, the size that asks for, and one drawn study analysed by the estimators.

A design is a frozen value. Its three faces belong together: `closed_form` and `needed` are formulae, `draw` makes one
study at random and hands it to the estimators that analyse a real one. Whether they agree is the reader's proof that
formula, simulation and estimator speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

import numpy as np
import numpy.typing as npt

from wearoff.errors import InputError, Problem

Array = npt.NDArray[np.float64]
# The random numbers of one drawn study for one purpose.
Streams = Callable[[str], np.random.Generator]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one test says of one drawn study.

    Attributes:
        is_found: the test shows the effect, on its true side.
        is_wrong: the test shows an effect on the other side.
        estimate: of the measure, None where the test gives none.
        covers: the interval of the estimate holds the truth, None without an interval.
    """

    is_found: bool
    is_wrong: bool = False
    estimate: float | None = None
    covers: bool | None = None


class Design(Protocol):
    """A study that could be done."""

    @property
    def question(self) -> str:
        """Name of the question it answers."""

    @property
    def patients(self) -> int:
        """Patients who enter, both groups together."""

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of its analyses, the main one first."""

    @property
    def unit_signal(self) -> float:
        """What the main analysis looks for, over its standard error for one patient; it may be below 0."""

    @property
    def critical(self) -> float:
        """The standard errors beyond which the main analysis shows it."""

    def closed_form(self, test: str) -> float | None:
        """The power of an analysis by a formula, None where there is none."""

    def exact(self, test: str) -> float | None:
        """The power of an analysis by counting every outcome, None where that is not done."""

    def needed(self, test: str) -> int | None:
        """The patients with whom an analysis has the power that was asked for, None without a formula."""

    def draw(self, streams: Streams, tests: tuple[str, ...]) -> Mapping[str, Drawn]:
        """One study drawn at random and analysed."""


def membership(patients: int, share: float) -> npt.NDArray[np.bool_]:
    """Who of the patients is in the one group, spread evenly, so that a smaller study begins a larger one.

    Args:
        patients: both groups together.
        share: of the one group.

    Returns:
        Shape (patients,); any number from the start holds the group sizes of `group_sizes`.
    """
    counts = np.floor(np.arange(patients + 1) * share + 0.5)
    return np.asarray(np.diff(counts) > 0.5)


def refuse(question: str, faults: Mapping[str, str | None]) -> None:
    """Stop where a setting cannot be.

    Args:
        question: name of the question.
        faults: the reason by the name of the setting, None where it is sound.

    Raises:
        InputError: at least one reason is given; each is listed with the setting.
    """
    problems = [Problem(reason, table=question, key=key) for key, reason in faults.items() if reason]
    if problems:
        raise InputError(problems)


def between(value: float, low: float, high: float, what: str) -> str | None:
    """Why a number that must lie strictly between two others does not, None where it does."""
    return None if low < value < high else f"{what} must lie between {low:g} and {high:g}; got {value:g}"


def from_to(value: float, low: float, high: float, what: str) -> str | None:
    """Why a number that must lie from one other to below another does not, None where it does."""
    return None if low <= value < high else f"{what} must lie from {low:g} to below {high:g}; got {value:g}"


def above(value: float, low: float, what: str) -> str | None:
    """Why a number that must be finite and above another is not, None where it is."""
    return None if isfinite(value) and value > low else f"{what} must be above {low:g}; got {value:g}"


def level_faults(power: float, alpha: float, sides: int = 2) -> dict[str, str | None]:
    """The faults of power and alpha, which every design has."""
    return {
        "alpha": between(alpha, 0.0, 0.5, "the chance of a false alarm"),
        "power": between(power, min(alpha, 1.0) / sides, 1.0, "the power asked for"),
    }
