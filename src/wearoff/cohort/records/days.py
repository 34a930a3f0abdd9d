"""Days and moments from their text, as one writes them and as the clocks of a zone told them.

A day is `2024-05-31`. A moment without an offset from UTC is read on the clocks of a zone; an hour that those
clocks showed twice, or never, is no moment.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from wearoff.cohort.records.dictionary import MISSING_CODES, MISSING_SUFFIX

__all__ = ["CellError", "Instant", "absent", "offset_all_day", "parse_day", "parse_instant", "shown"]

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_NOON = dt.time(12)
_LONGEST_SHOWN = 64


class CellError(ValueError):
    """A cell's text is not a value of its column; the message says why and what to write."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, and how it was written.

    Attributes:
        moment: in UTC.
        is_date_only: whether it stands for a date, at 12:00 local time.
        is_local: whether it was written without an offset.
    """

    moment: dt.datetime
    is_date_only: bool
    is_local: bool


def parse_day(text: str) -> dt.date:
    """The day that a text such as `2024-05-31` names, or a CellError that says why there is none."""
    found = _DATE.fullmatch(text)
    if not found:
        raise CellError(
            f"{shown(text)} is not a date; write year-month-day, for example 2024-05-31.{absent(text)}"
        )
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise CellError(f"there is no day {text} in the calendar.") from None


def parse_instant(text: str, zone: ZoneInfo) -> Instant:
    """The moment that a text names, on the clocks of the zone where it has no offset, or a CellError."""
    if _DATE.fullmatch(text):
        moment = _localised(dt.datetime.combine(parse_day(text), _NOON), zone)
        return Instant(moment, is_date_only=True, is_local=True)
    found = _TIME.fullmatch(text)
    if not found:
        raise CellError(
            f"{shown(text)} is not a date or a date and time; write 2024-05-31, "
            "2024-05-31T14:30 or 2024-05-31T14:30+02:00."
        )
    day = parse_day(found[1])
    try:
        clock = dt.time(int(found[2]), int(found[3]), int(found[4] or 0))
    except ValueError:
        raise CellError(f"there is no time of day {text[11:]}.") from None
    local = dt.datetime.combine(day, clock)
    if found[5] is None:
        return Instant(_localised(local, zone), is_date_only=False, is_local=True)
    try:
        moment = local.replace(tzinfo=_offset(found[5])).astimezone(dt.UTC)
        moment.astimezone(zone)
    except OverflowError:
        raise CellError(f"{text} is outside the calendar.") from None
    return Instant(moment, is_date_only=False, is_local=False)


def _offset(text: str) -> dt.timezone:
    if text == "Z":
        return dt.UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        raise CellError(f"there is no offset {text} from UTC.")
    span = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-span if text[0] == "-" else span)


def _localised(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The moment at which clocks in the zone showed `local`, if there was exactly one."""
    try:
        if (offset := offset_all_day(zone, local.date())) is not None:
            return local.replace(tzinfo=dt.UTC) - offset
        early, late = (local.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    except OverflowError:
        raise CellError(f"{local} is outside the calendar.") from None
    if early == late:
        return early
    # Where clocks were put forward, the moment shows another local time than the one asked for.
    is_skipped = early.astimezone(zone).replace(tzinfo=None) != local
    what = "does not exist" if is_skipped else "happened twice"
    raise CellError(
        f"{local:%Y-%m-%d %H:%M} {what} in {zone.key}, where clocks were changed; add the offset "
        f"from UTC, for example {local:%Y-%m-%dT%H:%M}+01:00."
    )


@lru_cache(maxsize=65_536)
def offset_all_day(zone: ZoneInfo, day: dt.date) -> dt.timedelta | None:
    """The zone's offset from UTC on a day, None on a day on which clocks are changed.

    To ask the zone for every moment takes most of the time of a large file.
    """
    ends = (dt.datetime.combine(day, clock, zone) for clock in (dt.time(0), dt.time(23, 59, 59)))
    offsets = {end.replace(fold=fold).utcoffset() for end in ends for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else None


def absent(text: str) -> str:
    """What to do with a text by which people mean that there is no value."""
    bare = text.strip("().").upper()
    if bare in {"", "-", "?", "X", "N/A", "NAN", "NULL", "NONE", "MISSING", *MISSING_CODES}:
        reasons = ", ".join(MISSING_CODES)
        return (
            " For a value that is absent leave the cell empty; the reason may stand in the column "
            f"of the same name with {MISSING_SUFFIX} ({reasons})."
        )
    return ""


def shown(text: str) -> str:
    """A text in quotes, shortened, for a sentence about it."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")
