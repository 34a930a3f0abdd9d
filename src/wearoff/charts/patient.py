"""One patient over time: the level with its bands, what was measured, and how the level falls while no dose is given.

The past is drawn solid and the future hatched. The level after the last dose on any later day is the trough of the
interval that would end there, so that the candidate intervals stand as marks on the falling curve. The axis of the
level is logarithmic, because a peak lies more than ten times above the floor that is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np
import polars as pl

from wearoff.charts.patient_data import clock, course_frame, level_frame
from wearoff.charts.theme import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PERCENT_LABEL,
    PURPLE,
    SOFT_INK,
    VERMILLION,
    WIDTH,
    finish,
    inline,
    layered,
    plain,
)
from wearoff.dosing import wording

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment
    from wearoff.dosing.intervals import Target

LEVEL_HEIGHT: Final = 300
_PANEL_WIDTH: Final = WIDTH - 78
_SATURATION_SHARE: Final = 0.37  # of the height of the level's panel
_LABEL_WIDTH: Final = 18  # pixels of two digits, and of 4.5 on two sides
_LOWEST_MG_PER_L: Final = 0.1
_TICKS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_MOST: Final = "9 in 10 (5-95 %)"
_MIDDLE: Final = "half (25-75 %)"
_MEDIAN: Final = "median"
_TYPICAL: Final = "typical patient of this weight, before any level"
_HATCH_D: Final = {_MOST: 1.5, _MIDDLE: 1.0}
_PAST: Final = {_MOST: "#cfe2ef", _MIDDLE: "#7fb3d6"}
_FUTURE: Final = {_MOST: "#8fbbd8", _MIDDLE: "#3f86b8"}
_BANDS: Final = {_MOST: ("p05", "p95"), _MIDDLE: ("p25", "p75")}
_SHAPES: Final = ("circle", "square", "diamond", "cross", "triangle-up", "triangle-right", "triangle-left")
_COLOURS: Final = (VERMILLION, GREEN, PURPLE, ORANGE, "#5c4a00", INK, SOFT_INK)


def draw_patient(found: Assessment, *, level_height: int = LEVEL_HEIGHT) -> alt.TopLevelMixin:
    """The course of one patient; with a saturation as the floor also the saturation.

    Args:
        found: what was found of the patient.
        level_height: height of the panel of the level, pixels.
    """
    course = course_frame(found)
    low, high = _extent(found, course)
    scale = alt.Scale(type="log", domain=[low, high], nice=False, clamp=True)
    axis = alt.Axis(
        title="Natalizumab in serum, mg/L", values=[tick for tick in _TICKS if low <= tick <= high]
    )
    y = alt.Y("low:Q", scale=scale, axis=axis)
    x = _time_axis(course, is_labelled=True)
    target = found.target
    layers: list[alt.Chart | alt.LayerChart] = [
        *_bands(course, x, y),
        _line(course, x, y, low),
        *_today(found, course, x),
        *(_floor(target, x, y, course) if target is not None and target.curve is None else ()),
        *_candidates(found, course, x, y),
        *_doses(found, course, x),
        _levels(found, course, x, y),
    ]
    level = layered(layers, width=_PANEL_WIDTH, height=level_height, title=alt.TitleParams(""))
    panels = [level.resolve_scale(color="independent", shape="independent", strokeDash="independent")]
    if target is not None and target.curve is not None:
        panels.append(_saturation(found, target, course, round(_SATURATION_SHARE * level_height)))
    return finish(alt.vconcat(*panels, spacing=12))


def _time_axis(course: pl.DataFrame, *, is_labelled: bool) -> alt.X:
    domain = course.get_column("time")
    axis = alt.Axis(
        title=None,
        grid=False,
        format="%-d %b %Y" if is_labelled else "%-d %b",
        labelAngle=0,
        labelOverlap=True,
        tickCount=8,
    )
    return alt.X(
        "utc:T",
        scale=alt.Scale(type="utc", domain=[_utc(domain[0]), _utc(domain[-1])], nice=False),
        axis=axis,
    )


def _utc(time: str) -> str:
    """The patient's clock as the renderer has to see it: without a zone it would take its own."""
    return f"{time}Z"


