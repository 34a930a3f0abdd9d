"""`wearoff models [NAME]`: the dosing models in the library, and the card of one of them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wearoff.dosing.figures import Figure
    from wearoff.dosing.pk.models import PkModel

WIDTH = 100
TYPICAL_WEIGHT_KG = 75.0
TYPICAL_WEEKS = (4, 6, 8)


def models(
    name: Annotated[
        str | None, typer.Argument(help="A model, or the path of a model file of your own (.toml).")
    ] = None,
    typical: Annotated[
        bool,
        typer.Option(
            "--typical", help="Also compute the trough of a person of 75 kg every 4, 6 and 8 weeks."
        ),
    ] = False,
) -> None:
    """List the dosing models, or print the card of one: what it is, every number, where it may be used."""
    from wearoff.dosing.pk.models import card_names, load_model, model_card

    if name is not None:
        # a model that must not be used is refused before anything is printed
        model = load_model(name, for_use="cross-check") if typical else model_card(name)
        for line in card(model):
            typer.echo(line)
        if typical:
            for line in _troughs(model):
                typer.echo(line)
        return
    if typical:
        raise typer.BadParameter("--typical needs the name of a model")
    cards = [model_card(each) for each in card_names()]
    width = max(len(model.name) for model in cards)
    for model in cards:
        typer.echo(f"{model.name:{width}}  {model.use:16}  {model.structure}")
        typer.echo(f"{'':{width}}  {model.title}")
        typer.echo(f"{'':{width}}  {model.reference.link or model.reference.citation}")
    typer.echo(f"{len(cards)} models; the first is the default", err=True)


def card(model: PkModel) -> list[str]:
    """The card of a model in lines: what it is, where it may be used, and every number with its source."""
    about, limits = model.population, model.domain
    people = "" if about.patients is None else f", n {about.patients}"
    low, high = limits.weight_kg
    lines = [
        model.name,
        *_wrapped(model.title),
        "",
        *_wrapped(f"use         {model.use}"),
        *(_wrapped(f"            {model.use_reason}") if model.use_reason else []),
        *([f"            evidence {', '.join(model.use_evidence)}"] if model.use_evidence else []),
        *_wrapped(f"structure   {model.structure}"),
        *_wrapped(f"reference   {model.reference.citation}"),
        *_wrapped(f"population  {about.description}{people}"),
        *_wrapped(f"            {about.source}"),
        *_wrapped(
            f"domain      {low:g} to {high:g} kg; intervals up to {limits.longest_interval_weeks:g} weeks; "
            f"{', '.join(limits.routes)}; {'with' if limits.antibodies else 'without'} anti-drug antibodies"
        ),
        *_wrapped(f"            {limits.reason}"),
        *(line for note in model.notes for line in _wrapped(f"note        {note}")),
        "",
    ]
    for key, figure in model.figures.items():
        lines.append(f"{_words(key):48} {value_of(figure)}  [{figure.mark}]")
        rows = f" ({', '.join(figure.evidence)})" if figure.evidence else ""
        lines += textwrap.wrap(
            figure.source.citation + rows, WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    return lines


def value_of(figure: Figure) -> str:
    """The value of a figure with its unit and interval, as the card prints it."""
    text = f"{figure.value:g}" + ("" if figure.unit == "1" else f" {figure.unit}")
    if figure.interval is not None:
        text += f"  {figure.interval[0]:g} to {figure.interval[1]:g} ({figure.interval_kind})"
    return text + (", fixed" if figure.is_fixed else "")


def _troughs(model: PkModel) -> list[str]:
    from wearoff.dosing.pk.solve import steady_state

    person = model.typical(TYPICAL_WEIGHT_KG)
    lines = ["", f"trough at steady state, {TYPICAL_WEIGHT_KG:g} kg, 300 mg over 1 h, typical person"]
    for weeks in TYPICAL_WEEKS:
        trough = steady_state(person, weeks).trough.item()
        beyond = weeks > model.domain.longest_interval_weeks
        lines.append(
            f"  every {weeks} weeks  {trough:.2g} mg/L" + ("  (outside the domain)" if beyond else "")
        )
    if model.use != "prediction":
        lines.append(f"  {model.use}: {model.name} does not predict natalizumab levels")
    return lines


def _words(key: str) -> str:
    first, *rest = key.removesuffix(".typical").split(".")
    return ", ".join(part.replace("_", " ") for part in (first, *rest))


def _wrapped(text: str) -> list[str]:
    """A paragraph whose lines after the first are indented below the text of the first."""
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * 12, drop_whitespace=True) or [""]
