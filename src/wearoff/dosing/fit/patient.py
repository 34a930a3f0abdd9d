"""One patient as a frozen value: what was given, weighed and measured, on days since the first infusion.

Everything that a fit or a forecast needs to know of a person stands here, and nothing that they find out. Whoever
makes a patient from dates (`Patient.of`) or from a file (`read_patient`) has every assumption on record in `notes`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from wearoff.dosing.dated import moment_of, zone_of
from wearoff.dosing.fit.observed import Levels, Occupancies, frozen_array, is_same, refuse
from wearoff.dosing.laboratory import Laboratory
from wearoff.dosing.regimen import Regimen
from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy.typing as npt
    from jaxtyping import Bool, Float

__all__ = ["DOSE_MG", "DURATION_MIN", "WEIGHT_KG", "Patient", "When"]

# What lies outside is a slip; the same limits as in a cohort's tables.
WEIGHT_KG = (25.0, 250.0)
DOSE_MG = (1.0, 600.0)
DURATION_MIN = (1.0, 600.0)

When = dt.datetime | dt.date | str
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """One patient until today; two are equal when all that is known of them is.

    Attributes:
        name: what the patient is called here; no true name is needed.
        regimen: the doses, the first on day 0, and the sessions of plasma exchange.
        origin: the start of the first dose, in UTC.
        timezone: name of the timezone in which the patient is treated, such as `Europe/Oslo`.
        weight_d: the days from which the weights hold, increasing; the first holds before it too. A day after today
            is a what-if.
        weight_kg: the weight from each of those days on, 25 to 250 kg.
        today_d: the day on which the past ends; nothing was given or measured after it.
        antibodies_from_d: the day from which antibodies against natalizumab last; infinite for never.
        levels: the measured levels.
        occupancies: the measured receptor occupancies.
        laboratories: each laboratory by its name, with its scale or the prior of it.
        is_date_only: for each dose whether only its date is known and it stands at noon; none without it.
        notes: every assumption that was made about the patient, each a sentence.

    Raises:
        ValueError: what is wrong, with the index of the dose, weight, level or occupancy.
        InputError: there is no such timezone.
    """

    name: str
    regimen: Regimen
    origin: dt.datetime
    timezone: str
    weight_d: Float[np.ndarray, " weights"]
    weight_kg: Float[np.ndarray, " weights"]
    today_d: float
    antibodies_from_d: float = np.inf
    levels: Levels = field(default_factory=Levels)
    occupancies: Occupancies = field(default_factory=Occupancies)
    laboratories: Mapping[str, Laboratory] = field(default_factory=dict)
    is_date_only: Bool[np.ndarray, " doses"] = field(default_factory=lambda: np.empty(0))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        is_date_only = self.is_date_only if np.size(self.is_date_only) else np.zeros(self.regimen.number)
        object.__setattr__(self, "is_date_only", frozen_array(is_date_only, np.bool_))
        for name in ("weight_d", "weight_kg"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        for name in ("today_d", "antibodies_from_d"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "laboratories", MappingProxyType(dict(self.laboratories)))
        object.__setattr__(self, "notes", tuple(self.notes))
        for text in (self.name, *self.notes):
            if not (isinstance(text, str) and text.strip() and text.isprintable()):
                raise ValueError("the name and every note is a printable text that is not blank")
        self._check_doses()
        self._check_weights()
        self._check_laboratories()
        self._check_days()

    @classmethod
    def of(
        cls,
        infusions: Sequence[When | Mapping[str, Any]],
        weight_kg: float | Sequence[tuple[When, float]],
        levels: Sequence[tuple[When, str] | tuple[When, str, str] | Mapping[str, Any]] = (),
        *,
        timezone: str,
        dose: str | None = None,
        route: str | None = None,
        duration: str | None = None,
        occupancies: Sequence[tuple[When, str, str, str]] = (),
        laboratories: Sequence[Laboratory] = (),
        antibodies: Sequence[tuple[When, bool]] = (),
        plasma_exchanges: Sequence[When | tuple[When, str]] = (),
        today: When | None = None,
        name: str = "patient",
    ) -> Patient:
        """A patient from dates and from quantities with their units.

        Args:
            infusions: when each dose was begun, in order: a datetime, a date, a text such as `2026-02-10` or
                `2026-02-10T09:30`, or the keys of an `[[infusion]]` in a patient file.
            weight_kg: the weight in kg, or pairs of a day and the weight from it on.
            levels: time, value and laboratory of each: `("2026-02-10", "24 ug/mL", "Bergen")`, `"< 0.5 ug/mL"` where
                it was below quantification; the laboratory may be left out where there is one or none.
            timezone: on whose clock a time without an offset was read.
            dose: amount of every dose, `300 mg` without it.
            route: `IV` or `SC`, for every dose.
            duration: length of every infusion, `60 min` without it.
            occupancies: time, value, assay and subset of each: `("2026-02-10", "85 %", "flow cytometry", "CD4")`.
            laboratories: the laboratories, where something is known of their scales.
            antibodies: time of each test for antibodies, and whether they were found.
            plasma_exchanges: the day of each session, or the day and the share removed, `"70 %"`.
            today: the day on which the past ends; without it that of the last record.
            name: what the patient is called here.

        Raises:
            InputError: every fault in what was given.

        Example:
            >>> patient = Patient.of(
            ...     ["2026-01-13", "2026-02-10"], 80, [("2026-02-10", "24 ug/mL")], timezone="Europe/Oslo"
            ... )
            >>> patient.levels.value_mg_per_l.tolist(), patient.levels.time_d.tolist()
            ([24.0], [28.0])
        """
        from wearoff.dosing.fit.patient_document import document_from
        from wearoff.dosing.fit.patient_record import patient_from

        document = document_from(
            *(infusions, weight_kg, levels, occupancies, laboratories, antibodies, plasma_exchanges),
            patient={"name": name, "timezone": timezone} | ({} if today is None else {"today": today}),
            usual={"dose": dose, "route": route, "duration": duration},
        )
        return patient_from(document)

    def day_of(self, moment: When) -> float:
        """Days from the start of the first dose to a moment; a date alone is noon.

        Args:
            moment: a datetime, a date or a text; without an offset it was read on the patient's clock.

        Raises:
            InputError: it is no moment, or the clock showed it twice or never.
        """
        try:
            return (moment_of(moment, zone_of(self.timezone)) - self.origin) / _DAY
        except ValueError as fault:
            raise InputError(Problem(f"{moment} {fault}", value=str(moment))) from None

    def date_of(self, day: float) -> dt.date:
        """The date that the patient's calendar shows on a day.

        Raises:
            ValueError: the day is not finite, or outside the calendar.
        """
        try:
            return (self.origin + dt.timedelta(days=day)).astimezone(zone_of(self.timezone)).date()
        except OverflowError:
            raise ValueError(f"day {day:g} is outside the calendar") from None

    def with_weight(self, kg: float, from_d: float) -> Patient:
        """The same patient with one weight from a day on, in place of those from that day on.

        Args:
            kg: the weight.
            from_d: the day from which it holds; one after today is a what-if.

        Raises:
            ValueError: the weight is outside 25 to 250 kg, or the day is not finite.
        """
        is_kept = self.weight_d < from_d
        return replace(
            self,
            weight_d=np.append(self.weight_d[is_kept], from_d),
            weight_kg=np.append(self.weight_kg[is_kept], kg),
        )

    def with_level(self, time: When, value: str, laboratory: str | None = None) -> Patient:
        """The same patient with one more level; one after today brings today there.

        Args:
            time: when it was drawn, as in `of`; days of the patient are kept to the microsecond.
            value: the level and its unit, such as `24 ug/mL` or `< 0.5 ug/mL`.
            laboratory: the name of the laboratory; it may be left out where there is one.

        Raises:
            InputError: what is wrong with the level.
        """
        from wearoff.dosing.fit.patient_document import document_of, level_entry
        from wearoff.dosing.fit.patient_record import patient_from

        document = document_of(self)
        document.setdefault("level", []).append(level_entry((time, value, laboratory)))
        if self.day_of(time) > self.today_d:
            document["patient"]["today"] = time
        return patient_from(document)

    @property
    def provenance(self) -> dict[str, str]:
        """The patient's name and the SHA-256 of all that is known, as a patient file would say it."""
        from wearoff.dosing.fit.patient_file import to_toml

        digest = sha256(to_toml(self).encode()).hexdigest()
        return {"patient": self.name, "patient_digest": digest}

    def __eq__(self, other: object) -> bool:
        return is_same(self, other)

    def __hash__(self) -> int:
        return hash((self.name, self.origin, self.timezone, self.regimen, self.today_d, self.levels))

    def __reduce__(self) -> tuple[Callable[..., Patient], tuple[Any, ...]]:
        """Made anew where it is copied; a read-only mapping cannot be copied itself."""
        values = (getattr(self, each.name) for each in fields(self))
        return Patient, tuple(dict(value) if isinstance(value, Mapping) else value for value in values)

    def _check_doses(self) -> None:
        """Refuse what cannot have been given to one person."""
        if not isinstance(self.origin, dt.datetime) or self.origin.utcoffset() != dt.timedelta(0):
            raise ValueError("origin is not a datetime in UTC")
        zone_of(self.timezone)
        doses = self.regimen
        if not doses.number:
            raise ValueError("a patient needs at least one dose")
        if doses.start_d[0] != 0:
            raise ValueError("the first dose is not on day 0")
        if self.is_date_only.shape != doses.start_d.shape:
            raise ValueError("is_date_only needs one value for each dose")
        low, high = DOSE_MG
        refuse(
            (doses.dose_mg < low) | (doses.dose_mg > high),
            f"dose {{}}: not {low:g} to {high:g} mg; one that was not given is left out",
        )
        low, high = DURATION_MIN
        minutes = np.round(1440.0 * doses.duration_d, 6)  # a minute is no binary part of a day
        is_length = (minutes <= high) & (doses.is_subcutaneous | (minutes >= low))
        refuse(~is_length, f"dose {{}}: not {low:g} to {high:g} min long")
        dose_date = self._dates(doses.start_d)
        refuse(np.diff(dose_date, prepend=-1) == 0, "dose {}: on the same day as the one before")
        refuse(doses.exchange_d <= 0, "session {}: not after the first dose")
        refuse(
            np.diff(self._dates(doses.exchange_d), prepend=-1) == 0,
            "session {}: on the same day as the one before",
        )
        timeless = dict(zip(dose_date[self.is_date_only], doses.start_d[self.is_date_only], strict=True))
        for what, days in (
            ("session", doses.exchange_d),
            ("level", self.levels.time_d),
            ("occupancy", self.occupancies.time_d),
        ):
            starts = np.array(
                [timeless.get(date, day) for date, day in zip(self._dates(days), days, strict=True)]
            )
            refuse(
                starts != days,
                f"{what} {{}}: on the day of a dose without a time of day, and not at its start",
            )

    def _dates(self, days: Float[np.ndarray, " days"]) -> npt.NDArray[np.int64]:
        """The local date of each day as a count of days."""
        return np.array([self.date_of(float(day)).toordinal() for day in days], dtype=np.int64)

    def _check_weights(self) -> None:
        if self.weight_d.ndim != 1 or self.weight_d.shape != self.weight_kg.shape or not self.weight_d.size:
            raise ValueError("weight_d and weight_kg need one dimension, one length, and at least one weight")
        low, high = WEIGHT_KG
        refuse(~np.isfinite(self.weight_d), "weight {}: weight_d is not a finite number")
        refuse(
            np.diff(self.weight_d, prepend=-np.inf) <= 0, "weight {}: weight_d is not after the one before"
        )
        is_weight = (self.weight_kg >= low) & (self.weight_kg <= high)
        refuse(~is_weight, f"weight {{}}: not {low:g} to {high:g} kg")

    def _check_laboratories(self) -> None:
        for name, laboratory in self.laboratories.items():
            if name != laboratory.name or not name.isprintable():
                raise ValueError(f"the laboratory {laboratory.name!r} stands under the name {name!r}")
        for index, name in enumerate(self.levels.laboratory):
            if name not in self.laboratories:
                raise ValueError(f"level {index}: there is no laboratory {name!r}")
        seen = list(zip(self.levels.time_d.tolist(), self.levels.laboratory, strict=True))
        if len(set(seen)) < len(seen):
            raise ValueError("two levels of one laboratory at the same time")

    def _check_days(self) -> None:
        """Refuse a past that lies in the future."""
        if not np.isfinite(self.today_d):
            raise ValueError("today_d is not a finite number")
        if np.isnan(self.antibodies_from_d) or self.antibodies_from_d == -np.inf:
            raise ValueError("antibodies_from_d is not a day, nor infinite for never")
        if np.isfinite(self.antibodies_from_d) and self.antibodies_from_d > self.today_d:
            raise ValueError("antibodies_from_d is after today")
        for what, days in (
            ("dose", self.regimen.start_d),
            ("session", self.regimen.exchange_d),
            ("level", self.levels.time_d),
            ("occupancy", self.occupancies.time_d),
        ):
            refuse(days > self.today_d, f"{what} {{}}: after today")
