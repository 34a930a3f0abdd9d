"""The days of a patient's record: where day 0 is, what day a sample was drawn, and whether it is in the past.

Where two things happened on one date and not both have a time of day, their order is not known: then a sample
counts as before the dose, which is what a trough is, and a note says so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.dated import zone_of
from wearoff.dosing.fit.doses import Dose, doses_of
from wearoff.errors import InputError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from wearoff.dosing.fit.entries import Entry, Moment

__all__ = ["Sample", "Timeline"]

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """One table of a record, and when that was.

    Attributes:
        entry: the table.
        time: its time; None where it cannot be read.
        day: days after the first dose; NaN where one of the two is not known.
    """

    entry: Entry
    time: Moment | None
    day: float


class Timeline:
    """The days of one record; faults go to the entries, assumptions to `notes`.

    Attributes:
        zone: the timezone of the patient; UTC stands in where it cannot be read.
        doses: the doses in order of time.
        origin: the start of the first dose; None where it cannot be read.
        notes: what was assumed, without doubles.
    """

    def __init__(self, header: Entry, singles: list[Entry], runs: list[Entry], notes: list[str]) -> None:
        self.notes: dict[str, None] = dict.fromkeys(notes)
        self.zone = _zone(header)
        self._today = header.moment("today", self.zone)
        self._latest: dt.datetime | None = None
        self.doses, assumed = doses_of(singles, runs, self.zone)
        for sentence in assumed:
            self.note(sentence)
        if not (singles or runs):
            header.fail("no dose is recorded; add an [[infusion]] with start and dose.")
        first = min((*singles, *runs), key=lambda entry: entry.line, default=None)
        self.origin = self.doses[0].time.at if self.doses and self.doses[0].entry is first else None
        self._check_doses(self.doses)

    def days(self, moment: dt.datetime) -> float:
        """Days after the first dose; NaN where that is not known."""
        return np.nan if self.origin is None else (moment - self.origin) / _DAY

    def samples(self, entries: list[Entry], key: str, *, is_treated: bool = True) -> list[Sample]:
        """The tables of one kind, each with its day; one in the future is a fault.

        Args:
            entries: the tables.
            key: the key with the time.
            is_treated: whether such a thing can only be after the first dose.
        """
        samples = []
        for entry in entries:
            time, day = entry.moment(key, self.zone), np.nan
            if time and self.is_past(entry, key, time):
                day = self._sample_day(entry, key, time) if is_treated else self.days(time.at)
            samples.append(Sample(entry, time, day))
        return samples

    def dose_on(self, time: Moment) -> Dose | None:
        """The dose of the same date, if the order of the two is not known."""
        for dose in self.doses:
            if dose.time.date == time.date and (time.is_date_only or dose.time.is_date_only):
                return dose
        return None

    def is_past(self, entry: Entry, key: str, time: Moment) -> bool:
        """Whether a time is not after today; it is a fault where it is."""
        if self.is_planned(time) and self._today:
            reason = f"{time.written} is after today ({self._today.written}); what is planned does not belong here."
            entry.fail(reason, key)
            return False
        self._latest = time.at if self._latest is None else max(self._latest, time.at)
        return True

    def is_planned(self, time: Moment) -> bool:
        """Whether a time is after today; the order within a date counts where both have a time of day."""
        today = self._today
        if today is None or time.date < today.date:
            return False
        has_times = not (time.is_date_only or today.is_date_only)
        return time.date > today.date or (has_times and time.at > today.at)

    def today_d(self) -> float:
        """The day on which the past ends: as stated, but not before the last record of that date."""
        latest, today = self._latest, self._today
        if latest is None:
            return np.nan
        if today is None:
            date = latest.astimezone(self.zone).date()
            self.note(f"today not stated; taken as the time of the last record, {date} (assumed).")
            return self.days(latest)
        if latest > today.at:
            self.note(f"today {today.date}: taken as the time of the last record of that day (assumed).")
        return self.days(max(latest, today.at))

    def note(self, sentence: str) -> None:
        """Put an assumption on record, once."""
        self.notes[sentence] = None

    def _sample_day(self, entry: Entry, key: str, time: Moment) -> float:
        """The day of what can only be after the first dose; before the dose of its date if the order is not known."""
        if self.origin is None:
            return np.nan
        what = entry.form.name.replace("_", " ")
        dose = self.dose_on(time)
        day = self.days(dose.time.at if dose else time.at)
        if day <= 0:
            first = self.doses[0].time
            more = "; if it was, both need their time of day" if dose else ""
            entry.fail(f"{time.written} is not after the first dose ({first.written}){more}.", key)
        elif dose:
            self.note(
                f"{what} of {time.date}: taken as before the dose of that day, because not both have a time of day "
                "(assumed)."
            )
        elif time.is_date_only:
            self.note(f"{what} of {time.date}: time of day not stated; taken as noon (assumed).")
        return day

    def _check_doses(self, doses: list[Dose]) -> None:
        """Refuse what is planned, once for each table."""
        late: list[Entry] = []
        for dose in doses:
            if dose.entry not in late and not self.is_past(dose.entry, dose.key, dose.time):
                late.append(dose.entry)


def _zone(header: Entry) -> ZoneInfo:
    """The patient's timezone; where it cannot be read, UTC stands in so that the other faults are found."""
    name = header.text("timezone")
    try:
        return zone_of("UTC" if name is None else name)
    except InputError as fault:
        header.fail(fault.problems[0].reason, "timezone")
        return zone_of("UTC")
