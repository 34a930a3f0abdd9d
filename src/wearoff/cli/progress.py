"""A bar on the terminal for work that takes more than a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    first: str = "loading the solver", of: str = "patients", line_every_s: float | None = None
) -> Iterator[Callable[[int, int], None]]:
    """The share done and the time left, on the terminal's error side.

    Args:
        first: what is said until the first report.
        of: what is counted.
        line_every_s: where that is no terminal but the log of a long job, a line is written so often, seconds; by
            default nothing is.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(first, total=None)

        log = None if console.is_terminal or line_every_s is None else _Log(of, line_every_s)

        def report(done: int, in_all: int) -> None:
            bar.update(task, completed=done, total=in_all, description=f"{done:,} of {in_all:,} {of}")
            if log is not None and (line := log.line(done, in_all)):
                console.print(line, highlight=False)

        yield report


class _Log:
    """Lines about the work, not more often than asked for."""

    def __init__(self, of: str, every_s: float) -> None:
        self._of, self._every_s = of, every_s
        self._begun: tuple[float, int] | None = None
        self._said = time.monotonic()

    def line(self, done: int, in_all: int) -> str | None:
        """The share done and the time left at the pace so far; None where the last line is too recent."""
        now = time.monotonic()
        if self._begun is None:  # what was done before says nothing of the pace
            self._begun = now, done
        if now - self._said < self._every_s or done == self._begun[1]:
            return None
        self._said = now
        left_s = (now - self._begun[0]) / (done - self._begun[1]) * (in_all - done)
        return f"{done:,} of {in_all:,} {self._of}, {_duration(left_s)} left"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
