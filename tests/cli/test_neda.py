"""`wearoff neda` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cli.test_study import EXAMPLE, run
from tests.cohort.cohorts import on, write_folder
from wearoff.cohort.neda import rule_names, worsening_rule_names


def test_every_rule_asked_for_is_scored_described_and_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    names = ["neda3_12w", "clinical_24w", "pira_mueller_2025"]
    rules = [part for name in names for part in ("--rule", name)]
    assert run(monkeypatch, "neda", EXAMPLE, *rules, "-o", out, "--as-of", "2026-01-01") == 0
    shown = capsys.readouterr().out
    assert "28 of 33" in shown
    assert "70.0 to 87.5 %" in shown
    methods = (out / "methods.md").read_text(encoding="utf-8")
    assert all(f"Rule {name}:" in methods and f"Rule {name}:" in shown for name in names)
    summary = pl.read_csv(out / "neda_summary.csv")
    assert summary["rule"].unique(maintain_order=True).to_list() == names[:2]
    assert pl.read_csv(out / "neda.csv").height == 2 * 3 * 40
    assert {"onset_day", "label", "confirmed_48w_day"} <= set(pl.read_csv(out / "worsening.csv").columns)


def test_a_setting_stands_in_the_name_of_the_rule(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("--set", "baseline=fixed", "--set", "closes_late_days=30")
    assert run(monkeypatch, "neda", EXAMPLE, *settings, "--as-of", "2026-01-01") == 0
    assert "Rule neda3_12w[closes_late_days=30, baseline=fixed]:" in capsys.readouterr().out
    assert run(monkeypatch, "neda", EXAMPLE, "--set", "baseline=rowing", "--as-of", "2026-01-01") == 1
    assert "Did you mean 'roving'" in capsys.readouterr().err


def test_the_multiverse_says_how_far_the_answer_depends_on_the_rule(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "neda", EXAMPLE, "--multiverse", "-o", tmp_path, "--as-of", "2026-01-01") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in rule_names())
    assert "over 432 combinations (216 cannot be answered" in shown
    assert "What moves the rate of PIRA" in shown
    assert pl.read_csv(tmp_path / "multiverse_neda.csv").height == 648


def test_the_rules_can_be_listed_without_a_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "neda", "--rules") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*rule_names(), *worsening_rule_names()))
    assert run(monkeypatch, "neda") == 2


def test_what_is_wrong_is_said_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "neda", EXAMPLE, "--rule", "neda3_13w") == 1
    assert "Did you mean 'neda3_12w'" in capsys.readouterr().err
    folder = write_folder(
        tmp_path / "cohort",
        visit=["patient_id,date,edss", f"P1,{on(0)},2", f"P1,{on(365)},2", f"P1,{on(400)},eleven"],
    )
    assert run(monkeypatch, "neda", folder, "--as-of", "2025-01-01") == 0
    assert "1 row was refused" in capsys.readouterr().out
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert run(monkeypatch, "neda", EXAMPLE, "-o", tmp_path / "file", "--as-of", "2026-01-01") == 1
    assert "choose another folder" in capsys.readouterr().err
