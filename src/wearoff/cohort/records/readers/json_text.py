"""JSON in which every number keeps the text it was written with, and every fault its place.

A number that becomes a float first may come out with other digits; so numbers stay text, marked as such.
A key that stands twice in one object is a fault, because which of the two values holds cannot be known.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from wearoff.cohort.records.csv_text import decoded
from wearoff.cohort.records.origin import Origin
from wearoff.errors import InputError, Problem

__all__ = ["NumberText", "parse_json", "plain_number"]

_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?", flags=re.ASCII)
_LARGEST_EXPONENT = 40


class NumberText(str):
    """A number of a JSON document, as it was written."""

    __slots__ = ()


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def parse_json(origin: Origin, content: bytes) -> Any:
    """The document, its numbers as `NumberText`.

    Args:
        origin: the file, for the error.
        content: its bytes, UTF-8.

    Raises:
        InputError: it is not JSON, is cut short, repeats a key or is nested too deeply.
    """
    text = decoded(origin, content)
    try:
        return json.loads(
            text,
            parse_float=NumberText,
            parse_int=NumberText,
            parse_constant=_no_constant,
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as error:
        is_cut = error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
        what = "the file ends too early" if is_cut else f"the file is not JSON ({error.msg})"
        reason = f"{what} at column {error.colno}; export it again."
        raise InputError(Problem(reason, file=origin.file, line=error.lineno)) from None
    except RecursionError:
        raise InputError(Problem("the file is nested too deeply.", file=origin.file)) from None
    except ValueError as error:
        raise InputError(Problem(f"{error}; export the file again.", file=origin.file)) from None


def plain_number(text: str) -> str:
    """The same number without an exponent, digit for digit; other text as it is.

    Example:
        >>> plain_number("1.25e-2"), plain_number("3E2"), plain_number("0.50")
        ('0.0125', '300', '0.50')
    """
    found = _NUMBER.fullmatch(text)
    if not found or found[4] is None or abs(int(found[4])) > _LARGEST_EXPONENT:
        return text
    whole, part, shift = found[2], found[3] or "", int(found[4])
    digits, point = whole + part, len(whole) + shift
    if point <= 0:
        digits, point = "0" * (1 - point) + digits, 1
    digits = digits.ljust(point, "0")
    head, tail = digits[:point].lstrip("0") or "0", digits[point:]
    return f"{found[1]}{head}.{tail}" if tail else f"{found[1]}{head}"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for place, name in enumerate(names) if name in names[:place])
        raise _TwiceError(f"the key {name[:64]!r} stands twice in one object")
    return found
