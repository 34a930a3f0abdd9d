"""Reads a folder of CSV files into a cohort: what is wrong stops the reading or is listed.

A file that cannot be trusted as a whole stops everything, with one error that lists the faults of all
files. A cell or row that cannot be trusted refuses its row, and the receipt says which and why.
Nothing is corrected, and no value changes but for the unit conversions that the receipt names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from wearoff.cohort.records import checks
from wearoff.cohort.records.cells import (
    DTYPES,
    CellError,
    Setting,
    parse_cell,
    parse_column,
    parse_missing_reason,
)
from wearoff.cohort.records.checks import Finding
from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import Column, load_dictionary
from wearoff.cohort.records.folder import (
    ABOUT_FILE,
    check_any_table,
    gather_files,
    known_files,
    not_read,
    read_about,
)
from wearoff.cohort.records.receipt import FileCount, Refusal, make_receipt
from wearoff.cohort.records.scales import notes_on_scales, to_memory_units
from wearoff.cohort.records.schemas import companions_of, empty_table, table_schema, validated
from wearoff.cohort.records.sheet import Ragged, Sheet, read_sheet
from wearoff.errors import InputError, Problem

__all__ = ["read_cohort", "read_files"]


def read_cohort(folder: str | Path, *, as_of: dt.date, timezone: str = "UTC") -> Cohort:
    """The cohort whose tables stand as CSV files in a folder.

    Args:
        folder: where patient.csv, infusion.csv and the others are; any of them may be absent.
        as_of: day on which the data were frozen; a later date refuses its row.
        timezone: name of the zone, such as Europe/Oslo, in which times without an offset and days
            are told.

    Returns:
        The accepted rows, and the receipt of all rows.

    Raises:
        InputError: with every fault that makes a file, the folder or the time zone unusable.
    """
    files, notes = gather_files(Path(folder))
    return _read(files, notes, as_of, timezone)


def read_files(files: Mapping[str, bytes], *, as_of: dt.date, timezone: str = "UTC") -> Cohort:
    """The cohort whose tables are given as the bytes of CSV files, as after an upload.

    Args:
        files: content by file name.
        as_of: day on which the data were frozen; a later date refuses its row.
        timezone: name of the zone in which times without an offset and days are told.

    Returns:
        The accepted rows, and the receipt of all rows.

    Raises:
        InputError: with every fault that makes a file or the time zone unusable.
    """
    known = known_files()
    notes = [not_read(name) for name in sorted(files) if name not in known]
    wanted = {name: content for name, content in files.items() if name in known}
    check_any_table(wanted, "the files given")
    return _read(wanted, notes, as_of, timezone)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A table on its way: every whole record with null for what is no value, and what was found."""

    sheet: Sheet
    frame: pl.DataFrame
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    def found(self, findings: Iterable[Finding]) -> _Draft:
        return _Draft(self.sheet, self.frame, (*self.findings, *findings), self.notes)

    @property
    def survivors(self) -> pl.DataFrame:
        refused = {finding.row for finding in self.findings}
        if not refused:
            return self.frame
        return self.frame.filter(~pl.col("row").is_in(sorted(refused)))


