"""From the rows of an event table to what a patient was given, and what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from wearoff.dosing.events.table import LAYOUT, MODELLED, Event, Table, add_units, event_of, read_table
from wearoff.dosing.regimen import Regimen
from wearoff.dosing.schedule import Schedule, ScheduledDose
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

MOST_DOSES = 10_000
_OVERLAP_D = 1e-9
_BY_RATE, _BY_DURATION = -1, -2


@dataclass(frozen=True, slots=True, eq=False)
class PatientEvents:
    """What an event table says of one patient, on the table's own time axis in days.

    Attributes:
        patient: the ID.
        schedule: the rows that dose or reset.
        covariate_d: the days from which the values of the covariates hold.
        covariates: value of each covariate from each of these days on; `WT` in kg.
        observed_d: times of the observation rows, days.
        observed: the measured concentration of each, mg/L; NaN where there is none.
        is_after: whether the row stands behind what its moment brings: a row that stands before a dose of
            the same time means the level before it, and every other one the level after whatever comes then.
    """

    patient: str
    schedule: Schedule
    covariate_d: Float[np.ndarray, " changes"]
    covariates: Mapping[str, Float[np.ndarray, " changes"]]
    observed_d: Float[np.ndarray, " samples"]
    observed: Float[np.ndarray, " samples"]
    is_after: Bool[np.ndarray, " samples"]

    @property
    def regimen(self) -> Regimen:
        """The doses that the table names, the repeated ones written out.

        Raises:
            ValueError: infusions overlap, which a regimen does not take.
        """
        return self.schedule.regimen()


def read_events(
    source: Path | Mapping[str, Sequence[object]],
    *,
    first_compartment: Literal["depot", "central"],
    units: Mapping[str, str] | None = None,
    carried: Literal["forward", "backward"] | None = None,
    ignored: Sequence[str] = (),
    modelled: Mapping[str, str] | None = None,
    overlapping: Literal["refuse", "add"] = "refuse",
) -> tuple[PatientEvents, ...]:
    """The patients of an event table, in its order.

    Args:
        source: a CSV file in UTF-8 with a header, or columns by name; column names in any case.
        first_compartment: what CMT 1 is: `depot` (then 2 is central), or `central` (the only one dosed).
        units: unit of TIME and AMT, of DV where something was measured, and of WT where it is a column;
            not needed for a column whose header says it, as in `WT (lb)`.
        carried: how a covariate holds between rows: `forward` from its row until the next, or `backward`
            from the row before until its own. Needed when there is a covariate.
        ignored: columns that are not read.
        modelled: columns with what a model gives each dose into CMT 1 or 2, besides its own: `F1`, `F2` a factor
            on the amount, `ALAG1`, `ALAG2` a delay, `R1`, `R2` the rate of RATE -1, `D1`, `D2` the duration of
            RATE -2; those of its row hold for a dose and its repetitions. As in NONMEM, F stretches an
            infusion whose rate is given, and changes the rate of one whose duration is.
        overlapping: whether infusions may run at the same time; in a record of care it is a mistake.

    Raises:
        InputError: with file, row, column and patient of every fault: an event that does not exist, a missing
            number or unit, time that goes backwards, infusions that overlap, and the like.
    """
    if unknown := sorted(set(modelled or {}) - set(MODELLED)):
        raise InputError(Problem(f"{unknown[0]!r} is not one of {', '.join(MODELLED)}.", column="modelled"))
    table = read_table(source, {name.upper() for name in ignored}, modelled or {})
    if first_compartment not in ("depot", "central"):
        raise InputError(Problem("say whether CMT 1 is the depot or central.", column="CMT"))
    covariates = [name for name in table.columns if name not in LAYOUT]
    if covariates and carried not in ("forward", "backward"):
        reason = f"say whether covariates ({', '.join(covariates)}) are carried forward or backward."
        raise InputError(Problem(reason, table.file, 1, covariates[0]))
    add_units(table, units or {})
    events = [event_of(table, row, cells) for row, cells in table.rows]
    table.stop()
    central = 2 if first_compartment == "depot" else 1
    for event in events:
        _judge(table, event, central)
    _order(table, events)
    table.stop()
    by_patient = [(patient, list(rows)) for patient, rows in groupby(events, key=lambda event: event.patient)]
    if overlapping == "refuse":
        for patient, rows in by_patient:
            _refuse_overlap(table, patient, rows, central)
    found = [_patient(table, patient, rows, covariates, carried, central) for patient, rows in by_patient]
    table.stop()
    return tuple(one for one in found if one is not None)


def _judge(table: Table, event: Event, central: int) -> None:
    """Refuse, at its first fault, an event that does not exist or does not fit together."""
    get, kind = event.get, event.kind
    is_dose = kind in (1, 4)
    compartment = _compartment(event, central)
    is_endless = get("SS") == 1 and get("AMT") == 0 and get("RATE") > 0 and get("II") == 0
    is_level = kind == 0 and event.number.get("DV") is not None
    is_repeated = get("ADDL") > 0 or get("SS") > 0
    stated = get("AMT") / get("RATE") if get("RATE") > 0 else get("TINF")
    what = {_BY_RATE: "R", _BY_DURATION: "D"}.get(int(get("RATE")))
    by_model = MODELLED.get(f"{what}{compartment}", "") if what else ""
    faults: tuple[tuple[str, bool, str], ...] = (
        ("EVID", kind not in range(5), "there is no such event; 0 observes, 1 doses, 2 is another, 3 and 4 reset."),
        ("SS", get("SS") not in (0, 1, 2), "SS is 0, 1 (a steady state) or 2 (one on top of what is there)."),
        ("RATE", bool(by_model) and by_model not in event.number, "this code leaves rate or duration to the "
         "model; write the rate, or name the column that holds it."),
        *((name, get(name) < 0 and not (name == "RATE" and by_model), "it cannot be negative.") for name in
          ("AMT", "RATE", "II", "ADDL", "TINF", *MODELLED.values())),
        ("RATE", bool(by_model) and get(by_model) <= 0, "rate or duration of the model must be more than zero."),
        ("AMT", not is_dose and get("AMT") > 0, "there is an amount, but EVID does not say that it is a dose."),
        ("AMT", is_dose and get("AMT") == 0 and not is_endless,
         "the dose has no amount; leave a dose that was not given out."),
        ("ADDL", is_repeated and not is_dose, "only a dose (EVID 1 or 4) is repeated or in steady state."),
        ("II", is_repeated and get("II") == 0 and not is_endless, "ADDL or SS repeats the dose, but II does not "
         "say how often."),
        ("II", get("II") > 0 and not is_repeated, "II says how often, but ADDL repeats nothing."),
        ("ADDL", get("ADDL") >= MOST_DOSES, f"more than {MOST_DOSES} doses are not taken."),
        ("CMT", compartment not in (1, central), f"drug is given into and measured in CMT 1 to {central} only."),
        ("TINF", is_dose and not math.isclose(stated, get("TINF") or stated, rel_tol=1e-6), "AMT/RATE is another."),
        ("DV", is_level and get("DV") < 0, "a concentration cannot be negative; is it a logarithm?"),
        ("CMT", is_level and compartment < central, "nobody measures the depot."),
        ("MDV", get("MDV") not in (0, 1), "MDV is 0 or 1."),
    )  # fmt: skip
    for column, is_wrong, reason in faults:
        if is_wrong:
            table.refuse(reason, event.row, column, event.patient, event.number.get(column))
            return


def _compartment(event: Event, central: int) -> int:
    """The compartment of a row; where none is named, the first for a dose and the central one else."""
    return int(event.number.get("CMT") or (central if event.kind not in (1, 4) else 1))


def _is_skipped(event: Event) -> bool:
    """Whether a row is a dose of nothing, as `to_events` writes one."""
    return event.kind == 2 and event.number.get("TINF") is not None and event.number.get("AMT") == 0


def _dose(event: Event, central: int) -> ScheduledDose | None:
    """The dose or reset of a row, None for a row of another kind."""
    get = event.get
    compartment = _compartment(event, central)
    if event.kind == 3:
        return ScheduledDose(event.time_d, 0.0, is_reset=True)
    if event.kind not in (1, 4) and not _is_skipped(event):
        return None
    share = event.modelled("F", compartment)
    amount = get("AMT") * (1.0 if share is None else share)
    rate = get("RATE")
    if rate == _BY_DURATION:
        duration = event.modelled("D", compartment) or 0.0
    elif rate != 0:
        duration = amount / (event.modelled("R", compartment) or math.inf if rate == _BY_RATE else rate)
    else:
        duration = get("TINF")
    if share in (None, 1.0) and event.number.get("TINF"):
        duration = get("TINF")  # to the last digit, which AMT/RATE is not
    return ScheduledDose(
        time_d=event.time_d,
        amount_mg=amount,
        duration_d=duration,
        is_depot=compartment < central,
        lag_d=event.modelled("ALAG", compartment) or 0.0,
        every_d=get("II"),
        further=int(get("ADDL")),
        steady=cast(Literal[0, 1, 2], int(get("SS"))),
        rate_mg_per_d=rate if amount == 0 and rate > 0 and not _is_skipped(event) else 0.0,
        is_reset=event.kind == 4,
    )


def _order(table: Table, events: Sequence[Event]) -> None:
    """Refuse time that goes backwards, and an ID whose rows do not stand together."""
    latest: dict[str, float] = {}
    for before, event in zip((None, *events), events, strict=False):
        last = latest.get(event.patient, -math.inf)
        if event.patient in latest and before is not None and before.patient != event.patient:
            table.refuse("the rows of this ID do not stand together.", event.row, "ID", event.patient)
        elif event.time_d < last:
            table.refuse("time goes backwards within the ID.", event.row, "TIME", event.patient)
        latest[event.patient] = max(event.time_d, last)


def _refuse_overlap(table: Table, patient: str, events: Sequence[Event], central: int) -> None:
    """Refuse a patient's first infusion that starts while another runs."""
    found = [(event, dose) for event in events if (dose := _dose(event, central)) is not None]
    given = []
    for index, (event, dose) in enumerate(found):
        if dose.is_depot or dose.is_nothing:
            continue
        if dose.every_d and dose.duration_d > dose.every_d + _OVERLAP_D:
            reason = f"it is repeated every {dose.every_d:g} days, while its own repetition still runs."
            table.refuse(reason, event.row, "TIME", patient)
            return
        end = min((later.time_d for _, later in found[index + 1 :] if later.resets), default=math.inf)
        starts = (dose.time_d + dose.lag_d + count * dose.every_d for count in range(dose.further + 1))
        given += [(start, event, min(dose.duration_d, end - start)) for start in starts if start < end]
    given.sort(key=lambda one: (one[0], one[1].row))
    until, running = -math.inf, None
    for start, event, duration in given:
        if start < until - _OVERLAP_D and running is not None:
            reason = f"it starts on day {start:g}, while the infusion of row {running.row} still runs."
            table.refuse(reason, event.row, "TIME", patient)
            return
        if start + duration > until:
            until, running = start + duration, event


