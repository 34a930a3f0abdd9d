"""The quality report: every rule applied, every finding with its place, and what could not be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.quality import assessments, levels, timing
from wearoff.cohort.quality.prepared import FINDING, Check, NotChecked, prepare
from wearoff.cohort.quality.rules import QualityRule, load_quality_rule, quality_rule_names

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

__all__ = ["CHECKS", "QualityReport", "check_quality"]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        check.__name__: check
        for check in (
            timing.infusion_gap,
            timing.infusion_too_soon,
            timing.infusion_order,
            timing.infusion_far_from_plan,
            assessments.dose_unusual,
            timing.visit_gap,
            timing.scan_gap,
            timing.after_death,
            timing.same_day_duplicate,
            timing.diary_overlap,
            timing.refused_on_reading,
            assessments.edss_jump,
            assessments.edss_spike,
            assessments.edss_below_systems,
            assessments.edss_above_systems,
            assessments.weight_jump,
            assessments.weight_in_pounds,
            levels.level_thousandfold,
            levels.occupancy_hundredth,
            levels.level_jump,
            levels.level_too_high_for_day,
            levels.level_too_low_for_day,
            levels.level_before_first_infusion,
        )
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class QualityReport:
    """What deserves a second look in a cohort's records.

    Attributes:
        findings: one row each: rule, table, file, row (as a spreadsheet counts), other_row (the row of the
            same file it was compared with), patient_id, date, seen, check.
        counts: one row a rule: rule, title, state (`checked` or `not checked`), findings, patients (with a
            finding), why (it could not be checked).
        rules: the rules as they were applied.
        inputs: SHA-256 of every file that was read.
    """

    findings: pl.DataFrame
    counts: pl.DataFrame
    rules: tuple[QualityRule, ...]
    inputs: Mapping[str, str]

    @property
    def provenance(self) -> dict[str, str]:
        """The files by their digests, and the rules by their names."""
        return {**self.inputs, "quality_rules": ", ".join(rule.name for rule in self.rules)}

    def to_frame(self) -> pl.DataFrame:
        """The findings."""
        return self.findings


def check_quality(cohort: Cohort, rules: Sequence[QualityRule] | None = None) -> QualityReport:
    """Every rule applied to a cohort; the records are read and never changed.

    Args:
        cohort: the records.
        rules: the rules to apply, in the order in which they are to be listed; None for all.

    Returns:
        The findings, and a count for each rule.
    """
    chosen = (
        tuple(load_quality_rule(name) for name in quality_rule_names()) if rules is None else tuple(rules)
    )
    at = prepare(cohort)
    files = dict(cohort.receipt.files.select("table", "file").iter_rows())
    listed, counts = [pl.DataFrame(schema={"rule": pl.String, **FINDING, "check": pl.String})], []
    for rule in chosen:
        result = CHECKS[rule.key](at, rule)
        why = result.why if isinstance(result, NotChecked) else None
        rows = pl.DataFrame(schema=FINDING) if isinstance(result, NotChecked) else result
        counts.append(
            {
                "rule": rule.name,
                "title": rule.title,
                "state": "checked" if why is None else "not checked",
                "findings": rows.height,
                "patients": rows["patient_id"].drop_nulls().n_unique(),
                "why": why,
            }
        )
        listed.append(
            rows.sort("table", "row", "other_row", maintain_order=True).select(
                pl.lit(rule.name).alias("rule"), *FINDING, pl.lit(rule.check).alias("check")
            )
        )
    findings = pl.concat(listed)
    file = pl.col("table").replace_strict(list(files), list(files.values()), default=pl.col("table") + ".csv")
    return QualityReport(
        findings=findings.select(
            "rule", "table", file.alias("file"), "row", "other_row", "patient_id", "date", "seen", "check"
        ),
        counts=pl.DataFrame(
            counts,
            schema={
                "rule": pl.String,
                "title": pl.String,
                "state": pl.String,
                "findings": pl.Int64,
                "patients": pl.Int64,
                "why": pl.String,
            },
        ),
        rules=chosen,
        inputs=dict(cohort.receipt.files.select("file", "sha256").iter_rows()),
    )
