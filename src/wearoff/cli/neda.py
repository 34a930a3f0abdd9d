"""`wearoff neda`: a cohort folder under one named rule, under several, or under a whole grid of settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wearoff.cli.records import day
from wearoff.cli.study import parse_setting

if TYPE_CHECKING:
    from wearoff.cohort.neda import NedaTables


def neda(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder with the cohort's CSV files (visit.csv, relapse.csv, mri.csv)."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="A NEDA rule or a rule of confirmed worsening; repeatable. Default neda3_12w."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of every rule given, e.g. baseline=roving; repeatable."),
    ] = None,
    multiverse: Annotated[
        bool,
        typer.Option(
            "--multiverse", help="Run the grid of settings: how far the answer depends on the rule."
        ),
    ] = False,
    window: Annotated[
        str | None, typer.Option(help="Window of the multiverse, e.g. 'kept to year 2'; default year 1.")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and stop.")] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for the tables and methods.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Day of analysis, YYYY-MM-DD; later dates are refused. Default: today.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Timezone of times without one, e.g. Europe/Oslo.")] = "UTC",
) -> None:
    """Score NEDA, confirmed worsening, RAW and PIRA by named rules, and say how far the rule matters."""
    if rules:
        _list_rules()
        return
    if folder is None:
        raise typer.BadParameter("give a FOLDER, or --rules to see the rules")
    from rich.console import Console

    from wearoff.cohort.neda import (
        DEFAULT_RULE,
        NedaTables,
        load_any_rule,
        multiverse_tables,
        neda_tables,
        read_followup,
    )
    from wearoff.cohort.records import read_cohort

    names = rule or ([] if multiverse else [DEFAULT_RULE])
    settings = dict(parse_setting(text) for text in setting or [])
    chosen = [load_any_rule(name).with_settings(**settings) for name in names]
    console = Console(stderr=True)
    with console.status("reading the records", spinner="line") as status:
        cohort = read_cohort(folder, as_of=day(as_of), timezone=timezone)
        followup = read_followup(cohort)
        status.update("scoring")
        result = neda_tables(followup, chosen)
        if multiverse:
            grid = multiverse_tables(
                followup,
                window,
                progress=lambda done, total: status.update(f"combination {done} of {total}"),
            )
            result = NedaTables(result.tables | grid.tables, result.methods)
    _show(result, refused=cohort.receipt.refusals.height)
    if out is not None:
        _write(result, out)


def _list_rules() -> None:
    from wearoff.cohort.neda import load_rule, load_worsening_rule, rule_names, worsening_rule_names

    typer.echo("NEDA")
    for name in rule_names():
        typer.echo(f"  {name:36s} {load_rule(name).description}")
    typer.echo("Confirmed worsening and improvement, RAW and PIRA")
    for name in worsening_rule_names():
        typer.echo(f"  {name:36s} {load_worsening_rule(name).description}")


def _show(result: NedaTables, *, refused: int) -> None:
    tables = result.tables
    if "neda_summary" in tables:
        rows = tables["neda_summary"].frame.to_dicts()
        _print(
            "NEDA among the evaluable, and with every unknown patient counted as active or as NEDA",
            ("rule", "window", "NEDA", "share", "95 %", "unknown", "bounds"),
            [(row["rule"], row["window"], *_share(row)) for row in rows],
        )
    if "worsening_summary" in tables:
        rows = tables["worsening_summary"].frame.to_dicts()
        _print(
            "Changes of the EDSS, and their rate per ten patient-years",
            ("rule", "change", "changes", "patients", "rate"),
            [
                (
                    row["rule"],
                    row["change"],
                    str(row["changes"]),
                    str(row["patients"]),
                    _number(row["rate_per_decade"]),
                )
                for row in rows
                if row["changes"] or row["change"] in {"worsening", "improvement"}
            ],
        )
    if "multiverse_neda" in tables:
        _show_multiverse(result)
    if refused:
        what = "1 row was refused; it makes" if refused == 1 else f"{refused} rows were refused; they make"
        typer.echo(f"\n{what} the components concerned unknown (wearoff study lists every refusal)")
    for paragraph in result.methods.values():
        typer.echo(f"\n{paragraph}")


def _show_multiverse(result: NedaTables) -> None:
    tables = result.tables
    named = tables["multiverse_named"]
    _print(
        f"NEDA under every named rule. {named.note}",
        ("rule", "NEDA", "share", "unknown", "bounds"),
        [(row["rule"], *_share(row, interval=False)) for row in named.frame.to_dicts()],
    )
    for grid, answer, what in (
        ("multiverse_neda", "share_neda", "The share with NEDA among the evaluable"),
        ("multiverse_pira", "rate_per_decade", "PIRA per ten patient-years"),
    ):
        frame = tables[grid].frame
        known = frame[answer].drop_nulls()
        if not known.len():
            typer.echo(f"\n{what}: no combination can be answered from these records")
            continue
        low, middle, high = (_number(known.quantile(q, "linear")) for q in (0.0, 0.5, 1.0))
        lost = frame.height - known.len()
        not_answered = f" ({lost} cannot be answered from these records)" if lost else ""
        typer.echo(
            f"\n{what}: {low} to {high}, median {middle}, over {known.len()} combinations{not_answered}"
        )
        influence = tables[f"{grid}_influence"]
        _print(
            f"{influence.title}, when it alone changes",
            ("setting", "median", "largest"),
            [tuple(map(_number, row)) for row in influence.frame.iter_rows()],
        )


def _share(row: dict[str, Any], *, interval: bool = True) -> tuple[str, ...]:
    from wearoff.cohort.wording import percent, percent_range

    evaluable = row["neda"] + row["active"]
    bounds = percent_range(row["share_if_unknown_active"], row["share_if_unknown_none"])
    share = percent(row["share_neda"])
    known = (share, percent_range(row["low"], row["high"])) if interval else (share,)
    return f"{row['neda']} of {evaluable}", *known, str(row["unknown"]), bounds


def _print(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
    typer.echo(f"\n{title}")
    for row in [header, *rows]:
        typer.echo(
            "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _number(value: object) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _write(result: NedaTables, out: Path) -> None:
    from wearoff.errors import InputError, Problem
    from wearoff.report.files import csv_of, put

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in result.tables.items():
            put(out / f"{name}.csv", csv_of(table.frame))
        if result.methods:
            text = "\n\n".join(result.methods.values())
            put(out / "methods.md", f"# Methods\n\n{text}\n".encode())
    except OSError as error:
        reason = f"the tables cannot be written here: {error.strerror or error}; choose another folder"
        raise InputError(Problem(reason, file=str(out))) from error
    typer.echo(f"tables  {out}")
