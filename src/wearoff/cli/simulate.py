"""`wearoff simulate`: a regimen in words, or an event table, in; the level and the saturation over time out.

Each regimen is simulated for the typical patient of a weight and for patients drawn from the model's spread,
whose 5 to 95 % band stands beside every figure. What leaves the model's data is computed, marked and said.
What is shown of it is `simulation_text.py`'s.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wearoff.cli.progress import progress_bar
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from wearoff.dosing.forecast import Forecast
    from wearoff.dosing.occupancy import SaturationCurve
    from wearoff.dosing.pk.models import PkModel
    from wearoff.dosing.plan import Plan

USUAL_PATIENTS, USUAL_COPIES = 1000, 200
LIGHTEST_KG, HEAVIEST_KG = 10.0, 400.0
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", flags=re.ASCII)
_WEIGHT = re.compile(r"(\d+(?:\.\d+)?)\s*(|kg|g|lb)", flags=re.ASCII)


def simulate(
    regimen: Annotated[
        str | None,
        typer.Argument(help="For example '300 mg every 4 weeks x 14 then every 6 weeks x 8 without 3'."),
    ] = None,
    events: Annotated[Path | None, typer.Option(help="An event table (CSV) instead of words.")] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="Unit of a column of the table, e.g. TIME=h; repeatable.")
    ] = None,
    first_compartment: Annotated[
        Literal["depot", "central"] | None, typer.Option(help="What CMT 1 of the table is.")
    ] = None,
    carried: Annotated[
        Literal["forward", "backward"] | None, typer.Option(help="How its covariates hold between rows.")
    ] = None,
    weight: Annotated[str | None, typer.Option(help="Body weight in kg, or with a unit: '176 lb'.")] = None,
    weight_sd: Annotated[float, typer.Option(min=0, help="Its spread between patients, kg (SD).")] = 0.0,
    weight_change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANGE", help="A new weight, e.g. '95 kg from 30 weeks'; repeatable, in order."
        ),
    ] = None,
    antibodies_from: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Persistent antibodies from so long after the first dose, '20 weeks'."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of the dosing model.")] = None,
    patients: Annotated[
        int | None,
        typer.Option(
            min=20, max=10_000_000, help="Virtual patients [1000], or copies of each in a table [200]."
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MG_PER_L",
            help="Show the share of patients whose trough is at or above it: 5 or '5 ug/mL'; repeatable.",
        ),
    ] = None,
    parameter_uncertainty: Annotated[
        bool,
        typer.Option(
            "--parameter-uncertainty",
            help="Draw the model's own numbers for every patient, from their published intervals.",
        ),
    ] = False,
    curves: Annotated[
        Path | None, typer.Option(help="Saturation curves of your own (.toml), beside the four known ones.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
    until: Annotated[
        float | None, typer.Option(help="Weeks after the first dose. Default: one interval after the last.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="Levels by day, or by dose above 10,000 patients: .csv or .parquet."
        ),
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="File for a picture: .svg or .png.")] = None,
) -> None:
    """Predict the level and the saturation of a regimen for one patient and a population."""
    if (regimen is None) == (events is None):
        raise typer.BadParameter("give either a REGIMEN in words or --events FILE")
    draws = patients or (USUAL_PATIENTS if events is None else USUAL_COPIES)
    _refuse_what_cannot_be(events is not None, draws, out, picture, until)
    from wearoff.dosing.follow import forecasts
    from wearoff.dosing.pk.models import DEFAULT_MODEL, load_model
    from wearoff.dosing.plan import Plan

    chosen = load_model(model or DEFAULT_MODEL)
    weight_kg = None if weight is None else body_weight(weight)
    targets = tuple(dict.fromkeys(_target(text) for text in target or []))
    if regimen is not None:
        from wearoff.dosing.words import parse_regimen

        if weight_kg is None:
            raise typer.BadParameter("say the body weight, for example --weight 80")
        if unit or first_compartment or carried:
            raise typer.BadParameter("--unit, --first-compartment and --carried belong to --events")
        weights_kg, weight_d = _weights(weight_kg, weight_change or [])
        doses = parse_regimen(regimen)
        plans = [Plan("population", doses, weights_kg, weight_sd, is_population=True, weight_d=weight_d)]
    else:
        assert events is not None  # noqa: S101 - one of the two is given
        if first_compartment is None:
            raise typer.BadParameter("say what CMT 1 of the table is: --first-compartment depot or central")
        if weight_change:
            raise typer.BadParameter("--weight-change belongs to a regimen in words; a table has WT")
        plans = list(_plans(events, unit, first_compartment, carried, weight_kg, weight_sd))
    if antibodies_from is not None:
        plans = _with_antibodies(plans, antibodies_from, chosen)
    low, high = chosen.domain.weight_kg
    if weight_sd and not all(low < plan.weights_kg[0] < high for plan in plans):
        raise typer.BadParameter(f"with --weight-sd the mean weight lies between {low:g} and {high:g} kg")
    with progress_bar() as progress:
        found = list(
            forecasts(
                plans,
                chosen,
                draws=draws,
                seed=seed,
                until_weeks=until,
                targets=targets,
                parameter_uncertainty=parameter_uncertainty,
                curves=None if curves is None else _curves(curves),
                progress=progress,
            )
        )
    _write(found, out, picture)
    from wearoff.cli.simulation_text import show

    show(found, "virtual patients" if events is None else "copies of each patient")
    rows = "one row for each day" if found[0].by_day else "one row for each dose"
    for file, what in ((out, f" ({rows})"), (picture, "")):
        if file is not None:
            typer.echo(f"  written  {file}{what}")


def _refuse_what_cannot_be(
    is_table: bool, draws: int, out: Path | None, picture: Path | None, until: float | None
) -> None:
    """Stop before the work where its result could not be had, or could not be written."""
    from wearoff.dosing.follow import MOST_BY_DAY

    for file, known, option in (
        (out, (".csv", ".parquet"), "--out"),
        (picture, (".svg", ".png"), "--picture"),
    ):
        if file is None:
            continue
        if file.suffix not in known:
            raise typer.BadParameter(f"{option} ends with {' or '.join(known)}, and not {file.name!r}")
        nearest = next(folder for folder in file.absolute().parents if folder.exists())
        if file.is_dir() or not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise InputError(Problem("cannot be written.", str(file), column=option, value=str(file)))
    if until is not None and not 0 < until <= 1040:
        raise typer.BadParameter("--until is a number of weeks, more than 0 and at most 1040")
    if draws > MOST_BY_DAY and is_table:
        raise typer.BadParameter(
            f"--patients above {MOST_BY_DAY:,} belongs to a regimen in words, not to --events"
        )
    if draws > MOST_BY_DAY and picture is not None:
        raise typer.BadParameter(
            f"--picture shows levels by day, which are kept for at most {MOST_BY_DAY:,} patients; "
            "leave it out, or ask for fewer --patients"
        )


def _write(found: list[Forecast], out: Path | None, picture: Path | None) -> None:
    """The files asked for, each put in place whole."""
    if out is None and picture is None:
        return
    import polars as pl

    text = {"outside_model": pl.String, "route": pl.String, "dose_mg": pl.Float64, "next_dose": pl.Int64}
    frame = pl.concat(
        pl.DataFrame(columns, schema_overrides={name: text[name] for name in columns.keys() & text.keys()})
        for columns in (forecast.columns() for forecast in found)
    )
    if out is not None:
        with _in_place(out) as part:
            (frame.write_csv if out.suffix == ".csv" else frame.write_parquet)(part)
    if picture is not None:
        from wearoff.charts.simulation import save_simulation

        with _in_place(picture) as part:
            save_simulation(frame, part)


@contextmanager
def _in_place(file: Path) -> Iterator[Path]:
    """A name to write under; the whole file then takes its own name, and after a failure nothing is left."""
    part = file.with_name(f".{file.stem}.{os.getpid()}.part{file.suffix}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(file)
    except OSError as fault:
        reason = f"cannot be written ({fault.strerror or fault})."
        raise InputError(Problem(reason, str(file), value=str(file))) from fault
    finally:
        part.unlink(missing_ok=True)


def _plans(
    file: Path,
    unit: list[str] | None,
    first_compartment: Literal["depot", "central"],
    carried: Literal["forward", "backward"] | None,
    weight_kg: float | None,
    weight_sd: float,
) -> Iterator[Plan]:
    """The patients of an event table."""
    from wearoff.dosing.events import read_events
    from wearoff.dosing.plan import Plan

    units = dict(_unit(text) for text in unit or [])
    for one in read_events(file, first_compartment=first_compartment, units=units, carried=carried):
        own = one.covariates.get("WT")
        if not one.regimen.number:
            raise InputError(Problem("there is no dose to simulate.", file.name, None, "AMT", one.patient))
        whose = weight_kg if own is None else own
        if whose is None:
            raise InputError(
                Problem("give WT in the table, or --weight.", file.name, None, "WT", one.patient)
            )
        if own is not None and (weight_kg is not None or weight_sd):
            raise typer.BadParameter("the table has WT; leave --weight and --weight-sd out")
        yield Plan(
            one.patient,
            one.regimen,
            whose,
            weight_sd,
            weight_d=None if own is None else one.covariate_d,
            schedule=one.schedule,
        )


def _weights(
    weight_kg: float, changes: list[str]
) -> tuple[Float[np.ndarray, " changes"] | float, Float[np.ndarray, " changes"] | None]:
    """The weights and the days from which they hold; one weight and no day where nothing changes."""
    import numpy as np

    if not changes:
        return weight_kg, None
    weights, days = [weight_kg], [0.0]
    for text in changes:
        weight, word, time = text.partition(" from ")
        if not word:
            reason = f"{text!r} is no change of weight; write for example '95 kg from 30 weeks'."
            raise InputError(Problem(reason, column="--weight-change", value=text))
        weights.append(body_weight(weight, "--weight-change"))
        days.append(_day(time, "--weight-change"))
        if days[-1] <= days[-2]:
            reason = "each change comes after the one before, and the first after the first dose."
            raise InputError(Problem(reason, column="--weight-change", value=text))
    return np.array(weights), np.array(days)


def _with_antibodies(plans: list[Plan], text: str, model: PkModel) -> list[Plan]:
    """The plans with antibodies from so long after the first dose on."""
    after = _day(text, "--antibodies-from")
    if model.antibody_clearance_factor is None:
        reason = f"the model {model.name!r} does not say what antibodies do to the clearance."
        raise InputError(Problem(reason, column="--antibodies-from", value=text))
    return [replace(plan, antibodies_from_d=float(plan.regimen.start_d[0]) + after) for plan in plans]


def _day(text: str, option: str) -> float:
    """A time after the first dose in days; it needs a unit."""
    from wearoff.units import quantity

    try:
        day = quantity(text, "d")
    except InputError as fault:
        raise InputError(Problem(fault.problems[0].reason, column=option, value=text)) from None
    if day < 0:
        raise InputError(Problem("it is before the first dose.", column=option, value=text))
    return day


def _curves(file: Path) -> dict[str, SaturationCurve]:
    """The known curves, and those of a file."""
    from wearoff.dosing.occupancy import curve_names, load_curve, read_curves

    known, own = {name: load_curve(name) for name in curve_names()}, read_curves(file)
    for name in own:
        if name in known or not name.isidentifier():
            fault = "is the name of a known curve" if name in known else "is no name"
            reason = f"{name!r} {fault}; give yours another one, of letters, digits and _."
            raise InputError(Problem(reason, file.name, column="curves", value=name))
    return known | own


def _unit(text: str) -> tuple[str, str]:
    column, equals, unit = text.partition("=")
    if not (column and equals):
        raise typer.BadParameter(f"--unit {text!r} is not COLUMN=UNIT, such as TIME=h")
    return column, unit


def body_weight(text: str, option: str = "--weight") -> float:
    """A body weight in kg; a bare number is in kg, as the option says."""
    from wearoff.units import quantity

    found = _WEIGHT.fullmatch(text.strip())
    if found is None:
        reason = f"{text!r} is no body weight; write it in kg, g or lb, for example '80 kg' or '176 lb'."
        raise InputError(Problem(reason, column=option, value=text))
    value = quantity(f"{found[1]} {found[2] or 'kg'}", "kg")
    if not LIGHTEST_KG <= value <= HEAVIEST_KG:
        reason = f"{value:g} kg is no body weight ({LIGHTEST_KG:g} to {HEAVIEST_KG:g} kg); is the unit right?"
        raise InputError(Problem(reason, column=option, value=text))
    return value


def _target(text: str) -> float:
    """A level in mg/L; a bare number is in mg/L, as the option says."""
    from wearoff.units import quantity

    try:
        value = quantity(f"{text} mg/L" if _NUMBER.fullmatch(text.strip()) else text, "mg/L")
    except InputError as fault:
        raise InputError(Problem(fault.problems[0].reason, column="--target", value=text)) from None
    if value <= 0:
        raise InputError(
            Problem(f"{text!r} is no target; it is a level above 0.", column="--target", value=text)
        )
    return value
