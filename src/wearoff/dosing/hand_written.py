"""Files that people write: their reading as TOML, with every fault at its line and all faults together.

What a patient file and a protocol have in common stands here: how the text comes off the disk, what is said of a text
that is not TOML, and how faults are collected until the file has been read to its end.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from wearoff.dosing.toml_lines import Path, find_lines
from wearoff.errors import InputError, Problem

__all__ = ["Faults", "did_you_mean", "parse_toml", "read_text", "shown"]

_MOST_BYTES = 1_000_000
_SHOWN = 60
_BARE_TIME = re.compile(r"=\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?!:)")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_text(path: str | FilePath, what: str) -> str:
    """The text of a file that people write.

    Args:
        path: a file in UTF-8.
        what: what the file should be, as in "patient file".

    Raises:
        InputError: it cannot be read, is too long for what it should be, or is not UTF-8.
    """
    file = FilePath(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise InputError(Problem(f"the file cannot be read: {reason}.", file.name)) from None
    if len(content) > _MOST_BYTES:
        raise InputError(
            Problem(f"the file has more than {_MOST_BYTES:,} bytes; it is no {what}.", file.name)
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = len((fault.object[: fault.start] + b".").splitlines())
        raise InputError(Problem("the file is not UTF-8; save it as UTF-8.", file.name, line=line)) from None


def parse_toml(
    text: str, file: str | None, *, what: str, quoted: str, table: str
) -> tuple[dict[str, Any], dict[Path, int]]:
    """The document in a text, and the line of each table and key.

    Args:
        text: the text.
        file: what errors call the file.
        what: what the file should be, as in "patient file".
        quoted: an example of a value in quotes, as in `dose = "300 mg"`.
        table: an example of a table, as in `[[level]]`.

    Raises:
        InputError: the text is not TOML; says what people do most, with the line and a mark under the place.
    """
    try:
        return tomllib.loads(text), find_lines(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(_syntax(text, str(fault), file, _hints(quoted, table))) from None
    except (RecursionError, ValueError):
        reason = f"the file holds brackets in brackets without end, or a number without end; it is no {what}."
        raise InputError(Problem(reason, file)) from None


@dataclass(slots=True)
class Faults:
    """The faults of one file.

    Attributes:
        file: name of the file, where there is one.
        lines: the line of each table and key in it.
        problems: the faults found so far.
    """

    file: str | None = None
    lines: Mapping[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(
        self, reason: str, path: Path, table: str | None = None, key: str | None = None, value: object = None
    ) -> None:
        """Note a fault at the nearest place of which the line is known."""
        line = next(
            (self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None
        )
        text = None if value is None else str(value)
        self.problems.append(Problem(reason, self.file, value=text, line=line, table=table, key=key))

    def stop(self) -> None:
        """Raise all that was found, in the order of the lines."""
        if self.problems:
            raise InputError(sorted(self.problems, key=lambda problem: problem.line or 0))


def shown(value: object) -> str:
    """A value as an error shows it."""
    text = repr(value) if isinstance(value, str) else str(value)
    if isinstance(value, bool):
        text = text.lower()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence with the known word that is nearest, led by a blank; nothing where none is near."""
    close = get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _hints(quoted: str, table: str) -> tuple[tuple[str, str], ...]:
    """The reader's words for what people do most, and what helps."""
    line = f"a line is key = value, or a table such as {table}"
    return (
        ("Cannot overwrite a value", "the key stands here for the second time in its table; keep one"),
        (
            "Cannot declare",
            "this table stands here for the second time; write [[name]] for a list of several, else keep one",
        ),
        (
            "Invalid value",
            f"this is no value; a quantity, a name and a word stand in quotes, as in {quoted}",
        ),
        (
            "Expected newline or end of document",
            f"something follows the value; a quantity stands in quotes, as in {quoted}",
        ),
        ("Expected '=' after a key", line),
        ("Invalid statement", line),
        ("Unterminated string", "a quote is opened and not closed"),
        (
            "Illegal character",
            "a quote is opened and not closed on its line, or a sign stands here that does not print",
        ),
        ("Invalid date or datetime", "there is no such date or time of day"),
    )


def _syntax(text: str, said: str, file: str | None, hints: Iterable[tuple[str, str]]) -> Problem:
    """What is wrong with a text that is not TOML, with the line and a mark under the place."""
    rows = text.replace("\r\n", "\n").split("\n")
    found = _PLACE.search(said)
    cause = said[: found.start()] if found else said
    line = int(found[1]) if found and found[1] else max(1, len(rows) - (rows[-1] == ""))
    column = int(found[2]) if found and found[2] else len(rows[line - 1]) + 1
    hint = next((hint for start, hint in hints if cause.startswith(start)), cause[:1].lower() + cause[1:])
    if _BARE_TIME.search(rows[line - 1]):
        hint = 'a time of day stands in quotes, as in start = "2026-01-13T09:30"'
    row = rows[line - 1].replace("\t", " ")
    shown_row = "".join(sign if sign.isprintable() else "?" for sign in row)
    return Problem(f"{hint}:\n    {shown_row}\n    {' ' * (column - 1)}^", file, line=line)
