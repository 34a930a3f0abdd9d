"""The whole answer in its order, and every sample by it: models that hold weight and the site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.association import ordered_answer_table, repeated_level_table
from wearoff.cohort.chapters.chapter import Chapter, chapter
from wearoff.cohort.results import Table

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

TITLE = "The whole answer, in order"


def ordered_answer(
    cohort: Cohort, values: pl.DataFrame, samples: pl.DataFrame, quantities: Sequence[str]
) -> Chapter:
    """Proportional odds over never, sometimes, regularly, and mixed models of the measured samples.

    Args:
        cohort: the records.
        values: from `patient_values`.
        samples: from `trough_samples`.
        quantities: which of the values are asked about.
    """
    sites = laboratory_sites(cohort)
    odds = [ordered_answer_table(values, quantities)]
    if sites is not None:
        everywhere = [name for name in quantities if not name.startswith("measured trough")]
        odds.append(ordered_answer_table(values, everywhere, sites=sites))
    site = (
        "The records have no site; the laboratory that measured a patient stands for it (assumed), and patients of one "
        "laboratory alone are in the rows that hold it."
        if sites is not None
        else "The records have no site, and no two laboratories that could stand for one, so the site is not held."
    )
    tables = [
        Table(
            "ordered_answer",
            "Odds of a more frequent answer for one unit more",
            pl.concat(odds),
            "Proportional odds regression of never / sometimes / regularly; above 1 is a more frequent answer "
            "with more of the quantity. 95 % intervals; the same odds ratio at both cuts is tested. Alone and with "
            "weight held. Patients without an answer or the quantity are left out.",
        )
    ]
    if samples.height:
        tables.append(
            Table(
                "repeated_levels",
                "Every sample at the end of an interval, by wearing-off",
                repeated_level_table(samples),
                "Linear mixed model with a random intercept for each patient (REML), in the unit of the quantity: "
                "with minus without wearing-off, 95 % t intervals; then with weight held, and the laboratory where "
                "there are several. Another assay, subset or laboratory of levels is another quantity.",
            )
        )
    paragraphs = (
        "Cutting an ordered answer in two throws part of it away. Proportional odds regression keeps the order: one "
        "odds ratio for both cuts, which is tested. A heavier patient has a lower trough, so each quantity is shown "
        "alone and with weight held.",
        site,
        ""
        if samples.height
        else "No level or occupancy was measured at the end of an interval: no mixed model.",
    )
    return chapter(TITLE, paragraphs, tables)


def laboratory_sites(cohort: Cohort) -> pl.DataFrame | None:
    """The laboratory of each patient all of whose samples went to one; None where there are not two."""
    labs = (
        cohort.measurement.filter(pl.col("lab").is_not_null())
        .group_by("patient_id", maintain_order=True)
        .agg(site=pl.col("lab").first(), several=pl.col("lab").n_unique() > 1)
        .filter(~pl.col("several"))
        .select("patient_id", "site")
    )
    return labs if labs["site"].n_unique() > 1 else None
