"""Quantities at the border: a number and the unit written beside it become a number in another unit.

A unit is known by its exact spelling, in the list below. Nothing else is parsed, so that a text from
a file is never evaluated, and `Mg/L` or `mg` can never pass for `mg/L`. Factors are exact fractions:
25000 ng/mL becomes 25 mg/L and not a neighbour of it. Arbitrary units and indices have dimensions of
their own and convert to nothing else. Pint is met in this module only, and loaded when first needed; times,
which every regimen in words has, do without it.
"""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    import pint

__all__ = ["convert", "factor", "known_units", "quantity"]

_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(|[^\d\s.].*)", flags=re.ASCII)

# How people write a unit, and how pint names it. Two characters are in use for micro.
_SPELLINGS = {
    **dict.fromkeys(("g/L", "g/l", "mg/mL", "mg/ml"), "gram/liter"),
    **dict.fromkeys(("mg/L", "mg/l"), "milligram/liter"),
    **{
        f"{micro}g/{volume}": f"microgram/{long}"
        for micro in ("u", "µ", "μ", "mc")
        for volume, long in (
            ("mL", "milliliter"),
            ("ml", "milliliter"),
            ("L", "liter"),
            ("l", "liter"),
        )
    },
    **dict.fromkeys(("mg/dL", "mg/dl"), "milligram/deciliter"),
    **dict.fromkeys(("ng/mL", "ng/ml"), "nanogram/milliliter"),
    **dict.fromkeys(("ng/L", "ng/l"), "nanogram/liter"),
    **dict.fromkeys(("pg/mL", "pg/ml"), "picogram/milliliter"),
    **dict.fromkeys(("nmol/L", "nmol/l"), "nanomole/liter"),
    **dict.fromkeys(("10^9/L", "10^9/l", "10*9/L", "G/L"), "giga_per_liter"),
    **{
        f"{count}/{micro}{volume}": "1/microliter"
        for count in ("cells", "")
        for micro in ("u", "µ", "μ")
        for volume in ("L", "l")
    },
    "%": "percent",
    "fraction": "dimensionless",
    "index": "index",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "ug": "microgram",
    "lb": "pound",
    "cm": "centimeter",
    "m": "meter",
    "in": "inch",
    "min": "minute",
    "h": "hour",
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("wk", "week", "weeks"), "week"),
}

# Times by themselves, because pint takes nearly as long to load as JAX.
_DAYS = {"minute": Fraction(1, 1440), "hour": Fraction(1, 24), "day": Fraction(1), "week": Fraction(7)}


def convert(value: float, unit: str, to: str) -> float:
    """The same quantity as a number in another unit, correctly rounded.

    Args:
        value: the number as written beside `unit`.
        unit: unit of `value`, one of `known_units()`.
        to: unit that is wanted.

    Returns:
        The double nearest to the exact result for the shortest decimal that `value` prints as.

    Raises:
        InputError: for a unit that is not known, or one that measures something else.

    Example:
        >>> convert(25000.0, "ng/mL", "mg/L")
        25.0
    """
    ratio = factor(unit, to)
    return value if ratio == 1 else float(Fraction(repr(float(value))) * ratio)


def quantity(text: str, to: str) -> float:
    """The number that a text such as `176 lb` is in another unit.

    Args:
        text: a decimal number and its unit, with or without a space between them.
        to: unit that is wanted.

    Raises:
        InputError: the text does not begin with a finite number, or its unit is missing, unknown, or
            measures something else.

    Example:
        >>> quantity("500 ug", "mg")
        0.5
    """
    found = _QUANTITY.fullmatch(text.strip())
    if not found or not math.isfinite(float(found[1])):
        reason = f"{text!r} is not a number and a unit; write for example 12 {to}."
        raise InputError(Problem(reason, column="quantity", value=text))
    return convert(float(found[1]), found[2], to)


def factor(unit: str, to: str) -> Fraction:
    """The exact number by which a value in `unit` is multiplied to be one in `to`.

    Args:
        unit: unit of the value, one of `known_units()`.
        to: unit that is wanted.

    Returns:
        The ratio of the two units.

    Raises:
        InputError: for a unit that is not known, or one that measures something else.
    """
    source, target = _spelled(unit), _spelled(to)
    return Fraction(1) if source == target else _ratio(source, target, unit, to)


def known_units() -> tuple[str, ...]:
    """Every spelling of a unit that wearoff reads, sorted."""
    return tuple(sorted(_SPELLINGS))


def _spelled(unit: str) -> str:
    try:
        return _SPELLINGS[unit]
    except KeyError:
        other_case = [spelling for spelling in _SPELLINGS if spelling.lower() == unit.lower()]
        close = other_case or get_close_matches(unit, _SPELLINGS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        reason = (
            f"the unit {unit!r} is not known.{hint} Use one of: {', '.join(known_units())}."
            if unit
            else "the unit is missing; it is never guessed."
        )
        raise InputError(Problem(reason, column="unit", value=unit)) from None


@cache
def _ratio(source: str, target: str, unit: str, to: str) -> Fraction:
    if source in _DAYS and target in _DAYS:
        return _DAYS[source] / _DAYS[target]
    import pint

    try:
        ratio = _registry().Quantity(Fraction(1), source).to(target).magnitude
    except pint.DimensionalityError:
        reason = f"{unit!r} measures something else than {to!r}, and cannot be turned into it."
        raise InputError(Problem(reason, column="unit", value=unit)) from None
    return Fraction(ratio)


@cache
def _registry() -> pint.UnitRegistry[Fraction]:
    import pint

    registry: pint.UnitRegistry[Fraction] = pint.UnitRegistry(non_int_type=Fraction)
    registry.define("index = [index]")
    registry.define("giga_per_liter = 1000000000 / liter")
    return registry
