"""1,000 replicates of the study from Bergen on 1 and 2 workers: time, replicates a second, memory, and agreement.

    python -m benchmarks.trial [REPLICATES]

Each run is a process of its own with an archive of its own, recorded tables kept. The archives of 1 and 2 workers have
to be the same to the byte, and memory may not grow from a fifth of the replicates to all of them; a fast and wrong
result ends the benchmark with an error.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from wearoff.trial.definition.protocol_file import load_protocol
from wearoff.trial.running.archive import Archive
from wearoff.trial.running.run import run_trial

PROTOCOL = "bergen-2020"
REPLICATES = 1000
ALLOWED_S = 60.0  # on two processors
ALLOWED_GROWTH = 1.15
SEED = 20261126


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        replicates: how many.
        workers: on how many.
        wall_s: from the start of its process to the finished archive, seconds.
        cpu_s: processor time of the blocks, seconds.
        peak_mib: the most that the process held, MiB.
        worker_mib: the most that any of its workers held, MiB; 0 without.
    """

    replicates: int
    workers: int
    wall_s: float
    cpu_s: float
    peak_mib: float
    worker_mib: float

    def text(self) -> str:
        """One line."""
        rate = self.replicates / self.wall_s
        return (
            f"{PROTOCOL} x {self.replicates:6,d}, {self.workers} worker{'s' * (self.workers > 1):1s}  "
            f"{self.wall_s:7.1f} s   {rate:6.1f} a second   {rate / self.workers:6.1f} for each worker   "
            f"{1e3 * self.cpu_s / self.replicates:6.1f} CPU ms each   peak {self.peak_mib:5.0f} MiB"
            + (f", largest worker {self.worker_mib:5.0f} MiB" if self.worker_mib else "")
        )


def run(folder: Path, replicates: int, workers: int) -> Measured:
    """Run a trial in this process."""
    begun = time.perf_counter()
    done = run_trial(load_protocol(PROTOCOL), folder, replicates=replicates, seed=SEED, workers=workers)
    wall_s = time.perf_counter() - begun
    own, below = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return Measured(replicates, workers, wall_s, done.cpu_s, own, below if workers > 1 else 0.0)


def measure(folder: Path, replicates: int, workers: int) -> Measured:
    """Run a trial in a process of its own, because its memory is part of the result."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.trial", "--run", str(folder), str(replicates), str(workers)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own command
    found = json.loads(said.stdout.splitlines()[-1])
    return Measured(**(found | {"wall_s": time.perf_counter() - begun}))


def wrong(lines: list[Measured], few: Measured, replicates: int, *, is_same: bool) -> list[str]:
    """What was not let through."""
    two = lines[-1]
    faults = []
    if replicates >= REPLICATES and two.wall_s > ALLOWED_S:
        faults.append(
            f"{replicates} replicates took {two.wall_s:.0f} s on two workers, over {ALLOWED_S:.0f} s"
        )
    if not is_same:
        faults.append("the archives of 1 and 2 workers are not the same")
    for name in ("peak_mib", "worker_mib"):
        before, after = getattr(few, name), getattr(two, name)
        if after > ALLOWED_GROWTH * before:
            faults.append(f"{name} grew from {before:.0f} to {after:.0f} with the replicates")
    return faults


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of an archive."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def report(replicates: int = REPLICATES) -> list[str]:
    """Print every line; what was slower, larger or other than allowed comes back."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        few = measure(folder / "few", replicates // 5, 2)
        lines = [measure(folder / str(workers), replicates, workers) for workers in (1, 2)]
        for line in (few, *lines):
            print(line.text())
        kept = sum(path.stat().st_size for path in (folder / "2").rglob("*") if path.is_file())
        print(f"archive {kept / 1024**2:.0f} MiB, {len(Archive.open(folder / '2').blocks)} blocks")
        is_same = files_of(folder / "1") == files_of(folder / "2")
    return wrong(lines, few, replicates, is_same=is_same)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        print(json.dumps(asdict(run(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))))
    elif faults := report(*map(int, sys.argv[1:2])):
        sys.exit("\n".join(faults))
