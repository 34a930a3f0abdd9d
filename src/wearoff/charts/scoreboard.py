"""The scoreboard as a picture: where each prediction lies against its accepted band."""

from __future__ import annotations

import math
from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.theme import BLUE, PALE, SOFT_INK, VERMILLION, finish, inline, layered, plain, to_image
from wearoff.dosing.scoreboard.score import Scoreboard, Scored

_REACH: Final = 2.5  # half widths of the band that are drawn; what lies beyond stands at the end as an arrow
_VERDICTS = ("hit", "missed", "hit, used to fit", "missed, used to fit")
_SHAPES = ("circle", "diamond", "circle", "diamond")
_ROW = 18


def draw_scoreboard(board: Scoreboard) -> alt.TopLevelMixin:
    """One row a prediction, the accepted band from -1 to 1; misses are diamonds, what was used to fit is hollow."""
    frame = scoreboard_points(board)
    names = frame.get_column("name").to_list()
    across = alt.Scale(domain=[-_REACH - 0.5, _REACH + 0.5], nice=False)
    ticks = alt.Axis(
        title="Accepted band, its ends at -1 and 1", values=[-1, 0, 1], grid=True, titleColor=SOFT_INK
    )
    down = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, labelLimit=460, ticks=False, domain=False))
    band = (
        alt.Chart(inline(frame.with_columns(low=pl.lit(-1.0), high=pl.lit(1.0))))
        .mark_bar(height=_ROW - 6, color=PALE)
        .encode(down, alt.X("low:Q", scale=across, axis=ticks), alt.X2("high"))
    )
    colours = alt.Scale(domain=list(_VERDICTS), range=[BLUE, VERMILLION, BLUE, VERMILLION])
    fills = alt.Scale(domain=list(_VERDICTS), range=[BLUE, VERMILLION, "white", "white"])
    shapes = alt.Scale(domain=list(_VERDICTS), range=list(_SHAPES))
    legend = alt.Legend(title=None, orient="bottom", columns=2)
    points = (
        alt.Chart(inline(frame))
        .mark_point(size=70, strokeWidth=1.6, opacity=1)
        .encode(
            down,
            alt.X("at:Q", scale=across),
            alt.Stroke("verdict:N", scale=colours, legend=legend),
            alt.Fill("verdict:N", scale=fills, legend=legend),
            alt.Shape("verdict:N", scale=shapes, legend=legend),
        )
    )
    arrows = [
        alt.Chart(inline(frame.filter(pl.col("arrow") == arrow)))
        .mark_text(dx=shift, color=SOFT_INK, fontSize=11)
        .encode(down, alt.X("at:Q", scale=across), alt.Text("arrow:N"))
        for arrow, shift in (("<", -11), (">", 11))
    ]
    title = alt.TitleParams("Predictions against their bands")
    return finish(layered([band, points, *arrows], width=220, height=_ROW * len(names), title=title))


def scoreboard_image(board: Scoreboard, ending: str) -> bytes:
    """The picture as the content of a file, SVG or PNG by the ending of its name; nothing is fetched for it."""
    return to_image(draw_scoreboard(board), ending)


def scoreboard_points(board: Scoreboard) -> pl.DataFrame:
    """One row a prediction: its name, its place in half widths of the band, cut at the reach, and its verdict."""
    rows = [
        {
            "name": _name(row),
            "at": min(_REACH, max(-_REACH, _place(row))),
            "arrow": "" if abs(_place(row)) <= _REACH else (">" if _place(row) > 0 else "<"),
            "verdict": _verdict(row),
        }
        for row in board.rows
        if math.isfinite(row.predicted.value)
    ]
    return pl.DataFrame(rows, schema={name: pl.Float64 if name == "at" else pl.String for name in _POINT})


_POINT = ("name", "at", "arrow", "verdict")


def scoreboard_alt_text(board: Scoreboard) -> str:
    """The picture in words: the counts, and every miss with its size."""
    (hits, tests), (fitted_hits, fitted) = board.counts["test"], board.counts["used to fit"]
    missed = [row for row in board.rows if not row.is_hit]
    said = "; ".join(f"{_name(row)} by {abs(row.missed_by):.2g}" for row in missed)
    return (
        f"Predictions against accepted bands. {hits} of {tests} predictions that test the models are hit, "
        f"{fitted_hits} of {fitted} that were used to fit. Missed: {said or 'none'}."
    )


def _place(row: Scored) -> float:
    """The prediction in half widths of the band from its middle."""
    low, high = row.entry.accepted
    return (row.predicted.value - (low + high) / 2) / ((high - low) / 2)


def _verdict(row: Scored) -> str:
    return ("hit" if row.is_hit else "missed") + ", used to fit" * bool(row.is_fitted)


def _name(row: Scored) -> str:
    words = row.entry.title if row.curve is None else f"{row.entry.title}, {row.curve}"
    return plain(words, limit=90)
