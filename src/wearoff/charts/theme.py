"""How every picture looks, and how it becomes SVG without a network.

Colours are those of Okabe and Ito, which stay apart for colour-blind readers and in grey; each one is
joined by a shape, a dash or a word. Type is set in faces that a system has, so that nothing is fetched.
Data stand inside the chart (`inline`), so that no global setting of Altair is touched and a chart with
ten thousand marks is drawn like one with ten.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import polars as pl
import vl_convert

FONT: Final = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
WIDTH: Final = 720
PERCENT_LABEL: Final = "format(100 * datum.value, '.0f') + ' %'"

INK: Final = "#1a1a1a"
SOFT_INK: Final = "#55585c"
GRID: Final = "#e4e4e0"
PALE: Final = "#ececea"
BLUE: Final = "#0072b2"
SKY: Final = "#56b4e9"
GREEN: Final = "#009e73"
ORANGE: Final = "#e69f00"
VERMILLION: Final = "#d55e00"
PURPLE: Final = "#a8487f"

ANSWERS: Final = ("never", "sometimes", "regularly", "no answer")
ANSWER_COLOURS: Final = {
    "never": BLUE,
    "sometimes": "#b87b00",
    "regularly": VERMILLION,
    "no answer": "#7d7f82",
}

_NOT_IN_XML = "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"


def to_svg(chart: alt.TopLevelMixin) -> str:
    """The chart as one SVG document, made by the bundled renderer; no address is ever opened."""
    spec: dict[str, Any] = chart.to_dict()
    return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])


def to_image(chart: alt.TopLevelMixin, ending: str) -> bytes:
    """The content of a picture file: SVG where the ending of its name is `.svg`, else PNG of twice the size."""
    if ending == ".svg":
        return to_svg(chart).encode("utf-8")
    return vl_convert.vegalite_to_png(chart.to_dict(), scale=2, allowed_base_urls=[])


def finish(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """The same chart with the type, lines and legend of the house."""
    text: dict[str, Any] = {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 12, "titleFontSize": 12.5}
    ink: dict[str, Any] = {"labelColor": INK, "titleColor": INK, "titleFontWeight": "normal"}
    finished: alt.TopLevelMixin = chart.configure(
        aria=False,
        background="white",
        font=FONT,
        padding=6,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            **text, **ink, gridColor=GRID, domainColor=SOFT_INK, tickColor=SOFT_INK, titlePadding=9
        ),
        legend=alt.LegendConfig(**text, **ink, symbolSize=110, columnPadding=18, titlePadding=6),
        title=alt.TitleConfig(
            font=FONT,
            subtitleFont=FONT,
            fontSize=13,
            subtitleFontSize=12,
            color=INK,
            subtitleColor=SOFT_INK,
            anchor="start",
            frame="group",
            fontWeight="bold",
        ),
        text=alt.MarkConfig(font=FONT, fontSize=12, color=INK),
    )
    return finished


def layered(
    layers: Sequence[alt.Chart | alt.LayerChart], *, width: float, height: float, title: alt.TitleParams
) -> alt.LayerChart:
    """One panel of a picture: marks drawn one over the other, the first lowest; sizes in pixels."""
    return alt.LayerChart(layer=list(layers), width=width, height=height, title=title)


def extent(values: pl.Series) -> list[float]:
    """The least and the greatest of the finite numbers in a column; 0 to 1 where there are none."""
    numbers = values.cast(pl.Float64)
    finite = numbers.filter(numbers.is_finite()).to_list()
    return [min(finite), max(finite)] if finite else [0.0, 1.0]


def inline(frame: pl.DataFrame) -> alt.InlineData:
    """The rows of a frame as data inside a chart; NaN and infinity become null."""
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    clean = frame.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats
    )
    return alt.InlineData(values=clean.to_dicts())


def plain(text: object, limit: int = 40) -> str:
    """Text that is safe to draw: one line, at most `limit` characters, nothing that breaks XML."""
    line = re.sub(_NOT_IN_XML, "\ufffd", str(text))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def answer_of(column: str = "answer") -> pl.Expr:
    """The wearing-off answer of a row; whatever is not one of the three answers is `no answer`."""
    known = pl.col(column).cast(pl.String).is_in(ANSWERS)
    return pl.when(known).then(pl.col(column).cast(pl.String)).otherwise(pl.lit("no answer"))


def in_words(counts: Sequence[tuple[str, int]]) -> str:
    """Counts as a phrase: `never 20, sometimes 11, regularly 6`."""
    return ", ".join(f"{name} {count}" for name, count in counts)


def percent(share: float | None) -> str:
    """A share of 1 as whole percent, with one decimal under ten percent: `8.6 %`, `18 %`, `0 %`."""
    if share is None:
        return "–"
    points = 100 * share
    digits = 1 if 0 < abs(points) < 9.95 else 0
    return f"{points:.{digits}f} %".replace("-", "−")
