"""Whole populations under one regimen, each patient held against a tight reference.

The steps were chosen on other people than these: the seed is the benchmark's own, and both Michaelis constants
in use are run. SciPy's LSODA solves a few of the patients at 1e-10; its time for all of them is that
multiplied, and its levels check the reference by which the errors are measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TypeVar

import numpy as np

from benchmarks.reference import diffrax_levels, lsoda_levels
from wearoff.dosing.pk.models import PARAMETER_NAMES, Parameters, load_model
from wearoff.dosing.pk.population import PopulationLevels, simulate_population, steady_population
from wearoff.dosing.pk.solve import steady_state
from wearoff.dosing.pk.summaries import summarise_population
from wearoff.dosing.pk.virtual import draw_patients, normal_weights
from wearoff.dosing.regimen import every

ALLOWED = 1e-4
VISIBLE = 1e-3  # mg/L
SEED = 2025
LSODA_PATIENTS = 12
REGIMEN = every(4, times=26)
REPEATS = 5
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Line:
    """One workload: seconds, first and best, the largest relative error of any patient, LSODA's seconds."""

    what: str
    cold: float
    warm: float
    error: float
    lsoda: float


def lines() -> list[Line]:
    """Every workload in turn."""
    found = []
    for km in (2.0, 0.875):
        everyone = people(100_000, km)
        each, checked = lsoda(everyone)
        print(f"the reference differs from LSODA at 1e-10 by {checked:.0e} (Km {km})", flush=True)
        tight = simulate_population(everyone, REGIMEN, accuracy=1e-9)
        found += [
            doses(everyone, tight, f"100,000 x 26 doses, Km {km}", each),
            days(everyone, tight, f"100,000 daily, Km {km}", each),
            days(some(everyone, 1000), None, f"1,000 daily, Km {km}", each),
            steady(everyone, f"100,000 to the steady state, Km {km}", each),
        ]
    found.append(million(each))
    return found


def doses(everyone: Parameters, tight: PopulationLevels, what: str, each: float) -> Line:
    """Trough and peak of every dose."""
    cold, warm, levels = timed(lambda: simulate_population(everyone, REGIMEN))
    return Line(what, cold, warm, error_of(levels, tight), each * count(everyone))


def days(everyone: Parameters, tight: PopulationLevels | None, what: str, each: float) -> Line:
    """The level of every day; daily errors where the reference holds the days, else those of the doses."""
    cold, warm, levels = timed(lambda: simulate_population(everyone, REGIMEN, daily=True))
    if tight is None:
        tight = simulate_population(everyone, REGIMEN, accuracy=1e-9, daily=True)
    error = error_of(levels, tight)
    if tight.daily is None:
        # the tight days of everyone would take too much memory at once
        for start in range(0, count(everyone), 20_000):
            here = slice(start, start + 20_000)
            part = simulate_population(some(everyone, here), REGIMEN, accuracy=1e-9, daily=True)
            error = max(error, furthest(levels.daily[here], part.daily))
    else:
        error = max(error, furthest(levels.daily, tight.daily))
    return Line(what, cold, warm, error, each * count(everyone))


def steady(everyone: Parameters, what: str, each: float) -> Line:
    """The steady state, its error on the first 300 and the fastest eliminating 300 patients."""
    cold, warm, found = timed(lambda: steady_population(everyone, 4))
    hard = np.argsort(-(everyone.clearance + everyone.maximal_rate)[0, :, 0])[:300]
    error = float("inf") if found.status.any() else 0.0
    for chosen in (np.arange(300), hard):
        single = steady_state(some(everyone, chosen), 4)
        error = max(error, furthest(found.trough[chosen], single.trough[0]))
    return Line(what, cold, warm, error, each * count(everyone))


def million(each: float) -> Line:
    """A million patients streamed into quantiles, their errors measured 100,000 at a time."""
    model, weights, patients = load_model(), normal_weights(79, 20), 1_000_000
    cold, warm, _ = timed(lambda: summarise_population(model, weights, REGIMEN, patients, SEED), repeats=2)
    error = 0.0
    for first in range(0, patients, 100_000):
        part = draw_patients(model, weights, first, 100_000, SEED)
        tight = simulate_population(part, REGIMEN, accuracy=1e-9)
        error = max(error, error_of(simulate_population(part, REGIMEN), tight))
    return Line("1,000,000 x 26 doses, streamed", cold, warm, error, each * patients)