def _patient(
    table: Table,
    patient: str,
    events: Sequence[Event],
    names: Sequence[str],
    carried: str | None,
    central: int,
) -> PatientEvents | None:
    """One patient's rows put together; None, and a fault, where they do not fit."""
    doses = [(event, dose) for event in events if (dose := _dose(event, central)) is not None]
    schedule = Schedule(tuple(dose for _, dose in doses))
    change = np.unique(
        [*schedule.dose_days, *(e.time_d for e in events if any(n in e.number for n in names))]
    )
    values = {name: _carried(events, name, change, carried) for name in names}
    first = min(schedule.dose_days, default=-math.inf)
    for name in names:
        if np.isnan(values[name][change >= first]).any():
            reason = "it has no value at or before a dose; give one, or carry covariates backward."
            table.refuse(reason, events[0].row, name, patient)
            return None
    is_known = np.isfinite(list(values.values())).all(axis=0) if names else np.ones(change.size, dtype=bool)
    samples = [event for event in events if event.kind == 0]
    measured = [None if event.get("MDV") else event.number.get("DV") for event in samples]
    rows_at: dict[float, list[int]] = {}
    for event, _ in doses:
        rows_at.setdefault(event.time_d, []).append(event.row)
    is_after = [not any(event.row < row for row in rows_at.get(event.time_d, ())) for event in samples]
    return PatientEvents(
        patient=patient,
        schedule=schedule,
        covariate_d=change[is_known],
        covariates={name: found[is_known] for name, found in values.items()},
        observed_d=np.array([event.time_d for event in samples]),
        observed=np.array([math.nan if value is None else value for value in measured]),
        is_after=np.array(is_after, dtype=bool),
    )


def _carried(
    events: Sequence[Event], name: str, days: Float[np.ndarray, " days"], carried: str | None
) -> Float[np.ndarray, " days"]:
    """The value of a covariate from each day on; NaN where there is none yet."""
    known = [(event.time_d, value) for event in events if (value := event.number.get(name)) is not None]
    times = np.array([time for time, _ in known])
    values = np.array([math.nan, *(value for _, value in known)])
    last = np.searchsorted(times, days, side="right")  # rows up to the day, its own included
    if carried == "backward":  # the next row rules; after the last one, the last
        last = np.minimum(last + 1, len(known))
    return values[last]
