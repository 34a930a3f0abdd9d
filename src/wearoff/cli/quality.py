"""`wearoff quality FOLDER [-o list.csv]`: what in a cohort's records deserves a second look, counted by rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.cli.records import day
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from wearoff.cohort.quality import QualityReport


def quality(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with the cohort's CSV files (patient.csv, infusion.csv, ...)."),
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="CSV file for the whole list.")] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Only this rule; repeatable. Default: every rule.")
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="Print every rule with its limits and their sources, and stop.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="Day of analysis, YYYY-MM-DD; later dates are refused. Default: today.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Timezone of times without one, e.g. Europe/Oslo.")] = "UTC",
) -> None:
    """List what in a cohort's records deserves a second look; nothing is changed."""
    from wearoff.cohort.quality import check_quality, load_quality_rule, quality_rule_names

    chosen = [load_quality_rule(name) for name in rule or quality_rule_names()]
    if rules:
        for each in chosen:
            typer.echo(each.describe())
        return
    if folder is None:
        raise typer.BadParameter("give a FOLDER, or --rules")
    if out is not None and out.suffix != ".csv":
        raise typer.BadParameter(f"-o {out.name!r} is no .csv file")
    from rich.console import Console

    from wearoff.cohort.records import read_cohort

    with Console(stderr=True).status("reading the records", spinner="line"):
        cohort = read_cohort(folder, as_of=day(as_of), timezone=timezone)
        report = check_quality(cohort, chosen)
    _show(report)
    if out is not None:
        _write(report, out)
        typer.echo(f"  list  {out}")


def _show(report: QualityReport) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:  # what is not read on a terminal is read by a program: a rule is a line there
        console = Console(highlight=False, markup=False, width=240)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("rule", no_wrap=True)
    table.add_column("findings", justify="right")
    table.add_column("patients", justify="right")
    table.add_column("what it looks for")
    for row in report.counts.iter_rows(named=True):
        if row["state"] == "checked":
            table.add_row(row["rule"], str(row["findings"]), str(row["patients"]), row["title"])
        else:
            table.add_row(row["rule"], "-", "-", f"{row['title']}: not checked, {row['why']}")
    console.print(table)
    patients = report.findings["patient_id"].drop_nulls().n_unique()
    console.print(
        f"\n  {report.findings.height} findings in {patients} patients. A finding is a question, not an error, "
        "and no record was changed.",
        soft_wrap=True,
    )


def _write(report: QualityReport, out: Path) -> None:
    from wearoff.report.files import csv_of, put

    try:
        put(out, csv_of(report.findings))
    except OSError as error:
        reason = f"the list cannot be written here: {error.strerror or error}; choose another file"
        raise InputError(Problem(reason, file=str(out))) from error
