"""`wearoff simulate`: a regimen in words, or an event table, in; the level and the saturation over time out.

Each regimen is simulated for the typical patient of a weight and for patients drawn from the model's spread,
whose 5 to 95 % band stands beside every figure. What leaves the model's data is computed, marked and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from wearoff.dosing.forecast import Band, Forecast, Plan

USUAL_PATIENTS, USUAL_COPIES = 1000, 200
SHOWN_DOSES, SHOWN_PATIENTS, SPARKS = 60, 5, 60
LIGHTEST_KG, HEAVIEST_KG = 10.0, 400.0


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
    model: Annotated[str | None, typer.Option(help="Name of the dosing model.")] = None,
    patients: Annotated[
        int | None,
        typer.Option(min=20, max=10_000, help="Virtual patients [1000], or copies of each in a table [200]."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
    until: Annotated[
        float | None, typer.Option(help="Weeks after the first dose. Default: one interval after the last.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Levels by day: .csv or .parquet.")] = None,
    picture: Annotated[Path | None, typer.Option(help="File for a picture: .svg or .png.")] = None,
) -> None:
    """Predict the level and the saturation of a regimen for one patient and a population."""
    if (regimen is None) == (events is None):
        raise typer.BadParameter("give either a REGIMEN in words or --events FILE")
    for file, known, option in (
        (out, (".csv", ".parquet"), "--out"),
        (picture, (".svg", ".png"), "--picture"),
    ):
        if file is not None and file.suffix not in known:
            raise typer.BadParameter(f"{option} ends with {' or '.join(known)}, and not {file.name!r}")
    if until is not None and not 0 < until <= 1040:
        raise typer.BadParameter("--until is a number of weeks, more than 0 and at most 1040")
    from wearoff.dosing.forecast import Plan, forecasts
    from wearoff.dosing.pk.models import DEFAULT_MODEL, load_model

    chosen = load_model(model or DEFAULT_MODEL)
    weight_kg = None if weight is None else _weight(weight)
    if regimen is not None:
        from wearoff.dosing.words import parse_regimen

        if weight_kg is None:
            raise typer.BadParameter("say the body weight, for example --weight 80")
        if unit or first_compartment or carried:
            raise typer.BadParameter("--unit, --first-compartment and --carried belong to --events")
        plans = [Plan("population", parse_regimen(regimen), weight_kg, weight_sd)]
    else:
        assert events is not None  # noqa: S101 - one of the two is given
        if first_compartment is None:
            raise typer.BadParameter("say what CMT 1 of the table is: --first-compartment depot or central")
        plans = list(_plans(events, unit, first_compartment, carried, weight_kg, weight_sd))
    low, high = chosen.domain.weight_kg
    if weight_sd and not all(low < plan.weight_kg < high for plan in plans):
        raise typer.BadParameter(f"with --weight-sd the mean weight lies between {low:g} and {high:g} kg")
    draws = patients or (USUAL_PATIENTS if events is None else USUAL_COPIES)

    from rich.console import Console

    with Console(stderr=True).status("starting", spinner="line") as status:

        def progress(done: int, in_all: int) -> None:
            status.update(f"{done:,} of {in_all:,} patients")

        found = list(forecasts(plans, chosen, draws=draws, seed=seed, until_weeks=until, progress=progress))
    who = "virtual patients" if events is None else "copies of each patient"
    _write(found, out, picture)
    _show(found, f"Model {chosen.name}, {draws:,} {who}, seed {seed}. Levels in mg/L: typical (5-95 %).")
    for file in (file for file in (out, picture) if file is not None):
        typer.echo(f"  written  {file}")


def _title(forecast: Forecast) -> str:
    plan = forecast.plan
    name = "Typical patient and population" if plan.patient == "population" else f"Patient {plan.patient}"
    spread = f", SD {plan.weight_sd:g} kg, cut off at the model's limits" if plan.weight_sd else ""
    known = (
        plan.weight_kg
        if isinstance(plan.weight_kg, float | int)
        else [min(plan.weight_kg), max(plan.weight_kg)]
    )
    ends = [known] if isinstance(known, float | int) else known
    weights = " to ".join(dict.fromkeys(f"{value:g}" for value in ends))
    return f"{name}: {weights} kg{spread}; {plan.regimen.number} doses."


def _rows(forecast: Forecast) -> Iterator[list[str]]:
    """A row of the shown table for each dose, and one for the end."""
    regimen = forecast.plan.regimen
    for index, where in enumerate(forecast.at):
        under = [100 * float(values[where]) for values in forecast.saturations.values()]
        is_end = index == regimen.number
        route = "" if is_end else " SC" if regimen.is_subcutaneous[index] else " IV"
        yield [
            ("* " if forecast.outside[where] else "") + ("end" if is_end else str(index + 1)),
            f"{forecast.day[where] / 7.0:.1f}".removesuffix(".0"),
            "" if is_end else f"{regimen.dose_mg[index]:g} mg{route}",
            _banded(forecast.troughs[index]) if index else "",
            "" if is_end else _banded(forecast.peaks[index]),
            f"{min(under):.0f}-{max(under):.0f} %" if index else "",
        ]


def _sentences(forecast: Forecast) -> Iterator[str]:
    """The sparkline, the mean of each run of intervals, and what is extrapolated."""
    yield _sparkline(forecast.day, forecast.typical)
    for run in forecast.runs:
        text = (
            f"Every {run.interval_d / 7:g} weeks, after {run.intervals} intervals: mean trough "
            f"{run.trough.value:.1f} mg/L (SD {run.trough.spread:.1f}, Monte Carlo error {run.trough.error:.2f}), "
            f"mean peak {run.peak.value:.0f} mg/L (SD {run.peak.spread:.0f}, Monte Carlo error {run.peak.error:.2f})"
        )
        if run.fall is not None:
            way = "lower" if run.fall >= 0 else "higher"
            text += f"; mean trough {100 * abs(run.fall):.1f} % {way} than every 4 weeks"
            text += f" (error {100 * (run.fall_error or 0.0):.1f})"
        yield text + ("." if run.is_settled else "; not settled yet.")
    marked = sorted({reason for text in forecast.outside if text for reason in text.split("; ")})
    yield from (f"* Extrapolation: {reason}; the model's data do not reach there." for reason in marked)


def _sparkline(day: Any, level: Any) -> str:
    """The level of the typical patient as a line of blocks, each the mean over a stretch of time."""
    import numpy as np

    signs = int(min(SPARKS, max(1, round(day[-1] / 7.0))))
    edges = np.linspace(0.0, day[-1], 4 * signs + 1)
    means = np.interp((edges[1:] + edges[:-1]) / 2, day, level).reshape(signs, 4).mean(axis=1)
    steps = np.minimum(8 * means / max(means.max(), 1e-300), 7).astype(int)
    line = "".join("▁▂▃▄▅▆▇█"[step] for step in steps)
    return f"{line}  one sign is {day[-1] / 7.0 / signs:.1f} weeks, the highest {_short(means.max())} mg/L"


def _banded(band: Band) -> str:
    """The typical patient, and 5 and 95 % of the drawn ones."""
    return f"{_short(band.typical)} ({_short(band.low)}-{_short(band.high)})"


def _short(value: float) -> str:
    """Two significant digits without an exponent."""
    if value < 0.0095:
        return "<0.01" if value > 0 else "0"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def _show(found: list[Forecast], heading: str) -> None:
    """Print a table, a sparkline and the means for each plan."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"\n{heading}")
    for forecast in found[:SHOWN_PATIENTS]:
        console.print(f"\n{_title(forecast)}")
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("dose", "week", "", "trough before", "peak after", "saturation before"):
            table.add_column(name, justify="right" if name else "left", no_wrap=True)
        half, rows = SHOWN_DOSES // 2, list(_rows(forecast))
        for row in rows if len(rows) <= SHOWN_DOSES else [*rows[:half], ["..."], *rows[-half:]]:
            table.add_row(*row)
        console.print(table)
        for sentence in _sentences(forecast):
            console.print(sentence)
    if len(found) > SHOWN_PATIENTS:
        console.print(f"\n{len(found) - SHOWN_PATIENTS} more patients are not shown; -o writes them all.")
    console.print("\nSaturation: range over four curves for the typical patient. Predictions, not advice.")


