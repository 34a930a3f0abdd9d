"""The sections of the report: what is read first, and which tables and pictures stand where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wearoff.cohort.chapters import Chapter
from wearoff.cohort.neda import NedaRule, kind_of_neda
from wearoff.cohort.neda.methods import label_sentences
from wearoff.cohort.results import Section

if TYPE_CHECKING:
    from wearoff.cohort.exposure import Exposure
    from wearoff.cohort.records import Cohort


def study_sections(
    rule: NedaRule, exposure: Exposure, cohort: Cohort, *, quality: Chapter, chapters: Sequence[Chapter]
) -> tuple[Section, ...]:
    """Every section in the order of the report.

    Args:
        rule: the NEDA rule.
        exposure: the predictions.
        cohort: the records.
        quality: the chapter on the records, which stands behind the receipt.
        chapters: those behind the first comparison, in order.
    """
    read, accepted, refused = (
        int(cohort.receipt.files[name].sum()) for name in ("read", "accepted", "refused")
    )
    return (
        Section(
            "Receipt",
            (
                f"{read} rows were read: {accepted} accepted, {refused} refused. Nothing is coerced or guessed; what "
                "had to be assumed stands in the list of assumptions.",
            ),
            tables=(
                "receipt_files",
                "refusals",
                *(("not_used",) if cohort.receipt.not_used.height else ()),
                "notes",
            ),
        ),
        quality.section,
        Section(
            "Who was studied",
            ("One line a patient, sorted by answer; patients without an answer are shown last.",),
            pictures=("intervals",),
            tables=("table_one", "answers", "timeline"),
        ),
        Section(
            "Exposure",
            (
                f"Concentration is predicted by the model {exposure.model.name} from the recorded infusions and the "
                "weight on the day, with the spread between patients; it is not fitted to this cohort's levels. "
                "Saturation is shown under four published or derived curves as a range.",
            ),
            pictures=("typical_cycle", "saturation_cycle", "occupancy"),
            tables=(
                "typical_cycle",
                "saturation_cycle",
                "occupancy",
                "exposure_patients",
                "exposure_infusions",
                "exposure_measurements",
            ),
        ),
        Section(
            kind_of_neda(rule.components),
            (rule.describe(), " ".join(label_sentences(rule.worsening))),
            pictures=("neda_components",),
            tables=("neda_summary", "neda_components", "worsening_summary", "worsening", "neda"),
        ),
        Section(
            "Wearing-off against activity",
            (
                "Exact proportions and their difference; where nobody had an event there is no test and the word is "
                "uninformative.",
            ),
            pictures=("risk_by_group",),
            tables=("risk_by_group", "comparisons", "trend", "attrition"),
        ),
        Section(
            "Wearing-off against occupancy, level and weight",
            ("A shift is those with wearing-off minus the rest, in the unit of the quantity.",),
            tables=("associations",),
        ),
        *(chapter.section for chapter in chapters),
    )
