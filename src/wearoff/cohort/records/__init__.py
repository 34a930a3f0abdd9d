"""The records of a cohort: files in, typed tables and a receipt of every row out, and back into files.

- `reader`: a folder or file in any format, or uploaded files, to a `Cohort`; `choices`: what a format leaves open
- `readers`: one module for each format
- `writers`: CSV, FHIR, Dataset-JSON, empty templates and a dictionary for REDCap
- `frames`: a `Cohort` from tables that are in memory already
- `cohort`: the ten tables, the patients, and who lost a row
- `receipt`: what was read, accepted, refused and assumed
- `dictionary`: tables, columns, codes and limits, which are data in `dictionary.toml`
- `origin`, `csv_text`, `sheet`, `assemble`, `cells`, `days`, `checks`, `scales`, `schemas`: the stages from text to
  an accepted table
- `folder`, `guard`: what lies in a folder, and texts that must not become formulas
"""

from wearoff.cohort.records.choices import ReadingChoices
from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import Analyte, Column, Dictionary, Table, load_dictionary
from wearoff.cohort.records.frames import cohort_of_frames
from wearoff.cohort.records.reader import FORMATS, format_of, read_cohort, read_files
from wearoff.cohort.records.receipt import Receipt

__all__ = [
    "FORMATS",
    "Analyte",
    "Cohort",
    "Column",
    "Dictionary",
    "ReadingChoices",
    "Receipt",
    "Table",
    "cohort_of_frames",
    "format_of",
    "load_dictionary",
    "read_cohort",
    "read_files",
]
