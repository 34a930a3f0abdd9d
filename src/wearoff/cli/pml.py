"""`wearoff pml`: the published risk of PML for a status, an index and a time, as people of 1,000."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wearoff.cli.models import WIDTH
from wearoff.cli.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wearoff.dosing.pml import ExtendedBand, PmlRisk

COLUMNS = 50
WITH_PML, PERHAPS, WITHOUT = "●", "○", "·"
DISCLAIMER = (
    "Published estimates for groups, for discussion; not a prediction for one person, and no recommendation. They are "
    "not added to the risk of relapse."
)


def pml(
    years: Annotated[float, typer.Option(help="Years on natalizumab from its start, up to 6.")],
    index: Annotated[float | None, typer.Option(help="Index of a positive antibody test.")] = None,
    antibody: Annotated[
        Literal["negative", "positive"] | None,
        typer.Option(help="Antibodies against the JC virus; an index says positive by itself."),
    ] = None,
    prior_immunosuppression: Annotated[
        bool,
        typer.Option("--prior-immunosuppression", help="An immunosuppressant was taken before natalizumab."),
    ] = False,
    interval: Annotated[
        float | None, typer.Option(help="Weeks between infusions; from 5 on the band of extended intervals.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="File for a picture: .svg or .png.")] = None,
) -> None:
    """Show the published risk of PML of a group over a time, as people of 1,000, with its band and its limits."""
    if antibody is None and index is None:
        raise typer.BadParameter("no published figure fits an unknown status; give --index or --antibody")
    if picture is not None and picture.suffix not in (".svg", ".png"):
        raise typer.BadParameter(f"--picture {picture.name!r} is neither .svg nor .png")
    from wearoff.dosing.pml import Antibody, PmlFactors, pml_risk

    factors = PmlFactors(Antibody(antibody or "positive"), index, prior_immunosuppression)
    risk = pml_risk(factors, years, interval)
    for line in risk_lines(risk):
        typer.echo(line)
    if not prior_immunosuppression:
        typer.echo(
            "No earlier immunosuppression is taken as given, because --prior-immunosuppression was left out.",
            err=True,
        )
    if picture is not None:
        from wearoff.charts.pml import pml_image

        write_file(picture, pml_image(risk, picture.suffix))
        typer.echo(f"written  {picture}")


def risk_lines(risk: PmlRisk) -> list[str]:
    """A risk in lines: the group, its epochs, the people of 1,000, the band, the sources and the limits."""
    return [
        *textwrap.wrap(f"Published risk of PML over {risk.months / 12:.3g} years on natalizumab", WIDTH),
        *textwrap.wrap(risk.group, WIDTH),
        "",
        *_epoch_lines(risk),
        "",
        *_people_lines(risk),
        *([] if risk.extended is None else ["", *_band_lines(risk.extended)]),
        "",
        *_source_lines(risk),
        "",
        *(line for note in risk.notes for line in _bullet(note)),
        *(() if risk.extended is None else (line for note in risk.extended.notes for line in _bullet(note))),
        "",
        *textwrap.wrap(DISCLAIMER, WIDTH),
    ]


def _epoch_lines(risk: PmlRisk) -> Iterator[str]:
    """What was published of each epoch, and what they come to together."""
    from wearoff.dosing.pml import PEOPLE, range_in_words

    yield f"{'months on natalizumab':24}{'of 1,000, per epoch':24}row"
    for epoch in risk.epochs:
        row = epoch.published
        months = f"{epoch.after_month + 1 if epoch.after_month else 0:g} to {epoch.to_month:g}"
        about = "about " if row.spread == "approximate" else ""
        yield f"{months:24}{about + row.value:24}{row.id}  [{row.mark}]"
    found = risk.cumulative
    shown = range_in_words(found.low, found.high)
    if found.low == found.high:
        yield f"{'from the start':24}{shown} of {PEOPLE:,}: 1 less the product of what escapes in each epoch"
    else:
        yield f"{'from the start':24}{shown} of {PEOPLE:,}: without and with the whole epoch that has begun;"
        even = range_in_words(found.even, found.even)
        yield f"{'':24}{even} if its risk is spread evenly over it (assumed)"


def _people_lines(risk: PmlRisk) -> Iterator[str]:
    """A thousand people as dots."""
    from wearoff.dosing.pml import PEOPLE, range_in_words

    icons = risk.icons
    text = WITH_PML * icons.within_low + PERHAPS * icons.up_to_high + WITHOUT * icons.others
    for start in range(0, PEOPLE, COLUMNS):
        yield text[start : start + COLUMNS]
    yield (
        f"{WITH_PML} {icons.within_low} at the low end   {PERHAPS} {icons.up_to_high} more up to the high end   "
        f"{WITHOUT} {icons.others} without PML"
    )
    yield f"of {PEOPLE:,} people, rounded to whole people: {range_in_words(risk.lowest, risk.highest)} before rounding"


def _band_lines(band: ExtendedBand) -> Iterator[str]:
    """What an extended interval may do."""
    from wearoff.dosing.pml import range_in_words

    ends = zip(band.ratio.spread.split("-"), band.at_ratio_ends, strict=True)
    rows = [
        (f"ratio {band.ratio.value}, of the register", band.lowest),
        *((f"ratio {ratio}, an end of its 95 % interval", found) for ratio, found in ends),
        ("ratio 1, no effect", band.highest),
    ]
    yield f"Every {band.interval_weeks:g} weeks, of 1,000; observational, from a register's ratio to no effect:"
    for words, found in rows:
        yield f"  {words:40}{range_in_words(found.low, found.high)}"
    for row in band.pooled:
        yield f"  beside it, pooled: {row.statement}, {row.group}  [{row.mark}]"


def _source_lines(risk: PmlRisk) -> Iterator[str]:
    """Where every figure was read."""
    rows = [epoch.published for epoch in risk.epochs] + list(risk.beside)
    if risk.extended is not None:
        rows += [risk.extended.ratio, *risk.extended.pooled]
    for row in risk.beside:
        yield (
            f"beside it: {row.quantity} {row.statement}, n {row.n:,}"
            if row.n
            else f"beside it: {row.statement}"
        )
    for citation, mark in {row.citation: row.mark for row in rows}.items():
        ids = ", ".join(row.id for row in rows if row.citation == citation)
        yield from textwrap.wrap(f"source  {citation} ({ids}, {mark})", WIDTH, subsequent_indent=" " * 8)


def _bullet(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ")
