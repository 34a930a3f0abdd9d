"""A population of any size in one small table: quantiles and shares above targets, dose by dose.

Patients are drawn, solved and counted a block at a time, so memory does not grow with their number. Levels are
counted in fixed bins, 1024 to every doubling, so a quantile read from the counts lies within one part
in 1024 of the quantile of the levels themselves; shares above a target are exact counts, means and standard
deviations those of the levels. The patients are those of `virtual.py`, the same in blocks of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.models import Parameters, PkModel
from wearoff.dosing.pk.population import blocks_of, plan_of
from wearoff.dosing.pk.virtual import Weights, draw_patients
from wearoff.dosing.regimen import Regimen

if TYPE_CHECKING:
    from jaxtyping import Float, Int

BAND = (0.05, 0.25, 0.50, 0.75, 0.95)
QUANTILE_BOUND = 2.0**-10  # relative, above the lowest level that is counted
LOWEST, HIGHEST = 2.0**-14, 2.0**17  # mg/L
_SHIFT = np.int64(52 - 10)
_FIRST = int(np.float64(LOWEST).view(np.int64) >> _SHIFT)
_BINS = (int(np.float64(HIGHEST).view(np.int64)) >> 42) - _FIRST + 2  # one below, one above
Sampler = Callable[[int, int], Parameters]


@dataclass(frozen=True, slots=True)
class PopulationSummary:
    """What a population's troughs and peaks look like, dose by dose.

    Attributes:
        patients: the number of patients counted.
        failed: the number of patients who could not be solved; they are in no other figure.
        levels: the quantiles that `trough` and `peak` hold.
        trough: level just before each dose at each quantile, mg/L, to within `QUANTILE_BOUND`; a level under
            `LOWEST` counts as 0.
        peak: the same of the highest level after each dose, as `PopulationLevels` defines it.
        mean_trough: mean level just before each dose, mg/L.
        mean_peak: mean of the highest levels, mg/L.
        sd_trough, sd_peak: their standard deviations between the patients, mg/L.
        covariance: of every trough with the trough before the dose named as reference, (mg/L)^2; None where
            none was named.
        targets: the levels asked about, mg/L.
        share_at_or_above: share of patients whose trough is at least the target, exact.
        seed: the seed of the draws.
    """

    patients: int
    failed: int
    levels: tuple[float, ...]
    trough: Float[np.ndarray, "levels doses"]
    peak: Float[np.ndarray, "levels doses"]
    mean_trough: Float[np.ndarray, " doses"]
    mean_peak: Float[np.ndarray, " doses"]
    sd_trough: Float[np.ndarray, " doses"]
    sd_peak: Float[np.ndarray, " doses"]
    covariance: Float[np.ndarray, " doses"] | None
    targets: tuple[float, ...]
    share_at_or_above: Float[np.ndarray, "targets doses"]
    seed: int


def summarise_population(
    model: PkModel | Sampler,
    weights: Weights,
    regimen: Regimen,
    patients: int,
    seed: int,
    *,
    levels: Sequence[float] = BAND,
    targets: Sequence[float] = (1.0, 2.0, 5.0, 10.0),
    reference: int | None = None,
    accuracy: float = 1e-4,
    block: int = 262_144,
    progress: Callable[[int, int], None] | None = None,
) -> PopulationSummary:
    """Quantiles and shares above targets of troughs and peaks, in memory that does not grow with the patients.

    Args:
        model: the model to draw patients from; or a function that gives the parameters of `count` patients
            from index `first` on, of its own making.
        weights: one weight, kg, or a function from the patients' standard normal numbers to their weights;
            `virtual.normal_weights` makes one. A function in place of a model has no use for it.
        regimen: the doses, the same for everyone.
        patients: number of patients, at least 1.
        seed: the seed of the draws.
        levels: quantiles wanted, each between 0 and 1.
        targets: levels of which the share of troughs at or above is wanted, mg/L.
        reference: index of a dose, counted from 0; the covariance of every trough with the one before it
            gives the error of a difference or a ratio within the same patients.
        accuracy: as for `simulate_population`.
        block: patients drawn and counted at a time; it decides memory and changes no patient.
        progress: called with the number of patients done and their total, after every block.

    Raises:
        ValueError: there are no patients, or a quantile is outside 0..1.
    """
    if patients < 1 or block < 1:
        raise ValueError("patients and block must be at least 1")
    if not all(0 <= level <= 1 for level in levels):
        raise ValueError("a quantile lies between 0 and 1")
    tally = _Tally(regimen.start_d.size, tuple(targets), reference)
    for first in range(0, patients, block):
        count = min(block, patients - first)
        drawn = _drawn(model, weights, first, count, seed)
        plan = plan_of(regimen, drawn.lag_d, change_d=drawn.change_of(0))
        for _, found in blocks_of(drawn, plan, accuracy):
            tally.add(found.trough, found.peak, found.status == 0)
        if progress is not None:
            progress(first + count, patients)
    return tally.summary(tuple(levels), seed)


def _drawn(model: PkModel | Sampler, weights: Weights, first: int, count: int, seed: int) -> Parameters:
    """One block of patients, drawn here or by a function of the caller's."""
    if isinstance(model, PkModel):
        return draw_patients(model, weights, first, count, seed)
    return model(first, count)


