"""The Bergen cohort on its published figures: wearing-off, one year of follow-up, and five patients lost.

Forty patients answered, 35 were followed for a year, and none of the 35 had activity. How the five lost divide
over the answers is not published. Every division is therefore analysed, and the range over them is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from wearoff.cohort.association import (
    ATTRITION_SCHEMA,
    COMPARISON_SCHEMA,
    RISK_SCHEMA,
    AttritionBound,
    attrition_bound,
    attrition_row,
    comparison_row,
    risk_row,
)
from wearoff.cohort.published.figures import published_count, published_provenance, sources_table
from wearoff.cohort.results import Answer, Finding, Section, StudyResult, Table
from wearoff.cohort.wearing_off import CODINGS, Coding
from wearoff.cohort.wording import p_value, percent, percent_range, points_range, significant
from wearoff.stats import (
    Comparison,
    Proportion,
    TwoByTwo,
    compare,
    proportion,
    proportion_interval,
    rule_of_three,
    upper_bound,
)

FIGURES = ("W001", "W002", "W003", "W004", "W006", "W007", "W008", "W015", "W016", "W019", "W020")
QUESTION = "Does wearing-off mean that natalizumab is losing the disease?"


@dataclass(frozen=True, slots=True)
class Split:
    """One way the patients followed may divide over the groups, and what it then shows."""

    coding: Coding
    exposed_lost: int
    other_lost: int
    comparison: Comparison
    attrition: AttritionBound

    @property
    def label(self) -> str:
        """The split in words: `15 v 20 followed`."""
        table = self.comparison.table
        return f"{table.exposed_total} v {table.other_total} followed"


def analyse_bringeland() -> StudyResult:
    """The answer on the published figures of Bringeland 2020 (40 patients, 35 followed, 35 NEDA)."""
    answers = {
        "regularly": published_count("W002"),
        "sometimes": published_count("W003"),
        "never": published_count("W004"),
    }
    enrolled, followed, free = published_count("W001"), published_count("W015"), published_count("W016")
    splits = {name: _splits(coding, answers, followed, free) for name, coding in CODINGS.items()}
    whole = _whole_cohort(enrolled, followed, free)
    tables = {
        table.name: table
        for table in (
            _answers_table(answers, enrolled),
            Table(
                "whole_cohort",
                "Everybody followed, whatever they answered",
                whole,
                "Exact (Clopper-Pearson) intervals unless another method is named; two-sided 95 % unless said.",
            ),
            _splits_table([s for each in splits.values() for s in each]),
            _risk_table([s for each in splits.values() for s in each]),
            _attrition_table([s for each in splits.values() for s in each]),
            sources_table(FIGURES),
        )
    }
    return StudyResult(
        name="bringeland-2020",
        title="Bringeland 2020: wearing-off and one year of follow-up, on the published figures",
        banner=None,
        answer=_answer(enrolled, followed, free, answers, splits),
        sections=_sections(),
        tables=tables,
        provenance=published_provenance(
            FIGURES,
            {
                "intervals": "Clopper-Pearson, two-sided 95 %, unless another method is named",
                "risk difference": "Newcombe",
                "odds ratio": "Firth, penalised profile likelihood",
                "tests": "Fisher exact and mid-P; none where no event occurred",
            },
        ),
        figures={"whole_cohort": whole.to_dicts(), "splits": tables["splits"].frame.to_dicts()},
    )


def _splits(coding: Coding, answers: dict[str, int], followed: int, free: int) -> list[Split]:
    exposed = sum(answers[answer] for answer in coding.exposed)
    other = sum(answers.values()) - exposed
    if free != followed:
        raise ValueError("the splits assume that nobody followed was active")
    lost = exposed + other - followed
    found = []
    for exposed_lost in range(min(lost, exposed), max(0, lost - other) - 1, -1):
        other_lost = lost - exposed_lost
        table = TwoByTwo(0, exposed - exposed_lost, 0, other - other_lost)
        bound = attrition_bound(table, exposed_lost, other_lost)
        found.append(Split(coding, exposed_lost, other_lost, compare(table), bound))
    return found


def _whole_cohort(enrolled: int, followed: int, free: int) -> pl.DataFrame:
    active, lost = followed - free, enrolled - followed
    neda, worst = proportion(free, followed), proportion(free, enrolled)
    mid_p = proportion_interval(active, followed, method="mid_p")
    exact = proportion_interval(active, followed)
    rows = [
        _row(f"NEDA at one year, {free} of {followed} followed", neda),
        ("risk of activity, two-sided upper limit", active / followed, 0.0, exact.high, "Clopper-Pearson"),
        ("risk of activity, two-sided upper limit", active / followed, 0.0, mid_p.high, "mid-P"),
        (
            "risk of activity, one-sided upper limit",
            active / followed,
            0.0,
            upper_bound(active, followed),
            "Clopper-Pearson, one-sided 95 %",
        ),
        ("risk of activity, upper limit", active / followed, 0.0, rule_of_three(followed), "rule of three"),
        _row(f"worst case: all {lost} lost were active, NEDA {free} of {enrolled}", worst),
        _row(f"best case: none of the {lost} lost was active", proportion(free + lost, enrolled)),
    ]
    columns = ("quantity", "estimate", "low", "high", "method")
    return pl.DataFrame(rows, schema=columns, orient="row")


def _row(quantity: str, share: Proportion) -> tuple[str, float, float, float, str]:
    return quantity, share.estimate, share.interval.low, share.interval.high, "Clopper-Pearson"


def _answers_table(answers: dict[str, int], enrolled: int) -> Table:
    rows = [risk_row("enrolled", "answer", answer, n, enrolled, 0) for answer, n in answers.items()]
    frame = pl.DataFrame(rows, schema=RISK_SCHEMA).select(
        answer="group", patients="events", enrolled="evaluable", share="risk", low="low", high="high"
    )
    return Table(
        "answers", "Wearing-off among those enrolled", frame, "Exact (Clopper-Pearson) 95 % intervals."
    )


def _splits_table(splits: list[Split]) -> Table:
    rows = [comparison_row(s.label, s.coding.name, s.comparison) for s in splits]
    frame = pl.DataFrame(rows, schema=COMPARISON_SCHEMA).select(
        "coding",
        exposed_evaluable="evaluable_with",
        other_evaluable="evaluable_without",
        risk_difference="risk_difference",
        low="low",
        high="high",
        odds_ratio="odds_ratio",
        or_low="or_low",
        or_high="or_high",
        fisher_p="fisher_p",
        verdict="verdict",
    )
    note = (
        "Each row is one way the five lost may divide. Nobody was active in either group, so there is no "
        "test; the interval of the risk difference (Newcombe) and Firth's odds ratio with its penalised "
        "profile interval say what cannot be excluded."
    )
    return Table("splits", "Every split of the patients followed", frame, note)


def _risk_table(splits: list[Split]) -> Table:
    rows = []
    for split in splits:
        table, coding = split.comparison.table, split.coding
        for label, total, lost in (
            (coding.exposed_label, table.exposed_total, split.exposed_lost),
            (coding.other_label, table.other_total, split.other_lost),
        ):
            rows.append(risk_row(split.label, coding.name, label, 0, total, lost))
    note = (
        "Active patients among those followed, with exact (Clopper-Pearson) 95 % intervals, for each split."
    )
    return Table("risk_by_group", "Activity by group", pl.DataFrame(rows, schema=RISK_SCHEMA), note)


def _attrition_table(splits: list[Split]) -> Table:
    rows = [attrition_row(s.label, s.coding.name, s.exposed_lost, s.other_lost, s.attrition) for s in splits]
    note = (
        "What the five lost would have to be to overturn the finding: the fewest of those lost with "
        "wearing-off whose activity brings Fisher's p to 0.05 or below, and both extremes."
    )
    return Table(
        "attrition", "What the lost patients could do", pl.DataFrame(rows, schema=ATTRITION_SCHEMA), note
    )


def _answer(
    enrolled: int, followed: int, free: int, answers: dict[str, int], by_coding: dict[str, list[Split]]
) -> Answer:
    splits, regular = by_coding["any_vs_never"], by_coding["regular_vs_rest"]
    lost = enrolled - followed
    neda = proportion(free, followed)
    worst = max(splits, key=lambda s: s.exposed_lost)
    middle = next(s for s in splits if s.comparison.table.exposed_total == 15)
    highs = [s.comparison.risk_difference.interval.high for s in splits if s.comparison.risk_difference]
    lows = [s.comparison.risk_difference.interval.low for s in splits if s.comparison.risk_difference]
    risks = [proportion_interval(0, s.comparison.table.exposed_total).high for s in splits]
    odds = middle.comparison.odds_ratio
    if odds is None:
        raise ValueError("the split of 15 and 20 has an empty group")
    with_wearing_off = answers["regularly"] + answers["sometimes"]
    fisher = worst.attrition.worst_p
    return Answer(
        question=QUESTION,
        headline=(
            f"Nobody of the {followed} patients followed for one year had disease activity, with or without "
            "wearing-off. That is reassuring for the group as a whole, but it is uninformative about a "
            f"difference: with wearing-off the true yearly risk could still be as high as "
            f"{percent(min(risks), 0)} to {percent(max(risks), 0)}."
        ),
        findings=(
            Finding(
                "NEDA at one year",
                f"{free} of {followed}",
                f"{percent(neda.estimate)}, exact 95 % interval "
                f"{percent_range(neda.interval.low, neda.interval.high)}",
            ),
            Finding(
                "Highest yearly risk not excluded",
                percent(upper_bound(followed - free, followed)),
                f"one-sided 95 % limit, whole cohort; rule of three {percent(rule_of_three(followed))}",
            ),
            Finding(
                "Difference not excluded",
                f"{100 * min(lows):+.1f} to {100 * max(highs):+.1f} points",
                f"with minus without wearing-off, over {len(splits)} possible splits; 15 v 20: "
                f"{points_range(middle.comparison.risk_difference)}",
            ),
            Finding(
                "If all lost were active",
                percent(free / enrolled),
                f"NEDA {free} of {enrolled} ({percent_range(*_limits(free, enrolled))})",
            ),
        ),
        sentences=(
            f"Of {enrolled} patients, {answers['regularly']} felt wearing-off regularly, "
            f"{answers['sometimes']} sometimes and {answers['never']} never; {followed} were followed for a "
            f"year and {lost} were lost. How the {lost} divide over the answers is not published, so all "
            f"{len(splits)} possible divisions (12 to 17 followed with any wearing-off) were analysed.",
            "No event occurred in either group, so no test was made: the verdict is uninformative. For 15 "
            f"against 20 followed, Firth's odds ratio is {significant(odds.odds_ratio, 3)} with an interval from "
            f"{significant(odds.interval.low, 1)} to {significant(odds.interval.high, 3)}: that is no information.",
            f"The {lost} lost could overturn it: had all {lost} had wearing-off and activity, it would stand "
            f"{worst.attrition.worst.exposed_events} of {worst.attrition.worst.exposed_total} against "
            f"{worst.attrition.worst.other_events} of {worst.attrition.worst.other_total} "
            f"(Fisher {p_value(fisher)}).",
            _regular_sentence(regular),
            f"The study did find lower receptor occupancy and higher weight in the {answers['regularly']} who "
            "wear off regularly; the numbers behind that were not available here, only the direction.",
        ),
        limits=(
            f"{with_wearing_off} patients with wearing-off and one year are too few for a rare event: the "
            "study itself asks for a larger and longer cohort.",
            "Only published totals were used; neither the split of the lost nor individual values are public.",
            "Everyone received 300 mg every 4 weeks: nothing here speaks about longer intervals.",
        ),
    )


def _regular_sentence(splits: list[Split]) -> str:
    """How few lost patients with regular wearing-off would be enough, over the splits."""
    fewest = [s for s in splits if s.attrition.fewest is not None]
    if not fewest:
        return "For regular wearing-off alone, no outcome of the lost patients would overturn it."
    least = min(fewest, key=lambda s: s.attrition.fewest or 0)
    return (
        f"For regular wearing-off alone, activity in {least.attrition.fewest} of the lost would be enough (Fisher "
        f"{p_value(least.attrition.fewest_p)}); that is possible in {len(fewest)} of {len(splits)} splits."
    )


def _limits(events: int, total: int) -> tuple[float, float]:
    interval = proportion_interval(events, total)
    return interval.low, interval.high


def _sections() -> tuple[Section, ...]:
    return (
        Section(
            "Who answered and who was followed",
            ("Wearing-off was asked of everybody enrolled; activity is known of those followed for a year.",),
            tables=("answers", "whole_cohort"),
        ),
        Section(
            "Activity by wearing-off",
            (
                "An interval that begins at 0 because nobody had an event still ends well above it: that end "
                "is what the study cannot exclude.",
            ),
            pictures=("risk_by_group", "splits"),
            tables=("risk_by_group", "splits"),
        ),
        Section(
            "What the lost patients could do",
            ("A finding that a handful of lost patients could overturn is not yet a finding.",),
            tables=("attrition",),
        ),
        Section("Where the figures come from", tables=("sources",)),
    )
