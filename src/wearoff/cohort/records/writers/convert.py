"""A cohort into another format, unless that would hide what was refused.

A row that was refused is a row that somebody recorded: the patient's component is unknown, not empty. The
written files hold accepted rows only and could not say so, so a cohort with such rows is not written unless
the caller says that it is meant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from wearoff.cohort.records.cohort import Cohort
from wearoff.cohort.records.writers.csv import write_csv
from wearoff.cohort.records.writers.dataset_json import write_dataset_json
from wearoff.cohort.records.writers.fhir import write_fhir
from wearoff.errors import InputError, Problem, UnknownNameError

__all__ = ["WRITTEN_FORMATS", "refused_rows", "write_cohort"]


def _csv(cohort: Cohort, out: Path, _: dt.datetime | None) -> tuple[Path, ...]:
    return write_csv(cohort, out)


def _fhir(cohort: Cohort, out: Path, created: dt.datetime | None) -> tuple[Path, ...]:
    return (write_fhir(cohort, out, created=created),)


def _dataset_json(cohort: Cohort, out: Path, created: dt.datetime | None) -> tuple[Path, ...]:
    return write_dataset_json(cohort, out, created=created)


_WRITERS: Final[dict[str, Callable[[Cohort, Path, dt.datetime | None], tuple[Path, ...]]]] = {
    "csv": _csv,
    "fhir": _fhir,
    "dataset-json": _dataset_json,
}
WRITTEN_FORMATS: Final = tuple(_WRITERS)


def write_cohort(
    cohort: Cohort,
    out: Path,
    form: str,
    *,
    leaves_refused: bool = False,
    created: dt.datetime | None = None,
) -> tuple[Path, ...]:
    """Write the accepted rows of a cohort in another format.

    Args:
        cohort: the cohort.
        out: a new or empty folder; for `fhir` a new file.
        form: one of `WRITTEN_FORMATS`.
        leaves_refused: whether rows that were refused may be left out.
        created: moment that the files name as that of their making; None for now.

    Returns:
        The paths of the files.

    Raises:
        InputError: a row was refused that said something no accepted row says, or nothing can be written.
        UnknownNameError: there is no format of this name.
    """
    if form not in _WRITERS:
        raise UnknownNameError("format to write", form, WRITTEN_FORMATS)
    if not leaves_refused and (problems := refused_rows(cohort, only_losses=True)):
        raise InputError(problems)
    return _WRITERS[form](cohort, out, created)


def refused_rows(cohort: Cohort, *, only_losses: bool = False) -> list[Problem]:
    """Every reason for which a row was refused, as problems to mend.

    Args:
        cohort: the cohort.
        only_losses: whether to leave out rows that say nothing beyond an accepted one.
    """
    refused = cohort.receipt.refusals
    if only_losses:
        refused = refused.filter(pl.col("loses_information"))
    return [
        Problem(
            reason=row["reason"],
            file=row["file"],
            row=None if row["place"] else row["row"],
            column=row["column"],
            patient=row["patient_id"],
            value=row["value"],
            table=row["place"],
        )
        for row in refused.to_dicts()
    ]
