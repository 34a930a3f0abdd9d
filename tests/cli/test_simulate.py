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
        ((Q4W, "--weight", "160"), "weight 160 kg outside 40 to 130 kg"),
        ((Q4W, "--weight", "160", "--patients", "10001"), "weight 160 kg outside 40 to 130 kg"),
        (
            ("300 mg every 10 weeks x 4", "--weight", "80", "--patients", "10001"),
            "more than 8 weeks after a dose",
        ),
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
    few = () if "--patients" in filled else ("--patients", "20")
    said_ = said(monkeypatch, capsys, *filled, *few, "-o", tmp_path / "levels.csv")
    assert f"* Extrapolation: {reason}" in said_
    assert re.search(r"^ *\* +(\d+|end) ", said_, flags=re.MULTILINE)
    assert pl.read_csv(tmp_path / "levels.csv")["outside_model"].drop_nulls()[-1].startswith(reason)
    assert "Extrapolation" not in said(monkeypatch, capsys, Q4W, *SMALL)


LARGE = ("--weight", "79", "--weight-sd", "20", "--patients", "20000", "--until", "30")


def test_more_than_10000_patients_are_streamed_into_a_table_by_dose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "doses.csv"
    plan = "300 mg every 4 weeks x 4 then every 6 weeks x 4"
    text = said(monkeypatch, capsys, plan, *LARGE, "--target", "5 ug/mL", "--target", "20", "-o", file)
    assert "20,000 virtual patients" in text
    assert f"written  {file} (one row for each dose)" in text
    assert re.search(r"Every 4 weeks, after 3 intervals: mean trough [\d.]+ mg/L \(SD", text)
    table = pl.read_csv(file)
    assert table["next_dose"].to_list() == [1, 2, 3, 4, 5, 6, None]
    assert table["week"][-1] == 30
    row = table.row(4, named=True)
    assert row["trough_p05"] < row["trough_p50"] < row["trough_mean"] < row["trough_p95"]
    assert row["share_at_or_above_20"] < row["share_at_or_above_5"]
    p, error = row["share_at_or_above_5"], row["share_error_5"]
    assert error == pytest.approx((p * (1 - p) / 20_000) ** 0.5, rel=0.01)
    assert f"{100 * p:.2f} % ({100 * error:.3f})" in text
    small = tmp_path / "days.parquet"
    said(monkeypatch, capsys, plan, *LARGE[:4], "--patients", "2000", "--until", "30", "-o", small)
    days = pl.read_parquet(small).filter(pl.col("day") == row["day"])
    assert days["level_p50"][0] == pytest.approx(row["trough_p50"], rel=0.06)
    assert days["level_typical"][0] == pytest.approx(row["trough_typical"], rel=1e-9)


def test_shares_stand_in_the_table_where_it_fits_and_below_it_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    shown = []
    for width in ("80", "120"):
        monkeypatch.setenv("COLUMNS", width)
        file = tmp_path / f"{width}.csv"
        shown.append(said(monkeypatch, capsys, Q4W, *SMALL, "--target", "5", "-o", file))
        assert max(map(len, (line for line in shown[-1].splitlines() if " mg IV" in line))) <= int(width)
    assert re.search(r"^ +2 +4 +[\d.]+ % \([\d.]+\) *$", shown[0], flags=re.MULTILINE)
    assert re.search(r"^ +2 +4 +300 mg IV .* [\d.]+ % \([\d.]+\) *$", shown[1], flags=re.MULTILINE)
    troughs = pl.read_csv(file).filter("is_trough")
    assert f"{100 * troughs['share_at_or_above_5'][0]:.1f} % (" in shown[1]
    assert "≥" not in said(monkeypatch, capsys, Q4W, *SMALL)


