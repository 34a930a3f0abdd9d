"""The tables of what was found of one patient, for people; the CSV files beside the page keep every digit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing import wording
from wearoff.dosing.wording import banded, short
from wearoff.report.page import TableView
from wearoff.report.rows import BANDS, table, three, when

if TYPE_CHECKING:
    from wearoff.dosing.assessment import Assessment
    from wearoff.dosing.intervals import IntervalOption


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
            rows.append((when(found, day), what, short(float(at.typical[where[0]])), *three(bands)))
    columns = ("time", "what", "typical", *BANDS)
    note = "Level in mg/L. Typical: the typical patient of this weight, before any level."
    title = "The level before each of the last doses"
    return table(
        label, title, columns, rows, note=note, file="course.csv", numbers=columns[2:], is_open=False
    )


def delays(found: Assessment, label: Iterator[str]) -> TableView:
    """What doses some days late would mean, interval by interval."""
    has_floor = found.target is not None
    columns = ["interval meant", "days late", *BANDS]
    columns += ["chance of the floor", "days below until then"] if has_floor else []
    rows = []
    for one in found.delays:
        row = [f"{one.weeks:g} weeks", f"{one.days:g}", *three(one.trough)]
        if has_floor:
            row += [wording.chance(one.probability, one.error), f"{one.days_below:.1f}"]
        rows.append(row)
    note = "Level just before the late dose, mg/L. Chance with its Monte Carlo error in points."
    return table(label, "A dose that comes late", columns, rows, note=note, numbers=columns[1:])


def decline(found: Assessment, label: Iterator[str]) -> TableView:
    """Level and saturation week by week after the last dose."""
    gone, last = found.decline, float(found.patient.regimen.start_d[-1])
    columns = ["week", "date", *BANDS, "saturation, range over the curves"]
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
            *three({name: float(values[at]) for name, values in gone.level.items()}),
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
        ("level, mg/L", *three(gone.level)),
        ("level without any session, mg/L", *three(gone.without)),
        ("lower than just before the first, %", *three(share)),
        *(
            (f"saturation under {name}, %", *three({key: 100 * value for key, value in bands.items()}))
            for name, bands in gone.saturation.items()
        ),
    ]
    title = f"{gone.days_after:g} days after the last of {gone.sessions} sessions"
    return table(label, title, ("what", *BANDS), rows, numbers=BANDS)


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
    columns += ["chance next", "chance settled", "days below"] if has_floor else []
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
