"""`wearoff study`: a cohort, or a published study, in; a report as HTML and PDF, tables and result.json out."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wearoff.cli.records import (
    AsOfOption,
    CompartmentOption,
    FormatOption,
    OriginOption,
    TimezoneOption,
    TreatmentOption,
    UnitOption,
    day,
    reading_choices,
)
from wearoff.errors import InputError

if TYPE_CHECKING:
    from wearoff.cohort.records import Cohort
    from wearoff.cohort.results import StudyResult
    from wearoff.report import ResultFiles


class AnswerChoice(StrEnum):
    """Which of several wearing-off answers of a patient is used."""

    FIRST = "first"
    LAST = "last"
    WORST = "worst"


def study(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER_OR_FILE",
            help="The cohort: a folder of CSV files (patient.csv, infusion.csv, ...), or an Excel workbook, an "
            "export of REDCap or MSBase, a FHIR bundle, Dataset-JSON or an event table.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the report.")] = Path("wearoff-report"),
    published: Annotated[
        str | None, typer.Option(help="A published study instead: bringeland-2020 or van-kempen-2019.")
    ] = None,
    rule: Annotated[str, typer.Option(help="Name of the NEDA rule.")] = "neda3_12w",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the rule, e.g. closes_late_days=30; repeatable."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="Window of the first screen, e.g. 'kept to year 2'; default year 1.")
    ] = None,
    answer: Annotated[
        AnswerChoice, typer.Option(help="Which wearing-off answer counts.")
    ] = AnswerChoice.FIRST,
    interval_rule: Annotated[
        str | None,
        typer.Option(help="Rule that tells standard from extended dosing; default touch_primary."),
    ] = None,
    diary_rule: Annotated[
        str | None,
        typer.Option(help="Rule that reads wearing-off from a diary; default rise_two_cycles."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of the dosing model.")] = None,
    draws: Annotated[int, typer.Option(min=20, max=20_000, help="Virtual copies of each patient.")] = 200,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of every drawn number.")] = None,
    as_of: AsOfOption = None,
    timezone: TimezoneOption = None,
    form: FormatOption = None,
    origin: OriginOption = None,
    unit: UnitOption = None,
    first_compartment: CompartmentOption = None,
    treatments: TreatmentOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop if any row is refused.")] = False,
) -> None:
    """Answer the question of wearing-off on a cohort or on published figures."""
    if (source is None) == (published is None):
        raise typer.BadParameter("give either a FOLDER_OR_FILE or --published NAME")
    if published is not None:
        from wearoff.cohort.published import analyse_published

        result = analyse_published(published)
    else:
        assert source is not None  # noqa: S101 - one of the two is given
        result = _cohort_result(
            source,
            read=partial(
                _read,
                as_of=day(as_of),
                timezone=timezone,
                form=None if form is None else form.value,
                choices=reading_choices(origin, unit, first_compartment, treatments),
            ),
            strict=strict,
            choices={
                "rule": rule,
                "settings": dict(parse_setting(text) for text in setting or []),
                "answer": answer.value,
                "window": window,
                **({} if interval_rule is None else {"interval_rule": interval_rule}),
                **({} if diary_rule is None else {"diary_rule": diary_rule}),
                **({} if model is None else {"model": model}),
                "draws": draws,
                **({} if seed is None else {"seed": seed}),
            },
        )
    from wearoff.report import write_study

    show(result, write_study(result, out))


def _read(source: Path, **options: Any) -> Cohort:
    from wearoff.cohort.records import read_cohort

    return read_cohort(source, **options)


def _cohort_result(
    source: Path, *, read: Callable[[Path], Cohort], strict: bool, choices: dict[str, object]
) -> StudyResult:
    from rich.console import Console

    from wearoff.cohort.records.writers.convert import refused_rows
    from wearoff.cohort.study import StudyChoices, analyse_cohort

    console = Console(stderr=True)
    with console.status("reading the records", spinner="line") as status:
        cohort = read(source)
        if strict and cohort.receipt.refusals.height:
            raise InputError(refused_rows(cohort))

        def progress(step: str) -> None:
            status.update(step)

        return analyse_cohort(
            cohort,
            name=source.resolve().name,
            choices=StudyChoices(**choices),  # type: ignore[arg-type]
            progress=progress,
        )


def show(result: StudyResult, files: ResultFiles) -> None:
    """Print the first screen and where everything was written."""
    from rich.console import Console
    from rich.markup import escape
    from rich.padding import Padding
    from rich.table import Table

    console = Console(highlight=False)
    if result.banner:
        console.print(escape(result.banner), style="bold reverse")
    console.print(f"\n[bold]{escape(result.answer.question)}[/bold]")
    console.print(Padding(escape(result.answer.headline), (0, 0, 1, 2)))
    grid = Table.grid(padding=(0, 2))
    for finding in result.answer.findings:
        grid.add_row(f"[bold]{escape(finding.label)}[/bold]", escape(finding.value), escape(finding.detail))
    console.print(Padding(grid, (0, 0, 1, 2)))
    refusals = result.tables.get("refusals")
    if refusals is not None and refusals.frame.height:
        rows = refusals.frame.height
        said = "1 row was refused; it" if rows == 1 else f"{rows} rows were refused; each"
        console.print(f"  {said} is listed in {files.tables['refusals']}", soft_wrap=True)
    console.print(f"  report  {files.report}", soft_wrap=True)
    console.print(f"  paper   {files.paper}", soft_wrap=True)
    console.print(f"  tables  {files.result.parent / 'tables'}", soft_wrap=True)
    console.print(f"  result  {files.result}\n", soft_wrap=True)


def parse_setting(text: str) -> tuple[str, int | float | bool | str]:
    """A setting of a rule from `NAME=VALUE`: a number, true or false, or the name of a choice."""
    name, equals, value = text.partition("=")
    words: dict[str, bool] = {"true": True, "false": False}
    if equals and value in words:
        return name, words[value]
    try:
        number = float(value)
    except ValueError as error:
        if equals and value:
            return name, value
        raise typer.BadParameter(
            f"--set {text!r} is not NAME=NUMBER, NAME=true|false or NAME=CHOICE"
        ) from error
    return name, int(number) if number.is_integer() else number
