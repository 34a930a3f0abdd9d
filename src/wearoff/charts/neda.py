"""Disease activity by component: how many patients were active, not active, or not known."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import INK, SOFT_INK, extent, finish, inline, layered, plain
from wearoff.cohort.results import StudyResult

_COMPONENTS = {
    "relapse": "Relapse",
    "worsening": "Confirmed worsening",
    "mri": "MRI activity",
    "brain_volume": "Loss of brain volume",
    "NEDA-3": "Any of the three",
    "NEDA-4": "Any of the four",
    "clinical NEDA": "Either of the two",
}
_STATES = {"active": "active", "none": "no activity", "unknown": "not known"}
_FILL = ["#c44e00", "#8fc1e3", "#f1f1ef"]
_EDGE = ["#c44e00", "#8fc1e3", "#8a8c8f"]
_BAR_WIDTH = 330


def draw_neda_components(result: StudyResult) -> alt.TopLevelMixin | None:
    """Stacked bars of patients, one panel a window, with the counts in words beside each bar."""
    frame = _counts(result)
    if frame is None:
        return None
    windows = frame.get_column("window").unique(maintain_order=True).to_list()
    most = frame.group_by("window", "place").agg(pl.col("patients").sum())
    scale = alt.Scale(domain=[0, max(1.0, extent(most.get_column("patients"))[1])], nice=False)
    panels = [
        _panel(window, frame.filter(window=window), scale, is_last=window == windows[-1])
        for window in windows
    ]
    chart = alt.vconcat(*panels, spacing=14).resolve_scale(fill="shared", stroke="shared")
    return finish(chart)


def _counts(result: StudyResult) -> pl.DataFrame | None:
    """One row a window, component and state, components in clinical order, states left to right."""
    frame = rows_of(result, "neda_components")
    if frame is None:
        return None
    frame = frame.with_columns(
        place=pl.col("component").replace_strict(
            {name: index for index, name in enumerate(_COMPONENTS)}, default=len(_COMPONENTS)
        ),
        name=pl.col("component").replace(_COMPONENTS).map_elements(plain, pl.String),
        window=pl.col("window").map_elements(plain, pl.String),
        order=pl.col("state").replace_strict(
            {name: index for index, name in enumerate(_STATES)}, default=len(_STATES)
        ),
        state=pl.col("state").replace(_STATES),
        patients=pl.col("patients").fill_null(0),
    )
    return frame.select("window", "place", "name", "order", "state", "patients")


def _panel(window: str, frame: pl.DataFrame, scale: alt.Scale, *, is_last: bool) -> alt.LayerChart:
    names = frame.sort("place").get_column("name").unique(maintain_order=True).to_list()
    y = alt.Y(
        "name:N",
        sort=names,
        axis=alt.Axis(title=None, ticks=False, domain=False, labelPadding=8, labelLimit=180),
    )
    ends = pl.col("patients").cum_sum().over("place")
    bars = (
        frame.sort("place", "order")
        .with_columns(until=ends, since=ends - pl.col("patients"))
        .filter(pl.col("patients") > 0)
    )
    said = pl.format("{} {}", "patients", "state")
    words = frame.sort("place", "order").group_by("name", maintain_order=True).agg(words=said.str.join(", "))
    states = list(_STATES.values())
    legend = alt.Legend(title="Patients:", orient="top", titleOrient="left", symbolType="square")
    axis = alt.Axis(
        title="Patients" if is_last else None,
        labels=is_last,
        ticks=is_last,
        tickMinStep=1,
        tickCount=6,
        format="d",
    )
    layers = [
        alt.Chart(inline(bars))
        .mark_bar(height=17, strokeWidth=1, strokeDash=[3, 2])
        .encode(
            y,
            alt.X("since:Q", scale=scale, axis=axis),
            alt.X2("until"),
            alt.Fill("state:N", scale=alt.Scale(domain=states, range=_FILL), legend=legend),
            alt.Stroke("state:N", scale=alt.Scale(domain=states, range=_EDGE), legend=legend),
        ),
        alt.Chart(inline(words))
        .mark_text(align="left", baseline="middle", color=INK)
        .encode(y, alt.Text("words:N"), x=alt.value(_BAR_WIDTH + 10)),
    ]
    return layered(
        layers,
        width=_BAR_WIDTH,
        height=26 * len(names),
        title=alt.TitleParams(window, color=SOFT_INK),
    )


def _in_words(result: StudyResult) -> str:
    frame = _counts(result)
    if frame is None:
        return "Disease activity by component: not scored."
    parts = [
        f"{window}, {name}: {words}"
        for window, name, words in frame.sort("place", "order")
        .group_by("window", "name", maintain_order=True)
        .agg(words=pl.format("{} {}", "patients", "state").str.join(", "))
        .rows()
    ]
    return "Patients by component of disease activity. " + "; ".join(parts) + "."


NEDA_COMPONENTS: Final = Picture(
    name="neda_components",
    title="Disease activity by component",
    caption=(
        "NEDA is kept when all components were observed and none was active; activity on one "
        "is enough to lose it. In the last bar, not known means that a component was missing and no "
        "other was active; what is not known is never counted as no activity."
    ),
    alt_text=_in_words,
    table="neda_components",
    draw=draw_neda_components,
)
