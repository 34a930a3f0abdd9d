"""Standard against extended interval dosing: no more patients active than a margin allows, and the rate of relapses.

The share active is compared by Newcombe's interval, whose upper limit has to stay below the margin. Patients count who
were seen to be active or were followed to the end, as the rules of NEDA count them; those lost before without activity
do not. Relapses are compared by a negative binomial rate ratio over the time each patient was watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, exp, inf, log1p, sqrt

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats import (
    TwoByTwo,
    hazard_of_share,
    negative_binomial,
    noninferiority_chance,
    noninferiority_power,
    noninferiority_total,
    rate_ratio_power,
    rate_ratio_total,
    risk_difference,
)
from wearoff.trial.power.design import Array, Drawn, Streams, above, between, level_faults, membership, refuse
from wearoff.trial.power.monte_carlo import verdict
from wearoff.trial.power.watch import Watch

MARGIN, RATE = "share active within the margin", "rate ratio of relapses"


@dataclass(frozen=True)
class IntervalDesign:
    """Two dosing intervals, patients of either followed for activity and relapses.

    Attributes:
        patients: who enter, both groups together; at least 4.
        activity: share of those on the standard interval who become active within a year.
        margin: how many more, as a share, may be active over the follow-up on the extended interval.
        exposed: share of the patients on the extended interval.
        true_ratio: hazard of activity, extended over standard, that is true.
        ratio: rate of relapses, extended over standard, that must not be missed.
        rate: relapses per year on the standard interval.
        dispersion: variance of the relapses beyond Poisson, over the squared mean.
        dropout: share that is lost within a year.
        years: of planned follow-up of each patient.
        scans: per year; 0 where activity is known on the day it comes.
        relapse_share: of first activity that is noticed at once, where there are scans.
        power: that is asked for.
        alpha: chance of a false alarm, one-sided for the margin, two-sided for the rate ratio.

    Raises:
        InputError: a setting cannot be; every one of them is named.

    Example:
        >>> design = IntervalDesign(228, activity=0.1, margin=0.1, exposed=0.425)
        >>> design.needed("share active within the margin")
        228
    """

    patients: int
    activity: float
    margin: float
    exposed: float
    true_ratio: float = 1.0
    ratio: float = 2.0
    rate: float = 0.06
    dispersion: float = 1.22
    dropout: float = 0.0
    years: float = 1.0
    scans: float = 0.0
    relapse_share: float = 1.0
    power: float = 0.8
    alpha: float = 0.05

    question = "sid_eid"
    tests = (MARGIN, RATE)

    def __post_init__(self) -> None:
        refuse(
            self.question,
            {
                "patients": above(self.patients, 3, "the number of patients"),
                "activity": between(self.activity, 0.0, 1.0, "the share active within a year"),
                "margin": between(self.margin, 0.0, 1.0, "the margin"),
                "exposed": between(self.exposed, 0.0, 1.0, "the share on the extended interval"),
                "true_ratio": above(self.true_ratio, 0.0, "the true hazard ratio"),
                "ratio": above(self.ratio, 0.0, "the rate ratio"),
                "rate": above(self.rate, 0.0, "the rate of relapses"),
                "dispersion": None
                if self.dispersion >= 0.0
                else f"the dispersion must be 0 or more; got {self.dispersion:g}",
                **self.watch.faults(),
                **level_faults(self.power, self.alpha, sides=1),
            },
        )

    @cached_property
    def watch(self) -> Watch:
        """How the patients are followed."""
        return Watch(self.years, self.dropout, self.scans, self.relapse_share)

    @property
    def true_shares(self) -> tuple[float, float]:
        """Share active over the whole follow-up, extended and standard, if nobody were lost."""
        hazard = hazard_of_share(self.activity) * self.years
        return 1.0 - exp(-self.true_ratio * hazard), 1.0 - exp(-hazard)

    @property
    def ratio_at_margin(self) -> float:
        """The hazard ratio at which the true shares differ by exactly the margin; infinite where they cannot."""
        standard = self.true_shares[1]
        if standard + self.margin >= 1.0:
            return inf
        return log1p(-(standard + self.margin)) / log1p(-standard)

    @cached_property
    def evaluable(self) -> tuple[float, float]:
        """Share of the patients who can be evaluated, extended and standard."""
        hazard = hazard_of_share(self.activity)
        return self._evaluable(self.true_ratio * hazard), self._evaluable(hazard)

    @cached_property
    def shares(self) -> tuple[float, float]:
        """Share active among those who can be evaluated, extended and standard."""
        hazard = hazard_of_share(self.activity)
        seen = self.watch.chance_seen(self.true_ratio * hazard), self.watch.chance_seen(hazard)
        return seen[0] / self.evaluable[0], seen[1] / self.evaluable[1]

    @property
    def sizes(self) -> tuple[float, float]:
        """Patients who can be evaluated, extended and standard, as expected."""
        return (
            self.patients * self.exposed * self.evaluable[0],
            self.patients * (1.0 - self.exposed) * self.evaluable[1],
        )

    def closed_form(self, test: str) -> float | None:
        """The normal form of the margin, or Zhu and Lakkis' of the rates; None where there is nothing to show."""
        if test == MARGIN:
            if self.shares[0] - self.shares[1] >= self.margin:
                return None
            return noninferiority_chance(
                sum(self.sizes), self.shares, margin=self.margin, share=self._share, alpha=self.alpha
            )
        if self.ratio == 1.0:
            return None
        return rate_ratio_power(
            self.patients,
            self.ratio,
            rate=self.rate,
            length=self.watch.mean_years,
            dispersion=self.dispersion,
            share=self.exposed,
            alpha=self.alpha,
        )

    def exact(self, test: str) -> float | None:
        """The margin with every pair of counts, at the sizes that are expected; None for the rates."""
        sizes = round(self.sizes[0]), round(self.sizes[1])
        if test != MARGIN or not min(sizes):
            return None
        return noninferiority_power(sizes, self.shares, margin=self.margin, alpha=self.alpha)

    def needed(self, test: str) -> int | None:
        """The patients who enter, so that enough can be evaluated; None where there is nothing to show."""
        if test == MARGIN:
            if self.shares[0] - self.shares[1] >= self.margin:
                return None
            total = noninferiority_total(
                self.shares, margin=self.margin, share=self._share, power=self.power, alpha=self.alpha
            )
            return ceil(total / (sum(self.sizes) / self.patients) - 1e-9)
        if self.ratio == 1.0:
            return None
        total = rate_ratio_total(
            self.ratio,
            rate=self.rate,
            length=self.watch.mean_years,
            dispersion=self.dispersion,
            share=self.exposed,
            power=self.power,
            alpha=self.alpha,
        )
        return ceil(total - 1e-9)

    @property
    def unit_signal(self) -> float:
        """What lies between the true difference and the margin, over its standard error for one patient."""
        (p1, p0), (n1, n0) = self.shares, self.sizes
        variance = self.patients * (p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0)
        return (self.margin - p1 + p0) / sqrt(variance)

    @property
    def critical(self) -> float:
        """The standard errors beyond which the margin is excluded."""
        return -float(special.ndtri(self.alpha))

    def draw(self, streams: Streams, tests: tuple[str, ...] = tests) -> dict[str, Drawn]:
        """One trial, with Newcombe's interval and the negative binomial regression of `wearoff.stats`."""
        is_one = membership(self.patients, self.exposed)
        uniforms = streams("follow-up").random((self.patients, 3))
        found = {}
        if MARGIN in tests:
            hazards = hazard_of_share(self.activity) * np.where(is_one, self.true_ratio, 1.0)
            _, active, stayed = self.watch.follow(hazards, uniforms)
            counts = is_one & ((active + stayed) > 0), ~is_one & ((active + stayed) > 0)
            table = TwoByTwo(
                int(active[counts[0]].sum()),
                int(counts[0].sum()),
                int(active[counts[1]].sum()),
                int(counts[1].sum()),
            )
            found[MARGIN] = self._within(table)
        if RATE in tests:
            found[RATE] = self._rates(streams, is_one, uniforms[:, 1])
        return found

    def _within(self, table: TwoByTwo) -> Drawn:
        if not min(table.exposed_total, table.other_total):
            return Drawn(is_found=False, covers=True)  # an empty group excludes no difference
        difference = risk_difference(table, level=1.0 - 2.0 * self.alpha)
        true = self.true_shares[0] - self.true_shares[1]
        return Drawn(difference.interval.high < self.margin, covers=true in difference.interval)

    def _rates(self, streams: Streams, is_one: npt.NDArray[np.bool_], uniforms: Array) -> Drawn:
        years = self.watch.watched(uniforms)
        means = self.rate * np.where(is_one, self.ratio, 1.0) * years
        if self.dispersion:
            means = means * self.dispersion * streams("frailty").gamma(1.0 / self.dispersion, size=len(means))
        counts = streams("relapses").poisson(means)
        kept = years > 0.0
        if not counts[kept].any() or len(np.unique(is_one[kept])) < 2:
            return Drawn(is_found=False, covers=True)  # without a relapse no ratio is excluded
        fit = negative_binomial(
            counts[kept],
            is_one[kept].astype(float),
            names=["extended interval"],
            exposure=years[kept],
            level=1.0 - self.alpha,
        )
        if not fit.terms:
            return Drawn(is_found=False, covers=True)
        term = fit.terms[0]
        side = 1.0 if self.ratio >= 1.0 else -1.0
        return verdict(
            term.p, side * term.coefficient, self.alpha, term.ratio, self.ratio in term.ratio_interval
        )

    def _evaluable(self, hazard: float) -> float:
        """Seen to be active, or free of activity and followed to the end (all of it is seen by then)."""
        return self.watch.chance_seen(hazard) + exp(-hazard * self.years) * self.watch.complete

    @property
    def _share(self) -> float:
        return self.sizes[0] / sum(self.sizes)
