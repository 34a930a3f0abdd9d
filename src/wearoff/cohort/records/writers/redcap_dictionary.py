"""The data dictionary as instruments of REDCap: the CSV file with 18 columns that REDCap imports.

One table is one instrument. A variable of REDCap is unique in its project, so each is named after its
table and its column, such as `visit_edss`; the record is the patient. That every instrument but the
patient's repeats is a setting of the project, which this file cannot carry.
"""

from __future__ import annotations

from typing import Final

from wearoff.cohort.records.dictionary import MISSING_CODES, Column, Table, load_dictionary
from wearoff.cohort.records.writers.csv import csv_bytes
from wearoff.cohort.records.writers.texts import number_text

__all__ = ["HEADINGS", "redcap_dictionary"]

HEADINGS: Final = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
_VALIDATION: Final = {"number": "number", "integer": "integer", "date": "date_ymd", "time": "datetime_ymd"}
_MOST_CODES_AS_BUTTONS: Final = 4


def redcap_dictionary() -> bytes:
    """The instruments as the CSV file that REDCap imports under its Data Dictionary."""
    record = {
        "Variable / Field Name": "patient_id",
        "Form Name": "patient",
        "Field Type": "text",
        "Field Label": "The patient's pseudonym",
        "Identifier?": "y",
        "Required Field?": "y",
        "Field Note": "No name, no number of a register.",
    }
    rows = [record]
    for table in load_dictionary().tables:
        rows += [_field(table, column) for column in table.offered if column.name != "patient_id"]
    return csv_bytes(HEADINGS, ([row.get(heading, "") for heading in HEADINGS] for row in rows))


def _field(table: Table, column: Column) -> dict[str, str]:
    field = {
        "Variable / Field Name": f"{table.name}_{column.name}",
        "Form Name": table.name,
        "Field Type": "text",
        "Field Label": column.about,
        "Required Field?": "y" if column.is_filled else "",
        "Field Note": _note(column),
    }
    if column.codes:
        field["Field Type"] = "radio" if len(column.codes) <= _MOST_CODES_AS_BUTTONS else "dropdown"
        field["Choices, Calculations, OR Slider Labels"] = " | ".join(
            f"{code}, {code}" for code in column.codes
        )
    elif column.kind in _VALIDATION:
        field["Text Validation Type OR Show Slider Number"] = _VALIDATION[column.kind]
        # A limit is soft in REDCap: it warns. The reader refuses.
        field["Text Validation Min"] = _limit(column.minimum)
        field["Text Validation Max"] = _limit(column.maximum)
        if column.kind == "date":
            field["Text Validation Min"] = column.earliest.isoformat()
    return field


def _note(column: Column) -> str:
    parts = [column.unit or ""]
    if column.kind == "word":
        parts.append("a word in lower case")
    if not column.is_filled:
        parts.append(f"no value: {', '.join(MISSING_CODES)} as missing data codes of the project")
    return "; ".join(part for part in parts if part)


def _limit(limit: float | str | None) -> str:
    return number_text(float(limit)) if isinstance(limit, int | float) else ""
