"""A patient file on the command line: the options, the user's rule, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from wearoff.cli import app
from wearoff.dosing.fit.patient_file import example_patient

Printed = pytest.CaptureFixture[str]
FAST = ("--draws", "300")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["wearoff", "patient", *map(str, arguments)])
    monkeypatch.setenv("COLUMNS", "160")
    with pytest.raises(SystemExit) as end:
        app.main()
    return int(end.value.code or 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "patient.toml"
    path.write_text(example_patient(), encoding="utf-8")
    return path


def test_the_example_is_printed_as_a_file_that_can_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    assert run(monkeypatch, "--example") == 0
    assert capsys.readouterr().out == example_patient()


def test_every_interval_stands_beside_the_users_rule(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    assert run(monkeypatch, file, "--target", "5 ug/mL", "--probability", "0.9", *FAST) == 0
    text = capsys.readouterr().out
    rows = [line for line in text.splitlines() if " weeks  20" in line]
    assert [row.split()[0] for row in rows] == ["4", "5", "6", "7", "8"]
    assert "meets it" in rows[0]
    assert "does not" in rows[-1]
    assert "your floor of 5 mg/L" in text
    assert "Without another dose the floor holds for" in text
    assert "Outside the data of van_den_berg_2025: plasma exchange" in text
    assert "Evidence, 5 and 6 weeks: One randomised trial" in text
    for word in ("should", "recommend ", "safe to", "give the"):
        assert word not in text


def test_without_a_floor_nothing_is_asked(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    assert run(monkeypatch, file, "--week", "6", *FAST) == 0
    text = capsys.readouterr().out
    assert "No floor was asked for" in text
    assert "chance" not in text


def test_a_saturation_may_be_the_floor_and_the_seed_makes_the_numbers(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    command = (file, "--target", "80 %", "--curve", "bridge", "--week", "6", "--published-numbers", *FAST)
    texts = []
    for _ in range(2):
        assert run(monkeypatch, *command) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert "80 % saturation under bridge" in texts[0]
    assert "as published" in texts[0]


def test_what_is_asked_is_said(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    asked = ("--falls-under", "2 mg/L", "--falls-under", "50 %", "--weight", "100 kg", "--delay", "10")
    fit = ("--between-occasions", "10 %", "--fit-occupancy", "bridge", "--occupancy-sd", "8 %")
    model = ("--model", "van_den_berg_2025", "--week", "6")
    assert run(monkeypatch, file, *asked, *fit, *model, *FAST) == 0
    text = capsys.readouterr().out
    assert "the level stays at or above 2 mg/L for" in text
    assert "The saturation stays at or above 50 % for" in text
    assert "At 100 kg from today on" in text
    assert "10 days" in text
    assert "with a CV of 10 % (assumed)" in text
    assert "enter the fit under bridge, SD 8 points (assumed)" in text
    assert "label_linear_mm" not in text


def test_a_level_that_does_not_fit_is_marked(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    # a tenth of the unit, as slips go
    file.write_text(example_patient().replace("13.1 mg/L", "131 mg/L"), encoding="utf-8")
    assert run(monkeypatch, file, *FAST) == 0
    assert "* 2026-04-08" in capsys.readouterr().out


def test_the_example_in_the_repository_is_the_one_that_is_printed() -> None:
    shipped = Path(__file__).parents[2] / "examples" / "patient.toml"
    assert shipped.read_text("utf-8") == example_patient()


def test_a_report_is_written_and_its_place_is_said(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    out = tmp_path / "out"
    assert run(monkeypatch, file, "--target", "5", "--week", "6", "-o", out, *FAST) == 0
    text = capsys.readouterr().out
    for name in ("report.html", "report.pdf", "result.json"):
        assert (out / name).stat().st_size > 1000
        assert str(out / name) in text


def test_a_file_in_the_way_of_the_report_is_refused_before_anything_is_computed(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setattr("wearoff.dosing.assess.assess", pytest.fail)
    assert run(monkeypatch, file, "-o", file) == app.EXIT_INPUT
    assert "this is a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "give a patient FILE"),
        (("{file}", "--probability", "0.9"), 2, "--probability is a rule about a floor"),
        (("{file}", "--week", "10"), 2, "add --long to see them"),
        (("{file}", "--week", "0"), 2, "more than 0 weeks"),
        (("{file}", "--target", "80 %"), 2, "say which with --curve"),
        (("{file}", "--target", "5", "--curve", "bridge"), 2, "--curve belongs to a saturation"),
        (("{file}", "--target", "5 kg"), 1, "measures something else"),
        (("{file}", "--target", "5", "--probability", "90"), 1, "a probability lies between 0 and 1"),
        (("{file}", "--target", "80 %", "--curve", "mine"), 1, "there is no saturation curve 'mine'"),
        (("nothing.toml",), 1, "nothing.toml"),
        (("{file}", "--falls-under", "5 kg"), 1, "--falls-under"),
        (("{file}", "--between-occasions", "0 %"), 1, "finite and positive"),
        (("{file}", "--between-occasions", "10"), 1, "--between-occasions"),
        (("{file}", "--fit-occupancy", "bridge"), 2, "are given together"),
        (("{file}", "--fit-occupancy", "mine", "--occupancy-sd", "8 %"), 1, "no saturation curve 'mine'"),
        (("{file}", "--fit-occupancy", "bridge", "--occupancy-sd", "0 %"), 1, "a fraction above 0"),
        (("{file}", "--weight", "9 kg"), 1, "25 to 250 kg"),
        (("{file}", "--delay", "-3"), 2, "from 0 to 365"),
        (("{file}", "--model", "mine"), 1, "no pharmacokinetic model 'mine'"),
    ],
)
def test_what_cannot_be_is_refused(
    arguments: tuple[str, ...], code: int, said: str, file: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: Printed,
) -> None:  # fmt: skip
    assert run(monkeypatch, *(argument.format(file=file) for argument in arguments)) == code
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert said in error


def test_a_patient_without_a_level_is_refused_by_name(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    text = example_patient()
    file.write_text(text[: text.index("[[level]]")] + text[text.index("[[occupancy]]") :], encoding="utf-8")
    assert run(monkeypatch, file) == app.EXIT_INPUT
    assert "there is no level to fit" in capsys.readouterr().err