def _write(found: list[Forecast], out: Path | None, picture: Path | None) -> None:
    if out is None and picture is None:
        return
    import polars as pl

    text = {"outside_model": pl.String}
    frame = pl.concat(pl.DataFrame(forecast.columns(), schema_overrides=text) for forecast in found)
    for file in (out, picture):
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
    if out is not None:
        (frame.write_csv if out.suffix == ".csv" else frame.write_parquet)(out)
    if picture is not None:
        from wearoff.charts.simulation import save_simulation

        save_simulation(frame, picture)


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
    from wearoff.dosing.forecast import Plan

    units = dict(_unit(text) for text in unit or [])
    for one in read_events(file, first_compartment=first_compartment, units=units, carried=carried):
        own = one.covariates.get("WT")
        if not one.schedule.is_plain:
            reason = "the command takes no steady state and no reset; write the doses out with ADDL and II."
            raise InputError(Problem(reason, file.name, None, "EVID", one.patient))
        if not one.regimen.number:
            raise InputError(Problem("there is no dose to simulate.", file.name, None, "AMT", one.patient))
        whose = weight_kg if own is None else own
        if whose is None:
            raise InputError(
                Problem("give WT in the table, or --weight.", file.name, None, "WT", one.patient)
            )
        if own is not None and (weight_kg is not None or weight_sd):
            raise typer.BadParameter("the table has WT; leave --weight and --weight-sd out")
        yield Plan(one.patient, one.regimen, whose, weight_sd)


def _unit(text: str) -> tuple[str, str]:
    column, equals, unit = text.partition("=")
    if not (column and equals):
        raise typer.BadParameter(f"--unit {text!r} is not COLUMN=UNIT, such as TIME=h")
    return column, unit


def _weight(text: str) -> float:
    """A body weight in kg; a bare number is in kg, as the option says."""
    from wearoff.units import quantity

    is_bare = text.strip().replace(".", "", 1).isdigit()
    value = quantity(f"{text} kg" if is_bare else text, "kg")
    if not LIGHTEST_KG <= value <= HEAVIEST_KG:
        reason = f"{value:g} kg is no body weight ({LIGHTEST_KG:g} to {HEAVIEST_KG:g} kg); is the unit right?"
        raise InputError(Problem(reason, column="--weight", value=text))
    return value
