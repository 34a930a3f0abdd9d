"""`wearoff check`: the scoreboard, published figures beside what the models make of them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.cli.models import WIDTH
from wearoff.cli.progress import progress_bar
from wearoff.cli.writing import write_file

if TYPE_CHECKING:
    from wearoff.dosing.scoreboard.score import Scoreboard, Scored

MOST_PATIENTS = 100_000
FIT = "*"


def check(
    patients: Annotated[
        int, typer.Option(min=100, max=MOST_PATIENTS, help="Virtual patients behind every mean.")
    ] = 4000,
    policy_patients: Annotated[
        int | None,
        typer.Option(min=100, max=MOST_PATIENTS, help="Those behind the policies; by default at most 300."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
    misses: Annotated[bool, typer.Option("--misses", help="Print what is missed alone.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The whole table: .csv.")] = None,
    picture: Annotated[Path | None, typer.Option(help="File for a picture: .svg or .png.")] = None,
) -> None:
    """Predict every published figure that the models can, and say which are hit, missed, or were used to fit."""
    if out is not None and out.suffix != ".csv":
        raise typer.BadParameter(f"-o {out.name!r} is no .csv file")
    if picture is not None and picture.suffix not in (".svg", ".png"):
        raise typer.BadParameter(f"--picture {picture.name!r} is neither .svg nor .png")
    from wearoff.dosing.scoreboard.score import score

    with progress_bar(of="fits") as progress:
        board = score(patients, seed, policy_patients=policy_patients, progress=progress)
    for line in board_lines(board, misses_only=misses):
        typer.echo(line)
    if out is not None:
        import polars as pl

        from wearoff.report.files import csv_of

        write_file(out, csv_of(pl.DataFrame(board.columns())))
        typer.echo(f"written  {out}  ({len(board.rows)} predictions)")
    if picture is not None:
        from wearoff.charts.scoreboard import scoreboard_image

        write_file(picture, scoreboard_image(board, picture.suffix))
        typer.echo(f"written  {picture}")


def board_lines(board: Scoreboard, *, misses_only: bool = False) -> list[str]:
    """The scoreboard in lines: a block for each figure, then what the words and signs mean.

    Args:
        board: the scoreboard.
        misses_only: whether hits are left out of the lines; they are counted all the same.
    """
    lines = [
        f"{board.patients:,} virtual patients of {board.provenance['model']}, {board.policy_patients:,} behind the "
        f"policies, seed {board.seed}",
        "",
    ]
    for name in dict.fromkeys(row.entry.name for row in board.rows):
        rows = [row for row in board.rows if row.entry.name == name and not (misses_only and row.is_hit)]
        if rows:
            lines += _figure_lines(rows)
    return [*lines, *_summary_lines(board)]


def _figure_lines(rows: list[Scored]) -> list[str]:
    """One figure: what it is, what was published, and a line for each prediction."""
    entry = rows[0].entry
    low, high = entry.accepted
    unit = "" if entry.unit == "1" else f" {entry.unit}"
    lines = [
        *textwrap.wrap(entry.title, WIDTH),
        *_indented(
            f"published {entry.published}{unit} ({', '.join(entry.evidence)}, {entry.mark}); "
            f"accepted {_digits(low)} to {_digits(high)}: {entry.why}"
        ),
    ]
    for row in rows:
        verdict = "hit" if row.is_hit else f"MISS by {_digits(abs(row.missed_by))}"
        edge = ", within Monte Carlo error of the edge" if row.is_near_the_edge else ""
        error = f" ({row.predicted.error:.1g})" if row.predicted.error else ""
        sign = FIT if row.is_fitted else " "
        lines.append(
            f"{sign}   {row.curve or '':18}{_digits(row.predicted.value) + unit + error:34}{verdict}{edge}"
        )
    return [*lines, *(_indented(entry.note) if entry.note else []), ""]


def _summary_lines(board: Scoreboard) -> list[str]:
    counts = board.counts
    (hits, tests), (fitted_hits, fitted) = counts["test"], counts["used to fit"]
    return [
        f"{hits} of {tests} predictions that test the models are hit, and {fitted_hits} of {fitted} that were used to "
        "fit",
        f"{FIT}    a number of the model or the curve was chosen after this figure, so that it is no test",
        "     a figure is predicted under each saturation curve that it needs, and counts once for each",
        "     in brackets the Monte Carlo error; a band without a published spread is assumed, and its row says so",
    ]


def _digits(value: float) -> str:
    """A number to three digits, whole from a hundred on."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")
