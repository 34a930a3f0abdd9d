"""How long patients stayed free of activity: curves by wearing-off, with the numbers at risk under them.

A relapse has a day, so its curve is a step line with limits, a stroke where somebody left without it, and the
numbers at risk below at the same times. MRI activity is only known to lie between two scans: its curve is a line
where the estimate is fixed and an open stretch between two lines where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.risk import coding_in_words
from wearoff.charts.theme import (
    BLUE,
    GREEN,
    INK,
    PERCENT_LABEL,
    PURPLE,
    SOFT_INK,
    VERMILLION,
    extent,
    finish,
    inline,
    layered,
    percent,
    plain,
)
from wearoff.cohort.results import StudyResult

DAYS_PER_YEAR: Final = 365.25
_COLOURS = (VERMILLION, BLUE, GREEN, PURPLE)
_DASHES = ([1, 0], [6, 2], [2, 2], [8, 3, 2, 3])
_HEIGHT = 190
_LEFT = 126
_ONE_PANEL, _TWO_PANELS = 520, 216
_MOST_PANELS = 12
_MOST_GROUPS = 4
_MANY_STROKES = 80


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the panels share: the time axis, its ticks in years, and the width."""

    x: alt.X
    ticks: tuple[float, ...]
    width: int


def draw_activity_curves(result: StudyResult) -> alt.TopLevelMixin | None:
    """Share still free of activity over time: a row of panels an outcome, a column a coding."""
    frame = rows_of(result, "activity_curves")
    if frame is None:
        return None
    frame = frame.with_columns(year=pl.col("day").cast(pl.Float64).fill_nan(None) / DAYS_PER_YEAR)
    outcomes = frame.get_column("outcome").unique(maintain_order=True).to_list()
    codings = frame.get_column("coding").unique(maintain_order=True).to_list()
    last = max(extent(frame.get_column("year"))[1], 1 / 12)
    ticks = _ticks(last)
    is_only = len(codings) == 1
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=[0, last], nice=False),
        axis=alt.Axis(title="Years", values=list(ticks), format="~g", grid=False, labelFlush=False),
    )
    shared = _Frame(x, ticks, _ONE_PANEL if is_only else _TWO_PANELS)
    panels = [
        _panel(frame.filter(mine), outcome, coding, shared)
        for outcome in outcomes
        for coding in codings
        for mine in [pl.col("outcome").eq_missing(pl.lit(outcome)) & pl.col("coding").eq_missing(coding)]
        if not frame.filter(mine).is_empty()
    ]
    return finish(alt.concat(*panels[:_MOST_PANELS], columns=min(2, len(codings)), spacing=16))


def _panel(frame: pl.DataFrame, outcome: object, coding: object, shared: _Frame) -> alt.LayerChart:
    groups = frame.get_column("group").unique(maintain_order=True).to_list()[:_MOST_GROUPS]
    y = alt.Y(
        "free:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title="Still free of it", labelExpr=PERCENT_LABEL, values=[0, 0.25, 0.5, 0.75, 1]),
    )
    layers: list[alt.Chart] = []
    curves = [frame.filter(pl.col("group").eq_missing(pl.lit(group))).sort("day") for group in groups]
    is_dated = frame.get_column("at_risk").is_not_null().any()
    for place, curve in enumerate(curves):
        drawn = _steps if is_dated else _stretches
        layers += drawn(curve, shared.x, y, _COLOURS[place], _DASHES[place])
    for place, group in enumerate(groups):
        layers += _key(plain(group, 28), place, len(groups))
    if is_dated:
        layers += _numbers_at_risk(groups, curves, shared)
    return layered(
        layers,
        width=shared.width,
        height=_HEIGHT,
        title=alt.TitleParams(
            _capital(plain(outcome, 34)),
            subtitle=plain(coding_in_words(coding), 44),
            offset=6,
        ),
    )


