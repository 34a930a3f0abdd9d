"""Diary severity by day of the cycle: one line of cells a patient, so that a rise towards the next infusion is seen."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import INK, SOFT_INK, extent, finish, inline, layered, plain
from wearoff.cohort.results import StudyResult

MOST_PATIENTS: Final = 60
_WEEK_D = 7.0
_PLOT_WIDTH = 560


def draw_diary_heat_map(result: StudyResult) -> alt.TopLevelMixin | None:
    """Mean severity of each patient by cycle day; what was not written down is a thin line, not a colour."""
    frame = rows_of(result, "diary_by_cycle_day")
    if frame is None:
        return None
    total = frame.get_column("patient_id").n_unique()
    patients = _patients(result, frame)
    step = max(11.0, min(18.0, 660 / patients.height))
    cells = _cells(frame).join(patients.select("patient_id", "line"), on="patient_id")
    last = max(_WEEK_D, extent(cells.get_column("until"))[1])
    scale = alt.Scale(domain=[0, last], nice=False)
    axis = alt.Axis(
        title="Days since the infusion",
        values=list(range(0, int(last) + 1, int(_WEEK_D))),
        grid=False,
        orient="bottom",
        offset=4,
    )
    x = alt.X("since:Q", scale=scale, axis=axis)
    y = alt.Y("line:O", axis=None, scale=alt.Scale(domain=list(range(patients.height)), padding=0.14))
    whole = patients.select("line", since=pl.lit(0.0), until=pl.lit(last))
    names = patients.select("line", name=pl.col("patient_id").map_elements(_short, pl.String))
    legend = alt.Legend(
        title="Mean severity, from 0 (none) to 10 (worst); a thin line: no entry",
        orient="top",
        type="symbol",  # a gradient would need an identifier that changes from one drawing to the next
        symbolType="square",
        symbolSize=260,
        symbolStrokeWidth=0,
        values=[0, 2, 4, 6, 8, 10],
        titleLimit=500,
    )
    layers = [
        alt.Chart(inline(whole)).mark_rule(color="#a3a5a8", strokeWidth=1).encode(x, alt.X2("until"), y),
        alt.Chart(inline(cells.select("line", "since", "until", "severity")))
        .mark_rect(stroke="white", strokeWidth=0.5, opacity=1)
        .encode(
            x,
            alt.X2("until"),
            y,
            alt.Color("severity:Q", scale=alt.Scale(domain=[0, 10], scheme="yellowgreenblue"), legend=legend),
        ),
        alt.Chart(inline(names))
        .mark_text(align="right", baseline="middle", fontSize=min(12.0, step - 1), color=INK)
        .encode(y, alt.Text("name:N"), x=alt.value(-10)),
    ]
    note = (
        f"{MOST_PATIENTS} of {total} patients are drawn, the first by identifier; the table has all of them."
        if total > MOST_PATIENTS
        else ""
    )
    title = alt.TitleParams(note, fontSize=12, color=SOFT_INK)
    return finish(layered(layers, width=_PLOT_WIDTH, height=step * patients.height, title=title))


def _patients(result: StudyResult, frame: pl.DataFrame) -> pl.DataFrame:
    """The patients who are drawn, the largest rise on top; without rises, the severest.

    Who is drawn is decided by identifier alone, so that the picture of a large cohort is not one of its
    largest rises.
    """
    drawn = (
        frame.group_by("patient_id")
        .agg(order=pl.col("severity").cast(pl.Float64).fill_nan(None).max())
        .sort("patient_id")
        .head(MOST_PATIENTS)
    )
    rises = rows_of(result, "diary_patients")
    if rises is not None and {"patient_id", "rise"} <= set(rises.columns):
        rise = pl.col("rise").cast(pl.Float64).fill_nan(None)
        drawn = drawn.drop("order").join(
            rises.select("patient_id", order=rise).unique("patient_id", keep="first", maintain_order=True),
            on="patient_id",
            how="left",
        )
    return drawn.sort("order", "patient_id", descending=[True, False], nulls_last=True).with_row_index("line")


def _cells(frame: pl.DataFrame) -> pl.DataFrame:
    """From where to where the week of each cell goes.

    An entry is about a week, with `cycle_day` in its middle. Weeks of several cycles overlap where the cycles
    began on different weekdays; the border then lies half-way, so that every entry has its cell.
    """
    middle = pl.col("cycle_day").cast(pl.Float64) + 0.5
    before, after = (
        ((pl.col("middle") + pl.col("middle").shift(by)) / 2).over("patient_id") for by in (1, -1)
    )
    half = _WEEK_D / 2
    return (
        frame.filter(pl.col("severity").is_not_null() & pl.col("cycle_day").is_not_null())
        .with_columns(middle=middle, severity=pl.col("severity").cast(pl.Float64))
        .filter(pl.col("severity").is_finite() & pl.col("middle").is_finite())
        .sort("patient_id", "cycle_day")
        .with_columns(
            since=pl.max_horizontal(pl.col("middle") - half, before, pl.lit(0.0)),
            until=pl.min_horizontal(pl.col("middle") + half, after),
        )
    )


def _short(patient: str) -> str:
    return plain(patient, 16)


def _in_words(result: StudyResult) -> str:
    frame = rows_of(result, "diary_by_cycle_day")
    if frame is None:
        return "Diary severity by cycle day: no diary was used."
    severity = frame.get_column("severity").cast(pl.Float64)
    known = frame.filter(severity.is_finite().fill_null(value=False))
    patients = frame.get_column("patient_id").n_unique()
    if known.is_empty():
        return f"Diary severity by cycle day of {patients} patients: no severity is known."
    low, high = extent(known.get_column("severity"))
    days = extent(known.get_column("cycle_day"))
    worst = known.sort("severity", "patient_id", "cycle_day", descending=[True, False, False]).row(
        0, named=True
    )
    return (
        f"Diary severity by cycle day of {patients} patients, {known.get_column('entries').sum()} entries, days "
        f"{days[0]:.0f} to {days[1]:.0f} after the infusion. Mean severity goes from {low:.1f} to {high:.1f} of 10, "
        f"the highest in {_short(worst['patient_id'])} on day {worst['cycle_day']}."
    )


DIARY_HEAT_MAP: Final = Picture(
    name="diary_heat_map",
    title="Diary severity by day of the cycle",
    caption=(
        "One line a patient, the largest rise within cycles on top (the highest severity, where no rise was "
        "computed); at most 60 lines, the rest are counted over the picture. Each cell is a week of the diary, "
        "averaged over the patient's cycles; the darker, the worse. Wearing-off would show as lines that darken "
        "to the right and begin light again. A thin line without colour means no usable entry: it was not "
        "written, or not used by the rule, or the patient's cycles are shorter than that; it does not mean no "
        "symptoms. Averages hide how cycles differ, and the picture does not say why symptoms rise."
    ),
    alt_text=_in_words,
    table="diary_by_cycle_day",
    draw=draw_diary_heat_map,
)
