"""Risks and risk differences with their exact intervals, one line a group, a split or a table.

A group without an event is a figure too: its point stands at 0, open, and its interval goes up from there.
"""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import INK, PERCENT_LABEL, SOFT_INK, finish, inline, layered, percent, plain
from wearoff.cohort.results import StudyResult

_PLOT_WIDTH = 300
_LEFT = 170
_LINE_HEIGHT = 22.0
_MOST_NAMED = 45
_POINTS_LABEL = "datum.value == 0 ? '0' : format(100 * datum.value, '+.0f')"
_CODINGS = {
    "any_vs_never": "any wearing-off or never",
    "regular_vs_rest": "regularly or the rest",
    "ordered": "each answer",
}
_OTHER_CODINGS = {"interval": "standard or extended interval"}


def draw_risk_by_group(result: StudyResult) -> alt.TopLevelMixin | None:
    """Share of evaluable patients with the event in each group, a panel a window and coding."""
    frame = rows_of(result, "risk_by_group")
    if frame is None:
        return None
    top = max(0.1, min(1.0, 1.05 * _largest(frame, ("risk", "high"))))
    scale = alt.Scale(domain=[0, top], nice=False)
    panels: list[alt.LayerChart] = []
    keys = frame.select("window", "coding").unique(maintain_order=True).rows()
    for key in keys:
        rows = frame.filter(
            pl.col("window").eq_missing(pl.lit(key[0])) & pl.col("coding").eq_missing(pl.lit(key[1]))
        )
        lines = pl.DataFrame(
            {
                "name": [plain(group, 26) for group in rows.get_column("group")],
                "estimate": rows.get_column("risk").cast(pl.Float64),
                "low": rows.get_column("low").cast(pl.Float64),
                "high": rows.get_column("high").cast(pl.Float64),
                "is_open": (rows.get_column("events") == 0).fill_null(value=False),
                "words": [_risk_words(row) for row in rows.to_dicts()],
            }
        )
        title = [part for part in (_said(key[0]), coding_in_words(key[1])) if part]
        panels.append(
            _forest(
                lines,
                scale,
                axis_title=f"Patients with {_event(frame)}, of those evaluable",
                title=": ".join(title),
                is_last=key == keys[-1],
            )
        )
    return finish(alt.vconcat(*panels, spacing=10))


def draw_splits(result: StudyResult) -> alt.TopLevelMixin | None:
    """The risk difference under each way in which the evaluable patients may divide over the groups."""
    frame = rows_of(result, "splits")
    if frame is None:
        return None
    parts = frame.partition_by("coding", maintain_order=True) if "coding" in frame.columns else [frame]
    scale = _around_zero(frame)
    panels: list[alt.LayerChart] = []
    for part in parts:
        counts = part.select("exposed_evaluable", "other_evaluable").rows()
        names = [f"{exposed} and {other}" for exposed, other in counts]
        coding = part.row(0, named=True).get("coding")
        title = "Evaluable patients, with and without wearing-off"
        title = f"{title} ({coding_in_words(coding)})" if coding else title
        panels.append(_differences(part, names, title, scale, is_last=len(panels) == len(parts) - 1))
    return finish(alt.vconcat(*panels, spacing=10))


def draw_reconstructions(result: StudyResult) -> alt.TopLevelMixin | None:
    """The risk difference in each table of counts that fits what was published."""
    frame = rows_of(result, "reconstructions")
    if frame is None:
        return None
    counts = ("sid_events", "sid_total", "eid_events", "eid_total")
    names = [f"{a}/{b} and {c}/{d}" for a, b, c, d in frame.select(counts).rows()]
    title = "Events of patients, standard and extended interval"
    return finish(_differences(frame, names, title, _around_zero(frame), is_last=True))


