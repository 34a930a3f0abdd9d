"""Run every benchmark and print it as a ratio to its reference, measured in the same run.

A time without its error and its reference says nothing, so each line carries all three. Nothing else should
run on the machine meanwhile.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks import one_patient
from benchmarks.comparison import ALLOWED, report
from benchmarks.reference import lsoda_levels
from wearoff.dosing.pk.compile_cache import VARIABLE as CACHE
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import simulate
from wearoff.dosing.regimen import every

ROOT = Path(__file__).parents[1]
REPEATS = 3


def main() -> None:
    """Print every benchmark; end with an error when one was fast and wrong."""
    print("what                                   wearoff        reference           ratio   error")
    startup()
    error = levels()
    study()
    neda()
    records()
    activity()
    trial()
    wrong = [*one_patient.report(), *report()]
    if error > ALLOWED:
        wrong.append(f"levels of 40 patients: error {error:.1e} is over {ALLOWED:.0e}")
    if wrong:
        sys.exit("\n".join(wrong))


def startup() -> None:
    """Time to answer --help, and of the first simulation of a new process, each against what it must import.

    Cold has an empty folder of compiled code, warm the one that the cold run filled.
    """
    ours = best(lambda: run("-m", "wearoff", "--help"))
    typer = best(lambda: run("-c", "import typer"))
    line("wearoff --help", ours, "import typer", typer, "-")
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {CACHE: folder}):
        command = ("-m", "wearoff", "simulate", "300 mg every 4 weeks x 14", "--weight", "80")
        cold, warm = timed(lambda: run(*command)), best(lambda: run(*command))
    jax = best(lambda: run("-c", "import jax"))
    line("wearoff simulate, first command, cold", cold, "import jax", jax, "-")
    line("wearoff simulate, first command, warm", warm, "import jax", jax, "-")


def levels() -> float:
    """40 patients, two years of 4-weekly infusions, trough and peak of each, against SciPy's LSODA at 1e-10.

    The largest relative error comes back.
    """
    model, patients = load_model(), [f"P{k}" for k in range(40)]
    weights = np.linspace(50, 120, 40)[:, None]
    parameters = model.draw(weights, patients, 1, 1)
    regimen = every(4, times=26)
    times = np.sort(np.concatenate((regimen.start_d[1:], regimen.end_d)))

    def ours() -> list[np.ndarray]:
        return simulate(parameters, [regimen] * 40, [times] * 40)

    cold = timed(ours)
    warm = best(ours)
    reference: list[np.ndarray] = []
    slow = timed(lambda: reference.extend(lsoda_levels(parameters, regimen, times)))
    found = ours()
    error = max(np.max(np.abs(a[0] - b) / b) for a, b in zip(found, reference, strict=True))
    line("levels of 40 patients, 2 years, warm", warm, "SciPy LSODA 1e-10", slow, f"{error:.1e}")
    line("levels of 40 patients, 2 years, cold", cold, "SciPy LSODA 1e-10", slow, f"{error:.1e}")
    return float(error)


def study() -> None:
    """The whole study of the simulated cohort, from a new process, against starting it for --version."""
    with tempfile.TemporaryDirectory() as folder:
        example = ROOT / "examples" / "simulated_cohort"
        ours = timed(lambda: run("-m", "wearoff", "study", str(example), "-o", f"{folder}/out"))
    line("wearoff study, 40 patients", ours, "import jax", best(lambda: run("-c", "import jax")), "-")


def neda() -> None:
    """A million patients scored; in a process of its own, because its memory is part of the result."""
    subprocess.run([sys.executable, "-m", "benchmarks.neda"], check=True)


def records() -> None:
    """A hundred thousand patients imported, in a process of its own."""
    subprocess.run([sys.executable, "-m", "benchmarks.records"], check=True)


def activity() -> None:
    """100,000 patients from drug to lesions over two years; in a process of its own, as above."""
    subprocess.run([sys.executable, "-m", "benchmarks.activity"], check=True)


def trial() -> None:
    """1,000 virtual studies of 40 patients on 1 and 2 workers; in processes of their own, as above."""
    subprocess.run([sys.executable, "-m", "benchmarks.trial"], check=True)


def run(*arguments: str) -> None:
    """One command of this interpreter in a process of its own."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)  # noqa: S603 - our own commands


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs."""
    return min(timed(work) for _ in range(REPEATS))


def line(what: str, ours: float, reference: str, theirs: float, error: str) -> None:
    """Print one benchmark."""
    print(f"{what:38s} {ours:7.3f} s   {reference:18s} {theirs:7.3f} s  {ours / theirs:6.3f}   {error}")


if __name__ == "__main__":
    main()
