"""The swimmer picture: one line a patient, from the first day of follow-up to the last."""

from __future__ import annotations

from typing import Final

import altair as alt
import polars as pl

from wearoff.charts.picture import Picture, rows_of
from wearoff.charts.theme import (
    ANSWER_COLOURS,
    ANSWERS,
    INK,
    SOFT_INK,
    answer_of,
    extent,
    finish,
    in_words,
    inline,
    layered,
    plain,
)
from wearoff.cohort.results import StudyResult

MOST_PATIENTS: Final = 400
LONG_INTERVAL_D: Final = 42
_MOST_NAMED = 60
_PLOT_WIDTH = 590


def draw_intervals(result: StudyResult) -> alt.TopLevelMixin | None:
    """The swimmer chart: infusions, intervals over six weeks, relapses, active scans, end of follow-up."""
    frame = rows_of(result, "timeline")
    if frame is None:
        return None
    patients = _patients(frame)
    total = patients.height
    patients = patients.sort("patient_id").head(MOST_PATIENTS)
    step = min(15.0, max(3.0, 1100 / patients.height))
    facts = frame.join(patients.select("patient_id"), on="patient_id", how="semi")
    weeks = pl.concat([facts.get_column("day"), pl.Series([0.0])]).drop_nulls() / 7
    scale = alt.Scale(domain=extent(weeks), nice=False, padding=4)

    panels: list[alt.LayerChart] = []
    shown = [answer for answer in ANSWERS if answer in patients.get_column("answer")]
    for answer in shown:
        group = patients.filter(answer=answer).sort(
            "end", "patient_id", descending=[True, False], nulls_last=True
        )
        group = group.with_row_index("line")
        panels.append(_panel(answer, group, facts, scale, step, is_last=answer == shown[-1]))
    note = (
        f"{MOST_PATIENTS} of {total} patients are drawn, the first by identifier; the table has all of them."
        if total > MOST_PATIENTS
        else ""
    )
    chart = alt.vconcat(_key(), *panels, spacing=10)
    return finish(chart.properties(title=alt.TitleParams(note, fontSize=12)) if note else chart)


