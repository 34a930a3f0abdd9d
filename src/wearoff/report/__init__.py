"""A result becomes a page and files: nothing is computed here but words and digits.

- `html`: `render_report(result)`, one page that needs nothing from outside.
- `write`: `write_study(result, folder)`, the page, every table as CSV, and `result.json`.
- `figures`: how a number, a missing value and a heading are written for people.
"""

from __future__ import annotations

from wearoff.report.html import render_report
from wearoff.report.write import StudyFiles, write_study

__all__ = ["StudyFiles", "render_report", "write_study"]
