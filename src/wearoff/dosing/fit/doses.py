"""The doses of a patient's record: single ones and runs, in the order in which they are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wearoff.dosing.dated import moment_of
from wearoff.dosing.fit.entries import Entry, Moment
from wearoff.dosing.fit.patient import DOSE_MG, DURATION_MIN
from wearoff.dosing.regimen import USUAL_DURATION_H
from wearoff.units import quantity

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

__all__ = ["Dose", "doses_of"]

MOST_DOSES = 1000


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose of the record.

    Attributes:
        entry: the table that it stands in.
        key: the key that names its time.
        time: when it was begun.
        dose_mg: amount, mg.
        duration_d: length, days; 0 is all at once.
        is_subcutaneous: whether it was given under the skin.
    """

    entry: Entry
    key: str
    time: Moment
    dose_mg: float
    duration_d: float
    is_subcutaneous: bool


def doses_of(
    singles: Sequence[Entry], runs: Sequence[Entry], zone: ZoneInfo
) -> tuple[list[Dose], tuple[str, ...]]:
    """Every dose that could be read, in the order of the file, and what was assumed about them.

    Doses out of order, two on one day and overlapping ones are noted as faults of the later one. A dose of which a
    part could not be read is left out; its fault is noted.

    Args:
        singles: the tables of one dose each.
        runs: the tables of several doses at equal intervals.
        zone: the timezone of the patient.
    """
    doses: list[Dose] = []
    counts = {"route": 0, "duration": 0, "time": 0}
    for entry in sorted([*singles, *runs], key=lambda entry: entry.line):
        key = "start" if entry.form.name == "infusion" else "first"
        times = list(_times(entry, key, zone))
        dose_mg = entry.quantity(
            "dose", "mg", *DOSE_MG, "grams or a slip? One not given is left out.", example="300 mg"
        )
        route = entry.choice("route", ("IV", "SC")) if "route" in entry.values else "IV"
        duration_d = _duration(entry, is_subcutaneous=route == "SC")
        for time in times:
            if dose_mg is None or route is None or duration_d is None:
                break
            dose = Dose(entry, key, time, dose_mg, duration_d, route == "SC")
            counts["route"] += "route" not in entry.values
            counts["duration"] += "duration" not in entry.values and route == "IV"
            counts["time"] += time.is_date_only
            if doses and (fault := _fault(doses[-1], dose)):
                entry.fail(fault, key)
                break
            doses.append(dose)
    sentences = {
        "route": "route not stated; taken as into a vein (assumed).",
        "duration": f"length not stated; taken as {60 * USUAL_DURATION_H:g} minutes (assumed).",
        "time": "time of day not stated; taken as noon (assumed).",
    }
    return doses, tuple(
        f"{_counted(counts[what])}: {text}" for what, text in sentences.items() if counts[what]
    )


def _times(entry: Entry, key: str, zone: ZoneInfo) -> Iterator[Moment]:
    """When the doses of one table were begun; a run keeps its time of day when clocks are changed."""
    first = entry.moment(key, zone)
    if key == "start":
        if first:
            yield first
        return
    every_d = entry.quantity("every", "d", 1.0, 366.0, "days for weeks, or a slip?", example="4 weeks")
    if every_d is not None and every_d % 1:
        entry.fail("the interval is not a whole number of days; write each dose as an [[infusion]].", "every")
        every_d = None
    number = entry.number("times")
    if number is not None and (number % 1 or not 1 <= number <= MOST_DOSES):
        entry.fail(f"a run has 1 to {MOST_DOSES} doses, a whole number.", "times")
        number = None
    if first is None or every_d is None or number is None:
        return
    local = first.at.astimezone(zone).replace(tzinfo=None)
    yield first
    for step in range(1, int(number)):
        try:
            then = local + dt.timedelta(days=every_d * step)
            at = moment_of(then, zone)
        except OverflowError:
            entry.fail(f"dose {step + 1} of the run is outside the calendar.", key)
            return
        except ValueError as fault:
            reason = f"dose {step + 1} of the run: {then} {fault} Write it as an [[infusion]] of its own."
            entry.fail(reason, key)
            return
        yield Moment(at, then.date(), first.is_date_only, str(then))


def _duration(entry: Entry, *, is_subcutaneous: bool) -> float | None:
    """The length of a dose, days."""
    if "duration" not in entry.values:
        return 0.0 if is_subcutaneous else USUAL_DURATION_H / 24.0
    low, high = DURATION_MIN
    low = 0.0 if is_subcutaneous else low
    minutes = entry.quantity("duration", "min", low, high, "hours or a slip?", example="60 min")
    return None if minutes is None else quantity(entry.values["duration"], "d")


def _fault(before: Dose, dose: Dose) -> str | None:
    """What is wrong with a dose after the one before it."""
    time, previous = dose.time, before.time
    if time.at < previous.at:
        place = f"{time.written} is before the dose above it ({previous.written})"
        return f"{place}; is the year right? Put the doses in order."
    if time.date == previous.date:
        return f"there are two doses on {time.date}; join them into one, or correct the date."
    is_running = not (dose.is_subcutaneous or before.is_subcutaneous)
    if is_running and time.at < previous.at + dt.timedelta(days=before.duration_d):
        return f"{time.written} is while the infusion before it ({previous.written}) still runs; is its duration right?"
    return None


def _counted(number: int) -> str:
    return "1 dose" if number == 1 else f"{number} doses"
