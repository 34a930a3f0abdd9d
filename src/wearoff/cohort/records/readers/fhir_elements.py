"""Elements of FHIR as text: quantities, moments, answers and codings, whatever else may stand in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wearoff.cohort.records.fhir_codes import UCUM, load_codes
from wearoff.cohort.records.readers.json_text import NumberText, plain_number

__all__ = ["LONGEST", "MOMENT", "any_value", "extensions_of", "moment_of", "named", "quantity_of", "text_of"]

MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", flags=re.ASCII)
LONGEST = 80


def extensions_of(element: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The extensions of an element that are objects."""
    found = element.get("extension")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            yield one


def quantity_of(quantity: Mapping[str, Any]) -> tuple[str, str]:
    """The number as written, and its unit as the tables spell it; the written unit where UCUM says none."""
    value = quantity.get("value")
    number = plain_number(value) if isinstance(value, NumberText) else text_of(value)
    code = text_of(quantity.get("code"))
    if quantity.get("system") == UCUM and code:
        return number, load_codes().units.get(code, code)
    return number, text_of(quantity.get("unit"))


def any_value(element: Mapping[str, Any]) -> str:
    """The text of whatever value[x] an element has."""
    value = next((value for key, value in element.items() if key.startswith("value")), None)
    if isinstance(value, NumberText):
        return plain_number(value)
    if isinstance(value, dict):
        return text_of(value.get("code"))
    return text_of(value)


def moment_of(value: Any) -> str:
    """A date or a moment as the tables write it: in whole seconds, a fraction of one dropped."""
    text = text_of(value)
    found = MOMENT.fullmatch(text)
    return f"{found[1]}{found[2] or ''}" if found else text


def text_of(value: Any) -> str:
    """A value that should be a text; empty where it is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def named(known: list[tuple[str, str]], concept: Any) -> str:
    """What a concept is called in the receipt: its codings, or its text."""
    if known:
        return " and ".join(f"{system}|{code}"[:LONGEST] for system, code in known[:3])
    text = concept.get("text") if isinstance(concept, dict) else None
    return repr(text[:LONGEST]) if isinstance(text, str) and text else "without a coding"
