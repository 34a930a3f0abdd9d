"""What a design does over many virtual studies: how often it shows something, and how its estimates lie."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final, Literal

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import (
    BLUE,
    INK,
    PERCENT_LABEL,
    SOFT_INK,
    VERMILLION,
    finish,
    inline,
    layered,
    percent,
    plain,
)
from wearoff.cohort.results import StudyResult

MOST_ROWS: Final = 40
_PLOT_WIDTH = 250
_LEFT = 230
_WORDS_X, _WORDS = _PLOT_WIDTH + 14, 190
_STEP = 30
_ENOUGH = 0.8
_SHOWS, _NOTHING = "shows it", "nothing to test"
_DOWN: Final = alt.Y("line:O", axis=None)


def draw_operating(result: StudyResult) -> alt.TopLevelMixin | None:
    """A line an analysis and look: the share of studies that show what it looks for, with its interval."""
    frame = rows_of(result, "operating")
    if frame is None:
        return None
    lines = pl.DataFrame(
        [_operating_line(row, has_looks=_has_looks(frame)) for row in frame.head(MOST_ROWS).to_dicts()],
        schema={
            **dict.fromkeys(("shown", "low", "high", "uninformative"), pl.Float64),
            **dict.fromkeys(("name", "when", "words"), pl.String),
        },
    ).with_row_index("line")
    x = alt.X(
        "at:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(
            title="Share of virtual studies", values=[0, 0.25, 0.5, 0.75, 1], labelExpr=PERCENT_LABEL
        ),
    )
    marks = pl.concat(
        [
            lines.select("line", at="shown", what=pl.lit(_SHOWS)),
            lines.select("line", at="uninformative", what=pl.lit(_NOTHING)),
        ]
    ).drop_nulls()
    whats, legend = [_SHOWS, _NOTHING], alt.Legend(title=None, orient="bottom")
    layers = [
        alt.Chart(inline(pl.DataFrame({"at": [_ENOUGH]})))
        .mark_rule(color=SOFT_INK, strokeDash=[3, 2])
        .encode(x),
        alt.Chart(inline(lines.select("line", "high", at="low").drop_nulls()))
        .mark_rule(color=BLUE, strokeWidth=2)
        .encode(_DOWN, x, alt.X2("high")),
        alt.Chart(inline(marks))
        .mark_point(size=64, strokeWidth=1.6, opacity=1)
        .encode(
            _DOWN,
            x,
            alt.Shape("what:N", scale=alt.Scale(domain=whats, range=["circle", "diamond"]), legend=legend),
            alt.Fill("what:N", scale=alt.Scale(domain=whats, range=[BLUE, "white"]), legend=legend),
            alt.Stroke("what:N", scale=alt.Scale(domain=whats, range=[BLUE, SOFT_INK]), legend=legend),
        ),
        *_texts(lines),
    ]
    return finish(
        layered(
            layers, width=_PLOT_WIDTH, height=_STEP * lines.height, title=alt.TitleParams(_left_out(frame))
        )
    )


def draw_estimates(result: StudyResult) -> alt.TopLevelMixin | None:
    """A line an analysis and look: nine in ten and half of the estimates, their median, and what is true."""
    frame = rows_of(result, "estimates")
    if frame is None:
        return None
    frame = frame.head(MOST_ROWS)
    panels = [
        _estimate_panel(
            part.to_dicts(), str(part.item(0, "measure")), part.item(0, "unit"), _has_looks(frame)
        )
        for part in frame.partition_by("measure", "unit", maintain_order=True)
    ]
    return finish(alt.vconcat(*panels, spacing=14))


def _estimate_panel(
    rows: list[dict[str, Any]], measure: str, unit: str | None, has_looks: bool
) -> alt.LayerChart:
    is_ratio = measure.endswith("ratio")
    lines = pl.DataFrame(
        [_estimate_line(row, is_ratio, has_looks=has_looks) for row in rows],
        schema={
            **dict.fromkeys((*_QUANTILES, "true", "null"), pl.Float64),
            **dict.fromkeys(("name", "when", "words"), pl.String),
        },
    ).with_row_index("line")
    kind: Literal["log", "linear"] = "log" if is_ratio else "linear"
    low, high = _domain(lines, is_ratio=is_ratio)
    of = f", {plain(unit, 12)}" if unit else _UNITS.get(measure, "")
    title = plain(measure.capitalize(), 40) + (", logarithmic" if is_ratio else of)
    x = alt.X(
        "at:Q",
        scale=alt.Scale(type=kind, domain=[low, high], nice=False, clamp=True),
        axis=alt.Axis(title=title, tickCount=5, format=".3~g"),
    )
    layers: list[alt.Chart] = [
        alt.Chart(inline(lines.select("line", at="null").drop_nulls()))
        .mark_tick(color=SOFT_INK, thickness=1.6, size=24, opacity=1)
        .encode(_DOWN, x)
    ]
    for since, until, width in (("q05", "q95", 1.4), ("q25", "q75", 6.0)):
        layers.append(
            alt.Chart(inline(lines.select("line", until, at=since).drop_nulls()))
            .mark_rule(color=BLUE, strokeWidth=width)
            .encode(_DOWN, x, alt.X2(until))
        )
    layers += [
        alt.Chart(inline(lines.select("line", at="true").drop_nulls()))
        .mark_point(
            shape="cross", size=150, fill=VERMILLION, stroke="white", strokeWidth=0.6, angle=45, opacity=1
        )
        .encode(_DOWN, x),
        alt.Chart(inline(lines.select("line", at="q50").drop_nulls()))
        .mark_point(shape="circle", size=44, fill="white", stroke=INK, strokeWidth=1.4, opacity=1)
        .encode(_DOWN, x),
        *_texts(lines),
    ]
    return layered(layers, width=_PLOT_WIDTH, height=_STEP * lines.height, title=alt.TitleParams(""))


def _texts(lines: pl.DataFrame) -> list[alt.Chart]:
    """The name of each line at its left, its figures in words at its right."""

    def text(
        column: str, at: int, *, align: Literal["left", "right"], limit: int, dy: int = 0, soft: bool = False
    ) -> alt.Chart:
        words: alt.Chart = (
            alt.Chart(inline(lines.select("line", column)))
            .mark_text(
                align=align,
                baseline="middle",
                limit=limit,
                dy=dy,
                color=SOFT_INK if soft else INK,
                fontSize=11 if soft else 12,
            )
            .encode(_DOWN, alt.Text(f"{column}:N"), x=alt.value(at))
        )
        return words

    return [
        text("name", -12, align="right", limit=_LEFT, dy=-7),
        text("when", -12, align="right", limit=_LEFT, dy=8, soft=True),
        text("words", _WORDS_X, align="left", limit=_WORDS),
    ]


_QUANTILES = ("q05", "q25", "q50", "q75", "q95")
_UNITS = {"risk difference": ", points", "share": ", %"}
"""What is drawn times a hundred."""


def _operating_line(row: dict[str, Any], *, has_looks: bool) -> dict[str, Any]:
    shown, low, high = (_share(row[name]) for name in ("shown", "shown_low", "shown_high"))
    return {
        "shown": shown,
        "low": low,
        "high": high,
        "uninformative": _share(row["uninformative"]),
        "name": plain(row["analysis"], 42),
        "when": f"look {row['look']}" if has_looks else "",
        "words": "not known" if shown is None else f"{percent(shown)} ({percent(low)} to {percent(high)})",
    }


def _estimate_line(row: dict[str, Any], is_ratio: bool, *, has_looks: bool) -> dict[str, Any]:
    times = 100.0 if row["measure"] in _UNITS else 1.0
    found = {
        name: None if (value := _number(row[column])) is None or (is_ratio and value <= 0) else times * value
        for name, column in (
            *zip(_QUANTILES, _QUANTILES, strict=True),
            ("true", "true_value"),
            ("null", "null_value"),
        )
    }  # a logarithmic axis has no place for 0
    estimated, replicates = row["estimated"], row["replicates"]
    missing = f", {estimated} of {replicates}" if estimated != replicates else ""
    middle, since, until = (found[name] for name in ("q50", "q05", "q95"))
    words = (
        f"none{missing}"
        if middle is None or since is None or until is None
        else f"{middle:.3g} ({since:.3g} to {until:.3g}){missing}"
    )
    return {
        **found,
        "name": plain(row["analysis"], 42),
        "when": f"look {row['look']}" if has_looks else "",
        "words": plain(words.replace("-", "−"), 44),
    }


def _domain(lines: pl.DataFrame, *, is_ratio: bool) -> tuple[float, float]:
    """An axis that holds every quantile, what is true, and where there would be nothing to find."""
    columns = (*_QUANTILES, "true", "null")
    values = [value for row in lines.select(columns).rows() for value in row if value is not None]
    if not values:
        return (0.5, 2.0) if is_ratio else (-1.0, 1.0)
    low, high = min(values), max(values)
    if is_ratio:
        return max(0.8 * low, 1e-3), min(max(1.25 * high, 1.25 * 0.8 * low), 1e3)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 0.1
    return low - room, high + room


def _has_looks(frame: pl.DataFrame) -> bool:
    """Whether there was a look before the end, so that each line has to say which it is of."""
    return frame["look"].n_unique() > 1


def _named(line: dict[str, Any]) -> str:
    return f"{line['name']}, {line['when']}" if line["when"] else str(line["name"])


def _left_out(frame: pl.DataFrame) -> str:
    if frame.height <= MOST_ROWS:
        return ""
    return f"{MOST_ROWS} of {frame.height} rows are drawn, the first; the table has all."


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def _share(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _operating_in_words(result: StudyResult) -> str:
    frame = rows_of(result, "operating")
    if frame is None:
        return "How often each analysis shows something: nothing was simulated."
    lines = [_operating_line(row, has_looks=_has_looks(frame)) for row in frame.head(24).to_dicts()]
    said = "; ".join(f"{_named(line)}: {line['words']}" for line in lines)
    return f"Share of virtual studies in which each of {frame.height} analyses and looks shows something. {said}."


def _estimates_in_words(result: StudyResult) -> str:
    frame = rows_of(result, "estimates")
    if frame is None:
        return "Estimates over virtual studies: none was made."
    rows = frame.head(24).to_dicts()
    has_looks = _has_looks(frame)
    lines = [
        (_estimate_line(row, str(row["measure"]).endswith("ratio"), has_looks=has_looks), row) for row in rows
    ]
    said = "; ".join(
        f"{_named(line)}, {plain(row['measure'], 20)}: {line['words']}"
        + (f" {plain(row['unit'], 12)}" if row["unit"] else "")
        for line, row in lines
    )
    return f"Median and nine in ten of the estimates of {frame.height} analyses and looks. {said}."


OPERATING: Final = Picture(
    name="operating",
    title="How often each analysis shows what it looks for",
    caption=(
        "A filled circle is the share of virtual studies in which the analysis shows something, the line its exact "
        "95 % interval: how far the number of studies leaves it open. Where there is something to find it is the "
        "power, where there is nothing the error of the first kind. A hollow diamond is the share in which there "
        "was nothing to test. The dashed line stands at 80 %, which is asked for by convention. What is assumed of "
        "the patients is not in the interval."
    ),
    alt_text=_operating_in_words,
    table="operating",
    draw=draw_operating,
)

ESTIMATES: Final = Picture(
    name="estimates",
    title="How the estimates lie over many studies",
    caption=(
        "A thin line holds nine in ten of the estimates, a thick one half, the circle is their median. The grey stroke "
        "is where there would be nothing to find, of a test of non-inferiority its margin; the cross is what is true, "
        "where that is stated. Studies without a "
        "finite estimate are left out, and counted where there are any. A single study gives one estimate from such a "
        "line. Measures of different kinds or units have axes of their own."
    ),
    alt_text=_estimates_in_words,
    table="estimates",
    draw=draw_estimates,
)
