"""`wearoff evidence [WORD ...]`: the published figures the product stands on, each with its citation."""

from __future__ import annotations

from typing import Annotated

import typer

NOTHING_FOUND = 1


def evidence(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words that must all occur: a study, a quantity, an id, a mark."),
    ] = None,
) -> None:
    """List the published figures with value, spread, n, source and how well each is known."""
    from wearoff.sources import find

    query = " ".join(words or [])
    found = find(query)
    for row in found:
        people = "" if row.n is None else f", n {row.n}"
        about = "; ".join(part for part in (row.group, row.regimen) if part)
        typer.echo(f"{row.id}  {row.quantity}: {row.statement}{people}  [{row.mark}]")
        typer.echo(f"      {about}" if about else "      all")
        typer.echo(f"      {row.citation}")
    typer.echo(f"{len(found)} published figures" + (f" with {query!r}" if query else ""), err=True)
    if not found:
        typer.echo("Try one word, such as trough, NOVA, wearing-off or PML.", err=True)
        raise typer.Exit(NOTHING_FOUND)
