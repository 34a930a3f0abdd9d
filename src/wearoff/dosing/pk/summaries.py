"""A population of any size in one small table: quantiles and shares above targets, dose by dose.

Patients are drawn, solved and counted a block at a time, so memory does not grow with their number. Levels are
counted in fixed bins, 1024 to every doubling, so a quantile read from the counts lies within one part
in 1024 of the quantile of the levels themselves; shares above a target are exact counts. Random
numbers belong to a patient: Philox, with the patient's index as its counter and the seed and purpose as its
key, so a patient is the same in blocks of any size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wearoff.dosing.pk.form import correlation_matrix
from wearoff.dosing.pk.models import Parameters, PkModel
from wearoff.dosing.pk.population import blocks_of, plan_of
from wearoff.dosing.regimen import Regimen

if TYPE_CHECKING:
    from jaxtyping import Float, Int

BAND = (0.05, 0.25, 0.50, 0.75, 0.95)
QUANTILE_BOUND = 2.0**-10  # relative, above the lowest level that is counted
LOWEST, HIGHEST = 2.0**-14, 2.0**17  # mg/L
_SHIFT = np.int64(52 - 10)
_FIRST = int(np.float64(LOWEST).view(np.int64) >> _SHIFT)
_BINS = (int(np.float64(HIGHEST).view(np.int64)) >> 42) - _FIRST + 2  # one below, one above
Weights = float | Callable[[np.ndarray], np.ndarray]
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
    accuracy: float = 1e-4,
    block: int = 262_144,
    progress: Callable[[int, int], None] | None = None,
) -> PopulationSummary:
    """Quantiles and shares above targets of troughs and peaks, in memory that does not grow with the patients.

    Args:
        model: the model to draw patients from; or a function that gives the parameters of `count` patients
            from index `first` on, of its own making.
        weights: one weight, kg, or a function from the patients' standard normal numbers to their weights;
            `normal_weights` makes one. A function in place of a model has no use for it.
        regimen: the doses, the same for everyone.
        patients: number of patients, at least 1.
        seed: the seed of the draws.
        levels: quantiles wanted, each between 0 and 1.
        targets: levels of which the share of troughs at or above is wanted, mg/L.
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
    tally = _Tally(regimen.start_d.size, tuple(targets))
    for first in range(0, patients, block):
        count = min(block, patients - first)
        drawn = _drawn(model, weights, first, count, seed)
        plan = plan_of(regimen, drawn.lag_d)
        for _, found in blocks_of(drawn, plan, accuracy):
            tally.add(found.trough, found.peak, found.status == 0)
        if progress is not None:
            progress(first + count, patients)
    return tally.summary(tuple(levels), seed)


def normal_weights(
    mean_kg: float, sd_kg: float, lightest_kg: float = 40.0, heaviest_kg: float = 160.0
) -> Callable[[np.ndarray], np.ndarray]:
    """Weights from a normal distribution, those beyond the ends moved to the end, kg."""
    return lambda normal: np.clip(mean_kg + sd_kg * normal, lightest_kg, heaviest_kg)


def draw_patients(model: PkModel, weights: Weights, first: int, count: int, seed: int) -> Parameters:
    """Patients from the spread between patients, each by his index.

    Args:
        model: the model.
        weights: as for `summarise_population`.
        first: index of the first patient.
        count: number of patients.
        seed: the seed of the draws.
    """
    if callable(weights):
        weight = np.asarray(weights(patient_normals(seed, "weight", first, count)))
    else:
        weight = np.full(count, float(weights))
    effects = {
        name: patient_normals(seed, f"between-patient:{name}", first, count)
        for name, parameter in model.parameters.items()
        if parameter is not None and parameter.between_patient_cv is not None
    }
    names, matrix = correlation_matrix(model.correlations)
    if names:
        factor, alone = np.linalg.cholesky(matrix), dict(effects)
        for row, name in enumerate(names):
            # term by term, so that a patient does not depend on how many there are
            effects[name] = sum((factor[row, k] * alone[names[k]] for k in range(row + 1)), np.zeros(count))
    typical = model.typical(weight, tuple(map(str, range(first, first + count))))
    changed = {}
    for name, effect in effects.items():
        parameter = model.parameters[name]
        assert parameter is not None and parameter.between_patient_cv is not None  # noqa: PT018, S101
        spread = np.sqrt(np.log1p(parameter.between_patient_cv.value**2))
        changed[name] = getattr(typical, name) * np.exp(spread * effect)[:, None, None]
    return replace(typical, **changed)


def patient_normals(seed: int, purpose: str, first: int, count: int) -> Float[np.ndarray, " patients"]:
    """One standard normal number for each patient, keyed by (seed, purpose, index of the patient).

    Philox gives four 64-bit numbers for each value of its counter; the counter is the patient's index, the key
    a digest of seed and purpose. The first two of the four make a radius and an angle (Box and Muller).
    """
    text = f"{len(str(seed))}:{seed};{len(purpose)}:{purpose};"
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")
    raw = np.random.Philox(key=key, counter=first).random_raw(4 * count).reshape(count, 4)[:, :2]
    radius, angle = (((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53).T
    return np.asarray(np.sqrt(-2.0 * np.log(radius)) * np.cos(2.0 * np.pi * angle))


def _drawn(model: PkModel | Sampler, weights: Weights, first: int, count: int, seed: int) -> Parameters:
    """One block of patients, drawn here or by a function of the caller's."""
    if isinstance(model, PkModel):
        return draw_patients(model, weights, first, count, seed)
    return model(first, count)


class _Tally:
    """Counts of the levels so far, in fixed bins for each dose."""

    def __init__(self, doses: int, targets: tuple[float, ...]) -> None:
        self.counts = np.zeros((2, doses, _BINS), dtype=np.int64)
        self.sums = np.zeros((2, doses))
        self.above = np.zeros((len(targets), doses), dtype=np.int64)
        self.targets = targets
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
        self.patients += trough.shape[1]
        for kind, block in enumerate((trough, peak)):
            self.sums[kind] += block.sum(axis=1)
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
