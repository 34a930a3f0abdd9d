"""What `wearoff patient` prints: the levels beside their predictions, the options, and what limits them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from wearoff.dosing.fit.diagnostics import LevelFit
    from wearoff.dosing.fit.patient import Patient
    from wearoff.dosing.fit.posterior import Posterior
    from wearoff.dosing.intervals import IntervalOption, Target

_BADGES = {"trial": "trial", "cohort": "cohort", "none": "none", "failed": "failed in a trial"}


def show(
    patient: Patient,
    posterior: Posterior,
    levels: LevelFit,
    outside: Sequence[str],
    options: Sequence[IntervalOption],
    target: Target | None,
    lasting: Mapping[str, float] | None,
) -> None:
    """Print one patient."""
    console = Console(highlight=False, markup=False)
    is_whole = not console.is_terminal
    for line in _heading(patient, posterior):
        console.print(line, soft_wrap=is_whole)
    console.print()
    _print(_levels(patient, levels), console)
    console.print()
    _print(_options(patient, options, target), console)
    for line in _sentences(patient, posterior, levels, outside, options, target, lasting):
        console.print(line, soft_wrap=is_whole)


def _print(table: Table, console: Console) -> None:
    """A table as wide as it is: cut off it would say something else."""
    width = max(console.width, console.measure(table, options=console.options.update(width=400)).maximum)
    console.print(table, width=width, crop=False, no_wrap=True, overflow="ignore")


def _heading(patient: Patient, posterior: Posterior) -> Iterator[str]:
    regimen = patient.regimen
    last = patient.date_of(float(regimen.start_d[-1]))
    weight = patient.weight_kg[patient.weight_d <= patient.today_d]
    now = weight[-1] if weight.size else patient.weight_kg[0]
    yield f"Patient {patient.name}: {regimen.number} doses, the last on {last:%Y-%m-%d}; {now:g} kg."
    numbers = (
        "with the uncertainty of its own numbers" if posterior.has_parameter_uncertainty else "as published"
    )
    yield (
        f"Model {posterior.model}, {numbers}; {posterior.draws:,} draws, seed {posterior.seed}; "
        f"{posterior.counting:,.0f} proposals count."
    )


def _levels(patient: Patient, found: LevelFit) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("level on", "measured", "laboratory", "typical", "fitted", "residual"):
        table.add_column(
            name, justify="right" if name not in ("level on", "laboratory") else "left", no_wrap=True
        )
    levels = patient.levels
    for index, day in enumerate(levels.time_d):
        is_below = bool(levels.is_below[index])
        value = levels.lloq_mg_per_l[index] if is_below else levels.value_mg_per_l[index]
        table.add_row(
            f"{'* ' if found.is_far[index] else ''}{patient.date_of(float(day)):%Y-%m-%d}",
            f"{'< ' if is_below else ''}{value:.3g} mg/L",
            levels.laboratory[index],
            f"{found.typical[index]:.3g}",
            f"{found.fitted[index]:.3g}",
            "" if is_below else f"{found.residual[index]:+.1f} SD",
        )
    return table


def _options(patient: Patient, options: Sequence[IntervalOption], target: Target | None) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    names = ["every", "next dose", "next trough", "settled trough", "saturation"]
    if target is not None:
        names += ["chance next", "chance settled", "days below"]
        names += ["your rule"] if target.at_least is not None else []
    names += ["a year", "evidence"]
    for name in names:
        table.add_column(
            name, justify="left" if name in ("every", "evidence", "your rule") else "right", no_wrap=True
        )
    for option in options:
        under = [100 * value for value in option.saturation.values()]
        row = [
            f"{option.weeks:g} weeks",
            f"{patient.date_of(option.next_d):%Y-%m-%d}",
            _banded(option.next_trough),
            _banded(option.settled_trough),
            f"{min(under):.0f}-{max(under):.0f} %",
        ]
        if target is not None:
            row += [_chance(option.probability_next, option.error_next)]
            row += [_chance(option.probability_settled, option.error_settled), f"{option.days_below:.1f}"]
        if option.meets_rule is not None:
            row.append("meets it" if option.meets_rule else "does not")
        table.add_row(*row, f"{option.infusions_per_year:.1f}", _BADGES[option.evidence.badge])
    return table


def _sentences(
    patient: Patient,
    posterior: Posterior,
    levels: LevelFit,
    outside: Sequence[str],
    options: Sequence[IntervalOption],
    target: Target | None,
    lasting: Mapping[str, float] | None,
) -> Iterator[str]:
    yield "\nTroughs in mg/L: median (5-95 %). Saturation: median at the settled trough, range over the curves."
    if target is None:
        yield "No floor was asked for; --target and --probability state your own."
    else:
        floor = (
            f"{100 * target.value:g} % saturation under {target.curve}"
            if target.curve
            else f"{target.value:g} mg/L"
        )
        yield f"Chance: of being at or above your floor of {floor} just before the dose (Monte Carlo error)."
    if lasting is not None:
        low, middle, high = (_weeks(lasting[name]) for name in ("p05", "p50", "p95"))
        yield f"Without another dose the floor holds for {middle} weeks after the last one (5-95 %: {low} to {high})."
    if levels.is_far.any():
        yield "* This level lies more than 3 residual SDs from its prediction: look at it, its unit and its time."
    if posterior.verdict:
        yield f"Caution: {posterior.verdict}."
    if outside:
        yield f"Outside the model's data: {'; '.join(outside)}. The prediction is an extrapolation."
    known: dict[str, list[str]] = {}
    for option in options:
        known.setdefault(option.evidence.sentence, []).append(f"{option.weeks:g}")
    for sentence, weeks in known.items():
        yield f"Evidence, {' and '.join(weeks)} weeks: {sentence}"
    for note in patient.notes:
        yield f"Assumed: {note}"
    yield "Predictions for discussion, under a model and its spread. Not a dose recommendation."


def _banded(trough: Mapping[str, float]) -> str:
    return f"{_short(trough['p50'])} ({_short(trough['p05'])}-{_short(trough['p95'])})"


def _chance(probability: float | None, error: float | None) -> str:
    return "" if probability is None or error is None else f"{100 * probability:.0f} % ({100 * error:.1f})"


def _weeks(value: float) -> str:
    return "more than 52" if value == float("inf") else f"{value:.1f}"


def _short(value: float) -> str:
    """Two significant digits without an exponent."""
    if value < 0.0095:
        return "<0.01" if value > 0 else "0"
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"
