"""Standard or extended dosing (SID, EID) from the gaps between infusions, by named rules.

What a chart calls "every six weeks" and what was given differ, and published definitions differ as well: an
average over 18 months, any period of half a year, every gap by itself. So the class is always computed from
the infusions that were recorded, by a rule that has a name, and stands beside the gaps it was made from. A
class has four values: `sid`, `eid`, `mixed` (gaps enough, but neither) and `unknown`, with its reason.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from wearoff.errors import UnknownNameError
from wearoff.sources import Mark, Source

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort

Statistic = Literal["mean", "median", "every", "period"]
Ends = Literal["[]", "[)", "(]", "()"]
CLASSES = ("sid", "eid", "mixed", "unknown")
_PATIENTS_AT_ONCE = 5000  # every date meets every earlier gap of its patient, so memory is kept flat


@dataclass(frozen=True, slots=True)
class IntervalRule:
    """A named way to call a patient's dosing standard or extended.

    Attributes:
        name: name in `interval_rules.toml`.
        description: the rule in one phrase.
        statistic: what is judged: the `mean` or `median` gap, `every` gap by itself, or any `period` of
            extended gaps.
        look_back_d: days before the date within which a gap ends to count; 0 for all.
        last_gaps: how many last gaps count; 0 for all.
        from_infusion: number of the first infusion whose following gap counts.
        fewest_gaps: with fewer gaps the class is unknown.
        period_d: days that a period of extended gaps has to exceed, for `period`.
        sid_d, eid_d: gaps in days that are standard and extended.
        sid_ends, eid_ends: whether the ends belong.
        usable_d: one gap outside, at any time before the date, makes the class unknown; None for no such limit.
        stale_d: so many days after the last infusion the class is unknown.
        source: who used the rule.
        mark: how well that is known.
        assumed: the settings that no source gives.
    """

    name: str
    description: str
    statistic: Statistic
    look_back_d: int
    last_gaps: int
    from_infusion: int
    fewest_gaps: int
    period_d: int
    sid_d: tuple[float, float]
    sid_ends: Ends
    eid_d: tuple[float, float]
    eid_ends: Ends
    usable_d: tuple[float, float] | None
    stale_d: int
    source: Source | None
    mark: Mark
    assumed: tuple[str, ...]

    def describe(self) -> str:
        """The methods paragraph of this rule."""
        judged = {
            "mean": "the mean of the gaps",
            "median": "the median of the gaps",
            "every": "every gap by itself",
            "period": f"any unbroken run of extended gaps over {self.period_d} days, else the mean of the gaps",
        }[self.statistic]
        which = []
        if self.last_gaps:
            which.append(f"the last {self.last_gaps} gaps")
        if self.look_back_d:
            which.append(f"gaps that end in the {self.look_back_d} days before the date")
        if self.from_infusion > 1:
            which.append(f"gaps after infusion {self.from_infusion}")
        limits = (
            ""
            if self.usable_d is None
            else f" A gap under {self.usable_d[0]:g} or over {self.usable_d[1]:g} days at any time before the date "
            "makes it unknown."
        )
        origin = "No source." if self.source is None else f"Source: {self.source.citation} ({self.mark})."
        return (
            f"Rule {self.name}: standard (SID) and extended interval dosing (EID) were told from the gaps in "
            f"calendar days between recorded infusions, by {judged}, over {' and '.join(which) or 'all gaps'}, none "
            f"later than the date. SID is {_interval_words(self.sid_d, self.sid_ends)}, EID "
            f"{_interval_words(self.eid_d, self.eid_ends)}; anything else is mixed. With fewer than "
            f"{self.fewest_gaps} gaps, more than {self.stale_d} days after the last infusion, or with a refused "
            f"infusion record the class is unknown.{limits} {origin} Assumed: {', '.join(self.assumed)}."
        )


def interval_rule_names() -> tuple[str, ...]:
    """The names of the rules, in the order of their file."""
    return tuple(_rules_file())


def load_interval_rule(name: str) -> IntervalRule:
    """The rule of this name.

    Raises:
        UnknownNameError: there is none; the message lists those that exist.
    """
    rules = _rules_file()
    if name not in rules:
        raise UnknownNameError("interval rule", name, rules)
    entry = dict(rules[name])
    text, doi, usable = entry.pop("source"), entry.pop("doi"), tuple(entry.pop("usable_d"))
    pairs: dict[str, Any] = {key: tuple(entry.pop(key)) for key in ("sid_d", "eid_d", "assumed")}
    return IntervalRule(
        name=name,
        source=Source(text, doi or None) if text else None,
        mark=Mark(entry.pop("mark")),
        usable_d=None if usable == (0, 0) else usable,
        **pairs,
        **entry,
    )


def infusion_gaps(cohort: Cohort) -> pl.DataFrame:
    """Every infusion with the gap in calendar days since the one before it.

    Args:
        cohort: the records.

    Returns:
        Columns patient_id, row, number (from 1, in order of time), date (in the cohort's timezone), gap_d
        (null at the first infusion of a patient).
    """
    return (
        cohort.infusion.sort("patient_id", "start_time", "row")
        .select(
            "patient_id",
            "row",
            pl.int_range(1, pl.len() + 1).over("patient_id").alias("number"),
            pl.col("start_time").dt.convert_time_zone(cohort.timezone).dt.date().alias("date"),
        )
        .with_columns(gap_d=(pl.col("date") - pl.col("date").shift(1).over("patient_id")).dt.total_days())
    )


def classify_intervals(cohort: Cohort, rule: IntervalRule, dates: pl.DataFrame | None = None) -> pl.DataFrame:
    """The class of each patient's dosing on each date, with the gaps behind it.

    Args:
        cohort: the records.
        rule: the named rule.
        dates: columns patient_id and date, the days on which the class is asked for; None for the day of
            every infusion, the infusion included.

    Returns:
        One row for each row of `dates`, in its order (without dates: by patient and date): patient_id, date,
        class, value_d (the mean or median gap; null for other rules), gaps (how many were judged), gaps_d
        (those gaps, oldest first), since_d (days since the last infusion), why (the reason of `mixed` and
        `unknown`, else null), rule.
    """
    infusions = infusion_gaps(cohort)
    if dates is None:
        dates = infusions.select("patient_id", "date")
    asked = dates.select("patient_id", "date").with_row_index("asked")
    refused = sorted(cohort.refused_patients("infusion"))
    people = asked["patient_id"].unique(maintain_order=True)
    judged = pl.concat(
        _judged(_gaps_before(asked.filter(_among(group)), infusions.filter(_among(group)), rule), rule)
        for group in (
            people[i : i + _PATIENTS_AT_ONCE] for i in range(0, max(len(people), 1), _PATIENTS_AT_ONCE)
        )
    )
    is_outside = pl.lit(value=False) if rule.usable_d is None else ~pl.col("gap_d").is_between(*rule.usable_d)
    last = (
        asked.sort("date")
        .join_asof(
            infusions.select(
                "patient_id",
                "date",
                last="date",
                unusable=is_outside.fill_null(value=False).cum_max().over("patient_id"),
            ).sort("date"),
            on="date",
            by="patient_id",
            check_sortedness=False,
        )
        .select("asked", "unusable", since_d=(pl.col("date") - pl.col("last")).dt.total_days())
    )
    whole = (
        asked.join(last, on="asked", how="left")
        .join(judged, on="asked", how="left")
        .sort("asked")
        .with_columns(
            pl.col("gaps").fill_null(0),
            pl.col("gaps_d").fill_null([]),
            is_refused=pl.col("patient_id").is_in(refused),
        )
    )
    unknown = _why_unknown(rule)
    return (
        whole.with_columns(unknown=unknown)
        .with_columns(
            pl.when(pl.col("unknown").is_not_null())
            .then(pl.lit("unknown"))
            .when("is_sid")
            .then(pl.lit("sid"))
            .when("is_eid")
            .then(pl.lit("eid"))
            .otherwise(pl.lit("mixed"))
            .alias("class")
        )
        .select(
            "patient_id",
            "date",
            "class",
            "value_d",
            "gaps",
            "gaps_d",
            "since_d",
            pl.when(pl.col("class") == "mixed")
            .then(pl.lit("neither all standard nor extended by this rule"))
            .otherwise(pl.col("unknown"))
            .alias("why"),
            pl.lit(rule.name).alias("rule"),
        )
    )


def _gaps_before(asked: pl.DataFrame, infusions: pl.DataFrame, rule: IntervalRule) -> pl.DataFrame:
    """The gaps that the rule looks at, one row each: asked, gap_d, end (its last day), in order of time."""
    gaps = infusions.filter(pl.col("gap_d").is_not_null() & (pl.col("number") > rule.from_infusion)).select(
        "patient_id", "gap_d", end="date"
    )
    pairs = asked.join(gaps, on="patient_id").filter(pl.col("end") <= pl.col("date"))
    if rule.look_back_d:
        pairs = pairs.filter(pl.col("end") > pl.col("date") - pl.duration(days=rule.look_back_d))
    pairs = pairs.sort("asked", "end")
    if rule.last_gaps:
        pairs = pairs.group_by("asked", maintain_order=True).tail(rule.last_gaps)
    return pairs


def _judged(pairs: pl.DataFrame, rule: IntervalRule) -> pl.DataFrame:
    """For each date: value_d, gaps, gaps_d, is_sid, is_eid."""
    gap = pl.col("gap_d")
    is_eid_gap = _within(gap, rule.eid_d, rule.eid_ends)
    run = (is_eid_gap != is_eid_gap.shift(1).over("asked")).fill_null(value=True).cum_sum().over("asked")
    marked = pairs.with_columns(is_eid_gap=is_eid_gap, run=run).with_columns(
        run_d=pl.col("gap_d").sum().over("asked", "run")
    )
    value = gap.median() if rule.statistic == "median" else gap.mean()
    found = marked.group_by("asked").agg(
        value_d=value.cast(pl.Float64),
        gaps=pl.len().cast(pl.Int64),
        gaps_d=gap.cast(pl.Int64),
        all_sid=_within(gap, rule.sid_d, rule.sid_ends).all(),
        all_eid=pl.col("is_eid_gap").all(),
        has_period=(pl.col("is_eid_gap") & (pl.col("run_d") > rule.period_d)).any(),
    )
    value_is = {
        "is_sid": _within(pl.col("value_d"), rule.sid_d, rule.sid_ends),
        "is_eid": _within(pl.col("value_d"), rule.eid_d, rule.eid_ends),
    }
    if rule.statistic == "every":
        found = found.with_columns(
            pl.lit(None, pl.Float64).alias("value_d"), is_sid=pl.col("all_sid"), is_eid=pl.col("all_eid")
        )
    elif rule.statistic == "period":
        found = found.with_columns(
            is_sid=~pl.col("has_period") & value_is["is_sid"],
            is_eid=pl.col("has_period") | value_is["is_eid"],
        )
    else:
        found = found.with_columns(**value_is)
    return found.select("asked", "value_d", "gaps", "gaps_d", "is_sid", "is_eid")


def _why_unknown(rule: IntervalRule) -> pl.Expr:
    """The first reason for which the class is unknown; null where it is known."""
    limits = rule.usable_d or (0, 0)
    return (
        pl.when("is_refused")
        .then(pl.lit("an infusion record of this patient was refused"))
        .when(pl.col("since_d").is_null())
        .then(pl.lit("no infusion by this date"))
        .when(pl.col("since_d") > rule.stale_d)
        .then(pl.lit(f"more than {rule.stale_d} days since the last infusion"))
        .when(pl.col("gaps") < rule.fewest_gaps)
        .then(pl.lit(f"fewer than {rule.fewest_gaps} gaps"))
        .when("unusable")
        .then(pl.lit(f"a gap under {limits[0]:g} or over {limits[1]:g} days"))
        .otherwise(pl.lit(None, pl.String))
    )


def _among(patients: pl.Series) -> pl.Expr:
    return pl.col("patient_id").is_in(patients.implode())


def _within(value: pl.Expr, limits: tuple[float, float], ends: Ends) -> pl.Expr:
    closed: dict[Ends, Literal["both", "left", "right", "none"]] = {
        "[]": "both",
        "[)": "left",
        "(]": "right",
        "()": "none",
    }
    return value.is_between(*limits, closed=closed[ends])


def _interval_words(limits: tuple[float, float], ends: Ends) -> str:
    low, high = limits
    first = f"{'at least' if ends[0] == '[' else 'more than'} {low:g}"
    last = f" and {'at most' if ends[1] == ']' else 'under'} {high:g} days"
    if high >= 10_000:
        return f"{first} days"
    return f"under {high:g} days" if low == 0 else first + last


@cache
def _rules_file() -> dict[str, dict[str, Any]]:
    text = files("wearoff.cohort").joinpath("interval_rules.toml").read_text(encoding="utf-8")
    rules: dict[str, dict[str, Any]] = tomllib.loads(text)["rule"]
    return rules
