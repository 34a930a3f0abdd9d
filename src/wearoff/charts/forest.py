"""Every ratio of the study on one logarithmic axis, those without an estimate in words."""

from __future__ import annotations

from math import inf, isfinite, isnan
from typing import Any, Final, Literal

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import INK, SOFT_INK, finish, in_words, inline, layered, plain
from wearoff.cohort.results import StudyResult

MOST_ROWS: Final = 60
_PLOT_WIDTH = 240
_LEFT = 185
_STEP = 33
_EVENTS_X, _PATIENTS_X, _WORDS_X = _PLOT_WIDTH + 48, _PLOT_WIDTH + 104, _PLOT_WIDTH + 118
_WORDS = 160
_NARROWEST, _WIDEST = (0.5, 2.0), (0.01, 100.0)
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_CODINGS = {
    "any_vs_never": "any wearing-off against never",
    "regular_vs_rest": "regularly against the rest",
    "ordered": "each step of the answer",
}


def draw_forest(result: StudyResult) -> alt.TopLevelMixin | None:
    """Ratios with their intervals, a panel an analysis and measure, events and patients in columns."""
    frame = rows_of(result, "effects")
    if frame is None:
        return None
    total = frame.height
    frame = frame.head(MOST_ROWS)
    low, high = _domain(frame)
    ticks = _spread_ticks(low, high)
    axis = alt.Axis(title="Ratio, logarithmic", values=ticks, format="~g")
    bare = alt.Axis(title=None, values=ticks, labels=False, ticks=False)
    scale = alt.Scale(type="log", domain=[low, high], nice=False, clamp=True)
    panels: list[alt.LayerChart] = []
    parts = frame.partition_by("analysis", "measure", maintain_order=True)
    for part in parts:
        shown = axis if len(panels) == len(parts) - 1 else bare
        x = alt.X("at:Q", scale=scale, axis=shown)
        panels.append(_panel(part, x, (low, high), has_headings=not panels))
    note = (
        f"{MOST_ROWS} of {total} rows are drawn, the first; the table has all." if total > MOST_ROWS else ""
    )
    chart = alt.vconcat(*panels, spacing=12)
    return finish(chart.properties(title=alt.TitleParams(note, fontSize=12)) if note else chart)


def _panel(
    frame: pl.DataFrame, x: alt.X, domain: tuple[float, float], *, has_headings: bool
) -> alt.LayerChart:
    rows = frame.to_dicts()
    lines = pl.DataFrame(
        [_drawn(row, domain) for row in rows],
        schema={
            **dict.fromkeys(("at", "since", "until"), pl.Float64),
            **dict.fromkeys(("goes_left", "goes_right", "is_estimated"), pl.Boolean),
            **dict.fromkeys(("outcome", "coding", "events", "patients", "words"), pl.String),
        },
    ).with_row_index("line")
    y = alt.Y("line:O", axis=None, scale=alt.Scale(domain=list(range(lines.height))))

    def text(
        column: str, at: int, *, align: Literal["left", "right"], limit: int, dy: int = 0, soft: bool = False
    ) -> alt.Chart:
        colour, size = (SOFT_INK, 11) if soft else (INK, 12)
        words: alt.Chart = (
            alt.Chart(inline(lines.select("line", column)))
            .mark_text(align=align, baseline="middle", limit=limit, dy=dy, color=colour, fontSize=size)
            .encode(y, alt.Text(f"{column}:N"), x=alt.value(at))
        )
        return words

    whole = lines.filter(pl.col("since").is_not_null() & pl.col("until").is_not_null())
    layers = [
        alt.Chart(inline(pl.DataFrame({"at": [1.0]}))).mark_rule(color=SOFT_INK, strokeDash=[3, 2]).encode(x),
        alt.Chart(inline(whole.select("line", "until", at="since")))
        .mark_rule(color=INK, strokeWidth=1.8)
        .encode(y, x, alt.X2("until")),
        *(
            alt.Chart(inline(whole.filter(goes).select("line", at=end)))
            .mark_point(shape=shape, size=70, fill=INK, stroke=INK, opacity=1)
            .encode(y, x)
            for goes, end, shape in (
                ("goes_left", "since", "triangle-left"),
                ("goes_right", "until", "triangle-right"),
            )
        ),
        alt.Chart(inline(lines.filter(pl.col("at").is_not_null()).select("line", "at")))
        .mark_point(shape="square", size=62, fill=INK, stroke="white", strokeWidth=0.8, opacity=1)
        .encode(y, x),
        text("outcome", -12, align="right", limit=_LEFT, dy=-7),
        text("coding", -12, align="right", limit=_LEFT, dy=7, soft=True),
        text("events", _EVENTS_X, align="right", limit=50),
        text("patients", _PATIENTS_X, align="right", limit=55),
        text("words", _WORDS_X, align="left", limit=_WORDS),
    ]
    if has_headings:
        headings: tuple[tuple[str, int, Literal["left", "right"]], ...] = (
            ("Events", _EVENTS_X, "right"),
            ("Patients", _PATIENTS_X, "right"),
            ("Ratio (interval)", _WORDS_X, "left"),
        )
        layers += [
            alt.Chart(inline(pl.DataFrame({"word": [word]})))
            .mark_text(align=align, baseline="middle", color=SOFT_INK, fontSize=11)
            .encode(alt.Text("word:N"), x=alt.value(at), y=alt.value(-11))
            for word, at, align in headings
        ]
    title = " – ".join(_said(frame.item(0, name), 36) for name in ("analysis", "measure"))
    return layered(
        layers,
        width=_PLOT_WIDTH,
        height=_STEP * lines.height,
        title=alt.TitleParams(title, offset=4, limit=_WORDS_X + _WORDS),
    )


