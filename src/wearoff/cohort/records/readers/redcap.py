"""Exports of REDCap: flat, one row for each record, event and instance, or EAV, one line for each value.

In a project made from `redcap_dictionary.csv` a field is named after its table and its column, such as
`visit_edss`, and the record is the patient; what another project calls them, the user states
(`redcap_names`). Codes are exported raw. Where a project has the missing data
codes ND, UNK, NA and REF, such a code in place of a value says why there is none. Fields and instruments
that belong to no table are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256

from wearoff.cohort.records.assemble import Found
from wearoff.cohort.records.csv_text import BLANKS, decoded, records_of
from wearoff.cohort.records.dictionary import MISSING_CODES, MISSING_SUFFIX, Table, load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, read_about
from wearoff.cohort.records.guard import TEXT_KINDS
from wearoff.cohort.records.origin import Origin
from wearoff.cohort.records.readers.redcap_names import RedcapNames, names_in
from wearoff.cohort.records.readers.rows import Leftovers, Rows
from wearoff.errors import InputError, Problem

__all__ = ["find_in_redcap"]

_EVENT, _INSTRUMENT, _INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
_OWN = "redcap_"
_COMPLETE = "_complete"
_LONG = ("record", "field_name", "value")


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of the export: where it stands in the project, and its cells by field."""

    row: int
    record: str
    event: str
    instrument: str
    instance: str
    cells: Mapping[str, str]

    @property
    def place(self) -> str:
        repeat = f"{self.instrument} {self.instance}".strip()
        return ", ".join(part for part in (self.event and f"event {self.event}", repeat) if part)

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.record, self.event, self.instrument, self.instance)


@dataclass(slots=True)
class _Export:
    """What is made of an export while it is read."""

    file: str
    has_events: bool
    rows: dict[str, Rows]
    left: Leftovers
    sha256: str
    theirs: Mapping[str, str]

    def table(self, table: Table) -> Rows:
        """The rows of a table, begun when first asked for."""
        if table.name not in self.rows:
            self.rows[table.name] = Rows(
                table,
                self.file,
                self.sha256,
                has_rows_of_file=True,
                field_prefix=f"{table.name}_",
                field_names=self.theirs,
            )
        return self.rows[table.name]


def find_in_redcap(files: Mapping[str, bytes]) -> Found:
    """The tables of an export.

    Args:
        files: one CSV file by its name, and perhaps `cohort.toml`.

    Raises:
        InputError: with every fault that makes the export unusable.
    """
    problems: list[Problem] = []
    notes: list[str] = []
    about = read_about(files.get(ABOUT_FILE), problems, notes)
    names = names_in(about.redcap, problems)
    exports = {name: content for name, content in files.items() if name != ABOUT_FILE}
    if len(exports) != 1:
        raise InputError([*problems, Problem(f"give one export of REDCap, not {len(exports)} files.")])
    ((name, content),) = exports.items()
    origin = Origin(name, sha256(content).hexdigest())
    try:
        header, *records = records_of(origin, decoded(origin, content))
        header = [cell.strip(BLANKS) for cell in header]
        lines = [
            (row, record) for row, record in enumerate(records, start=2) if "".join(record).strip(BLANKS)
        ]
        header, lines = _in_our_names(names, header, lines)
        problems += _faults(name, header, lines)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    theirs = {ours: field for field, ours in names.fields.items()}
    export = _Export(name, _EVENT in header, {}, Leftovers(name), origin.sha256, theirs)
    if set(_LONG) <= set(header):
        _read_long(export, header, lines)
    else:
        _read_flat(export, header, lines, notes)
    if "patient" in export.rows:
        _add_patients(export, header, lines)
    return Found(
        tuple(rows.sheet() for rows in export.rows.values()),
        tuple(notes),
        sources=(export.left.counted(len(lines)),),
        not_used=export.left.not_used,
        label=about.label,
        is_simulated=about.is_simulated,
        timezone=about.timezone,
    )


