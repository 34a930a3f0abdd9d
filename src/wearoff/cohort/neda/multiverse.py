"""How far the answer depends on the rule: the same records under every combination of defensible settings.

Two grids are run. One gives the share with NEDA in a window; the other the rate of worsening independent of
relapses. Beside the spread stands how much each setting moves the answer alone: the difference between the
lowest and the highest answer when nothing but this setting changes, over all combinations of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from wearoff.cohort.neda.events import summarise_events
from wearoff.cohort.neda.followup import Followup
from wearoff.cohort.neda.rules import COMPONENTS, load_rule, load_worsening_rule, rule_names
from wearoff.cohort.neda.score import NEDA_STATES, kind_of_neda, neda_state, score_followup
from wearoff.cohort.neda.verdicts import UNKNOWN, Verdict
from wearoff.cohort.neda.windows import Window
from wearoff.cohort.neda.worsening import find_events

Grid = Mapping[str, Sequence[Any]]
NEDA_GRID: Grid = {
    "step": ("ge5_5", "ge6_0", "plus_one", "ascend"),
    "confirmation_weeks": (12, 24, 48),
    "baseline": ("fixed", "roving", "roving_worsening"),
    "relapses": ("reported", "merged_30", "examined_30"),
    "rebaseline_day": (0, 168),
}
COMPONENT_SETS = (COMPONENTS[:2], COMPONENTS[:3], COMPONENTS)
PIRA_GRID: Grid = {
    "label": (
        "kappos_2020",
        "cagol_2022",
        "mueller_2023",
        "mueller_2023_high_specificity",
        "mueller_2025",
        "portaccio_2025",
    ),
    "confirmation_weeks": (12, 24, 48),
    "step": ("ge5_5", "ge6_0", "plus_one", "ascend"),
    "baseline": ("fixed", "roving", "roving_worsening"),
    "rebaseline_after_relapse": (False, True),
}


@dataclass(frozen=True, slots=True)
class Multiverse:
    """The same records under many rules.

    Attributes:
        window: the window of the NEDA answers.
        named: every named NEDA rule: neda, active, unknown, and the share among the evaluable with both bounds.
        neda: every combination of the grid, likewise, with its settings as text.
        neda_influence: setting, and the median and largest change of the share when it alone changes.
        pira: every combination of the grid of PIRA, with changes and rate_per_decade.
        pira_influence: the same of the rate of PIRA per decade.
    """

    window: Window
    named: pl.DataFrame
    neda: pl.DataFrame
    neda_influence: pl.DataFrame
    pira: pl.DataFrame
    pira_influence: pl.DataFrame


def multiverse(
    followup: Followup, window: Window, *, progress: Callable[[int, int], None] | None = None
) -> Multiverse:
    """Run both grids and every named NEDA rule.

    Args:
        followup: the records.
        window: the window of the NEDA answers.
        progress: told how many of how many combinations are done.
    """
    combinations = [list(product(*grid.values())) for grid in (NEDA_GRID, PIRA_GRID)]
    total = sum(map(len, combinations))
    tell = progress or _silent
    named: list[dict[str, Any]] = [
        {"rule": name, **_answer(score_followup(followup, load_rule(name), [window]).windows[0].components)}
        for name in rule_names()
    ]
    neda: list[dict[str, Any]] = []
    base = load_rule("neda4_12w")
    for done, values in enumerate(combinations[0]):
        tell(done, total)
        settings = dict(zip(NEDA_GRID, values, strict=True))
        verdicts = score_followup(followup, base.with_settings(**settings), [window]).windows[0].components
        for components in COMPONENT_SETS:
            answer = _answer({name: verdicts[name] for name in components})
            neda.append({"components": kind_of_neda(components), **_texts(settings), **answer})
    pira: list[dict[str, Any]] = []
    rule = load_worsening_rule("pira_mueller_2023").with_settings(counted_label="any", occurrence="every")
    for done, values in enumerate(combinations[1], start=len(combinations[0])):
        tell(done, total)
        settings = dict(zip(PIRA_GRID, values, strict=True))
        chosen = rule.with_settings(**settings)
        events = find_events(
            followup.visits, followup.reports, chosen, relapses_unknown=followup.relapses_unknown
        )
        rates = summarise_events(followup, events, chosen)
        found = rates.filter(pl.col("change") == "PIRA").to_dicts()[0]
        pira.append(
            {**_texts(settings), "changes": found["changes"], "rate_per_decade": found["rate_per_decade"]}
        )
    neda_frame, pira_frame = (
        pl.DataFrame(neda, infer_schema_length=None),
        pl.DataFrame(pira, infer_schema_length=None),
    )
    return Multiverse(
        window,
        pl.DataFrame(named, infer_schema_length=None),
        neda_frame,
        influence(neda_frame, ["components", *NEDA_GRID], "share_neda"),
        pira_frame,
        influence(pira_frame, list(PIRA_GRID), "rate_per_decade"),
    )


def influence(answers: pl.DataFrame, settings: Sequence[str], answer: str) -> pl.DataFrame:
    """How much each setting moves an answer alone, the strongest first.

    Args:
        answers: one row a combination of the settings.
        settings: the columns with the settings.
        answer: the column with the answer; combinations without one are left out.

    Returns:
        Columns setting, median_change and largest_change: over all combinations of the other settings, the
        difference between the highest and the lowest answer.
    """
    known = answers.filter(pl.col(answer).is_not_null())
    rows = []
    for setting in settings:
        others = [name for name in settings if name != setting]
        spread = known.group_by(others).agg(change=pl.col(answer).max() - pl.col(answer).min())["change"]
        rows.append({"setting": setting, "median_change": spread.median(), "largest_change": spread.max()})
    schema = {"setting": pl.String, "median_change": pl.Float64, "largest_change": pl.Float64}
    return pl.DataFrame(rows, schema=schema).sort("median_change", "largest_change", descending=True)


def _texts(settings: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in settings.items()}


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def _answer(verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    """The states of everybody, and the shares; none where a component is unknown in everybody.

    Whoever is evaluable then is active, and a share of 0 % would be the absence of a measurement.
    """
    state = neda_state(np.stack([verdict.state for verdict in verdicts.values()]))
    total = len(state)
    is_known = all((verdict.state != UNKNOWN).any() for verdict in verdicts.values())
    unknown, free, active = (int((state == place).sum()) for place in range(len(NEDA_STATES)))
    evaluable = free + active
    return {
        "neda": free,
        "active": active,
        "unknown": unknown,
        "share_neda": free / evaluable if evaluable and is_known else None,
        "share_if_unknown_active": free / total if total else None,
        "share_if_unknown_none": (total - active) / total if total else None,
    }
