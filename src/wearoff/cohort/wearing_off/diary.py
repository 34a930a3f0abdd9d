"""Wearing-off from a diary: does a patient's severity rise from the first to the last week of the cycle?

One rise cannot be told from chance, and symptoms that come and go also come at the end of a cycle. So the
evidence is the mean over cycles against how much the rises of that patient differ, one number a cycle. That asks
nothing of how symptoms hang together within a cycle: a fluctuation that does not know the cycle rises as often as
it falls. A patient without an early week is not a patient without wearing-off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from wearoff.cohort.wearing_off.diary_rules import DiaryRule
from wearoff.cohort.wearing_off.diary_weeks import REFUSED_INFUSION, placed_weeks

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

__all__ = ["VERDICTS", "DiaryResult", "diary_wearing_off"]

VERDICTS = ("wearing-off", "fluctuation", "steady", "cannot be told")


@dataclass(frozen=True, slots=True, eq=False)
class DiaryResult:
    """What the diaries say by one rule.

    Attributes:
        patients: one row for each patient of the cohort: patient_id, entries, entries_used, entries_late (written
            later than the rule allows), cycles (with an entry), cycles_used, cycles_confounded (of those used),
            rise (points, mean over cycles), rise_low and rise_high (interval of level 1 - 2 x error_rate),
            rise_unconfounded (over used cycles without a confounder), severity_sd (points), verdict (one of
            `VERDICTS`), why (what decided it).
        cycles: one row for each cycle with an entry: patient_id, cycle, length_d, entries, entries_used,
            first, last (mean severity), rise, confounders, not_used (why; null where it is used).
        entries: one row for each entry, see `diary_weeks.placed_weeks`.
        by_cycle_day: for a picture of severity by cycle day, from the used entries: patient_id, cycle_day (of the
            middle of the week), entries, severity (mean), severity_centred (less the patient's mean).
        rule: the rule.
    """

    patients: pl.DataFrame
    cycles: pl.DataFrame
    entries: pl.DataFrame
    by_cycle_day: pl.DataFrame
    rule: DiaryRule

    @property
    def provenance(self) -> dict[str, str]:
        """The rule behind the verdicts."""
        return {"diary_rule": self.rule.name}

    def to_frame(self) -> pl.DataFrame:
        """One row for each patient."""
        return self.patients


def diary_wearing_off(cohort: Cohort, rule: DiaryRule) -> DiaryResult:
    """Wearing-off from the diaries of a cohort by a named rule.

    Args:
        cohort: the records; every patient appears, also without a diary.
        rule: the rule.

    Returns:
        Patients, cycles, entries, and the mean by cycle day.
    """
    entries = placed_weeks(cohort, rule)
    cycles = _cycles(entries)
    return DiaryResult(
        patients=_patients(cohort, entries, cycles, rule),
        cycles=cycles,
        entries=entries,
        by_cycle_day=_by_cycle_day(entries),
        rule=rule,
    )


def _cycles(entries: pl.DataFrame) -> pl.DataFrame:
    is_used = pl.col("not_used").is_null()

    def mean_of(week: str) -> pl.Expr:
        return pl.col("severity").filter(is_used & (pl.col("week") == week)).mean()

    found = (
        entries.filter(pl.col("cycle").is_not_null())
        .group_by("patient_id", "cycle")
        .agg(
            pl.col("length_d").first(),
            entries=pl.len().cast(pl.Int64),
            entries_used=is_used.sum().cast(pl.Int64),
            first=mean_of("first"),
            last=mean_of("last"),
            confounders=pl.col("confounders").first(),
            reason=pl.col("not_used").drop_nulls().first(),
        )
        .sort("patient_id", "cycle")
    )
    why = (
        pl.when(pl.col("entries_used") == 0)
        .then(pl.col("reason"))
        .when(pl.col("length_d").is_null())
        .then(pl.lit("no next infusion yet"))
        .when(pl.col("first").is_null())
        .then(pl.lit("no entry in the first week"))
        .when(pl.col("last").is_null())
        .then(pl.lit("no entry in the last week"))
    )
    return found.with_columns(not_used=why, rise=pl.col("last") - pl.col("first")).select(
        "patient_id",
        "cycle",
        "length_d",
        "entries",
        "entries_used",
        "first",
        "last",
        pl.when(pl.col("not_used").is_null()).then(pl.col("rise")).alias("rise"),
        "confounders",
        "not_used",
    )


def _patients(cohort: Cohort, entries: pl.DataFrame, cycles: pl.DataFrame, rule: DiaryRule) -> pl.DataFrame:
    is_used = pl.col("not_used").is_null()
    by_entry = entries.group_by("patient_id").agg(
        entries=pl.len().cast(pl.Int64),
        entries_used=is_used.sum().cast(pl.Int64),
        entries_late=(pl.col("late_d") > rule.most_late_d).fill_null(value=False).sum().cast(pl.Int64),
        severity_sd=pl.col("severity").filter(is_used).std(),
    )
    is_confounded = pl.col("confounders").list.len() > 0
    by_cycle = cycles.group_by("patient_id").agg(
        cycles=pl.len().cast(pl.Int64),
        cycles_used=is_used.sum().cast(pl.Int64),
        cycles_confounded=(is_used & is_confounded).sum().cast(pl.Int64),
        rise=pl.col("rise").mean(),
        rise_sd=pl.col("rise").std(),
        rise_unconfounded=pl.col("rise").filter(~is_confounded).mean(),
        has_first=pl.col("first").is_not_null().any(),
        has_last=pl.col("last").is_not_null().any(),
    )
    people = pl.DataFrame({"patient_id": list(cohort.patients)}, schema={"patient_id": pl.String})
    counted = ("entries", "entries_used", "entries_late", "cycles", "cycles_used", "cycles_confounded")
    whole = (
        people.join(by_entry, on="patient_id", how="left", maintain_order="left")
        .join(by_cycle, on="patient_id", how="left", maintain_order="left")
        .with_columns(pl.col(name).fill_null(0) for name in counted)
    )
    half = _t_quantiles(whole["cycles_used"], rule.error_rate) * (
        pl.max_horizontal("rise_sd", pl.lit(rule.least_sd)) / pl.col("cycles_used").sqrt()
    )
    told = whole.with_columns(
        half=pl.when(pl.col("cycles_used") >= 2).then(half),
        is_refused=pl.col("patient_id").is_in(sorted(cohort.refused_patients("diary"))),
        without_infusion=pl.col("patient_id").is_in(sorted(cohort.refused_patients("infusion"))),
    ).with_columns(rise_low=pl.col("rise") - pl.col("half"), rise_high=pl.col("rise") + pl.col("half"))
    return (
        told.with_columns(untold=_why_untold(rule))
        .with_columns(verdict=_verdict(rule))
        .with_columns(why=_why(rule))
        .select(
            "patient_id",
            *counted,
            "rise",
            "rise_low",
            "rise_high",
            "rise_unconfounded",
            "severity_sd",
            "verdict",
            "why",
        )
    )


def _why_untold(rule: DiaryRule) -> pl.Expr:
    """Why nothing can be told before the rise is looked at; null where it can."""
    return (
        pl.when(pl.col("entries") == 0)
        .then(pl.lit("no diary"))
        .when("without_infusion")
        .then(pl.lit(REFUSED_INFUSION))
        .when(pl.col("cycles") == 0)
        .then(pl.lit("no infusion before the diary"))
        .when(pl.col("entries_used") == 0)
        .then(pl.lit("no usable entry"))
        .when(~pl.col("has_first"))
        .then(pl.lit("no entry early in a cycle"))
        .when(~pl.col("has_last"))
        .then(pl.lit("no entry late in a cycle"))
        .when(pl.col("cycles_used") < rule.fewest_cycles)
        .then(pl.lit(f"fewer than {rule.fewest_cycles} cycles with a first and a last week"))
    )


def _verdict(rule: DiaryRule) -> pl.Expr:
    is_rise = (pl.col("rise_low") > 0) & (pl.col("rise") >= rule.least_rise)
    is_none = pl.col("rise_high") < rule.least_rise
    return (
        pl.when(pl.col("untold").is_not_null())
        .then(pl.lit("cannot be told"))
        .when(is_rise)
        .then(pl.lit("wearing-off"))
        .when(is_none & (pl.col("severity_sd") >= rule.fluctuation_sd))
        .then(pl.lit("fluctuation"))
        .when(is_none)
        .then(pl.lit("steady"))
        .otherwise(pl.lit("cannot be told"))
    )


def _why(rule: DiaryRule) -> pl.Expr:
    least = f"{rule.least_rise:g}"
    return (
        pl.when(pl.col("untold").is_not_null())
        .then(
            pl.col("untold")
            + pl.when("is_refused").then(pl.lit("; a diary entry was refused")).otherwise(pl.lit(""))
        )
        .when(pl.col("verdict") == "wearing-off")
        .then(pl.lit(f"a rise of {least} points or more, its interval above 0"))
        .when((pl.col("verdict") != "cannot be told") & (pl.col("rise_low") > 0))
        .then(pl.lit(f"a rise, with an interval below {least} points"))
        .when(pl.col("verdict") != "cannot be told")
        .then(pl.lit(f"the interval of the rise lies below {least} points"))
        .when(pl.col("rise_low") > 0)
        .then(pl.lit(f"a rise, of which it is open whether it reaches {least} points"))
        .otherwise(pl.lit(f"the interval of the rise holds 0 and {least} points"))
    )


def _by_cycle_day(entries: pl.DataFrame) -> pl.DataFrame:
    return (
        entries.filter(pl.col("not_used").is_null())
        .with_columns(centred=pl.col("severity") - pl.col("severity").mean().over("patient_id"))
        .group_by("patient_id", "cycle_day")
        .agg(
            entries=pl.len().cast(pl.Int64),
            severity=pl.col("severity").mean(),
            severity_centred=pl.col("centred").mean(),
        )
        .sort("patient_id", "cycle_day")
    )


def _t_quantiles(cycles: pl.Series, error_rate: float) -> pl.Series:
    """The quantile of t for the mean over so many cycles; infinite for fewer than two."""
    from scipy.special import stdtrit  # scipy.stats takes longer to load than the diaries to read

    numbers = cycles.unique().to_list()
    found = [float(stdtrit(n - 1, 1 - error_rate)) if n > 1 else float("inf") for n in numbers]
    return cycles.replace_strict(numbers, found, return_dtype=pl.Float64)
