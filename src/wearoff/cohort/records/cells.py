"""From the text of one cell to a value, or the reason why it has none; nothing is guessed.

Numbers have digits and one decimal point, dates are `2024-05-31`, codes are exact. Whatever else a
spreadsheet may have made of a value is refused with the way to write it. A column is parsed by its
distinct texts, of which there are few, so that a million rows take about a second.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from wearoff.cohort.records.dictionary import MISSING_CODES, MISSING_SUFFIX, Column
from wearoff.cohort.records.sheet import BLANKS

__all__ = [
    "DTYPES",
    "CellError",
    "Parsed",
    "Setting",
    "parse_cell",
    "parse_column",
    "parse_missing_reason",
]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_INTEGER = re.compile(r"(-?[0-9]+)(?:\.0+)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_NUMBER = 30
_LONGEST_NAME = 64
_NOON = dt.time(12)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

TIME = pl.Datetime("us", "UTC")
DTYPES: dict[str, pl.DataType] = {
    "identifier": pl.String(),
    "word": pl.String(),
    "text": pl.String(),
    "code": pl.String(),
    "number": pl.Float64(),
    "integer": pl.Int64(),
    "date": pl.Date(),
    "time": TIME,
}


class CellError(ValueError):
    """A cell's text is not a value of its column; the message says why and what to write."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What reading needs to know beyond the file.

    Attributes:
        as_of: day on which the data were frozen; nothing in them is later.
        zone: where a time without an offset was read from a clock.
    """

    as_of: dt.date
    zone: ZoneInfo


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


Value = str | float | int | dt.date | Instant


@dataclass(frozen=True, slots=True)
class Parsed:
    """The values of one column, null where there is none.

    Attributes:
        series: the values, and for a time the flag beside it.
        faults: reason for each text that is not a value.
        has_local_times: whether a time of day was written without an offset.
        has_dates_only: whether a time was written as a date.
    """

    series: tuple[pl.Series, ...]
    faults: dict[str, str]
    has_local_times: bool = False
    has_dates_only: bool = False


def parse_column(column: Column, texts: Sequence[str], setting: Setting) -> Parsed:
    """The values of a column, each distinct text parsed once.

    Args:
        column: what the cells may hold.
        texts: the cells.
        setting: the day of freezing and the place of the clocks.

    Returns:
        The values, and the reason for each text that is none.
    """
    return _parsed(
        column.name, column.kind, texts, lambda text: parse_cell(column, text, setting), column.flag
    )


def parse_missing_reason(name: str, texts: Sequence[str]) -> Parsed:
    """The codes of a companion column, which say why a value is absent.

    Args:
        name: name of the companion column.
        texts: its cells.

    Returns:
        The codes, and the reason for each text that is none.
    """
    return _parsed(name, "code", texts, _missing_reason, None)


def parse_cell(column: Column, text: str, setting: Setting) -> Value | None:
    """The value of one cell, or None where it is empty.

    Args:
        column: what the cell may hold.
        text: its text.
        setting: the day of freezing and the place of the clocks.

    Returns:
        A text, a number, a date or an instant, within the limits of the column.

    Raises:
        CellError: if it is not such a value.
    """
    text = text.strip(BLANKS)
    if not text:
        if column.is_filled:
            raise CellError("the cell is empty; every row needs it.")
        return None
    match column.kind:
        case "text":
            return text
        case "identifier":
            return _identifier(text)
        case "word":
            return _word(text)
        case "code":
            return _code(column.codes, text)
        case "date":
            day = _date(text)
            _check_day(column, day, setting)
            return day
        case "time":
            instant = _instant(text, setting.zone)
            _check_day(column, instant.moment.astimezone(setting.zone).date(), setting)
            return instant
        case "number":
            number = _number(column, text)
            _check_range(column, number, text, setting)
            return number
        case "integer":
            count = _integer(text)
            _check_range(column, count, text, setting)
            return count


def _missing_reason(text: str) -> str | None:
    bare = text.strip(BLANKS)
    return _code(MISSING_CODES, bare) if bare else None


def _parsed(
    name: str,
    kind: str,
    texts: Sequence[str],
    parse: Callable[[str], Value | None],
    flag: str | None,
) -> Parsed:
    faults: dict[str, str] = {}
    values: dict[str, Value | None] = {}
    for text in set(texts):
        try:
            values[text] = parse(text)
        except CellError as error:
            values[text] = None
            faults[text] = str(error)
    if kind == "time":
        instants = {text: value for text, value in values.items() if isinstance(value, Instant)}
        micros = {text: _micros(value.moment) for text, value in instants.items()}
        only = {text: value.is_date_only for text, value in instants.items()}
        moments = pl.Series(name, [micros.get(text) for text in texts], pl.Int64)
        flags = pl.Series(flag, [only.get(text) for text in texts], pl.Boolean)
        return Parsed(
            (moments.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), flags),
            faults,
            has_local_times=any(value.is_local and not value.is_date_only for value in instants.values()),
            has_dates_only=any(only.values()),
        )
    if kind == "date":
        days = {text: _days(value) for text, value in values.items() if isinstance(value, dt.date)}
        series = pl.Series(name, [days.get(text) for text in texts], pl.Int32).cast(pl.Date)
    else:
        series = pl.Series(name, [values[text] for text in texts], DTYPES[kind])
    return Parsed((series,), faults)


def _identifier(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        raise CellError(f"the identifier is longer than {_LONGEST_NAME} characters; shorten it.")
    if not text.isprintable():
        raise CellError("the identifier holds a character that does not print; remove it.")
    return text


def _word(text: str) -> str:
    if not _WORD.fullmatch(text) or len(text) > _LONGEST_NAME:
        raise CellError(
            f"{_shown(text)} is not a word in lower case (letters, digits and _, for example nfl)."
        )
    return text


def _code(codes: Sequence[str], text: str) -> str:
    if text in codes:
        return text
    lower = {code.lower(): code for code in codes}
    close = get_close_matches(text.lower(), lower, n=1)
    hint = f" Did you mean {lower[close[0]]!r}?" if close else ""
    raise CellError(f"{_shown(text)} is not one of {', '.join(codes)}.{hint}{_absent(text)}")


def _number(column: Column, text: str) -> float:
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        raise CellError(f"{_shown(text)} is not a number.{_way_out(text)}")
    number = float(text)
    if not math.isfinite(number):  # pragma: no cover - thirty digits are always finite
        raise CellError(f"{_shown(text)} is not a finite number.")
    step = column.step
    if number in column.but_not or (step is not None and math.remainder(number, step) != 0.0):
        low, high = _plain(column.minimum), _plain(column.maximum)
        steps = f" in steps of {_plain(step)}" if step is not None else ""
        never = f", and never {', '.join(map(_plain, column.but_not))}" if column.but_not else ""
        raise CellError(f"{text} does not exist here: values are {low} to {high}{steps}{never}.")
    return number + 0.0


def _integer(text: str) -> int:
    found = _INTEGER.fullmatch(text)
    if not found or len(text) > _LONGEST_NUMBER:
        whole = " It must be whole." if _NUMBER.fullmatch(text) else ""
        raise CellError(f"{_shown(text)} is not a whole number.{whole}{_way_out(text)}")
    return int(found[1])


def _check_range(column: Column, number: float, text: str, setting: Setting) -> None:
    low = column.minimum
    high = setting.as_of.year if column.maximum == "as_of" else column.maximum
    too_low = low is not None and number < low
    too_high = high is not None and number > high
    if too_low or too_high:
        unit = f" {column.unit}" if column.unit else ""
        allowed = f"at least {_plain(low)}" if high is None else f"{_plain(low)} to {_plain(high)}"
        hint = f": {column.hint}" if column.hint else "."
        raise CellError(f"{_shown(text)} is outside {allowed}{unit}{hint}")


def _date(text: str) -> dt.date:
    found = _DATE.fullmatch(text)
    if not found:
        raise CellError(
            f"{_shown(text)} is not a date; write year-month-day, for example 2024-05-31.{_absent(text)}"
        )
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise CellError(f"there is no day {text} in the calendar.") from None


def _instant(text: str, zone: ZoneInfo) -> Instant:
    if _DATE.fullmatch(text):
        moment = _localised(dt.datetime.combine(_date(text), _NOON), zone)
        return Instant(moment, is_date_only=True, is_local=True)
    found = _TIME.fullmatch(text)
    if not found:
        raise CellError(
            f"{_shown(text)} is not a date or a date and time; write 2024-05-31, "
            "2024-05-31T14:30 or 2024-05-31T14:30+02:00."
        )
    day = _date(found[1])
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
        if (offset := _offset_all_day(zone, local.date())) is not None:
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
def _offset_all_day(zone: ZoneInfo, day: dt.date) -> dt.timedelta | None:
    """The zone's offset from UTC on a day, None on a day on which clocks are changed.

    To ask the zone for every moment takes most of the time of a large file.
    """
    ends = (dt.datetime.combine(day, clock, zone) for clock in (dt.time(0), dt.time(23, 59, 59)))
    offsets = {end.replace(fold=fold).utcoffset() for end in ends for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else None


def _check_day(column: Column, day: dt.date, setting: Setting) -> None:
    if day < column.earliest:
        raise CellError(f"{day} is before {column.earliest}; is the year right?")
    if (day - setting.as_of).days > column.ahead_d:
        more = f" by more than {column.ahead_d} days" if column.ahead_d else ""
        raise CellError(f"{day} is after {setting.as_of}, when the data were frozen{more}.")


def _way_out(text: str) -> str:
    if re.fullmatch(r"-?[0-9]+,[0-9]+", text):
        return " Write a decimal point, and no comma."
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+", text):
        return " Write it out without an exponent."
    if text[0] in "<>":
        return " Leave the cell empty, and state lloq and below_lloq where the table has them."
    if _NUMBER.fullmatch(text):
        return f" It has more than {_LONGEST_NUMBER} characters." * (len(text) > _LONGEST_NUMBER)
    return _absent(text)


def _absent(text: str) -> str:
    """What to do with a text by which people mean that there is no value."""
    bare = text.strip("().").upper()
    if bare in {"", "-", "?", "X", "N/A", "NAN", "NULL", "NONE", "MISSING", *MISSING_CODES}:
        reasons = ", ".join(MISSING_CODES)
        return (
            " For a value that is absent leave the cell empty; the reason may stand in the column "
            f"of the same name with {MISSING_SUFFIX} ({reasons})."
        )
    return ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…")


def _plain(number: float | str | None) -> str:
    return f"{number:g}" if isinstance(number, int | float) else str(number)


def _days(day: dt.date) -> int:
    return day.toordinal() - _EPOCH.toordinal()


def _micros(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)
