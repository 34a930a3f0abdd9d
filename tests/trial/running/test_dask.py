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

from tests.cli.test_study import run as command
from tests.shared import ROOT
from tests.trial.blocks import slow_block
from tests.trial.running.test_run import files_of
from wearoff.errors import ComputationError, InputError, WearoffError
from wearoff.trial.definition.protocol_file import load_protocol, protocol_text
from wearoff.trial.running import run as run_module
from wearoff.trial.running.archive import Archive
from wearoff.trial.running.block import BlockFunction, run_block
from wearoff.trial.running.run import run_trial
from wearoff.trial.running.workers import dask_cluster

pytest.importorskip("distributed", reason="the extra `cluster` is not installed")


@contextmanager
def cluster(
    folder: Path, workers: int, failures: int = 3
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers without a nanny, each a process of its own, the scheduler first."""
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
        yield str(file), started
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
    with cluster(tmp_path, 2, failures) as (file, processes), dask_cluster(file) as (executor, at_once):
        while at_once() < 4:
            time.sleep(0.05)

        def progress(done: int, in_all: int) -> None:
            seen.append(done)
            if done == 6:
                os.kill(processes[1].pid, signal.SIGKILL)

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
        assert processes[1].wait(30) == -signal.SIGKILL
        assert processes[2].poll() is None
    assert set(given_back) == (set() if failures else {"KilledWorker"})
    assert seen == [0, 2, 4, 6, 8, 10, 12]
    assert files_of(tmp_path / "trial") == files_of(tmp_path / "whole")


@pytest.mark.slow
def test_a_scheduler_that_is_lost_ends_the_run_with_what_is_finished(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as (file, processes), dask_cluster(file, 20.0) as (executor, at_once):

        def progress(done: int, in_all: int) -> None:
            if done == 4:
                processes[0].kill()

        with pytest.raises(
            ComputationError, match=r"the Dask scheduler .* was lost; what is finished is kept"
        ):
            run_trial(
                load_protocol("bergen-2020"),
                tmp_path / "trial",
                replicates=12,
                seed=7,
                executor=executor,
                at_once=at_once,
                block=slow_block,
                replicates_per_block=2,
                progress=progress,
            )
    assert {0, 1} <= set(Archive.open(tmp_path / "trial").finished())


def test_the_command_runs_on_a_cluster_by_its_scheduler_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(protocol_text("bergen-2020").replace("size = 40", "size = 9"))
    asked = ("trial", tmp_path / "mine.toml", "--replicates", 3)
    assert command(monkeypatch, *asked, "--workers", 1, "-o", tmp_path / "here") == 0
    with cluster(tmp_path, 1) as (file, _):
        assert command(monkeypatch, *asked, "--dask", file, "-o", tmp_path / "there") == 0
    assert "ran 3 replicates" in capsys.readouterr().out
    for folder in ("results", "recorded"):
        assert files_of(tmp_path / "here" / folder) == files_of(tmp_path / "there" / folder)


def test_without_the_extra_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(WearoffError, match=r"install wearoff with its extra: wearoff\[cluster\]"),
        dask_cluster("x"),
    ):
        pass


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


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "--dask: give the address of a scheduler with its port, as in tcp://HOST:8786"),
        ("cluster", "--dask cluster: give the address of a scheduler with its port"),
        ("tcp://host:port", "--dask tcp://host:port: give the address of a scheduler with its port"),
        ("nowhere.json", "--dask nowhere.json: there is no such scheduler file"),
    ],
)
def test_what_cannot_be_a_scheduler_is_refused_before_anything_waits(address: str, said: str) -> None:
    with pytest.raises(InputError) as caught, dask_cluster(address):
        pass
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": 1}', '{"address": 5}'])
def test_a_file_that_is_no_scheduler_file_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="this is no scheduler file"), dask_cluster(str(file)):
        pass
