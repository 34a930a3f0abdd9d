"""Compiled code kept between two runs, so that a second command does not compile again.

The folder lies under the user's own cache folder. It is a convenience: where it cannot be made or written,
everything works without it. `WEAROFF_COMPILE_CACHE` names another folder, or turns it off with `off`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "WEAROFF_COMPILE_CACHE"
_OFF = ("off", "0", "no", "false")


def keep_compiled(folder: Path | None = None) -> Path | None:
    """Let JAX keep what it compiles; a folder that was already chosen for JAX is left as it is.

    Args:
        folder: where; by default what `WEAROFF_COMPILE_CACHE` says, else the user's cache folder.

    Returns:
        The folder in use, or None where nothing is kept.
    """
    import jax

    if folder is None:
        chosen = jax.config.values["jax_compilation_cache_dir"]
        if chosen:
            return Path(chosen)
        folder = folder_from(os.environ)
    if folder is None or not _is_writable(folder):
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))  # type: ignore[no-untyped-call]
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)  # type: ignore[no-untyped-call]
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)  # type: ignore[no-untyped-call]
    return folder


def folder_from(environment: Mapping[str, str]) -> Path | None:
    """The folder that the environment asks for, or None where it is turned off or there is no home."""
    asked = environment.get(VARIABLE)
    if asked is not None:
        return None if asked.strip().lower() in (*_OFF, "") else Path(asked).expanduser()
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "wearoff" / "compiled" / processor()


def processor() -> str:
    """A short name of this kind of processor: compiled code is for one kind, and a home may serve several."""
    described = platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        described += "".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))
    return hashlib.blake2b(described.encode(), digest_size=6).hexdigest()


def _is_writable(folder: Path) -> bool:
    """Whether the folder is there, or could be made, for its owner alone, and takes a file."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