def _steps(curve: pl.DataFrame, x: alt.X, y: alt.Y, colour: str, dash: list[int]) -> list[alt.Chart]:
    """A step line with its limits and a stroke for those who left without the event."""
    rows = curve.select("year", "free", "low", "high")
    limits = rows.filter(pl.all_horizontal(pl.col("low", "high").is_finite()).fill_null(value=False))
    left = rows.filter(_left_without_it(curve))
    is_crowded = left.height > _MANY_STROKES
    return [
        alt.Chart(inline(limits.drop("free").rename({"low": "free"})))
        .mark_area(interpolate="step-after", color=colour, opacity=0.17)
        .encode(x, y, alt.Y2("high")),
        alt.Chart(inline(rows.drop_nulls("free")))
        .mark_line(interpolate="step-after", color=colour, strokeWidth=2, strokeDash=dash)
        .encode(x, y),
        alt.Chart(inline(left))
        .mark_tick(
            orient="vertical",
            size=6 if is_crowded else 9,
            thickness=0.5 if is_crowded else 1.2,
            color=colour,
            opacity=0.7 if is_crowded else 1,
        )
        .encode(x, y),
    ]


def _left_without_it(curve: pl.DataFrame) -> pl.Series:
    """Whether somebody left at a row without the event: more left than the fall of the curve tells of."""
    at_risk, free = curve.get_column("at_risk"), curve.get_column("free").cast(pl.Float64).fill_nan(None)
    left = at_risk - at_risk.shift(-1, fill_value=0)
    fell = 1 - free / free.shift(1, fill_value=1.0)
    with_it = (at_risk * fell).fill_nan(0.0).round()
    return (left - with_it > 0).fill_null(value=False) & free.is_finite().fill_null(value=False)


def _stretches(curve: pl.DataFrame, x: alt.X, y: alt.Y, colour: str, dash: list[int]) -> list[alt.Chart]:
    """What the estimate allows between two ends of windows: from `low` at the later to `high` at the earlier."""
    known = curve.filter(pl.all_horizontal(pl.col("low", "high").is_finite()).fill_null(value=False))
    stretches = known.select(
        "year", until=pl.col("year").shift(-1), free=pl.col("low").shift(-1), high=pl.col("high")
    ).drop_nulls()
    high = known.select("year", free=pl.col("high"))
    low = known.select("year", free=pl.col("low"))
    line: dict[str, Any] = {"color": colour, "strokeWidth": 1.6, "strokeDash": dash}
    return [
        alt.Chart(inline(stretches))
        .mark_rect(color=colour, opacity=0.17)
        .encode(x, alt.X2("until"), y, alt.Y2("high")),
        alt.Chart(inline(high)).mark_line(interpolate="step-after", **line).encode(x, y),
        alt.Chart(inline(low)).mark_line(interpolate="step-before", **line).encode(x, y),
    ]


def _key(name: str, place: int, groups: int) -> list[alt.Chart]:
    """One line of the key, over the panel, where no curve can cross it."""
    at = pl.DataFrame({"word": [name]})
    height = -13 - 16 * (groups - 1 - place)
    return [
        alt.Chart(inline(at))
        .mark_rule(color=_COLOURS[place], strokeWidth=2.4, strokeDash=_DASHES[place])
        .encode(x=alt.value(0), x2=alt.value(26), y=alt.value(height)),
        alt.Chart(inline(at))
        .mark_text(align="left", baseline="middle")
        .encode(alt.Text("word:N"), x=alt.value(32), y=alt.value(height)),
    ]