def test_parameter_uncertainty_is_said_on_or_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    off = said(monkeypatch, capsys, Q4W, *SMALL)
    assert "Parameter uncertainty: off" in off
    assert "(5-95 % between patients)" in off
    for patients in ("40", "10001"):
        file = tmp_path / f"{patients}.csv"
        options = (
            "--weight",
            "80",
            "--patients",
            patients,
            "--until",
            "9",
            "--parameter-uncertainty",
            "-o",
            file,
        )
        text = said(monkeypatch, capsys, Q4W, *options)
        assert "Parameter uncertainty: on, each virtual patient has its own draw of 10 model numbers." in text
        assert "(5-95 % over patients and parameter uncertainty)" in text
        assert re.search(r"[\d,]+ draws were physically impossible and drawn again", text)
        assert "because no interval was published: absorption rate; bioavailability." in text
        assert "because the authors fixed them: intercompartmental clearance." in text
        assert pl.read_csv(file)["parameter_uncertainty"].all()


@pytest.mark.parametrize("patients", ["20", "10001"])
@pytest.mark.parametrize("moment", ["computing", "writing"])
def test_an_interrupted_simulation_leaves_nothing_behind(
    patients: str, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    def interrupt(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    def half(frame: pl.DataFrame, file: Path) -> None:
        file.write_text("half a fi", encoding="utf-8")
        raise KeyboardInterrupt

    if moment == "writing":
        monkeypatch.setattr(pl.DataFrame, "write_csv", half)
    else:
        monkeypatch.setattr("wearoff.dosing.pk.solve.simulate", interrupt)
        monkeypatch.setattr("wearoff.dosing.pk.summaries.blocks_of", interrupt)
    out = tmp_path / "levels.csv"
    options = ("--weight", "80", "--patients", patients, "--until", "9", "-o", out)
    assert run(monkeypatch, "simulate", Q4W, *options) == app.EXIT_STOPPED
    assert "Stopped; what was not finished was not written." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_an_earlier_run_stays_whole_when_the_next_one_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    out = tmp_path / "levels.csv"
    said(monkeypatch, capsys, Q4W, *SMALL, "-o", out, "--until", "9")
    before = out.read_bytes()

    def fail(frame: pl.DataFrame, file: Path) -> None:
        file.write_text("half a fi", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", fail)
    assert run(monkeypatch, "simulate", Q4W, *SMALL, "-o", out) == app.EXIT_INPUT
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_that_cannot_be_written_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    (tmp_path / "a file").write_text("", encoding="utf-8")
    (tmp_path / "folder.csv").mkdir()
    for out in (tmp_path / "a file" / "levels.csv", tmp_path / "folder.csv"):
        assert run(monkeypatch, "simulate", Q4W, *SMALL, "-o", out) == app.EXIT_INPUT
        assert f"{out}, column --out: cannot be written" in capsys.readouterr().err


def test_the_share_done_and_the_time_left_are_shown_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    assert run(monkeypatch, "simulate", Q4W, *SMALL) == 0
    found = capsys.readouterr()
    assert "20 of 20 patients" in found.err
    assert "100%" in found.err
    assert "patients ━" not in found.out


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


def test_what_happens_besides_doses_is_followed_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    text = said(
        monkeypatch, capsys, "300 mg every 4 weeks x 8 exchange at 100 d and 102 d removing 65 %", "--weight", "80",
        "--weight-change", "211.64 lb from 70 d", "--antibodies-from", "20 weeks", "--patients", "20",
    )  # fmt: skip
    assert (
        "80 to 95.9983 kg; 8 doses; plasma exchange on day 100, 102, removing 65 % of what is in the blood"
        in text
    )
    assert "antibodies from day 140, which speed elimination up" in text
    assert "* Extrapolation: antibodies against the drug" in text
    assert "* Extrapolation: plasma exchange before" in text


def test_a_curve_of_ones_own_stands_beside_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    numbers = {"e0": (0.0, "1"), "emax": (1.0, "1"), "ec50": (40.0, "mg/L"), "hill": (1.0, "1")}
    lines = ["[curves.flow]", 'title = "our flow cytometry"']
    for name, (value, unit) in numbers.items():
        lines += [f"[curves.flow.{name}]", f"value = {value}", f'unit = "{unit}"', 'mark = "assumed"']
        lines.append('source = { text = "our laboratory", where = "a calibration" }')
    file, out = tmp_path / "curves.toml", tmp_path / "levels.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    command = (Q4W, "--weight", "75", "--patients", "20", "--curves", file)
    text = said(monkeypatch, capsys, *command, "-o", out)
    assert "range over 5 curves" in text
    table = pl.read_csv(out)
    expected = table["level_typical"] / (40 + table["level_typical"])
    assert table["saturation_flow"].to_list() == pytest.approx(expected.to_list())
    file.write_text("\n".join(lines).replace("curves.flow", "curves.bridge"), encoding="utf-8")
    assert run(monkeypatch, "simulate", *command) == app.EXIT_INPUT
    assert "'bridge' is the name of a known curve" in capsys.readouterr().err


def test_a_table_may_begin_in_steady_state_and_reset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    table = "ID,TIME (d),AMT (mg),RATE,II,ADDL,SS,EVID,CMT\nA,0,300,7200,28,3,1,1,1\nA,90,.,.,.,.,.,3,.\n"
    (tmp_path / "events.csv").write_text(table, encoding="utf-8")
    options = ("--first-compartment", "central", "--weight", "75", "--patients", "20")
    text = said(monkeypatch, capsys, "--events", tmp_path / "events.csv", *options)
    assert "in steady state from the first record that says so; with resets" in text
    rows = [line.split() for line in text.splitlines() if "300 mg IV" in line]
    assert rows[0][5] == rows[1][5] == "26"
    assert next(line for line in text.splitlines() if line.strip().startswith("end")).split()[2] == "0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("300 mg evry 4 weeks x 2", "--weight", "80"), "^^^^"),
        (("300 every 4 weeks x 2", "--weight", "80"), "the unit of 300 is missing"),
        ((Q4W, "--weight", "80000"), "80000 kg is no body weight"),
        ((Q4W, "--weight", "80000"), "is the unit right?"),
        ((Q4W, "--weight", "80 mg/L"), "write it in kg, g or lb, for example '80 kg' or '176 lb'"),
        ((Q4W, "--weight", "5 mg"), "'5 mg' is no body weight"),
        ((Q4W, "--weight", "80 lbs/kg"), "'80 lbs/kg' is no body weight"),
        ((Q4W, "--weight", "-80"), "'-80' is no body weight"),
        ((Q4W, "--weight", "80,5"), "'80,5' is no body weight"),
        ((Q4W, "--weight", "80", "--target", "5 mg"), "column --target: 'mg' measures something else"),
        ((Q4W, "--weight", "80", "--target", "5 mg per L"), "the unit 'mg per L' is not known"),
        ((Q4W, "--weight", "80", "--target", "high"), "is not a number and a unit"),
        ((Q4W, "--weight", "80", "--target", "0"), "it is a level above 0"),
        ((Q4W, "--weight", "80", "--weight-change", "90 kg"), "is no change of weight; write for example"),
        ((Q4W, "--weight", "80", "--weight-change", "90 kg from 10"), "column --weight-change"),
        ((Q4W, "--weight", "80", "--weight-change", "90000 from 10 d"), "90000 kg is no body weight"),
        ((Q4W, "--weight", "80", "--antibodies-from", "-3 d"), "it is before the first dose"),
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
        (Q4W, "--weight", "80", "--patients", "10000001"),
        (Q4W, "--weight", "80", "--patients", "10001", "--picture", "levels.svg"),
        (Q4W, "--weight", "80", "--until", "9 weeks"),
        ("--events", "a.csv", "--first-compartment", "depot", "--patients", "10001"),
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
