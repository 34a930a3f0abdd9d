"""A folder of CSV files, one for each table, beside an optional file that names the cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wearoff.cohort.records.assemble import Found
from wearoff.cohort.records.dictionary import load_dictionary
from wearoff.cohort.records.folder import ABOUT_FILE, read_about
from wearoff.cohort.records.sheet import read_sheet
from wearoff.errors import InputError, Problem

__all__ = ["find_in_csv"]


def find_in_csv(files: Mapping[str, bytes], notes: Sequence[str] = ()) -> Found:
    """The tables of CSV files.

    Args:
        files: content by file name, `patient.csv` and the like, and perhaps `cohort.toml`.
        notes: what is to be said before anything else.

    Raises:
        InputError: with every fault that makes a file unusable.
    """
    problems: list[Problem] = []
    said = list(notes)
    about = read_about(files.get(ABOUT_FILE), problems, said)
    sheets = []
    for table in load_dictionary().tables:
        if table.file in files:
            try:
                sheets.append(read_sheet(table, files[table.file], is_guarded=about.is_guarded))
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    return Found(
        tuple(sheets),
        tuple(said),
        label=about.label,
        is_simulated=about.is_simulated,
        timezone=about.timezone,
    )
