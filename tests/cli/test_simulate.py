"""`wearoff simulate` as a person meets it: its figures, its files, and what it says when it cannot."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.cli.test_study import run
from wearoff.cli import app

Q4W = "300 mg every 4 weeks x 14"
SMALL = ("--weight", "80", "--patients", "20")
Printed = pytest.CaptureFixture[str]


def said(monkeypatch: pytest.MonkeyPatch, printed: Printed, *arguments: object) -> str:
    """What a successful command prints."""
    assert run(monkeypatch, "simulate", *arguments) == 0, printed.readouterr().err
    return printed.readouterr().out


def test_a_population_has_the_published_trough_fall_and_peak(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    plan = f"{Q4W} then every 6 weeks x 10"
    text = said(monkeypatch, capsys, plan, "--weight", "79", "--weight-sd", "20", "--patients", "4000")
    q4w, q6w = re.findall(r"mean trough ([\d.]+) mg/L .*?mean peak (\d+) mg/L", text)
    assert 23 < float(q4w[0]) < 29
    assert abs(float(q4w[1]) - 110) < 52
    (fall,) = re.findall(r"mean trough ([\d.]+) % lower than every 4 weeks", text)
    assert 60 < float(fall) < 70
    assert float(fall) == pytest.approx(100 * (1 - float(q6w[0]) / float(q4w[0])), abs=0.5)
    assert "not settled" not in text


def test_the_typical_patient_of_75_kg_is_the_one_of_the_published_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    file = tmp_path / "levels.csv"
    said(monkeypatch, capsys, "300 mg every 4 weeks x 40", "--weight", "75", "--patients", "20", "-o", file)
    levels = pl.read_csv(file)
    troughs = levels.filter("is_trough")
    assert troughs.height == 39
    assert troughs["level_typical"][-1] == pytest.approx(25.6, abs=0.05)
    assert levels["level_typical"].max() == pytest.approx(111.5, abs=0.05)
    last = levels.tail(1).to_dicts()[0]
    curves = [last[f"saturation_{name}"] for name in ("bridge", "ec50_only", "trough_pairs_low")]
    assert last["saturation_low"] <= min(curves) <= max(curves) <= last["saturation_high"]
    assert last["week"] == 160


def test_the_table_has_a_line_for_each_dose_and_one_for_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    lines = said(monkeypatch, capsys, f"{Q4W} without 3", *SMALL).splitlines()
    doses = [line.split() for line in lines if re.match(r" *\d+ +[\d.]+ +300 mg IV", line)]
    assert [float(line[1]) for line in doses] == [0, 4, *range(12, 56, 4)]
    assert any(re.match(r" *end +56", line) for line in lines)
    assert any("▁" in line or "▅" in line for line in lines)


def test_the_same_seed_gives_the_same_file_and_csv_and_parquet_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    files = [tmp_path / name for name in ("a.parquet", "b.parquet", "c.csv")]
    for file in files:
        said(monkeypatch, capsys, Q4W, *SMALL, "-o", file, "--until", "9")
    first, second = (pl.read_parquet(file) for file in files[:2])
    assert first.equals(second)
    assert first["week"][-1] == 9
    assert pl.read_csv(files[2])["level_p95"].to_list() == first["level_p95"].to_list()


def test_weights_convert_and_a_bare_number_is_in_kg(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    more = ("--patients", "20", "--until", "9")
    kilogram = said(monkeypatch, capsys, Q4W, "--weight", "80", *more)
    assert kilogram == said(monkeypatch, capsys, Q4W, "--weight", "80000 g", *more)
    assert "79.83" in said(monkeypatch, capsys, Q4W, "--weight", "176lb", *more)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((Q4W, "--weight", "160"), "weight 160 kg outside 40 to 150 kg"),
        (("300 mg every 10 weeks x 4", "--weight", "80"), "more than 8 weeks after a dose"),
        ((f"{Q4W} SC", "--weight", "80", "--model", "{own}"), "route SC"),
    ],
)
def test_what_leaves_the_data_of_the_model_is_computed_marked_and_said(
    arguments: tuple[str, ...], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    from wearoff.dosing.pk import models

    own = tmp_path / "own_model.toml"
    text = Path(models.__file__).with_name("library").joinpath("van_den_berg_2025.toml").read_text("utf-8")
    changed = text.replace('"van_den_berg_2025"', '"own_model"').replace(
        'routes = ["IV", "SC"]', 'routes = ["IV"]'
    )
    own.write_text(changed, encoding="utf-8")
    filled = [argument.format(own=own) for argument in arguments]
    said_ = said(monkeypatch, capsys, *filled, "--patients", "20", "-o", tmp_path / "levels.csv")
    assert f"* Extrapolation: {reason}" in said_
    assert re.search(r"^ *\* +(\d+|end) ", said_, flags=re.MULTILINE)
    assert pl.read_csv(tmp_path / "levels.csv")["outside_model"].drop_nulls()[-1].startswith(reason)
    assert "Extrapolation" not in said(monkeypatch, capsys, Q4W, *SMALL)


EVENTS = (
    "ID,TIME (d),AMT (mg),RATE,II,ADDL,EVID,CMT,WT (kg)\n"
    "A,0,300,7200,28,3,1,1,62\nA,112,300,7200,0,0,1,1,64\nB,0,300,7200,28,2,1,1,95\n"
)


def test_an_event_table_gives_the_same_as_the_words_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    options = ("--first-compartment", "central", "--carried", "forward", "--patients", "20")
    text = said(
        monkeypatch, capsys, "--events", tmp_path / "events.csv", *options, "-o", tmp_path / "events.parquet"
    )
    assert "Patient A: 62 to 64 kg; 5 doses." in text
    assert "Patient B: 95 kg; 3 doses." in text
    plan = (
        "300 mg every 4 weeks x 3",
        "--weight",
        "95",
        "--patients",
        "20",
        "-o",
        tmp_path / "words.parquet",
    )
    said(monkeypatch, capsys, *plan)
    table = pl.read_parquet(tmp_path / "events.parquet").filter(patient_id="B")
    words = pl.read_parquet(tmp_path / "words.parquet")
    assert table["level_typical"].to_list() == pytest.approx(words["level_typical"].to_list(), rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("300 mg evry 4 weeks x 2", "--weight", "80"), "^^^^"),
        (("300 every 4 weeks x 2", "--weight", "80"), "the unit of 300 is missing"),
        ((Q4W, "--weight", "80000"), "80000 kg is no body weight"),
        ((Q4W, "--weight", "80 mg/L"), "measures something else"),
        ((Q4W, "--weight", "80", "--model", "mine"), "there is no pharmacokinetic model 'mine'"),
        (("--events", "{file}", "--first-compartment", "depot"), "row 1, column WT"),
        (("--events", "nothing.csv", "--first-compartment", "depot"), "cannot be read"),
    ],
)
def test_input_that_cannot_be_used_ends_with_1_and_writes_nothing(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Printed,
) -> None:
    file = tmp_path / "events.csv"
    file.write_text(EVENTS, encoding="utf-8")
    filled = [argument.format(file=file) for argument in arguments]
    out = tmp_path / "levels.csv"
    assert run(monkeypatch, "simulate", *filled, "-o", out) == app.EXIT_INPUT
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (Q4W,),
        (Q4W, "--events", "a.csv", "--weight", "80"),
        (Q4W, "--weight", "80", "-o", "levels.txt"),
        (Q4W, "--weight", "80", "--picture", "levels.gif"),
        (Q4W, "--weight", "80", "--until", "-3"),
        (Q4W, "--weight", "80", "--patients", "100000"),
        (Q4W, "--weight", "80", "--carried", "forward"),
        (Q4W, "--weight", "200", "--weight-sd", "20"),
        ("--events", "a.csv"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    assert run(monkeypatch, "simulate", *arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_first_command_loads_no_library_that_it_does_not_use() -> None:
    heavy = ("polars", "pint", "scipy")
    code = (
        f"import sys; sys.argv = ['wearoff', 'simulate', '300 mg every 4 weeks x 2', *{SMALL!r}]\n"
        "from wearoff.cli.app import main\n"
        f"try: main()\nfinally: print([name for name in {heavy!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Predictions, not advice." in answer.stdout
    assert answer.stdout.endswith("\n[]\n")
