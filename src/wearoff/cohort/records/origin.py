"""Where the rows of a table stand in what the user gave, and faults that say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wearoff.errors import InputError, Problem

__all__ = ["Origin", "fault_at", "problem_at"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of a table stand in what the user gave.

    Attributes:
        file: name of the file, as the user knows it.
        sha256: digest of its bytes.
        part: the part of the file that holds the table, such as `sheet visit`; None where it is the file.
        where: the place of a row, or of a cell of it, in words that find it in a file without such rows,
            such as `sheet visit, cell D7`; None where row and column say it.
    """

    file: str
    sha256: str
    part: str | None = None
    where: Callable[[int, str | None], str | None] | None = None

    @property
    def name(self) -> str:
        """The file, and the part of it."""
        return self.file if self.part is None else f"{self.file}, {self.part}"


def problem_at(origin: Origin, reason: str, *, row: int | None = None, column: str | None = None) -> Problem:
    """A fault with its place in a source."""
    return Problem(reason, file=origin.file, row=row, column=column, table=origin.part)


def fault_at(origin: Origin, reason: str, *, row: int | None = None) -> InputError:
    """The error of one fault of a source as a whole."""
    return InputError(problem_at(origin, reason, row=row))
