"""How alike two arms were at entry, before and after weighting: a line a covariate."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import INK, SOFT_INK, VERMILLION, finish, inline, layered, plain
from wearoff.cohort.results import StudyResult

APART: Final = 0.1
"""From here on a standardised difference is commonly called one (Austin 2009, doi 10.1002/sim.3697)."""

_PLOT_WIDTH = 330
_LEFT = 190
_MOST = 60
_KINDS = ("before weighting", "after weighting")
_NAMES = {
    "age": "age",
    "is_female": "women",
    "duration": "years since onset",
    "edss": "EDSS",
    "relapses_before": "relapses in the year before",
    "weight": "body weight",
    "infusions": "infusions so far",
    "year": "calendar time",
}


def draw_balance(result: StudyResult) -> alt.TopLevelMixin | None:
    """Standardised differences of the covariates at entry, the largest before weighting on top."""
    frame = _covariates(result)
    if frame is None:
        return None
    total = frame.height
    frame = frame.head(_MOST).with_row_index("line")
    reach = _reach(frame)
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(
        title="Standardised difference of the means (extended less standard)", tickCount=7, grid=False
    )
    y = alt.Y("line:O", axis=None, scale=alt.Scale(domain=list(range(frame.height))))
    legend = alt.Legend(title=None, orient="top", symbolStrokeWidth=1.8)
    points = pl.concat(
        frame.select("line", value=name, kind=pl.lit(kind))
        for name, kind in zip(("smd_before", "smd_after"), _KINDS, strict=True)
    ).filter(pl.col("value").is_finite())
    moves = frame.filter(pl.col("smd_before").is_finite() & pl.col("smd_after").is_finite())
    kinds = list(_KINDS)
    lines = pl.DataFrame({"at": [-APART, 0.0, APART], "is_zero": [False, True, False]})
    layers = [
        alt.Chart(inline(lines.filter("is_zero")))
        .mark_rule(color=SOFT_INK)
        .encode(alt.X("at:Q", scale=scale, axis=axis)),
        alt.Chart(inline(lines.filter(~pl.col("is_zero"))))
        .mark_rule(color=SOFT_INK, strokeDash=[4, 3])
        .encode(alt.X("at:Q", scale=scale, axis=axis)),
        alt.Chart(inline(moves.select("line", "smd_before", "smd_after")))
        .mark_rule(color="#b5b7ba", strokeWidth=1.5)
        .encode(y, alt.X("smd_before:Q", scale=scale, axis=axis), alt.X2("smd_after")),
        alt.Chart(inline(points))
        .mark_point(size=62, strokeWidth=1.8, opacity=1)
        .encode(
            y,
            alt.X("value:Q", scale=scale, axis=axis),
            alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["diamond", "circle"]), legend=legend),
            alt.Fill("kind:N", scale=alt.Scale(domain=kinds, range=["white", INK]), legend=legend),
            alt.Stroke("kind:N", scale=alt.Scale(domain=kinds, range=[VERMILLION, INK]), legend=legend),
        ),
        alt.Chart(inline(frame.select("line", "name")))
        .mark_text(align="right", baseline="middle", limit=_LEFT)
        .encode(y, alt.Text("name:N"), x=alt.value(-12)),
        alt.Chart(inline(frame.select("line", "words")))
        .mark_text(align="left", baseline="middle", color=SOFT_INK)
        .encode(y, alt.Text("words:N"), x=alt.value(_PLOT_WIDTH + 12)),
    ]
    note = (
        f"{_MOST} of {total} covariates are drawn, the furthest apart before weighting; the table has all."
        if total > _MOST
        else ""
    )
    title = alt.TitleParams(note, fontSize=12)
    return finish(layered(layers, width=_PLOT_WIDTH, height=22 * frame.height, title=title))


def _covariates(result: StudyResult) -> pl.DataFrame | None:
    """Name, both differences and their words, the furthest apart before weighting first."""
    frame = rows_of(result, "balance")
    if frame is None:
        return None
    before, after = (pl.col(name).cast(pl.Float64).fill_nan(None) for name in ("smd_before", "smd_after"))
    return (
        frame.select("covariate", smd_before=before, smd_after=after)
        .sort(pl.col("smd_before").abs(), "covariate", descending=[True, False], nulls_last=True)
        .with_columns(
            name=pl.col("covariate").map_elements(_name, pl.String, skip_nulls=False),
            words=pl.struct("smd_before", "smd_after").map_elements(
                lambda row: f"{_said(row['smd_before'])} before, {_said(row['smd_after'])} after", pl.String
            ),
        )
    )


def _reach(frame: pl.DataFrame) -> float:
    """How far the axis goes to each side: past every point, and past the lines at 0.1 anyway."""
    values = pl.concat([frame.get_column("smd_before"), frame.get_column("smd_after")]).drop_nulls()
    sizes: list[float] = values.filter(values.is_finite()).abs().to_list()
    return 1.1 * max(2 * APART, *sizes, 0.0)


def _name(covariate: object) -> str:
    return _NAMES.get(str(covariate), plain(covariate, 30).replace("_", " "))


def _said(value: float | None) -> str:
    if value is None:
        return "not known"
    if value in {float("inf"), float("-inf")}:
        return "without bound"
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def _in_words(result: StudyResult) -> str:
    frame = _covariates(result)
    if frame is None:
        return "Balance of the arms: nothing was weighted."
    known = frame.filter(pl.col("smd_before").is_not_null() & pl.col("smd_after").is_not_null())
    counts = [known.filter(pl.col(name).abs() > APART).height for name in ("smd_before", "smd_after")]
    parts = [f"{row['name']} {row['words']}" for row in frame.head(20).to_dicts()]
    return (
        f"Standardised differences of {frame.height} covariates between the arms at entry; more than "
        f"{APART} apart were {counts[0]} before weighting and {counts[1]} after. {'; '.join(parts)}."
    )


BALANCE: Final = Picture(
    name="balance",
    title="Balance of the arms at entry, before and after weighting",
    caption=(
        "One line a covariate: the difference of the arms' means in standard deviations, extended less "
        "standard dosing, open before weighting, filled after. Between the dashed lines, at 0.1 to either side, "
        "arms are commonly called alike (Austin 2009, doi 10.1002/sim.3697); 0.1 is a custom, not a test, and "
        "small arms differ by more than that by chance. The picture shows only what was recorded: arms can be "
        "alike in every line and differ in what nobody wrote down."
    ),
    alt_text=_in_words,
    table="balance",
    draw=draw_balance,
)
