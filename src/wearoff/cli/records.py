"""`wearoff template` and `wearoff convert`: empty tables to fill in, and cohorts from one format to another."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wearoff.cohort.records import ReadingChoices


class FormatChoice(StrEnum):
    """The formats that are read."""

    CSV = "csv"
    EXCEL = "excel"
    REDCAP = "redcap"
    MSBASE = "msbase"
    FHIR = "fhir"
    NONMEM = "nonmem"
    DATASET_JSON = "dataset-json"


class WrittenChoice(StrEnum):
    """The formats that are written."""

    CSV = "csv"
    FHIR = "fhir"
    DATASET_JSON = "dataset-json"


class CompartmentChoice(StrEnum):
    """What CMT 1 of an event table is."""

    DEPOT = "depot"
    CENTRAL = "central"


class TreatmentChoice(StrEnum):
    """What a row of a treatment table is."""

    INFUSIONS = "infusions"
    PERIODS = "periods"


FormatOption = Annotated[
    FormatChoice | None, typer.Option("--format", help="What the source is, where it cannot be seen.")
]
OriginOption = Annotated[
    str | None, typer.Option(help="When TIME is 0 in an event table: 2020-01-31 or 2020-01-31T10:00.")
]
UnitOption = Annotated[
    list[str] | None,
    typer.Option("--unit", help="Unit of a column of an event table, such as TIME=h; repeatable."),
]
CompartmentOption = Annotated[
    CompartmentChoice | None, typer.Option(help="What CMT 1 of an event table is: depot or central.")
]
TreatmentOption = Annotated[
    TreatmentChoice | None, typer.Option(help="What a row of an MSBase treatment table is.")
]
AsOfOption = Annotated[
    str | None, typer.Option(help="Day of analysis, YYYY-MM-DD; later dates are refused. Default: today.")
]
TimezoneOption = Annotated[
    str | None,
    typer.Option(
        help="Timezone of times without one, e.g. Europe/Oslo. Default: what the cohort says, or UTC."
    ),
]


def template(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")],
) -> None:
    """Write empty tables to fill in, with what to know about them and a REDCap dictionary."""
    from wearoff.cohort.records.writers.template import write_template

    for path in write_template(folder):
        typer.echo(path)


def convert(
    source: Annotated[Path, typer.Argument(metavar="FOLDER_OR_FILE", help="A cohort, as for study.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="A new or empty folder; for fhir a new file.")],
    to: Annotated[WrittenChoice, typer.Option(help="What to write.")],
    form: FormatOption = None,
    leave_refused: Annotated[
        bool, typer.Option("--leave-refused", help="Write the accepted rows even where rows were refused.")
    ] = False,
    as_of: AsOfOption = None,
    timezone: TimezoneOption = None,
    origin: OriginOption = None,
    unit: UnitOption = None,
    first_compartment: CompartmentOption = None,
    treatments: TreatmentOption = None,
) -> None:
    """Write a cohort in another format; what is written reads back as the same cohort."""
    from wearoff.cohort.records import read_cohort
    from wearoff.cohort.records.writers.convert import write_cohort

    cohort = read_cohort(
        source,
        as_of=day(as_of),
        timezone=timezone,
        form=None if form is None else form.value,
        choices=reading_choices(origin, unit, first_compartment, treatments),
    )
    paths = write_cohort(cohort, out, to.value, leaves_refused=leave_refused)
    typer.echo(str(cohort.receipt))
    for path in paths:
        typer.echo(path)


def reading_choices(
    origin: str | None,
    unit: list[str] | None,
    first_compartment: CompartmentChoice | None,
    treatments: TreatmentChoice | None,
) -> ReadingChoices:
    """The options that a format leaves open, as one value."""
    from wearoff.cohort.records import ReadingChoices

    return ReadingChoices(
        origin=origin,
        units=dict(_unit(text) for text in unit or []),
        first_compartment=None if first_compartment is None else first_compartment.value,
        treatments=None if treatments is None else treatments.value,
    )


def day(text: str | None) -> date:
    """The day of analysis, today where none is named."""
    if text is None:
        return date.today()  # noqa: DTZ011 - the user's own calendar day
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"--as-of {text!r} is not a date like 2024-03-31") from error


def _unit(text: str) -> tuple[str, str]:
    column, equals, unit = text.partition("=")
    if not (column and equals and unit):
        raise typer.BadParameter(f"--unit {text!r} is not COLUMN=UNIT, such as TIME=h")
    return column, unit
