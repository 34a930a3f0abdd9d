"""`wearoff template` and `wearoff convert` as a person meets them, and `wearoff study` on other formats."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_study import MINIMAL, run
from tests.cohort.cohorts import write_folder
from tests.cohort.records.drawn import assert_same
from tests.shared import ROOT
from wearoff.cli import app, records
from wearoff.cohort.records import FORMATS, format_of, read_cohort
from wearoff.cohort.records.writers.convert import WRITTEN_FORMATS

EXAMPLE = ROOT / "examples" / "simulated_cohort"
DAY = "2026-01-01"


@pytest.mark.parametrize("to", ["csv", "fhir", "dataset-json"])
def test_the_example_is_the_same_cohort_in_every_format(
    to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, "convert", EXAMPLE, "-o", out, "--to", to, "--as-of", DAY, "--leave-refused") == 0
    assert str(out) in capsys.readouterr().out
    assert format_of(out) == to
    as_of = records.day(DAY)
    whole, found = read_cohort(EXAMPLE, as_of=as_of), read_cohort(out, as_of=as_of)
    assert_same(whole, found)


def test_a_cohort_with_refused_rows_is_not_written_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "in", **MINIMAL | {"relapse": ["patient_id,onset_date", "P2,1.2.2020"]})
    out = tmp_path / "out"
    assert run(monkeypatch, "convert", folder, "-o", out, "--to", "csv") == app.EXIT_INPUT
    assert "relapse.csv, row 2, column onset_date, patient P2" in capsys.readouterr().err
    assert not out.exists()
    assert run(monkeypatch, "convert", folder, "-o", out, "--to", "csv", "--leave-refused") == 0


def test_a_template_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "template", tmp_path / "new") == 0
    assert "redcap_dictionary.csv" in capsys.readouterr().out
    assert run(monkeypatch, "template", tmp_path / "new") == app.EXIT_INPUT
    assert "name a new or an empty folder" in capsys.readouterr().err


def test_a_study_reads_a_bundle_and_says_what_it_did_not_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "in", **MINIMAL)
    bundle = tmp_path / "cohort.json"
    assert run(monkeypatch, "convert", folder, "-o", bundle, "--to", "fhir") == 0
    document = json.loads(bundle.read_text(encoding="utf-8"))
    document["entry"].append({"resource": {"resourceType": "Condition", "id": "c"}})
    bundle.write_text(json.dumps(document), encoding="utf-8")
    assert run(monkeypatch, "study", bundle, "-o", tmp_path / "out", "--draws", "20") == 0
    assert "1 of 1 with wearing-off, 0 of 1 without" in " ".join(capsys.readouterr().out.split())
    table = (tmp_path / "out" / "tables" / "not_used.csv").read_text(encoding="utf-8")
    assert "cohort.json,Condition,1,entry[" in table
    assert "What was not used, and why" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_an_event_table_asks_for_what_it_leaves_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "events.csv"
    table.write_text("ID,TIME,AMT,DV\n1,0,300,.\n1,28,.,20\n", encoding="utf-8")
    arguments = ["convert", table, "-o", tmp_path / "out", "--to", "csv"]
    assert run(monkeypatch, *arguments) == app.EXIT_INPUT
    assert "events.csv, row 1, column TIME: the unit of TIME is not given" in capsys.readouterr().err
    units = [part for name in ("TIME=d", "AMT=mg", "DV=mg/L") for part in ("--unit", name)]
    assert run(monkeypatch, *arguments, *units) == app.EXIT_INPUT
    assert "--origin" in capsys.readouterr().err
    assert run(monkeypatch, *arguments, *units, "--origin", "2020-01-01") == 0
    assert read_cohort(tmp_path / "out", as_of=records.day(DAY)).measurement["value"].to_list() == [20.0]
    assert run(monkeypatch, *arguments, "--unit", "TIME") == 2


@pytest.mark.parametrize("name", ["visit.csv", "notes.txt", "old.xls"])
def test_a_file_that_is_no_cohort_says_what_to_give(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"\xd0\xcf\x11\xe0old" if name.endswith("xls") else b"patient_id,date,edss\n"
    (tmp_path / name).write_bytes(content)
    assert run(monkeypatch, "study", tmp_path / name, "-o", tmp_path / "out") == app.EXIT_INPUT
    error = capsys.readouterr().err
    assert name in error
    assert "give" in error or "save it as .xlsx" in error


def test_two_cohorts_in_one_folder_are_not_guessed_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("ID,TIME,AMT\n1,0,300\n", encoding="utf-8")
    assert run(monkeypatch, "study", tmp_path, "-o", tmp_path / "out") == app.EXIT_INPUT
    assert "there is more than one cohort here: a.csv (nonmem), b.csv (nonmem)" in capsys.readouterr().err


def test_the_options_name_the_formats_there_are() -> None:
    assert tuple(records.FormatChoice) == FORMATS
    assert tuple(records.WrittenChoice) == WRITTEN_FORMATS


def test_no_format_loads_jax(tmp_path: Path) -> None:
    code = (
        "import sys, datetime as dt\n"
        "from pathlib import Path\n"
        "from wearoff.cohort.records import read_cohort\n"
        "from wearoff.cohort.records.writers.convert import write_cohort\n"
        f"cohort = read_cohort({str(EXAMPLE)!r}, as_of=dt.date(2026, 1, 1))\n"
        f"out = Path({str(tmp_path)!r})\n"
        "for name in ('csv', 'fhir', 'dataset-json'):\n"
        "    write_cohort(cohort, out / name, name, leaves_refused=True)\n"
        "    read_cohort(out / name, as_of=dt.date(2026, 1, 1))\n"
        "assert 'jax' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
