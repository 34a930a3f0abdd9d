"""A trial on a Dask cluster whose worker dies is completed by the others, with the bytes of an undisturbed run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.shared import ROOT
from tests.trial.blocks import slow_block
from tests.trial.test_run import files_of
from wearoff.errors import InputError
from wearoff.trial import run as run_module
from wearoff.trial.block import BlockFunction, run_block
from wearoff.trial.protocol_file import load_protocol
from wearoff.trial.run import run_trial
from wearoff.trial.workers import dask_cluster

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")


@contextmanager
def cluster(
    folder: Path, workers: int, failures: int = 3
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers without a nanny, each a process of its own."""
    file = folder / "scheduler.json"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(failures),
        "DASK_LOGGING__DISTRIBUTED": "error",
    }

    def start(*command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=folder)

    local = ("--host", "127.0.0.1", "--no-dashboard")
    scheduler = start("distributed.cli.dask_scheduler", *local, "--port", "0", "--scheduler-file", str(file))
    started = [scheduler]
    try:
        until = time.monotonic() + 60
        while not file.exists():
            assert scheduler.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        for _ in range(workers):
            started.append(
                start(
                    "distributed.cli.dask_worker",
                    *local,
                    "--scheduler-file",
                    str(file),
                    "--no-nanny",
                    "--local-directory",
                    str(folder),
                    "--nthreads",
                    "1",
                )
            )
        yield str(file), started[1:]
    finally:
        for process in reversed(started):
            process.kill()  # asked to end, a worker may wait for ever for one that is dead
            process.wait()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize(("block", "failures"), [(run_block, 3), (slow_block, 0)])
def test_one_of_two_workers_killed_half_way_changes_nothing(
    block: BlockFunction, failures: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no failure allowed the scheduler gives the block back, and it is the run that hands it out again."""
    study = load_protocol("bergen-2020")
    run_trial(study, tmp_path / "whole", replicates=12, seed=7, replicates_per_block=2, block=block)
    seen: list[int] = []
    given_back: list[str] = []
    is_lost = run_module._is_lost
    monkeypatch.setattr(
        run_module, "_is_lost", lambda fault: given_back.append(type(fault).__name__) or is_lost(fault)
    )
    with cluster(tmp_path, 2, failures) as (file, workers), dask_cluster(file) as (executor, at_once):
        while at_once() < 4:
            time.sleep(0.05)

        def progress(done: int, in_all: int) -> None:
            seen.append(done)
            if done == 6:
                os.kill(workers[0].pid, signal.SIGKILL)

        run_trial(
            study,
            tmp_path / "trial",
            replicates=12,
            seed=7,
            executor=executor,
            at_once=at_once,
            block=block,
            replicates_per_block=2,
            progress=progress,
        )
        assert workers[0].wait(30) == -signal.SIGKILL
        assert workers[1].poll() is None
    assert set(given_back) == (set() if failures else {"KilledWorker"})
    assert seen == [0, 2, 4, 6, 8, 10, 12]
    assert files_of(tmp_path / "trial") == files_of(tmp_path / "whole")


def test_a_cluster_that_is_not_there_or_has_no_worker_is_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(InputError, match="no Dask scheduler answers here"), dask_cluster(address, 1.0):
        pass
    with (
        cluster(tmp_path, 0) as (file, _),
        pytest.raises(InputError, match="no worker came within 2 s"),
        dask_cluster(file, 2.0),
    ):
        pass
