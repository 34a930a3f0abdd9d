"""A command writes a file whole or says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from wearoff.cli.writing import write_file
from wearoff.errors import InputError


def test_missing_folders_are_made_and_an_earlier_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "table.csv"
    write_file(file, b"one")
    write_file(file, b"two")
    assert file.read_bytes() == b"two"
    assert [path.name for path in file.parent.iterdir()] == ["table.csv"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(InputError, match="taken"):
        write_file(tmp_path / "taken" / "table.csv", b"")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(InputError, match=r"table\.csv.*cannot be written"):
        write_file(tmp_path / "table.csv", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
