"""Whole populations under one regimen, each patient held against a tight reference.

The steps were chosen on other people than these: the seed is the benchmark's own, and both Michaelis constants
in use are run. Every workload runs in a process of its own, so that its first call starts from nothing,
compiles everything, and the memory is its own: `python -m benchmarks.population NUMBER`.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, load_model
from wearoff.dosing.pk.population import (
    PopulationLevels,
    PopulationSteadyState,
    simulate_population,
    steady_population,
)
from wearoff.dosing.pk.solve import steady_state
from wearoff.dosing.pk.summaries import summarise_population
from wearoff.dosing.pk.virtual import draw_patients, normal_weights
from wearoff.dosing.regimen import every

VISIBLE = 1e-3  # mg/L
SEED = 2025
WEEKS = 4
REGIMEN = every(WEEKS, times=26)
MODEL, WEIGHTS = "van_den_berg_2025", normal_weights(79, 20)
_CHECKED = 20_000  # patients whose tight days fit into memory at once
_CHECKED_SINGLY = 300
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Workload:
    """So many patients, what is wanted of them, and their Michaelis constant, mg/L, or the model's own."""

    patients: int
    kind: Literal["doses", "daily", "steady", "streamed"]
    km: float

    @property
    def name(self) -> str:
        """What stands in the table."""
        what = {
            "doses": "26 doses",
            "daily": "728 days",
            "steady": "steady state",
            "streamed": "26 doses, streamed",
        }
        return f"{self.patients:,} x {what[self.kind]}, Km {self.km}"

    def people(self, first: int = 0, count: int | None = None) -> Parameters:
        """The patients, or some of them, as the draws of one patient."""
        count = self.patients if count is None else count
        if self.kind == "streamed":
            return as_draws(draw_patients(load_model(MODEL), WEIGHTS, first, count, SEED))
        return some(people(self.patients, self.km), slice(first, first + count))


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the first call and of the fastest after it, the largest relative error, peak memory in MiB."""

    cold: float
    warm: float
    error: float
    memory: float


WORKLOADS = (
    *(
        Workload(patients, kind, km)
        for km in (2.0, 0.875)
        for patients, kind in (
            (1000, "doses"),
            (1000, "daily"),
            (100_000, "doses"),
            (100_000, "daily"),
            (100_000, "steady"),
        )
    ),
    Workload(1_000_000, "streamed", 0.875),
)


def measured(workload: Workload) -> Measured:
    """One workload run, then every patient of it checked."""
    if workload.kind == "streamed":
        model = load_model(MODEL)
        cold, warm, summary = timed(
            lambda: summarise_population(model, WEIGHTS, REGIMEN, workload.patients, SEED), repeats=2
        )
        memory = peak_memory()
        return Measured(cold, warm, np.inf if summary.failed else streamed_error(workload), memory)
    everyone, repeats = workload.people(), 50 if workload.patients <= 1000 else 5
    if workload.kind == "steady":
        cold, warm, settled = timed(lambda: steady_population(everyone, WEEKS), repeats)
        memory = peak_memory()
        return Measured(cold, warm, steady_error(everyone, settled), memory)
    is_daily = workload.kind == "daily"
    cold, warm, levels = timed(lambda: simulate_population(everyone, REGIMEN, daily=is_daily), repeats)
    memory = peak_memory()
    return Measured(cold, warm, levels_error(everyone, levels), memory)


def levels_error(everyone: Parameters, levels: PopulationLevels) -> float:
    """The largest error of every trough, peak and day of everyone."""
    error = 0.0
    for start in range(0, everyone.shape[1], _CHECKED):
        here = slice(start, start + _CHECKED)
        is_daily = levels.daily is not None
        tight = simulate_population(some(everyone, here), REGIMEN, accuracy=1e-9, daily=is_daily)
        if levels.status[here].any() or tight.status.any():
            return float("inf")
        error = max(
            error, furthest(levels.trough[here], tight.trough), furthest(levels.peak[here], tight.peak)
        )
        if levels.daily is not None and tight.daily is not None:
            error = max(error, furthest(levels.daily[here], tight.daily))
    return error


def steady_error(everyone: Parameters, settled: PopulationSteadyState) -> float:
    """The largest error of everyone against a tight run, and of some against the path for single patients."""
    tight = steady_population(everyone, WEEKS, accuracy=1e-8)
    if settled.status.any() or tight.status.any():
        return float("inf")
    error = max(furthest(settled.trough, tight.trough), furthest(settled.peak, tight.peak))
    fastest = np.argsort(-(everyone.clearance + everyone.maximal_rate)[0, :, 0])[:_CHECKED_SINGLY]
    for chosen in (np.arange(_CHECKED_SINGLY), fastest):
        single = steady_state(some(everyone, chosen), WEEKS)
        error = max(error, furthest(settled.trough[chosen], single.trough[0]))
        error = max(error, furthest(settled.peak[chosen], single.peak[0]))
    return error


def streamed_error(workload: Workload) -> float:
    """The largest error of the levels that went into the summary."""
    error = 0.0
    for first in range(0, workload.patients, 100_000):
        part = workload.people(first, 100_000)
        error = max(error, levels_error(part, simulate_population(part, REGIMEN)))
    return error


def people(patients: int, km: float) -> Parameters:
    """Weight 79 SD 20 kg; clearance, central volume and maximal rate with a log-normal spread of 25 %."""
    random = np.random.default_rng(SEED)
    relative = np.clip(random.normal(79, 20, patients), 40, 160) / 75
    cl, vc, vmax = np.exp(np.sqrt(np.log1p(0.25**2)) * random.standard_normal((3, patients)))
    values = (0.164 * relative**0.6 * cl, 3.48 * relative**0.26 * vc, 3.48, 0.4, 2.86 * vmax, km, 0.233, 0.84)
    return Parameters(("everyone",), *(np.reshape(value, (1, -1, 1)) for value in values), lag_d=0.125)


def some(everyone: Parameters, which: slice | np.ndarray) -> Parameters:
    """A part of the people."""
    arrays = (getattr(everyone, name) for name in PARAMETER_NAMES)
    parts = (array[:, which] if array.shape[1] > 1 else array for array in arrays)
    return Parameters(everyone.patients, *parts, lag_d=everyone.lag_d)


def as_draws(drawn: Parameters) -> Parameters:
    """Patients with one draw each as the draws of one patient."""
    if len(drawn.patients) == 1:
        return drawn
    columns = (np.swapaxes(getattr(drawn, name), 0, 1) for name in PARAMETER_NAMES)
    return Parameters(("everyone",), *columns, lag_d=drawn.lag_d)


def furthest(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest relative error of a level above 0.001 mg/L; infinite where a level is not finite."""
    if not np.isfinite(found).all():
        return float("inf")
    is_visible = expected > VISIBLE
    return float(np.max(np.abs(found - expected)[is_visible] / expected[is_visible], initial=0.0))


def timed(work: Callable[[], _Result], repeats: int) -> tuple[float, float, _Result]:
    """Seconds of the first run and of the fastest after it, with the last result."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return seconds[0], min(seconds[1:]), result


def peak_memory() -> float:
    """The most memory that this process has held, MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # what getrusage says on Linux starts with the peak of the process that started this one
        words = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()
        return int(words[1]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    print(json.dumps(asdict(measured(WORKLOADS[int(sys.argv[1])]))))
