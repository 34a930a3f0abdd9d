"""What `wearoff patient` prints: the levels beside their predictions, the options, and what limits them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from wearoff.dosing import wording
from wearoff.dosing.wording import BADGES, banded, chance, dots, floor, percent, saturation, short

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment
    from wearoff.dosing.decline import Delay
    from wearoff.report import ResultFiles


def show(found: Assessment) -> None:
    """Print one patient."""
    console = Console(highlight=False, markup=False)
    is_whole = not console.is_terminal

    def say(lines: Iterator[str]) -> None:
        for line in lines:
            console.print(line, soft_wrap=is_whole)

    say(_heading(found))
    console.print()
    _print(_levels(found), console)
    console.print()
    _print(_options(found), console)
    say(_below_options(found))
    console.print()
    _print(_delays(found), console)
    say(_sentences(found))


def show_files(written: ResultFiles) -> None:
    """Print where the report is."""
    console = Console(highlight=False, markup=False)
    for what, path in (("report", written.report), ("paper", written.paper), ("result", written.result)):
        console.print(f"  {what:6}  {path}", soft_wrap=True)


def _print(table: Table, console: Console) -> None:
    """A table as wide as it is: cut off it would say something else."""
    width = console.measure(table, options=console.options.update(width=400)).maximum
    wide = Console(highlight=False, markup=False, width=max(console.width, width))
    wide.print(table, crop=False, no_wrap=True, overflow="ignore", soft_wrap=width > console.width)


def _table(*names: str, left: Sequence[str] = ()) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, justify="left" if name in left else "right", no_wrap=True)
    return table


def _heading(found: Assessment) -> Iterator[str]:
    patient, regimen = found.patient, found.patient.regimen
    last = patient.date_of(float(regimen.start_d[-1]))
    kg = wording.weight_now(found)
    yield f"Patient {patient.name}: {regimen.number} doses, the last on {last:%Y-%m-%d}; {kg:g} kg."
    yield wording.models(found)
    yield wording.draws(found)
    yield from wording.settings(found)


def _levels(found: Assessment) -> Table:
    """Each level beside its prediction under the model that weighs most, and what it moves."""
    fit, patient = found.main, found.patient
    table = _table(
        "level on", "measured", "laboratory", "typical", "fitted", "residual", "moves clearance by",
        left=("level on", "laboratory"),
    )  # fmt: skip
    levels, at = patient.levels, fit.posterior.names.index("clearance")
    for index, day in enumerate(levels.time_d):
        is_below = bool(levels.is_below[index])
        value = levels.lloq_mg_per_l[index] if is_below else levels.value_mg_per_l[index]
        table.add_row(
            f"{'* ' if fit.levels.is_far[index] else ''}{patient.date_of(float(day)):%Y-%m-%d}",
            f"{'< ' if is_below else ''}{value:.3g} mg/L",
            levels.laboratory[index],
            f"{fit.levels.typical[index]:.3g}",
            f"{fit.levels.fitted[index]:.3g}",
            "" if is_below else f"{fit.levels.residual[index]:+.1f} SD",
            f"{100 * fit.pulls[index, at]:+.0f} %",
        )
    seen = patient.occupancies
    for index, day in enumerate(seen.time_d):
        bands = found.occupancies.predicted.values()
        low, high = min(band["p05"][index] for band in bands), max(band["p95"][index] for band in bands)
        table.add_row(
            f"{patient.date_of(float(day)):%Y-%m-%d}",
            f"{100 * seen.share[index]:.0f} %",
            f"{seen.assay[index]}, {seen.subset[index]}",
            "",
            f"{100 * low:.0f}-{100 * high:.0f} %",
            "within" if found.occupancies.is_within[index] else "outside",
            "",
        )
    return table


def _options(found: Assessment) -> Table:
    target = found.target
    names = ["every", "next dose", "next trough", "settled trough", "saturation"]
    if target is not None:
        names += ["chance next", "chance settled", "days below"]
        names += ["your rule"] if target.at_least is not None else []
    table = _table(*names, "a year", "evidence", left=("every", "evidence", "your rule"))
    for option in found.options:
        row = [
            f"{option.weeks:g} weeks",
            wording.next_date(found, option),
            banded(option.next_trough),
            banded(option.settled_trough),
            saturation(option.settled_saturation),
        ]
        if target is not None:
            row += [chance(option.probability_next, option.error_next)]
            row += [chance(option.probability_settled, option.error_settled), f"{option.days_below:.1f}"]
        if option.meets_rule is not None:
            row.append("meets it" if option.meets_rule else "does not")
        table.add_row(*row, f"{option.infusions_per_year:.1f}", BADGES[option.evidence.badge])
    return table


def _below_options(found: Assessment) -> Iterator[str]:
    """What the table means, the chances as dots, and the same under another weight."""
    yield "\nTroughs in mg/L: median (5-95 %). Saturation: median at the settled trough, range over the curves."
    target = found.target
    if target is None:
        yield "No floor was asked for; --target and --probability state your own."
    else:
        yield (
            f"Chance: of being at or above your floor of {floor(target)} just before the dose (Monte Carlo error)."
        )
        yield "Of twenty patients with these levels so many would be at or above it once the interval has settled:"
        for option in found.options:
            yield f"  {option.weeks:>4g} weeks  {dots(option.probability_settled)}"
    yield from wording.what_if(found)


def _delays(found: Assessment) -> Table:
    """The trough before a dose that comes late, interval by interval."""
    rows = [(weeks, list(group)) for weeks, group in groupby(found.delays, key=lambda one: one.weeks)]
    table = _table("a dose late by", *(f"{one.days:g} days" for one in rows[0][1]), left=("a dose late by",))
    for weeks, late in rows:
        table.add_row(f"after {weeks:g} weeks", *(_late(one) for one in late))
    return table


def _late(delay: Delay) -> str:
    share = "" if delay.probability is None else f", {percent(delay.probability)}"
    return f"{short(delay.trough['p50'])} mg/L{share}"


def _sentences(found: Assessment) -> Iterator[str]:
    share = "" if found.target is None else ", and the chance of the floor then"
    yield f"\nTrough before a dose that comes late (median){share}."
    yield from wording.after_the_last(found)
    yield wording.stopping(found)
    yield from wording.falls(found)
    yield from wording.policies(found)
    yield wording.exchange(found)
    if found.main.levels.is_far.any():
        yield "* This level lies more than 3 residual SDs from its prediction."
    for caution in found.cautions:
        yield f"Caution: {caution}"
    for weeks, sentence, _ in wording.evidence(found):
        yield f"Evidence, {weeks}: {sentence}"
    for note in found.patient.notes:
        yield f"Assumed: {note}"
    yield "Predictions for discussion, under a model and its spread. Not a dose recommendation."