class _Tally:
    """Counts of the levels so far in fixed bins for each dose, and their sums, squares and products.

    Squares and products are those of the distances from the mean so far, moved along with it block by block,
    so that no digit is lost with many patients (Chan, Golub and LeVeque 1983).
    """

    def __init__(self, doses: int, targets: tuple[float, ...], reference: int | None) -> None:
        self.counts = np.zeros((2, doses, _BINS), dtype=np.int64)
        self.sums = np.zeros((2, doses))
        self.squares = np.zeros((2, doses))
        self.products = np.zeros(doses)
        self.above = np.zeros((len(targets), doses), dtype=np.int64)
        self.targets = targets
        self.reference = reference
        self.failed = 0
        self.patients = 0

    def add(
        self,
        trough: Float[np.ndarray, "doses patients"],
        peak: Float[np.ndarray, "doses patients"],
        is_solved: np.ndarray,
    ) -> None:
        """Count one block of patients."""
        if not is_solved.all():
            trough, peak = trough[:, is_solved], peak[:, is_solved]
            self.failed += int((~is_solved).sum())
        before, count = self.patients, trough.shape[1]
        if not count:
            return
        self.patients += count
        for kind, block in enumerate((trough, peak)):
            sums = block.sum(axis=1)
            distance = block - (sums / count)[:, None]
            moved = sums / count - self.sums[kind] / max(before, 1)
            share = before * count / (before + count)
            self.squares[kind] += np.einsum("ij,ij->i", distance, distance) + share * moved**2
            if kind == 0 and self.reference is not None:
                self.products += distance @ distance[self.reference] + share * moved * moved[self.reference]
            self.sums[kind] += sums
            for dose, row in enumerate(bins_of(block)):
                self.counts[kind, dose] += np.bincount(row, minlength=_BINS)
        for index, target in enumerate(self.targets):
            self.above[index] += np.count_nonzero(trough >= target, axis=1)

    def summary(self, levels: tuple[float, ...], seed: int) -> PopulationSummary:
        """What was counted."""
        solved = max(self.patients, 1)
        rank = np.clip(np.ceil(np.array(levels) * solved), 1, solved)
        trough, peak = (
            np.array([[middle_of(np.searchsorted(row, r)) for row in counts.cumsum(axis=1)] for r in rank])
            for counts in self.counts
        )
        return PopulationSummary(
            patients=self.patients,
            failed=self.failed,
            levels=levels,
            trough=trough.reshape(len(levels), -1),
            peak=peak.reshape(len(levels), -1),
            mean_trough=self.sums[0] / solved,
            mean_peak=self.sums[1] / solved,
            sd_trough=np.sqrt(self.squares[0] / max(solved - 1, 1)),
            sd_peak=np.sqrt(self.squares[1] / max(solved - 1, 1)),
            covariance=None if self.reference is None else self.products / max(solved - 1, 1),
            targets=self.targets,
            share_at_or_above=self.above / solved,
            seed=seed,
        )


def bins_of(level: Float[np.ndarray, "..."]) -> Int[np.ndarray, "..."]:
    """The bin of each level: the leading bits of a number are its place on a logarithmic scale."""
    bits = np.ascontiguousarray(level, dtype=np.float64).view(np.int64) >> _SHIFT
    return np.asarray(np.clip(bits - (_FIRST - 1), 0, _BINS - 1))


def middle_of(index: int | np.integer) -> float:
    """The level in the middle of a bin, mg/L; 0 for the one below all others, infinite for the one above."""
    if index <= 0:
        return 0.0
    if index >= _BINS - 1:
        return float(np.inf)
    edges = np.array([index + _FIRST - 1, index + _FIRST], dtype=np.int64) << _SHIFT
    return float(edges.view(np.float64).mean())
