"""Cox's partial likelihood with Efron's ties, delayed entry, strata and weights, all rows at once.

Sums over a risk set are differences of two running sums: everybody who leaves at t or later, without those
who enter at t or later. With d events tied at t, Efron (1977, doi 10.1080/01621459.1977.10480613) takes the
events out of the risk set one d-th at a time, so every event has a risk set of its own; all arrays below that
end in `_of_event` have one row per event.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from wearoff.stats.newton import Surface
from wearoff.stats.terms import Array
from wearoff.stats.time_to_event.spells import Spells

_Index = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class RiskSets:
    """The risk sets of all events at one value of the coefficients.

    Attributes:
        mean_of_event: weighted mean of the predictors, shape (events, terms).
        variance_of_event: their weighted variance, shape (events, terms, terms).
        total_of_event: weighted sum of the relative hazards, shape (events,).
    """

    mean_of_event: Array
    variance_of_event: Array
    total_of_event: Array


@dataclass(frozen=True, slots=True, eq=False)
class PartialLikelihood:
    """The partial likelihood of rows that stand in one stratum.

    Attributes:
        rows: the spells.
        predictors: shape (rows, terms).
        weights: of the rows, above 0, shape (rows,).
    """

    rows: Spells
    predictors: Array
    weights: Array

    def times(self) -> tuple[Array, _Index, Array, Array]:
        """Distinct event times; the place of each event among them; the share taken out; its weight."""
        times = self.rows.event_times()
        tied = self.rows.events_at(times).astype(np.intp)
        place = np.repeat(np.arange(len(times)), tied)
        order = np.arange(len(place)) - np.repeat(np.cumsum(tied) - tied, tied)
        ends = np.searchsorted(times, self.rows.exit[self.rows.event])
        weight = np.bincount(ends, self.weights[self.rows.event], len(times)) / tied
        return times, place, order / tied[place], weight[place]

    def risk_sets(self, beta: Array) -> RiskSets:
        """Mean and variance of the predictors over every event's risk set.

        Args:
            beta: coefficients, shape (terms,).
        """
        times, place, taken, _ = self.times()
        hazard = self.weights * np.exp(self.predictors @ beta)
        # The three sums as one matrix: 1, x, and the products of x.
        products = np.einsum("ij,ik->ijk", self.predictors, self.predictors)
        size = len(beta)
        columns = np.column_stack([np.ones(len(hazard)), self.predictors, products.reshape(len(hazard), -1)])
        columns *= hazard[:, None]
        sums = _sums_from(self.rows.exit, columns, times)
        if self.rows.entry.max() > -inf:
            sums -= _sums_from(self.rows.entry, columns, times)
        died = self.rows.event
        tied = np.zeros_like(sums)
        np.add.at(tied, np.searchsorted(times, self.rows.exit[died]), columns[died])
        sums_of_event = sums[place] - taken[:, None] * tied[place]
        total = sums_of_event[:, 0]
        mean = sums_of_event[:, 1 : 1 + size] / total[:, None]
        square = sums_of_event[:, 1 + size :].reshape(-1, size, size) / total[:, None, None]
        return RiskSets(mean, square - np.einsum("ij,ik->ijk", mean, mean), total)

    def derivatives(self, beta: Array) -> tuple[float, Array, Array]:
        """The log-likelihood, its gradient and the information.

        Args:
            beta: coefficients, shape (terms,).
        """
        sets, weight = self.risk_sets(beta), self.times()[3]
        died = self.rows.event
        own = self.weights[died] @ self.predictors[died]
        value = float(own @ beta - weight @ np.log(sets.total_of_event))
        gradient = own - weight @ sets.mean_of_event
        return value, np.asarray(gradient), np.einsum("i,ijk->jk", weight, sets.variance_of_event)

    def score_residuals(self, beta: Array) -> Array:
        """What each row adds to the gradient at the maximum, shape (rows, terms), weights included.

        Args:
            beta: coefficients, shape (terms,).
        """
        times, place, taken, weight = self.times()
        sets = self.risk_sets(beta)
        rate = weight / sets.total_of_event
        steps = np.column_stack([rate, rate[:, None] * sets.mean_of_event])
        full, kept = np.zeros((2, len(times) + 1, steps.shape[1]))
        np.add.at(full, place + 1, steps)
        np.add.at(kept, place + 1, steps * (1.0 - taken)[:, None])
        running = np.cumsum(full, axis=0)
        last = np.searchsorted(times, self.rows.exit, side="right")
        through = running[last] - running[np.searchsorted(times, self.rows.entry, side="right")]
        died = self.rows.event
        # A row with the event was partly taken out of the risk sets of its own time.
        through[died] += (kept - full)[last[died]]
        hazard = np.exp(self.predictors @ beta)
        residuals = -hazard[:, None] * (self.predictors * through[:, :1] - through[:, 1:])
        means = np.zeros((len(times), len(beta)))
        np.add.at(means, place, sets.mean_of_event)
        means /= np.bincount(place, minlength=len(times))[:, None]
        residuals[died] += self.predictors[died] - means[last[died] - 1]
        return np.asarray(self.weights[:, None] * residuals)


def surface(strata: list[PartialLikelihood]) -> Surface:
    """The log-likelihood of all strata together, as `newton.maximise` takes it.

    Args:
        strata: likelihoods that add up.
    """

    def derivatives(beta: Array) -> tuple[float, Array, Array]:
        parts = [stratum.derivatives(beta) for stratum in strata]
        value = float(sum(part[0] for part in parts))
        gradient = np.sum([part[1] for part in parts], axis=0)
        return value, np.asarray(gradient), -np.asarray(np.sum([part[2] for part in parts], axis=0))

    return derivatives


def _sums_from(times: Array, columns: Array, at: Array) -> Array:
    """Sums of the columns over rows whose time is at or after each of `at`, shape (at, columns)."""
    order = np.argsort(times, kind="stable")
    running = np.zeros((len(times) + 1, columns.shape[1]))
    running[:-1] = np.cumsum(columns[order][::-1], axis=0)[::-1]
    return running[np.searchsorted(times[order], at, side="left")]
