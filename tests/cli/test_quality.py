"""`wearoff quality` as a person meets it: the counts, the exported list, and what is said when something is wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cli.test_study import EXAMPLE, run
from tests.cohort.cohorts import on, write_folder
from wearoff.cohort.quality import quality_rule_names


def test_the_counts_are_printed_and_the_list_is_exported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "list.csv"
    assert run(monkeypatch, "quality", EXAMPLE, "-o", out, "--as-of", "2026-01-01") == 0
    printed = capsys.readouterr().out
    lines = {line.split()[0]: line for line in printed.splitlines() if line.strip()}
    assert set(quality_rule_names()) <= set(lines)
    assert lines["scan_gap"].split()[1:3] == ["3", "3"]
    assert "not checked, no death recorded" in lines["after_death"]
    assert "3 findings in 3 patients" in printed
    listed = pl.read_csv(out)
    assert listed.columns[:4] == ["rule", "table", "file", "row"]
    assert listed["patient_id"].to_list() == ["S14", "S17", "S23"]
    assert list(tmp_path.iterdir()) == [out]


def test_a_text_that_a_spreadsheet_would_compute_is_exported_as_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = write_folder(
        tmp_path / "in", infusion=["patient_id,start_time", f"=1+1,{on(0)}", f"=1+1,{on(5)}"]
    )
    assert (
        run(monkeypatch, "quality", folder, "-o", tmp_path / "list.csv", "--rule", "infusion_too_soon") == 0
    )
    assert pl.read_csv(tmp_path / "list.csv")["patient_id"].to_list() == ["'=1+1"]


def test_the_rules_are_printed_with_every_limit_and_its_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "quality", "--rules") == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == list(quality_rule_names())
    assert "longest_d 84 d (secondary: TOUCH" in printed[0]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["quality"], 2, "give a FOLDER"),
        (["quality", EXAMPLE, "-o", "list.xlsx"], 2, "no .csv file"),
        (["quality", EXAMPLE, "--rule", "gaps"], 1, "there is no quality rule 'gaps'"),
        (["quality", EXAMPLE, "-o", "/nowhere/list.csv"], 1, "cannot be written here"),
        (["quality", "/nowhere"], 1, "there is no such folder"),
    ],
)
def test_what_cannot_be_done_is_said(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[object],
    status: int,
    said: str,
) -> None:
    assert run(monkeypatch, *arguments) == status
    assert said in " ".join(capsys.readouterr().err.split())