def _data(frame: pl.DataFrame) -> alt.InlineData:
    return inline(frame.with_columns(utc=pl.col("time") + "Z").drop("time"))


def _extent(found: Assessment, course: pl.DataFrame) -> tuple[float, float]:
    """From under the lowest band, floor and level to over the highest peak, mg/L."""
    after = course.filter(pl.col("day") > course.get_column("day")[0] + 1)
    measured = level_frame(found).filter(pl.col("day") >= course.get_column("day")[0]).get_column("low")
    lowest = [*after.get_column("p05").to_list(), *measured.to_list()]
    if found.target is not None and found.target.curve is None:
        lowest.append(found.target.value)
    highest = max(*course.get_column("p95").to_list(), *measured.to_list())
    low = max(_LOWEST_MG_PER_L, 0.75 * min(lowest))
    return low, max(2 * low, 1.4 * highest)


def _bands(course: pl.DataFrame, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Two bands, full until today and hatched after it: strokes at the days of the course itself."""
    past, future = course.filter(~pl.col("is_future")), course.filter(pl.col("is_future"))
    begin = past.tail(1)
    for part, (low, high) in _BANDS.items():
        shown = past.select("time", low=low, high=high)
        yield (alt.Chart(_data(shown)).mark_area(color=_PAST[part], opacity=1).encode(x, y, alt.Y2("high")))
    joined = pl.concat([begin, future])
    for part, (low, high) in _BANDS.items():
        strokes = _every(joined, _HATCH_D[part]).select("time", low=low, high=high)
        yield (
            alt.Chart(_data(strokes))
            .mark_rule(color=_FUTURE[part], strokeWidth=1.1)
            .encode(x, y, alt.Y2("high"))
        )
        for edge in (low, high):
            yield (
                alt.Chart(_data(joined.select("time", low=edge)))
                .mark_line(color=_FUTURE[part], strokeWidth=0.9)
                .encode(x, y)
            )


def _every(frame: pl.DataFrame, days: float) -> pl.DataFrame:
    """Rows that lie at least so many days apart."""
    kept, last = [], -np.inf
    for index, day in enumerate(frame.get_column("day").to_list()):
        if day - last >= days - 1e-6:
            kept.append(index)
            last = day
    return frame[kept]


def _line(course: pl.DataFrame, x: alt.X, y: alt.Y, lowest: float) -> alt.Chart:
    """The median, and the typical patient before any level; below the axis neither is drawn."""
    lines = pl.concat(
        course.select("time", part=pl.lit(part), low=pl.when(pl.col(name) >= lowest).then(pl.col(name)))
        for name, part in (("typical", _TYPICAL), ("p50", _MEDIAN))
    )
    parts = [_MEDIAN, _TYPICAL]
    legend = alt.Legend(title=None, orient="top", symbolSize=500, labelLimit=400)
    chart: alt.Chart = (
        alt.Chart(_data(lines))
        .mark_line(strokeWidth=1.7)
        .encode(
            x,
            y,
            alt.Color("part:N", scale=alt.Scale(domain=parts, range=["#00436b", SOFT_INK]), legend=legend),
            alt.StrokeDash("part:N", scale=alt.Scale(domain=parts, range=[[1, 0], [4, 3]]), legend=legend),
        )
    )
    return chart


def _today(found: Assessment, course: pl.DataFrame, x: alt.X) -> Iterator[alt.Chart]:
    if found.patient.today_d > course.get_column("day")[-1]:
        return  # the caption says so
    data = _data(pl.DataFrame({"time": [clock(found, found.patient.today_d)], "word": ["today"]}))
    yield alt.Chart(data).mark_rule(color=INK, strokeWidth=1.2).encode(x)
    yield (
        alt.Chart(data)
        .mark_text(align="right", baseline="top", dx=-4, fontSize=11)
        .encode(x, alt.Text("word:N"), y=alt.value(3))
    )


def _floor(target: Target, x: alt.X, y: alt.Y, course: pl.DataFrame) -> Iterator[alt.Chart]:
    word = f"your floor, {wording.floor(target)}"
    begin = pl.DataFrame({"time": [course.get_column("time")[0]], "low": [target.value], "word": [word]})
    yield (
        alt.Chart(inline(begin.drop("time")))
        .mark_rule(color=INK, strokeWidth=1.3, strokeDash=[7, 3])
        .encode(y)
    )
    yield (
        alt.Chart(_data(begin))
        .mark_text(align="left", baseline="top", dx=5, dy=4)
        .encode(x, y, alt.Text("word:N"))
    )


def _candidates(found: Assessment, course: pl.DataFrame, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """The trough of every candidate interval on the falling curve, with its weeks above."""
    marks = pl.DataFrame(
        {
            "time": [clock(found, option.next_d) for option in found.options],
            "low": [option.next_trough["p05"] for option in found.options],
            "high": [option.next_trough["p95"] for option in found.options],
            "middle": [option.next_trough["p50"] for option in found.options],
            "word": [f"{option.weeks:g}" for option in found.options],
        }
    )
    yield (alt.Chart(_data(marks)).mark_rule(color="#00436b", strokeWidth=2).encode(x, y, alt.Y2("high")))
    middle = _data(marks.select("time", "word", low="middle"))
    yield (
        alt.Chart(middle)
        .mark_point(shape="circle", filled=True, size=38, color="#00436b", opacity=1)
        .encode(x, y)
    )
    days = sorted(option.next_d for option in found.options)
    whole = course.get_column("day")[-1] - course.get_column("day")[0]
    is_crowded = any(
        (after - before) / whole * _PANEL_WIDTH < _LABEL_WIDTH for before, after in pairwise(days)
    )
    is_over = [not is_crowded or days.index(option.next_d) % 2 == 0 for option in found.options]
    for side, edge in ((True, "high"), (False, "low")):
        shown = marks.filter(pl.Series([over == side for over in is_over], dtype=pl.Boolean))
        yield (
            alt.Chart(_data(shown.select("time", "word", low=edge)))
            .mark_text(
                baseline="bottom" if side else "top", dy=-4 if side else 5, fontWeight="bold", fontSize=12
            )
            .encode(x, y, alt.Text("word:N"))
        )


def _doses(found: Assessment, course: pl.DataFrame, x: alt.X) -> Iterator[alt.Chart]:
    """Doses and sessions of plasma exchange at the foot of the panel."""
    regimen, begin = found.patient.regimen, course.get_column("day")[0]
    for days, shape, colour in (
        (regimen.start_d, "triangle-up", INK),
        (regimen.exchange_d, "cross", VERMILLION),
    ):
        shown = [clock(found, day) for day in days.tolist() if day >= begin]
        if shown:
            data = _data(pl.DataFrame({"time": shown}))
            yield (
                alt.Chart(data)
                .mark_point(shape=shape, filled=True, color=colour, size=55, opacity=1, yOffset=-5)
                .encode(x, y=alt.value("height"))
            )


def _levels(found: Assessment, course: pl.DataFrame, x: alt.X, y: alt.Y) -> alt.LayerChart:
    """What was measured: a shape and a colour for each laboratory, a triangle down where it was below its limit."""
    frame = level_frame(found).filter(pl.col("day") >= course.get_column("day")[0])
    names = list(dict.fromkeys(frame.get_column("laboratory").to_list()))
    words = [plain(f"{number}. {name}" if len(names) > 1 else name) for number, name in enumerate(names, 1)]
    frame = frame.with_columns(
        laboratory=pl.col("laboratory").replace_strict(names, words, return_dtype=pl.String),
        word=pl.format("< {}", pl.col("low").map_elements(wording.short, pl.String)),
    )
    legend = alt.Legend(title="Measured by", orient="bottom", titleOrient="left", labelLimit=230, columns=2)
    colours = [_COLOURS[i % len(_COLOURS)] for i in range(len(names))]
    shapes = [_SHAPES[i % len(_SHAPES)] for i in range(len(names))]
    colour = alt.Color("laboratory:N", scale=alt.Scale(domain=words, range=colours), legend=legend)
    shape = alt.Shape("laboratory:N", scale=alt.Scale(domain=words, range=shapes), legend=legend)
    point: dict[str, Any] = {"filled": True, "opacity": 1, "stroke": "white", "strokeWidth": 0.8}
    known = _data(frame.filter(~pl.col("is_below")).drop("word"))
    below = _data(frame.filter(pl.col("is_below")))
    return alt.LayerChart(
        layer=[
            alt.Chart(known).mark_point(size=75, **point).encode(x, y, colour, shape),
            alt.Chart(below).mark_point(size=110, shape="triangle-down", **point).encode(x, y, colour),
            alt.Chart(below)
            .mark_text(align="right", baseline="top", dx=-4, dy=6, fontSize=11)
            .encode(x, y, alt.Text("word:N")),
        ]
    )


def _saturation(found: Assessment, target: Target, course: pl.DataFrame, height: float) -> alt.LayerChart:
    """The saturation over time: the range over the curves, the one of the floor in it, and the floor."""
    seen = found.course.saturation
    medians = [bands["p50"] for bands in seen.values()]
    own: Mapping[str, Any] = seen[str(target.curve)]
    frame = course.select("time", "day", "is_future").with_columns(
        low=np.min(medians, axis=0),
        high=np.max(medians, axis=0),
        own=own["p50"],
        own_low=own["p05"],
        own_high=own["p95"],
    )
    x = _time_axis(course, is_labelled=True)
    axis = alt.Axis(title="Saturation", labelExpr=PERCENT_LABEL, values=[0, 0.25, 0.5, 0.75, 1])
    y = alt.Y("low:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    bands = frame.select("time", "is_future", low="own_low", high="own_high")
    past = bands.filter(~pl.col("is_future")).drop("is_future")
    strokes = bands.filter(pl.col("is_future")).drop("is_future").gather_every(3)
    floor = pl.DataFrame(
        {
            "time": [course.get_column("time")[0]],
            "low": [target.value],
            "word": [f"your floor, {wording.floor(target)}"],
        }
    )
    layers = [
        alt.Chart(_data(frame.select("time", "low", "high")))
        .mark_area(color="#dfe3e6", opacity=1)
        .encode(x, y, alt.Y2("high")),
        alt.Chart(_data(past)).mark_area(color=_PAST[_MOST], opacity=0.8).encode(x, y, alt.Y2("high")),
        alt.Chart(_data(strokes))
        .mark_rule(color=_FUTURE[_MOST], strokeWidth=1.1)
        .encode(x, y, alt.Y2("high")),
        alt.Chart(_data(frame.select("time", low="own"))).mark_line(color=BLUE, strokeWidth=1.7).encode(x, y),
        alt.Chart(inline(floor.select("low")))
        .mark_rule(color=INK, strokeWidth=1.3, strokeDash=[7, 3])
        .encode(y),
        alt.Chart(_data(floor))
        .mark_text(align="left", baseline="top", dx=5, dy=4)
        .encode(x, y, alt.Text("word:N")),
    ]
    title = alt.TitleParams(
        f"Saturation: {target.curve} with its 5-95 %, and the range over all curves (grey)"
    )
    return layered(layers, width=_PANEL_WIDTH, height=height, title=title)
