"""`wearoff power [QUESTION]`: how large a study must be, and how long, by formula and simulation side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.cli.progress import progress_bar
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

OPTIONS = (
    "ratio",
    "activity",
    "exposed",
    "dropout",
    "years",
    "power",
    "alpha",
    "margin",
    "patients",
    "scans",
    "relapse_share",
)
"""The settings that have an option of their own; the others are given by --set."""


def power(
    question: Annotated[
        str,
        typer.Argument(
            help="wearing_off_activity, occupancy_wearing_off (occupancy against wearing-off) or sid_eid (standard "
            "against extended interval)."
        ),
    ] = "wearing_off_activity",
    ratio: Annotated[
        float | None, typer.Option(help="The effect to find: hazard, odds or rate ratio of the question.")
    ] = None,
    activity: Annotated[
        list[str] | None,
        typer.Option(
            help="Active within a year without the effect: 0.1 or '10 %'; repeatable, the first is planned for."
        ),
    ] = None,
    exposed: Annotated[
        str | None, typer.Option(help="Share with wearing-off, or on the extended interval: '42.5 %'.")
    ] = None,
    dropout: Annotated[str | None, typer.Option(help="Share lost in a year: '12.5 %'.")] = None,
    years: Annotated[
        list[float] | None,
        typer.Option(help="Years of follow-up of each patient; repeatable, the first is planned for."),
    ] = None,
    power_asked: Annotated[
        str | None, typer.Option("--power", help="Chance to find the effect; default 80 %.")
    ] = None,
    alpha: Annotated[str | None, typer.Option(help="Chance of a false alarm; default 5 %.")] = None,
    margin: Annotated[
        str | None, typer.Option(help="sid_eid: how many more may become active: '10 %' for 10 points.")
    ] = None,
    patients: Annotated[
        int | None,
        typer.Option(min=4, help="The power of so many patients, in place of the size for a power."),
    ] = None,
    scans: Annotated[
        float | None, typer.Option(help="MRI scans in a year; 0 where activity is known on the day it comes.")
    ] = None,
    relapse_share: Annotated[
        str | None, typer.Option(help="First activity that is noticed without a scan: '30 %'.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another number of the question, e.g. dispersion=0.8; repeatable."),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(min=20, max=1_000_000, help="Simulated studies for each figure; default 1,000 or 400."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder for the report: HTML, PDF, tables, curves of power."),
    ] = None,
) -> None:
    """Say how large and how long a study must be: closed forms and simulation side by side, and what is uncertain."""
    texts = {
        "exposed": exposed,
        "dropout": dropout,
        "power": power_asked,
        "alpha": alpha,
        "margin": margin,
        "relapse_share": relapse_share,
    }
    chosen = {name: share(name, text) for name, text in texts.items() if text is not None}
    chosen |= {name: value for name, value in (("ratio", ratio), ("scans", scans)) if value is not None}
    chosen |= _set(setting or [])
    activities = tuple(share("activity", text) for text in activity or [])
    from wearoff.trial.power import PowerChoices, plan_study

    choices = PowerChoices(
        question=question.replace("-", "_"),
        settings=chosen,
        activities=activities,
        years=tuple(years or []),
        patients=patients,
        replicates=replicates,
        seed=seed,
        has_curves=out is not None,
    )
    try:
        with progress_bar("loading", of="simulated studies") as progress:
            result = plan_study(choices, progress)
    except InputError as fault:
        raise InputError(_as_option(problem) for problem in fault.problems) from None
    from wearoff.cli.power_text import power_lines

    for line in power_lines(result):
        typer.echo(line)
    if out is not None:
        from wearoff.report import write_study

        files = write_study(result, out)
        for name, path in (
            ("report", files.report),
            ("paper", files.paper),
            ("tables", files.result.parent / "tables"),
            ("result", files.result),
        ):
            typer.echo(f"{name:8}{path}")


def share(name: str, text: str) -> float:
    """A share as a person writes it: `0.1`, `10%` or `10 %`.

    Args:
        name: of the setting, for the message.
        text: what was written.

    Raises:
        typer.BadParameter: it is no share.
    """
    option = f"--{name.replace('_', '-')}"
    number = text.strip().removesuffix("%").strip()
    try:
        value = float(number)
    except ValueError:
        raise typer.BadParameter(f"{option} {text!r} is no share; write 0.1 or '10 %'") from None
    if text.strip().endswith("%"):
        return value / 100
    if value > 1:
        raise typer.BadParameter(f"{option} {text} is more than everybody; write 0.1 or '10 %'")
    return value


def _set(texts: Sequence[str]) -> dict[str, float]:
    """Settings from NAME=NUMBER; a number may be a share with a per cent sign."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise typer.BadParameter(f"--set {text!r} is not NAME=NUMBER")
        if name in OPTIONS:
            raise typer.BadParameter(
                f"--set {text!r}: this has an option of its own, --{name.replace('_', '-')}"
            )
        is_share = value.strip().endswith("%")
        try:
            found[name] = float(value.strip().removesuffix("%")) / (100 if is_share else 1)
        except ValueError:
            raise typer.BadParameter(f"--set {text!r} is not NAME=NUMBER") from None
    return found


def _as_option(problem: Problem) -> Problem:
    """The same fault, placed at the option that a person gave instead of the setting behind it."""
    if problem.key is None:
        return problem
    option = f"--{problem.key.replace('_', '-')}" if problem.key in OPTIONS else f"--set {problem.key}"
    return Problem(f"{option}: {problem.reason}")
