"""A cohort from tables that are in memory already: those of virtual patients, and those of an archive.

No text is parsed, and nothing is refused row by row: whoever makes such tables must make them right, so a table that
breaks the data dictionary, or a check that every file has to pass, is an error with its place. What becomes a cohort
here, written and read again, is the same cohort.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from wearoff.cohort.records import checks
from wearoff.cohort.records.assemble import zone_of
from wearoff.cohort.records.cells import CellError, Setting, parse_cell
from wearoff.cohort.records.checks import Finding
from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import MISSING_SUFFIX, Column, Dictionary, Table, load_dictionary
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.receipt import FileCount, make_receipt
from wearoff.cohort.records.scales import to_memory_units
from wearoff.cohort.records.schemas import companions_of, empty_table, table_schema
from wearoff.errors import InputError, Problem

__all__ = ["cohort_of_frames", "digest_of"]

_FIRST_ROW = 2
_SHOWN = 20


def cohort_of_frames(
    frames: Mapping[str, pl.DataFrame],
    *,
    as_of: dt.date,
    timezone: str = "UTC",
    label: str | None = None,
    is_simulated: bool = False,
) -> Cohort:
    """The cohort of these tables.

    Args:
        frames: a frame for each table that there is, by the name of the table. Columns are those of the data
            dictionary in memory, in any order. Where `row` is absent the rows are numbered as they would stand in a
            file; other columns that are absent and may be hold nulls.
        as_of: day on which the data were frozen; nothing in them is later.
        timezone: name of the zone in which days are told.
        label: what the cohort is called.
        is_simulated: whether its patients are simulated.

    Returns:
        The cohort, with every row accepted. Its inputs are the digests of the tables.

    Raises:
        InputError: with every fault that was found, at most twenty for each table.
    """
    dictionary = load_dictionary()
    known = {table.name: table for table in dictionary.tables}
    setting = Setting(as_of, zone_of(timezone))
    problems = [
        Problem(f"there is no table {name!r}; there are {', '.join(known)}.", file=name)
        for name in frames
        if name not in known
    ]
    whole: dict[str, pl.DataFrame] = {}
    for name, table in known.items():
        if name in frames:
            try:
                whole[name] = _whole(table, frames[name])
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    for name, frame in whole.items():
        problems += _problems(known[name], frame, _findings(known[name], whole, setting, dictionary))
    if problems:
        raise InputError(problems)
    counts = [
        FileCount(name, known[name].file, digest_of(frame), frame.height, frame.height, 0, ())
        for name, frame in whole.items()
    ]
    return Cohort(
        **{name: whole.get(name, empty_table(table)) for name, table in known.items()},
        present=frozenset(whole),
        receipt=make_receipt(counts, (), ()),
        as_of=as_of,
        timezone=timezone,
        label=label,
        is_simulated=is_simulated,
        origins={count.table: Origin(count.file, count.sha256) for count in counts},
    )


def digest_of(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's names, types and values, which does not depend on how memory holds them."""
    digest = sha256(f"{frame.height}".encode())
    for series in frame.iter_columns():
        digest.update(f"\n{series.name}\t{series.dtype}\t{series.null_count()}\n".encode())
        if series.null_count() == series.len():
            continue
        if series.null_count():
            digest.update(series.is_null().to_numpy().tobytes())
        if series.dtype == pl.String:
            texts = series.drop_nulls()
            digest.update(texts.str.len_bytes().to_numpy().tobytes())
            digest.update(texts.str.join("").item().encode())
        else:
            digest.update(series.drop_nulls().to_physical().to_numpy().tobytes())
    return digest.hexdigest()


