"""`wearoff power` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from tests.cli.test_models import flat
from tests.cli.test_study import run
from wearoff.cli.power import share
from wearoff.cli.power_text import power_lines
from wearoff.trial.power import PowerChoices, plan_study

FEW = ("--replicates", "20")


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return flat(capsys.readouterr().out)


def test_the_command_answers_with_the_published_sizes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "power", *FEW) == 0
    said = printed(capsys)
    assert "516 patients followed for 1 year, 297 for 2 years or 225 for 3 years" in said
    assert "10 % 1 66.8 516 219 297" in said
    assert "4.1 % 3 66.8 497 211 286" in said
    assert "Limits" in said


@pytest.mark.parametrize("question", ["wearing_off_activity", "occupancy_wearing_off", "sid_eid"])
def test_every_table_of_the_screen_is_printed_within_its_width(question: str) -> None:
    result = plan_study(PowerChoices(question, replicates=20, has_curves=False))
    lines = power_lines(result)
    assert max(map(len, lines)) <= 120
    assert not [line for line in lines if line.strip().startswith("%")]
    text = flat(" ".join(lines))
    for sentence in (*result.answer.sentences, *result.answer.limits, result.answer.headline):
        assert flat(sentence) in text
    for row in result.tables["side_by_side"].frame.to_dicts():
        assert row["analysis"] in text
    for row in result.tables["assumptions"].frame.to_dicts():
        assert f"[{row['mark']}]" in text
        assert row["setting"] in text


def test_options_replace_the_numbers_of_the_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ("--ratio", 3, "--activity", "20%", "--activity", 0.05, "--exposed", "50 %", "--dropout", 0)
    more = (
        "--years",
        2,
        "--years",
        4,
        "--power",
        0.9,
        "--alpha",
        "1 %",
        "--scans",
        1,
        "--relapse-share",
        0.5,
    )
    assert run(monkeypatch, "power", *chosen, *more, *FEW, "--set", "ratio_sd=0.2") == 0
    said = printed(capsys)
    assert "3 times the hazard" in said
    assert "50 % have wearing-off and 0 % are lost each year, at 90 % power and a two-sided 1 % level" in said
    assert "where 20 % of those without" in said
    assert "where 5 % of those without" in said
    assert "1 scans a year, 50 % of first activity noticed at once" in said
    assert "ratio_sd 0.2 [chosen]" in said


def test_a_number_of_patients_is_answered_with_its_power(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "power", "sid-eid", "--patients", 228, "--dropout", "0 %", *FEW) == 0
    said = printed(capsys)
    assert "228 patients for 1 year have a power of 80.0 % to exclude a difference of 10 points" in said
    assert "75.8 %" in said


def test_a_folder_gets_page_paper_tables_and_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "power", *FEW, "--seed", 5, "-o", tmp_path / "out") == 0
    result = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert result["figures"]["patients"] == 516
    assert result["provenance"]["seed"] == 5
    names = {path.stem for path in (tmp_path / "out" / "tables").glob("*.csv")}
    assert names >= {
        "sizes",
        "side_by_side",
        "behaviour",
        "power_curves",
        "assurance",
        "assumptions",
        "sources",
    }
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert "A plan, not a result" in page
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "report" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--activity", "10"), "--activity 10 is more than everybody; write 0.1 or '10 %'"),
        (("--dropout", "some"), "--dropout 'some' is no share"),
        (("--set", "ratio=2"), "has an option of its own, --ratio"),
        (("--set", "ratio_sd"), "is not NAME=NUMBER"),
        (("--set", "ratio_sd=wide"), "is not NAME=NUMBER"),
    ],
)
def test_what_cannot_be_read_is_answered_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments, said: str
) -> None:
    assert run(monkeypatch, "power", *arguments) == 2
    assert flat(said) in flat(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--margin", "10 %"), "--margin: wearing_off_activity has no such setting"),
        (
            ("--exposed", "100 %", "--alpha", "0"),
            "--alpha: the chance of a false alarm must lie between 0 and 0.5",
        ),
        (
            ("--exposed", "100 %", "--alpha", "0"),
            "--exposed: the share with wearing-off must lie between 0 and 1",
        ),
        (("--ratio", "1"), "--ratio: the ratio is 1, so there is nothing to find"),
        (("--ratio", "1.02"), "--patients: this asks for"),
        (("--set", "spread=1"), "--set spread: wearing_off_activity has no such setting"),
        (("sid_eid", "--set", "true_ratio=4"), "--margin: the true difference reaches the margin"),
        (("sid_eids",), "Did you mean 'sid_eid'?"),
    ],
)
def test_what_cannot_be_planned_names_the_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments, said: str
) -> None:
    assert run(monkeypatch, "power", *arguments) == 1
    assert flat(said) in flat(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("text", "value"), [("0.1", 0.1), ("10%", 0.1), (" 12.5 % ", 0.125), ("0", 0.0), ("1", 1.0)]
)
def test_a_share_is_read_as_people_write_it(text: str, value: float) -> None:
    assert share("activity", text) == pytest.approx(value)


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="--relapse-share"):
        share("relapse_share", "%")
