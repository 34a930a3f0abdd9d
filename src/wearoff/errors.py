"""What wearoff raises when it cannot go on: every error says where it happened and what to do.

Bad input never becomes a number. A fault in one cell is a `Problem`; problems that stop the work are
raised together in an `InputError`, so that a file is mended once and not line by line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in what was given to wearoff, with its place and the way out.

    Attributes:
        reason: what is wrong and what to do, one sentence without the place.
        file: name of the file, as the user knows it.
        row: line as a spreadsheet shows it: the header is row 1, the first record row 2.
        column: name of the column or of the setting.
        patient: the patient's identifier, where one could be read.
        value: the text that was found.
        line: line of a file that is written by hand, from 1.
        table: the table in such a file, with its number where there are several: `level 2`.
        key: the key in that table.
    """

    reason: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    patient: str | None = None
    value: str | None = None
    line: int | None = None
    table: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        place = [
            self.file,
            None if self.line is None else f"line {self.line}",
            self.table,
            None if self.key is None else f"key {self.key}",
            None if self.row is None else f"row {self.row}",
            None if self.column is None else f"column {self.column}",
            None if self.patient is None else f"patient {self.patient}",
        ]
        where = ", ".join(part for part in place if part)
        return f"{where}: {self.reason}" if where else self.reason


class WearoffError(Exception):
    """The base of every error that a user is meant to read; it is shown without a traceback."""


class InputError(WearoffError):
    """What was given cannot be used; `problems` lists every fault found, not only the first."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownNameError(WearoffError):
    """A rule, model, curve or study was asked for by a name that does not exist."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(f"there is no {kind} {name!r}.{hint} Known: {', '.join(names)}.")


class ComputationError(WearoffError):
    """A computation did not reach its accuracy; the message names patient, time and parameters."""
