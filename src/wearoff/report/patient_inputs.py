"""The tables of what one patient's answer rests on: the record, the prior, what the levels changed, the models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from wearoff.report.figures import number
from wearoff.report.page import TableView
from wearoff.report.rows import Row, table, when

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment, ModelFit
    from wearoff.dosing.figures import Figure
    from wearoff.dosing.occupancy import SaturationCurve


def doses(found: Assessment, label: Iterator[str]) -> TableView:
    """Every dose and every session of plasma exchange that was recorded, in order of time."""
    patient, regimen = found.patient, found.patient.regimen
    gaps = [None, *(f"{days / 7:.1f}" for days in regimen.interval_d)]
    rows: list[tuple[float, Row]] = []
    for index, day in enumerate(regimen.start_d.tolist()):
        is_under_skin, minutes = regimen.is_subcutaneous[index], round(1440 * regimen.duration_d[index])
        row = (
            when(found, day, is_date=bool(patient.is_date_only[index])),
            f"{regimen.dose_mg[index]:g} mg",
            "SC" if is_under_skin else "IV",
            f"{minutes} min" if minutes else "at once",
            gaps[index],
        )
        rows.append((day, row))
    for day, share in zip(regimen.exchange_d.tolist(), regimen.exchange_share, strict=True):
        said = f"plasma exchange, {100 * share:g} % of the drug in the blood removed"
        rows.append((day, (when(found, day), said, None, None, None)))
    columns = ("time", "dose", "route", "length", "weeks since the one before")
    ordered = [row for _, row in sorted(rows, key=lambda each: each[0])]
    return table(
        label, "Doses and plasma exchange", columns, ordered, numbers=columns[4:], is_open=len(rows) <= 12
    )


def weights(found: Assessment, label: Iterator[str]) -> TableView:
    """The weight, and from when it holds."""
    days = zip(found.patient.weight_d.tolist(), found.patient.weight_kg, strict=True)
    rows = [(when(found, day, is_date=True), f"{kg:g}") for day, kg in days]
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
        residual = f"{_signed(fit.levels.residual[index], 1)} SD"
        far = ", does not fit" if fit.levels.is_far[index] else ""
        rows.append(
            (
                when(found, day),
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
        rows.append((when(found, float(at.subject.time_d[index])), seen, None, None, None, None, *moved))
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
            when(found, day),
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
    """The prior of every parameter at this patient's weight, and what the levels made of it."""
    rows: list[Row] = []
    for name, mine in fit.individual.items():
        parameter, remaining = fit.model.parameters.get(name), fit.remaining.get(name)
        spread = None if parameter is None else parameter.between_patient_cv
        unit = "" if parameter is None or parameter.typical.unit == "1" else parameter.typical.unit
        rows.append(
            (
                _effect(name),
                unit,
                number(mine.typical),
                None if spread is None else f"{100 * spread.value:.3g} % [{spread.mark}]",
                number(mine.most_probable),
                f"{number(mine.drawn['p50'])} ({number(mine.drawn['p05'])} to {number(mine.drawn['p95'])})",
                None if remaining is None else f"{100 * remaining:.0f} %",
            )
        )
    columns = (
        "parameter",
        "unit",
        "typical at this weight",
        "spread between patients, CV",
        "most probable",
        "after the levels, median (5-95 %)",
        "spread left",
    )
    note = (
        "The typical patient has today's weight; every number behind it stands with mark and source in the card of the "
        "model. Spread left: the share of the variance between patients that the levels leave; near 100 % they told "
        "nothing (doi 10.1007/s11095-013-1079-3)."
    )
    return table(label, f"Parameters under {fit.model.name}", columns, rows, note=note, numbers=columns[2:])


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


def _moved(share: float) -> str | None:
    """How much higher or lower, in percent."""
    return None if math.isnan(share) else f"{_signed(100 * share, 0)} %"


def _signed(value: float, digits: int) -> str:
    """A number with its sign; what rounds to zero has none that could be read as a direction."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"


def _interval(one: Figure) -> str | None:
    return None if one.interval is None else f"{number(one.interval[0])} to {number(one.interval[1])}"


def _effect(name: str) -> str:
    """A parameter in words; what begins with `scale of` has the name of a laboratory behind it."""
    if name.startswith("scale of "):
        return name
    return name.replace("michaelis", "Michaelis").replace("_", " ").replace(".typical", "").replace(".", ", ")
