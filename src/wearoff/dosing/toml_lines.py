"""Where in a TOML file each table and key stands, because the standard reader forgets it.

The file has been read by `tomllib` before, so that it is known to be TOML: what is done here is only to walk over
it, past comments, strings and brackets, and to note lines. A place is the path of keys and numbers by which the
value is reached in the document: `("level", 1, "value")` is the key `value` of the second `[[level]]`.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left

__all__ = ["Path", "find_lines"]

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', flags=re.DOTALL
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")


def find_lines(text: str) -> dict[Path, int]:
    """The line, from 1, on which each table, key and item of an array begins.

    Args:
        text: a document that `tomllib` has read without an error.

    Raises:
        ValueError: the text is not TOML after all.

    Example:
        >>> find_lines("[[level]]  # one [[level]]\\nvalue = '24 mg/L'")[("level", 0, "value")]
        2
    """
    return _Walk(text.replace("\r\n", "\n")).lines


class _Walk:
    """A place in the text, and the lines found before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.ends = [place for place, sign in enumerate(text) if sign == "\n"]
        self.lines: dict[Path, int] = {}
        self.last: dict[Path, int] = {}  # of each array of tables its latest index
        table: Path = ()
        while self._next():
            table = self._header() if self._next() == "[" else self._pair(table)

    def _header(self) -> Path:
        """A line such as `[patient]` or `[[level]]`; what it names is where the pairs after it belong."""
        line = self._line()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        *outer, inner = self._key()
        path: Path = ()
        for part in outer:
            path = self._latest((*path, part), line)
        path = (*path, inner)
        if brackets == 2:
            self.last[path] = self.last.get(path, -1) + 1
        path = self._latest(path, line)
        self.lines[path] = line
        self._over(re.compile(r"\]" * brackets))
        return path

    def _latest(self, path: Path, line: int) -> Path:
        """The path, and the latest table where it leads to an array of them."""
        self.lines.setdefault(path, line)
        return (*path, self.last[path]) if path in self.last else path

    def _pair(self, table: Path) -> Path:
        """A key and its value; gives back the table that they stand in."""
        line, path = self._line(), table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._over(re.compile("="))
        self._over(_SPACE)
        self._value(path)
        return table

    def _key(self) -> list[str]:
        """The parts of a key with or without dots, which may be quoted."""
        parts: list[str] = []
        while True:
            self._over(_SPACE)
            if self._sign() in ("'", '"'):
                parts += tomllib.loads(f"{self._over(_STRING)} = 0")
            else:
                parts.append(self._over(_BARE_KEY))
            self._over(_SPACE)
            if self._sign() != ".":
                return parts
            self.at += 1

    def _value(self, path: Path) -> None:
        """A value, with what stands inside it."""
        sign = self._sign()
        if sign in ("'", '"'):
            self._over(_STRING)
        elif sign not in ("[", "{"):
            self._over(_SCALAR)
        else:
            self.at += 1
            index = 0
            while (following := self._next()) != {"[": "]", "{": "}"}[sign]:
                if following == ",":
                    self.at += 1
                elif sign == "{":
                    self._pair(path)
                else:
                    self.lines[(*path, index)] = self._line()
                    self._value((*path, index))
                    index += 1
            self.at += 1

    def _next(self) -> str:
        """The next sign that is neither blank nor in a comment; nothing at the end."""
        self._over(_BLANK)
        return self._sign()

    def _sign(self) -> str:
        return self.text[self.at : self.at + 1]

    def _line(self) -> int:
        return bisect_left(self.ends, self.at) + 1

    def _over(self, pattern: re.Pattern[str]) -> str:
        """What the pattern finds here; the place moves behind it."""
        found = pattern.match(self.text, self.at)
        if found is None:
            raise ValueError(f"line {self._line()} is not TOML")
        self.at = found.end()
        return found[0]
