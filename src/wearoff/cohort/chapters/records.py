"""What in the records deserves a second look before the figures are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.chapters.chapter import Chapter, chapter
from wearoff.cohort.quality import check_quality
from wearoff.cohort.results import Table
from wearoff.cohort.wording import count

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

TITLE = "Quality of the records"


def records_quality(cohort: Cohort) -> Chapter:
    """Every quality rule with what it found; the records are not changed by it.

    Args:
        cohort: the records.
    """
    found = check_quality(cohort)
    words = {rule.name: rule.describe() for rule in found.rules}
    counts = found.counts.with_columns(
        rule_in_words=pl.col("rule").replace_strict(words, return_dtype=pl.String)
    )
    tables = [
        Table(
            "quality",
            "Quality rules, and how much each found",
            counts,
            "Not checked is not the same as nothing found. A finding is a question to the centre: nothing is corrected "
            "or left out because of it.",
        )
    ]
    if found.findings.height:
        tables.append(
            Table(
                "quality_findings",
                "What deserves a second look",
                found.findings,
                "File, row and patient of each; rows count as a spreadsheet counts them.",
            )
        )
    checked = counts.filter(pl.col("state") == "checked").height
    with_finding = found.findings["patient_id"].drop_nulls().n_unique()
    paragraphs = (
        f"{checked} of {count(counts.height, 'rule')} could be checked; they found "
        f"{count(found.findings.height, 'thing')} to look at, in {count(with_finding, 'patient')}. The figures of this "
        "report stand on the records as they are.",
    )
    return chapter(TITLE, paragraphs, tables)
