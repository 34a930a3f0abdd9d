"""Every workload beside SciPy LSODA, diffrax and libroadrunner, in one run and one table.

Each reference has the largest tolerance, a power of ten, at which its own error stays under 1e-4 on
these people, and all cores. Where it solves fewer patients than the workload has, its seconds are multiplied.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import repeat
from multiprocessing import get_context

import numpy as np

from benchmarks import reference, with_diffrax, with_roadrunner
from benchmarks.population import REGIMEN, WORKLOADS, Measured, Workload, furthest, people, some
from wearoff.dosing.pk.compile_cache import VARIABLE
from wearoff.dosing.pk.models import Parameters
from wearoff.dosing.pk.population import simulate_population
from wearoff.dosing.pk.solve import steady_state

ALLOWED = 1e-4
COURSE = reference.course_of(REGIMEN)
CORES = os.cpu_count() or 1
LSODA, DIFFRAX, ROADRUNNER = "SciPy LSODA", "diffrax", "libroadrunner"
MODULES = {LSODA: "scipy", DIFFRAX: "diffrax", ROADRUNNER: "roadrunner"}
TOLERANCES = {LSODA: 1e-5, DIFFRAX: 1e-5, ROADRUNNER: 1e-6}
SAMPLE = {LSODA: 1000, DIFFRAX: 10_000, ROADRUNNER: 1000}
_CHUNK = 50  # patients that a process takes at a time
_REPEATS = 2
_Levels = tuple[np.ndarray, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One workload: ours, and of each reference the seconds and the largest relative error."""

    name: str
    ours: Measured
    theirs: dict[str, tuple[float, float]]

    def text(self) -> str:
        """The line as it is printed."""
        ours = self.ours
        row = (
            f"{self.name:36s} {seconds(ours.cold)} {seconds(ours.warm)}  {ours.error:.1e} {ours.memory:6.0f}"
        )
        for engine in MODULES:
            if engine in self.theirs:
                time_s, error = self.theirs[engine]
                row += f" | {seconds(time_s)}  {error:.1e} {time_s / ours.warm:6.0f}x"
            else:
                row += " | " + "not installed".center(25)
        return row


def report() -> list[str]:
    """Print every workload; what was too far off comes back in words."""
    absent = [engine for engine, module in MODULES.items() if find_spec(module) is None]
    print(*introduction(absent), sep="\n", flush=True)
    lines = []
    with processes() as pool:
        for number, workload in enumerate(WORKLOADS):
            ours = apart(number)
            theirs = {engine: measured(engine, workload, pool) for engine in MODULES if engine not in absent}
            lines.append(Line(workload.name, ours, theirs))
            print(lines[-1].text(), flush=True)
    print(f"load average afterwards {os.getloadavg()[0]:.1f}, the benchmark's own included", flush=True)
    return wrong(lines)


def wrong(lines: list[Line]) -> list[str]:
    """What is fast but wrong, in words."""
    return [
        f"{line.name}: error {line.ours.error:.1e} is over {ALLOWED:.0e}"
        for line in lines
        if not line.ours.error <= ALLOWED
    ]


def introduction(absent: list[str]) -> Iterator[str]:
    """What the table holds, and the head of it."""
    yield ""
    yield f"Whole populations on {CORES} cores, load average before {os.getloadavg()[0]:.2f}. Seconds: first call in a"
    yield "new process with compiling, then warm; the largest relative error of any patient above 0.001 mg/L; MiB."
    samples = ", ".join(f"{engine} {SAMPLE[engine]:,} at {TOLERANCES[engine]:.0e}" for engine in MODULES)
    yield "References, warm and on every core, solve at most so many patients, at this tolerance; beyond, their"
    yield f"seconds are multiplied: {samples}."
    yield "Nx: they take N times our warm seconds."
    yield "Steady state: they dose until the trough changes by less than 1e-5. Streamed: they only solve."
    for km in (2.0, 0.875):
        yield f"Km {km}: our tight reference differs from LSODA at 1e-10 by {difference(km):.0e}."
    for engine in absent:
        where = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        yield f"{engine} is not installed on this platform ({where}) and is not compared."
    yield ""
    yield f"{'':36s} {'wearoff':^34s}" + "".join(f" | {engine:^25s}" for engine in MODULES)
    references = " |        s    error   ratio" * len(MODULES)
    yield f"{'what':36s}   cold s   warm s    error    MiB{references}"


