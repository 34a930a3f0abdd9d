"""Infusions given on real dates become a regimen on days since the first of them.

A day is 86,400 seconds: two infusions at nine o'clock on both sides of a clock change are an hour more or
less than whole days apart, and count so. A time without an offset is read on the clock of a named timezone;
where that clock showed the time twice or never, nothing is guessed and the message says what to write.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from wearoff.dosing.regimen import USUAL_DURATION_H, Regimen, counted_from_one
from wearoff.errors import InputError, Problem

__all__ = ["Route", "from_dates", "has_time", "moment_of", "zone_of"]

Route = Literal["IV", "SC"]
_T = TypeVar("_T", float, str)

_NOON = dt.time(12)
_DAY = dt.timedelta(days=1)
_TEXT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:\d{2})?)?", flags=re.ASCII
)
_FURTHEST = dt.timedelta(hours=14)


def from_dates(
    starts: Sequence[dt.datetime | dt.date | str],
    dose_mg: float | Sequence[float] = 300.0,
    duration_min: float | Sequence[float] | None = None,
    route: Route | Sequence[Route] = "IV",
    timezone: str = "UTC",
) -> tuple[Regimen, dt.datetime]:
    """The regimen that was really given, on days since its first dose, and when that dose was.

    Args:
        starts: when each dose was begun, in order of time: a datetime, a date (taken as noon), or a text
            such as `2024-05-31`, `2024-05-31T14:30` or `2024-05-31T14:30+02:00`.
        dose_mg: amount of each dose, mg; one number for all, or one for each.
        duration_min: length of each dose, minutes; one number for all, or one for each; without it 60 for an
            infusion and none under the skin.
        route: `IV` or `SC`; one for all, or one for each.
        timezone: name of the timezone on whose clock a start without an offset was read.

    Returns:
        The regimen, its first dose on day 0, and the moment of that dose in UTC: days added to it there are
        always 24 hours, which on a local clock they would not be.

    Raises:
        InputError: for an unknown timezone; naming every start that is no moment, that the clock showed
            twice or never, or that is before the one above it; and for doses that make no regimen.

    Example:
        >>> from_dates(["2024-02-01", "2024-03-01"], timezone="Europe/Oslo")[0].start_d.tolist()
        [0.0, 29.0]
    """
    zone = zone_of(timezone)
    if not starts:
        raise InputError(Problem("there is no start; give at least one.", column="starts"))
    moments: list[dt.datetime] = []
    problems: list[Problem] = []
    for number, start in enumerate(starts, 1):
        try:
            moment = moment_of(start, zone)
            if moments and moment < moments[-1]:
                raise ValueError("is before the dose above it; is the year right? Put the doses in order.")
            moments.append(moment)
        except ValueError as fault:
            problems.append(Problem(f"dose {number}: {start} {fault}", column="starts", value=str(start)))
    if problems:
        raise InputError(problems)
    routes = _each(route, len(starts), "route")
    unknown = [name for name in routes if name not in ("IV", "SC")]
    if unknown:
        raise InputError(Problem(f"{unknown[0]!r} is not IV or SC.", column="route", value=unknown[0]))
    is_subcutaneous = np.array([name == "SC" for name in routes])
    if duration_min is None:
        duration_min = np.where(is_subcutaneous, 0.0, 60.0 * USUAL_DURATION_H).tolist()
    try:
        regimen = Regimen(
            start_d=np.array([_days(moment - moments[0]) for moment in moments]),
            dose_mg=np.array(_each(dose_mg, len(starts), "dose_mg")),
            duration_d=np.array(_each(duration_min, len(starts), "duration_min")) / 1440.0,
            is_subcutaneous=is_subcutaneous,
        )
    except ValueError as fault:
        raise InputError(Problem(f"{counted_from_one(fault)}.", column="starts")) from None
    return regimen, moments[0]


def moment_of(start: dt.datetime | dt.date | str, zone: ZoneInfo) -> dt.datetime:
    """The moment that was meant, in UTC; a date alone is noon.

    Args:
        start: a datetime, a date or a text, as in `from_dates`.
        zone: the timezone on whose clock a start without an offset was read.

    Raises:
        ValueError: what is wrong, a sentence without its subject, so that the caller can name the start.
    """
    local = _parsed(start) if isinstance(start, str) else start
    if not isinstance(local, dt.datetime):
        local = dt.datetime.combine(local, _NOON)
    try:
        if local.utcoffset() is None:
            return _on_the_clock(local, zone)
        if isinstance(local.tzinfo, ZoneInfo):
            return _on_the_clock(local.replace(tzinfo=None), local.tzinfo, fold=local.fold)
        return local.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("is outside the calendar.") from None


def _parsed(text: str) -> dt.datetime | dt.date:
    found = _TEXT.fullmatch(text.strip())
    if not found:
        raise ValueError(
            "is not a date or a date and time; write 2024-05-31, 2024-05-31T14:30 or 2024-05-31T14:30+02:00."
        )
    try:
        day = dt.date.fromisoformat(found[1])
        if found[2] is None:
            return day
        local = dt.datetime.combine(day, dt.time.fromisoformat(found[2]))
    except ValueError:
        raise ValueError("does not exist in the calendar or on the clock.") from None
    return local if found[3] is None else local.replace(tzinfo=_offset(found[3]))


def _offset(text: str) -> dt.timezone:
    if text == "Z":
        return dt.UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    span = dt.timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or span > _FURTHEST:
        raise ValueError(f"has the offset {text} from UTC, which does not exist.")
    return dt.timezone(-span if text[0] == "-" else span)


def _on_the_clock(local: dt.datetime, zone: ZoneInfo, fold: int | None = None) -> dt.datetime:
    """The moment at which the clock of a timezone showed `local`.

    A time that was shown twice is taken only from a datetime that carries its own timezone, where Python
    says with `fold` which of the two is meant.
    """
    first, second = (local.replace(tzinfo=zone, fold=side).astimezone(dt.UTC) for side in (0, 1))
    if first == second:
        return first
    # where clocks were put forward, the moment shows another local time than the one asked for
    is_skipped = first.astimezone(zone).replace(tzinfo=None) != local.replace(fold=0)
    if not is_skipped and fold is not None:
        return second if fold else first
    what = "was never shown" if is_skipped else "was shown twice"
    offset = first.astimezone(zone).isoformat()[-6:]
    raise ValueError(
        f"{what} by the clock of {zone.key}, which was changed then; add the offset from UTC, "
        f"for example {local:%Y-%m-%dT%H:%M}{offset}."
    )


def has_time(start: dt.datetime | dt.date | str) -> bool:
    """Whether a start has a time of day; a text that is no date and time has none."""
    if isinstance(start, str):
        found = _TEXT.fullmatch(start.strip())
        return found is not None and found[2] is not None
    return isinstance(start, dt.datetime)


def zone_of(name: str) -> ZoneInfo:
    """The timezone of a name such as `Europe/Oslo`.

    Raises:
        InputError: there is no such timezone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reason = f"there is no timezone {name!r}; write one such as Europe/Oslo or UTC."
        raise InputError(Problem(reason, column="timezone", value=name)) from None


def _each(values: _T | Sequence[_T], number: int, name: str) -> list[_T]:
    """One value for each dose."""
    if isinstance(values, str | int | float):
        return [values] * number
    if len(values) != number:
        reason = f"there are {len(values)} values for {number} doses; give one for all, or one for each."
        raise InputError(Problem(reason, column=name))
    return list(values)


def _days(span: dt.timedelta) -> float:
    return span / _DAY
