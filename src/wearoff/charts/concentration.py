"""One dosing cycle at steady state: the concentration with its spread, the saturation as a range."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import (
    BLUE,
    GREEN,
    INK,
    PERCENT_LABEL,
    PURPLE,
    VERMILLION,
    extent,
    finish,
    inline,
    layered,
    plain,
)
from wearoff.cohort.results import StudyResult

_MEDIAN = "median"
_MIDDLE = "middle half of patients (25 to 75 %)"
_MOST = "9 in 10 patients (5 to 95 %)"
_PANEL_WIDTH = 285
_PANEL_HEIGHT = 290
_DASHES = ([1, 0], [7, 3], [2, 2], [8, 3, 2, 3])
_CURVE_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE)
_LOWEST_MG_PER_L = 0.05
_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def draw_typical_cycle(result: StudyResult) -> alt.TopLevelMixin | None:
    """The predicted concentration over one cycle, on a logarithmic axis, one panel an interval.

    The axis is logarithmic because peak and trough differ more than tenfold, and the trough is the
    point of the picture.
    """
    frame = rows_of(result, "typical_cycle")
    if frame is None:
        return None
    numbers = frame.select("p05", "p95").drop_nulls()
    lowest = max(_LOWEST_MG_PER_L, extent(numbers.get_column("p05"))[0] * 0.9)
    highest = extent(numbers.get_column("p95"))[1] * 1.1
    concentration = alt.Scale(type="log", domain=[lowest, highest], nice=False, clamp=True)
    parts = alt.Scale(domain=[_MEDIAN, _MIDDLE, _MOST], range=["#00436b", "#7fb3d6", "#cfe2ef"])
    colour = alt.Color("part:N", scale=parts, legend=alt.Legend(title=None, orient="top", labelLimit=300))

    panels: list[alt.LayerChart] = []
    for weeks, cycle in _cycles(frame):
        x = _day_axis(frame)
        axis = alt.Axis(
            title="Natalizumab in serum, mg/L" if not panels else None,
            values=[tick for tick in _TICKS if lowest <= tick <= highest],
        )
        y = alt.Y("low:Q", scale=concentration, axis=axis)
        bands = [
            alt.Chart(inline(cycle.select("day", low=low, high=high, part=pl.lit(part))))
            .mark_area(opacity=1)
            .encode(x, y, alt.Y2("high"), colour)
            for low, high, part in (("p05", "p95", _MOST), ("p25", "p75", _MIDDLE))
        ]
        middle = cycle.select("day", low="p50", part=pl.lit(_MEDIAN))
        trough = cycle.tail(1).select(
            "day", low="p50", word=pl.col("p50").map_elements(_short, pl.String) + " mg/L"
        )
        panels.append(
            layered(
                [
                    *bands,
                    alt.Chart(inline(middle)).mark_line(strokeWidth=2.2).encode(x, y, colour),
                    alt.Chart(inline(trough))
                    .mark_point(shape="circle", filled=True, size=45, color=INK, opacity=1)
                    .encode(x, y),
                    alt.Chart(inline(trough))
                    .mark_text(align="left", baseline="middle", dx=7)
                    .encode(x, y, alt.Text("word:N")),
                ],
                width=_PANEL_WIDTH,
                height=_PANEL_HEIGHT,
                title=alt.TitleParams(f"Every {weeks} weeks"),
            )
        )
    return finish(alt.hconcat(*panels, spacing=18).resolve_scale(color="shared"))


def draw_saturation_cycle(result: StudyResult) -> alt.TopLevelMixin | None:
    """The saturation over one cycle under every curve: the range between them, and each curve in it."""
    frame = rows_of(result, "saturation_cycle")
    if frame is None:
        return None
    frame = frame.with_columns(curve=pl.col("curve").map_elements(_curve_name, pl.String))
    curves = frame.get_column("curve").unique(maintain_order=True).to_list()
    legend = alt.Legend(title="Curve", orient="bottom", symbolStrokeWidth=2.5, symbolSize=400)
    colours = [_CURVE_COLOURS[i % len(_CURVE_COLOURS)] for i in range(len(curves))]
    dashes = [_DASHES[i % len(_DASHES)] for i in range(len(curves))]
    colour = alt.Color("curve:N", scale=alt.Scale(domain=curves, range=colours), legend=legend)
    dash = alt.StrokeDash("curve:N", scale=alt.Scale(domain=curves, range=dashes), legend=legend)

    panels: list[alt.LayerChart] = []
    for weeks, cycle in _cycles(frame):
        x = _day_axis(frame)
        title = "Predicted saturation of α4 integrin" if not panels else None
        y = alt.Y(
            "saturation:Q",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(title=title, labelExpr=PERCENT_LABEL),
        )
        span = cycle.group_by("day", maintain_order=True).agg(
            saturation=pl.col("saturation").min(), high=pl.col("saturation").max()
        )
        panels.append(
            layered(
                [
                    alt.Chart(inline(span))
                    .mark_area(color="#dfe3e6", opacity=1)
                    .encode(x, y, alt.Y2("high")),
                    alt.Chart(inline(cycle.select("day", "curve", "saturation")))
                    .mark_line(strokeWidth=1.8)
                    .encode(x, y, colour, dash),
                ],
                width=_PANEL_WIDTH,
                height=_PANEL_HEIGHT - 20,
                title=alt.TitleParams(f"Every {weeks} weeks"),
            )
        )
    return finish(alt.hconcat(*panels, spacing=18).resolve_scale(color="shared", strokeDash="shared"))


def _cycles(frame: pl.DataFrame) -> list[tuple[int, pl.DataFrame]]:
    weeks = frame.get_column("interval_weeks").drop_nulls().unique().sort().to_list()
    return [(int(week), frame.filter(interval_weeks=week).sort("day")) for week in weeks]


def _day_axis(frame: pl.DataFrame) -> alt.X:
    """Days since the infusion, the same in every panel, with room for the word at the trough."""
    last = extent(frame.get_column("day"))[1]
    return alt.X(
        "day:Q",
        scale=alt.Scale(domain=[0, last * 1.25 if "p50" in frame.columns else last], nice=False),
        axis=alt.Axis(title="Days since the infusion", values=list(range(0, int(last) + 1, 7)), grid=False),
    )


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _curve_name(curve: str) -> str:
    return plain(curve, 30).replace("_", " ")


def _concentration_in_words(result: StudyResult) -> str:
    frame = rows_of(result, "typical_cycle")
    if frame is None:
        return "Predicted concentration over one cycle: not computed."
    ends = [
        f"every {weeks} weeks {_short(last['p50'])} mg/L "
        f"(5 to 95 %: {_short(last['p05'])} to {_short(last['p95'])})"
        for weeks, cycle in _cycles(frame)
        for last in cycle.drop_nulls(["p05", "p50", "p95"]).tail(1).to_dicts()
    ]
    return (
        "Predicted natalizumab concentration over one steady-state cycle. "
        f"Median at the end of the cycle: {'; '.join(ends)}."
    )


def _saturation_in_words(result: StudyResult) -> str:
    frame = rows_of(result, "saturation_cycle")
    if frame is None:
        return "Predicted saturation over one cycle: not computed."
    ends: list[str] = []
    for weeks, cycle in _cycles(frame):
        last = cycle.filter(pl.col("day") == pl.col("day").max()).get_column("saturation")
        low, high = extent(last)[0], extent(last)[1]
        ends.append(f"every {weeks} weeks {100 * low:.0f} to {100 * high:.0f} %")
    return (
        "Predicted saturation of alpha-4 integrin over one steady-state cycle, as the range over the "
        f"curves. At the end of the cycle: {'; '.join(ends)}."
    )


TYPICAL_CYCLE: Final = Picture(
    name="typical_cycle",
    title="Predicted concentration over one dosing cycle at steady state",
    caption=(
        "Median and spread between patients under the named concentration model; logarithmic axis. "
        "The point is the median at the end of the cycle (the trough). These are predictions, not measurements."
    ),
    alt_text=_concentration_in_words,
    table="typical_cycle",
    draw=draw_typical_cycle,
)

SATURATION_CYCLE: Final = Picture(
    name="saturation_cycle",
    title="Predicted receptor saturation over one dosing cycle",
    caption=(
        "No single curve from concentration to saturation is established. The grey area is the range "
        "over all curves for the typical patient; it does not contain the spread between patients."
    ),
    alt_text=_saturation_in_words,
    table="saturation_cycle",
    draw=draw_saturation_cycle,
)