def _drawn(row: dict[str, Any], domain: tuple[float, float]) -> dict[str, Any]:
    """Where the marks of a row stand; an end past the axis stands at its edge and points on."""
    least, most = domain
    estimate, low, high = (_number(row[name]) for name in ("estimate", "low", "high"))
    is_whole = estimate is not None and low is not None and high is not None
    ends = [min(most, max(least, end)) if is_whole and end is not None else None for end in (low, high)]
    is_inside = estimate is not None and least <= estimate <= most
    return {
        "at": estimate if is_inside else None,
        "since": ends[0],
        "until": ends[1],
        "goes_left": is_whole and low is not None and low < least,
        "goes_right": is_whole and high is not None and high > most,
        "is_estimated": estimate is not None,
        "outcome": _said(row["outcome"], 32),
        "coding": _coding(row["coding"]),
        "events": _count(row["events"]),
        "patients": _count(row["patients"]),
        "words": _words(row),
    }


def _domain(frame: pl.DataFrame) -> tuple[float, float]:
    """The axis: wide enough for every finite end, 0.5 to 2 at least, 0.01 to 100 at most."""
    values = [_number(value) for row in frame.select("estimate", "low", "high").rows() for value in row]
    finite = [value for value in values if value is not None and 0 < value < inf]
    low = min([_NARROWEST[0], *(0.85 * value for value in finite)])
    high = max([_NARROWEST[1], *(1.18 * value for value in finite)])
    return max(low, _WIDEST[0]), min(high, _WIDEST[1])


def _spread_ticks(low: float, high: float) -> list[float]:
    inside = [tick for tick in _TICKS if low <= tick <= high]
    return inside if len(inside) <= 7 else [tick for tick in inside if tick in {0.01, 0.1, 1.0, 10.0, 100.0}]


def _words(row: dict[str, Any]) -> str:
    estimate, low, high = (_number(row[name]) for name in ("estimate", "low", "high"))
    if estimate is None:
        verdict = _said(row["verdict"], 40) if row["verdict"] is not None else "no reason given"
        return f"none: {verdict}"
    if low is None or high is None:
        return f"{_ratio(estimate)}, no interval"
    return f"{_ratio(estimate)} ({_ratio(low)} to {_ratio(high)})"


def _ratio(value: float) -> str:
    if not isfinite(value):
        return "∞"
    if value == 0:
        return "0"
    if value < 0.01:
        return "under 0.01"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _number(value: object) -> float | None:
    """A number, or None where there is none or it is NaN; infinity stays."""
    return float(value) if isinstance(value, (int, float)) and not isnan(value) else None


def _count(value: object) -> str:
    return "–" if value is None else plain(value, 9)


def _coding(text: object) -> str:
    return _CODINGS.get(str(text), _said(text, 34))


def _said(text: object, limit: int) -> str:
    return "" if text is None else plain(text, limit).replace("_", " ")


def _in_words(result: StudyResult) -> str:
    frame = rows_of(result, "effects")
    if frame is None:
        return "Ratios of the study: none was computed."
    rows = frame.to_dicts()
    estimated = [row for row in rows if _number(row["estimate"]) is not None]
    verdicts = frame.get_column("verdict").fill_null("no verdict").value_counts(sort=True).sort("verdict")
    counts = [(_said(verdict, 40), count) for verdict, count in verdicts.head(6).rows()]
    parts = [
        f"{_said(row['outcome'], 32)}, {_coding(row['coding'])}, {_said(row['measure'], 20)}: {_words(row)}"
        for row in rows[:24]
    ]
    return (
        f"{len(rows)} ratios, {len(rows) - len(estimated)} without an estimate; {in_words(counts)}. "
        + "; ".join(parts)
        + "."
    )


FOREST: Final = Picture(
    name="forest",
    title="Every ratio of the study with its interval",
    caption=(
        "A square is the estimate, the line its interval, on a logarithmic axis. At 1 the groups are alike; right "
        "of 1 the event is more frequent, or sooner, in the group that is named first. An arrow means that the "
        "interval goes on past the axis, also without end; an estimate of 0 or ∞ has no square. Where there is no "
        "estimate, the reason stands in its place: nothing to see is not the same as no difference. Hazard, rate "
        "and odds ratios are different measures and are not to be compared with each other; the rows look at the "
        "same patients and are not independent."
    ),
    alt_text=_in_words,
    table="effects",
    draw=draw_forest,
)
