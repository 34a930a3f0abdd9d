"""Whoever runs blocks: this process, processes of this machine, or the workers of a Dask cluster.

A local worker has its share of the processors and not more, does not hear Ctrl-C, and ends when the process that
started it does. Nothing heavy is imported here: what a worker may use is said before the libraries that read it load.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from wearoff.errors import ComputationError, InputError, Problem, WearoffError

__all__ = ["Here", "dask_cluster", "local_workers", "processors", "stop_workers"]

_Found = TypeVar("_Found")
_ADDRESS = re.compile(r"([a-z]+://)?(\[[^\]\s]+\]|[^\s:/\[\]]+):[0-9]{1,5}")
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


@contextmanager
def dask_cluster(address: str, wait_s: float = 60.0) -> Iterator[tuple[Executor, Callable[[], int]]]:
    """The workers of a running Dask cluster.

    Args:
        address: of its scheduler, such as `tcp://HOST:8786`, or the path of its scheduler file.
        wait_s: how long is waited for the scheduler and the first worker, seconds.

    Yields:
        An executor, and a function that says how many blocks should be under way at once: two for each thread of the
        workers that are there at the moment.

    Raises:
        WearoffError: the package `distributed` is not installed.
        InputError: there is no scheduler at the address, or no worker comes.
        ComputationError: from the function, where the scheduler was lost for longer than `wait_s`.
    """
    try:
        from distributed import Client
    except ImportError as fault:
        reason = (
            "a Dask cluster needs the package distributed; install wearoff with its extra: wearoff[cluster]"
        )
        raise WearoffError(reason) from fault
    where = _scheduler(address)
    try:
        client = Client(**where, timeout=wait_s, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as fault:
        reason = (
            f"no Dask scheduler answers here ({fault}); start one with `dask scheduler`, or mend the address."
        )
        raise InputError(Problem(reason, file=f"--dask {address}")) from fault
    with client:
        try:
            client.wait_for_workers(1, timeout=wait_s)
        except TimeoutError as fault:
            reason = f"the scheduler answers, and no worker came within {wait_s:g} s; start one with `dask worker`."
            raise InputError(Problem(reason, file=f"--dask {address}")) from fault

        def at_once() -> int:
            if client.status in ("closing", "closed"):  # its futures would be waited for for ever
                raise ComputationError(
                    f"the Dask scheduler {address} was lost; what is finished is kept: start a cluster again, and the "
                    "same command goes on"
                )
            try:
                return 2 * sum(client.nthreads().values())  # type: ignore[no-untyped-call]
            except (OSError, RuntimeError):  # lost a moment ago; it may come back
                return 1

        yield client.get_executor(pure=False), at_once  # type: ignore[no-untyped-call]


def _scheduler(address: str) -> dict[str, str]:
    """How a client is told where its scheduler is; what cannot be an address is refused before anything waits for it.

    As in Dask's own commands, anything that is the path of a file is a scheduler file.
    """
    file = Path(address)
    if address and file.is_file():
        try:
            is_scheduler = isinstance(json.loads(file.read_text("utf-8"))["address"], str)
        except (OSError, ValueError, KeyError, TypeError):
            is_scheduler = False
        if is_scheduler:
            return {"scheduler_file": address}
        reason = "this is no scheduler file; `dask scheduler --scheduler-file FILE` writes one when it has started."
        raise InputError(Problem(reason, file=f"--dask {address}"))
    if _ADDRESS.fullmatch(address):
        return {"address": address}
    if address.endswith(".json"):
        reason = (
            "there is no such scheduler file; start `dask scheduler --scheduler-file FILE`, or mend the path."
        )
    else:
        reason = (
            "give the address of a scheduler with its port, as in tcp://HOST:8786, or its scheduler file."
        )
    raise InputError(Problem(reason, file=f"--dask {address}".strip()))


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
