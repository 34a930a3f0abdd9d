"""What `wearoff simulate` prints: for each plan a table by dose, the level as a line of blocks, and sentences.

On a terminal sentences break between words; into a file or a pipe each is one line. Shares above targets stand in
the table by dose where the terminal is wide enough, else in a table of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wearoff.dosing.by_dose import share_error
from wearoff.dosing.follow import MOST_BY_DAY

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from wearoff.dosing.by_dose import Band, Mean
    from wearoff.dosing.forecast import DrawnNumbers, Forecast

SHOWN_DOSES, SHOWN_PATIENTS, SPARKS = 60, 5, 60
_LEVELS = ("dose", "week", "", "trough before", "peak after", "saturation before")


def show(found: list[Forecast], who: str) -> None:
    """Print every plan, the first few of a table.

    Args:
        found: the forecasts, at least one.
        who: what the drawn patients are, such as "virtual patients".
    """
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    # what is not read on a terminal is read by a program: a sentence is a line there
    is_whole = not console.is_terminal
    console.print()
    for line in _heading(found[0], who):
        console.print(line, soft_wrap=is_whole)
    for forecast in found[:SHOWN_PATIENTS]:
        console.print(f"\n{_title(forecast)}", soft_wrap=is_whole)
        for table in _tables(forecast, console):
            console.print(table, width=_width(table, console), crop=False, no_wrap=True, overflow="ignore")
        for line in _sparkline(forecast.day, forecast.typical):
            console.print(line, soft_wrap=True)
        for sentence in _sentences(forecast):
            console.print(sentence, soft_wrap=is_whole)
    if len(found) > SHOWN_PATIENTS:
        console.print(f"\n{len(found) - SHOWN_PATIENTS} more patients are not shown; -o writes them all.")
    number = len(found[0].saturations)
    curves = "four curves" if number == 4 else f"{number} curves"
    console.print(f"\nSaturation: range over {curves}, typical patient. Predictions, not advice.")


def _heading(forecast: Forecast, who: str) -> Iterator[str]:
    """What was computed with what, and how the figures are to be read."""
    yield f"Model {forecast.model}, {forecast.draws:,} {who}, seed {forecast.seed}."
    if forecast.numbers is None:
        yield "Parameter uncertainty: off, everyone has the model's numbers as published."
        yield "Levels, mg/L: typical patient (5-95 % between patients)."
    else:
        yield (
            f"Parameter uncertainty: on, each virtual patient has its own draw of "
            f"{len(forecast.numbers.names)} model numbers."
        )
        yield "Levels, mg/L: typical patient (5-95 % over patients and parameter uncertainty)."
    if forecast.shares:
        yield "Shares: patients whose trough is at or above the target (Monte Carlo error)."


def _title(forecast: Forecast) -> str:
    import numpy as np

    plan = forecast.plan
    name = "Typical patient and population" if plan.is_population else f"Patient {plan.patient}"
    spread = f", SD {plan.weight_sd:g} kg, cut off at the model's limits" if plan.weight_sd else ""
    ends = (np.min(plan.weight_kg), np.max(plan.weight_kg))
    weights = " to ".join(dict.fromkeys(f"{value:g}" for value in ends))
    return f"{name}: {weights} kg{spread}; {plan.regimen.number} doses{''.join(_besides(forecast))}."


def _besides(forecast: Forecast) -> Iterator[str]:
    """What happens besides doses."""
    plan, regimen = forecast.plan, forecast.plan.regimen
    doses = () if plan.schedule is None else plan.schedule.doses
    if any(dose.steady for dose in doses):
        yield "; in steady state from the first record that says so"
    if any(dose.is_reset for dose in doses):
        yield "; with resets"
    if regimen.exchange_d.size:
        shares = " to ".join(dict.fromkeys(f"{100 * share:g}" for share in sorted(regimen.exchange_share)))
        days = ", ".join(f"{day:g}" for day in regimen.exchange_d - regimen.start_d[0])
        yield f"; plasma exchange on day {days}, removing {shares} % of what is in the blood"
    if plan.antibodies_from_d <= forecast.day[-1] + regimen.start_d[0]:
        yield f"; antibodies from day {plan.antibodies_from_d - regimen.start_d[0]:g}, which speed elimination up"


def _tables(forecast: Forecast, console: Console) -> Iterator[Table]:
    """One table by dose with the shares above targets, or two where the terminal is too narrow for one."""
    targets = [f"≥ {target:g} mg/L" for target in forecast.shares]
    levels, shares = list(_levels(forecast)), list(_shares(forecast))
    both = _table((*_LEVELS, *targets), [[*row, *more] for row, more in zip(levels, shares, strict=True)])
    if not targets or _width(both, console) <= console.width:
        yield both
        return
    yield _table(_LEVELS, levels)
    for first in range(0, len(targets), 4):
        here = slice(first, first + 4)
        rows = [[*row[:2], *more[here]] for row, more in zip(levels, shares, strict=True)]
        yield _table(("dose", "week", *targets[here]), rows)


def _width(table: Table, console: Console) -> int:
    """The columns that a table needs, which may be more than the terminal has."""
    return console.measure(table, options=console.options.update(width=1000)).maximum


def _table(names: tuple[str, ...], rows: list[list[str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    half = SHOWN_DOSES // 2
    for row in rows if len(rows) <= SHOWN_DOSES else [*rows[:half], ["..."], *rows[-half:]]:
        table.add_row(*row)
    return table


def _levels(forecast: Forecast) -> Iterator[list[str]]:
    """A row for each dose, and one for the end."""
    regimen = forecast.plan.regimen
    for index, where in enumerate(forecast.at):
        is_known = index > 0 or forecast.typical[where] > 0  # a patient may begin in steady state
        under = [100 * float(values[where]) for values in forecast.saturations.values()]
        is_end = index == regimen.number
        route = "" if is_end else " SC" if regimen.is_subcutaneous[index] else " IV"
        yield [
            ("* " if forecast.outside[where] else "") + ("end" if is_end else str(index + 1)),
            f"{forecast.day[where] / 7.0:.1f}".removesuffix(".0"),
            "" if is_end else f"{regimen.dose_mg[index]:g} mg{route}",
            _banded(forecast.troughs.band(index)) if is_known else "",
            "" if is_end else _banded(forecast.peaks.band(index)),
            f"{min(under):.0f}-{max(under):.0f} %" if is_known else "",
        ]


def _shares(forecast: Forecast) -> Iterator[list[str]]:
    """The shares at or above each target before each dose and at the end, with their Monte Carlo errors."""
    draws = forecast.draws - forecast.failed
    digits = 1 if draws <= MOST_BY_DAY else 2
    for index in range(len(forecast.at)):
        found = [values[index] for values in forecast.shares.values()]
        yield [
            f"{100 * share:.{digits}f} % ({100 * error:.{digits + 1}f})" if index else ""
            for share, error in ((share, float(share_error(share, draws))) for share in found)
        ]


def _sparkline(day: Any, level: Any) -> Iterator[str]:
    """The level of the typical patient as a line of blocks, each the mean over a stretch of time."""
    import numpy as np

    signs = int(min(SPARKS, max(1, round(day[-1] / 7.0))))
    edges = np.linspace(0.0, day[-1], 4 * signs + 1)
    means = np.interp((edges[1:] + edges[:-1]) / 2, day, level).reshape(signs, 4).mean(axis=1)
    steps = np.minimum(8 * means / max(means.max(), 1e-300), 7).astype(int)
    yield "".join("▁▂▃▄▅▆▇█"[step] for step in steps)
    yield (
        f"Level of the typical patient: one sign is {day[-1] / 7.0 / signs:.1f} weeks, "
        f"the highest {_short(means.max())} mg/L."
    )


def _sentences(forecast: Forecast) -> Iterator[str]:
    """The mean of each run of intervals, what is extrapolated, and what the bands do not hold."""
    for run in forecast.runs:
        text = (
            f"Every {run.interval_d / 7:g} weeks, after {run.intervals} intervals: "
            f"mean trough {_mean(run.trough, 1)}, mean peak {_mean(run.peak, 0)}"
        )
        if run.fall is not None:
            way = "lower" if run.fall >= 0 else "higher"
            text += f"; mean trough {100 * abs(run.fall):.1f} % {way} than every 4 weeks"
            text += f" (error {_error(100 * (run.fall_error or 0.0))})"
        yield text + ("." if run.is_settled else "; not settled yet.")
    marked = sorted({reason for text in forecast.outside if text for reason in text.split("; ")})
    yield from (f"* Extrapolation: {reason}; the model's data do not reach there." for reason in marked)
    if forecast.failed:
        yield f"{forecast.failed:,} patients could not be solved; they are in no figure."
    if forecast.numbers is not None:
        yield from _uncertainty(forecast.numbers)


def _uncertainty(numbers: DrawnNumbers) -> Iterator[str]:
    """What was drawn of the model's numbers, what was drawn again, and what was not drawn."""
    yield (
        "Parameter uncertainty: the numbers are drawn from their published 95 % intervals, each by itself; "
        f"{numbers.redrawn:,} draws were physically impossible and drawn again."
    )
    for why in dict.fromkeys(numbers.kept.values()):
        names = [
            key.removesuffix(".typical").replace(".", ", ").replace("_", " ")
            for key, its in numbers.kept.items()
            if its == why
        ]
        yield f"Kept as published, because {_BECAUSE.get(why, why)}: {'; '.join(names)}."


_BECAUSE = {"fixed by the authors": "the authors fixed them"}


def _mean(mean: Mean, digits: int) -> str:
    return (
        f"{mean.value:.{digits}f} mg/L (SD {mean.spread:.{digits}f}, Monte Carlo error {_error(mean.error)})"
    )


def _banded(band: Band) -> str:
    """The typical patient, and 5 and 95 % of the drawn ones."""
    return f"{_short(band.typical)} ({_short(band.low)}-{_short(band.high)})"


def _error(value: float) -> str:
    """A Monte Carlo error, never shown as 0."""
    return f"{value:.2f}" if value >= 0.0095 else f"{value:.3f}" if value >= 0.00095 else "<0.001"


def _short(value: float) -> str:
    """Two significant digits without an exponent."""
    if value < 0.0095:
        return "<0.01" if value > 0 else "0"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"
