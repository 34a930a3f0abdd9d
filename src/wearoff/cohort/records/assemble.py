"""From the sheets of any reader to a cohort: what is wrong stops the reading or is listed.

A table that cannot be trusted as a whole has stopped everything before it came here. A cell or row that
cannot be trusted refuses its row, and the receipt says which and why. Nothing is corrected, and no value
changes but for the unit conversions that the receipt names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
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
from wearoff.cohort.records.receipt import FileCount, NotUsed, Refusal, SourceCount, make_receipt
from wearoff.cohort.records.scales import notes_on_scales, to_memory_units
from wearoff.cohort.records.schemas import companions_of, empty_table, table_schema, validated
from wearoff.cohort.records.sheet import Ragged, Sheet
from wearoff.errors import InputError, Problem

__all__ = ["Found", "assemble", "zone_of"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found in what the user gave, before any cell of it is judged.

    Attributes:
        sheets: the tables, at most one of each.
        notes: what was not read, and what was converted.
        sources: how many records became rows, for a format in which a record is not simply a row.
        not_used: the records that became none.
        label: what the cohort is called, if it says so.
        is_simulated: whether it says that its patients are simulated.
        timezone: the zone in which its clocks stood, if it says so.
    """

    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...] = ()
    sources: tuple[SourceCount, ...] = ()
    not_used: tuple[NotUsed, ...] = ()
    label: str | None = None
    is_simulated: bool = False
    timezone: str | None = None


def assemble(found: Found, *, as_of: dt.date, timezone: str | None) -> Cohort:
    """The cohort of the sheets that a reader found.

    Args:
        found: the sheets and what else there is to say.
        as_of: day on which the data were frozen; a later date refuses its row.
        timezone: name of the zone in which times without an offset and days are told; None for the zone
            that the cohort itself names, and UTC where it names none.

    Returns:
        The accepted rows, and the receipt of all rows.

    Raises:
        InputError: if there is no such time zone.
    """
    dictionary = load_dictionary()
    name_of_zone = timezone or found.timezone or "UTC"
    setting = Setting(as_of, zone_of(name_of_zone))
    notes = list(found.notes)
    drafts = {sheet.table.name: _draft(sheet, setting) for sheet in found.sheets}
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
                file=sheet.origin.file,
                sha256=sheet.origin.sha256,
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
    receipt = make_receipt(counts, refusals, notes, found.sources, found.not_used)
    if not receipt.is_balanced:
        raise AssertionError("rows read differ from rows accepted and refused")
    return Cohort(
        **frames,
        present=frozenset(drafts),
        receipt=receipt,
        as_of=as_of,
        timezone=name_of_zone,
        label=found.label,
        is_simulated=found.is_simulated,
        origins={name: draft.sheet.origin for name, draft in drafts.items()},
    )


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


def zone_of(timezone: str) -> ZoneInfo:
    """The time zone of this name, or an InputError that says how such names look."""
    try:
        zone = ZoneInfo(timezone)
        # Days are told by polars, which brings its own list of zones.
        pl.Series([dt.datetime(2000, 1, 1, tzinfo=dt.UTC)]).dt.convert_time_zone(zone.key)
        return zone
    except (ValueError, OSError, KeyError, pl.exceptions.ComputeError):
        reason = f"there is no time zone {timezone!r}; name one such as Europe/Oslo or UTC."
        raise InputError(Problem(reason, column="timezone", value=timezone)) from None


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
    findings += [Finding(fault.row, fault.column, fault.reason) for fault in sheet.faults]
    frame = pl.DataFrame(columns)
    findings += checks.contradictions(table, frame, sheet.companions)
    absent = [pl.lit(None, pl.String).alias(name) for name in companions_of(table) if name not in frame]
    frame = frame.with_columns(absent).select(_schema(sheet).column_names())
    notes = []
    if has_dates_only:
        notes.append(f"{sheet.origin.name}: a date without a time of day stands for 12:00 in {zone}")
    if has_local_times:
        notes.append(f"{sheet.origin.name}: a time without an offset is the local time of {zone}")
    if not sheet.read:
        notes.append(
            f"{sheet.origin.name} has no rows, which says that there was nothing to "
            "record; leave it out if it was not recorded"
        )
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
    where = sheet.origin.where
    refusals = []
    for finding in draft.findings:
        place = places[finding.row]
        texts = sheet.cells.get(finding.column) if finding.column is not None else None
        refusals.append(
            Refusal(
                table=table.name,
                file=sheet.origin.file,
                row=finding.row,
                column=finding.column,
                patient_id=patients[place],
                value=None if texts is None else texts[place],
                reason=finding.reason,
                loses_information=finding.loses_information,
                place=None if where is None else where(finding.row, finding.column),
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
                file=sheet.origin.file,
                row=broken.row,
                column=None,
                patient_id=_first_patient(sheet, broken, setting),
                value=None,
                reason=reason,
                loses_information=not broken.is_blank,
                place=None if where is None else where(broken.row, None),
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
                f"{sheet.origin.name}: the column {name} was not read; if {close[0]} is meant, rename it"
            )
    return notes


def _without_contrast(mri: pl.DataFrame) -> list[str]:
    silent = mri.filter((pl.col("gd_lesions") == 0) & (pl.col("gd_given") == "N")).height
    if not silent:
        return []
    return [f"{silent} scans without gadolinium state 0 gd_lesions, which says nothing about them"]
