import csv
import io
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.cohort.records.drawn import AS_OF
from wearoff.cohort.records import load_dictionary, read_cohort, read_files
from wearoff.cohort.records.cells import Setting, parse_cell
from wearoff.cohort.records.writers.redcap_dictionary import HEADINGS, redcap_dictionary
from wearoff.cohort.records.writers.template import example_row, template_files, write_template


def test_a_template_is_a_cohort_without_rows_that_says_what_that_means(tmp_path: Path) -> None:
    write_template(tmp_path / "cohort")
    cohort = read_cohort(tmp_path / "cohort", as_of=AS_OF)
    assert cohort.present == {table.name for table in load_dictionary().tables}
    assert cohort.patients == ()
    assert cohort.receipt.refusals.height == 0
    assert any(note.startswith("relapse.csv has no rows") for note in cohort.receipt.notes)


def test_every_example_row_is_accepted() -> None:
    files = {}
    for table in load_dictionary().tables:
        row = example_row(table)
        out = io.StringIO()
        csv.writer(out).writerows([[column.name for column, _ in row], [example for _, example in row]])
        files[table.file] = out.getvalue().encode()
    cohort = read_files(files, as_of=AS_OF)
    assert cohort.receipt.refusals.height == 0, str(cohort.receipt)
    assert all(frame.height == 1 for frame in cohort.tables.values())


def test_a_column_without_an_example_gets_one_that_it_takes() -> None:
    for table in load_dictionary().tables:
        bare = replace(table, columns=tuple(replace(column, example="") for column in table.columns))
        for column, example in example_row(bare):
            if example or (column.is_filled and column.kind not in ("text", "word")):
                parse_cell(column, example, Setting(AS_OF, ZoneInfo("UTC")))


def test_the_readme_names_every_column() -> None:
    text = template_files()["README.md"].decode()
    for table in load_dictionary().tables:
        assert f"## {table.file}" in text
        for column in table.offered:
            assert f"| `{column.name}` |" in text


def test_the_redcap_dictionary_is_one_that_redcap_takes() -> None:
    header, *rows = csv.reader(io.StringIO(redcap_dictionary().decode(), newline=""))
    assert tuple(header) == HEADINGS
    assert len(HEADINGS) == 18
    names = [row[0] for row in rows]
    assert names[0] == "patient_id"
    assert len(names) == len(set(names))
    assert all(
        name.isascii() and name == name.lower() and name.isidentifier() and len(name) <= 100 for name in names
    )
    forms = [row[1] for row in rows]
    # The fields of an instrument stand together, or REDCap turns the file away.
    assert [form for place, form in enumerate(forms) if place == 0 or forms[place - 1] != form] == [
        table.name for table in load_dictionary().tables
    ]
    for row in rows:
        assert row[3] in ("text", "radio", "dropdown")
        assert bool(row[5]) == (row[3] != "text")
        assert row[7] in ("", "number", "integer", "date_ymd", "datetime_ymd")
