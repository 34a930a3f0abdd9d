"""A trial of many replicates, block by block, on any executor, into an archive.

Blocks have a size that does not hang on the workers, and everything in a block hangs on protocol, seed and replicates
alone, so that 1, 2 or many workers leave the same bytes. Only a few blocks are under way at once; each is written when
it comes, so that memory stays flat, and a run that was stopped goes on with the blocks that are missing.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from wearoff.errors import ComputationError, InputError, Problem, WearoffError
from wearoff.trial.running.archive import Archive
from wearoff.trial.running.archive_checks import versions_here
from wearoff.trial.running.archive_files import WrittenBlock
from wearoff.trial.running.block import BlockFunction, run_block
from wearoff.trial.running.workers import Here, local_workers, stop_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wearoff.cohort.records import Cohort
    from wearoff.trial.protocol import Protocol

__all__ = ["MOST_TRIES", "BlockTask", "TrialRun", "run_trial"]

MOST_TRIES: Final = 3
"""So often a block is begun before the run gives up on it."""

_LOOK_UP_S: Final = 5.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class TrialRun:
    """What a run did.

    Attributes:
        archive: the whole archive.
        ran: replicates that this run added.
        found: replicates that were there before.
        wall_s: how long it took, seconds.
        cpu_s: processor time of the blocks, seconds.
        workers: how many processes ran them; None where an executor was given.
    """

    archive: Archive
    ran: int
    found: int
    wall_s: float
    cpu_s: float
    workers: int | None


@dataclass(frozen=True, slots=True, eq=False)
class BlockTask:
    """What a worker needs to know to run a block."""

    protocol: Protocol
    seed: int
    number: int
    replicates: range
    is_kept: bool
    versions: Mapping[str, str]
    block: BlockFunction


def run_trial(
    protocol: Protocol,
    folder: Path,
    *,
    replicates: int,
    seed: int,
    executor: Executor | None = None,
    workers: int = 1,
    at_once: int | Callable[[], int] | None = None,
    keep_tables: bool = True,
    progress: Progress | None = None,
    text: str | None = None,
    cohort: Cohort | None = None,
    block: BlockFunction = run_block,
    replicates_per_block: int | None = None,
    rescored: str | None = None,
) -> TrialRun:
    """Run the replicates that an archive does not have yet.

    Args:
        protocol: the study.
        folder: the archive: new or empty, or one of the same study and seed to go on with.
        replicates: how many there are to be in all, at least 1.
        seed: the seed of every draw.
        executor: what runs the blocks, such as that of a Dask client (`Client.get_executor(pure=False)`); it is not
            shut down. By default processes of this machine, or this process where there is one worker.
        workers: how many processes, where no executor is given. A script that asks for more than one has to be
            importable: what it does stands under `if __name__ == "__main__":`.
        at_once: how many blocks are under way at once, or a function that says it; by default two for each worker.
        keep_tables: whether the recorded tables are kept, so that other endpoints can be computed from them.
        progress: called with the replicates that are done and those there are.
        text: the protocol as it was read, to lie in the archive.
        cohort: the recorded cohort that patients are drawn from, where the protocol says so.
        block: what runs a block.
        replicates_per_block: how many replicates stand in a block; by default as many as `Archive.begin` chooses.
        rescored: digest of the archive whose recorded tables `block` reads, where it does not simulate.

    Returns:
        The archive, and what it took.

    Raises:
        InputError: the folder cannot be used, or a number is below 1.
        ComputationError: a block failed, or was lost `MOST_TRIES` times; what was finished is in the archive.
        KeyboardInterrupt: stopped by the user; what was finished is in the archive.
    """
    for name, count in (("replicates", replicates), ("workers", workers)):
        if count < 1:
            raise InputError(
                Problem(f"there must be at least 1 and not {count}.", key=name, value=str(count))
            )
    began = time.perf_counter()
    archive = Archive.begin(
        folder,
        protocol,
        seed,
        replicates,
        is_kept=keep_tables,
        text=text,
        replicates_per_block=replicates_per_block,
        rescored=rescored,
    )
    if cohort is not None:  # where its rows stand in files cannot be sent to another process
        block = cast("BlockFunction", partial(block, cohort=dataclasses.replace(cohort, origins={})))  # type: ignore[call-arg]
    finished = archive.finished()
    tasks = [
        BlockTask(protocol, seed, number, archive.replicates_of(number), keep_tables, archive.versions, block)
        for number in archive.blocks
        if number not in finished
    ]
    found = sum(len(archive.replicates_of(number)) for number in finished)
    done, cpu_s = found, 0.0
    if progress is not None:
        progress(done, replicates)

    def keep(written: WrittenBlock) -> None:
        nonlocal done, cpu_s
        archive.put(written)
        done, cpu_s = done + written.replicates, cpu_s + written.cpu_s
        if progress is not None:
            progress(done, replicates)

    workers = min(workers, max(1, len(tasks)))
    crew = _Crew(executor, workers, at_once)
    try:
        crew.run(tasks, keep)
    finally:
        crew.stop()
    wall_s = time.perf_counter() - began
    return TrialRun(archive, done - found, found, wall_s, cpu_s, workers if executor is None else None)


def compute_block(task: BlockTask) -> WrittenBlock:
    """Run a block where the work is done, and make the files of it.

    Raises:
        ComputationError: this place has other versions than the one that asks, so that its numbers might differ.
    """
    here = versions_here()
    for name, asked in task.versions.items():
        if here.get(name) != asked:
            raise ComputationError(
                f"a worker has {name} {here.get(name, 'none')}, and the trial runs with {asked}; give all workers the "
                "same installation, because other versions may give other numbers"
            )
    began = time.process_time()
    first, count = task.replicates.start, len(task.replicates)
    found = task.block(task.protocol, task.seed, first, count, is_kept=task.is_kept)
    written = WrittenBlock.of(task.number, found)
    return WrittenBlock(
        written.number, first, count, written.files, written.about, time.process_time() - began
    )


class _Crew:
    """Whoever runs blocks: hands them out a few at a time, and again those of a worker that died."""

    def __init__(
        self, executor: Executor | None, workers: int, at_once: int | Callable[[], int] | None
    ) -> None:
        self._is_ours = executor is None
        self._workers = workers
        self._executor = executor or self._begun()
        usual = getattr(self._executor, "_max_workers", None) or workers
        self._at_once = at_once or (2 * usual if not isinstance(self._executor, Here) else 1)
        self._running: dict[Future[WrittenBlock], BlockTask] = {}
        self._lost: Counter[int] = Counter()

    def run(self, tasks: Iterable[BlockTask], keep: Callable[[WrittenBlock], None]) -> None:
        """Run the tasks; what each leaves is kept as it comes."""
        waiting, suspects = deque(tasks), deque[BlockTask]()
        while waiting or suspects or self._running:
            try:
                self._hand_out(waiting, suspects)
            except BrokenExecutor as fault:
                self._renew(fault, keep, suspects)
                continue
            # now and then `at_once` is asked whether there is anybody left to wait for
            done, _ = wait(self._running, timeout=_LOOK_UP_S, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    written = future.result()
                except BrokenExecutor as fault:
                    self._renew(fault, keep, suspects)
                    break
                except Exception as fault:  # what is not a lost worker goes on up
                    task = self._running.pop(future)
                    if not _is_lost(fault):
                        raise _failed(task, fault) from fault
                    self._count(task, fault)
                    waiting.appendleft(task)
                else:
                    del self._running[future]
                    keep(written)

    def stop(self) -> None:
        """Leave nothing running; an executor that was given is left as it is."""
        for future in self._running:
            future.cancel()
        if not self._is_ours:
            return
        if self._running and isinstance(self._executor, ProcessPoolExecutor):
            stop_workers(self._executor)
        else:
            self._executor.shutdown()

    def _begun(self) -> Executor:
        return local_workers(self._workers) if self._workers > 1 else Here()

    def _hand_out(self, waiting: deque[BlockTask], suspects: deque[BlockTask]) -> None:
        """As many as may be under way; a block that was under way when a worker died runs alone."""
        at_once = max(1, self._at_once() if callable(self._at_once) else self._at_once)
        if suspects:
            if not self._running:
                self._submit(suspects)
            return
        while waiting and len(self._running) < at_once:
            self._submit(waiting)

    def _submit(self, source: deque[BlockTask]) -> None:
        try:
            future = self._executor.submit(compute_block, source[0])
        except BrokenExecutor:
            raise
        except Exception as fault:
            raise ComputationError(
                f"whoever runs the blocks takes no more of them ({fault}); what is finished is kept: begin again with "
                "a new executor or cluster, and the run goes on"
            ) from fault
        self._running[future] = source.popleft()

    def _renew(
        self, fault: BrokenExecutor, keep: Callable[[WrittenBlock], None], suspects: deque[BlockTask]
    ) -> None:
        """New workers after one died; it is not known which block it was at, so each runs alone from here."""
        if not self._is_ours:
            reason = (
                "a worker died and with it the executor; begin the run again with a new one, and it goes on "
                f"({fault})"
            )
            raise ComputationError(reason) from fault
        wait(self._running)
        is_alone = len(self._running) == 1
        for future, task in self._running.items():
            if future.exception() is None:
                keep(future.result())
                continue
            if is_alone:
                self._count(task, fault)
            suspects.append(task)
        self._running.clear()
        self._executor.shutdown()
        self._executor = self._begun()

    def _count(self, task: BlockTask, fault: BaseException) -> None:
        self._lost[task.number] += 1
        if self._lost[task.number] >= MOST_TRIES:
            raise ComputationError(
                f"{_named(task)} was begun {MOST_TRIES} times, and each time its worker died (out of memory?); what is "
                "finished is kept: give the workers more memory, or use fewer, and run the same again"
            ) from fault


def _is_lost(fault: BaseException) -> bool:
    """Whether the worker and not the work failed; Dask says so by the names of its errors."""
    names = {kind.__name__ for kind in type(fault).__mro__}
    return isinstance(fault, CancelledError) or bool(
        names & {"KilledWorker", "FutureCancelledError", "LostWorker", "CommClosedError"}
    )


def _failed(task: BlockTask, fault: BaseException) -> WearoffError:
    if isinstance(fault, InputError):
        return fault
    said = str(fault) if isinstance(fault, WearoffError) else f"{type(fault).__name__}: {fault}"
    return ComputationError(
        f"{_named(task)} failed, and would again: {said}; what is finished before it is kept"
    )


def _named(task: BlockTask) -> str:
    first, last = task.replicates.start + 1, task.replicates.stop
    return f"block {task.number} (replicates {first} to {last}, seed {task.seed})"
