"""A workbook says what the same tables say as CSV, and whatever it shows differently is refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests.cohort.records.drawn import AS_OF, ZONE, assert_same
from tests.cohort.records.reading import outcome
from tests.cohort.records.test_fuzz import CONTENT, VALID
from wearoff.cohort.records import Cohort, load_dictionary, read_files
from wearoff.errors import InputError

moment = dt.datetime.fromisoformat


def workbook(tables: dict[str, str], *, is_typed: bool) -> openpyxl.Workbook:
    """The tables as sheets; typed as a person's spreadsheet would have made of them, or all as text."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, text in tables.items():
        sheet = book.create_sheet(name.removesuffix(".csv"))
        table = load_dictionary().table(sheet.title)
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        sheet.append(header)
        for record in rows:
            if not any(record):
                continue
            cells = [
                _typed(table.column(head), cell) if is_typed else cell or None
                for head, cell in zip(header, record, strict=True)
            ]
            sheet.append(cells)
            for place, cell in enumerate(cells, start=1):
                if isinstance(cell, str):  # openpyxl takes a text that begins with = for a formula
                    sheet.cell(sheet.max_row, place).data_type = "s"
    return book


def _typed(column: Any, cell: str) -> Any:
    if not cell:
        return None
    if column is not None and column.kind in ("number", "integer"):
        return float(cell) if "." in cell else int(cell)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return dt.datetime.fromisoformat(cell)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", cell):
        return dt.datetime.fromisoformat(cell)
    return cell


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(content: bytes, name: str = "cohort.xlsx") -> Cohort:
    return read_files({name: content}, as_of=AS_OF, timezone=ZONE)


def visits(*rows: list[Any], header: tuple[str, ...] = ("patient_id", "date", "edss")) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "visit"
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    return book


DAY = moment("2020-01-01")


def refusals(book: openpyxl.Workbook | bytes) -> str:
    return str(read(book if isinstance(book, bytes) else saved(book)).receipt)


@pytest.mark.parametrize("is_typed", [True, False])
def test_a_workbook_says_what_the_same_csv_files_say(is_typed: bool) -> None:
    cohort = read(saved(workbook(VALID, is_typed=is_typed)))
    assert cohort.receipt.is_balanced
    assert_same(read_files(CONTENT, as_of=AS_OF, timezone=ZONE), cohort)


def test_a_refusal_names_sheet_and_cell() -> None:
    assert (
        refusals(visits(["P1", DAY, 2.3]))
        .splitlines()[1]
        .startswith("cohort.xlsx, sheet visit, cell C2, column edss, patient P1: 2.3 does not exist here")
    )


def test_an_accepted_row_is_found_again_in_its_sheet() -> None:
    cohort = read(saved(visits(["P1", DAY, 2])))
    assert cohort.place("visit", 2) == "cohort.xlsx, sheet visit, row 2"
    assert cohort.place("visit", 2, "edss") == "cohort.xlsx, sheet visit, cell C2"
    assert cohort.place("mri", 3, "new_t2") == "mri.csv, row 3, column new_t2"


def test_the_whole_number_of_a_workbook_is_a_patient() -> None:
    cohort = read(saved(visits([17, DAY, 2])))
    assert cohort.visit["patient_id"].to_list() == ["17"]


@pytest.mark.parametrize(
    ("place", "value", "shown_by", "says"),
    [
        ("C2", 0.02, "0%", "the cell shows a percentage and holds 0.02"),
        ("A2", 17, "00000", "the cell holds the number 17, shown by the format 00000; store it as text"),
        ("A2", 1234567890123456789, "0", "more than 15 digits has lost some"),
        ("C2", moment("2024-05-02"), None, "'2024-05-02' is not a number"),
        ("B2", 43831, "General", "'43831' is not a date"),
        ("B2", moment("2020-01-01T10:30"), None, "'2020-01-01T10:30:00' is not a date"),
        ("C2", True, None, "'TRUE' is not a number"),
        ("C2", "=1+1", None, "the formula has no computed value"),
        ("C2", "#N/A", None, "the cell holds the error #N/A"),
        ("E2", "x", None, "cell E2 holds something, but its column has no name"),
    ],
)
def test_a_cell_that_shows_something_else_than_it_holds_is_refused(
    place: str, value: Any, shown_by: str | None, says: str
) -> None:
    book = visits(["P1", DAY, 2])
    book.active[place] = value
    if shown_by:
        book.active[place].number_format = shown_by
    cohort = read(saved(book))
    assert cohort.visit.height == 0
    assert says in str(cohort.receipt)
    assert cohort.receipt.is_balanced


