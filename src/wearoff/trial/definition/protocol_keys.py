"""Every table and key of a protocol with its meaning, its default, and how well that default is known.

Meanings stand in the docstrings of `protocol.py`, values and limits in its models, the marks of defaults in
`protocol_marks.toml`; here they are read together, for the documentation and for whoever asks.
"""

from __future__ import annotations

import inspect
import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from wearoff.trial.definition.protocol_form import NEVER, Form, forms, is_never

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["Key", "protocol_keys"]

_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_NAMES = {int: "whole number", float: "number", str: "text", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a protocol file.

    Attributes:
        table: its table as it begins in a file, empty above all tables.
        key: its name.
        meaning: what it says.
        values: what may stand there.
        default: what holds without it, as a file would say it; None where it has to be given, `nothing` where there
            is no value then.
        mark: how well the default is known: a `Mark`, or `choice`, or `neutral`; None without a default.
        why: where the default comes from.
        evidence: ids of rows of the evidence table behind it.
    """

    table: str
    key: str
    meaning: str
    values: str
    default: str | None
    mark: str | None
    why: str
    evidence: tuple[str, ...]


@cache
def protocol_keys() -> tuple[Key, ...]:
    """Every key, table by table, in the order of the models."""
    return tuple(_keys())


def _keys() -> Iterator[Key]:
    known, marks = forms(), _marks()
    for form in known.values():
        meanings = _meanings(form)
        for key, field in form.keys.items():
            if (*form.path, key) in known:
                continue
            about = marks.get((*form.path, key), {})
            yield Key(
                table=form.written if form.path else "",
                key=key,
                meaning=meanings[_attribute(form, field)],
                values=_values(field),
                default=_default(field),
                mark=about.get("mark"),
                why=about.get("why", ""),
                evidence=tuple(about.get("evidence", ())),
            )


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}):
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _values(field: FieldInfo) -> str:
    """What may stand in a field, in words."""
    words = _annotated(field.annotation)
    limits = [
        f"{said} {getattr(limit, name):g}"
        for limit in field.metadata
        for name, said in _LIMITS.items()
        if hasattr(limit, name)
    ]
    never = f', or "{NEVER}"' if is_never(field) else ""
    return ", ".join([words, *limits]) + never


def _annotated(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f'"{word}"' for word in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_annotated(each) for each in get_args(annotation) if each is not type(None))
    if get_origin(annotation) is tuple:
        return f"list of {_annotated(get_args(annotation)[0])}s"
    if get_origin(annotation) is dict:
        return f"names with a {_annotated(get_args(annotation)[1])} each"
    return _NAMES[annotation]


def _attribute(form: Form, field: FieldInfo) -> str:
    """The name of a field in Python, which a file may call otherwise."""
    return next(name for name, other in form.model.model_fields.items() if other is field)


def _meanings(form: Form) -> dict[str, str]:
    """What the docstring of a model says of each of its attributes."""
    text = inspect.getdoc(form.model) or ""
    found: dict[str, str] = {}
    for names, said in re.findall(
        r"^    ([a-z_, ]+): ((?:.|\n(?!    [a-z_, ]+: ))*)", text, flags=re.MULTILINE
    ):
        sentence = " ".join(said.split()).rstrip(".")
        found |= dict.fromkeys((name.strip() for name in names.split(",")), sentence)
    return found


def _marks() -> dict[tuple[str, ...], Mapping[str, Any]]:
    """The mark of each default by the keys that lead to it."""
    text = (files("wearoff.trial.definition") / "protocol_marks.toml").read_text(encoding="utf-8")

    def walk(
        content: Mapping[str, Any], path: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
        if "mark" in content:
            yield path, content
        else:
            for key, inner in content.items():
                yield from walk(inner, (*path, key))

    return dict(walk(tomllib.loads(text), ()))
