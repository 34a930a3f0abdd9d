"""Receptor occupancy against the wearing-off answer: one sample and one answer a patient.

What links them is proportional odds: an occupancy lower by one standard deviation multiplies the odds of more
wearing-off. Occupancy counts in standard deviations between patients as measured, its error included, so the curve
and the assay cancel. The rank-sum test sees regular wearing-off against the rest, and how often one of the former lies
below one of the latter follows from the same model by quadrature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, log, sqrt

import numpy as np
from scipy import special
from scipy.optimize import brentq

from wearoff.stats import (
    jonckheere,
    mann_whitney,
    ordered_levels_power,
    ordered_levels_total,
    proportional_odds,
    rank_sum_power,
    rank_sum_total,
)
from wearoff.trial.power.design import Array, Drawn, Streams, above, between, from_to, level_faults, refuse
from wearoff.trial.power.monte_carlo import verdict

ODDS, RANK_SUM, TREND = "proportional odds", "rank-sum", "Jonckheere"
# Gauss-Hermite for a standard normal variable: exact for what is smooth here to 1e-12.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_GRID = np.linspace(-9.0, 9.0, 2001)


@dataclass(frozen=True)
class OccupancyDesign:
    """Patients with a measured occupancy and an answer: never, sometimes or regularly.

    Attributes:
        patients: who enter; at least 3.
        ratio: odds of more wearing-off for an occupancy lower by one standard deviation.
        sometimes: share of the patients who answer so.
        regularly: share of the patients who answer so.
        dropout: share of the patients without a usable pair of sample and answer.
        power: that is asked for.
        alpha: two-sided chance of a false alarm.

    Raises:
        InputError: a setting cannot be; every one of them is named.

    Example:
        >>> OccupancyDesign(71, ratio=2.0, sometimes=0.225, regularly=0.2).needed("proportional odds")
        62
    """

    patients: int
    ratio: float
    sometimes: float
    regularly: float
    dropout: float = 0.0
    power: float = 0.8
    alpha: float = 0.05

    question = "occupancy_wearing_off"
    tests = (ODDS, RANK_SUM, TREND)

    def __post_init__(self) -> None:
        regular = between(self.regularly, 0.0, 1.0, "the share who wear off regularly")
        if regular is None and self.regularly + self.sometimes >= 1.0:
            regular = "nobody is left who never wears off: the shares sum to 1 or more"
        refuse(
            self.question,
            {
                "patients": above(self.patients, 2, "the number of patients"),
                "ratio": above(self.ratio, 0.0, "the odds ratio"),
                "sometimes": between(self.sometimes, 0.0, 1.0, "the share who wear off sometimes"),
                "regularly": regular,
                "dropout": from_to(self.dropout, 0.0, 1.0, "the share without a usable pair"),
                **level_faults(self.power, self.alpha),
            },
        )

    @property
    def levels(self) -> tuple[float, float, float]:
        """Shares of never, sometimes and regularly."""
        return 1.0 - self.sometimes - self.regularly, self.sometimes, self.regularly

    @property
    def usable(self) -> float:
        """Patients with a usable pair, as expected."""
        return self.patients * (1.0 - self.dropout)

    @cached_property
    def cuts(self) -> tuple[float, float]:
        """Where the answer changes, on the logit scale, so that the levels have their shares."""
        slope = log(self.ratio)

        def cut(share: float) -> float:
            def excess(at: float) -> float:
                return float(_WEIGHTS @ special.expit(at - slope * _NODES)) - share

            return float(brentq(excess, -60.0, 60.0, xtol=1e-12))

        return cut(self.levels[0]), cut(self.levels[0] + self.sometimes)

    @cached_property
    def superiority(self) -> float:
        """The chance that one who wears off regularly lies lower in occupancy than one of the rest."""
        # x is how much lower the occupancy is than the mean, in standard deviations
        density = np.exp(-0.5 * _GRID**2)
        regular = density * special.expit(log(self.ratio) * _GRID - self.cuts[1])
        rest = density - regular
        below = np.cumsum(rest) - 0.5 * rest
        return float(regular @ below / (regular.sum() * rest.sum()))

    def closed_form(self, test: str) -> float | None:
        """Whitehead's power of the odds, Noether's of the rank-sum test; None for the trend or no difference."""
        if self.ratio == 1.0 or test == TREND:
            return None
        if test == ODDS:
            return ordered_levels_power(self.usable, self.ratio, self.levels, variance=1.0, alpha=self.alpha)
        return rank_sum_power(self.usable, self.superiority, share=self.regularly, alpha=self.alpha)

    def exact(self, test: str) -> None:
        """No outcome can be counted out: occupancy is continuous."""
        del test

    def needed(self, test: str) -> int | None:
        """The patients who enter, so that enough have a usable pair; None for Jonckheere or without a difference."""
        if self.ratio == 1.0 or test == TREND:
            return None
        pairs = (
            ordered_levels_total(self.ratio, self.levels, variance=1.0, power=self.power, alpha=self.alpha)
            if test == ODDS
            else rank_sum_total(self.superiority, share=self.regularly, power=self.power, alpha=self.alpha)
        )
        return ceil(pairs / (1.0 - self.dropout) - 1e-9)

    @property
    def unit_signal(self) -> float:
        """The log odds over its standard error for one patient; below 0 where the ratio is below 1."""
        information = (1.0 - sum(share**3 for share in self.levels)) / 3.0
        return log(self.ratio) * sqrt((1.0 - self.dropout) * information)

    @property
    def critical(self) -> float:
        """The standard errors beyond which a difference is shown."""
        return -float(special.ndtri(self.alpha / 2.0))

    def draw(self, streams: Streams, tests: tuple[str, ...] = tests) -> dict[str, Drawn]:
        """One cohort, with the proportional odds, rank-sum and trend tests of `wearoff.stats`."""
        uniforms = streams("patients").random((self.patients, 3))
        kept = uniforms[uniforms[:, 2] >= self.dropout]
        lower = special.ndtri(kept[:, 0])
        latent = log(self.ratio) * lower + special.logit(kept[:, 1])
        answer = (latent > self.cuts[0]).astype(int) + (latent > self.cuts[1])
        side = 1.0 if self.ratio >= 1.0 else -1.0
        found = {}
        if ODDS in tests:
            found[ODDS] = self._odds(answer.astype(float), lower, side)
        if RANK_SUM in tests:
            shift = mann_whitney(lower[answer == 2], lower[answer < 2])
            found[RANK_SUM] = verdict(shift.p, side * (shift.shift or 0.0), self.alpha)
        if TREND in tests:
            trend = jonckheere([lower[answer == level] for level in range(3)], seed=0, permutations=1)
            found[TREND] = verdict(trend.p, side * (trend.z or 0.0), self.alpha)
        return found

    def _odds(self, answer: Array, lower: Array, side: float) -> Drawn:
        if len(np.unique(answer)) < 2:
            return Drawn(is_found=False, covers=True)  # one answer only excludes no ratio
        fit = proportional_odds(answer, lower, names=["lower occupancy"], level=1.0 - self.alpha)
        if not fit.terms:
            return Drawn(is_found=False, covers=True)
        term = fit.terms[0]
        return verdict(
            fit.p, side * term.coefficient, self.alpha, term.ratio, self.ratio in term.ratio_interval
        )
