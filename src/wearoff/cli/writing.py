"""How a command puts a file in place: whole, in a folder that is made for it, or with a sentence why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wearoff.errors import InputError, Problem

if TYPE_CHECKING:
    from pathlib import Path


def write_file(file: Path, content: bytes) -> None:
    """Put a file in place whole; a failure leaves what was there before.

    Args:
        file: its name; missing folders above it are made.
        content: what it is to hold.

    Raises:
        InputError: it cannot be written.
    """
    from wearoff.report.files import put, refuse_a_file

    refuse_a_file(file.parent)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        put(file, content)
    except OSError as fault:
        reason = f"this cannot be written ({fault.strerror or fault}); choose another place"
        raise InputError(Problem(reason, str(file))) from fault
