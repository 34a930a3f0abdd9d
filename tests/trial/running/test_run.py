"""A trial goes on after whatever stops it, and leaves the same bytes however it was run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from tests.shared import ROOT
from tests.trial.blocks import deadly_block, drawn_block, faulty_block, protocol, slow_block, stopped_block
from wearoff.errors import ComputationError, InputError
from wearoff.trial.running.archive import Archive
from wearoff.trial.running.run import BlockTask, compute_block, run_trial

needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of an archive."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(folder: Path, replicates: int = 12, **options: object) -> Archive:
    """Twelve replicates in blocks of two."""
    chosen = {"seed": 7, "block": drawn_block, "replicates_per_block": 2} | options
    return run_trial(protocol(), folder, replicates=replicates, **chosen).archive  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed run on one worker."""
    folder = tmp_path_factory.mktemp("whole") / "trial"
    run(folder)
    return files_of(folder)


def test_two_workers_and_threads_leave_the_bytes_of_one(whole: dict[str, bytes], tmp_path: Path) -> None:
    run(tmp_path / "two", workers=2)
    with ThreadPoolExecutor(3) as pool:
        run(tmp_path / "threads", executor=pool)
        assert pool.submit(int).result() == 0  # what was given is not shut down
    assert files_of(tmp_path / "two") == whole
    assert files_of(tmp_path / "threads") == whole


def test_a_replicate_does_not_hang_on_how_many_there_are(tmp_path: Path) -> None:
    few, many = run(tmp_path / "few", 5), run(tmp_path / "many", 12)
    assert few.results().collect().equals(many.results().filter(pl.col("replicate") < 5).collect())


def test_a_run_that_was_stopped_goes_on_with_what_is_missing(whole: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, block=stopped_block)
    assert set(Archive.open(tmp_path).finished()) == {0, 1}
    seen: list[tuple[int, int]] = []
    found = run_trial(
        protocol(),
        tmp_path,
        replicates=12,
        seed=7,
        block=drawn_block,
        progress=lambda *done: seen.append(done),
    )
    assert (found.found, found.ran) == (4, 8)
    assert seen == [(4, 12), (6, 12), (8, 12), (10, 12), (12, 12)]
    assert files_of(tmp_path) == whole


def test_more_replicates_are_added_to_a_finished_archive(whole: dict[str, bytes], tmp_path: Path) -> None:
    run(tmp_path, 5)
    found = run_trial(protocol(), tmp_path, replicates=12, seed=7, block=drawn_block)
    assert (found.found, found.ran) == (4, 8)  # the block that had one of two replicates was run again
    assert files_of(tmp_path) == whole
    assert run_trial(protocol(), tmp_path, replicates=12, seed=7, block=faulty_block).ran == 0


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-10]),
        lambda file: file.unlink(),
        lambda file: file.rename(file.with_name(f".{file.name}.half")),
    ],
)
@pytest.mark.parametrize(
    "name", ["results/00003.parquet", "recorded/patient/00003.parquet", "blocks/00003.json"]
)
def test_a_file_that_is_half_there_or_changed_does_not_count(
    name: str, harm: Callable[[Path], None], whole: dict[str, bytes], tmp_path: Path
) -> None:
    run(tmp_path)
    harm(tmp_path / name)
    archive = Archive.open(tmp_path)
    assert set(archive.finished()) == {0, 1, 2, 4, 5}
    assert set(archive.results().collect()["replicate"]) == set(range(12)) - {6, 7}
    run(tmp_path)
    assert {path: content for path, content in files_of(tmp_path).items() if ".half" not in path} == whole