def _in_our_names(
    names: RedcapNames, header: list[str], lines: list[tuple[int, list[str]]]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The export with the user's names of fields, instruments and codes turned into ours."""
    if names == RedcapNames():
        return header, lines
    is_long = set(_LONG) <= set(header)
    renamed = []
    for row, record in lines:
        cells = dict(zip(header, (cell.strip(BLANKS) for cell in record), strict=False))
        if _INSTRUMENT in cells:
            cells[_INSTRUMENT] = names.instruments.get(cells[_INSTRUMENT], cells[_INSTRUMENT])
        if is_long and "field_name" in cells:
            name = cells["field_name"]
            cells |= {
                "field_name": names.fields.get(name, name),
                "value": names.value(name, cells.get("value", "")),
            }
        else:
            cells = {name: names.value(name, cell) for name, cell in cells.items()}
        renamed.append((row, list(cells.values()) if len(record) == len(header) == len(cells) else record))
    return header if is_long else [names.fields.get(name, name) for name in header], renamed


def _add_patients(export: _Export, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> None:
    """A row for each record of which the form of the patient holds nothing: a record is a patient."""
    place = header.index("record") if set(_LONG) <= set(header) else 0
    patients = export.rows["patient"]
    known = patients.patients
    for row, record in lines:
        name = record[place].strip(BLANKS)
        if name and name not in known:
            known.add(name)
            patients.add(row, {"patient_id": name})


def _faults(name: str, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> list[Problem]:
    problems = [
        Problem(f"the field stands {count} times in the header; export it again.", name, 1, field)
        for field, count in Counter(header).items()
        if count > 1
    ]
    problems += [
        Problem(f"the row has {len(record)} fields, the header {len(header)}; export it again.", name, row)
        for row, record in lines
        if len(record) != len(header)
    ]
    if set(_LONG) <= set(header) or problems:
        return problems
    known = {field: owner for field in header[1:] if (owner := _owner(field)) is not None}
    if not known:
        some = ", ".join(f"{table.name}_{table.required[-1]}" for table in load_dictionary().tables[1:4])
        reason = (
            f"no field of the header belongs to a table; fields are named like {some}. Was it exported with "
            "labels? Then export it raw."
        )
        return [Problem(reason, name, 1)]
    for table in {id(table): table for table, _ in known.values()}.values():
        columns = {column for owner, column in known.values() if owner is table}
        problems += [
            Problem("the field is missing; export it too.", name, 1, f"{table.name}_{column}")
            for column in table.required
            if column not in columns and column != "patient_id"
        ]
        if table.at_least_one and not columns & set(table.at_least_one):
            fields = ", ".join(f"{table.name}_{column}" for column in table.at_least_one)
            problems.append(Problem(f"one of the fields {fields} is required; export one.", name, 1))
    return problems


def _read_flat(
    export: _Export, header: Sequence[str], lines: Sequence[tuple[int, list[str]]], notes: list[str]
) -> None:
    owners = {field: _owner(field) for field in header[1:]}
    for owner in owners.values():
        if owner is not None:
            export.table(owner[0]).columns.append(owner[1])
    unknown = [
        field
        for field, owner in owners.items()
        if owner is None and field and not field.startswith(_OWN) and not field.endswith(_COMPLETE)
    ]
    if unknown:
        notes.append(f"{export.file}: fields that belong to no table were not read: {', '.join(unknown)}")
    found: dict[tuple[str, str, str, str], list[_Line]] = {}
    for row, record in lines:
        cells = {name: cell.strip(BLANKS) for name, cell in zip(header, record, strict=True)}
        line = _Line(
            row,
            record[0].strip(BLANKS),
            cells.get(_EVENT, ""),
            cells.get(_INSTRUMENT, ""),
            cells.get(_INSTANCE, ""),
            cells,
        )
        found.setdefault(line.key, []).append(line)
    for group in found.values():
        for line in group:
            by_table: dict[str, dict[str, str]] = {}
            for name, owner in owners.items():
                if owner is not None and (cell := line.cells[name]):
                    by_table.setdefault(owner[0].name, {})[owner[1]] = cell
            others = [other.row for other in group if other is not line and other.cells != line.cells]
            _take(export, line, by_table, others)


def _read_long(export: _Export, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> None:
    places = {name: place for place, name in enumerate(header)}
    groups: dict[tuple[tuple[str, str, str, str], str], tuple[_Line, dict[str, str]]] = {}
    clashes: dict[tuple[tuple[str, str, str, str], str], list[tuple[str, int]]] = {}
    for row, record in lines:

        def cell(name: str, record: list[str] = record) -> str:
            return record[places[name]].strip(BLANKS) if name in places else ""

        name, value = cell("field_name"), cell("value")
        line = _Line(row, cell("record"), cell(_EVENT), cell(_INSTRUMENT), cell(_INSTANCE), {})
        owner = _owner(name)
        if owner is None:
            export.left.add(f"field {name}", f"row {row}", _why_no_field(name))
            continue
        table, column = owner
        known = groups.setdefault((line.key, table.name), (line, {}))[1]
        if known.setdefault(column, value) != value:
            clashes.setdefault((line.key, table.name), []).append((column, row))
    for (key, name), (line, cells) in groups.items():
        _take(
            export, line, {name: {column: cell for column, cell in cells.items() if cell}}, [], is_long=True
        )
        for column, row in clashes.get((key, name), ()):
            if name in export.rows and line.row in export.rows[name]:
                reason = f"row {row} states another value of this field for the same instance; keep one."
                export.rows[name].refuse(line.row, column, reason)


def _take(
    export: _Export,
    line: _Line,
    by_table: Mapping[str, Mapping[str, str]],
    others: Sequence[int],
    *,
    is_long: bool = False,
) -> None:
    """The rows of tables that one row of the export makes."""
    tables = {table.name: table for table in load_dictionary().tables}
    if line.instrument and line.instrument not in tables:
        close = get_close_matches(line.instrument.lower().replace(" ", "_"), tables, n=1)
        hint = f" If {close[0]} is meant, name the instrument so." if close else ""
        reason = f"the instrument is none of the tables.{hint}"
        export.left.add(f"instrument {line.instrument}", f"row {line.row}", reason)
        return
    if not any(by_table.values()):
        if is_long:
            export.left.add("lines without a value", f"row {line.row}", "the fields are empty.")
        elif line.instrument:
            by_table = {line.instrument: {}}
        else:
            export.left.add("rows without a field of a table", f"row {line.row}", "there is nothing to read.")
            return
    for name, cells in by_table.items():
        rows = export.table(tables[name])
        rows.add(line.row, {"patient_id": line.record, **_with_reasons(tables[name], cells)}, line.place)
        for reason in _wrong(export, line, name, others):
            rows.refuse(line.row, None, reason)


def _wrong(export: _Export, line: _Line, name: str, others: Sequence[int]) -> list[str]:
    """Why a row of the export cannot be placed in its project."""
    reasons = []
    if export.has_events and not line.event:
        reasons.append(f"{_EVENT} is empty, although the project has events; export it again.")
    if line.instrument and line.instrument != name:
        reasons.append(
            f"the row belongs to the instrument {line.instrument}, but holds fields of {name}; export it again."
        )
    if line.instrument and not line.instance:
        reasons.append(f"{_INSTANCE} is empty, although the instrument repeats; export it again.")
    elif line.instance and not (line.instance.isascii() and line.instance.isdigit() and int(line.instance)):
        reasons.append(f"{_INSTANCE} is {line.instance[:20]!r}; it must be 1, 2 and so on.")
    if others:
        rows = ", ".join(map(str, others))
        reasons.append(
            f"the same record, event and instance stand in row {rows} with other values; keep one."
        )
    return reasons


def _with_reasons(table: Table, cells: Mapping[str, str]) -> dict[str, str]:
    """The cells, a missing data code in place of a value moved to the column that gives the reason."""
    result = dict(cells)
    for name, cell in cells.items():
        column = table.column(name)
        if cell not in MISSING_CODES or column is None or name.endswith(MISSING_SUFFIX):
            continue
        is_value = column.kind in TEXT_KINDS or cell in column.codes
        if not is_value and not column.is_filled and not cells.get(name + MISSING_SUFFIX):
            result[name], result[name + MISSING_SUFFIX] = "", cell
    return result


def _owner(name: str) -> tuple[Table, str] | None:
    """The table and column of a field; None where it belongs to none."""
    for table in load_dictionary().tables:
        column = name.removeprefix(f"{table.name}_")
        if column == name or not column or column == "patient_id" or name == f"{table.name}{_COMPLETE}":
            continue
        base = column.removesuffix(MISSING_SUFFIX)
        if table.column(column) is not None or (base != column and table.column(base) is not None):
            return table, column
        if table.keeps_others:
            return table, column
    return None


def _why_no_field(name: str) -> str:
    if name.endswith(_COMPLETE):
        return "it says whether a form is complete."
    fields = [f"{table.name}_{column.name}" for table in load_dictionary().tables for column in table.fixed]
    close = get_close_matches(name.lower(), fields, n=1, cutoff=0.8)
    return "the field belongs to no table." + (f" If {close[0]} is meant, name it so." if close else "")
