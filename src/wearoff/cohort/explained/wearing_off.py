"""Is wearing-off a sign of disease activity? What the published studies show, recomputed from their own figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wearoff.cohort.explained.values import Explanation, Grid, Ranged, ends, two_digits
from wearoff.cohort.published import analyse_published
from wearoff.cohort.published.bringeland import FIGURES as BERGEN
from wearoff.cohort.published.van_kempen import FIGURES as AMSTERDAM
from wearoff.sources import figure
from wearoff.stats.proportions import proportion_interval

_OTHERS = (
    "W021",
    "W022",
    "W052",
    "W059",
    "W060",
    "W063",
    "W064",
    "W066",
    "W068",
    "W070",
    "W074",
    "W083",
    "W091",
)


def wearing_off() -> Explanation:
    """The question with the figures of Bringeland 2020 and van Kempen 2019."""
    bergen, amsterdam = analyse_published("bringeland-2020"), analyse_published("van-kempen-2019")
    neda, worst = bergen.figures["whole_cohort"][0], _row(bergen.figures["whole_cohort"], "worst case")
    splits = bergen.figures["splits"]
    differences, regular = (
        ends([_difference(row) for row in splits if row["coding"] == coding])
        for coding in ("any_vs_never", "regular_vs_rest")
    )
    tables = amsterdam.figures["reconstructions"]
    interval = ends([_difference(row) for row in tables])
    standard = ends([_share(row, "sid") for row in tables])
    extended = ends([_share(row, "eid") for row in tables])
    return Explanation(
        name="wearing-off",
        question="Is wearing-off a sign of disease activity?",
        answer=(
            "Nobody knows. No published study shows that it is, and none is large enough to show that it is not."
            " In the one that followed both, nobody was active, with or without wearing-off; a difference from"
            f" {two_digits(differences.low)} to {two_digits(differences.high)} points stays possible."
        ),
        paragraphs=(
            bergen.answer.headline,
            f"{amsterdam.answer.question} {amsterdam.answer.headline}",
            *amsterdam.answer.sentences[1:2],
            "Other studies do not agree on what goes with it. In Bergen those who wear off regularly had lower"
            f" receptor occupancy, and of {figure('W021').value} people whose interval was extended"
            f" {figure('W022').value} % reported new or more wearing-off. In another cohort extension did not raise"
            " the odds, and the fall of the concentration had no influence. None of these compares disease"
            " activity.",
            "Under another drug, ocrelizumab, two cohorts point in two directions: MRI activity and relapses did"
            f" not go with wearing-off in {figure('W083').n} people, while plasma neurofilament was higher with it"
            f" in {figure('W091').n}.",
        ),
        grids=(
            Grid(
                "What the published figures leave open",
                ("quantity", "estimate and 95 % interval"),
                (
                    ("NEDA at one year of those followed, %", (_estimate(neda),)),
                    ("NEDA if all who were lost had been active, %", (_estimate(worst),)),
                    ("activity with minus without any wearing-off, points", (differences,)),
                    ("activity with minus without regular wearing-off, points", (regular,)),
                    ("current wearing-off on the standard interval, %", (standard,)),
                    ("current wearing-off on the extended interval, %", (extended,)),
                    ("standard minus extended interval, points", (interval,)),
                ),
                "Exact (Clopper-Pearson) intervals of shares, Newcombe's of differences. Where counts had to be"
                " reconstructed or divided, the widest interval over all that fit.",
            ),
        ),
        limits=(
            "In Amsterdam the interval was chosen and not drawn by lot; in Bergen everybody was on 4 weeks.",
            "Wearing-off is what people report. Fatigue, mood and disability go with it (Ratchford, Magro, Marian),"
            " and a report is no scan.",
            *bergen.answer.limits[:1],
        ),
        evidence=(*BERGEN, *AMSTERDAM, *_OTHERS),
    )


def _row(rows: list[Mapping[str, Any]], begins: str) -> Mapping[str, Any]:
    return next(row for row in rows if row["quantity"].startswith(begins))


def _estimate(row: Mapping[str, Any]) -> Ranged:
    middle = 100 * row["estimate"]
    return Ranged(100 * row["low"], middle, middle, 100 * row["high"])


def _difference(row: Mapping[str, Any]) -> Ranged:
    middle = 100 * row["risk_difference"]
    return Ranged(100 * row["low"], middle, middle, 100 * row["high"])


def _share(row: Mapping[str, Any], arm: str) -> Ranged:
    events, total = row[f"{arm}_events"], row[f"{arm}_total"]
    interval, middle = proportion_interval(events, total), 100 * events / total
    return Ranged(100 * interval.low, middle, middle, 100 * interval.high)