def lsoda(everyone: Parameters) -> tuple[float, float]:
    """LSODA's seconds for one patient, and by how much the tight reference differs from it."""
    few = some(everyone, LSODA_PATIENTS)
    names = tuple(f"P{k}" for k in range(LSODA_PATIENTS))
    one_each = Parameters(
        names, *(np.swapaxes(getattr(few, name), 0, 1) for name in PARAMETER_NAMES), lag_d=few.lag_d
    )
    times = np.sort(np.concatenate((REGIMEN.start_d[1:], REGIMEN.end_d)))
    start = time.perf_counter()
    theirs = np.array(lsoda_levels(one_each, REGIMEN, times))
    each = (time.perf_counter() - start) / LSODA_PATIENTS
    tight = simulate_population(few, REGIMEN, accuracy=1e-9)
    return each, max(furthest(tight.peak, theirs[:, ::2]), furthest(tight.trough[:, 1:], theirs[:, 1::2]))


def diffrax(patients: int = 2000, tolerance: float = 1e-4) -> None:
    """Print the time of diffrax for a few thousand patients beside ours for the same ones."""
    everyone = people(patients, 2.0)
    tight = simulate_population(everyone, REGIMEN, accuracy=1e-9)
    _, seconds, (trough, peak) = timed(diffrax_levels(everyone, REGIMEN, tolerance), repeats=2)
    _, ours, levels = timed(lambda: simulate_population(everyone, REGIMEN))
    error = max(furthest(trough, tight.trough), furthest(peak, tight.peak))
    print(
        f"{patients} x 26 doses, Km 2.0: diffrax Tsit5 at {tolerance:.0e} {seconds:.3f} s, error {error:.1e}; "
        f"wearoff {ours:.3f} s, ratio {ours / seconds:.1e}, error {error_of(levels, tight):.1e}",
        flush=True,
    )


def people(patients: int, km: float) -> Parameters:
    """Weight 79 SD 20 kg; clearance, central volume and maximal rate with a log-normal spread of 25 %."""
    random = np.random.default_rng(SEED)
    relative = np.clip(random.normal(79, 20, patients), 40, 160) / 75
    cl, vc, vmax = np.exp(np.sqrt(np.log1p(0.25**2)) * random.standard_normal((3, patients)))
    values = (0.164 * relative**0.6 * cl, 3.48 * relative**0.26 * vc, 3.48, 0.4, 2.86 * vmax, km, 0.233, 0.84)
    return Parameters(("everyone",), *(np.reshape(value, (1, -1, 1)) for value in values), lag_d=0.125)


def some(everyone: Parameters, chosen: int | slice | np.ndarray) -> Parameters:
    """The first few, or the chosen ones."""
    which = slice(0, chosen) if isinstance(chosen, int) else chosen
    arrays = (getattr(everyone, name) for name in PARAMETER_NAMES)
    parts = (array[:, which] if array.shape[1] > 1 else array for array in arrays)
    return Parameters(everyone.patients, *parts, lag_d=everyone.lag_d)


def count(everyone: Parameters) -> int:
    """The number of people."""
    return everyone.shape[1]


def error_of(levels: PopulationLevels, tight: PopulationLevels) -> float:
    """The largest relative error of a trough or peak; infinite where a patient was not solved."""
    if levels.status.any() or tight.status.any():
        return float("inf")
    return max(furthest(levels.trough, tight.trough), furthest(levels.peak, tight.peak))


def furthest(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest relative error of a level above 0.001 mg/L."""
    is_visible = expected > VISIBLE
    return float(np.max(np.abs(found - expected)[is_visible] / expected[is_visible]))


def timed(work: Callable[[], _Result], repeats: int = REPEATS) -> tuple[float, float, _Result]:
    """Seconds of the first run and of the fastest after it, with the last result."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return seconds[0], min(seconds[1:]), result


def report() -> list[str]:
    """Print every workload; what was too far off comes back in words."""
    if find_spec("diffrax") is not None:
        diffrax()
    absent = [name for name in ("diffrax", "roadrunner") if find_spec(name) is None]
    print(f"whole populations; LSODA: {LSODA_PATIENTS} patients measured, the rest by multiplication")
    if absent:
        print(f"not installed, so not compared: {', '.join(absent)}")
    print(
        "what                                       cold      warm       LSODA   warm/LSODA   largest error"
    )
    wrong = []
    for line in lines():
        ratio = line.warm / line.lsoda
        times = f"{line.cold:7.3f} s {line.warm:7.3f} s {line.lsoda:9.0f} s"
        print(f"{line.what:38s} {times}   {ratio:10.1e}   {line.error:.1e}", flush=True)
        if not line.error <= ALLOWED:
            wrong.append(f"{line.what}: error {line.error:.1e} is over {ALLOWED:.0e}")
    return wrong
