"""The tables and keys of a protocol file, read off the models of `protocol.py`, and the words for what does not fit.

The models are the only place that knows a key. From them come the tables that a file may hold, the sentence for each
fault that reading finds, and the file that a protocol is written as.
"""

from __future__ import annotations

import datetime as dt
import math
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from wearoff.dosing.figures import Strict
from wearoff.dosing.hand_written import Faults, did_you_mean, shown
from wearoff.trial.protocol import Protocol

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from wearoff.dosing.toml_lines import Path

__all__ = ["NEVER", "Form", "form_at", "forms", "is_never", "note_fault", "note_values", "table_name"]

NEVER = "never"
"""What a file says where a value is None and a number is the default."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of table in a protocol file.

    Attributes:
        path: the keys that lead to it; empty for what stands above all tables.
        model: the model that reads it.
        is_repeated: whether there may be several, written with two brackets.
    """

    path: tuple[str, ...]
    model: type[Strict]
    is_repeated: bool

    @property
    def written(self) -> str:
        """The table as its first line in a file."""
        name = ".".join(self.path)
        return f"[[{name}]]" if self.is_repeated else f"[{name}]"

    @property
    def keys(self) -> dict[str, FieldInfo]:
        """Every key under the name that it has in a file."""
        return {field.alias or name: field for name, field in self.model.model_fields.items()}

    @property
    def required(self) -> tuple[str, ...]:
        """The keys without a default."""
        return tuple(key for key, field in self.keys.items() if field.is_required())


@cache
def forms() -> Mapping[tuple[str, ...], Form]:
    """Every table that a protocol file may hold, by the keys that lead to it, in the order of the models."""
    found = {form.path: form for form in _forms(Form((), Protocol, is_repeated=False))}
    return types.MappingProxyType(found)


def form_at(path: Path) -> Form | None:
    """The table that lies at a place or around it; None for a place in a table that nobody knows."""
    known, keys = forms(), tuple(part for part in path if isinstance(part, str))
    return next((known[keys[:end]] for end in range(len(keys), -1, -1) if keys[:end] in known), None)


def table_name(path: Path) -> str | None:
    """What an error calls the table at a place, its number counted from 1; None above all tables."""
    words = [str(part + 1) if isinstance(part, int) else part for part in path]
    return " ".join(words) or None


def is_never(field: FieldInfo) -> bool:
    """Whether the key may be `never`: its value may be None, and that is not what holds without the key."""
    return type(None) in get_args(field.annotation) and field.default is not None


def note_values(document: Mapping[str, Any], faults: Faults) -> Any:
    """The document as the models read it, with `never` as None; notes dates and numbers that are not finite."""

    def value_at(value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return {key: value_at(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [value_at(inner, (*path, index)) for index, inner in enumerate(value)]
        table, key = _place(path)
        if isinstance(value, dt.date | dt.time):
            faults.add("it is a date or a time; a protocol counts weeks and days.", path, table, key, value)
            return None
        if isinstance(value, float) and not math.isfinite(value):
            faults.add(f"{shown(value)} is not a number that can be counted with.", path, table, key, value)
            return None
        if value == NEVER:
            form = form_at(path[:-1])
            field = form.keys.get(str(path[-1])) if form else None
            return None if field is not None and is_never(field) else value
        return value

    return value_at(document, ())


def note_fault(fault: ErrorDetails, faults: Faults) -> None:
    """Note one fault of reading in the words of this house."""
    path: Path = tuple(part for part in fault["loc"] if part != "[key]")
    kind, value, limits = fault["type"], fault["input"], fault.get("ctx", {})
    form, here = form_at(path[:-1]), forms().get(tuple(part for part in path if isinstance(part, str)))
    table, key = _place(path)
    if kind == "missing":
        value = None
        if here is not None:
            faults.add(f"the table {here.written} is missing.", path[:-1], here.path[-1])
            return
        reason = f"the key is missing; {_owner(form)} needs {', '.join(form.required) if form else key}."
    elif kind == "extra_forbidden":
        reason = _unknown(str(path[-1]), value, form)
        if form is not None and not form.path and isinstance(value, dict | list):
            table, key = str(path[-1]), None
        value = None if isinstance(value, dict | list) else value
    elif here is not None and (kind in _NO_TABLE or isinstance(path[-1], int)):
        faults.add(f"write it as a table that begins with {here.written}.", path, table_name(path))
        return
    elif kind == "literal_error":
        known = [word.strip("'") for word in str(limits["expected"]).replace(" or ", ", ").split(", ")]
        close = did_you_mean(value, known) if isinstance(value, str) else ""
        reason = f"{shown(value)} is not one of {', '.join(known)}.{close}"
    elif kind in _KINDS:
        reason = f"{shown(value)} is not {_KINDS[kind]}."
    elif kind in _LIMITS:
        words, name = _LIMITS[kind]
        reason = f"{shown(value)} is not {words} {limits[name]:g}."
    else:
        reason = f"{shown(value)}: {fault['msg']}."
    faults.add(reason, path, table, key, value)


_NO_TABLE = {"model_type", "model_attributes_type", "tuple_type", "dict_type"}
_WHOLE = "a whole number; write it without quotes and without a point"
_KINDS = {
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": "a number; write it without quotes and unit",
    "string_type": "a text; write it in quotes",
    "bool_type": "true or false; write one of them without quotes",
    "tuple_type": "a list; write it in brackets, as in [26, 52]",
    "dict_type": "a table; write it as in { weight_kg = 0.3 }",
    "string_too_short": "a text with anything in it",
    "string_pattern_mismatch": "a short name of small letters, numbers and hyphens, as in larger-cohort",
}
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def _unknown(word: str, value: object, form: Form | None) -> str:
    """What is said of a table or key that no model has."""
    keys = list(form.keys) if form else []
    if form is None or form.path:
        return f"the key is not known.{did_you_mean(word, keys)} Keys of {_owner(form)}: {', '.join(keys)}."
    tables = [each.written for each in forms().values() if len(each.path) == 1]
    what = "table" if isinstance(value, dict | list) else "key outside the tables"
    outside = ", ".join(key for key in keys if (key,) not in forms())
    return (
        f"the {what} {shown(word)} is not known.{did_you_mean(word, keys)} "
        f"The tables are {', '.join(tables)}; above them stand {outside}."
    )


def _owner(form: Form | None) -> str:
    """What a key belongs to."""
    return form.written if form and form.path else "a protocol"


def _place(path: Path) -> tuple[str | None, str | None]:
    """The table and the key of a place, as an error names them."""
    form = form_at(path[:-1])
    depth, keys = len(form.path) if form else 0, 0
    for end, part in enumerate(path):
        keys += isinstance(part, str)
        if keys > depth:
            return table_name(path[:end]), ".".join(map(str, path[end:]))
    return table_name(path), None


def _forms(form: Form) -> Iterator[Form]:
    yield form
    for key, field in form.keys.items():
        model, is_repeated = _model_of(field.annotation)
        if model is not None:
            yield from _forms(Form((*form.path, key), model, is_repeated))


def _model_of(annotation: Any) -> tuple[type[Strict] | None, bool]:
    """The model behind an annotation, and whether there may be several of it."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation, False
    is_union = get_origin(annotation) in (Union, types.UnionType)
    if is_union or get_origin(annotation) is tuple:
        found = (_model_of(each)[0] for each in get_args(annotation))
        return next((model for model in found if model is not None), None), not is_union
    return None, False
