"""Which texts name natalizumab: a list that is data, compared whole, so that nothing is guessed."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

__all__ = ["natalizumab_names", "natalizumab_product", "nearly_natalizumab"]

_DOSE = re.compile(r"[\s,]*\b\d+(?:[.,]\d+)?\s*mg\b.*$")
_SIGNS = re.compile(r"[®™]|\((?:r|tm)\)")
_BRACKETS = re.compile(r"(.+?)\s*\((.+)\)")
_NEAR = 0.8


@cache
def natalizumab_names() -> frozenset[str]:
    """Every name of natalizumab, in lower case."""
    text = (files("wearoff.cohort.records.readers") / "products.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text))


def natalizumab_product(text: str) -> str | None:
    """The name of natalizumab that a text is; None where it is none.

    Args:
        text: what was recorded, perhaps with a dose behind it, or a brand with the substance in brackets.

    Example:
        >>> natalizumab_product("TYSABRI® 300 mg"), natalizumab_product("Tyruko (natalizumab)")
        ('tysabri', 'tyruko')
        >>> natalizumab_product("Tysabri or placebo") is None
        True
    """
    bare = " ".join(_DOSE.sub("", _SIGNS.sub("", text.lower())).split())
    names = natalizumab_names()
    if bare in names:
        return bare
    found = _BRACKETS.fullmatch(bare)
    return found[1] if found and {found[1], found[2]} <= names else None


def nearly_natalizumab(text: str) -> str | None:
    """The name of natalizumab that may be meant by a text which is none; None where none is near."""
    lower = text.lower()
    for name in sorted(natalizumab_names(), key=len, reverse=True):
        if name in lower:
            return name
    words = re.findall(r"[a-z]{5,}", lower)
    close = (get_close_matches(word, natalizumab_names(), n=1, cutoff=_NEAR) for word in words)
    return next((found[0] for found in close if found), None)
