"""Power over what can be chosen and what cannot: a line for the formula, points with a bar for drawn studies.

Each panel moves one number. Bars are the 95 % interval that the number of drawn studies leaves, so where the line runs
outside of many of them, the formula is off and not the dice. Where every outcome could be counted, a dashed line shows
it.
"""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import (
    BLUE,
    GREEN,
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

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE)
_SHAPES = ("circle", "diamond", "triangle-up", "square")
_WIDTH, _HEIGHT = 236, 190
_MOST_PANELS, _MOST_SERIES = 8, 4
_SHARES = ("share lost in a year", "share without a usable pair", "margin")
_FROM_NOTHING = ("patients", "years of follow-up")
_LOGARITHMIC = ("scans in a year",)
_POWER = ("power_formula", "power_exact", "power_simulated", "low", "high")


def draw_power_curves(result: StudyResult) -> alt.TopLevelMixin | None:
    """A panel for each number that is moved, power from 0 to 1 upward."""
    frame = rows_of(result, "power_curves")
    if frame is None:
        return None
    frame = frame.with_columns(pl.col("at", "power_asked", *_POWER).cast(pl.Float64).fill_nan(None))
    panels = [
        _panel(frame.filter(pl.col("varies").eq_missing(pl.lit(varies))), varies)
        for varies in frame.get_column("varies").unique(maintain_order=True).to_list()[:_MOST_PANELS]
    ]
    return finish(alt.concat(*panels, columns=2, spacing=26))


def _panel(frame: pl.DataFrame, varies: object) -> alt.LayerChart:
    name = plain(varies, 34)
    series = frame.get_column("series").unique(maintain_order=True).to_list()[:_MOST_SERIES]
    x, y = _across(frame, name), _upward()
    layers: list[alt.Chart] = [_asked(frame, y)]
    for place, each in enumerate(series):
        rows = frame.filter(pl.col("series").eq_missing(pl.lit(each))).sort("at")
        layers += _curve(rows, x, y, place)
    for place, each in enumerate(series):
        layers += _key(plain(each, 30), place, len(series))
    return layered(
        layers,
        width=_WIDTH,
        height=_HEIGHT,
        title=alt.TitleParams(name[:1].upper() + name[1:], offset=8),
    )


def _across(frame: pl.DataFrame, name: str) -> alt.X:
    low, high = extent(frame.get_column("at"))
    is_share = name in _SHARES
    axis: dict[str, Any] = {"title": "Yearly share" if name == _SHARES[0] else name[:1].upper() + name[1:]}
    if is_share:
        axis["labelExpr"] = PERCENT_LABEL
    if name in _LOGARITHMIC and low > 0:
        values = sorted(
            {value for value in frame.get_column("at").to_list() if value is not None and value > 0}
        )
        scale = alt.Scale(type="log", domain=[0.85 * low, 1.15 * high], nice=False)
        return alt.X("at:Q", scale=scale, axis=alt.Axis(**axis, values=values, format="~g", grid=False))
    room = 0.04 * (high - low) if high > low else 1.0
    start = min(low - room, 0.0) if name in _FROM_NOTHING else low - room
    scale = alt.Scale(domain=[start, high + room], nice=False)
    return alt.X("at:Q", scale=scale, axis=alt.Axis(**axis, tickCount=6, grid=False))


def _upward() -> alt.Y:
    axis = alt.Axis(title="Power", labelExpr=PERCENT_LABEL, values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    return alt.Y("power:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=axis)


def _asked(frame: pl.DataFrame, y: alt.Y) -> alt.Chart:
    """The power that was asked for, a broken grey line across the panel."""
    asked = pl.DataFrame({"power": frame.get_column("power_asked").drop_nulls().unique().head(1)})
    line: alt.Chart = alt.Chart(inline(asked)).mark_rule(color=SOFT_INK, strokeDash=[2, 3]).encode(y)
    return line


def _curve(rows: pl.DataFrame, x: alt.X, y: alt.Y, place: int) -> list[alt.Chart]:
    colour, shape = _COLOURS[place], _SHAPES[place]
    formula = rows.select("at", power="power_formula").drop_nulls()
    exact = rows.select("at", power="power_exact").drop_nulls()
    drawn = rows.select("at", "high", power="power_simulated", bar="low").drop_nulls()
    bars = drawn.select("at", "high", power="bar")
    return [
        alt.Chart(inline(formula))
        .mark_line(color=colour, strokeWidth=1.8, interpolate="monotone")
        .encode(x, y),
        alt.Chart(inline(exact))
        .mark_line(color=colour, strokeWidth=1.4, strokeDash=[5, 3], interpolate="monotone")
        .encode(x, y),
        alt.Chart(inline(bars)).mark_rule(color=colour, strokeWidth=1.4).encode(x, y, alt.Y2("high")),
        alt.Chart(inline(drawn.select("at", "power")))
        .mark_point(
            shape=shape, size=42, filled=True, fill="white", stroke=colour, strokeWidth=1.5, opacity=1
        )
        .encode(x, y),
    ]


def _key(name: str, place: int, series: int) -> list[alt.Chart]:
    """One line of the key, over the panel, where no curve can cross it."""
    at = pl.DataFrame({"word": [name]})
    height = -13 - 16 * (series - 1 - place)
    return [
        alt.Chart(inline(at))
        .mark_rule(color=_COLOURS[place], strokeWidth=1.8)
        .encode(x=alt.value(0), x2=alt.value(26), y=alt.value(height)),
        alt.Chart(inline(at))
        .mark_point(
            shape=_SHAPES[place], size=42, filled=True, fill="white", stroke=_COLOURS[place], opacity=1
        )
        .encode(x=alt.value(13), y=alt.value(height)),
        alt.Chart(inline(at))
        .mark_text(align="left", baseline="middle")
        .encode(alt.Text("word:N"), x=alt.value(33), y=alt.value(height)),
    ]


def _in_words(result: StudyResult) -> str:
    frame = rows_of(result, "power_curves")
    if frame is None:
        return "Power over size and length: not computed."
    parts = []
    for (varies, series), rows in frame.group_by("varies", "series", maintain_order=True):
        known = rows.filter(pl.col("at").is_finite().fill_null(value=False)).sort("at")
        if known.is_empty():
            continue
        ends = [known.row(0, named=True), known.row(-1, named=True)]
        said = " to ".join(f"{percent(_power(row))} at {row['at']:,.4g}" for row in ends)
        parts.append(f"{plain(varies, 34)}, {plain(series, 30)}: from {said}")
    return "Power over what changes it. " + "; ".join(parts[:24]) + "."


def _power(row: dict[str, Any]) -> float | None:
    """The simulated power of a point, else that of the formula."""
    for name in ("power_simulated", "power_formula"):
        value = row[name]
        if value is not None and abs(value) < float("inf"):
            return float(value)
    return None


POWER_CURVES: Final = Picture(
    name="power_curves",
    title="Power over size, length, losses, scans and effect",
    caption=(
        "Line: the formula. Points: simulated studies, analysed by the estimators that analyse a cohort; the bar is "
        "the 95 % interval that their number leaves. Dashed, where there is one: every outcome counted. The broken "
        "grey line is the power that was asked for. Points of one curve share their random patients and lie up or down "
        "together, so read their shape, and the formula against many bars rather than one."
    ),
    alt_text=_in_words,
    table="power_curves",
    draw=draw_power_curves,
)
