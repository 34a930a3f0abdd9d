"""Keeps texts of a table from becoming formulas in a spreadsheet, and takes the guard off again.

A text that begins like a formula gets an apostrophe in front. So that this can be undone without loss, a
text that begins with an apostrophe gets one too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["TEXT_KINDS", "guarded", "unguarded"]

# The kinds of column whose cells may hold any text; the others hold numbers, dates or words from a list.
TEXT_KINDS: Final = frozenset({"identifier", "text"})

_STARTS: Final = "=+\\-@\t\r\n＝＋－＠'"
_TO_GUARD: Final = re.compile(f"[{_STARTS}]")
_GUARDED: Final = re.compile(f"'[{_STARTS}]")


def guarded(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would compute it.

    Example:
        >>> guarded("=1+1"), guarded("-5 mg"), guarded("'s"), guarded("Tysabri")
        ("'=1+1", "'-5 mg", "''s", 'Tysabri')
    """
    return f"'{text}" if _TO_GUARD.match(text) else text


def unguarded(texts: Sequence[str]) -> list[str]:
    """The texts as they were before `guarded`.

    Example:
        >>> unguarded(["'=1+1", "''s", "Tysabri", "'tis"])
        ['=1+1', "'s", 'Tysabri', "'tis"]
    """
    return [text[1:] if _GUARDED.match(text) else text for text in texts]
