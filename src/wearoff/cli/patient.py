"""`wearoff patient`: a patient file in; what the levels changed, and what each interval would mean, out.

Options stand side by side against the user's own floor and rule. None is preferred and no floor is preset.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from wearoff.dosing.intervals import Target


def patient(
    file: Annotated[Path | None, typer.Argument(help="A patient file (.toml); see --example.")] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a complete patient file to begin with, and stop.")
    ] = False,
    target: Annotated[
        str | None, typer.Option(help="A floor of your own: 5, '5 ug/mL', or a saturation such as '80 %'.")
    ] = None,
    curve: Annotated[
        str | None, typer.Option(help="The saturation curve that a saturation as a floor is meant under.")
    ] = None,
    probability: Annotated[
        float | None, typer.Option(help="Your rule: the probability of staying above the floor, e.g. 0.9.")
    ] = None,
    week: Annotated[
        list[float] | None, typer.Option(help="An interval to compare, weeks; repeatable [4 5 6 7 8].")
    ] = None,
    long: Annotated[
        bool, typer.Option("--long", help="Allow intervals above 8 weeks, which no trial supports.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Name of the dosing model.")] = None,
    published_numbers: Annotated[
        bool,
        typer.Option(
            "--published-numbers", help="Take the model's numbers as published, without uncertainty."
        ),
    ] = False,
    draws: Annotated[
        int, typer.Option(min=200, max=20_000, help="Draws of the patient's parameters.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
) -> None:
    """Compare dosing intervals for one patient after his levels."""
    if example:
        from wearoff.dosing.fit.patient_file import example_patient

        typer.echo(example_patient(), nl=False)
        return
    if file is None:
        raise typer.BadParameter("give a patient FILE, or --example to see one")
    if probability is not None and target is None:
        raise typer.BadParameter("--probability is a rule about a floor; give --target too")
    from wearoff.dosing.fit.patient_file import read_patient
    from wearoff.dosing.intervals import LONGEST_WEEKS, USUAL_WEEKS

    floor = None if target is None else _target(target, curve, probability)
    if not all(one > 0 for one in week or ()):
        raise typer.BadParameter("--week is an interval of more than 0 weeks")
    if max(week or USUAL_WEEKS) > LONGEST_WEEKS and not long:
        raise typer.BadParameter(
            f"no trial supports intervals above {LONGEST_WEEKS:g} weeks; add --long to see them"
        )
    who = read_patient(file)
    if not who.levels.time_d.size:
        raise InputError(Problem("there is no level to fit; give at least one.", file.name, table="level"))

    from wearoff.dosing.fit.diagnostics import levels_beside, outside_population
    from wearoff.dosing.fit.posterior import draw_posterior
    from wearoff.dosing.fit.subject import subject_of
    from wearoff.dosing.intervals import compare_intervals, weeks_above
    from wearoff.dosing.pk.models import DEFAULT_MODEL, load_model

    chosen = load_model(model or DEFAULT_MODEL)
    subject, scales = subject_of(who)
    (posterior,) = draw_posterior(
        chosen,
        [subject],
        seed=seed,
        draws=draws,
        proposals=2 * draws,
        parameter_uncertainty=not published_numbers,
        scales=scales,
    )
    options = compare_intervals(posterior, weeks=week or USUAL_WEEKS, target=floor, allow_long=long)
    from wearoff.cli.patient_text import show

    lasting = None if floor is None else weeks_above(posterior, floor)
    beside, outside = levels_beside(chosen, who, posterior), outside_population(chosen, who)
    show(who, posterior, beside, outside, options, floor, lasting)


def _target(text: str, curve: str | None, probability: float | None) -> Target:
    """A floor as a concentration, or as a saturation where it is a share."""
    from wearoff.dosing.intervals import Target
    from wearoff.dosing.occupancy import load_curve
    from wearoff.units import quantity

    is_share = text.strip().endswith("%")
    is_bare = text.strip().replace(".", "", 1).isdigit()
    try:
        written = f"{text} mg/L" if is_bare else text
        value = quantity(written, "fraction" if is_share else "mg/L")
    except InputError as fault:
        raise InputError(Problem(fault.problems[0].reason, column="--target", value=text)) from None
    if is_share and curve is None:
        raise typer.BadParameter("a saturation is a floor under a named curve; say which with --curve")
    if curve is not None:
        if not is_share:
            raise typer.BadParameter("--curve belongs to a saturation as a floor, such as --target '80 %'")
        load_curve(curve)
    try:
        return Target(value, "saturation" if is_share else "concentration", curve, probability)
    except ValueError as fault:
        raise InputError(Problem(f"{fault}.", column="--target", value=text)) from None
