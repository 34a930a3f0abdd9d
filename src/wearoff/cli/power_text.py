"""A planned study in lines for a terminal: the answer, the sizes, formula and simulation, and what is assumed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from wearoff.cli.models import WIDTH

if TYPE_CHECKING:
    from wearoff.cohort.results import StudyResult, Table

_HEADINGS = {
    "activity_per_year_pct": "active/year",
    "years": "years",
    "events": "events",
    "patients": "patients",
    "with_wearing_off": "with",
    "without": "without",
    "odds_ratio_per_sd": "odds ratio per SD",
    "patients_proportional_odds": "proportional odds",
    "patients_rank_sum": "rank-sum",
    "evaluable": "evaluable",
    "evaluable_equal_arms": "equal arms",
    "exact_power": "exact power",
    "evaluable_exact": "exactly",
    "entering": "entering",
    "relapses_per_year_standard": "relapses/year",
    "rate_ratio": "rate ratio",
}
_SHARES = ("exact_power",)


def power_lines(result: StudyResult) -> list[str]:
    """Everything that is printed, in lines."""
    answer = result.answer
    return [
        *_wrapped(answer.question),
        "=" * min(WIDTH, len(answer.question)),
        *_wrapped(answer.headline),
        "",
        *(line for text in answer.sentences for line in (*_wrapped(text), "")),
        *(
            line
            for name in ("sizes", "sizes_rate")
            if name in result.tables
            for line in _sizes(result.tables[name])
        ),
        *_side_by_side(result.tables["side_by_side"], result.tables["behaviour"]),
        "",
        *_assurance(result.tables["assurance"]),
        "",
        *_assumed(result.tables["assumptions"]),
        "",
        "Limits",
        *(line for text in answer.limits for line in _bullet(text)),
        f"Seed {result.provenance.seed}. With -o FOLDER the report has curves of power, every number and its source.",
    ]


def _sizes(table: Table) -> Iterator[str]:
    yield table.title
    columns = [name for name in table.frame.columns if name in _HEADINGS]
    rows = [[_cell(name, row[name]) for name in columns] for row in table.frame.to_dicts()]
    yield from _grid([_HEADINGS[name] for name in columns], rows)
    yield from _wrapped(table.note, "  ", "  ")
    yield ""


def _side_by_side(powers: Table, behaviour: Table) -> Iterator[str]:
    yield f"{powers.title} (in brackets the Monte Carlo error, in points)"
    headings = ["analysis", "patients", "formula", "exact", "simulated", "false alarms", "coverage"]
    rows = [
        [
            row["analysis"],
            f"{row['patients']:,}",
            _percent(row["power_formula"]),
            _percent(row["power_exact"]),
            f"{_percent(row['power_simulated'])} ({100 * row['monte_carlo_error']:.1f})"
            + ("" if row["formula_agrees"] != "no" else " *"),
            f"{_percent(other['false_alarms'])} ({100 * other['false_alarms_error']:.1f})",
            ""
            if other["coverage"] is None
            else f"{_percent(other['coverage'])} of {100 * other['level']:g} %",
        ]
        for row, other in zip(powers.frame.to_dicts(), behaviour.frame.to_dicts(), strict=True)
    ]
    yield from _grid(headings, rows)
    drawn = max(powers.frame.get_column("replicates").to_list())
    without = max(behaviour.frame.get_column("replicates_without").to_list())
    yield from _wrapped(
        f"{drawn:,} simulated studies each, {without:,} with nothing to find; * the formula lies more than two Monte "
        "Carlo errors away",
        "  ",
        "  ",
    )


def _assurance(table: Table) -> Iterator[str]:
    yield table.title
    rows = []
    for row in table.frame.to_dicts():
        simulated = row["assurance_simulated"]
        rows.append(
            [
                row["uncertain"],
                _percent(row["assurance_formula"]),
                "" if simulated is None else f"{_percent(simulated)} ({100 * row['simulated_error']:.1f})",
                "none" if row["patients_for_power"] is None else f"{row['patients_for_power']:,}",
            ]
        )
    yield from _grid(["uncertain", "formula", "simulated", "patients for the power"], rows)


def _assumed(table: Table) -> Iterator[str]:
    yield "Every number of the plan"
    for row in table.frame.to_dicts():
        value = f"{row['value']:g}"
        ids = f" ({row['evidence']})" if row["evidence"] else ""
        yield from _wrapped(
            f"{row['setting']:18}{value:8}[{row['mark']}] {row['source']}{ids}",
            "  ",
            " " * 28,
        )


def _grid(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table in columns, the first to the left and the rest to the right."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for row in (headings, *rows):
        cells = [
            f"{text:{width}}" if column == 0 else f"{text:>{width}}"
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + "  ".join(cells)).rstrip()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if name.endswith("_pct"):
        return f"{value:.3g} %"
    if name in _SHARES:
        return _percent(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def _bullet(text: str) -> list[str]:
    return _wrapped(text, "- ", "  ")


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """The text in lines, no number parted from its per cent sign."""
    lines = textwrap.wrap(
        text.replace(" %", "\N{NO-BREAK SPACE}%"),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