def _read(files: Mapping[str, bytes], notes: list[str], as_of: dt.date, timezone: str) -> Cohort:
    dictionary = load_dictionary()
    problems: list[Problem] = []
    zone = _zone(timezone, problems)
    label, is_simulated = read_about(files.get(ABOUT_FILE), problems, notes)
    sheets = []
    for table in dictionary.tables:
        if table.file in files:
            try:
                sheets.append(read_sheet(table, files[table.file]))
            except InputError as error:
                problems += error.problems
    if problems or zone is None:
        raise InputError(problems)
    setting = Setting(as_of, zone)
    drafts = {sheet.table.name: _draft(sheet, setting) for sheet in sheets}
    written = None
    if "measurement" in drafts:
        draft = drafts["measurement"]
        scaled = to_memory_units(draft.frame, dictionary)
        drafts["measurement"] = _Draft(
            draft.sheet, scaled.frame, (*draft.findings, *scaled.findings), draft.notes
        )
        written = scaled.written
    drafts = _between_rows(drafts, setting)

    frames = {table.name: empty_table(table) for table in dictionary.tables}
    counts, refusals = [], []
    for name, draft in drafts.items():
        sheet = draft.sheet
        frames[name] = validated(draft.survivors, _schema(sheet))
        accepted = frames[name].height
        listed = _refusals(draft, setting)
        counts.append(
            FileCount(
                table=name,
                file=sheet.table.file,
                sha256=sheet.sha256,
                read=sheet.read,
                accepted=accepted,
                refused=len({refusal.row for refusal in listed}),
                columns_not_read=sheet.not_read,
            )
        )
        refusals += listed
        notes += draft.notes
    if written is not None:
        notes += notes_on_scales(written, frames["measurement"], dictionary)
    notes += _without_contrast(frames["mri"])
    receipt = make_receipt(counts, refusals, notes)
    if not receipt.is_balanced:
        raise AssertionError("rows read differ from rows accepted and refused")
    return Cohort(
        **frames,
        present=frozenset(drafts),
        receipt=receipt,
        as_of=as_of,
        timezone=timezone,
        label=label,
        is_simulated=is_simulated,
    )


def _zone(timezone: str, problems: list[Problem]) -> ZoneInfo | None:
    try:
        zone = ZoneInfo(timezone)
        # Days are told by polars, which brings its own list of zones.
        pl.Series([dt.datetime(2000, 1, 1, tzinfo=dt.UTC)]).dt.convert_time_zone(zone.key)
        return zone
    except (ValueError, OSError, KeyError, pl.exceptions.ComputeError):
        reason = f"there is no time zone {timezone!r}; name one such as Europe/Oslo or UTC."
        problems.append(Problem(reason, column="timezone", value=timezone))
        return None


def _draft(sheet: Sheet, setting: Setting) -> _Draft:
    """A sheet with its cells parsed, and each row checked by itself."""
    table, height = sheet.table, len(sheet.rows)
    columns = [pl.Series("row", sheet.rows, pl.Int64)]
    findings: list[Finding] = []
    has_dates_only = has_local_times = False
    zone = setting.zone.key
    for column in sheet.columns:
        texts = sheet.cells.get(column.name)
        if texts is None:
            columns += _nulls(column, height)
            continue
        parsed = parse_column(column, texts, setting)
        columns += parsed.series
        has_dates_only |= parsed.has_dates_only
        has_local_times |= parsed.has_local_times
        findings += _faulty(sheet, column.name, parsed.faults)
    for name in sheet.companions:
        parsed = parse_missing_reason(name, sheet.cells[name])
        columns += parsed.series
        findings += _faulty(sheet, name, parsed.faults)
    frame = pl.DataFrame(columns)
    findings += checks.contradictions(table, frame, sheet.companions)
    absent = [pl.lit(None, pl.String).alias(name) for name in companions_of(table) if name not in frame]
    frame = frame.with_columns(absent).select(_schema(sheet).column_names())
    notes = []
    if has_dates_only:
        notes.append(f"{table.file}: a date without a time of day stands for 12:00 in {zone}")
    if has_local_times:
        notes.append(f"{table.file}: a time without an offset is the local time of {zone}")
    notes += _notes_on_columns(sheet)
    return _Draft(sheet, frame, tuple(findings), tuple(notes))


def _between_rows(drafts: dict[str, _Draft], setting: Setting) -> dict[str, _Draft]:
    """Every draft after the checks that need other rows or the table of patients."""
    drafts = dict(drafts)
    zone = setting.zone.key
    if (patients := drafts.get("patient")) is not None:
        table = patients.sheet.table
        patients = patients.found(checks.repeated(table, patients.survivors, zone))
        drafts["patient"] = patients
        known = frozenset(patients.frame["patient_id"].drop_nulls().to_list()) | {
            name
            for broken in patients.sheet.ragged
            if (name := _first_patient(patients.sheet, broken, setting)) is not None
        }
        births = patients.survivors.select("patient_id", "birth_year")
    for name, draft in drafts.items():
        if name == "patient":
            continue
        table = draft.sheet.table
        if patients is not None:
            draft = draft.found(
                (
                    *checks.unknown_patients(draft.frame, known),
                    *checks.before_birth(table, draft.frame, births, zone),
                )
            )
        draft = draft.found(checks.repeated(table, draft.survivors, zone))
        if name == "infusion":
            draft = draft.found(checks.overlapping_infusions(draft.survivors))
        drafts[name] = draft
    return drafts


