"""Published figures by their id in the evidence table, and the table that cites those used."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from wearoff import __version__
from wearoff.cohort.results import Provenance, Table
from wearoff.sources import figure


def published_count(figure_id: str) -> int:
    """A published whole number of patients by its id in the evidence table."""
    return round(published_number(figure_id))


def published_number(figure_id: str) -> float:
    """A published number by its id in the evidence table.

    Raises:
        ValueError: the figure is a bound, a range or words.
    """
    number = figure(figure_id).number
    if number is None:
        raise ValueError(f"the published figure {figure_id} is not a number")
    return number


def sources_table(figure_ids: Sequence[str]) -> Table:
    """The published figures an analysis used, each with where it was read and how well it is known."""
    rows = [figure(figure_id) for figure_id in figure_ids]
    frame = pl.DataFrame(
        {
            "id": [row.id for row in rows],
            "study": [row.study for row in rows],
            "quantity": [row.quantity for row in rows],
            "group": [row.group for row in rows],
            "value": [row.statement for row in rows],
            "source": [row.citation for row in rows],
            "mark": [str(row.mark) for row in rows],
        }
    )
    return Table(
        "sources", "The published figures used", frame, "Cite them from here; ids as in `wearoff evidence`."
    )


def published_provenance(figure_ids: Sequence[str], choices: dict[str, str]) -> Provenance:
    """The provenance of an analysis of published figures: their ids are its inputs."""
    inputs = {figure_id: figure(figure_id).statement for figure_id in figure_ids}
    return Provenance(version=__version__, inputs=inputs, choices=choices, seed=None)
