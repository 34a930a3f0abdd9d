"""`wearoff trial` as a person meets it: one study, many, other endpoints of them, and what is refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.cli.test_models import flat
from tests.cli.test_study import run
from wearoff.cli.trial_text import characteristic_lines, look_lines, speed_line
from wearoff.cohort.records import read_cohort
from wearoff.trial.definition.null_world import null_of
from wearoff.trial.definition.plan import analysis_plan
from wearoff.trial.definition.protocol_file import (
    load_protocol,
    parse_protocol,
    protocol_names,
    protocol_text,
)
from wearoff.trial.results import RESULT_SCHEMA
from wearoff.trial.running.archive import Archive
from wearoff.trial.running.operating import characteristics_by_look, operating_characteristics
from wearoff.trial.running.run import TrialRun

SMALL = protocol_text("bergen-2020").replace("size = 40", "size = 12")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with a small protocol in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def test_the_protocols_are_listed_and_their_files_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "trial", "--list") == 0
    printed = flat(capsys.readouterr().out)
    for name in protocol_names():
        study = load_protocol(name)
        assert flat(f"{name} {study.title} {study.question}") in printed
        assert run(monkeypatch, "trial", "--example", name) == 0
        assert parse_protocol(capsys.readouterr().out) == study
    assert run(monkeypatch, "trial", "--example", "bergen") == 1
    assert "Did you mean 'bergen-2020'?" in capsys.readouterr().err


def test_one_study_comes_with_its_plan_its_results_and_records_that_read_as_a_cohort(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "trial", "mine.toml", "--seed", "3") == 0
    printed = capsys.readouterr().out
    for section in analysis_plan(load_protocol(here / "mine.toml")):
        assert section.title in printed
        for paragraph in section.paragraphs:
            assert flat(paragraph) in flat(printed)
    assert "of 12 virtual patients, seed 3; others come out differently" in printed
    assert "activity by wearing-off: " in printed
    assert max(map(len, printed.splitlines())) <= 120
    folder = here / "bergen-2020-example" / "cohort"
    cohort = read_cohort(folder, as_of=date(2026, 1, 1))
    assert cohort.is_simulated
    assert len(cohort.patients) == 12
    assert cohort.receipt.refusals.height == 0
    (count,) = re.findall(r"infusion (\d+)", printed)
    assert cohort.infusion.height == int(count)
    report = (folder.parent / "report.html").read_text(encoding="utf-8")
    assert "A design: virtual patients" in report
    assert (folder.parent / "report.pdf").read_bytes().startswith(b"%PDF")
    # a second one does not write over the first
    assert run(monkeypatch, "trial", "mine.toml") == 1
    assert "there is something here already" in capsys.readouterr().err


def test_many_studies_print_what_the_archive_holds_and_other_endpoints_follow_from_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("trial", "mine.toml", "--replicates", "20", "--workers", "1", "-o", "archive", "--zip")
    assert run(monkeypatch, *asked) == 0
    printed = capsys.readouterr().out
    archive = Archive.open(here / "archive", protocol=load_protocol(here / "mine.toml"), seed=0)
    found = operating_characteristics(archive.results(), archive.protocol)
    assert printed.startswith(
        "20 replicates of bergen-2020, 12 patients each, seed 0; in brackets the Monte Carlo"
    )
    for row in found.iter_rows(named=True):
        share, error = 100 * row["shown"], 100 * row["shown_error"]
        assert f"{row['analysis']}\n  shown in      {share:.1f} % ({error:.1f} %), 95 % interval" in printed
    assert re.search(
        r"ran 20 replicates in [\d.]+ s: [\d.]+ a second; \d+ ms of a processor for each", printed
    )
    written = pl.read_csv(here / "archive" / "operating_characteristics.csv")
    assert written["shown"].to_list() == found["shown"].to_list()
    assert (here / "archive" / "protocol.toml").read_text(encoding="utf-8") == SMALL
    with zipfile.ZipFile(here / "archive.zip") as whole:
        assert "archive/operating_characteristics.csv" in whole.namelist()
    assert run(monkeypatch, *asked) == 0
    assert "nothing was left to run" in capsys.readouterr().out

    other = SMALL.replace('method = "fisher"', 'method = "newcombe_difference"').replace(
        "neda3_12w", "neda3_24w"
    )
    (here / "other.toml").write_text(other, encoding="utf-8")
    assert run(monkeypatch, "trial", "other.toml", "--from", "archive", "--workers", "1", "-o", "again") == 0
    assert "from the tables of another archive" in capsys.readouterr().out
    again = Archive.open(here / "again")
    assert (again.replicates, again.rescored) == (20, archive.identity)
    events = archive.results().filter(pl.col("analysis") == "activity by wearing-off").collect()["events"]
    assert events.sum() > 0
    # scored again by the same rules it is what it was
    assert run(monkeypatch, "trial", "mine.toml", "--from", "archive", "--workers", "1", "-o", "same") == 0
    assert Archive.open(here / "same").results().collect().equals(archive.results().collect())
    (here / "longer.toml").write_text(SMALL.replace("dropout_per_year = 0.125", "dropout_per_year = 0.2"))
    capsys.readouterr()
    assert run(monkeypatch, "trial", "longer.toml", "--from", "archive", "-o", "no") == 1
    assert (
        "longer.toml, key recording.dropout_per_year: this is not as in the archive"
        in capsys.readouterr().err
    )
    assert not (here / "no").exists()


def test_the_same_study_with_nothing_to_find_runs_beside_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (
        "trial",
        "mine.toml",
        "--replicates",
        "10",
        "--workers",
        "1",
        "--no-tables",
        "--null",
        "-o",
        "archive",
    )
    assert run(monkeypatch, *asked) == 0
    printed = flat(capsys.readouterr().out)
    assert "10 replicates of bergen-2020-null, 12 patients each" in printed
    assert "Error of the first kind" in printed
    beside = Archive.open(here / "archive-null")
    assert beside.protocol == null_of(load_protocol("mine.toml"))
    assert not beside.is_kept


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("size = 12", "size = 0"), r"mine\.toml, line \d+, arm 1, key size: "),
        (('rule = "neda3_12w"', 'rule = "neda9"'), r"mine\.toml, line \d+, endpoint 1, key rule: "),
        (
            ("mri_every_weeks = 52", "mri_every_weeks = 5200"),
            r"mine\.toml, line \d+, endpoint 1, key until_weeks: .*mri_every_weeks",
        ),
        (("followup_weeks = 52", "followup = 52"), r"mine\.toml, line \d+, schedule, key followup: "),
    ],
)
def test_a_bad_protocol_stops_with_file_line_and_key_before_anything_is_made(
    change: tuple[str, str],
    said: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (here / "mine.toml").write_text(SMALL.replace(*change), encoding="utf-8")
    monkeypatch.setattr("wearoff.trial.running.block.run_block", None)  # nothing is simulated
    for options in ((), ("--replicates", "10"), ("--from", "archive")):
        assert run(monkeypatch, "trial", "mine.toml", *options) == 1
        assert re.search(said, capsys.readouterr().err)
    assert [path.name for path in here.iterdir()] == ["mine.toml"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "give a PROTOCOL"),
        (("mine.toml", "--workers", "2"), "--workers belongs to many studies"),
        (("mine.toml", "--no-tables"), "--no-tables belongs to many studies"),
        (("mine.toml", "--null"), "--null belongs to many studies"),
        (("mine.toml", "--from", "a", "--null"), "leave --null out"),
        (("mine.toml", "--zip"), "--zip belongs to many studies"),
        (("mine.toml", "--replicates", "9", "--workers", "2", "--dask", "tcp://x"), "give one of them"),
        (("mine.toml", "--from", "a", "--replicates", "9"), "leave --replicates out"),
        (("mine.toml", "--from", "a", "--seed", "9"), "leave --seed out"),
        (("mine.toml", "--from", "a", "--no-tables"), "leave --no-tables out"),
        (("mine.toml", "--replicates", "0"), "greater than or equal to 1"),
    ],
)
def test_options_that_contradict_each_other_are_not_understood(
    options: tuple[str, ...],
    said: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "trial", *options) == 2
    assert said in flat(capsys.readouterr().err).replace("│ ", "")


@pytest.mark.skipif(
    not hasattr(signal, "SIGINT") or os.name == "nt", reason="no process groups on this system"
)
def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(here: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "wearoff",
        "trial",
        "mine.toml",
        "--replicates",
        "2000",
        "--workers",
        "2",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    first = here / "bergen-2020-trial" / "blocks" / "00000.json"
    while process.poll() is None and not first.exists():
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    (kept,) = re.findall(
        r"([\d,]+) of 2,000 replicates are kept in bergen-2020-trial; the same command goes on", said
    )
    assert "Traceback" not in said
    again = subprocess.run(
        [*command[:-4], "--replicates", "2000", "--workers", "2"], capture_output=True, text=True, check=True
    )
    assert f"({kept} were there before)" in again.stdout
    assert Archive.open(here / "bergen-2020-trial").results().collect()["replicate"].n_unique() == 2000


@pytest.mark.parametrize(
    ("ran", "found", "workers", "said"),
    [
        (
            300,
            700,
            2,
            "ran 300 replicates (700 were there before) in 15.0 s: 20.0 a second, 10.0 for each of 2 workers; "
            "80 ms of a processor for each",
        ),
        (1000, 0, None, "ran 1,000 replicates in 15.0 s: 66.7 a second; 24 ms of a processor for each"),
        (0, 1000, 1, "nothing was left to run"),
    ],
)
def test_the_speed_is_said_for_all_and_for_each_worker(
    ran: int, found: int, workers: int | None, said: str, tmp_path: Path
) -> None:
    archive = Archive.begin(tmp_path, load_protocol("bergen-2020"), 0, 1000)
    assert speed_line(TrialRun(archive, ran, found, wall_s=15.0, cpu_s=24.0, workers=workers)) == said


def test_a_ratio_has_its_error_as_a_share_of_it(tmp_path: Path) -> None:
    study = load_protocol("larger-longer-cohort")
    (primary,) = (each for each in study.analyses if each.is_primary)
    archive = Archive.begin(tmp_path, study, 0, 2)
    rows = pl.DataFrame(
        {
            "replicate": [0, 1],
            "look": [1, 1],
            "analysis": [primary.name] * 2,
            "estimate": [1.9, 2.1],
            "low": [1.0, 1.0],
            "high": [4.0, 4.0],
            "p": [0.05, 0.05],
            "is_shown": [True, False],
            "verdict": ["difference shown", "no difference shown"],
            "events": [40, 42],
            "patients": [300, 300],
        },
        schema=RESULT_SCHEMA,
    )
    lines = list(characteristic_lines(archive, operating_characteristics(rows, study)))
    assert f"{primary.name}, look 1" in lines
    # the logarithms 0.642 and 0.742 have the mean 0.692 and the error 0.05
    assert "  estimate      hazard ratio: geometric mean 2 (5 %), median 2, in 2 replicates" in lines
    assert "  shown in      50.0 % (35.4 %), 95 % interval 1.3 to 98.7 %" in lines
    assert "  interval      1.39 wide in the mean on the log scale" in lines
    assert "  in the mean   41 (1) events in 300 patients" in lines


def test_a_study_that_ends_early_says_what_it_estimates_then_and_what_it_would_at_the_end() -> None:
    study = load_protocol("larger-longer-cohort")
    (primary,) = (each for each in study.analyses if each.is_primary)
    stated = study.model_copy(update={"analyses": (primary.model_copy(update={"true_value": 2.0}),)})
    rows = pl.DataFrame(
        {
            "replicate": [0, 0, 1, 1],
            "look": [1, 2, 1, 2],
            "analysis": [primary.name] * 4,
            "estimate": [4.0, 2.0, 1.5, 2.0],
            "low": [1.5, 1.0, 1.0, None],
            "high": [9.0, 4.0, 4.0, None],
            "p": [0.001, 0.05, 0.4, 0.05],
            "is_shown": [True, True, False, False],
            "verdict": ["difference shown", "difference shown", *["no difference shown"] * 2],
            "events": [30, 40, 30, 40],
            "patients": [250, 300, 250, 300],
        },
        schema=RESULT_SCHEMA,
    )
    lines = list(look_lines(characteristics_by_look(rows, stated)))
    # 4 at the first look and 2 at the last have the geometric mean 2.83, both at the last 2
    assert "  it estimates 2.83 (35 %) in the mean; were every study to go on to the end, 2" in lines
    found = operating_characteristics(rows, stated)
    assert found["intervals"].to_list() == [2, 1]


def test_a_shift_has_its_unit_and_a_large_error_no_exponent(tmp_path: Path) -> None:
    study = load_protocol("sid-eid-randomised")
    level, lesions = study.analyses[2], study.analyses[1]
    archive = Archive.begin(tmp_path, study, 0, 2)
    rows = pl.DataFrame(
        {
            "replicate": [0, 1, 0, 1],
            "look": [1] * 4,
            "analysis": [level.name] * 2 + [lesions.name] * 2,
            "estimate": [-14.0, -16.0, 1.0, 1.7],
            "low": [-20.0, -20.0, 0.2, 0.2],
            "high": [-10.0, -10.0, float("inf"), float("inf")],
            "p": [0.01] * 4,
            "is_shown": [True] * 4,
            "verdict": ["difference shown"] * 4,
            "events": [None, None, 8, 8],
            "patients": [240] * 4,
        },
        schema=RESULT_SCHEMA,
    )
    lines = list(characteristic_lines(archive, operating_characteristics(rows, study)))
    assert "  estimate      shift: mean -15 (1), median -15 mg/L, in 2 replicates" in lines
    assert "  interval      10 mg/L wide in the mean" in lines
    # half of the difference of the logarithms 0 and 0.531
    assert "  estimate      rate ratio: geometric mean 1.3 (27 %), median 1.35, in 2 replicates" in lines