@needs_sigkill
def test_a_block_whose_worker_dies_is_run_again(whole: dict[str, bytes], tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    run(tmp_path / "trial", workers=2, block=partial(deadly_block, marks, 2))
    assert len(list(marks.iterdir())) == 2
    assert files_of(tmp_path / "trial") == whole


@needs_sigkill
def test_a_block_that_kills_every_worker_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    with pytest.raises(ComputationError, match=r"block 2 \(replicates 5 to 6, seed 7\) was begun 3 times"):
        run(tmp_path / "trial", workers=2, block=partial(deadly_block, marks, 99))
    assert {0, 1} <= set(Archive.open(tmp_path / "trial").finished())


@needs_sigkill
def test_an_executor_that_was_given_and_breaks_is_not_replaced(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    import multiprocessing

    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(ComputationError, match="begin the run again with a new one"),
    ):
        run(tmp_path / "trial", executor=pool, block=partial(deadly_block, marks, 1))


def test_an_executor_that_takes_no_more_work_is_said_so(tmp_path: Path) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ComputationError, match=r"takes no more of them .*begin again with a new executor"):
        run(tmp_path, executor=pool)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_the_work_names_the_block_and_is_not_tried_again(workers: int, tmp_path: Path) -> None:
    with pytest.raises(ComputationError, match=r"block \d \(replicates .*ZeroDivisionError: no events"):
        run(tmp_path, block=faulty_block, workers=workers)
    assert set(Archive.open(tmp_path).finished()) <= {0, 1}


class Lossy(ThreadPoolExecutor):
    """An executor whose futures get lost so many times, as those of a cluster may."""

    def __init__(self, times: int) -> None:
        super().__init__(1)
        self.times = times

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if self.times:
            self.times -= 1
            future: Future[object] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future
        return super().submit(fn, *args, **kwargs)


def test_a_future_that_gets_lost_is_asked_for_again(whole: dict[str, bytes], tmp_path: Path) -> None:
    with Lossy(2) as pool:
        run(tmp_path / "trial", executor=pool, at_once=1)
    assert files_of(tmp_path / "trial") == whole
    with Lossy(3) as pool, pytest.raises(ComputationError, match=r"block 0 .* was begun 3 times"):
        run(tmp_path / "lost", executor=pool, at_once=1)


def test_no_more_blocks_are_under_way_than_allowed(tmp_path: Path) -> None:
    class Counting(ThreadPoolExecutor):
        most = 0

        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            future = super().submit(fn, *args, **kwargs)
            under_way = len([each for each in futures if not each.done()]) + 1
            futures.append(future)
            self.most = max(self.most, under_way)
            return future

    futures: list[Future[object]] = []
    with Counting(2) as pool:
        run(tmp_path, 20, executor=pool, at_once=lambda: 3, block=slow_block)
    assert pool.most == 3
    assert len(futures) == 10


def test_a_worker_with_another_installation_is_refused() -> None:
    task = BlockTask(protocol(), 1, 0, range(2), False, {"numpy": "1.0"}, drawn_block)
    with pytest.raises(ComputationError, match=r"a worker has numpy .*, and the trial runs with 1\.0"):
        compute_block(task)


@pytest.mark.parametrize(("key", "options"), [("replicates", {"replicates": 0}), ("workers", {"workers": 0})])
def test_nothing_is_begun_with_a_number_below_one(key: str, options: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=key):
        run(tmp_path / "trial", **options)
    assert not (tmp_path / "trial").exists()


@needs_sigkill
@pytest.mark.parametrize("ending", ["SIGKILL", "SIGINT"])
def test_a_run_that_is_killed_leaves_no_process_behind_and_goes_on(
    ending: str, whole: dict[str, bytes], tmp_path: Path
) -> None:
    code = (
        "from pathlib import Path\nfrom tests.trial.blocks import protocol, slow_block\n"
        "from wearoff.trial.running.run import run_trial\n"
        "if __name__ == '__main__':\n"
        f"    run_trial(protocol(), Path({str(tmp_path / 'trial')!r}), replicates=12, seed=7, workers=2,\n"
        "              block=slow_block, replicates_per_block=2, progress=lambda *done: print(*done, flush=True))\n"
    )
    (tmp_path / "script.py").write_text(code, encoding="utf-8")
    paths = os.pathsep.join([str(ROOT), *sys.path])
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("4 "):
            break
    if ending == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    else:
        process.kill()
    _, said = process.communicate(timeout=60)
    assert ("KeyboardInterrupt" in said) == (ending == "SIGINT")
    assert said.count("Traceback") == (ending == "SIGINT")  # workers say nothing
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("workers outlived the process that started them")
    assert 2 <= len(Archive.open(tmp_path / "trial").finished()) < 6
    run(tmp_path / "trial")
    found = {path: content for path, content in files_of(tmp_path / "trial").items() if "/." not in path}
    assert found == whole
