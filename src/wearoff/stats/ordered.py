"""Groups in an order: does the share, or the level, rise or fall along it?

For counts the exact trend test holds the number of events fixed and asks how they fall over the groups.
For measured values the tests use ranks only. Where the data cannot answer (no event, nothing but equal
values, too few groups) the p value is None and `note` says why; nothing here warns or returns nan.
The comparison of two samples and the rank correlation are in `ranks`, and are offered from here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm, sqrt
from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
from scipy import special

from wearoff.stats.proportions import checked_counts
from wearoff.stats.ranks import (
    Correlation,
    ShiftTest,
    checked_values,
    mann_whitney,
    mid_ranks,
    spearman,
    tie_sizes,
)
from wearoff.stats.two_groups import log_choose

__all__ = [
    "Correlation",
    "RankTest",
    "ShiftTest",
    "TrendTest",
    "exact_trend",
    "jonckheere",
    "kruskal_wallis",
    "mann_whitney",
    "spearman",
]

_Array = npt.NDArray[np.float64]

_LARGEST_TABLE = 10_000_000


@dataclass(frozen=True, slots=True)
class TrendTest:
    """An exact test of trend in proportions.

    Attributes:
        statistic: sum of score times events; None if there is nothing to sum.
        p: two-sided exact p, None if the data cannot tell.
        mid_p: the same with half of the outcomes exactly as far out as the observed one.
        method: what was done.
        expected: the statistic expected without a trend; a larger `statistic` means a rise.
        note: why there is no p, or what was left out; None if there is nothing to say.
    """

    statistic: float | None
    p: float | None
    mid_p: float | None
    method: str
    expected: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RankTest:
    """A rank test over several groups.

    Attributes:
        statistic: Kruskal-Wallis H or Jonckheere J; None if there is nothing to rank.
        p: two-sided approximate p, None if the data cannot tell.
        method: what was done.
        z: Jonckheere only, the standardised statistic; above 0 the values rise along the groups.
        p_permutation: Jonckheere only, p from random relabelling.
        monte_carlo_se: standard error of `p_permutation` from the finite number of relabellings.
        note: why there is no p, or what was left out; None if there is nothing to say.
    """

    statistic: float | None
    p: float | None
    method: str
    z: float | None = None
    p_permutation: float | None = None
    monte_carlo_se: float | None = None
    note: str | None = None


def exact_trend(
    events: Sequence[SupportsIndex],
    totals: Sequence[SupportsIndex],
    *,
    scores: Sequence[float] | None = None,
) -> TrendTest:
    """Does the proportion rise or fall along ordered groups? Exact, whatever the numbers.

    The statistic of Cochran (1954, doi 10.2307/3001616) and Armitage (1955, doi 10.2307/3001775),
    T = sum of score times events, is referred to its exact distribution given all totals and the number of
    events, where the counts are multivariate hypergeometric. Two-sided p is the probability of a T at
    least as far from its expectation as the observed one, |T - E T|, compared in whole numbers. The
    distribution is convolved group by group, so several hundred observations take well under a second.

    Args:
        events: number with the event in each group, shape (groups,).
        totals: size of each group, shape (groups,); an empty group carries no information.
        scores: position of each group, shape (groups,), by default 0, 1, 2, ...; decimal fractions with
            up to four places.

    Raises:
        ValueError: lengths differ, counts are impossible, a score is not finite or too finely divided.

    Example:
        >>> round(exact_trend([1, 2, 6], [20, 20, 20]).p, 3)
        0.045
    """
    method = "exact conditional Cochran-Armitage, two-sided by |T - E T|"
    places = range(len(totals)) if scores is None else scores
    if not len(events) == len(totals) == len(places):
        raise ValueError(
            "events, totals and scores need one entry per group, got "
            f"{len(events)}, {len(totals)} and {len(places)}"
        )
    counts = [checked_counts(count, size) for count, size in zip(events, totals, strict=True)]
    grid, step, origin = _on_grid(places)
    groups = [(count, size, place) for (count, size), place in zip(counts, grid, strict=True) if size]
    observed = sum(count for count, _, _ in groups)
    total = sum(size for _, size, _ in groups)
    if total == 0:
        return TrendTest(None, None, None, method, note="no observation in any group")
    t = sum(count * place for count, _, place in groups)
    mean_times_total = observed * sum(size * place for _, size, place in groups)
    statistic = float(step * t + origin * observed)
    expected = float(step * Fraction(mean_times_total, total) + origin * observed)
    empty = len(counts) - len(groups)
    note = f"{empty} empty group(s) carry no information" if empty else None
    if observed in (0, total):
        reason = "no event occurred" if observed == 0 else "everyone had the event"
        return TrendTest(statistic, None, None, method, expected, f"{reason}: no trend can be seen")
    if len({place for _, _, place in groups}) < 2:
        reason = "fewer than two scores have observations"
        return TrendTest(statistic, None, None, method, expected, reason)
    flip = 2 * observed > total  # the non-events are fewer and have the same distances
    chosen = [(size - count if flip else count, size, place) for count, size, place in groups]
    chances = _trend_distribution(chosen)
    drawn = sum(count for count, _, _ in chosen)
    middle = drawn * sum(size * place for _, size, place in chosen)
    distance = np.abs(total * np.arange(len(chances)) - middle)
    seen = abs(total * t - mean_times_total)
    beyond = float(chances[distance > seen].sum())
    equal = float(chances[distance == seen].sum())
    p, mid_p = min(1.0, beyond + equal), min(1.0, beyond + 0.5 * equal)
    return TrendTest(statistic, p, mid_p, method, expected, note)


def kruskal_wallis(groups: Sequence[npt.ArrayLike]) -> RankTest:
    """Do the groups differ in level, in whatever direction? Ranks, corrected for ties.

    H of Kruskal and Wallis (1952, doi 10.1080/01621459.1952.10483441) with mid-ranks, referred to
    chi-squared on one less than the number of groups. With fewer than about five per group this is rough.

    Args:
        groups: the values of each group, shapes (n,); empty groups are left out and named in the note.

    Raises:
        ValueError: a value is missing or infinite.

    Example:
        >>> round(kruskal_wallis([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).statistic, 3)
        3.857
    """
    method = "Kruskal-Wallis, chi-squared approximation, tie-corrected"
    samples, note = _filled(groups)
    if len(samples) < 2:
        return RankTest(None, None, method, note="fewer than two groups have values")
    pooled = np.concatenate(samples)
    total = len(pooled)
    ties = tie_sizes(pooled)
    if len(ties) == 1:
        return RankTest(None, None, method, note="all values are equal: there is nothing to rank")
    parts = np.split(mid_ranks(pooled), np.cumsum([len(sample) for sample in samples])[:-1])
    spread = sum(len(part) * (float(part.mean()) - (total + 1) / 2.0) ** 2 for part in parts)
    correction = 1.0 - float((ties**3 - ties).sum()) / (total**3 - total)
    h = 12.0 * spread / (total * (total + 1)) / correction
    return RankTest(h, float(special.chdtrc(len(samples) - 1, h)), method, note=note)


def jonckheere(groups: Sequence[npt.ArrayLike], *, seed: int, permutations: int = 20_000) -> RankTest:
    """Do the values rise or fall along the groups, taken in the order given?

    J of Jonckheere (1954, doi 10.1093/biomet/41.1-2.133) counts the pairs from different groups whose later
    member is larger, a tie as one half. `p` is two-sided from the normal approximation with the variance
    corrected for ties, without continuity correction. `p_permutation` relabels the pooled values at random
    and counts a J at least as far from its expectation, the observed labelling included, so it is never 0.

    Args:
        groups: the values of each group in order, shapes (n,); empty groups carry no information.
        seed: of the random relabelling; the same seed gives the same result.
        permutations: how many relabellings, at least 1.

    Raises:
        ValueError: a value is missing or infinite, or there is no permutation.

    Example:
        >>> round(jonckheere([[1, 2], [3, 4], [5, 6]], seed=1).z, 3)
        2.384
    """
    method = f"Jonckheere-Terpstra, normal approximation, tie-corrected; {permutations} permutations"
    if permutations < 1:
        raise ValueError(f"at least one permutation is needed, got {permutations}")
    samples, note = _filled(groups)
    if len(samples) < 2:
        return RankTest(None, None, method, note="fewer than two groups have values")
    sizes = np.array([len(sample) for sample in samples])
    pooled = np.concatenate(samples)
    order = np.argsort(pooled, kind="stable")
    labels = np.repeat(np.arange(len(samples)), sizes)[order]
    ties = tie_sizes(pooled)
    if len(ties) == 1:
        return RankTest(None, None, method, note="all values are equal: there is nothing to rank")
    starts = np.concatenate([[0], np.cumsum(ties)[:-1]])
    j = float(_ordered_pairs(labels[None, :], starts, len(samples))[0])
    total = len(pooled)
    mean = (total**2 - float((sizes**2).sum())) / 4.0
    z = (j - mean) / sqrt(_jonckheere_variance(total, sizes, ties))
    rng = np.random.default_rng(seed)
    chunk = max(1, 2_000_000 // (total * len(samples)))
    far = 0
    for first in range(0, permutations, chunk):
        rows = np.tile(labels, (min(chunk, permutations - first), 1))
        drawn = _ordered_pairs(rng.permuted(rows, axis=1), starts, len(samples))
        far += int((np.abs(drawn - mean) >= abs(j - mean)).sum())  # quarters: exact in binary
    p_permutation = (far + 1) / (permutations + 1)
    error = sqrt(p_permutation * (1.0 - p_permutation) / permutations)
    return RankTest(j, float(2.0 * special.ndtr(-abs(z))), method, z, p_permutation, error, note)


def _on_grid(scores: Sequence[float]) -> tuple[list[int], Fraction, Fraction]:
    """The scores as whole steps from the lowest, the size of a step, and the lowest."""
    exact = []
    for score in scores:
        if not np.isfinite(score):
            raise ValueError(f"scores must be finite numbers, got {score!r}")
        near = Fraction(float(score)).limit_denominator(10_000)
        if abs(float(near) - score) > 1e-12 * max(1.0, abs(score)):
            raise ValueError(f"score {score!r} is too finely divided; round it to four places")
        exact.append(near)
    if not exact:
        return [], Fraction(1), Fraction(0)
    origin = min(exact)
    shared = lcm(*(score.denominator for score in exact))
    whole = [int((score - origin) * shared) for score in exact]
    common = gcd(*whole) or 1
    return [place // common for place in whole], Fraction(common, shared), origin


def _trend_distribution(groups: Sequence[tuple[int, int, int]]) -> _Array:
    """Chance of each value 0, 1, ... of sum(score * count) with all totals and the sum of counts fixed.

    Groups are (count, size, score). The number of ways is convolved over the groups in a table of
    (events so far, statistic so far); binomial chances instead of numbers of ways keep it in range. Only
    one row of the last group is needed.
    """
    drawn = sum(count for count, _, _ in groups)
    share = drawn / sum(size for _, size, _ in groups)
    # The largest statistic: the events fill the groups from the highest score down.
    left, top = drawn, 0
    for _, size, score in sorted(groups, key=lambda group: -group[2]):
        taken = min(left, size)
        left, top = left - taken, top + taken * score
    if (drawn + 1) * (top + 1) > _LARGEST_TABLE:
        raise ValueError(
            "the scores are too finely divided for the exact test with this many events; use rounder "
            "scores, such as whole weeks or 0, 1, 2"
        )
    # The largest group goes last, where it is cheapest.
    *others, last = sorted(groups, key=lambda group: group[1])
    table = np.zeros((drawn + 1, top + 1))
    table[0, 0] = 1.0
    for _, size, score in others:
        grown = np.zeros_like(table)
        for count, chance in enumerate(_binomial(size, share, drawn)):
            jump = count * score
            if jump > top:
                break
            grown[count:, jump:] += chance * table[: drawn + 1 - count, : top + 1 - jump]
        table = grown
    _, size, score = last
    final = np.zeros(top + 1)
    for count, chance in enumerate(_binomial(size, share, drawn)):
        jump = count * score
        if jump > top:
            break
        final[jump:] += chance * table[drawn - count, : top + 1 - jump]
    final /= final.sum()
    return final


def _binomial(size: int, share: float, most: int) -> _Array:
    """Chances of 0, 1, ..., min(size, most) out of `size` at probability `share`."""
    k = np.arange(min(size, most) + 1)
    logs = log_choose(size, k) + k * np.log(share) + (size - k) * np.log1p(-share)
    return np.asarray(np.exp(logs))


def _ordered_pairs(labels: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], groups: int) -> _Array:
    """J for each row of labels, which stand in ascending order of value with ties from `starts` on."""
    is_member = labels[:, :, None] == np.arange(groups)
    here = np.add.reduceat(is_member.astype(np.float64), starts, axis=1)
    below = np.cumsum(here, axis=1) - 0.5 * here  # smaller values, and half of the equal ones
    earlier = np.cumsum(below, axis=2) - below  # of those, the ones from earlier groups
    return np.asarray((here * earlier).sum(axis=(1, 2)))


def _jonckheere_variance(total: int, sizes: npt.NDArray[np.int64], ties: npt.NDArray[np.int64]) -> float:
    """Variance of J given the tied values (Hollander and Wolfe, Nonparametric Statistical Methods)."""

    def falling(k: npt.NDArray[np.int64], factors: int) -> float:
        product = k * (k - 1) if factors == 2 else k * (k - 1) * (k - 2)
        return float(product.sum())

    def main(k: npt.NDArray[np.int64]) -> float:
        return float((k * (k - 1) * (2 * k + 5)).sum())

    whole = np.array([total])
    variance = (main(whole) - main(sizes) - main(ties)) / 72.0
    if total > 2:
        variance += falling(sizes, 3) * falling(ties, 3) / (36.0 * falling(whole, 3))
    return variance + falling(sizes, 2) * falling(ties, 2) / (8.0 * falling(whole, 2))


def _filled(groups: Sequence[npt.ArrayLike]) -> tuple[list[_Array], str | None]:
    """The groups that have values, and a note on those that have none."""
    samples = [checked_values(group) for group in groups]
    filled = [sample for sample in samples if len(sample)]
    empty = len(samples) - len(filled)
    return filled, f"{empty} empty group(s) carry no information" if empty else None
