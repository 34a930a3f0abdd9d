"""What `wearoff neda` hands over: the tables of one or several rules, and the methods paragraph of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from wearoff.cohort.neda.events import events_frame, summarise_events
from wearoff.cohort.neda.followup import Followup
from wearoff.cohort.neda.methods import label_sentences
from wearoff.cohort.neda.multiverse import multiverse
from wearoff.cohort.neda.rules import (
    NedaRule,
    WorseningRule,
    load_rule,
    load_worsening_rule,
    rule_names,
    worsening_rule_names,
)
from wearoff.cohort.neda.score import count_components, kind_of_neda, score_followup, summarise_neda
from wearoff.cohort.neda.windows import observed_windows
from wearoff.cohort.neda.worsening import find_events
from wearoff.cohort.results import Table
from wearoff.errors import UnknownNameError

DEFAULT_RULE = "neda3_12w"


@dataclass(frozen=True, slots=True)
class NedaTables:
    """The result of some rules on one cohort.

    Attributes:
        tables: by name; those without a row are left out.
        methods: the methods paragraph of each rule, by its name.
    """

    tables: dict[str, Table]
    methods: dict[str, str]


def load_any_rule(name: str) -> NedaRule | WorseningRule:
    """A NEDA rule, or a rule of confirmed worsening, of this name.

    Raises:
        UnknownNameError: there is neither; the message lists those that exist.
    """
    if name in rule_names():
        return load_rule(name)
    if name in worsening_rule_names():
        return load_worsening_rule(name)
    raise UnknownNameError("rule", name, [*rule_names(), *worsening_rule_names()])


def neda_tables(followup: Followup, rules: Sequence[NedaRule | WorseningRule]) -> NedaTables:
    """Score a cohort under every rule; each row names its rule.

    Args:
        followup: the records.
        rules: NEDA rules, scored in every observed year and in the years kept; rules of confirmed worsening, for
            their changes and rates.
    """
    parts: dict[str, list[pl.DataFrame]] = {
        name: [] for name in ("neda_summary", "neda_components", "neda", "worsening_summary", "worsening")
    }
    for rule in rules:
        if isinstance(rule, NedaRule):
            scores = score_followup(followup, rule, observed_windows(followup.observed_to, rule))
            frame, events, change = scores.to_frame(), scores.events, rule.worsening
            parts["neda"].append(frame)
            kind = kind_of_neda(rule.components)
            parts["neda_summary"].append(_first(summarise_neda(frame), rule=rule.name, neda_kind=kind))
            parts["neda_components"].append(_first(count_components(frame), rule=rule.name))
        else:
            change = rule
            events = find_events(
                followup.visits, followup.reports, rule, relapses_unknown=followup.relapses_unknown
            )
        parts["worsening_summary"].append(_first(summarise_events(followup, events, change), rule=rule.name))
        parts["worsening"].append(events_frame(followup, events, change))
    titles = {
        "neda_summary": ("NEDA by rule and window, with both bounds", "Exact 95 % intervals."),
        "neda_components": ("Components by rule and window", ""),
        "neda": ("Every patient and window, with reasons", ""),
        "worsening_summary": (
            "Confirmed change by rule",
            "Rates per ten patient-years, from each patient's baseline to the last EDSS or to the first change where "
            "the rule counts only that.",
        ),
        "worsening": ("Every change of the EDSS", "Days since each patient's day 0."),
    }
    tables = {
        name: Table(name, titles[name][0], pl.concat(frames, how="diagonal"), titles[name][1])
        for name, frames in parts.items()
        if frames
    }
    return NedaTables(tables, {rule.name: _methods(rule) for rule in rules})


def _methods(rule: NedaRule | WorseningRule) -> str:
    """The paragraph of a rule; that of NEDA goes on with the labels in the table of changes."""
    if isinstance(rule, NedaRule):
        return " ".join([rule.describe(), *label_sentences(rule.worsening)])
    return rule.describe()


def multiverse_tables(
    followup: Followup, window: str | None = None, *, progress: Callable[[int, int], None] | None = None
) -> NedaTables:
    """The same records under every named NEDA rule and under two grids of settings.

    Args:
        followup: the records.
        window: name of the window of the NEDA answers; None for `year 1`.
        progress: told how many of how many combinations are done.

    Raises:
        UnknownNameError: nobody was observed to the end of such a window.
    """
    windows = {w.name: w for w in observed_windows(followup.observed_to, load_rule(DEFAULT_RULE))}
    chosen = window or next(iter(windows))
    if chosen not in windows:
        raise UnknownNameError("window", chosen, windows)
    found = multiverse(followup, windows[chosen], progress=progress)
    where = f"Window: {chosen}."
    alone = (
        "The difference between the highest and the lowest answer when nothing but this setting changes, over all "
        "combinations of the others."
    )
    tables = (
        Table("multiverse_named", "NEDA under every named rule", found.named, where),
        Table("multiverse_neda", "NEDA under every combination of settings", found.neda, where),
        Table("multiverse_neda_influence", "What moves the share with NEDA", found.neda_influence, alone),
        Table(
            "multiverse_pira",
            "PIRA under every combination of settings",
            found.pira,
            "Per ten patient-years.",
        ),
        Table("multiverse_pira_influence", "What moves the rate of PIRA", found.pira_influence, alone),
    )
    return NedaTables({table.name: table for table in tables}, {})


def _first(frame: pl.DataFrame, **values: str) -> pl.DataFrame:
    """The frame behind columns that say the same in every row."""
    return frame.select(*(pl.lit(value).alias(name) for name, value in values.items()), pl.all())
