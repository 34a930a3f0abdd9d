"""`wearoff policies [NAME]`: the named rules for an interval, their settings, and the published figures recomputed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.cli.models import WIDTH, value_of
from wearoff.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wearoff.dosing.policies import PolicyCard
    from wearoff.dosing.published_dosing import Estimate, Recomputation

_WHAT = {
    "percent": "mean error, %",
    "rmse": "RMSE, mg/L",
    "weeks": "mean interval, weeks",
    "fewer": "infusions saved, %",
    "extended": "at 5 to 7 weeks, %",
}
DISCLAIMER = "Rules that others published, for comparison; no recommendation, and no aim is preset."


def policies(
    name: Annotated[str | None, typer.Argument(help="A policy.")] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Recompute the published figures by simulation.")
    ] = False,
    patients: Annotated[
        int, typer.Option(min=100, max=100_000, help="Virtual patients behind --figures.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
) -> None:
    """List the named dosing policies, print the card of one, or recompute what was published of them."""
    from wearoff.dosing.policies import policy_card, policy_names

    if figures:
        if name is not None:
            raise typer.BadParameter("--figures recomputes all policies; leave the name out")
        from wearoff.dosing.published_dosing import recompute

        with progress_bar(of="fits") as progress:
            found = recompute(patients, seed, progress=progress)
        for line in figure_lines(found):
            typer.echo(line)
        return
    if name is not None:
        for line in card_lines(name, policy_card(name)):
            typer.echo(line)
        return
    width = max(map(len, policy_names()))
    for each in policy_names():
        card = policy_card(each)
        typer.echo(f"{each:{width}}  {card.title}")
        typer.echo(f"{'':{width}}  {card.reference.link or card.reference.citation}")
    typer.echo(DISCLAIMER, err=True)


def card_lines(name: str, card: PolicyCard) -> list[str]:
    """The card of a policy in lines: its rule, every setting with its source, and what could not be read."""
    lines = [
        name,
        *textwrap.wrap(card.title, WIDTH),
        "",
        *_wrapped(f"rule        {card.rule}"),
        *_wrapped(f"reference   {card.reference.citation}"),
        *(line for note in card.notes for line in _wrapped(f"note        {note}")),
        *([""] if card.settings else []),
    ]
    for key, setting in card.settings.items():
        lines.append(f"{key:12}{value_of(setting)}  [{setting.mark}]")
        rows = f" ({', '.join(setting.evidence)})" if setting.evidence else ""
        lines += textwrap.wrap(
            setting.source.citation + rows, WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    return [*lines, "", DISCLAIMER]


def figure_lines(found: Recomputation) -> list[str]:
    """The published figures beside the simulated ones, and what other settings would have given, in lines."""
    return [
        f"{found.patients:,} virtual patients of {found.model}, seed {found.seed}; in brackets the Monte Carlo error",
        "",
        *_compared_lines(found),
        "",
        *_reading_lines(),
        "",
        *_variant_lines(found),
    ]


def _compared_lines(found: Recomputation) -> Iterator[str]:
    from wearoff.dosing.published_dosing import READINGS

    for policy in dict.fromkeys(entry.policy for entry in found.compared):
        yield f"{policy:38}{'published':11}" + "".join(f"{reading:16}" for reading in READINGS).rstrip()
        mine = [entry for entry in found.compared if entry.policy == policy]
        for row in dict.fromkeys(entry.id for entry in mine):
            entries = [entry for entry in mine if entry.id == row]
            first = entries[0]
            text = f"  {row}  aim {first.aim_mg_per_l:2g}  {_WHAT[first.what]:22}  {first.published:<11g}"
            for entry in entries:
                text += f"{_with_error(entry.simulated) + (' near' if entry.is_near else ' miss'):15} "
            yield text.rstrip()


def _reading_lines() -> Iterator[str]:
    from wearoff.dosing.published_dosing import NEAR_SHARE, NEAR_WITHIN, READINGS

    for reading, words in READINGS.items():
        yield f"{reading:10}  {words}"
    yield (
        f"near        an error within {100 * NEAR_SHARE:g} % of the published value, or {NEAR_WITHIN['percent']:g} "
        "points where that is more;"
    )
    weeks, points = NEAR_WITHIN["weeks"], NEAR_WITHIN["fewer"]
    yield f"            an interval within {weeks:g} week, a share within {points:g} points"
    yield "            what has one reading stands in the first column"


def _variant_lines(found: Recomputation) -> Iterator[str]:
    yield f"{'other settings, reading achieved':48}{'mean error, %':15}{'RMSE, mg/L':13}{'weeks':13}saved, %"
    for (policy, aim), outcome in found.outcomes.items():
        rows = {"as named": outcome}
        rows |= {key[2]: other for key, other in found.variants.items() if key[:2] == (policy, aim)}
        for words, each in rows.items():
            yield (
                f"{policy:20}aim {aim:2g}  {words:20}  {_with_error(each.percent['achieved']):15}"
                f"{_with_error(each.rmse['achieved']):13}{_with_error(each.weeks):13}{_with_error(each.fewer)}"
            )


def _with_error(estimate: Estimate) -> str:
    """A figure to two digits or to the tenth, and its error to one."""
    value = estimate.value
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
    error = f"{estimate.error:.0f}" if estimate.error >= 1 else f"{estimate.error:.1g}"
    return f"{text} ({error})"


def _wrapped(text: str) -> list[str]:
    """A paragraph whose lines after the first are indented below the text of the first."""
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * 12)
