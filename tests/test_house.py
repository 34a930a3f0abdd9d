"""Laws of the house that no single room can hold: what loads what, and what may stand in the project."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.shared import ROOT

HEAVY = ("jax", "django", "altair", "polars", "scipy", "statsmodels")


def loaded_after(statement: str) -> set[str]:
    """The heavy packages loaded by a statement in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint(*(m for m in {HEAVY!r} if m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split("\n")[-2].split())


def test_importing_wearoff_loads_nothing_heavy() -> None:
    assert loaded_after("import wearoff") == set()


def test_the_names_for_one_patient_stand_at_the_top_and_are_loaded_when_asked_for() -> None:
    assert "jax" not in loaded_after("import wearoff; wearoff.Patient; wearoff.Target")
    code = "import wearoff\ntry:\n    wearoff.nothing\nexcept AttributeError as fault:\n    print(fault)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "has no attribute 'nothing'" in run.stdout


def test_help_loads_nothing_heavy() -> None:
    help_ = "import contextlib\nsys.argv = ['wearoff', '--help']\nimport wearoff.cli.app as app\n"
    assert loaded_after(help_ + "with contextlib.suppress(SystemExit): app.main()") == set()


@pytest.mark.parametrize(
    "module", ["records", "neda", "wearing_off", "interval_class", "quality", "association", "chapters"]
)
def test_scoring_a_cohort_loads_neither_jax_nor_statsmodels(module: str) -> None:
    assert not {"jax", "statsmodels"} & loaded_after(f"import wearoff.cohort.{module}")


def test_planning_a_study_loads_neither_jax_nor_statsmodels() -> None:
    assert not {"jax", "statsmodels", "altair"} & loaded_after("import wearoff.trial.power")


def test_the_requirement_lists_are_hashed_and_name_no_registry() -> None:
    for name in ("run.txt", "dev.txt", "bench.txt", "uv.txt"):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--index-url" not in text


def test_no_source_file_is_longer_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for folder in ("src", "examples", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert len(lengths) > 30
    assert {path: length for path, length in lengths.items() if length > 400} == {}
