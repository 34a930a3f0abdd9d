"""The published risk of PML as a thousand people: those of the low end filled, those up to the high end as rings."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.theme import PALE, SOFT_INK, VERMILLION, finish, inline, layered, to_image
from wearoff.dosing.pml import PEOPLE, PmlRisk, range_in_words

COLUMNS: Final = 50
_SIDE = 13  # pixels for one person
_STATES = ("with PML even at the low end", "more, up to the high end", "without PML")
_FILL = (VERMILLION, "white", PALE)
_EDGE = (VERMILLION, VERMILLION, "#b9b9b5")


def draw_pml(risk: PmlRisk) -> alt.TopLevelMixin:
    """A thousand people in rows of fifty, counted from the upper left; the risk in words above them."""
    icons = pml_icons(risk)
    states = alt.Scale(domain=list(_STATES), range=list(_FILL))
    edges = alt.Scale(domain=list(_STATES), range=list(_EDGE))
    legend = alt.Legend(
        title=f"Of {PEOPLE:,} people:", orient="bottom", titleOrient="left", symbolType="circle"
    )
    across = alt.X("column:Q", axis=None, scale=alt.Scale(domain=[-0.5, COLUMNS - 0.5], nice=False))
    down = alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[PEOPLE / COLUMNS - 0.5, -0.5], nice=False))
    people = (
        alt.Chart(inline(icons))
        .mark_point(shape="circle", size=70, strokeWidth=1.2, opacity=1)
        .encode(
            across,
            down,
            alt.Fill("state:N", scale=states, legend=legend, sort=list(_STATES)),
            alt.Stroke("state:N", scale=edges, legend=legend, sort=list(_STATES)),
        )
    )
    title = alt.TitleParams(
        f"PML over {_years(risk)} on natalizumab: {_of_people(risk)}",
        subtitle=[risk.group, _interval(risk), "Published estimates, not a prediction for one person"],
        subtitleColor=SOFT_INK,
    )
    return finish(layered([people], width=_SIDE * COLUMNS, height=_SIDE * (PEOPLE // COLUMNS), title=title))


def pml_image(risk: PmlRisk, ending: str) -> bytes:
    """The picture as the content of a file, SVG or PNG by the ending of its name; nothing is fetched for it."""
    return to_image(draw_pml(risk), ending)


def pml_icons(risk: PmlRisk) -> pl.DataFrame:
    """One row a person: number from 1, row and column from 0, and what the person stands for."""
    icons = risk.icons
    counts = (icons.within_low, icons.up_to_high, icons.others)
    states = [state for state, count in zip(_STATES, counts, strict=True) for _ in range(count)]
    number = pl.int_range(PEOPLE, eager=True)
    return pl.DataFrame(
        {"person": number + 1, "row": number // COLUMNS, "column": number % COLUMNS, "state": states}
    )


def pml_alt_text(risk: PmlRisk) -> str:
    """The picture in words, for those who do not see it."""
    icons = risk.icons
    return (
        f"A thousand people as dots. {risk.group.capitalize()}, {_years(risk)} on natalizumab. {_interval(risk)}. "
        f"Published risk of PML {_of_people(risk)}: {icons.within_low} dots are filled, {icons.up_to_high} are "
        f"rings, {icons.others} stand for people without PML."
    )


def _of_people(risk: PmlRisk) -> str:
    return f"{range_in_words(risk.lowest, risk.highest)} of {PEOPLE:,}"


def _years(risk: PmlRisk) -> str:
    years = risk.months / 12
    return "1 year" if years == 1 else f"{years:.3g} years"


def _interval(risk: PmlRisk) -> str:
    if risk.extended is None:
        return "Standard intervals"
    return (
        f"Every {risk.extended.interval_weeks:g} weeks: from the ratio {risk.extended.ratio.value} of a register, "
        "which is observational, to no effect"
    )
