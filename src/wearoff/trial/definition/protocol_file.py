"""A protocol from a file that people write, and such a file from a protocol.

The file is TOML: `[schedule]`, `[[arm]]` and the other tables of `protocol.py`, weeks and days as numbers. Whatever is
wrong is found before anything is simulated and told with its line, table and key, all of it together: first what is no
protocol by its form, then what contradicts itself (`protocol_checks.py`).
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from wearoff.dosing.hand_written import Faults, parse_toml, read_text
from wearoff.errors import InputError, Problem, UnknownNameError
from wearoff.trial.definition.protocol_checks import note_contradictions
from wearoff.trial.definition.protocol_form import NEVER, Form, forms, is_never, note_fault, note_values
from wearoff.trial.protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wearoff.dosing.figures import Strict

__all__ = [
    "data_digest",
    "load_protocol",
    "parse_protocol",
    "protocol_digest",
    "protocol_names",
    "protocol_text",
    "read_protocol",
    "to_toml",
]

_SUFFIX = ".toml"
_READS = ("endpoints", "analyses", "looks", "name", "title", "question", "notes")
"""What leaves the data of a protocol as they are."""


def load_protocol(name_or_path: str | Path) -> Protocol:
    """A protocol of the package by its name, or one of your own by the path of its file.

    Args:
        name_or_path: one of `protocol_names()`, or a path that ends with `.toml`.

    Raises:
        UnknownNameError: there is no such protocol.
        InputError: every fault of the file, each with its line, table and key.

    Example:
        >>> load_protocol("bergen-2020").size
        40
    """
    if str(name_or_path).endswith(_SUFFIX):
        return read_protocol(name_or_path)
    name = str(name_or_path)
    if name not in protocol_names() and Path(name).is_file():
        raise InputError(
            Problem(f"the file of a protocol ends with {_SUFFIX}, and this does not; rename it.", name)
        )
    return parse_protocol(protocol_text(name), name + _SUFFIX)


def read_protocol(path: str | Path) -> Protocol:
    """The protocol in a file.

    Args:
        path: a TOML file in UTF-8. What it names beside itself (a cohort, a model, a file of distributions) is looked
            for from the folder that it lies in.

    Raises:
        InputError: every fault of the file, each with its line, table and key.
    """
    file = Path(path)
    return parse_protocol(read_text(file, "protocol"), file.name, folder=file.parent)


def parse_protocol(text: str, file: str | None = None, *, folder: Path | None = None) -> Protocol:
    """The protocol in the text of a file.

    Args:
        text: the text.
        file: what errors call the file.
        folder: where files that the protocol names are looked for; by default where the program runs.

    Raises:
        InputError: every fault of the text, each with its line, table and key.
    """
    document, lines = parse_toml(
        text, file, what="protocol", quoted='policy = "fixed"', table="[schedule] or [[arm]]"
    )
    faults = Faults(file, lines)
    given = note_values(document, faults)
    faults.stop()
    try:
        # through JSON, so that strict reading still takes lists for tuples
        protocol = Protocol.model_validate_json(json.dumps(given))
    except ValidationError as found:
        for fault in found.errors(include_url=False):
            note_fault(fault, faults)
        faults.stop()
        raise InputError(Problem("this is no protocol.", file)) from None  # pragma: no cover
    protocol = _beside(protocol, folder)
    note_contradictions(protocol, faults)
    faults.stop()
    return protocol


def protocol_names() -> tuple[str, ...]:
    """The names of the protocols of the package."""
    folder = files("wearoff.trial.definition") / "protocols"
    names = (file.name for file in folder.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def protocol_text(name: str) -> str:
    """The file of a protocol of the package, with its comments, to begin one's own from.

    Raises:
        UnknownNameError: there is no such protocol.
    """
    if name not in protocol_names():
        raise UnknownNameError("protocol", name, protocol_names())
    return _shipped(name)


def protocol_digest(protocol: Protocol) -> str:
    """SHA-256 of all that a protocol says, with the contents of the files that it names.

    It does not hang on comments, the order of tables, keys left at their defaults or where the files lie.
    """
    return _digest(_dumped(protocol))


def data_digest(protocol: Protocol) -> str:
    """SHA-256 of the part that makes the data: the same for protocols that differ in what is computed from them."""
    whole = _dumped(protocol)
    for name in _READS:
        whole.pop(Protocol.model_fields[name].alias or name)
    return _digest(whole)


def to_toml(protocol: Protocol) -> str:
    """The text of a protocol file; who reads it has the same protocol again.

    What is at its default is left out in tables of which nothing is said, and written in the others.
    """
    return "\n".join(_written(protocol, Form((), Protocol, is_repeated=False))).strip() + "\n"


def _written(values: Strict, form: Form) -> Iterator[str]:
    """The lines of a table and of those below it."""
    inner = forms()
    named = {field.alias or name: getattr(values, name) for name, field in type(values).model_fields.items()}
    if form.path:
        yield ""
        yield form.written
    for key, value in named.items():
        if (*form.path, key) in inner or (value is None and not is_never(form.keys[key])):
            continue
        yield f"{key} = {_value(NEVER if value is None else value)}"
    for key, value in named.items():
        below = inner.get((*form.path, key))
        if below is None or value is None or (not below.is_repeated and value == form.keys[key].default):
            continue
        for each in value if below.is_repeated else (value,):
            yield from _written(each, below)


def _value(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _beside(protocol: Protocol, folder: Path | None) -> Protocol:
    """The protocol with the files that it names found from where it lies itself."""
    if folder is None:
        return protocol

    def found(name: str | None) -> str | None:
        return None if name is None else str(folder / name)

    patients, world = protocol.patients, protocol.world
    patients = patients.model_copy(
        update={"numbers": found(patients.numbers), "folder": found(patients.folder)}
    )
    if world.model.endswith(_SUFFIX):
        world = world.model_copy(update={"model": found(world.model)})
    return protocol.model_copy(update={"patients": patients, "world": world})


def _dumped(protocol: Protocol) -> dict[str, Any]:
    """All that a protocol says, files by their contents."""
    whole = protocol.model_dump(mode="json", by_alias=True)
    patients, world = whole["patients"], whole["world"]
    for table, key in ((patients, "numbers"), (patients, "folder"), (world, "model")):
        if table[key] is not None and Path(table[key]).exists():
            table[key] = _content(Path(table[key]))
    return whole


def _content(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder with their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    inside = sorted(file for file in path.rglob("*") if file.is_file())
    return _digest({str(file.relative_to(path).as_posix()): _content(file) for file in inside})


def _digest(whole: object) -> str:
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@cache
def _shipped(name: str) -> str:
    return (files("wearoff.trial.definition") / "protocols" / (name + _SUFFIX)).read_text(encoding="utf-8")
