"""Wearing-off against disease activity: the time to the first activity, in those with and without wearing-off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, log, sqrt

import numpy as np
from scipy import special

from wearoff.stats import cox, hazard_of_share, log_rank, schoenfeld_events, schoenfeld_power
from wearoff.trial.power.design import (
    Array,
    Drawn,
    Streams,
    above,
    between,
    level_faults,
    membership,
    refuse,
)
from wearoff.trial.power.monte_carlo import verdict
from wearoff.trial.power.watch import Watch

LOG_RANK, COX = "log-rank", "Cox"


@dataclass(frozen=True)
class ActivityDesign:
    """A cohort that is followed for its first disease activity.

    The hazard of activity is constant, that of patients with wearing-off `ratio` times that of the others.

    Attributes:
        patients: who enter, both groups together; at least 2.
        ratio: hazard with wearing-off over that without.
        activity: share of those without wearing-off who become active within a year.
        exposed: share of the patients with wearing-off.
        dropout: share that is lost within a year.
        years: of planned follow-up of each patient.
        scans: per year; 0 where activity is known on the day it comes.
        relapse_share: of first activity that is noticed at once, where there are scans.
        power: that is asked for.
        alpha: two-sided chance of a false alarm.

    Raises:
        InputError: a setting cannot be; every one of them is named.

    Example:
        >>> design = ActivityDesign(516, ratio=2.0, activity=0.1, exposed=0.425, dropout=0.125, years=1.0)
        >>> design.needed("log-rank"), round(design.closed_form("log-rank"), 3)
        (516, 0.8)
    """

    patients: int
    ratio: float
    activity: float
    exposed: float
    dropout: float = 0.0
    years: float = 1.0
    scans: float = 0.0
    relapse_share: float = 1.0
    power: float = 0.8
    alpha: float = 0.05

    question = "wearing_off_activity"
    tests = (LOG_RANK, COX)

    def __post_init__(self) -> None:
        refuse(
            self.question,
            {
                "patients": above(self.patients, 1, "the number of patients"),
                "ratio": above(self.ratio, 0.0, "the hazard ratio"),
                "activity": between(self.activity, 0.0, 1.0, "the share active within a year"),
                "exposed": between(self.exposed, 0.0, 1.0, "the share with wearing-off"),
                **self.watch.faults(),
                **level_faults(self.power, self.alpha),
            },
        )

    @cached_property
    def watch(self) -> Watch:
        """How the patients are followed."""
        return Watch(self.years, self.dropout, self.scans, self.relapse_share)

    @cached_property
    def chances(self) -> tuple[float, float]:
        """The chance that activity is seen, with and without wearing-off."""
        hazard = hazard_of_share(self.activity)
        return self.watch.chance_seen(self.ratio * hazard), self.watch.chance_seen(hazard)

    @property
    def chance(self) -> float:
        """The chance that activity is seen in a patient of whichever group."""
        return self.exposed * self.chances[0] + (1.0 - self.exposed) * self.chances[1]

    @property
    def events(self) -> float:
        """Patients with activity that is seen, as expected."""
        return self.patients * self.chance

    def closed_form(self, test: str) -> float | None:
        """Schoenfeld's power, for either test; None without a difference."""
        del test
        if self.ratio == 1.0:
            return None
        return schoenfeld_power(self.events, self.ratio, share=self.exposed, alpha=self.alpha)

    def exact(self, test: str) -> None:
        """No outcome can be counted out: times are continuous."""
        del test

    def needed(self, test: str) -> int | None:
        """The patients who will have Schoenfeld's events; None without a difference."""
        del test
        if self.ratio == 1.0:
            return None
        return ceil(self.events_needed / self.chance - 1e-9)

    @property
    def events_needed(self) -> float:
        """The patients with activity that the power asks for."""
        return schoenfeld_events(self.ratio, share=self.exposed, power=self.power, alpha=self.alpha)

    @property
    def unit_signal(self) -> float:
        """The difference over its standard error for one patient; below 0 where the ratio is below 1."""
        return log(self.ratio) * sqrt(self.chance * self.exposed * (1.0 - self.exposed))

    @property
    def critical(self) -> float:
        """The standard errors beyond which a difference is shown."""
        return -float(special.ndtri(self.alpha / 2.0))

    def draw(self, streams: Streams, tests: tuple[str, ...] = tests) -> dict[str, Drawn]:
        """One cohort, with the log-rank test and Cox's regression of `wearoff.stats`."""
        is_one = membership(self.patients, self.exposed)
        hazard = hazard_of_share(self.activity)
        uniforms = streams("follow-up").random((self.patients, 3))
        time, event, _ = self.watch.follow(hazard * np.where(is_one, self.ratio, 1.0), uniforms)
        side = 1.0 if self.ratio >= 1.0 else -1.0
        found = {}
        if LOG_RANK in tests:
            ranks = log_rank(time, event, is_one.astype(int).tolist())
            excess = ranks.observed[-1] - ranks.expected[-1] if len(ranks.groups) == 2 else 0.0
            found[LOG_RANK] = verdict(ranks.p, side * excess, self.alpha)
        if COX in tests:
            found[COX] = self._cox(time, event, is_one.astype(float), side)
        return found

    def _cox(self, time: Array, event: Array, is_one: Array, side: float) -> Drawn:
        if not event.any() or np.ptp(is_one) == 0.0:
            return Drawn(is_found=False, covers=True)  # nobody active, or one group empty, excludes no ratio
        fit = cox(time, event, is_one, names=["wearing-off"], level=1.0 - self.alpha)
        if not fit.terms:
            return Drawn(is_found=False, covers=True)
        term = fit.terms[0]
        return verdict(
            term.p, side * term.coefficient, self.alpha, term.ratio, self.ratio in term.ratio_interval
        )
