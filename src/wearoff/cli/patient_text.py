"""What `wearoff patient` prints: the levels beside their predictions, the options, and what limits them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment
    from wearoff.dosing.decline import Delay
    from wearoff.dosing.intervals import Target

_BADGES = {"trial": "trial", "cohort": "cohort", "none": "none", "failed": "failed in a trial"}
_DOTS = 20


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
    weight = patient.weight_kg[patient.weight_d <= patient.today_d]
    now = weight[-1] if weight.size else patient.weight_kg[0]
    yield f"Patient {patient.name}: {regimen.number} doses, the last on {last:%Y-%m-%d}; {now:g} kg."
    is_uncertain = found.main.posterior.has_parameter_uncertainty
    numbers = "with the uncertainty of its own numbers" if is_uncertain else "as published"
    weights = ", ".join(f"{fit.model.name} {100 * fit.weight:.0f} %" for fit in found.fits)
    what = (
        f"Models by their weight after the levels: {weights}" if len(found.fits) > 1 else f"Model {weights}"
    )
    yield f"{what}; each {numbers}."
    yield (
        f"{found.after.draws:,} draws, seed {found.seed}; they are worth {found.after.counting:,.0f} independent ones."
    )
    how = found.main.posterior.settings
    if how.occasions is not None:
        yield f"The clearance changes from interval to interval with a CV of {100 * how.occasions.cv:g} % (assumed)."
    if how.occupancy is not None:
        use = how.occupancy
        yield (
            f"Occupancies ({use.assay}, {use.subset}) enter the fit under {use.curve.name}, SD {100 * use.sd:g} points "
            "(assumed)."
        )


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
    target, patient = found.target, found.patient
    names = ["every", "next dose", "next trough", "settled trough", "saturation"]
    if target is not None:
        names += ["chance next", "chance settled", "days below"]
        names += ["your rule"] if target.at_least is not None else []
    table = _table(*names, "a year", "evidence", left=("every", "evidence", "your rule"))
    for option in found.options:
        under = [100 * bands["p50"] for bands in option.settled_saturation.values()]
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


def _below_options(found: Assessment) -> Iterator[str]:
    """What the table means, the chances as dots, and the same under another weight."""
    yield "\nTroughs in mg/L: median (5-95 %). Saturation: median at the settled trough, range over the curves."
    target = found.target
    if target is None:
        yield "No floor was asked for; --target and --probability state your own."
    else:
        yield (
            f"Chance: of being at or above your floor of {_floor(target)} just before the dose (Monte Carlo error)."
        )
        yield "Of twenty patients with these levels so many would be at or above it once the interval has settled:"
        for option in found.options:
            yield f"  {option.weeks:>4g} weeks  {dots(option.probability_settled)}"
    if found.what_if is not None:
        kg = found.what_if.weight_kg
        troughs = "; ".join(
            f"{after.weeks:g} weeks {_banded(after.settled_trough)} in place of {_short(now.settled_trough['p50'])}"
            for now, after in zip(found.options, found.what_if.options, strict=True)
        )
        yield f"At {kg:g} kg from today on the settled troughs would be: {troughs} mg/L."


def _delays(found: Assessment) -> Table:
    """The trough before a dose that comes late, interval by interval."""
    rows = [(weeks, list(group)) for weeks, group in groupby(found.delays, key=lambda one: one.weeks)]
    table = _table("a dose late by", *(f"{one.days:g} days" for one in rows[0][1]), left=("a dose late by",))
    for weeks, late in rows:
        table.add_row(f"after {weeks:g} weeks", *(_late(one) for one in late))
    return table


def _late(delay: Delay) -> str:
    chance = "" if delay.probability is None else f", {100 * delay.probability:.0f} %"
    return f"{_short(delay.trough['p50'])} mg/L{chance}"


def _sentences(found: Assessment) -> Iterator[str]:
    patient = found.patient
    last = float(patient.regimen.start_d[-1])
    chance = "" if found.target is None else ", and the chance of the floor then"
    yield f"\nTrough before a dose that comes late (median){chance}."
    if found.holding is not None:
        low, middle, high = (_weeks(found.holding.weeks[name]) for name in ("p05", "p50", "p95"))
        yield f"Without another dose the floor holds for {middle} weeks after the last one (5-95 %: {low} to {high})."
        until = found.holding.rule_until_d
        if until == float("inf"):
            yield "Your rule holds for more than 52 weeks after the last dose."
        elif until is not None:
            date = patient.date_of(last + until)
            yield f"Your rule holds until {date:%Y-%m-%d}, {until / 7:.1f} weeks after the last dose."
    yield f"After stopping: {_stopping(found)}."
    for policy in found.policies:
        where = "cannot say" if policy.weeks is None else f"arrives at {policy.weeks:.3g} weeks"
        yield f"Published for comparison, {policy.name}: {where} ({policy.reason})."
    gone = found.exchange
    yield (
        f"Plasma exchange, {gone.sessions} sessions from {patient.date_of(last + gone.begin_d):%Y-%m-%d} on, each "
        f"removing {100 * gone.share:g} % (assumed): {gone.days_after:g} days after the last the level would be "
        f"{_banded(gone.level)} mg/L, {100 * gone.fall['p50']:.0f} % lower than before them; without them "
        f"{_banded(gone.without)}."
    )
    if found.main.levels.is_far.any():
        yield "* This level lies more than 3 residual SDs from its prediction."
    for caution in found.cautions:
        yield f"Caution: {caution}"
    known: dict[str, list[str]] = {}
    for option in found.options:
        known.setdefault(option.evidence.sentence, []).append(f"{option.weeks:g}")
    for sentence, weeks in known.items():
        yield f"Evidence, {' and '.join(weeks)} weeks: {sentence}"
    for note in patient.notes:
        yield f"Assumed: {note}"
    yield "Predictions for discussion, under a model and its spread. Not a dose recommendation."


def _stopping(found: Assessment) -> str:
    """Level and saturation some weeks after the last dose."""
    gone, parts = found.decline, []
    for week in (6, 8, 10, 12):
        (at,) = (gone.day == 7.0 * week).nonzero()[0]
        level = {name: float(values[at]) for name, values in gone.level.items()}
        under = [100 * bands["p50"][at] for bands in gone.saturation.values()]
        parts.append(f"week {week} {_banded(level)} mg/L and {min(under):.0f}-{max(under):.0f} % saturation")
    return "; ".join(parts)


def dots(probability: float | None) -> str:
    """A probability as twenty dots, those that are full first."""
    full = 0 if probability is None else round(_DOTS * probability)
    return "●" * full + "○" * (_DOTS - full)


def _floor(target: Target) -> str:
    if target.curve:
        return f"{100 * target.value:g} % saturation under {target.curve}"
    return f"{target.value:g} mg/L"


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
