"""A bar on the terminal for work that takes more than a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    first: str = "loading the solver", of: str = "patients"
) -> Iterator[Callable[[int, int], None]]:
    """The share done and the time left, on the terminal's error side; nothing where that is no terminal.

    Args:
        first: what is said until the first report.
        of: what is counted.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(first, total=None)

        def report(done: int, in_all: int) -> None:
            bar.update(task, completed=done, total=in_all, description=f"{done:,} of {in_all:,} {of}")

        yield report
