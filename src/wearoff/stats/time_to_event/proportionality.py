"""Is a hazard ratio constant over time? The score test of a coefficient that changes with time.

The model is extended by x times g(t) for each predictor, g being one minus Kaplan and Meier's curve, and
the extension is tested at 0. This is the exact form of the test of Grambsch and Therneau (1994,
doi 10.1093/biomet/81.3.515), whose approximation assumes that the predictors' variance does not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wearoff.stats.terms import Array, chi_squared_p
from wearoff.stats.time_to_event.partial_likelihood import PartialLikelihood
from wearoff.stats.time_to_event.spells import Spells


@dataclass(frozen=True, slots=True)
class ProportionalityTest:
    """A test of one predictor's ratio, or of all of them, being constant over time.

    Attributes:
        name: the predictor; "all" for the joint test.
        statistic: chi-squared; None if the data cannot tell.
        freedom: degrees of freedom.
        p: small where the ratio changes; None if the data cannot tell.
    """

    name: str
    statistic: float | None
    freedom: int
    p: float | None


def proportionality(
    strata: list[PartialLikelihood], beta: Array, names: Sequence[str], rows: Spells
) -> tuple[ProportionalityTest, ...]:
    """One test per predictor and one of all of them.

    Args:
        strata: the likelihoods of the fit.
        beta: the estimate, shape (terms,).
        names: one per predictor.
        rows: all rows, from whose curve the scale of time is taken.
    """
    size = len(beta)
    score = np.zeros(size)
    plain, mixed, squared = np.zeros((3, size, size))
    for stratum in strata:
        times, place, _, weight = stratum.times()
        sets = stratum.risk_sets(beta)
        scale = _time_scale(rows, times)
        died = stratum.rows.event
        own = scale[np.searchsorted(times, stratum.rows.exit[died])] * stratum.weights[died]
        score += own @ stratum.predictors[died] - (scale[place] * weight) @ sets.mean_of_event
        for target, power in ((plain, 0), (mixed, 1), (squared, 2)):
            target += np.einsum("i,ijk->jk", weight * scale[place] ** power, sets.variance_of_event)
    tests = [
        _test(name, score[[k]], plain, mixed[:, [k]], squared[np.ix_([k], [k])])
        for k, name in enumerate(names)
    ]
    return (*tests, _test("all", score, plain, mixed, squared))


def _test(name: str, score: Array, plain: Array, mixed: Array, squared: Array) -> ProportionalityTest:
    left = squared - mixed.T @ np.linalg.solve(plain, mixed)
    freedom = len(score)
    # All events at one time, or too few of them: the extension repeats what the model has.
    if np.linalg.matrix_rank(left, tol=1e-9 * max(float(np.trace(squared)), 1e-300)) < freedom:
        return ProportionalityTest(name, None, freedom, None)
    statistic = float(score @ np.linalg.solve(left, score))
    return ProportionalityTest(name, statistic, freedom, chi_squared_p(statistic, freedom))


def _time_scale(rows: Spells, times: Array) -> Array:
    """One minus the share still without the event just before each time."""
    every = rows.event_times()
    survival = np.cumprod(1.0 - rows.events_at(every) / rows.at_risk(every))
    before = np.concatenate([[1.0], survival])[np.searchsorted(every, times, side="left")]
    return np.asarray(1.0 - before)