def _refusals(draft: _Draft, setting: Setting) -> list[Refusal]:
    """The findings of a draft and its records that are not whole, in the order of the file."""
    sheet = draft.sheet
    table = sheet.table
    places = {row: place for place, row in enumerate(sheet.rows)} if draft.findings else {}
    order = {name: place for place, name in enumerate(sheet.header)}
    patients = draft.frame["patient_id"]
    refusals = []
    for finding in draft.findings:
        place = places[finding.row]
        texts = sheet.cells.get(finding.column) if finding.column is not None else None
        refusals.append(
            Refusal(
                table=table.name,
                file=table.file,
                row=finding.row,
                column=finding.column,
                patient_id=patients[place],
                value=None if texts is None else texts[place],
                reason=finding.reason,
                loses_information=finding.loses_information,
            )
        )
    for broken in sheet.ragged:
        reason = (
            "the row is empty."
            if broken.is_blank
            else f"the row has {broken.fields} fields, the header {len(sheet.header)}; a cell with a "
            'comma needs quotes (") around it, and a number a decimal point.'
        )
        refusals.append(
            Refusal(
                table=table.name,
                file=table.file,
                row=broken.row,
                column=None,
                patient_id=_first_patient(sheet, broken, setting),
                value=None,
                reason=reason,
                loses_information=not broken.is_blank,
            )
        )
    return sorted(refusals, key=lambda each: (each.row, order.get(each.column or "", -1)))


def _faulty(sheet: Sheet, name: str, faults: dict[str, str]) -> list[Finding]:
    if not faults:
        return []
    return [
        Finding(row, name, faults[text])
        for row, text in zip(sheet.rows, sheet.cells[name], strict=True)
        if text in faults
    ]


def _first_patient(sheet: Sheet, broken: Ragged, setting: Setting) -> str | None:
    """The patient of a record that is not whole: its first field, if that is where patients stand."""
    column = sheet.table.column("patient_id")
    if sheet.header[0] != "patient_id" or column is None:
        return None
    try:
        value = parse_cell(column, broken.first, setting)
    except CellError:
        return None
    return value if isinstance(value, str) else None


def _nulls(column: Column, height: int) -> list[pl.Series]:
    series = [pl.Series(column.name, [None], DTYPES[column.kind])]
    if column.flag is not None:
        series.append(pl.Series(column.flag, [None], pl.Boolean))
    return [each.new_from_index(0, height) for each in series]


def _schema(sheet: Sheet) -> type[dy.Schema]:
    table = sheet.table
    always = companions_of(table)
    further = tuple(name for name in sheet.companions if name not in always)
    return table_schema(table, sheet.columns[len(table.fixed) :], further)


def _notes_on_columns(sheet: Sheet) -> list[str]:
    names = [column.name for column in sheet.table.fixed]
    notes = []
    for name in sheet.not_read:
        close = get_close_matches(name.lower().replace(" ", "_"), names, n=1, cutoff=0.75)
        if close and close[0] not in sheet.header:
            notes.append(
                f"{sheet.table.file}: the column {name} was not read; if {close[0]} is meant, rename it"
            )
    return notes


def _without_contrast(mri: pl.DataFrame) -> list[str]:
    silent = mri.filter((pl.col("gd_lesions") == 0) & (pl.col("gd_given") == "N")).height
    if not silent:
        return []
    return [f"{silent} scans without gadolinium state 0 gd_lesions, which says nothing about them"]
