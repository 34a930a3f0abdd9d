"""The named rules of the quality report: what each looks for, its limits, and where every limit comes from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from wearoff.errors import UnknownNameError
from wearoff.sources import Mark

__all__ = ["Limit", "QualityRule", "load_quality_rule", "quality_rule_names"]


@dataclass(frozen=True, slots=True)
class Limit:
    """One number of a rule.

    Attributes:
        name: its name in the rule.
        value: the number.
        unit: its unit.
        source: where it comes from, or why it was assumed.
        mark: how well it is known.
    """

    name: str
    value: float
    unit: str
    source: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One thing that is looked for.

    Attributes:
        name: name in `rules.toml`; with other limits than those of the file it says which.
        title: what it looks for.
        tables: the tables whose rows it lists.
        check: what a person should look at.
        limits: its numbers.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    check: str
    limits: tuple[Limit, ...]

    @property
    def key(self) -> str:
        """The name without changed limits."""
        return self.name.partition("[")[0]

    def __getitem__(self, name: str) -> float:
        """The value of one limit; names come from code."""
        return {limit.name: limit.value for limit in self.limits}[name]

    def with_limits(self, **values: float) -> QualityRule:
        """The same rule with other limits (mark `assumed`); its name then says which.

        Raises:
            UnknownNameError: the rule has no such limit.
        """
        known = {limit.name for limit in self.limits}
        for name in values:
            if name not in known:
                raise UnknownNameError(f"limit of the rule {self.name}", name, known)
        changed = {limit.name for limit in self.limits if values.get(limit.name, limit.value) != limit.value}
        if not changed:
            return self
        limits = tuple(
            replace(limit, value=values[limit.name], source="set by the user", mark=Mark.ASSUMED)
            if limit.name in changed
            else limit
            for limit in self.limits
        )
        suffix = ", ".join(f"{name}={values[name]:g}" for name in sorted(changed))
        return replace(self, name=f"{self.name}[{suffix}]", limits=limits)

    def describe(self) -> str:
        """The rule in a paragraph: what it looks for, every limit with unit, mark and source, what to check."""
        limits = "; ".join(
            f"{limit.name} {limit.value:g} {limit.unit} ({limit.mark}: {limit.source})"
            for limit in self.limits
        )
        numbers = f" Limits: {limits}." if limits else ""
        return f"{self.name}: {self.title}, in {', '.join(self.tables)}.{numbers} {self.check}"


def quality_rule_names() -> tuple[str, ...]:
    """The names of the rules, in the order in which the report lists them."""
    return tuple(_rules())


def load_quality_rule(name: str) -> QualityRule:
    """The rule of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    rules = _rules()
    if name not in rules:
        raise UnknownNameError("quality rule", name, rules)
    return rules[name]


@cache
def _rules() -> dict[str, QualityRule]:
    text = files("wearoff.cohort.quality").joinpath("rules.toml").read_text(encoding="utf-8")
    return {
        name: QualityRule(
            name=name,
            title=entry["title"],
            tables=tuple(entry["tables"]),
            check=entry["check"],
            limits=tuple(
                Limit(key, limit["value"], limit["unit"], limit["source"], Mark(limit["mark"]))
                for key, limit in entry["limits"].items()
            ),
        )
        for name, entry in tomllib.loads(text).items()
    }
