"""The processes that run blocks on this machine, and what a worker must be to give the same numbers.

A worker has its share of the processors and not more, does not hear Ctrl-C, and ends when the process that started it
does. Nothing heavy is imported here: what a worker may use is said before the libraries that read it are loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, TypeVar

__all__ = ["Here", "local_workers", "processors", "stop_workers"]

_Found = TypeVar("_Found")
_THREADS = ("POLARS_MAX_THREADS", "NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Here(Executor):
    """An executor without workers: what is submitted is done at once, in this process."""

    def submit(self, fn: Callable[..., _Found], /, *args: Any, **kwargs: Any) -> Future[_Found]:
        """The finished future of a call."""
        future: Future[_Found] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as fault:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(fault)
        return future


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def local_workers(workers: int) -> ProcessPoolExecutor:
    """A pool of new processes, each with its share of the processors.

    Args:
        workers: how many, at least 1.
    """
    threads = max(1, processors() // workers)
    return ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),  # a forked process would share the solver's threads
        initializer=_begin,
        initargs=(threads,),
    )


def stop_workers(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool without waiting for what they are at."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _begin(threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _THREADS:
        os.environ[name] = str(threads)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent.join()
    os._exit(1)
