"""The named rules that read wearing-off from a diary, each setting with its source or the mark `assumed`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from wearoff.errors import UnknownNameError
from wearoff.sources import Mark

__all__ = ["Confounders", "DiaryRule", "confounder_words", "diary_rule_names", "load_diary_rule"]


@dataclass(frozen=True, slots=True)
class DiaryRule:
    """A named way to read wearing-off from a diary of weeks with severity 0 to 10.

    Attributes:
        name: name in `diary_rules.toml`; with other settings than those of the file it says which.
        description: the rule in one phrase.
        edge_d: days from an infusion in which the first week begins, and to the next in which the last ends.
        cycle_d: days; cycles shorter or longer are not used.
        most_late_d: days after the end of its week by which an entry has to be written.
        fewest_cycles: with fewer it cannot be told.
        least_rise: points that count.
        error_rate: one-sided.
        fluctuation_sd: points; from here on severity without such a rise is called fluctuation.
        least_sd: points; the rises of a patient are never taken to vary less.
        confounded: whether cycles with a confounder are kept.
    """

    name: str
    description: str
    edge_d: int
    cycle_d: tuple[int, int]
    most_late_d: int
    fewest_cycles: int
    least_rise: float
    error_rate: float
    fluctuation_sd: float
    least_sd: float
    confounded: Literal["kept", "excluded"]

    def with_settings(self, **settings: Any) -> DiaryRule:
        """The same rule with other settings; its name then says which.

        Raises:
            UnknownNameError: a setting does not exist.
        """
        known = {field.name for field in fields(self)} - {"name", "description"}
        for setting in settings:
            if setting not in known:
                raise UnknownNameError("setting of a diary rule", setting, known)
        changed = {key: value for key, value in settings.items() if value != getattr(self, key)}
        if not changed:
            return self
        suffix = ", ".join(f"{key}={value}" for key, value in sorted(changed.items()))
        return replace(self, name=f"{self.name}[{suffix}]", **changed)

    def describe(self) -> str:
        """The methods paragraph of this rule."""
        level = f"{100 * (1 - 2 * self.error_rate):g} %"
        least = f"{self.least_rise:g}"
        confounded = "Cycles with a recorded relapse, infection or new drug were " + (
            "kept, and the rise without them is shown beside it."
            if self.confounded == "kept"
            else "not used."
        )
        known = setting_sources()
        sourced = "; ".join(f"{name}: {text} ({mark})" for name, (mark, text) in known.items())
        assumed = sorted({field.name for field in fields(self)} - {"name", "description", *known})
        return (
            f"Rule {self.name}: wearing-off was read from weekly diaries as the rise of severity (0 to 10) from "
            f"the first to the last week between two infusions. The first week is the entry whose seven days begin "
            f"within {self.edge_d} days from the infusion, the last the one whose seven days end within "
            f"{self.edge_d} days to the next; a week in which an infusion fell between its first and last day was "
            f"not used, nor an entry written more than {self.most_late_d} days after its week, nor a cycle under "
            f"{self.cycle_d[0]} or over {self.cycle_d[1]} days. {confounded} A patient's rise is the mean over "
            f"cycles with its {level} interval by t over cycles (SD at least {self.least_sd:g}), so that "
            f"fluctuation within a cycle is not taken for evidence. Wearing-off: a rise of at least {least} points "
            f"whose interval lies above 0. Fluctuation or steady: the interval lies below {least}, and the SD of "
            f"severity is at least, or under, {self.fluctuation_sd:g} points. Otherwise, with fewer than "
            f"{self.fewest_cycles} usable cycles or without an entry early in the cycle, it cannot be told. "
            f"Sources: {sourced}. Assumed: {', '.join(assumed)}."
        )


@dataclass(frozen=True, slots=True)
class Confounders:
    """Words by which a confounder is known, lower case.

    Attributes:
        infection: words in the kind of an event that mean an infection.
        new_drug: words in the kind of an event that mean a new drug.
        not_one: cells of a diary's confounder columns that mean none.
    """

    infection: tuple[str, ...]
    new_drug: tuple[str, ...]
    not_one: tuple[str, ...]


def diary_rule_names() -> tuple[str, ...]:
    """The names of the rules, the default first."""
    return tuple(_file()["rule"])


def load_diary_rule(name: str = "rise_two_cycles") -> DiaryRule:
    """The rule of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    rules = _file()["rule"]
    if name not in rules:
        raise UnknownNameError("diary rule", name, rules)
    entry = rules[name]
    return DiaryRule(name=name, **entry | {"cycle_d": tuple(entry["cycle_d"])})


def setting_sources() -> dict[str, tuple[Mark, str]]:
    """Mark and source of each setting that is more than assumed without a word."""
    return {name: (Mark(entry["mark"]), entry["text"]) for name, entry in _file()["sources"].items()}


def confounder_words() -> Confounders:
    """The words by which confounders are known."""
    return Confounders(**{name: tuple(words) for name, words in _file()["confounders"].items()})


@cache
def _file() -> dict[str, Any]:
    text = files("wearoff.cohort.wearing_off").joinpath("diary_rules.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
