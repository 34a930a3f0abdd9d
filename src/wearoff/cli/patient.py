"""`wearoff patient`: a patient file in; what the levels changed, and what each interval would mean, out.

Options stand side by side against the user's own floor and rule. None is preferred and no floor is preset.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from wearoff.dosing.fit.patient import Patient
    from wearoff.dosing.fit.settings import Occasions, OccupancyUse
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
    model: Annotated[
        list[str] | None,
        typer.Option(help="A dosing model, or the file of one; repeatable [every model for predictions]."),
    ] = None,
    published_numbers: Annotated[
        bool,
        typer.Option(
            "--published-numbers", help="Take the models' numbers as published, without uncertainty."
        ),
    ] = False,
    between_occasions: Annotated[
        str | None,
        typer.Option(help="How much the clearance changes from interval to interval, as a CV: '10 %'."),
    ] = None,
    fit_occupancy: Annotated[
        str | None,
        typer.Option(help="Let occupancies enter the fit under this saturation curve; needs --occupancy-sd."),
    ] = None,
    occupancy_sd: Annotated[
        str | None, typer.Option(help="SD of a measured occupancy around that curve: '8 %'.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Show the options also for this weight from today on: '95 kg'.")
    ] = None,
    delay: Annotated[
        list[float] | None, typer.Option(help="Days by which a dose may be late; repeatable [3 7 14].")
    ] = None,
    falls_under: Annotated[
        list[str] | None,
        typer.Option(help="When is this passed after the last dose: '2 mg/L' or '50 %'; repeatable."),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=200, max=20_000, help="Draws of the patient's parameters, each model.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for the report: HTML, PDF, CSV and JSON.")
    ] = None,
) -> None:
    """Compare dosing intervals for one patient after measured levels."""
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
    if not all(0 <= days <= 365 for days in delay or ()):
        raise typer.BadParameter("--delay is a number of days from 0 to 365")
    if max(week or USUAL_WEEKS) > LONGEST_WEEKS and not long:
        raise typer.BadParameter(
            f"no trial supports intervals above {LONGEST_WEEKS:g} weeks; add --long to see them"
        )
    if output is not None:
        from wearoff.report.files import refuse_a_file

        refuse_a_file(output)
    who = read_patient(file)
    if not who.levels.time_d.size:
        raise InputError(Problem("there is no level to fit; give at least one.", file.name, table="level"))
    occasions, occupancy = (
        _occasions(between_occasions),
        _occupancy(who, file.name, fit_occupancy, occupancy_sd),
    )
    what_if = None if weight is None else _weight(weight)

    from rich.console import Console

    from wearoff.cli.patient_text import show, show_files
    from wearoff.dosing.assess import DELAYS_D, assess

    console = Console(stderr=True, highlight=False)
    with console.status("") as status:
        found = assess(
            who,
            target=floor,
            weeks=week or USUAL_WEEKS,
            allow_long=long,
            models=model,
            parameter_uncertainty=not published_numbers,
            occasions=occasions,
            occupancy=occupancy,
            delays_d=delay or DELAYS_D,
            falls_under=[one for text in falls_under or () for one in _value(text)],
            what_if_kg=what_if,
            draws=draws,
            seed=seed,
            progress=status.update,
        )
        if output is not None:
            from wearoff.report import write_patient

            status.update("writing the report")
            written = write_patient(found, output)
    show(found)
    if output is not None:
        show_files(written)


def _target(text: str, curve: str | None, probability: float | None, option: str = "--target") -> Target:
    """A floor as a concentration, or as a saturation where it is a share."""
    from wearoff.dosing.intervals import Target
    from wearoff.dosing.occupancy import load_curve

    is_share = text.strip().endswith("%")
    is_bare = text.strip().replace(".", "", 1).isdigit()
    value = _quantity(f"{text} mg/L" if is_bare else text, "fraction" if is_share else "mg/L", option)
    if is_share and curve is None:
        raise typer.BadParameter("a saturation is a floor under a named curve; say which with --curve")
    if curve is not None:
        if not is_share:
            raise typer.BadParameter("--curve belongs to a saturation as a floor, such as --target '80 %'")
        load_curve(curve)
    try:
        return Target(value, "saturation" if is_share else "concentration", curve, probability)
    except ValueError as fault:
        raise InputError(Problem(f"{fault}.", column=option, value=text)) from None


def _value(text: str) -> list[Target]:
    """A concentration, or a saturation under every curve."""
    from wearoff.dosing.occupancy import curve_names

    curves = curve_names() if text.strip().endswith("%") else (None,)
    return [_target(text, curve, None, "--falls-under") for curve in curves]


def _occasions(text: str | None) -> Occasions | None:
    """How much the clearance changes between intervals."""
    from wearoff.dosing.fit.settings import Occasions

    if text is None:
        return None
    try:
        return Occasions(_quantity(text, "fraction", "--between-occasions"))
    except ValueError as fault:
        raise InputError(Problem(f"{fault}.", column="--between-occasions", value=text)) from None


def _occupancy(who: Patient, file: str, curve: str | None, spread: str | None) -> OccupancyUse | None:
    """How occupancies enter the fit; they must be of one assay and one kind of leukocyte."""
    from wearoff.dosing.fit.settings import OccupancyUse
    from wearoff.dosing.occupancy import load_curve

    if (curve is None) != (spread is None):
        raise typer.BadParameter("--fit-occupancy and --occupancy-sd are given together")
    if curve is None or spread is None:
        return None
    kinds = sorted(set(zip(who.occupancies.assay, who.occupancies.subset, strict=True)))
    if len(kinds) != 1:
        seen = "; ".join(", ".join(kind) for kind in kinds) or "none"
        reason = f"occupancies enter a fit only where all are of one assay and subset, and these are: {seen}."
        raise InputError(Problem(reason, file, table="occupancy", patient=who.name))
    try:
        return OccupancyUse(load_curve(curve), *kinds[0], _quantity(spread, "fraction", "--occupancy-sd"))
    except ValueError as fault:
        raise InputError(Problem(f"{fault}.", column="--occupancy-sd", value=spread)) from None


def _weight(text: str) -> float:
    """A weight that a person may have, kg."""
    from wearoff.dosing.fit.patient import WEIGHT_KG

    kg, (low, high) = _quantity(text, "kg", "--weight"), WEIGHT_KG
    if not low <= kg <= high:
        raise InputError(Problem(f"a weight is {low:g} to {high:g} kg.", column="--weight", value=text))
    return kg


def _quantity(text: str, unit: str, option: str) -> float:
    """A number in the unit wanted; a fault names the option."""
    from wearoff.units import quantity

    try:
        return quantity(text, unit)
    except InputError as fault:
        raise InputError(Problem(fault.problems[0].reason, column=option, value=text)) from None
