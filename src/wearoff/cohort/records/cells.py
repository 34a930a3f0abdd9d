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
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from wearoff.cohort.records.csv_text import BLANKS
from wearoff.cohort.records.days import (
    CellError,
    Instant,
    absent,
    offset_all_day,
    parse_day,
    parse_instant,
    shown,
)
from wearoff.cohort.records.dictionary import MISSING_CODES, Column

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
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_NUMBER = 30
_LOCAL_MINUTE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"
_LONGEST_NAME = 64
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


@dataclass(frozen=True, slots=True)
class Setting:
    """What reading needs to know beyond the file.

    Attributes:
        as_of: day on which the data were frozen; nothing in them is later.
        zone: where a time without an offset was read from a clock.
    """

    as_of: dt.date
    zone: ZoneInfo


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


def parse_column(column: Column, texts: Sequence[str] | pl.Series, setting: Setting) -> Parsed:
    """The values of a column, each distinct text parsed once.

    Args:
        column: what the cells may hold.
        texts: the cells.
        setting: the day of freezing and the place of the clocks.

    Returns:
        The values, and the reason for each text that is none.
    """
    series = pl.Series(column.name, texts, pl.String)
    if column.kind == "time":
        return _parsed_times(column, series, setting)
    return _parsed(column.kind, series, lambda text: parse_cell(column, text, setting))


def parse_missing_reason(name: str, texts: Sequence[str] | pl.Series) -> Parsed:
    """The codes of a companion column, which say why a value is absent.

    Args:
        name: name of the companion column.
        texts: its cells.

    Returns:
        The codes, and the reason for each text that is none.
    """
    return _parsed("code", pl.Series(name, texts, pl.String), _missing_reason)


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
            day = parse_day(text)
            _check_day(column, day, setting)
            return day
        case "time":
            instant = parse_instant(text, setting.zone)
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


def _parsed(kind: str, texts: pl.Series, parse: Callable[[str], Value | None]) -> Parsed:
    faults: dict[str, str] = {}
    known: dict[str, Value] = {}
    for text in texts.unique().to_list():
        try:
            value = parse(text)
        except CellError as error:
            faults[text] = str(error)
            continue
        if value is not None:
            known[text] = value
    return Parsed((_each(texts, list(known), list(known.values()), DTYPES[kind]),), faults)


def _parsed_times(column: Column, texts: pl.Series, setting: Setting) -> Parsed:
    """The moments of a column; those written as `2024-05-31T14:30` are parsed all at once."""
    distinct = texts.unique()
    plain, moments = _plain_moments(column, distinct, setting)
    faults: dict[str, str] = {}
    instants: dict[str, Instant] = {}
    for text in distinct.filter(~distinct.is_in(plain.implode())).to_list():
        try:
            value = parse_cell(column, text, setting)
        except CellError as error:
            faults[text] = str(error)
            continue
        if isinstance(value, Instant):
            instants[text] = value
    micros = pl.Series([_micros(one.moment) for one in instants.values()], dtype=pl.Int64)
    only = pl.Series([one.is_date_only for one in instants.values()], dtype=pl.Boolean)
    keys = pl.concat([plain, pl.Series(list(instants), dtype=pl.String)])
    times = pl.concat([moments, micros]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    flags = pl.concat([pl.repeat(value=False, n=plain.len(), eager=True, dtype=pl.Boolean), only])
    flag = column.flag or "is_date_only"
    return Parsed(
        (_each(texts, keys, times, TIME), _each(texts, keys, flags, pl.Boolean()).alias(flag)),
        faults,
        has_local_times=plain.len() > 0
        or any(one.is_local and not one.is_date_only for one in instants.values()),
        has_dates_only=bool(only.any()),
    )


def _plain_moments(column: Column, distinct: pl.Series, setting: Setting) -> tuple[pl.Series, pl.Series]:
    """Texts that are local minutes of days on which no clock was changed, and their microseconds in UTC.

    Whatever else a text is, and whatever is wrong with it, is left to `parse_cell`.
    """
    last = setting.as_of.toordinal() + column.ahead_d
    latest = dt.date.fromordinal(min(last, dt.date.max.toordinal()))
    frame = (
        pl.DataFrame({"text": distinct})
        .filter(pl.col("text").str.contains(_LOCAL_MINUTE))
        .with_columns(local=pl.col("text").str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", strict=False))
        .filter(pl.col("local").dt.date().is_between(column.earliest, latest))
        .with_columns(day=pl.col("local").dt.date())
    )
    days = frame["day"].unique().to_list()
    offsets = [offset_all_day(setting.zone, day) for day in days]
    spans = _each(frame["day"], days, offsets, pl.Duration("us"))
    utc = (frame["local"] - spans).dt.replace_time_zone("UTC").cast(pl.Int64)
    is_known = spans.is_not_null()
    return frame["text"].filter(is_known), utc.filter(is_known)


def _each(
    given: pl.Series, keys: Sequence[Any] | pl.Series, values: Sequence[Any] | pl.Series, dtype: pl.DataType
) -> pl.Series:
    """The value of every key in a series, null where it has none."""
    if not len(keys):
        return pl.Series(given.name, [None], dtype).new_from_index(0, given.len())
    old = pl.Series(keys, dtype=given.dtype)
    new = pl.Series(values, dtype=dtype)
    return given.replace_strict(old, new, default=None, return_dtype=dtype)


def _identifier(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        raise CellError(f"the identifier is longer than {_LONGEST_NAME} characters; shorten it.")
    if not text.isprintable():
        raise CellError("the identifier holds a character that does not print; remove it.")
    return text


def _word(text: str) -> str:
    if not _WORD.fullmatch(text) or len(text) > _LONGEST_NAME:
        raise CellError(
            f"{shown(text)} is not a word in lower case (letters, digits and _, for example nfl)."
        )
    return text


def _code(codes: Sequence[str], text: str) -> str:
    if text in codes:
        return text
    lower = {code.lower(): code for code in codes}
    close = get_close_matches(text.lower(), lower, n=1)
    hint = f" Did you mean {lower[close[0]]!r}?" if close else ""
    raise CellError(f"{shown(text)} is not one of {', '.join(codes)}.{hint}{absent(text)}")


def _number(column: Column, text: str) -> float:
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        raise CellError(f"{shown(text)} is not a number.{_way_out(text)}")
    number = float(text)
    if not math.isfinite(number):  # pragma: no cover - thirty digits are always finite
        raise CellError(f"{shown(text)} is not a finite number.")
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
        raise CellError(f"{shown(text)} is not a whole number.{whole}{_way_out(text)}")
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
        raise CellError(f"{shown(text)} is outside {allowed}{unit}{hint}")


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
    return absent(text)


def _plain(number: float | str | None) -> str:
    return f"{number:g}" if isinstance(number, int | float) else str(number)


def _micros(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)
