"""Empty tables to fill in: CSV files with their headers, what to know about them, and a REDCap dictionary."""

from __future__ import annotations

from pathlib import Path

from wearoff.cohort.records.dictionary import MISSING_CODES, Column, Table, load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, DICTIONARY_FILE, README_FILE, REDCAP_FILE
from wearoff.cohort.records.writers.csv import csv_bytes, dictionary_csv
from wearoff.cohort.records.writers.files import put_files
from wearoff.cohort.records.writers.redcap_dictionary import redcap_dictionary
from wearoff.cohort.records.writers.texts import number_text

__all__ = ["example_row", "template_files", "write_template"]

_ABOUT = """\
# What the cohort is called, on the head of every page.
label = "My cohort"
# true where the patients are simulated; every page then says so.
simulated = false
# Where the clocks stood that tell times without an offset, such as "Europe/Oslo".
timezone = "UTC"
"""


def write_template(folder: Path) -> tuple[Path, ...]:
    """Write empty tables into a new or empty folder.

    Args:
        folder: where; made if it is not there.

    Returns:
        The paths of the files.

    Raises:
        InputError: the folder holds something or cannot be written.
    """
    return put_files(folder, template_files())


def template_files() -> dict[str, bytes]:
    """The files of a template by name."""
    tables = load_dictionary().tables
    return {
        **{table.file: csv_bytes([column.name for column in table.offered], []) for table in tables},
        ABOUT_FILE: _ABOUT.encode(),
        README_FILE: _readme(tables).encode(),
        DICTIONARY_FILE: dictionary_csv(),
        REDCAP_FILE: redcap_dictionary(),
    }


def example_row(table: Table) -> list[tuple[Column, str]]:
    """Each column that a template offers with a cell as it might stand in a file."""
    return [(column, column.example or _example(column)) for column in table.offered]


def _example(column: Column) -> str:
    """A cell that the column takes, where the dictionary gives no example."""
    match column.kind:
        case "code":
            return column.codes[0]
        case "date":
            return "2021-01-15"
        case "time":
            return "2021-01-15T10:30"
        case "number" | "integer":
            return number_text(float(column.minimum or 0))
        case _:
            return "A01" if column.kind == "identifier" else ""


def _readme(tables: tuple[Table, ...]) -> str:
    lines = [
        "# A cohort to fill in",
        "",
        "One CSV file is one table, one line below the header is one row. Fill in what you have, then run",
        "",
        "    wearoff study THIS_FOLDER -o REPORT",
        "",
        "**Delete every file that you do not fill in.** A file without rows says that nothing happened: an",
        "empty `relapse.csv` is read as patients without relapses, an absent one as relapses unknown.",
        "",
        "- UTF-8, commas between the columns, a decimal point, no unit in a number.",
        "- Dates as `2024-03-01`, times as `2024-03-01T10:30`.",
        "- An empty cell is a value that nobody knows. A column of the same name with the ending `_missing`",
        f"  may say why: {', '.join(MISSING_CODES)} (not done, unknown, not applicable, refused).",
        "- Columns that you do not need may go, but for those marked *required*.",
        "- Pseudonyms only: no names, no national numbers.",
        "",
        f"`{DICTIONARY_FILE}` lists every column with its limits. `{REDCAP_FILE}` holds the same tables as",
        "instruments for REDCap; there, let every instrument but `patient` repeat.",
        "",
        "One example row of each table:",
    ]
    for table in tables:
        lines += [
            "",
            f"## {table.file}",
            "",
            table.about,
            "",
            "| Column | Example | Meaning |",
            "| --- | --- | --- |",
        ]
        for column, example in example_row(table):
            needed = (
                " *Filled in every row.*"
                if column.is_filled
                else " *Required.*"
                if column.is_required
                else ""
            )
            shown = f"`{example}`" if example else ""
            lines.append(f"| `{column.name}` | {shown} | {column.about}{needed} |")
    return "\n".join(lines) + "\n"
