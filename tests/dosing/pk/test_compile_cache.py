"""Compiled code is kept where it may be, and its absence disturbs nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wearoff.dosing.pk.compile_cache import VARIABLE, folder_from, processor

WORK = (
    "from wearoff.dosing.pk.models import load_model;"
    "from wearoff.dosing.pk.population import simulate_population;"
    "from wearoff.dosing.regimen import every;"
    "import jax;"
    "print(simulate_population(load_model().typical(75), every(4, times=2)).status, "
    "jax.config.jax_compilation_cache_dir)"
)


def run(folder: str) -> subprocess.CompletedProcess[str]:
    """The work in a process of its own, warnings being errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", WORK],
        env={**os.environ, VARIABLE: folder},
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_second_run_finds_what_the_first_compiled(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "cache"
    first = run(str(folder))
    kept = {path.name for path in folder.iterdir() if path.name.endswith("-cache")}
    assert kept
    second = run(str(folder))
    assert {path.name for path in folder.iterdir() if path.name.endswith("-cache")} == kept
    assert first.stdout == second.stdout == f"[0] {folder}\n"
    assert second.stderr == ""


def test_it_can_be_turned_off_and_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    for folder in ("off", str(in_the_way / "cache")):
        done = run(folder)
        assert done.stdout == "[0] None\n"
        assert done.stderr == ""


def test_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_from({VARIABLE: " Off "}) is None
    assert folder_from({VARIABLE: ""}) is None
    assert folder_from({VARIABLE: str(tmp_path)}) == tmp_path
    monkeypatch.setattr(sys, "platform", "linux")
    assert folder_from({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "wearoff" / "compiled" / processor()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert folder_from({}) == Path.home() / "Library" / "Caches" / "wearoff" / "compiled" / processor()
