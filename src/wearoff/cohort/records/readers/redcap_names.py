"""What a REDCap project that was not made from our dictionary calls its fields, instruments and codes.

The user states it in `cohort.toml`, name by name; nothing is matched by likeness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wearoff.cohort.records.dictionary import MISSING_SUFFIX, load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE
from wearoff.errors import Problem

__all__ = ["RedcapNames", "names_in"]


@dataclass(frozen=True, slots=True)
class RedcapNames:
    """Our names by those of the project.

    Attributes:
        fields: field, such as `visit_edss`, by the project's field.
        instruments: table by the project's instrument.
        codes: our code by the project's, for each of the project's fields.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    instruments: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def value(self, name: str, cell: str) -> str:
        """A cell of one of the project's fields in our codes; as it is where no code is stated."""
        return self.codes.get(name, {}).get(cell, cell)


def names_in(said: Mapping[str, Any], problems: list[Problem]) -> RedcapNames:
    """The names that stand in `cohort.toml`; what is wrong with them is added to the problems.

    Args:
        said: the tables below `redcap`: `fields`, `instruments`, `codes`.
        problems: where to add.
    """
    for name in sorted(set(said) - {"fields", "instruments", "codes"}):
        reason = "there is no such table; there are redcap.fields, redcap.instruments and redcap.codes."
        problems.append(Problem(reason, file=ABOUT_FILE, key=f"redcap.{name}"))
    fields = _texts(said.get("fields", {}), "redcap.fields", problems)
    instruments = _texts(said.get("instruments", {}), "redcap.instruments", problems)
    given = said.get("codes", {})
    codes = {
        str(name): _texts(entry, f"redcap.codes.{name}", problems)
        for name, entry in (given.items() if isinstance(given, dict) else ())
    }
    if not isinstance(given, dict):
        problems.append(
            Problem("codes stand by field: [redcap.codes.FIELD].", ABOUT_FILE, key="redcap.codes")
        )
    tables = {table.name for table in load_dictionary().tables}
    problems += [
        Problem(f"{ours!r} is none of the tables.", file=ABOUT_FILE, key=f"redcap.instruments.{theirs}")
        for theirs, ours in instruments.items()
        if ours not in tables
    ]
    problems += [
        Problem(
            f"{ours!r} is no field; a field is table and column, such as visit_edss.",
            file=ABOUT_FILE,
            key=f"redcap.fields.{theirs}",
        )
        for theirs, ours in fields.items()
        if not _is_field(ours)
    ]
    return RedcapNames(fields, instruments, codes)


def _is_field(name: str) -> bool:
    for table in load_dictionary().tables:
        column = name.removeprefix(f"{table.name}_").removesuffix(MISSING_SUFFIX)
        if name.startswith(f"{table.name}_") and (table.keeps_others or table.column(column) is not None):
            return True
    return False


def _texts(entry: Any, key: str, problems: list[Problem]) -> dict[str, str]:
    if isinstance(entry, dict) and all(isinstance(value, str) for value in entry.values()):
        return dict(entry)
    problems.append(Problem('each line must be THEIRS = "OURS", both texts.', file=ABOUT_FILE, key=key))
    return {}