def test_a_formula_counts_with_the_value_last_computed() -> None:
    book = visits(["P1", DAY, 777])
    computed = _changed(saved(book), "xl/worksheets/sheet1.xml", "<v>777</v>", "<f>1+1</f><v>2</v>")
    cohort = read(computed)
    assert cohort.visit["edss"].to_list() == [2.0]
    assert any("1 cells are formulas" in note for note in cohort.receipt.notes)


def test_merged_cells_refuse_their_rows() -> None:
    book = visits(["P1", DAY, 2], ["P1", moment("2021-01-01"), 2], ["P2", DAY, 2])
    book.active.merge_cells("A2:A3")
    cohort = read(saved(book))
    assert cohort.visit["patient_id"].to_list() == ["P2"]
    assert "are merged" in str(cohort.receipt)


def test_a_hidden_sheet_is_never_read_in_silence() -> None:
    book = visits(["P1", DAY, 2])
    book.create_sheet("lists").sheet_state = "hidden"
    assert any("the hidden sheet lists was not read" in note for note in read(saved(book)).receipt.notes)
    book.create_sheet("mri").sheet_state = "veryHidden"
    with pytest.raises(InputError, match="sheet mri: the sheet is hidden"):
        read(saved(book))


def test_sheets_that_are_no_tables_are_named() -> None:
    book = visits(["P1", DAY, 2])
    book.create_sheet("Visits")
    assert any("if it is a table, name it visit" in note for note in read(saved(book)).receipt.notes)
    with pytest.raises(InputError, match="no sheet bears the name of a table"):
        read(saved(openpyxl.Workbook()))


def test_a_missing_column_names_its_sheet() -> None:
    with pytest.raises(InputError, match=r"cohort.xlsx, sheet visit, row 1, column edss: the required"):
        read(saved(visits(["P1", DAY], header=("patient_id", "date"))))


def test_a_time_keeps_its_minute() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "infusion"
    sheet.append(["patient_id", "start_time"])
    for minute in range(0, 1440, 7):
        sheet.append(["P1", moment("2020-06-01") + dt.timedelta(days=minute, minutes=minute)])
    found = read(saved(book)).infusion["start_time"].to_list()
    assert len(found) == 206
    assert {one.second + one.microsecond for one in found} == {0}


def _changed(content: bytes, part: str, old: str, new: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == part:
                assert old.encode() in data
                data = data.replace(old.encode(), new.encode())
            target.writestr(entry, data)
    return out.getvalue()


def _cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def _flipped(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :]


def _damaged_part(rng: random.Random, content: bytes) -> bytes:
    """One part of the workbook changed, cut or left out, in a package that is whole."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        entries = source.infolist()
        chosen = rng.choice(entries)
        for entry in entries:
            data = source.read(entry)
            if entry is chosen:
                change: Callable[[random.Random, bytes], bytes] = rng.choice((_cut, _flipped, lambda *_: b""))
                data = change(rng, data)
                if rng.random() < 0.2:
                    continue
            target.writestr(entry, data)
    return out.getvalue()


def test_a_damaged_workbook_is_turned_away_or_every_row_is_accounted_for() -> None:
    rng = random.Random(5)  # noqa: S311 - a seed is wanted
    content = saved(workbook({name: VALID[name] for name in ("visit.csv", "infusion.csv")}, is_typed=True))
    fared = {"read": 0, "turned away": 0}
    for _ in range(150):
        damaged = rng.choice((_cut, _flipped, _damaged_part))(rng, content)
        cohort, problems = outcome({"cohort.xlsx": damaged}, form="excel")
        fared["turned away" if cohort is None else "read"] += 1
        assert all(problem.file == "cohort.xlsx" for problem in problems)
    assert min(fared.values()) > 10
