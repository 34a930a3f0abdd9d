"""Who sees what, and when: losses at a constant rate, and scans that show afterwards what came between them.

A part of what happens is noticed on the day, as a relapse is. The rest is silent until the next scan, and is never
known of a patient who left before it. So a schedule of scans decides how much of the activity a study sees, and a
closed form has to count only what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np

from wearoff.stats import event_chance, hazard_of_share
from wearoff.trial.power.design import Array, above, from_to


@dataclass(frozen=True, slots=True)
class Watch:
    """How patients are followed.

    Attributes:
        years: planned for each patient.
        dropout: share that is lost within a year, at a constant rate.
        scans: per year, with one more at the end where none falls on it; 0 where all is known on the day it comes.
        relapse_share: of the activity that is noticed on the day in spite of `scans` above 0.
    """

    years: float
    dropout: float = 0.0
    scans: float = 0.0
    relapse_share: float = 1.0

    def faults(self) -> dict[str, str | None]:
        """The reason by the name of the setting, None where it is sound."""
        return {
            "years": above(self.years, 0.0, "the years of follow-up")
            or (f"the years of follow-up are at most 50; got {self.years:g}" if self.years > 50 else None),
            "dropout": from_to(self.dropout, 0.0, 1.0, "the share lost in a year"),
            "scans": from_to(self.scans, 0.0, 53.0, "scans in a year"),
            "relapse_share": None
            if 0.0 <= self.relapse_share <= 1.0
            else f"the share of activity noticed at once lies from 0 to 1; got {self.relapse_share:g}",
        }

    @property
    def loss(self) -> float:
        """Hazard of being lost, per year."""
        return hazard_of_share(self.dropout)

    @property
    def scan_times(self) -> Array:
        """Years from entry to each scan, shape (scans,); none where all is known at once."""
        if not self.scans:
            return np.zeros(0)
        regular = np.arange(1, int(self.scans * self.years + 1e-9) + 1) / self.scans
        return regular if len(regular) and regular[-1] > self.years - 1e-9 else np.append(regular, self.years)

    @property
    def complete(self) -> float:
        """The chance to be followed to the end."""
        return exp(-self.loss * self.years)

    @property
    def mean_years(self) -> float:
        """Years that are watched, on average: to the loss or to the end of follow-up."""
        return (1.0 - self.complete) / self.loss if self.loss else self.years

    def chance_seen(self, hazard: float) -> float:
        """The chance that a first event is seen.

        Args:
            hazard: of the event, per year.
        """
        at_once = event_chance(hazard, self.years, loss=self.loss)
        if not self.scans:
            return at_once
        times = self.scan_times
        free = np.exp(-hazard * np.concatenate([[0.0], times]))
        by_scan = float(((free[:-1] - free[1:]) * np.exp(-self.loss * times)).sum())
        return self.relapse_share * at_once + (1.0 - self.relapse_share) * by_scan

    def follow(self, hazards: Array, uniforms: Array) -> tuple[Array, Array, Array]:
        """Drawn patients: when they leave or are seen to be active, whether they are, and whether they stayed.

        Args:
            hazards: of a first event, per year, shape (patients,).
            uniforms: drawn from 0 to 1, shape (patients, 3).

        Returns:
            Years under observation, 1 where activity was seen at their end, and 1 where the patient was not lost before
            the planned end; each of shape (patients,).
        """
        with np.errstate(divide="ignore"):
            event = -np.log1p(-uniforms[:, 0]) / hazards
            lost = -np.log1p(-uniforms[:, 1]) / self.loss if self.loss else np.full(len(event), np.inf)
        seen = event
        if self.scans:
            times = np.append(self.scan_times, np.inf)
            next_scan = times[np.searchsorted(self.scan_times, event, side="left")]
            seen = np.where(uniforms[:, 2] < self.relapse_share, event, next_scan)
        end = np.minimum(lost, self.years)
        is_seen = seen <= end
        return np.where(is_seen, seen, end), is_seen.astype(float), (lost >= self.years).astype(float)

    def watched(self, uniforms: Array) -> Array:
        """Drawn patients: the years over which events are counted, to the loss or to the end of follow-up.

        Args:
            uniforms: drawn from 0 to 1, shape (patients,); the same numbers as the second column of `follow`.
        """
        if not self.loss:
            return np.full(len(uniforms), self.years)
        return np.minimum(-np.log1p(-uniforms) / self.loss, self.years)
