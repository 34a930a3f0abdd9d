"""A number with its unit, its source and its mark, and the reading of files made of such numbers.

A published model or curve is a TOML file. It is read strictly: an unknown key, a missing source, a
number given as text or an interval that does not contain its value is refused with the name of the
file and of the field, because a silent default in a model file would become a dose interval.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from typing import TYPE_CHECKING, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from wearoff.errors import InputError, Problem
from wearoff.sources import Mark, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.resources.abc import Traversable

    from pydantic_core import ErrorDetails


class Strict(BaseModel):
    """The base of everything read from a data file: frozen, no unknown keys, no conversions."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Figure(Strict):
    """One number as it stands in a data file.

    Attributes:
        value: the number, in `unit`.
        unit: unit in words, `1` for a pure number.
        mark: how well it is known.
        source: where it was read; for an assumed number, why it was chosen.
        interval: lower and upper end of its published interval, in `unit`, where there is one.
        interval_kind: what the interval is, such as `95 % bootstrap interval`.
        evidence: ids of the rows of the evidence table behind it.
        is_fixed: whether the authors fixed it instead of estimating it.
    """

    value: float
    unit: str
    mark: Mark
    source: Source
    interval: tuple[float, float] | None = None
    interval_kind: str | None = None
    evidence: tuple[str, ...] = ()
    is_fixed: bool = False

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        if not math.isfinite(self.value):
            raise ValueError("the value must be a finite number")
        if self.interval is not None and not self.interval[0] <= self.value <= self.interval[1]:
            raise ValueError("the interval must contain the value")
        if (self.interval is None) != (self.interval_kind is None):
            raise ValueError("interval and interval_kind are given together")
        return self


def digest_of(file: Traversable) -> str:
    """SHA-256 of a data file, by which a result says exactly which numbers it used.

    Raises:
        InputError: the file cannot be read.
    """
    return hashlib.sha256(_content(file)).hexdigest()


def refusal(faults: Sequence[tuple[str, str]]) -> PydanticCustomError:
    """What a check of a whole file raises, so that `read_figures` names the field of every fault.

    Args:
        faults: dotted name of the field, below the part that is checked, and the reason.
    """
    text = "; ".join(f"{field}: {reason}" for field, reason in faults)
    return PydanticCustomError("faults", "{text}", {"text": text, "faults": tuple(faults)})


_T = TypeVar("_T", bound=Strict)


def read_figures(kind: type[_T], file: Traversable) -> _T:
    """A data file read into its frozen form.

    Args:
        kind: the form the file must have.
        file: a TOML file, usually one inside the package.

    Raises:
        InputError: the file cannot be read or is not TOML, or a field is missing, unknown or wrong; every fault is
            listed with the name of the file and the dotted name of the field.
    """
    try:
        # through JSON, so that strict reading still takes lists for tuples and names for marks
        text = json.dumps(tomllib.loads(_content(file).decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as fault:
        raise InputError(Problem(f"this is not a usable TOML file: {fault}", file.name)) from None
    try:
        return kind.model_validate_json(text)
    except ValidationError as faults:
        raise InputError(
            problem for fault in faults.errors(include_url=False) for problem in _problems(fault, file.name)
        ) from None


def _problems(fault: ErrorDetails, file: str) -> Iterator[Problem]:
    """One problem for each field that a failed check names."""
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "faults":
        for field, reason in fault["ctx"]["faults"]:
            yield Problem(reason, file, column=f"{place}.{field}" if place else field)
        return
    value = None if isinstance(fault["input"], dict | list) else str(fault["input"])
    yield Problem(fault["msg"], file, column=place or None, value=value)


def _content(file: Traversable) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise InputError(Problem(f"the file cannot be read: {fault.strerror}", str(file))) from None
