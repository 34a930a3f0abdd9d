"""What the picture of one patient shows: as tables, and in words for those who do not see it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from wearoff.charts.theme import plain
from wearoff.dosing import wording
from wearoff.dosing.dated import zone_of

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment

_CALENDAR: Final = "%Y-%m-%dT%H:%M:%S"


def course_frame(found: Assessment) -> pl.DataFrame:
    """The course as a table: the patient's own clock, the day, whether it is the future, and every quantile."""
    course = found.course
    return pl.DataFrame(
        {
            "time": [clock(found, day) for day in course.day.tolist()],
            "day": course.day,
            "is_future": course.is_future,
            "typical": course.typical,
            **course.level,
        }
    )


def level_frame(found: Assessment) -> pl.DataFrame:
    """The measured levels as a table: what was reported, and the limit where it was below."""
    levels = found.patient.levels
    value = np.where(levels.is_below, levels.lloq_mg_per_l, levels.value_mg_per_l)
    return pl.DataFrame(
        {
            "time": [clock(found, day) for day in levels.time_d.tolist()],
            "day": levels.time_d,
            "low": value,
            "is_below": levels.is_below,
            "laboratory": list(levels.laboratory),
        },
        schema_overrides={"laboratory": pl.String, "time": pl.String},
    )


def describe_patient(found: Assessment) -> str:
    """The picture in words with its main figures, for those who do not see it."""
    patient, regimen = found.patient, found.patient.regimen
    last = patient.date_of(float(regimen.start_d[-1]))
    parts = [
        f"The level of natalizumab over time on a logarithmic axis, around the last doses and on from the last one on "
        f"{last:%Y-%m-%d}.",
        f"{patient.levels.number} measured {'level stands' if patient.levels.number == 1 else 'levels stand'} beside "
        "the fitted curve.",
    ]
    if found.target is not None:
        parts.append(f"The floor is {wording.floor(found.target)}.")
    troughs = "; ".join(
        f"{option.weeks:g} weeks {wording.banded(option.next_trough)}" for option in found.options
    )
    parts.append(
        f"The level that far after the last dose, without another, median and 5-95 % in mg/L: {troughs}."
    )
    return " ".join(parts)


def caption_of(found: Assessment) -> str:
    """How to read the picture, and what it leaves out."""
    begin, patient = found.course.day[0], found.patient
    said = [
        "Bands: half and nine in ten of what the levels leave open; solid until today, hatched after it, while no "
        "other dose is given.",
        "The level on any day after the last dose is the trough of the interval that ends there; the numbers over "
        "the curve are weeks since the last dose.",
        "Dashed: the typical patient of this weight before any level. Triangles at the foot: doses.",
    ]
    if patient.regimen.exchange_d.size:
        said.append("Crosses at the foot: plasma exchange.")
    if patient.levels.is_below.any():
        said.append("A triangle that points down: below the limit at which it stands.")
    if patient.today_d > found.course.day[-1]:
        said.append(f"Today, {patient.date_of(patient.today_d):%Y-%m-%d}, lies after the end of the picture.")
    early = int((patient.levels.time_d < begin).sum())
    if early:
        said.append(f"{early} earlier {'level is' if early == 1 else 'levels are'} only in the table.")
    scaled = [
        plain(name)
        for name in dict.fromkeys(patient.levels.laboratory)
        if patient.laboratories[name].is_estimated or patient.laboratories[name].scale != 1
    ]
    if scaled:
        said.append(
            f"Levels are drawn as they were reported; {', '.join(scaled)} "
            f"{'has a scale' if len(scaled) == 1 else 'have scales'} other than 1, or one that is estimated."
        )
    return " ".join(said)


def clock(found: Assessment, day: float) -> str:
    """The patient's own clock on a day, as ISO 8601 without an offset."""
    moment = found.patient.origin + dt.timedelta(days=day)
    return moment.astimezone(zone_of(found.patient.timezone)).strftime(_CALENDAR)
