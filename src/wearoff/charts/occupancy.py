"""Measured receptor occupancy by wearing-off answer: a panel for each assay and cell subset."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import (
    ANSWER_COLOURS,
    ANSWERS,
    INK,
    PERCENT_LABEL,
    answer_of,
    finish,
    inline,
    layered,
    percent,
    plain,
)
from wearoff.cohort.results import StudyResult

MOST_PANELS: Final = 24
_GOLDEN = 0.6180339887498949
_ASSAY = ("subset", "method", "lab")


def draw_occupancy(result: StudyResult) -> alt.TopLevelMixin | None:
    """Every measured occupancy as a point, with the median of the troughs of each answer.

    Assays define occupancy differently, so each method, laboratory and subset has its own panel.
    """
    frame = _measured(result)
    if frame is None:
        return None
    keys = frame.select(_ASSAY).unique().sort(_ASSAY).rows()
    answers = [answer for answer in ANSWERS if answer in frame.get_column("answer")]
    panels = [
        _panel(_title(*key), _of(frame, key), answers, is_left=index % 2 == 0)
        for index, key in enumerate(keys[:MOST_PANELS])
    ]
    chart = alt.concat(*panels, columns=2, spacing=22)
    if len(keys) > MOST_PANELS:
        note = f"{MOST_PANELS} of {len(keys)} assays are drawn; the table has all of them."
        chart = chart.properties(title=alt.TitleParams(note, fontSize=12))
    return finish(chart)


def _measured(result: StudyResult) -> pl.DataFrame | None:
    frame = rows_of(result, "occupancy")
    if frame is None:
        return None
    frame = frame.drop_nulls("occupancy").with_columns(
        pl.col("subset").fill_null("subset not stated"),
        pl.col("method").fill_null("method not stated"),
        pl.col("lab").fill_null(""),
        answer=answer_of(),
        is_trough=pl.col("is_trough").fill_null(value=False),
    )
    return None if frame.is_empty() else frame


def _of(frame: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    return frame.filter(subset=key[0], method=key[1], lab=key[2])


def _title(subset: str, method: str, lab: str) -> list[str]:
    second = plain(method, 42) if not lab else f"{plain(method, 26)}, {plain(lab, 16)}"
    return [plain(subset, 36), second]


def _panel(title: list[str], frame: pl.DataFrame, answers: list[str], *, is_left: bool) -> alt.LayerChart:
    """One assay and subset: points spread sideways by a fixed rule, so that a picture never changes."""
    place = {answer: index for index, answer in enumerate(answers)}
    spread = (pl.int_range(pl.len()) * _GOLDEN % 1 - 0.5) * 0.56
    points = frame.sort("answer", "patient_id", "day").with_columns(
        x=pl.col("answer").replace_strict(place, return_dtype=pl.Float64) + spread.over("answer"),
        when=pl.when("is_trough").then(pl.lit("trough")).otherwise(pl.lit("other day")),
    )
    middle = (
        points.filter("is_trough")
        .group_by("answer")
        .agg(occupancy=pl.col("occupancy").median())
        .with_columns(x=pl.col("answer").replace_strict(place, return_dtype=pl.Float64))
        .with_columns(left=pl.col("x") - 0.34, right=pl.col("x") + 0.34)
    )
    counts = {answer: frame.filter(answer=answer).height for answer in answers}
    labels = str([[answer, f"n = {counts[answer]}"] for answer in answers])
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[-0.5, len(answers) - 0.5], nice=False),
        axis=alt.Axis(
            title=None,
            grid=False,
            values=list(range(len(answers))),
            labelExpr=f"{labels}[datum.value]",
            labelOverlap=False,
        ),
    )
    y = alt.Y(
        "occupancy:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title="Measured occupancy" if is_left else None, labelExpr=PERCENT_LABEL, tickCount=5),
    )
    colour = alt.Color(
        "answer:N",
        scale=alt.Scale(domain=answers, range=[ANSWER_COLOURS[answer] for answer in answers]),
        legend=None,
    )
    size = 34 if frame.height <= 200 else 16
    trough, other = points.filter("is_trough"), points.filter(~pl.col("is_trough"))
    layers = [
        alt.Chart(inline(other.select("x", "occupancy", "answer")))
        .mark_point(shape="circle", size=size, fill="white", strokeWidth=1.2, opacity=0.9)
        .encode(x, y, alt.Stroke("answer:N", scale=colour["scale"], legend=None)),
        alt.Chart(inline(trough.select("x", "occupancy", "answer")))
        .mark_point(shape="circle", filled=True, size=size, opacity=0.7)
        .encode(x, y, colour),
        alt.Chart(inline(middle.select("left", "right", "occupancy")))
        .mark_rule(strokeWidth=2.5, color=INK)
        .encode(alt.X("left:Q", scale=x["scale"]), alt.X2("right"), y),
    ]
    return layered(
        layers,
        width=275,
        height=190,
        title=alt.TitleParams(title[0], subtitle=title[1]),
    )


def _in_words(result: StudyResult) -> str:
    frame = _measured(result)
    if frame is None:
        return "Measured receptor occupancy: none was recorded."
    parts: list[str] = []
    for key in frame.select(_ASSAY).unique().sort(_ASSAY).rows()[:MOST_PANELS]:
        rows = _of(frame, key).filter("is_trough")
        medians = [
            f"{answer} {percent(_median(values))} (n {values.len()})"
            for answer in ANSWERS
            if (values := rows.filter(answer=answer).get_column("occupancy")).len()
        ]
        words = ", ".join(medians) if medians else "no trough was measured"
        parts.append(f"{plain(key[0], 24)} by {plain(key[1], 30)}: {words}")
    return "Measured occupancy by wearing-off answer, median of troughs. " + "; ".join(parts) + "."


def _median(values: pl.Series) -> float | None:
    middle = values.median()
    return float(middle) if isinstance(middle, (int, float)) else None


OCCUPANCY: Final = Picture(
    name="occupancy",
    title="Measured receptor occupancy by wearing-off answer",
    caption=(
        "Each point is a measurement: filled at the end of an interval (a trough), open on another "
        "day. The bar is the median of the troughs; n counts all points, and one patient may have "
        "several. Assays measure different things and are never pooled."
    ),
    alt_text=_in_words,
    table="occupancy",
    draw=draw_occupancy,
)