def _differences(
    frame: pl.DataFrame, names: list[str], title: str, scale: alt.Scale, *, is_last: bool
) -> alt.LayerChart:
    lines = pl.DataFrame(
        {
            "name": [plain(name, 30) for name in names],
            "estimate": frame.get_column("risk_difference").cast(pl.Float64),
            "low": frame.get_column("low").cast(pl.Float64),
            "high": frame.get_column("high").cast(pl.Float64),
            "is_open": [False] * frame.height,
            "words": [_difference_words(row) for row in frame.to_dicts()],
        }
    )
    return _forest(
        lines,
        scale,
        axis_title="Risk difference, percentage points",
        title=title,
        is_last=is_last,
        has_zero=True,
    )


def _forest(
    lines: pl.DataFrame,
    scale: alt.Scale,
    *,
    axis_title: str,
    title: str,
    is_last: bool,
    has_zero: bool = False,
) -> alt.LayerChart:
    """Lines of point and interval with their name at the left and their figures at the right.

    Args:
        lines: name, estimate, low, high (shares of 1; null where not estimable), is_open, words.
        scale: the horizontal scale, shared by the panels of a picture.
        axis_title: what the horizontal axis measures.
        title: one line over the panel.
        is_last: whether the panel carries the axis.
        has_zero: whether a line stands at 0.
    """
    is_named = lines.height <= _MOST_NAMED
    step = _LINE_HEIGHT if is_named else max(4.0, 900 / lines.height)
    lines = lines.with_row_index("line")
    whole = lines.filter(pl.col("low").is_not_null() & pl.col("high").is_not_null())
    known = lines.filter(pl.col("estimate").is_not_null())
    y = alt.Y("line:O", axis=None, scale=alt.Scale(domain=list(range(lines.height))))
    axis = alt.Axis(
        title=axis_title if is_last else None,
        labels=is_last,
        ticks=is_last,
        labelExpr=_POINTS_LABEL if has_zero else PERCENT_LABEL,
        tickCount=6,
    )
    layers: list[alt.Chart] = []
    if has_zero:
        layers.append(
            alt.Chart(inline(pl.DataFrame({"zero": [0.0]})))
            .mark_rule(color=SOFT_INK, strokeDash=[3, 2])
            .encode(alt.X("zero:Q", scale=scale, axis=axis))
        )
    layers += [
        alt.Chart(inline(whole.select("line", "low", "high")))
        .mark_rule(strokeWidth=min(2.0, step / 3), color=INK)
        .encode(y, alt.X("low:Q", scale=scale, axis=axis), alt.X2("high")),
        alt.Chart(inline(known.select("line", "estimate", "is_open")))
        .mark_point(shape="circle", size=min(60.0, 3 * step), stroke=INK, strokeWidth=1.6, opacity=1)
        .encode(
            y,
            alt.X("estimate:Q", scale=scale, axis=axis),
            fill=alt.when("datum.is_open").then(alt.value("white")).otherwise(alt.value(INK)),
        ),
    ]
    if is_named:
        layers += [
            alt.Chart(inline(lines.select("line", "name")))
            .mark_text(align="right", baseline="middle", limit=_LEFT)
            .encode(y, alt.Text("name:N"), x=alt.value(-12)),
            alt.Chart(inline(lines.select("line", "words")))
            .mark_text(align="left", baseline="middle", color=SOFT_INK)
            .encode(y, alt.Text("words:N"), x=alt.value(_PLOT_WIDTH + 12)),
        ]
    return layered(
        layers,
        width=_PLOT_WIDTH,
        height=step * lines.height,
        title=alt.TitleParams(title, offset=4),
    )


def _largest(frame: pl.DataFrame, columns: tuple[str, ...]) -> float:
    values = frame.select(pl.col(name).cast(pl.Float64) for name in columns)
    numbers = [abs(value) for row in values.rows() for value in row if value is not None]
    return max((value for value in numbers if value < float("inf")), default=0.0)


def _around_zero(frame: pl.DataFrame) -> alt.Scale:
    reach = 1.08 * max(0.05, _largest(frame, ("risk_difference", "low", "high")))
    return alt.Scale(domain=[-reach, reach], nice=False)


