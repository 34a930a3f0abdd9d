"""Files put in place whole: into an empty folder, as one new file, or instead of an older one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from wearoff.errors import InputError, Problem

__all__ = ["put_file", "put_files", "put_whole"]


def put_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files into a folder that is new or empty, so that nothing of another cohort lies among them.

    Args:
        folder: where; made if it is not there.
        files: content by name.

    Returns:
        The paths, in the order given.

    Raises:
        InputError: the folder is a file, holds something, or cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            reason = "there is something here already; name a new or an empty folder."
            raise InputError(Problem(reason, file=str(folder)))
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(put_whole(folder / name, content) for name, content in files.items())
    except OSError as error:
        raise InputError(Problem(_unwritable(error), file=str(folder))) from error


def put_file(path: Path, content: bytes) -> Path:
    """Write one new file.

    Raises:
        InputError: there is something of this name, or it cannot be written.
    """
    try:
        if path.exists():
            reason = "there is something of this name already; name another file."
            raise InputError(Problem(reason, file=str(path)))
        path.parent.mkdir(parents=True, exist_ok=True)
        return put_whole(path, content)
    except OSError as error:
        raise InputError(Problem(_unwritable(error), file=str(path))) from error


def put_whole(path: Path, content: bytes) -> Path:
    """The content under its name in one step; whatever was there is replaced, or kept where that fails.

    Raises:
        OSError: it cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # noqa: PTH101 - a name, not yet a path that anybody knows
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _unwritable(error: OSError) -> str:
    return f"this cannot be written ({error.strerror or error}); choose another place."
