"""`wearoff explain`: the questions that people ask, each answered with computed numbers, bands, sources and limits."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.cli.simulate import body_weight
from wearoff.cli.writing import write_file

if TYPE_CHECKING:
    from wearoff.cohort.explained.values import Explained, Explanation, Grid

WIDTH = 110
_GAP = 2


def explain(
    weight: Annotated[str, typer.Option(help="Body weight in kg, or with a unit: '176 lb'.")] = "75",
    draws: Annotated[int, typer.Option(min=100, max=5000, help="Draws behind each band.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The same as one page: .html.")] = None,
) -> None:
    """Answer the questions that people ask, each with computed numbers, bands, sources and limits."""
    if out is not None and out.suffix != ".html":
        raise typer.BadParameter(f"-o {out.name!r} is no .html file")
    weight_kg = body_weight(weight)
    from wearoff.cohort.explained.explain import explain as answered

    found = answered(weight_kg=weight_kg, draws=draws, seed=seed)
    for line in explained_lines(found):
        typer.echo(line)
    if out is not None:
        from wearoff.report.explained_html import render_explained

        write_file(out, render_explained(found).encode())
        typer.echo(f"written  {out}")


def explained_lines(found: Explained) -> list[str]:
    """Everything that is printed, in lines."""
    lines: list[str] = []
    for each in found.explanations:
        lines += [*explanation_lines(each), ""]
    source = found.provenance
    return [
        *lines,
        f"Model {source['model']}, {source['body weight']}, {source['draws of tissue']} draws, seed {source['seed']}."
        " `wearoff evidence ID` prints a source.",
        "Decision support for research and discussion. Not a medical device and not a dose recommendation.",
    ]


def explanation_lines(each: Explanation) -> Iterator[str]:
    """One question with its answer."""
    yield each.question
    yield "=" * len(each.question)
    for paragraph in (each.answer, *each.paragraphs):
        yield from textwrap.wrap(paragraph, WIDTH)
        yield ""
    for grid in each.grids:
        yield from _grid_lines(grid)
        yield ""
    for title, items in (*each.lists, ("Limits", each.limits)):
        yield title
        for item in items:
            yield from textwrap.wrap(item, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    yield from textwrap.wrap(f"Sources: {', '.join(each.evidence)}", WIDTH)


def _grid_lines(grid: Grid) -> Iterator[str]:
    yield from textwrap.wrap(grid.title, WIDTH)
    rows = (grid.headings, *grid.cells)
    widths = [max(len(row[column]) for row in rows) + _GAP for column in range(len(grid.headings))]
    if sum(widths) <= WIDTH:
        for row in rows:
            yield "  " + "".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
    else:  # too wide for a terminal: a block for each row
        for row in grid.cells:
            yield f"  {grid.headings[0]}: {row[0]}"
            for name, text in zip(grid.headings[1:], row[1:], strict=True):
                yield f"      {name:34}{text}"
    if grid.note:
        yield from textwrap.wrap(grid.note, WIDTH, initial_indent="  ", subsequent_indent="  ")