def _patients(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a patient: answer, last day of follow-up (the last recorded day where none is given)."""
    ending = pl.col("day").filter(pl.col("kind") == "followup_end").max()
    return (
        frame.with_columns(answer=answer_of())
        .group_by("patient_id")
        .agg(
            answer=pl.col("answer").filter(pl.col("answer") != "no answer").first(),
            end=pl.coalesce(ending, pl.col("day").max()),
        )
        .with_columns(answer_of())
    )


def _panel(
    answer: str,
    group: pl.DataFrame,
    facts: pl.DataFrame,
    scale: alt.Scale,
    step: float,
    *,
    is_last: bool,
) -> alt.LayerChart:
    """The patients of one answer, longest follow-up on top."""
    colour = ANSWER_COLOURS[answer]
    axis = alt.Axis(
        title="Weeks since the start of follow-up" if is_last else None,
        labels=is_last,
        ticks=is_last,
        domain=is_last,
        tickMinStep=1,
    )
    x = alt.X("week:Q", scale=scale, axis=axis)
    y = alt.Y("line:O", axis=None, scale=alt.Scale(domain=list(range(group.height))))

    lines = group.select("line", week=pl.lit(0.0), until=pl.col("end") / 7)
    marks = facts.drop("answer").join(group.select("patient_id", "line"), on="patient_id")
    marks = marks.with_columns(week=pl.col("day") / 7)
    is_infusion = pl.col("kind") == "infusion"
    long = marks.filter(is_infusion & (pl.col("interval_d").round(0) > LONG_INTERVAL_D)).select(
        "line", week=(pl.col("day") - pl.col("interval_d")) / 7, until=pl.col("week")
    )
    is_active = pl.col("is_active").fill_null(value=False)
    is_relapse, is_counted = pl.col("kind") == "relapse", pl.col("is_active").fill_null(value=True)

    def kind(where: pl.Expr) -> alt.Chart:
        return alt.Chart(inline(marks.filter(where).select("line", "week"))).encode(x, y)

    size = min(95.0, max(14.0, 0.5 * step * step))
    layers = [
        alt.Chart(inline(lines))
        .mark_rule(strokeWidth=max(0.8, step / 10), color=colour, opacity=0.55)
        .encode(x, alt.X2("until"), y),
        alt.Chart(inline(long))
        .mark_rule(strokeWidth=0.42 * step, color=colour, opacity=0.5, strokeCap="butt")
        .encode(x, alt.X2("until"), y),
        kind(is_infusion).mark_tick(size=0.72 * step, thickness=1, color=INK),
        kind(pl.col("kind") == "followup_end").mark_point(
            shape="circle", size=0.8 * size, fill="white", stroke=colour, strokeWidth=1.5, opacity=1
        ),
        kind((pl.col("kind") == "scan") & is_active).mark_point(
            shape="triangle-up", size=size, fill="white", stroke=INK, strokeWidth=1.3, opacity=1
        ),
        kind(is_relapse & ~is_counted).mark_point(
            shape="diamond", size=1.2 * size, fill="white", stroke=INK, strokeWidth=1.2, opacity=1
        ),
        kind(is_relapse & is_counted).mark_point(
            shape="diamond", size=1.5 * size, fill=INK, stroke="white", strokeWidth=0.6, opacity=1
        ),
    ]
    if step >= 1100 / _MOST_NAMED * 0.55:
        names = group.select(
            "line", name=pl.col("patient_id").map_elements(plain_name, return_dtype=pl.String)
        )
        layers.append(
            alt.Chart(inline(names))
            .mark_text(align="right", baseline="middle", fontSize=min(11, step - 1), color=SOFT_INK)
            .encode(y, alt.Text("name:N"), x=alt.value(-8))
        )
    plural = "patient" if group.height == 1 else "patients"
    return layered(
        layers,
        width=_PLOT_WIDTH,
        height=max(step, group.height * step),
        title=alt.TitleParams(f"Wearing-off: {answer} ({group.height} {plural})", color=colour, offset=3),
    )


def plain_name(patient: str) -> str:
    """A patient's identifier short enough to stand at the left of a line."""
    return plain(patient, 12)


def _key() -> alt.LayerChart:
    """The key, drawn as marks, because tick, bar and symbol share no legend."""
    entries = pl.DataFrame(
        {
            "x": [4, 80, 235, 312, 440],
            "word": [
                "infusion",
                "interval over 6 weeks",
                "relapse",
                "scan with activity",
                "end of follow-up",
            ],
        }
    )
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, _PLOT_WIDTH], nice=False))

    def entry(position: int) -> alt.Chart:
        return alt.Chart(inline(entries[position])).encode(x)

    return layered(
        [
            entry(0).mark_tick(size=12, thickness=1.2, color=INK),
            entry(1)
            .transform_calculate(left="datum.x - 9", right="datum.x + 9")
            .mark_rule(strokeWidth=6, color=SOFT_INK, opacity=0.5)
            .encode(alt.X("left:Q", axis=None), alt.X2("right")),
            entry(2).mark_point(shape="diamond", size=110, fill=INK, stroke="white", opacity=1),
            entry(3).mark_point(shape="triangle-up", size=70, fill="white", stroke=INK, opacity=1),
            entry(4).mark_point(shape="circle", size=55, fill="white", stroke=SOFT_INK, opacity=1),
            alt.Chart(inline(entries))
            .mark_text(align="left", baseline="middle", dx=13)
            .encode(x, alt.Text("word:N")),
        ],
        width=_PLOT_WIDTH,
        height=16,
        title=alt.TitleParams("", offset=0, fontSize=1),
    )


def _in_words(result: StudyResult) -> str:
    frame = rows_of(result, "timeline")
    if frame is None:
        return "Timeline of infusions: no patient was recorded."
    patients = _patients(frame)
    counts = [(answer, patients.filter(answer=answer).height) for answer in ANSWERS]
    is_relapse = (pl.col("kind") == "relapse") & pl.col("is_active").fill_null(value=True)
    is_scan = (pl.col("kind") == "scan") & pl.col("is_active").fill_null(value=False)
    is_long = (pl.col("kind") == "infusion") & (pl.col("interval_d").round(0) > LONG_INTERVAL_D).fill_null(
        value=False
    )
    return (
        f"Timeline of {patients.height} patients by wearing-off answer ({in_words(counts)}): "
        f"{frame.filter(pl.col('kind') == 'infusion').height} infusions, "
        f"{frame.filter(is_long).height} after an interval over 6 weeks, "
        f"{frame.filter(is_relapse).height} relapses and "
        f"{frame.filter(is_scan).height} scans with activity."
    )


INTERVALS: Final = Picture(
    name="intervals",
    title="Infusions, intervals and disease activity of every patient",
    caption=(
        "One line a patient, grouped by the answer to the wearing-off question, longest follow-up "
        "first. A thick stretch ends at an infusion that came more than 42 days after the one before. "
        "An open diamond is a reported relapse that the rule does not count. Scans without activity are "
        "not drawn."
    ),
    alt_text=_in_words,
    table="timeline",
    draw=draw_intervals,
)
