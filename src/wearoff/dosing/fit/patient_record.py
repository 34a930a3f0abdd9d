"""From the tables of a patient's record to the patient, and back.

The record is read once for its form (`entries.py`), and here for its sense: what comes before what, which
laboratory is meant, and what is not said. What is not said is filled in by a named assumption, and every one
becomes a note on the patient.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wearoff.dosing.antibodies import persistent_from
from wearoff.dosing.fit.entries import Entry, Moment, entries_of
from wearoff.dosing.fit.measured import laboratory_of, level_of
from wearoff.dosing.fit.observed import Levels, Occupancies
from wearoff.dosing.fit.patient import WEIGHT_KG, Patient
from wearoff.dosing.fit.timeline import Timeline
from wearoff.dosing.hand_written import Faults, did_you_mean, shown
from wearoff.dosing.laboratory import Laboratory
from wearoff.dosing.modifiers import exchange_share
from wearoff.dosing.regimen import Regimen
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from wearoff.dosing.toml_lines import Path

__all__ = ["NOT_STATED", "patient_from"]

NOT_STATED = "not stated"
"""The laboratory of levels that name none."""


def patient_from(
    document: Mapping[str, Any], file: str | None = None, lines: Mapping[Path, int] | None = None
) -> Patient:
    """The patient that a record describes.

    Args:
        document: the tables, as `tomllib` gives them.
        file: name of the file they stand in.
        lines: the line of each table and key in it.

    Raises:
        InputError: every fault of the record, each with its table and key and, in a file, its line.
    """
    faults = Faults(file, lines or {})
    try:
        patient = _Reading(document, faults).patient()
    except (
        ValueError
    ) as fault:  # pragma: no cover - what a patient refuses was refused before, with its place
        raise InputError(Problem(f"{fault}.", file)) from None
    faults.stop()
    if patient is None:  # pragma: no cover - where there is no patient there is a fault
        raise InputError(Problem("the record is not complete.", file))
    return patient


class _Reading:
    """A record while it is read: what is known of the patient so far, and what had to be assumed."""

    def __init__(self, document: Mapping[str, Any], faults: Faults) -> None:
        self.faults = faults
        self.tables = entries_of(document, faults)
        (self.header,) = self.tables["patient"]
        self.days = Timeline(
            self.header, self.tables["infusion"], self.tables["infusions"], _own_notes(self.header)
        )

    def patient(self) -> Patient | None:
        """The patient; nothing where a fault was found."""
        name, laboratories = self.header.text("name"), self._laboratories()
        levels, occupancies = self._levels(laboratories), self._occupancies()
        antibodies_from_d, exchange, weight = self._antibodies(), self._exchanges(), self._weights()
        doses, origin = self.days.doses, self.days.origin
        if self.faults.problems or name is None or origin is None:
            return None
        regimen = Regimen(
            start_d=np.array([self.days.days(dose.time.at) for dose in doses]),
            dose_mg=np.array([dose.dose_mg for dose in doses]),
            duration_d=np.array([dose.duration_d for dose in doses]),
            is_subcutaneous=np.array([dose.is_subcutaneous for dose in doses]),
            exchange_d=np.array([day for day, _ in exchange]),
            exchange_share=np.array([share for _, share in exchange]),
        )
        return Patient(
            name=name,
            regimen=regimen,
            origin=origin,
            timezone=self.days.zone.key,
            weight_d=np.array([day for day, _ in weight]),
            weight_kg=np.array([kg for _, kg in weight]),
            today_d=self.days.today_d(),
            antibodies_from_d=antibodies_from_d,
            levels=levels,
            occupancies=occupancies,
            laboratories=laboratories,
            is_date_only=np.array([dose.time.is_date_only for dose in doses]),
            notes=tuple(self.days.notes),
        )

    def _antibodies(self) -> float:
        """The day from which antibodies last."""
        stated = self.header.moment("antibodies_from", self.days.zone)
        tests = self.days.samples(self.tables["antibodies"], "date", is_treated=False)
        results = [(test.day, test.entry.truth("found")) for test in tests]
        if stated:
            self.days.is_past(self.header, "antibodies_from", stated)
            if tests:
                self.header.fail("give antibodies_from or the tests, not both.", "antibodies_from")
            return self.days.days(stated.at)
        known = sorted((day, is_found) for day, is_found in results if is_found is not None and day == day)
        day = persistent_from(known)
        if day < np.inf and self.days.origin:
            date = (self.days.origin + dt.timedelta(days=day)).astimezone(self.days.zone).date()
            self.days.note(f"antibodies were found twice six weeks apart; taken as lasting from {date} on.")
            if any(later > day and not is_found for later, is_found in known):
                self.days.note(
                    "antibodies were not found again later; taken as lasting all the same (assumed)."
                )
        elif any(is_found for _, is_found in known):
            self.days.note(
                "antibodies were found, but not twice six weeks apart; taken as not lasting (assumed)."
            )
        return day

    def _weights(self) -> list[tuple[float, float]]:
        """The day from which each weight holds, and the weight."""
        weights: list[tuple[float, float]] = []
        if not self.tables["weight"]:
            self.header.fail('no weight is recorded; add a [[weight]] with value = "80 kg".')
        for index, entry in enumerate(self.tables["weight"]):
            kg = entry.quantity("value", "kg", *WEIGHT_KG, "grams, pounds or a slip?", example="80 kg")
            if "from" not in entry.values and index:
                entry.fail("the key is missing; only the first weight can do without.", "from")
                continue
            time = entry.moment("from", self.days.zone)
            if kg is None or ("from" in entry.values and time is None):
                continue
            day = self._weight_day(time) if time else 0.0
            if weights and day <= weights[-1][0]:
                entry.fail(
                    "it does not hold from later than the weight above it; put the weights in order.", "from"
                )
            else:
                weights.append((day, kg))
        return weights

    def _weight_day(self, time: Moment) -> float:
        """The day from which a weight holds; from the dose of that date on if only the date is known."""
        if self.days.is_planned(time):
            self.days.note(f"weight from {time.date}: after today, so a what-if.")
        dose = self.days.dose_on(time) if time.is_date_only else None
        if dose is None:
            return self.days.days(time.at)
        self.days.note(f"weight from {time.date}: taken as holding from the dose of that day on (assumed).")
        return self.days.days(dose.time.at)

    def _exchanges(self) -> list[tuple[float, float]]:
        """The day of each session of plasma exchange, and the share that it removes."""
        sessions: list[tuple[float, float]] = []
        before: Moment | None = None
        for session in self.days.samples(self.tables["plasma_exchange"], "date"):
            entry, time = session.entry, session.time
            share = entry.quantity(
                "removed", "fraction", 0.0, 1.0, "of the drug in the blood.", example="70 %"
            )
            if "removed" not in entry.values:
                share = exchange_share().value
                self.days.note(
                    f"plasma exchange: share removed not stated; taken as {100 * share:g} % (assumed)."
                )
            if time is None:
                continue
            if before and time.at < before.at:
                entry.fail("it is before the plasma exchange above it; put them in order of time.", "date")
            elif before and time.date == before.date:
                entry.fail(f"there are two plasma exchanges on {time.date}; join them into one.", "date")
            before = time
            if share is not None:
                sessions.append((session.day, share))
        return sessions

    def _laboratories(self) -> dict[str, Laboratory]:
        """The laboratories by their names; a faulty one stands in with its name alone."""
        laboratories: dict[str, Laboratory] = {}
        for entry in self.tables["laboratory"]:
            name = entry.text("name")
            if name is None:
                continue
            if name in laboratories:
                entry.fail(
                    f"there are two laboratories {shown(name)}; give each one table and one name.", "name"
                )
            laboratories[name] = laboratory_of(entry, name)
            if "scale" not in entry.values:
                self.days.note(f"laboratory {name}: scale not stated; taken as 1 (assumed).")
            elif laboratories[name].is_estimated and "prior_median" not in entry.values:
                self.days.note(f"laboratory {name}: median of the prior not stated; taken as 1 (assumed).")
        return laboratories

    def _levels(self, laboratories: dict[str, Laboratory]) -> Levels:
        """The levels in order of time; a laboratory that none names is added."""
        rows: list[tuple[float, float, float, bool, str]] = []
        seen: set[tuple[float, str]] = set()
        unnamed = 0
        for level in self.days.samples(self.tables["level"], "time"):
            entry, time = level.entry, level.time
            value, limit, is_below = level_of(entry)
            if "laboratory" in entry.values:
                name = entry.text("laboratory")
                if name is not None and name not in laboratories:
                    entry.fail(
                        f"there is no laboratory {shown(name)}; add it as a [[laboratory]]."
                        f"{did_you_mean(name, laboratories)}",
                        "laboratory",
                    )
            elif len(laboratories.keys() - {NOT_STATED}) > 1:
                entry.fail(
                    "the key is missing; with several laboratories each level names its own.", "laboratory"
                )
                name = None
            else:
                unnamed += 1
                name = next(iter(laboratories), NOT_STATED)
            if name is None or time is None:
                continue
            if (level.day, name) in seen:
                entry.fail("the same laboratory has another level at this time; keep one.", "time")
            elif level.day == level.day:
                seen.add((level.day, name))
            rows.append((level.day, value, limit, is_below, name))
        if unnamed:
            count = "1 level" if unnamed == 1 else f"{unnamed} levels"
            if laboratories:
                self.days.note(
                    f"{count}: laboratory not stated; taken as {next(iter(laboratories))} (assumed)."
                )
            else:
                laboratories[NOT_STATED] = Laboratory(NOT_STATED)
                self.days.note(f"{count}: laboratory not stated; its scale taken as 1 (assumed).")
        if self.faults.problems:
            return Levels()
        rows.sort(key=lambda row: row[0])
        return Levels(
            time_d=np.array([row[0] for row in rows]),
            value_mg_per_l=np.array([row[1] for row in rows]),
            lloq_mg_per_l=np.array([row[2] for row in rows]),
            is_below=np.array([row[3] for row in rows]),
            laboratory=tuple(row[4] for row in rows),
        )

    def _occupancies(self) -> Occupancies:
        """The occupancies in order of time."""
        rows: list[tuple[float, float, str, str]] = []
        for sample in self.days.samples(self.tables["occupancy"], "time"):
            share = sample.entry.quantity("value", "fraction", 0.0, 1.0, "a share is wanted.", example="85 %")
            assay, subset = sample.entry.text("assay"), sample.entry.text("subset")
            if share is not None and assay is not None and subset is not None:
                rows.append((sample.day, share, assay, subset))
        if self.faults.problems:
            return Occupancies()
        rows.sort(key=lambda row: row[0])
        return Occupancies(
            time_d=np.array([row[0] for row in rows]),
            share=np.array([row[1] for row in rows]),
            assay=tuple(row[2] for row in rows),
            subset=tuple(row[3] for row in rows),
        )


def _own_notes(header: Entry) -> list[str]:
    """The notes that the record itself brings."""
    notes = header.values.get("notes", [])
    if isinstance(notes, list) and all(
        isinstance(note, str) and note.strip() and note.isprintable() for note in notes
    ):
        return notes
    header.fail('write notes = ["one sentence", "another"], each on one line.', "notes")
    return []