def apart(number: int) -> Measured:
    """One workload of ours in a process of its own, with nothing compiled before."""
    command = [sys.executable, "-m", "benchmarks.population", str(number)]
    run = subprocess.run(  # noqa: S603 - our own command
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, VARIABLE: "off"}
    )
    return Measured(**json.loads(run.stdout))


def measured(engine: str, workload: Workload, pool: ProcessPoolExecutor) -> tuple[float, float]:
    """A reference's seconds for a whole workload, and its largest error over the patients it solved."""
    count = min(workload.patients, SAMPLE[engine])
    sample = workload.people(0, count)
    values = reference.values_of(sample)
    work = on_threads(workload.kind) if engine == DIFFRAX else on_processes(engine, workload.kind, pool)
    work(values)
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        found = work(values)
        taken.append(time.perf_counter() - start)
    expected = tight(sample, workload.kind)
    error = max(furthest(a, b) for a, b in zip(found, expected, strict=True))
    return min(taken) * workload.patients / count, error


def on_threads(kind: str) -> Callable[[np.ndarray], _Levels]:
    """Diffrax, compiled once."""
    if kind == "steady":
        return with_diffrax.settle(COURSE, TOLERANCES[DIFFRAX])
    solve = with_diffrax.levels(COURSE, TOLERANCES[DIFFRAX], daily=kind == "daily")
    return lambda values: tuple(array for array in solve(values) if array is not None)


def on_processes(engine: str, kind: str, pool: ProcessPoolExecutor) -> Callable[[np.ndarray], _Levels]:
    """An engine for one patient at a time, a process for each core."""

    def run(values: np.ndarray) -> _Levels:
        parts = [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
        found = list(pool.map(solved, repeat(engine), repeat(kind), parts))
        return tuple(np.concatenate(arrays) for arrays in zip(*found, strict=True))

    return run


def solved(engine: str, kind: str, values: np.ndarray) -> _Levels:
    """What one process does."""
    module = reference if engine == LSODA else with_roadrunner
    if kind == "steady":
        return module.settle(values, COURSE, TOLERANCES[engine])
    found = module.levels(values, COURSE, TOLERANCES[engine], daily=kind == "daily")
    return tuple(array for array in found if array is not None)


def tight(sample: Parameters, kind: str) -> _Levels:
    """What a reference should have found."""
    if kind == "steady":
        single = steady_state(sample, COURSE.interval_d / 7)
        return single.trough[0], single.peak[0]
    found = simulate_population(sample, REGIMEN, accuracy=1e-9, daily=kind == "daily")
    return tuple(array for array in (found.trough, found.peak, found.daily) if array is not None)


def difference(km: float, patients: int = 12) -> float:
    """By how much the tight reference differs from LSODA at 1e-10."""
    few = some(people(patients, km), slice(patients))
    trough, peak, _ = reference.levels(reference.values_of(few), COURSE, 1e-10, daily=False)
    expected = simulate_population(few, REGIMEN, accuracy=1e-9)
    return max(furthest(expected.peak, peak), furthest(expected.trough, trough))


@contextmanager
def processes() -> Iterator[ProcessPoolExecutor]:
    """A process for each core, with nothing inherited from this one."""
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        yield pool


def seconds(number: float) -> str:
    """Three digits in eight columns."""
    digits = 4 if number < 0.1 else 3 if number < 1 else 2 if number < 10 else 1 if number < 100 else 0
    return f"{number:8.{digits}f}"
