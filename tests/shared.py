"""Where validation sets lie that stand beside the project and never enter it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared_data(*parts: str) -> Path:
    """A folder or file of the shared validation sets; the test is skipped where they are absent."""
    path = ROOT.parent.joinpath("shared", "data", *parts)
    if not path.exists():
        pytest.skip(f"the validation set {'/'.join(parts)} is not beside the project")
    return path
