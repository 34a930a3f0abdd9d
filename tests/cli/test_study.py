"""`wearoff study` as a person meets it: what it prints, writes, and says when something is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from tests.cohort.cohorts import on, write_folder
from tests.shared import ROOT
from wearoff.cli import app

EXAMPLE = ROOT / "examples" / "simulated_cohort"
MINIMAL: dict[str, str | list[str]] = {
    "infusion": ["patient_id,start_time", *(f"P{p},{on(28 * k)}" for p in (1, 2) for k in range(14))],
    "visit": ["patient_id,date,edss", *(f"P{p},{on(day)},2" for p in (1, 2) for day in (0, 182, 365))],
    "relapse": ["patient_id,onset_date", f"P2,{on(100)}"],
    "mri": ["patient_id,date,new_t2", *(f"P{p},{on(day)},0" for p in (1, 2) for day in (0, 365))],
    "wearing_off": ["patient_id,answer", "P1,never", "P2,regularly"],
}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command line in this process and return its exit status."""
    monkeypatch.setattr("sys.argv", ["wearoff", *map(str, arguments)])
    try:
        app.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the simulated cohort, written once."""
    out = tmp_path_factory.mktemp("study") / "out"
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, "study", EXAMPLE, "-o", out, "--as-of", "2026-01-01") == 0
    return out


def test_the_example_writes_report_result_and_every_table(example: Path) -> None:
    result = json.loads((example / "result.json").read_text(encoding="utf-8"))
    page = (example / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 5
    assert len(page) < 5_000_000
    assert result["provenance"]["choices"]["NEDA rule"] == "neda3_12w"
    assert len(result["provenance"]["inputs"]) == 10
    tables = {path.stem for path in (example / "tables").glob("*.csv")}
    assert {
        "receipt_files",
        "table_one",
        "exposure_infusions",
        "neda",
        "risk_by_group",
        "attrition",
        "activity_curves",
        "rate_ratios",
        "ordered_answer",
        "dosing_trial",
        "diary_patients",
        "quality",
        "worsening",
        "effects",
    } <= tables
    assert len(result["figures"]["effects"]) == pl.read_csv(example / "tables" / "effects.csv").height


def test_simulated_data_say_so_in_the_first_line_of_the_page(example: Path) -> None:
    page = (example / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", page[page.index("<body") :]).split()
    assert " ".join(text[:5]) == "Simulated data, not patients: 40"


def test_the_page_loads_nothing_from_outside(example: Path) -> None:
    page = (example / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.findall(r"(?:src|@import|url)\s*[=(]\s*[\"']?(?:https?:)?//", page)
    assert all(link.startswith("https://doi.org/") for link in re.findall(r'href="(http[^"]*)"', page))


def test_every_patient_of_the_example_is_in_every_window(example: Path) -> None:
    neda = pl.read_csv(example / "tables" / "neda.csv")
    assert neda.group_by("window").len()["len"].unique().to_list() == [40]
    receipt = pl.read_csv(example / "tables" / "receipt_files.csv")
    assert (receipt["read"] == receipt["accepted"] + receipt["refused"]).all()


def test_five_columns_make_a_usable_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "in", **MINIMAL)
    assert run(monkeypatch, "study", folder, "-o", tmp_path / "out", "--draws", "20") == 0
    printed = capsys.readouterr().out
    assert "1 of 1 with wearing-off, 0 of 1 without" in " ".join(printed.split())
    assert "report.html" in printed
    notes = " ".join(pl.read_csv(tmp_path / "out" / "tables" / "notes.csv")["note"])
    assert "300 mg" in notes


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "in", **MINIMAL)
    pages = []
    for name in ("a", "b"):
        run(monkeypatch, "study", folder, "-o", tmp_path / name, "--draws", "20", "--as-of", "2025-01-01")
        pages.append((tmp_path / name / "result.json").read_bytes())
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["study", "nowhere"], "nowhere"),
        (["study", "--published", "bringeland"], "bringeland-2020, van-kempen-2019"),
        (["study", "{folder}", "--rule", "neda3"], "there is no NEDA rule 'neda3'"),
        (["study", "{folder}", "--set", "tolerance=3"], "there is no setting"),
        (["study", "{folder}", "--window", "year 9"], "there is no window 'year 9'"),
        (["study", "{folder}", "--model", "mine"], "mine"),
        (["study", "{folder}", "--interval-rule", "mine"], "there is no interval rule 'mine'"),
        (["study", "{folder}", "--diary-rule", "mine"], "there is no diary rule 'mine'"),
        (["study", "{folder}", "--timezone", "Mars/Olympus"], "Mars/Olympus"),
    ],
)
def test_a_wrong_name_is_answered_with_what_exists(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_folder(tmp_path / "in", **MINIMAL)
    filled = [argument.format(folder=folder) for argument in arguments]
    assert run(monkeypatch, *filled, "-o", tmp_path / "out") == app.EXIT_INPUT
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments", [["study"], ["study", "a", "--published", "b"], ["study", "a", "--as-of", "1.2.2024"]]
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_refused_rows_are_counted_and_strict_stops_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    visits = [*MINIMAL["visit"], f"P1,{on(500)},2.3"]
    folder = write_folder(tmp_path / "in", **MINIMAL | {"visit": visits})
    assert run(monkeypatch, "study", folder, "-o", tmp_path / "out", "--draws", "20") == 0
    assert "1 row was refused" in " ".join(capsys.readouterr().out.split())
    assert run(monkeypatch, "study", folder, "-o", tmp_path / "strict", "--strict") == app.EXIT_INPUT
    error = capsys.readouterr().err
    assert "visit.csv, row 8, column edss, patient P1" in error
    assert not (tmp_path / "strict").exists()


def test_an_interrupted_study_says_so_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("wearoff.cohort.published.analyse_published", interrupt)
    assert run(monkeypatch, "study", "--published", "x", "-o", tmp_path / "out") == app.EXIT_STOPPED
    assert "Stopped; what was not finished was not written." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_fault_of_our_own_is_one_sentence_and_not_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> None:
        raise RuntimeError(f"no {name}")

    monkeypatch.setattr("wearoff.cohort.published.analyse_published", fail)
    monkeypatch.delenv(app.DEBUG, raising=False)
    assert run(monkeypatch, "study", "--published", "x", "-o", tmp_path) == app.EXIT_BUG
    error = capsys.readouterr().err
    assert "RuntimeError: no x" in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []
