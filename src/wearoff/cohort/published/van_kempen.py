"""The Amsterdam cohort on its published percentages: wearing-off by dosing interval.

The abstract prints three rounded percentages and the total, not the counts. Every two-by-two table whose
percentages round to those printed is reconstructed, and the answer is given for each.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from wearoff.cohort.association import RISK_SCHEMA, risk_row
from wearoff.cohort.published.figures import published_count, published_provenance, sources_table
from wearoff.cohort.results import Answer, Finding, Section, StudyResult, Table
from wearoff.cohort.wording import (
    p_range,
    p_value,
    percent,
    percent_range,
    points_range,
    sentence_list,
    significant,
)
from wearoff.stats import Comparison, TwoByTwo, compare, is_shown, proportion

FIGURES = ("W029", "W030", "W031", "W032", "W033", "W034", "W035", "W036", "W037")


def analyse_van_kempen() -> StudyResult:
    """The answer on the published percentages of van Kempen 2019 (93 patients)."""
    patients = published_count("W029")
    overall, standard, extended = (published_count(name) for name in ("W031", "W032", "W033"))
    found = [compare(table) for table in fitting_tables(patients, overall, standard, extended)]
    if not found:
        raise ValueError("no table of counts rounds to the published percentages")
    tables = {
        table.name: table
        for table in (
            _reconstructions(found),
            _risks(found),
            sources_table(FIGURES),
        )
    }
    return StudyResult(
        name="van-kempen-2019",
        title="van Kempen 2019: wearing-off by dosing interval, on the published percentages",
        banner=None,
        answer=_answer(patients, overall, found),
        sections=(
            Section(
                "Every table that fits",
                (
                    f"The abstract prints {standard} % of those on the standard interval, {extended} % on the "
                    f"extended one and {overall} % of all {patients}. These counts round to exactly that:",
                ),
                pictures=("risk_by_group", "reconstructions"),
                tables=("reconstructions", "risk_by_group"),
            ),
            Section("Where the figures come from", tables=("sources",)),
        ),
        tables=tables,
        provenance=published_provenance(
            FIGURES,
            {
                "reconstruction": "all integer tables whose rounded percentages equal those printed",
                "intervals": "Clopper-Pearson, two-sided 95 %",
                "risk difference": "Newcombe",
                "odds ratio": "Firth, penalised profile likelihood",
                "tests": "Fisher exact and mid-P",
            },
        ),
        figures={"reconstructions": tables["reconstructions"].frame.to_dicts()},
    )


def fitting_tables(patients: int, overall: int, standard: int, extended: int) -> Iterator[TwoByTwo]:
    """Every table of counts whose percentages round to those printed.

    Args:
        patients: everybody, both intervals together.
        overall: printed percentage of everybody with wearing-off, a whole number.
        standard: the same among those on the standard interval.
        extended: the same among those on the extended interval.

    Returns:
        Tables with the standard interval as the exposed group, by growing size of that group.
    """

    def rounds_to(events: int, total: int, printed: int) -> bool:
        return abs(100 * events / total - printed) <= 0.5

    for standard_total in range(1, patients):
        extended_total = patients - standard_total
        for events in range(patients + 1):
            if not rounds_to(events, patients, overall):
                continue
            for standard_events in range(min(events, standard_total) + 1):
                extended_events = events - standard_events
                if (
                    extended_events <= extended_total
                    and rounds_to(standard_events, standard_total, standard)
                    and rounds_to(extended_events, extended_total, extended)
                ):
                    yield TwoByTwo(standard_events, standard_total, extended_events, extended_total)


def _reconstructions(found: list[Comparison]) -> Table:
    rows = []
    for comparison in found:
        table, difference, odds = comparison.table, comparison.risk_difference, comparison.odds_ratio
        if difference is None or odds is None:
            raise ValueError("a reconstructed group is empty")
        rows.append(
            {
                "sid_events": table.exposed_events,
                "sid_total": table.exposed_total,
                "eid_events": table.other_events,
                "eid_total": table.other_total,
                "risk_difference": difference.value,
                "low": difference.interval.low,
                "high": difference.interval.high,
                "odds_ratio": odds.odds_ratio,
                "or_low": odds.interval.low,
                "or_high": odds.interval.high,
                "fisher_p": comparison.fisher_p,
                "fisher_mid_p": comparison.fisher_mid_p,
                "verdict": comparison.verdict,
            }
        )
    note = "Standard (sid) minus extended (eid) interval: Newcombe, Firth odds ratio, Fisher exact and mid-P."
    return Table("reconstructions", "Every table that fits the printed percentages", pl.DataFrame(rows), note)


def _risks(found: list[Comparison]) -> Table:
    rows = []
    for comparison in found:
        table = comparison.table
        label = f"{table.exposed_total} + {table.other_total} patients"
        rows.append(
            risk_row(label, "interval", "standard interval", table.exposed_events, table.exposed_total, 0)
        )
        rows.append(
            risk_row(label, "interval", "extended interval", table.other_events, table.other_total, 0)
        )
    note = "Share with current wearing-off by dosing interval, exact (Clopper-Pearson) 95 % intervals."
    return Table(
        "risk_by_group", "Wearing-off by dosing interval", pl.DataFrame(rows, schema=RISK_SCHEMA), note
    )


def _answer(patients: int, overall: int, found: list[Comparison]) -> Answer:
    texts = [
        f"{c.table.exposed_events}/{c.table.exposed_total} against {c.table.other_events}/{c.table.other_total} "
        f"(Fisher {p_value(c.fisher_p)}, mid-P {p_value(c.fisher_mid_p)}, difference "
        f"{points_range(c.risk_difference)}, odds ratio "
        f"{significant(None if c.odds_ratio is None else c.odds_ratio.odds_ratio)})"
        for c in found
    ]
    events = sorted({c.table.exposed_events + c.table.other_events for c in found})
    share = proportion(events[0], patients)
    differences = [c.risk_difference.value for c in found if c.risk_difference is not None]
    ps = [c.fisher_p for c in found if c.fisher_p is not None]
    return Answer(
        question="Is wearing-off more frequent when the interval is extended?",
        headline=(
            f"No: in these {patients} patients it was reported less often on the extended interval. How much of "
            f"that is chance stays open: {_chance(found)}."
        ),
        findings=(
            Finding(
                "Current wearing-off",
                " or ".join(f"{n} of {patients}" for n in events),
                f"{percent(share.estimate)}, exact 95 % interval "
                f"{percent_range(share.interval.low, share.interval.high)}",
            ),
            Finding(
                "Standard minus extended",
                f"{100 * min(differences):+.0f} to {100 * max(differences):+.0f} points",
                f"over {len(found)} tables that fit",
            ),
            Finding(
                "Fisher's exact test",
                p_range(ps),
                f"over {len(found)} tables that fit",
            ),
        ),
        sentences=(
            f"The counts behind the printed {overall} % are one of: {sentence_list(texts)}.",
            "The authors report no association of wearing-off with natalizumab concentration, receptor saturation, "
            "number of infusions, disease duration, age or sex.",
        ),
        limits=(
            "The interval was chosen, not drawn by lot: patients with wearing-off may have been kept on the "
            "standard interval, which by itself would give this picture.",
            "This study does not speak about disease activity by wearing-off.",
            "Rounded percentages were published; the counts are reconstructed, not read.",
        ),
    )


def _chance(found: list[Comparison]) -> str:
    """What the two exact tests say over every table that fits, and whether they agree at 5 %."""
    ps = [c.fisher_p for c in found if c.fisher_p is not None]
    mid_ps = [c.fisher_mid_p for c in found if c.fisher_mid_p is not None]
    fisher = f"Fisher's exact test gives {p_range(ps)}"
    mid_p = f"its mid-P version {p_range(mid_ps)}"
    agree = len({is_shown(p) for p in (*ps, *mid_ps)}) == 1
    return f"{fisher}, {mid_p}" + ("" if agree else ", on either side of 0.05")
