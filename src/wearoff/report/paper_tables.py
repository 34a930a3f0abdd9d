"""How a table of any width stands on paper: which columns stand side by side, how wide each is, in which size.

A table that fits is set in the size of the others. A wider one is set smaller, down to a size that can still be read,
and one that is wider still is split: the columns that tell its rows apart are repeated, so that every part can be read
alone. Widths are estimated from the letters in em, the unit of the size, and a little too wide, so that nothing runs
off the page.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from wearoff.report.page import TableView
from wearoff.report.pdf import BREAK, line_of, rich

MOST_ROWS: Final = 40
FIRST_ROWS: Final = 12
SIZES: Final = (8.6, 8.0, 7.6)
PAPER_WIDTH: Final = 510.0  # points between the margins of study.typ
GAP: Final = 1.2  # em on both sides of a column together
_LONGEST: Final = 160
_COMFORT: Final = 9.0  # em that a longer text is given before it is broken into lines
_WIDEST: Final = 34.0
_MOST_OF_NAMES: Final = 0.5  # of the width, for the columns that are repeated
_TOGETHER: Final = 26  # lines that are not torn apart by the end of a page
_NARROW: Final = frozenset("iljtfrI.,;:'|!()[]/- ")
_WIDE: Final = frozenset("mwMW%@—∞&ÆæŒœ")


@dataclass(frozen=True, slots=True)
class Part:
    """Columns that stand side by side.

    Attributes:
        columns: which, from 0 on.
        widths: of each, in em.
    """

    columns: tuple[int, ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Need:
    """What a column asks for, in em: a width that reads well, and its longest line."""

    comfortable: float
    whole: float


def paper_table(view: TableView) -> dict[str, Any]:
    """A table as the template sets it: caption, note, parts with their cells, and what is not shown."""
    rows = view.rows if view.total <= MOST_ROWS else view.rows[:FIRST_ROWS]
    headings = [line_of(one.text, 60) for one in view.headings]
    texts = [[line_of(one.text, _LONGEST) for one in row] for row in rows]
    size, parts = layout(headings, texts)
    kinds = [one.kind for one in view.headings]
    remarks = [rich(view.note, 3000)] if view.note else []
    if view.total == 0:
        remarks.append(rich("This table has no rows.", 100))
    elif len(rows) < view.total:
        remarks.append(
            rich(f"The first {len(rows)} of {view.total} rows; all of them are in the file {view.file}.", 300)
        )
    if any(one.kind == "missing" for row in rows for one in row):
        remarks.append(rich(DASH, 200))
    return {
        "label": view.label,
        "title": line_of(view.title, 200),
        "count": f"{view.total} {'row' if view.total == 1 else 'rows'}",
        "remarks": remarks,
        "size": size,
        "parts": [
            {
                "said": _place(part, parts) if len(parts) > 1 else "",
                "widths": part.widths,
                "stays_whole": _lines(part, texts) <= _TOGETHER,
                "headings": [{"text": headings[at], "kind": kinds[at]} for at in part.columns],
                "rows": [
                    [{"text": rich(row[at].text, _LONGEST), "kind": row[at].kind} for at in part.columns]
                    for row in rows
                ],
            }
            for part in (parts if rows else ())
        ],
    }


DASH: Final = "A dash (–) means not known, not stated or not applicable; it is never a zero."


def layout(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[float, tuple[Part, ...]]:
    """The size in points, and the columns that stand side by side under each other.

    Args:
        headings: one a column.
        rows: of texts, one a column.
    """
    needs = [_need(name, [row[at] for row in rows]) for at, name in enumerate(headings)]
    for size in SIZES:
        if sum(need.comfortable + GAP for need in needs) <= PAPER_WIDTH / size:
            return size, (_part(tuple(range(len(needs))), needs, PAPER_WIDTH / size),)
    size = SIZES[1]
    room = PAPER_WIDTH / size
    widths = [need.comfortable + GAP for need in needs]
    kept = _naming(rows)
    if sum(widths[:kept]) > _MOST_OF_NAMES * room:
        kept = 1
    return size, tuple(_part(columns, needs, room) for columns in _split(widths, kept, room))


def _naming(rows: Sequence[Sequence[str]]) -> int:
    """How many columns from the first on tell the rows apart; 1 where even three do not."""
    for kept in (1, 2, 3):
        if len({tuple(row[:kept]) for row in rows}) == len(rows):
            return kept
    return 1


def _split(widths: Sequence[float], kept: int, room: float) -> list[tuple[int, ...]]:
    """The columns in as few groups as fit, of about the same width; the first `kept` stand in each of them."""
    rest = room - sum(widths[:kept])
    groups = _filled(widths, kept, rest)
    low, high = 0.0, rest
    for _ in range(20):  # the narrowest room that asks for no further group
        middle = (low + high) / 2
        if len(_filled(widths, kept, middle)) > len(groups):
            low = middle
        else:
            high = middle
    return _filled(widths, kept, high)


def _filled(widths: Sequence[float], kept: int, room: float) -> list[tuple[int, ...]]:
    names = tuple(range(kept))
    groups: list[tuple[int, ...]] = []
    used = math.inf
    for at in range(kept, len(widths)):
        if used + widths[at] > room:
            groups.append(names)
            used = 0.0
        groups[-1] += (at,)
        used += widths[at]
    return groups


def _part(columns: tuple[int, ...], needs: Sequence[_Need], room: float) -> Part:
    """Widths of columns: what each needs, and what is left over to those whose texts are broken into lines."""
    room -= GAP * len(columns)
    base = [needs[at].comfortable for at in columns]
    over = sum(base) / room
    if over > 1:  # one column beside the first, both of very long words
        return Part(columns, tuple(width / over + GAP for width in base))
    wishes = [needs[at].whole - needs[at].comfortable for at in columns]
    share = min(1.0, (room - sum(base)) / sum(wishes)) if sum(wishes) > 0 else 0.0
    return Part(columns, tuple(width + share * wish + GAP for width, wish in zip(base, wishes, strict=True)))


def _need(heading: str, texts: Sequence[str]) -> _Need:
    """A heading may always be broken between its words; it is bold, and wider by that."""
    least = max(_words([heading], 1.06), _words(texts))
    whole = max(least, min(_WIDEST, max(map(width_of, texts), default=0.0)))
    return _Need(max(least, min(whole, _COMFORT)), max(whole, min(_COMFORT, 1.06 * width_of(heading))))


def _words(texts: Sequence[str], boldness: float = 1.0) -> float:
    words = (word for text in texts for word in text.replace(BREAK, " ").split(" "))
    return boldness * max(map(width_of, words), default=0.0)


def _lines(part: Part, rows: Sequence[Sequence[str]]) -> int:
    """About how many lines the rows of a part are high."""
    return sum(
        max(
            math.ceil(width_of(row[at]) / (width - GAP) + 0.01)
            for at, width in zip(part.columns, part.widths, strict=True)
        )
        for row in rows
    )


def width_of(text: str) -> float:
    """About how wide a text is, in em."""
    return sum(map(_letter, text))


def _letter(letter: str) -> float:
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE or unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    if letter == BREAK:
        return 0.0
    return 0.74 if letter.isupper() else 0.54 if letter.isascii() else 0.66


def _place(part: Part, parts: Sequence[Part]) -> str:
    """Which columns a part holds, as people count."""
    kept = len(set.intersection(*(set(each.columns) for each in parts)))
    first, last, columns = part.columns[kept] + 1, part.columns[-1] + 1, parts[-1].columns[-1] + 1
    return f"Columns {first} to {last} of {columns}" if first < last else f"Column {last} of {columns}"
