"""Rules on natalizumab levels and occupancies: units, and what the days since the infusion allow.

The limits by day are plain numbers between which the logarithm is drawn as a straight line. They are wide: a
level beyond them more likely has a wrong day, unit or infusion than a strange kinetics. The dosing model is
not used here, so that a mistyped day is found without believing a model.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from wearoff.cohort.quality.prepared import NotChecked, Prepared, before, found, number_text
from wearoff.cohort.quality.rules import QualityRule

LEVEL, OCCUPANCY = "natalizumab_conc", "receptor_occupancy"


def level_too_high_for_day(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Levels above the limit of their day; beside an infusion of unknown order the limit is that of day 0."""
    levels = _levels(at)
    if isinstance(levels, NotChecked):
        return levels
    since = pl.when("is_unordered").then(0.0).otherwise(pl.col("since_d"))
    timed = levels.with_columns(since=since).filter(
        pl.col("since").is_not_null() & pl.col("value").is_not_null() & ~pl.col("is_below")
    )
    odd = timed.with_columns(limit=_limit_by_day(timed["since"], rule)).filter(
        pl.col("value") > pl.col("limit")
    )
    return found(odd, "measurement", _against_limit("at most"))


def level_too_low_for_day(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Levels under the limit of their day after an intravenous infusion, up to the last day with a limit."""
    levels = _levels(at)
    if isinstance(levels, NotChecked):
        return levels
    last_day = max(_days(rule))
    timed = levels.with_columns(since=pl.col("since_d"), highest=pl.coalesce("value", "lloq")).filter(
        pl.col("since").is_between(rule["from_h"] / 24, last_day)
        & ~pl.col("is_unordered")
        & (pl.col("route").fill_null("IV") == "IV")
        & pl.col("highest").is_not_null()
    )
    share = pl.col("dose_mg").fill_null(rule["usual_mg"]) / rule["usual_mg"]
    odd = timed.with_columns(
        limit=_limit_by_day(timed["since"], rule) * timed.select(share).to_series()
    ).filter(pl.col("highest") < pl.col("limit"))
    return found(odd, "measurement", _against_limit("at least"))


def level_before_first_infusion(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Levels of patients who by the record had not been given anything yet."""
    levels = _levels(at)
    if isinstance(levels, NotChecked):
        return levels
    odd = levels.filter(
        pl.col("since_d").is_null()
        & ~pl.col("is_unordered")
        & (pl.col("value") >= rule["lowest_mg_per_l"])
        & ~pl.col("is_below")
    )
    return found(odd, "measurement", pl.format("{} mg/L, no infusion before it", number_text("value")))


def level_thousandfold(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Levels about a thousand times or a thousandth of the patient's others, or of the usual one."""
    levels = _levels(at)
    if isinstance(levels, NotChecked):
        return levels
    value, times = pl.col("value"), pl.len().over("patient_id")
    usual = (
        pl.when(times > 3)
        .then(value.median().over("patient_id"))
        .when(times == 3)
        .then((value.sum().over("patient_id") - value) / 2)
        .otherwise(rule["usual_mg_per_l"])
    )
    near = levels.filter(
        (value > 0) & ~pl.col("is_below") & (pl.col("since_d") <= rule["within_d"])
    ).with_columns(usual=usual, is_own=times > 2)
    times_off = (pl.col("value") / pl.col("usual")).log10().abs()
    odd = near.filter((times_off - 3).abs() <= np.log10(rule["off_by"]))
    whose = pl.when("is_own").then(pl.lit("the patient's other levels are")).otherwise(pl.lit("usual is"))
    return found(
        odd,
        "measurement",
        pl.format("{} mg/L, {} near {} mg/L", number_text("value"), whose, number_text("usual")),
    )


def level_jump(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Levels far from the one before at about the same cycle day."""
    levels = _levels(at)
    if isinstance(levels, NotChecked):
        return levels
    pairs = (
        levels.filter(
            pl.col("since_d").is_not_null()
            & ~pl.col("is_unordered")
            & ~pl.col("is_below")
            & (pl.col("value") >= rule["lowest_mg_per_l"])
        )
        .sort("patient_id", "time", "row")
        .with_columns(
            value_before=before("value"),
            since_before=before("since_d"),
            row_before=before("row"),
        )
    )
    ratio = pl.col("value") / pl.col("value_before")
    odd = pairs.filter(
        ((pl.col("since_d") - pl.col("since_before")).abs() <= rule["cycle_days_apart"])
        & (pl.max_horizontal(ratio, 1 / ratio) >= rule["factor"])
    )
    return found(
        odd,
        "measurement",
        pl.format(
            "{} mg/L on cycle day {}, before it {} mg/L on cycle day {}",
            number_text("value"),
            number_text("since_d"),
            number_text("value_before"),
            number_text("since_before"),
        ),
        other_row=pl.col("row_before"),
    )


def occupancy_hundredth(at: Prepared, rule: QualityRule) -> pl.DataFrame | NotChecked:
    """Occupancies of a hundredth or less soon after an infusion."""
    occupancies = at.samples.filter((pl.col("analyte") == OCCUPANCY) & pl.col("value").is_not_null())
    if occupancies.is_empty():
        return at.lacks("measurement") or NotChecked("no occupancy")
    odd = occupancies.filter(
        (pl.col("value") > 0) & (pl.col("value") <= rule["highest"]) & (pl.col("since_d") <= rule["within_d"])
    )
    return found(
        odd,
        "measurement",
        pl.format("{} % on cycle day {}", number_text(100 * pl.col("value")), number_text("since_d")),
    )


def _levels(at: Prepared) -> pl.DataFrame | NotChecked:
    levels = at.samples.filter(pl.col("analyte") == LEVEL)
    if levels.is_empty():
        return at.lacks("measurement") or NotChecked("no natalizumab level")
    if "infusion" not in at.cohort.present:
        return NotChecked("no table infusion")
    return levels.with_columns(is_below=pl.col("below_lloq").fill_null("N") == "Y")


def _days(rule: QualityRule) -> dict[float, float]:
    """The limits of a rule that are named by a day: day to limit (mg/L), in order of day."""
    named = {
        float(limit.name.removeprefix("day_")): limit.value
        for limit in rule.limits
        if limit.name.startswith("day_")
    }
    return dict(sorted(named.items()))


def _limit_by_day(since: pl.Series, rule: QualityRule) -> pl.Series:
    """The limit (mg/L) at each number of days since the infusion, log-linear between the named days."""
    days = _days(rule)
    logs = np.interp(since.to_numpy(), list(days), np.log(list(days.values())))
    return pl.Series("limit", np.exp(logs))


def _against_limit(how: str) -> pl.Expr:
    value = (
        pl.when(pl.col("value").is_null())
        .then(pl.format("under {}", number_text("lloq")))
        .otherwise(number_text("value"))
    )
    day = (
        pl.when("is_unordered")
        .then(pl.lit("of an infusion"))
        .otherwise(pl.format("{} after the infusion of row {}", number_text("since"), "infusion_row"))
    )
    return pl.format(f"{{}} mg/L on day {{}}, {how} {{}} mg/L expected", value, day, number_text("limit", 2))