def _event(frame: pl.DataFrame) -> str:
    """What happened to the patients who are counted: the codings of wearing-off compare activity."""
    codings = set(frame.get_column("coding").to_list())
    if codings <= set(_CODINGS):
        return "disease activity"
    return "wearing-off" if codings == {"interval"} else "an event"


def _risk_words(row: dict[str, object]) -> str:
    lost = row.get("lost")
    ending = f", {lost} not known" if lost else ""
    if not row["evaluable"]:
        return f"no patient evaluable{ending}"
    low, high = _share(row["low"]), _share(row["high"])
    interval = "" if low is None else f" ({percent(low).removesuffix(' %')} to {percent(high)})"
    return f"{row['events']} of {row['evaluable']}: {percent(_share(row['risk']))}{interval}{ending}"


def _difference_words(row: dict[str, object]) -> str:
    low, high = _share(row["low"]), _share(row["high"])
    middle = _points(_share(row["risk_difference"]))
    return middle if low is None else f"{middle} ({_points(low)} to {_points(high)})"


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _points(share: float | None) -> str:
    if share is None:
        return "not estimable"
    return "0" if abs(share) < 0.0005 else f"{100 * share:+.1f}".replace("-", "−")


def _said(text: object) -> str:
    return "" if text is None else plain(text, 70)


def coding_in_words(text: object) -> str:
    """The groups of a coding in plain words; of an unknown one its name."""
    known = {**_CODINGS, **_OTHER_CODINGS}
    return known.get(str(text), _said(text).replace("_", " "))


def _risk_in_words(result: StudyResult) -> str:
    frame = rows_of(result, "risk_by_group")
    if frame is None:
        return "Risk by group: not computed."
    parts = [
        f"{_said(row['window'])}, {plain(row['group'], 26)}: {_risk_words(row)}"
        for row in frame.head(24).to_dicts()
    ]
    return f"Patients with {_event(frame)}, of those evaluable. " + "; ".join(parts) + "."


def _differences_in_words(result: StudyResult, table: str, what: str) -> str:
    frame = rows_of(result, table)
    if frame is None:
        return f"{what}: none."
    estimates = frame.get_column("risk_difference").drop_nulls()
    if estimates.is_empty():
        return f"{what}: {frame.height}, none with an estimable risk difference."
    low, high = _share(estimates.min()), _share(estimates.max())
    least, most = _share(frame.get_column("low").min()), _share(frame.get_column("high").max())
    return (
        f"{what}: {frame.height}. Risk differences from {_points(low)} to {_points(high)} percentage "
        f"points, with intervals from {_points(least)} to {_points(most)}."
    )


RISK_BY_GROUP: Final = Picture(
    name="risk_by_group",
    title="Risk in each group, with its exact interval",
    caption=(
        "Share of the evaluable patients of each group and its interval. An open point is a group "
        "without any event: its upper limit says what the data cannot rule out. Patients who could not "
        "be scored are counted as not known and are in no share."
    ),
    alt_text=_risk_in_words,
    table="risk_by_group",
    draw=draw_risk_by_group,
)

SPLITS: Final = Picture(
    name="splits",
    title="Risk difference under every possible split of the evaluable patients",
    caption=(
        "The publication does not say how many evaluable patients were in each group. Each line is one "
        "way that fits what it does say; above 0, activity is more frequent with wearing-off."
    ),
    alt_text=lambda result: _differences_in_words(result, "splits", "Possible splits"),
    table="splits",
    draw=draw_splits,
)

RECONSTRUCTIONS: Final = Picture(
    name="reconstructions",
    title="Risk difference in every table that fits the published figures",
    caption=(
        "Each line is one table of counts (events of patients, standard and extended interval) that "
        "agrees with the published percentages after rounding. Above 0, the event is more frequent on "
        "the standard interval."
    ),
    alt_text=lambda result: _differences_in_words(result, "reconstructions", "Tables that fit"),
    table="reconstructions",
    draw=draw_reconstructions,
)
