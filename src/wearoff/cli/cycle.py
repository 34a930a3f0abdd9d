"""`wearoff cycle`: one settled cycle from drug to tissue, and what it says of the days right after the infusion."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from wearoff.cli.models import value_of
from wearoff.cli.simulate import body_weight

if TYPE_CHECKING:
    from wearoff.dosing.cycle import Band, TissueCycle
    from wearoff.dosing.pk.models import PkModel

WIDTH = 110
_SHOWN = {"cns_cd4": "CD4", "cns_cd8": "CD8", "cns_b_cell": "B", "cns_monocyte": "monocytes"}
_ELSEWHERE = {"lung_cd8": "lung, CD8", "gut_alpha4beta7": "gut, alpha4beta7"}
_CELL = 18


def cycle(
    weight: Annotated[str | None, typer.Option(help="Body weight in kg, or with a unit: '176 lb'.")] = None,
    interval: Annotated[float, typer.Option(min=0.5, max=26, help="Dosing interval, weeks.")] = 4.0,
    dose: Annotated[float, typer.Option(min=1, max=3000, help="Each dose, mg.")] = 300.0,
    inflammation: Annotated[
        float, typer.Option(min=0, max=1, help="How inflamed the tissues are, from 0, quiet, to 1.")
    ] = 0.0,
    model: Annotated[str | None, typer.Option(help="Name of the dosing model.")] = None,
    draws: Annotated[int, typer.Option(min=100, max=5000, help="People drawn.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every drawn number.")] = 0,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="List every number between saturation and tissue instead.")
    ] = False,
) -> None:
    """Show what one cycle looks like from drug to tissue, as bands over curves, people and assumptions."""
    if numbers:
        for line in number_lines():
            typer.echo(line)
        return
    if weight is None:
        raise typer.BadParameter("say the body weight, for example --weight 80")
    from wearoff.dosing.cycle import tissue_cycle
    from wearoff.dosing.pk.models import DEFAULT_MODEL, load_model

    chosen = load_model(model or DEFAULT_MODEL)
    found = tissue_cycle(
        chosen,
        body_weight(weight),
        interval,
        dose_mg=dose,
        inflammation=inflammation,
        draws=draws,
        seed=seed,
    )
    for line in cycle_lines(found, chosen):
        typer.echo(line)


def cycle_lines(found: TissueCycle, model: PkModel) -> list[str]:
    """Everything that is printed of a cycle, in lines."""
    return [
        *_heading(found),
        "",
        *_blood_lines(found),
        "",
        *_entry_lines(found),
        "",
        *_csf_lines(found),
        "",
        *_answer(found),
        "",
        *_limits(found, model),
    ]


def number_lines() -> list[str]:
    """Every number between saturation and tissue with its mark, its range and its source, in lines."""
    from wearoff.dosing.trafficking import trafficking_file

    lines = []
    for name, figure in trafficking_file().figures.items():
        lines.append(f"{name:30}{value_of(figure)}  [{figure.mark}]")
        rows = f" ({', '.join(figure.evidence)})" if figure.evidence else ""
        lines += textwrap.wrap(
            figure.source.citation + rows, WIDTH, initial_indent="    ", subsequent_indent="    "
        )
    return lines


def shown_days(found: TissueCycle) -> list[int]:
    """The samples that are printed: the end of the infusion, each week, and just before the next infusion."""
    last = float(found.day[-1])
    step = 7.0 if last <= 84 else 28.0
    weeks = [step * week for week in range(1, int(last // step) + 1) if step * week < last - 0.5]
    return [0, *(found.at(day) for day in weeks), found.day.size - 1]


def _heading(found: TissueCycle) -> Iterator[str]:
    tissue = "quiet tissue" if not found.inflammation else f"tissue of inflammation {found.inflammation:g}"
    regimen = f"{found.dose_mg:g} mg every {found.interval_weeks:g} weeks, {found.weight_kg:g} kg"
    yield f"{regimen}, after two years of it; {tissue}"
    yield from textwrap.wrap(
        "Each figure: the medians of the saturation curves that differ most, and in brackets the lowest 5 % and the"
        " highest 95 % of any curve, over people and over the scanned range of every number. % of no drug.",
        WIDTH,
    )


def _blood_lines(found: TissueCycle) -> Iterator[str]:
    yield _row("day", "level, mg/L", "free alpha-4, %", "cells in blood, %")
    for index in shown_days(found):
        level = found.level
        yield _row(
            _day(found, index),
            f"{_two(level['p50'][index])} ({_two(level['p05'][index])}-{_two(level['p95'][index])})",
            _cell(found.free, index),
            _cell(found.blood, index),
        )


def _entry_lines(found: TissueCycle) -> Iterator[str]:
    yield _row("entry, %", *(f"brain, {name}" for name in _SHOWN.values()), *_ELSEWHERE.values())
    for index in shown_days(found):
        yield _row(_day(found, index), *(_cell(found.entry[name], index) for name in (*_SHOWN, *_ELSEWHERE)))


def _csf_lines(found: TissueCycle) -> Iterator[str]:
    yield _row("CSF cells, %", *_SHOWN.values())
    for index in shown_days(found):
        yield _row(_day(found, index), *(_cell(found.csf[name], index) for name in _SHOWN))


def _answer(found: TissueCycle) -> Iterator[str]:
    yield "Is one most vulnerable right after the infusion?"
    sizes = "; ".join(
        f"{words} {_range(rise.middle_low, rise.middle_high)} ({_two(rise.low)} to {_two(rise.high)})"
        for name, words in {**{k: f"brain {v}" for k, v in _SHOWN.items()}, **_ELSEWHERE}.items()
        for rise in (found.rise[name],)
    )
    share = min(rise.share_rising for rise in found.rise.values())
    certain = "in every draw" if share == 1 else f"in at least {_below_all(share)} of the draws"
    yield from textwrap.wrap(
        "It depends on to what. In this model the block is deepest at the end of the infusion, when the fewest"
        f" cells enter, and entry rises until the next one, {certain} and under every curve. It rises by so many"
        f" points of the untreated entry: {sizes}.",
        WIDTH,
    )
    yield from textwrap.wrap(
        "That says which way entry moves and by how much, not whether it matters: no cohort has shown a difference in"
        " outcome by day of the cycle. It is no risk of infection, and no day of the cycle is shown to be safe.",
        WIDTH,
    )


def _limits(found: TissueCycle, model: PkModel) -> Iterator[str]:
    from wearoff.dosing.intervals import interval_evidence

    known = interval_evidence(found.interval_weeks)
    rows = f" ({', '.join(known.evidence)})" if known.evidence else ""
    yield from textwrap.wrap(f"Interval: {known.sentence}{rows}", WIDTH)
    low, high = model.domain.weight_kg
    if not low <= found.weight_kg <= high:
        yield f"Outside the model's data: a weight of {found.weight_kg:g} kg; they reach from {low:g} to {high:g} kg."
    longest = model.domain.longest_interval_weeks
    if found.interval_weeks > longest:
        words = f"an interval above {longest:g} weeks; there it rests on Km, the worst-known number."
        yield f"Outside the model's data: {words}"
    yield from textwrap.wrap(
        "Nobody has compared human CSF under 4- and 6-weekly dosing. Every number between saturation and tissue is"
        " assumed and scanned; `wearoff cycle --numbers` lists them with range and source.",
        WIDTH,
    )
    yield f"Model {model.name}, {found.provenance['draws']} draws, seed {found.provenance['seed']}."
    yield "Decision support for research and discussion. Not a medical device and not a dose recommendation."


def _row(first: str, *cells: str) -> str:
    return f"{first:14}" + "".join(f"{cell:{_CELL}}" for cell in cells).rstrip()


def _day(found: TissueCycle, index: int) -> str:
    if index == 0:
        return "after it"
    if index == found.day.size - 1:
        return "before next"
    return f"day {found.day[index]:.0f}"


def _cell(values: Band, index: int) -> str:
    """A band in percent of no drug."""
    low, first, second, high = (
        100.0 * float(values[name][index]) for name in ("p05", "p50_low", "p50_high", "p95")
    )
    return f"{_range(first, second)} ({_two(low)}-{_two(high)})"


def _range(low: float, high: float) -> str:
    return _two(low) if _two(low) == _two(high) else f"{_two(low)}-{_two(high)}"


def _two(value: float) -> str:
    """Two significant digits; from 100 on whole numbers."""
    if abs(value) >= 99.5:
        return f"{value:.0f}"
    if abs(value) < 0.05:
        return "<0.1" if value > 0 else "0"
    return f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.1f}"


def _below_all(share: float) -> str:
    return f"{min(100 * share, 99.9):.1f} %"
