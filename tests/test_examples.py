"""The examples are run: what stands in the repository is what the scripts write."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.shared import ROOT
from wearoff.cohort.records import read_cohort
from wearoff.cohort.wearing_off import answers_by_patient

EXAMPLE = ROOT / "examples" / "simulated_cohort"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    script = ROOT / "examples" / "make_simulated_cohort.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    return folder


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLE.iterdir()))
def test_the_script_writes_the_file_that_stands_in_the_repository(written: Path, name: str) -> None:
    ours, theirs = (folder / name for folder in (written, EXAMPLE))
    if name.endswith(".toml"):
        assert ours.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")
        return
    for mine, kept in zip(rows(ours), rows(theirs), strict=True):
        assert mine.keys() == kept.keys()
        for column, text in mine.items():
            assert is_same(text, kept[column]), (name, column, text, kept[column])


def test_the_simulated_cohort_is_read_whole_and_shaped_like_the_published_one() -> None:
    cohort = read_cohort(EXAMPLE, as_of=date(2026, 1, 1))
    assert cohort.is_simulated
    assert cohort.receipt.refusals.height == 0
    assert all(frame.height for frame in cohort.tables.values())
    counts = answers_by_patient(cohort)["answer"].value_counts()
    assert dict(counts.rows()) == {"regularly": 8, "sometimes": 9, "never": 23}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def is_same(mine: str, kept: str) -> bool:
    """Equal text, or numbers that differ by at most the last digit written (machines round alike, not equally)."""
    if mine == kept:
        return True
    try:
        digits = len(kept.partition(".")[2])
        return abs(float(mine) - float(kept)) <= 1.01 * 10**-digits
    except ValueError:
        return False