def _numbers_at_risk(groups: list[str], curves: list[pl.DataFrame], shared: _Frame) -> list[alt.Chart]:
    """The table under a curve; its numbers stand on the time axis of the panel, so they cannot slip."""
    top = _HEIGHT + 62
    heading = pl.DataFrame({"word": ["Number at risk"]})
    layers = [
        alt.Chart(inline(heading))
        .mark_text(align="right", baseline="middle", color=SOFT_INK, fontSize=11)
        .encode(alt.Text("word:N"), x=alt.value(-20), y=alt.value(top - 14))
    ]
    for place, (group, curve) in enumerate(zip(groups, curves, strict=True)):
        row_y = alt.value(top + 16 * place)
        counts = [(tick, _at_risk(curve, tick)) for tick in shared.ticks]
        known = [(tick, str(count)) for tick, count in counts if count is not None]
        numbers = pl.DataFrame(known, schema={"year": pl.Float64, "word": pl.String}, orient="row")
        layers += [
            alt.Chart(inline(pl.DataFrame({"word": [plain(group, 28)]})))
            .mark_text(align="right", baseline="middle", limit=_LEFT - 20, fontSize=11.5, color=INK)
            .encode(alt.Text("word:N"), x=alt.value(-20), y=row_y),
            alt.Chart(inline(numbers))
            .mark_text(align="center", baseline="middle", fontSize=11.5, color=INK)
            .encode(shared.x, alt.Text("word:N"), y=row_y),
        ]
    return layers


def _ticks(last: float) -> tuple[float, ...]:
    """The times, in years, that the axis names and the table under it gives: seven at most."""
    step = next(step for step in (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, inf) if last <= 6 * step)
    return tuple(step * place for place in range(int(last / step) + 1)) if step < inf else (0.0,)


def _at_risk(curve: pl.DataFrame, year: float) -> int | None:
    """The number at risk at a time: that of the next row, because nobody leaves between two rows; 0 past the last."""
    rows = curve.filter(pl.col("at_risk").is_not_null() & pl.col("year").is_not_null())
    if rows.is_empty():
        return None
    coming = rows.filter(pl.col("year") >= year - 1e-9).get_column("at_risk").to_list()
    return int(coming[0]) if coming else 0


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _in_words(result: StudyResult) -> str:
    frame = rows_of(result, "activity_curves")
    if frame is None:
        return "Share free of activity over time: not computed."
    parts: list[str] = []
    for (outcome, coding, group), curve in frame.group_by("outcome", "coding", "group", maintain_order=True):
        known = curve.filter(pl.col("free").is_finite().fill_null(value=False)).sort("day")
        who = f"{plain(outcome, 34)}, {plain(group, 28)} ({plain(coding_in_words(coding), 30)})"
        if known.is_empty():
            parts.append(f"{who}: not known")
            continue
        last = known.row(-1, named=True)
        years = f"{last['day'] / DAYS_PER_YEAR:.1f} years"
        if last["at_risk"] is None:
            parts.append(f"{who}: {_range(last)} at {years}")
        else:
            first = known.row(0, named=True)
            parts.append(
                f"{who}: {first['at_risk']} at risk at first, {percent(last['free'])} free at {years}{_limits(last)}"
            )
    return "Share free of activity over time. " + "; ".join(parts[:24]) + "."


def _limits(row: dict[str, float | None]) -> str:
    if row["low"] is None or row["high"] is None:
        return ""
    return f" ({percent(row['low']).removesuffix(' %')} to {percent(row['high'])})"


def _range(row: dict[str, float | None]) -> str:
    if row["low"] == row["high"] or row["low"] is None:
        return f"{percent(row['high'])} free"
    return f"between {percent(row['low'])} and {percent(row['high'])} free"


ACTIVITY_CURVES: Final = Picture(
    name="activity_curves",
    title="Share still free of activity over time, by wearing-off",
    caption=(
        "Relapse: the line falls where a patient had the first; the pale band is its 95 % interval at each time, "
        "and a small stroke marks patients who left without one. The table below gives how many were still "
        "watched; where few are left, the line says little. MRI activity lies between two scans, so its curve "
        "is only known to run inside the pale stretch between two lines; that stretch is not a confidence "
        "interval, and nothing is drawn past the last scan that fixes it. Curves compare groups as they are: they "
        "adjust for nothing and show no cause."
    ),
    alt_text=_in_words,
    table="activity_curves",
    draw=draw_activity_curves,
)
