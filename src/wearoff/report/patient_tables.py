"""The tables of one patient's page, written for people; the CSV files beside it keep every digit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from wearoff.charts.patient import clock
from wearoff.dosing import wording
from wearoff.dosing.wording import banded, between, short
from wearoff.report.figures import NOT_KNOWN, Cell, number, shortened
from wearoff.report.page import TableView

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment, ModelFit
    from wearoff.dosing.figures import Figure
    from wearoff.dosing.intervals import IntervalOption
    from wearoff.dosing.occupancy import SaturationCurve

_BANDS: Final = ("median", "half (25-75 %)", "9 in 10 (5-95 %)")
_MOST_ROWS: Final = 200
_OPEN_ROWS: Final = 20

Row = Sequence[str | None]


def table(
    label: Iterator[str],
    title: str,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    note: str = "",
    file: str = "",
    numbers: Sequence[str] = (),
    is_open: bool = True,
) -> TableView:
    """A table of texts; the columns named in `numbers` stand to the right, and None is not known."""
    found = [
        tuple(_cell(text, name in numbers) for text, name in zip(row, columns, strict=True)) for row in rows
    ]
    return TableView(
        name=title,
        label=next(label),
        title=title,
        note=note,
        headings=tuple(Cell(name, "number" if name in numbers else "text") for name in columns),
        rows=tuple(found[:_MOST_ROWS]),
        total=len(found),
        is_open=is_open and len(found) <= _OPEN_ROWS,
        file=file,
    )


def doses(found: Assessment, label: Iterator[str]) -> TableView:
    """Every dose and every session of plasma exchange that was recorded, in order of time."""
    patient, regimen = found.patient, found.patient.regimen
    gaps = [None, *(f"{days / 7:.1f}" for days in regimen.interval_d)]
    rows: list[tuple[float, Row]] = []
    for index, day in enumerate(regimen.start_d.tolist()):
        is_under_skin, minutes = regimen.is_subcutaneous[index], round(1440 * regimen.duration_d[index])
        row = (
            _when(found, day, is_date=bool(patient.is_date_only[index])),
            f"{regimen.dose_mg[index]:g} mg",
            "SC" if is_under_skin else "IV",
            f"{minutes} min" if minutes else "at once",
            gaps[index],
        )
        rows.append((day, row))
    for day, share in zip(regimen.exchange_d.tolist(), regimen.exchange_share, strict=True):
        said = f"plasma exchange, {100 * share:g} % of the drug in the blood removed"
        rows.append((day, (_when(found, day), said, None, None, None)))
    columns = ("time", "dose", "route", "length", "weeks since the one before")
    ordered = [row for _, row in sorted(rows, key=lambda each: each[0])]
    return table(
        label, "Doses and plasma exchange", columns, ordered, numbers=columns[4:], is_open=len(rows) <= 12
    )


def weights(found: Assessment, label: Iterator[str]) -> TableView:
    """The weight, and from when it holds."""
    days = zip(found.patient.weight_d.tolist(), found.patient.weight_kg, strict=True)
    rows = [(_when(found, day, is_date=True), f"{kg:g}") for day, kg in days]
    return table(label, "Weight", ("from", "kg"), rows, numbers=("kg",))


def laboratories(found: Assessment, label: Iterator[str]) -> TableView:
    """The laboratories and their scales."""
    rows = [
        (
            one.name,
            "estimated" if one.is_estimated else f"{one.scale:g}",
            f"median {one.scale:g}, CV {100 * one.prior_cv:g} %"
            if one.prior_cv is not None
            else "taken as it is",
            str(one.mark),
            one.source.citation,
        )
        for one in found.patient.laboratories.values()
    ]
    columns = ("laboratory", "scale", "prior", "mark", "source")
    note = "The scale is what a laboratory reports for 1 mg/L."
    return table(label, "Laboratories", columns, rows, note=note)


def levels(found: Assessment, fit: ModelFit, label: Iterator[str]) -> TableView:
    """Each measurement beside its prediction under one model, and what it alone moves."""
    patient, at = found.patient, fit.posterior
    effects = tuple(f"moves {_effect(name)}" for name in at.names)
    columns = ("time", "measured", "laboratory", "typical", "fitted", "residual", *effects)
    given, rows = patient.levels, []
    for index, day in enumerate(given.time_d.tolist()):
        is_below = bool(given.is_below[index])
        value = given.lloq_mg_per_l[index] if is_below else given.value_mg_per_l[index]
        residual = f"{fit.levels.residual[index]:+.1f} SD".replace("-", "−")
        far = ", does not fit" if fit.levels.is_far[index] else ""
        rows.append(
            (
                _when(found, day),
                f"{'< ' if is_below else ''}{value:.3g} mg/L",
                given.laboratory[index],
                f"{fit.levels.typical[index]:.3g}",
                f"{fit.levels.fitted[index]:.3g}",
                ("below the limit" if is_below else residual) + far,
                *(_moved(pull) for pull in fit.pulls[index]),
            )
        )
    for index in range(given.number, fit.pulls.shape[0]):
        seen = f"{100 * at.subject.measured[index]:.0f} % occupancy"
        moved = (_moved(pull) for pull in fit.pulls[index])
        rows.append((_when(found, float(at.subject.time_d[index])), seen, None, None, None, None, *moved))
    note = (
        "Typical: predicted for the typical patient of this weight. Fitted: with the most probable parameters. Both in "
        "mg/L as the laboratory would report them. Moves: the parameter fitted with all measurements over that fitted "
        "without this one, less 1."
    )
    title = f"What the levels changed under {fit.model.name}"
    return table(label, title, columns, rows, note=note, file="levels.csv", numbers=columns[3:5] + effects)


def occupancies(found: Assessment, label: Iterator[str]) -> TableView:
    """Each measured occupancy beside the saturation predicted then under every curve."""
    seen, predicted = found.patient.occupancies, found.occupancies.predicted
    columns = ("time", "measured", "assay", "leukocytes", *predicted, "within the curves")
    rows = [
        (
            _when(found, day),
            f"{100 * seen.share[index]:.0f} %",
            seen.assay[index],
            seen.subset[index],
            *(
                f"{100 * bands['p50'][index]:.0f} % ({100 * bands['p05'][index]:.0f}-{100 * bands['p95'][index]:.0f})"
                for bands in predicted.values()
            ),
            "within" if found.occupancies.is_within[index] else "outside",
        )
        for index, day in enumerate(seen.time_d.tolist())
    ]
    note = "Predicted saturation under each curve: median (5-95 %)."
    return table(label, "Measured occupancy beside the saturation", columns, rows, note=note)


def parameters(fit: ModelFit, label: Iterator[str]) -> TableView:
    """The prior of every parameter, and what the levels made of it."""
    most_probable = dict(zip(fit.posterior.names, fit.posterior.best.tolist(), strict=True))
    rows: list[Row] = []
    for name, parameter in fit.model.parameters.items():
        if parameter is None:
            continue
        spread, moved = parameter.between_patient_cv, most_probable.get(name)
        remaining = fit.remaining.get(name)
        rows.append(
            (
                _effect(name),
                value_of(parameter.typical, has_interval=False),
                _interval(parameter.typical),
                None
                if parameter.weight_exponent is None
                else value_of(parameter.weight_exponent, has_interval=False),
                None if spread is None else f"{100 * spread.value:.3g} % [{spread.mark}]",
                None if moved is None else _moved(math.expm1(moved)),
                None if remaining is None else f"{100 * remaining:.0f} %",
            )
        )
    rows += [
        (_effect(name), None, None, None, None, _moved(math.expm1(most_probable[name])), None)
        for name in fit.posterior.names[len(fit.remaining) :]
    ]
    columns = (
        "parameter",
        "typical",
        "published interval",
        "weight exponent",
        "spread between patients, CV",
        "this patient",
        "spread left",
    )
    kg = fit.model.reference_weight
    note = (
        f"Typical: at {kg.value:g} kg [{kg.mark}], with the mark of the number. This "
        "patient: most probable after the levels, against the typical patient of his weight. Spread left: the share of "
        "the variance between patients that the levels leave; near 100 % they told nothing "
        "(doi 10.1007/s11095-013-1079-3)."
    )
    return table(label, f"Parameters under {fit.model.name}", columns, rows, note=note, numbers=columns[5:])


def alternatives(found: Assessment, label: Iterator[str]) -> TableView:
    """Every option under each model alone, beside the average."""
    groups = {"average": found.options}
    groups |= {f"{fit.model.name}, {100 * fit.weight:.0f} %": fit.options for fit in found.fits}
    return _options_table(found, label, "The options under each model alone", "model, weight", groups)


def what_if(found: Assessment, label: Iterator[str]) -> TableView | None:
    """Every option under another weight beside the one that holds; None where none was asked for."""
    if found.what_if is None:
        return None
    now, then = wording.weight_now(found), found.what_if.weight_kg
    groups = {f"{now:g} kg": found.options, f"{then:g} kg from today on": found.what_if.options}
    return _options_table(found, label, "The options under another weight", "weight", groups)


def saturations(found: Assessment, label: Iterator[str]) -> TableView:
    """The saturation at the settled trough under each curve."""
    names = list(found.options[0].settled_saturation)
    rows = [
        (
            f"{option.weeks:g} weeks",
            *(
                f"{100 * bands['p50']:.0f} % ({100 * bands['p05']:.0f}-{100 * bands['p95']:.0f})"
                for bands in option.settled_saturation.values()
            ),
        )
        for option in found.options
    ]
    note = "At the settled trough: median (5-95 %). None of the curves is established."
    return table(
        label,
        "Saturation under each curve",
        ("every", *names),
        rows,
        note=note,
        file="options.csv",
        numbers=names,
    )


def policies(found: Assessment, label: Iterator[str]) -> TableView:
    """Where each published policy arrives."""
    rows = [
        (one.name, one.title, None if one.weeks is None else f"{one.weeks:.3g}", one.reason, one.source)
        for one in found.policies
    ]
    columns = ("policy", "what it is", "weeks", "why", "source")
    return table(label, "Published policies", columns, rows, numbers=columns[2:3])


def course(found: Assessment, label: Iterator[str]) -> TableView:
    """The level just before each of the last doses, and today."""
    at, patient = found.course, found.patient
    wanted = [(float(day), "before a dose") for day in patient.regimen.start_d if day >= at.day[0]]
    rows = []
    for day, what in [*wanted, (patient.today_d, "today")]:
        where = np.flatnonzero(at.day == day)
        if where.size:
            bands = {name: float(values[where[0]]) for name, values in at.level.items()}
            rows.append((_when(found, day), what, short(float(at.typical[where[0]])), *_three(bands)))
    columns = ("time", "what", "typical", *_BANDS)
    note = "Level in mg/L. Typical: the typical patient of this weight, before any level."
    title = "The level before each of the last doses"
    return table(
        label, title, columns, rows, note=note, file="course.csv", numbers=columns[2:], is_open=False
    )


def delays(found: Assessment, label: Iterator[str]) -> TableView:
    """What doses some days late would mean, interval by interval."""
    has_floor = found.target is not None
    columns = ["interval meant", "days late", *_BANDS]
    columns += ["chance of the floor", "days below until then"] if has_floor else []
    rows = []
    for one in found.delays:
        row = [f"{one.weeks:g} weeks", f"{one.days:g}", *_three(one.trough)]
        if has_floor:
            row += [wording.chance(one.probability, one.error), f"{one.days_below:.1f}"]
        rows.append(row)
    note = "Level just before the late dose, mg/L. Chance with its Monte Carlo error in points."
    return table(label, "A dose that comes late", columns, rows, note=note, numbers=columns[1:])


def decline(found: Assessment, label: Iterator[str]) -> TableView:
    """Level and saturation week by week after the last dose."""
    gone, last = found.decline, float(found.patient.regimen.start_d[-1])
    columns = ["week", "date", *_BANDS, "saturation, range over the curves"]
    columns += ["chance of the floor"] if gone.chance is not None else []
    rows = []
    for at, day in enumerate(gone.day.tolist()):
        under = {
            name: {key: float(values[at]) for key, values in bands.items()}
            for name, bands in gone.saturation.items()
        }
        row = [
            f"{day / 7:g}",
            f"{found.patient.date_of(last + day):%Y-%m-%d}",
            *_three({name: float(values[at]) for name, values in gone.level.items()}),
            wording.saturation(under),
        ]
        if gone.chance is not None and gone.error is not None:
            row.append(wording.chance(float(gone.chance[at]), float(gone.error[at])))
        rows.append(row)
    note = "Level in mg/L while no other dose is given. Saturation: medians under the curves, lowest and highest."
    numbers = [name for name in columns if name != "date"]
    return table(label, "After the last dose", columns, rows, note=note, file="decline.csv", numbers=numbers)


def exchange(found: Assessment, label: Iterator[str]) -> TableView:
    """What sessions of plasma exchange begun today would leave."""
    gone = found.exchange
    share = {name: 100 * value for name, value in gone.fall.items()}
    rows = [
        ("level, mg/L", *_three(gone.level)),
        ("level without any session, mg/L", *_three(gone.without)),
        ("lower than just before the first, %", *_three(share)),
        *(
            (f"saturation under {name}, %", *_three({key: 100 * value for key, value in bands.items()}))
            for name, bands in gone.saturation.items()
        ),
    ]
    title = f"{gone.days_after:g} days after the last of {gone.sessions} sessions"
    return table(label, title, ("what", *_BANDS), rows, numbers=_BANDS)


def card(fit: ModelFit, label: Iterator[str]) -> TableView:
    """Every number of a model with its mark and source."""
    rows = [
        (
            _effect(key),
            value_of(one, has_mark=False),
            str(one.mark),
            one.source.citation,
            ", ".join(one.evidence),
        )
        for key, one in fit.model.figures.items()
    ]
    columns = ("number", "value", "mark", "source", "rows of the evidence table")
    return table(label, f"Every number of {fit.model.name}", columns, rows, is_open=False)


def curves(known: Iterable[SaturationCurve], label: Iterator[str]) -> TableView:
    """Every number of the saturation curves with its mark."""
    rows = [(one.name, one.title, *(value_of(figure) for figure in one.figures.values())) for one in known]
    columns = ("curve", "what it is", "E0", "Emax", "EC50", "h")
    return table(label, "The saturation curves", columns, rows)


def value_of(one: Figure, *, has_mark: bool = True, has_interval: bool = True) -> str:
    """A number with its unit, its interval and its mark."""
    text = number(one.value) + ("" if one.unit == "1" else f" {one.unit}")
    if has_interval and one.interval is not None:
        text += f" ({number(one.interval[0])} to {number(one.interval[1])}, {one.interval_kind})"
    text += ", fixed" if one.is_fixed else ""
    return f"{text} [{one.mark}]" if has_mark else text


def _options_table(
    found: Assessment,
    label: Iterator[str],
    title: str,
    first: str,
    groups: Mapping[str, Sequence[IntervalOption]],
) -> TableView:
    """Options in groups, each beside its group's name; what asks for a floor needs one."""
    has_floor, has_rule = found.target is not None, found.options[0].meets_rule is not None
    columns = [first, "every", "next trough, mg/L", "settled trough, mg/L", "saturation"]
    columns += ["chance next", "chance settled", "days below a cycle"] if has_floor else []
    columns += ["your rule"] if has_rule else []
    rows = []
    for name, option in ((name, option) for name, options in groups.items() for option in options):
        row = [name, f"{option.weeks:g} weeks", banded(option.next_trough), banded(option.settled_trough)]
        row.append(wording.saturation(option.settled_saturation))
        if has_floor:
            row.append(wording.chance(option.probability_next, option.error_next))
            row.append(wording.chance(option.probability_settled, option.error_settled))
            row.append(f"{option.days_below:.1f}")
        row += [wording.verdict(option)] if has_rule else []
        rows.append(row)
    note = "Troughs: median (5-95 %). Saturation: medians under the curves at the settled trough, lowest and highest."
    numbers = [name for name in columns[2:] if name != "your rule"]
    return table(label, title, columns, rows, note=note, file="options.csv", numbers=numbers)


def _three(bands: Mapping[str, float]) -> tuple[str, str, str]:
    """Median, the middle half, and nine in ten."""
    return short(bands["p50"]), between(bands, "p25", "p75"), between(bands)


def _moved(share: float) -> str | None:
    """How much higher or lower, in percent."""
    return None if math.isnan(share) else f"{100 * share:+.0f} %".replace("-", "−")


def _interval(one: Figure) -> str | None:
    return None if one.interval is None else f"{number(one.interval[0])} to {number(one.interval[1])}"


def _effect(name: str) -> str:
    """A parameter in words; what begins with `scale of` has the name of a laboratory behind it."""
    if name.startswith("scale of "):
        return name
    return name.replace("michaelis", "Michaelis").replace("_", " ").replace(".typical", "").replace(".", ", ")


def _when(found: Assessment, day: float, *, is_date: bool = False) -> str:
    return clock(found, day)[: 10 if is_date else 16].replace("T", " ")


def _cell(text: str | None, is_number: bool) -> Cell:
    if text is None or text == "":
        return Cell(NOT_KNOWN, "missing")
    return Cell(shortened(text), "number" if is_number else "text")
