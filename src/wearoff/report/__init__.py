"""A result becomes a page and files: nothing is computed here but words and digits.

- `html`: `render_report(result)`, one page of a study that needs nothing from outside.
- `study_pdf`: `render_study_pdf(result)`, the same on A4; `paper_tables`: tables of any width on paper.
- `write`: `write_study(result, folder)`, page, paper, every table as CSV, and `result.json`.
- `patient_html`: `render_patient(found)`, the page of one patient.
- `patient_inputs`, `patient_tables`, `rows`: its tables.
- `patient_pdf`: `render_pdf(found)`, one patient on one sheet of paper.
- `patient_write`: `write_patient(found, folder)`, page, sheet, tables and `result.json` of one patient.
- `explained_html`: `render_explained(found)`, the page of answered questions.
- `page`: what the pages share; `pdf`: what the papers share; `files`: safe CSV and JSON, and whole files or none.
- `figures`: how a number, a missing value and a heading are written for people.
"""

from __future__ import annotations

from wearoff.report.files import ResultFiles
from wearoff.report.html import render_report
from wearoff.report.patient_write import write_patient
from wearoff.report.write import write_study

__all__ = ["ResultFiles", "render_report", "write_patient", "write_study"]
