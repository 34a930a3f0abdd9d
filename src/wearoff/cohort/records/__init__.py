"""The records of a cohort: CSV files in, typed tables and a receipt of every row out.

- `reader`: a folder, or uploaded files, to a `Cohort`
- `cohort`: the ten tables, the patients, and who lost a row
- `receipt`: what was read, accepted, refused and assumed
- `dictionary`: tables, columns, codes and limits, which are data in `dictionary.toml`
- `sheet`, `cells`, `checks`, `scales`, `schemas`: the stages from bytes to an accepted table
"""

from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.dictionary import Analyte, Column, Dictionary, Table, load_dictionary
from wearoff.cohort.records.reader import read_cohort, read_files
from wearoff.cohort.records.receipt import Receipt

__all__ = [
    "Analyte",
    "Cohort",
    "Column",
    "Dictionary",
    "Receipt",
    "Table",
    "load_dictionary",
    "read_cohort",
    "read_files",
]
