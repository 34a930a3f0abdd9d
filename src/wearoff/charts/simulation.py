"""A simulated regimen over time: the level with its spread above, the saturation as a range below."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import polars as pl

from wearoff.charts.theme import (
    BLUE,
    PERCENT_LABEL,
    SKY,
    WIDTH,
    extent,
    finish,
    inline,
    layered,
    plain,
    to_image,
)

_LOWEST_MG_PER_L = 0.05
_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_PANEL_WIDTH = WIDTH - 100
_MOST_PATIENTS = 6


def draw_simulation(levels: pl.DataFrame) -> alt.TopLevelMixin:
    """The level on a logarithmic axis and the saturation of every patient, at most six, one below another.

    Args:
        levels: the table of levels by day that `wearoff simulate -o` writes.
    """
    patients = levels.get_column("patient_id").unique(maintain_order=True).to_list()[:_MOST_PATIENTS]
    panels = [
        panel
        for patient in patients
        for panel in _panels(plain(patient), levels.filter(pl.col("patient_id") == patient))
    ]
    return finish(alt.vconcat(*panels, spacing=14))


def save_simulation(levels: pl.DataFrame, file: Path) -> None:
    """Draw the levels into a file, SVG or PNG by its ending; nothing is fetched for it."""
    file.write_bytes(to_image(draw_simulation(levels), file.suffix))


def _panels(patient: str, frame: pl.DataFrame) -> list[alt.LayerChart]:
    saturations = [name for name in frame.columns if name.startswith("saturation_")]
    curves = [name for name in saturations if name not in ("saturation_low", "saturation_high")]
    shown = frame.with_columns(
        pl.col(name).clip(_LOWEST_MG_PER_L) for name in ("level_typical", "level_p05", "level_p95")
    ).with_columns(low=pl.min_horizontal(curves), high=pl.max_horizontal(curves))
    data = inline(shown.select("week", "level_typical", "level_p05", "level_p95", "low", "high"))
    week = alt.X("week:Q", axis=alt.Axis(title="Weeks since the first dose", grid=False))
    highest = extent(shown.get_column("level_p95"))[1] * 1.1
    lowest = max(_LOWEST_MG_PER_L, extent(frame.filter(pl.col("week") > 1).get_column("level_p05"))[0] * 0.9)
    scale = alt.Scale(type="log", domain=[lowest, max(highest, 2 * lowest)], nice=False, clamp=True)
    ticks = alt.Axis(title="Level, mg/L", values=[tick for tick in _TICKS if lowest <= tick <= highest])
    share = alt.Scale(domain=[0, 1])
    percent = alt.Axis(title="Saturation", labelExpr=PERCENT_LABEL)
    level = [
        alt.Chart(data)
        .mark_area(color=SKY, opacity=0.4)
        .encode(week, alt.Y("level_p05:Q", scale=scale, axis=ticks), alt.Y2("level_p95")),
        alt.Chart(data)
        .mark_line(color=BLUE, strokeWidth=1.6)
        .encode(week, alt.Y("level_typical:Q", scale=scale, axis=ticks)),
    ]
    saturation = [
        alt.Chart(data)
        .mark_area(color="#9aa0a6", opacity=0.6)
        .encode(week, alt.Y("low:Q", scale=share, axis=percent), alt.Y2("high"))
    ]
    is_uncertain = "parameter_uncertainty" in frame.columns and bool(frame["parameter_uncertainty"].any())
    over = "over patients and parameter uncertainty" if is_uncertain else "between patients"
    title = alt.TitleParams(f"{patient}: typical level, and 5 to 95 % {over}")
    under = alt.TitleParams("Saturation of the typical patient: the range over the curves")
    return [
        layered(level, width=_PANEL_WIDTH, height=240, title=title),
        layered(saturation, width=_PANEL_WIDTH, height=120, title=under),
    ]