def _whole(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column of the table in its order, if it keeps the schema."""
    further, companions, strangers = _further(table, frame)
    if strangers:
        raise InputError(
            Problem("the data dictionary has no such column; leave it out.", file=table.file, column=name)
            for name in strangers
        )
    schema = table_schema(table, further, companions)
    wanted = schema.create_empty().schema
    problems = [
        Problem(f"the column holds {frame.schema[name]}, not {dtype}.", file=table.file, column=name)
        for name, dtype in wanted.items()
        if name in frame.columns and frame.schema[name] != dtype
    ]
    if problems:
        raise InputError(problems)
    columns = [
        pl.col(name) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in wanted.items()
        if name != "row"
    ]
    row = (
        pl.col("row")
        if "row" in frame.columns
        else pl.int_range(_FIRST_ROW, _FIRST_ROW + pl.len(), dtype=pl.Int64)
    )
    whole = frame.select(row.alias("row"), *columns)
    _, failure = schema.filter(whole)
    if failure.counts():
        raise InputError(_problems(table, whole, _broken_rules(failure)))
    return whole


def _further(
    table: Table, frame: pl.DataFrame
) -> tuple[tuple[Column, ...], tuple[str, ...], tuple[str, ...]]:
    """Columns beyond the fixed ones, reasons for their absences, and columns that mean nothing."""
    own = {column.name for column in table.fixed}
    fixed = own | {"row"} | {column.flag for column in table.fixed} | set(companions_of(table))
    columns: list[Column] = []
    companions, strangers = [], []
    for name in frame.columns:
        base = name.removesuffix(MISSING_SUFFIX)
        if name in fixed:
            continue
        if base != name and base in frame.columns and base not in own:
            companions.append(name)
        elif (column := table.column(name)) is not None:
            columns.append(column)
        elif table.keeps_others:
            columns.append(Column(name=name, kind="text", about="Kept as it was written."))
        else:
            strangers.append(name)
    return tuple(columns), tuple(companions), tuple(strangers)


def _broken_rules(failure: dy.FailureInfo) -> Iterator[Finding]:
    failing = failure.details()
    for rule in failure.counts():
        column, _, what = rule.partition("|")
        reason = f"the value breaks the rule {what or rule} of the data dictionary."
        for row in failing.filter(pl.col(rule) == "invalid")["row"].head(_SHOWN).to_list():
            yield Finding(row, column if column in failing.columns else None, reason)


def _findings(
    table: Table, frames: Mapping[str, pl.DataFrame], setting: Setting, dictionary: Dictionary
) -> Iterator[Finding]:
    """What the checks of a file find in a table that keeps its schema."""
    frame, zone = frames[table.name], setting.zone.key
    companions = [
        name
        for name in frame.columns
        if name.endswith(MISSING_SUFFIX)
        and name.removesuffix(MISSING_SUFFIX) in frame.columns
        and frame[name].null_count() < frame.height
    ]
    yield from _cells(table, frame, setting, is_known="patient" in frames and table.name != "patient")
    yield from checks.contradictions(table, frame, companions)
    if table.name == "measurement":
        scaled = to_memory_units(frame, dictionary)
        yield from scaled.findings
        if not scaled.frame.equals(frame):
            wrong = scaled.frame["unit"].ne_missing(frame["unit"])
            reason = "the value is not in the unit of memory; convert it."
            yield from (Finding(row, "unit", reason) for row in frame.filter(wrong)["row"].to_list())
    if table.name != "patient" and (patients := frames.get("patient")) is not None:
        yield from checks.unknown_patients(frame, frozenset(patients["patient_id"].to_list()))
        yield from checks.before_birth(table, frame, patients.select("patient_id", "birth_year"), zone)
    yield from checks.repeated(table, frame, zone)
    if table.name == "infusion":
        yield from checks.overlapping_infusions(frame)


def _cells(table: Table, frame: pl.DataFrame, setting: Setting, *, is_known: bool) -> Iterator[Finding]:
    """Cells that no file could hold as they stand: days after the freezing, names that do not print, outer blanks.

    Patients who are known by the table of patients have been judged there.
    """
    zone: ZoneInfo = setting.zone
    for column in (*table.fixed, *_further(table, frame)[0]):
        values = frame[column.name]
        if values.null_count() == frame.height or (is_known and column.kind == "identifier"):
            continue
        latest = setting.as_of + dt.timedelta(days=column.ahead_d)
        match column.kind:
            case "date" | "time":
                days = values.dt.convert_time_zone(zone.key).dt.date() if column.kind == "time" else values
                is_wrong = (days < column.earliest) | (days > latest)
                reason = f"the day is not between {column.earliest} and {latest}."
            case "integer" if column.maximum == "as_of":
                is_wrong = values > setting.as_of.year
                reason = f"the year is after {setting.as_of.year}, when the data were frozen."
            case "identifier" | "word" | "text":
                faults = _texts_at_fault(column, values, setting)
                is_wrong = values.is_in(list(faults))
                reason = next(iter(faults.values()), "")
            case _:
                continue
        if is_wrong.any():
            rows = frame.filter(is_wrong.fill_null(value=False))["row"].to_list()
            yield from (Finding(row, column.name, reason) for row in rows)


def _texts_at_fault(column: Column, values: pl.Series, setting: Setting) -> dict[str, str]:
    faults = {}
    for text in values.unique().drop_nulls().to_list():
        try:
            is_same = parse_cell(column, text, setting) == text
        except CellError as error:
            faults[text] = str(error)
        else:
            if not is_same:
                faults[text] = f"a file could not hold {text!r} as it stands."
    return faults


def _problems(table: Table, frame: pl.DataFrame, findings: Iterator[Finding]) -> list[Problem]:
    listed = list(islice(findings, _SHOWN))
    if not listed:
        return []
    patients = dict(frame.select("row", "patient_id").iter_rows())
    return [
        Problem(
            each.reason, file=table.file, row=each.row, column=each.column, patient=patients.get(each.row)
        )
        for each in listed
    ]
