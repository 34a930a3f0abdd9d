"""`wearoff check` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cli.test_models import flat
from tests.cli.test_study import run
from wearoff.cli.check import board_lines
from wearoff.dosing.scoreboard.entries import entries
from wearoff.dosing.scoreboard.score import Scoreboard, score


@pytest.fixture(scope="module")
def board() -> Scoreboard:
    return score(100, 2, policy_patients=100)


def test_the_command_prints_the_scoreboard_and_writes_the_whole_table(
    board: Scoreboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, picture = tmp_path / "new" / "scoreboard.csv", tmp_path / "scoreboard.svg"
    words = ("--patients", "100", "--seed", "2", "--misses", "-o", str(file), "--picture", str(picture))
    assert run(monkeypatch, "check", *words) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:-2] == board_lines(board, misses_only=True)
    assert printed[-2:] == [f"written  {file}  ({len(board.rows)} predictions)", f"written  {picture}"]
    assert picture.read_bytes().startswith(b"<svg")
    frame = pl.read_csv(file)
    assert frame.get_column("figure").to_list() == [row.entry.name for row in board.rows]
    assert frame.get_column("predicted").to_list() == [row.predicted.value for row in board.rows]
    assert frame.get_column("is_hit").to_list() == [row.is_hit for row in board.rows]


def test_every_figure_stands_with_its_row_band_reason_and_verdict(board: Scoreboard) -> None:
    lines = board_lines(board)
    printed = flat(" ".join(lines))
    for entry in entries():
        assert flat(entry.title) in printed
        assert flat(f"{entry.published}{'' if entry.unit == '1' else ' ' + entry.unit}") in printed
        assert flat(entry.why) in printed
        assert flat(entry.note) in printed
        assert all(id_ in printed for id_ in entry.evidence)
    assert sum(line.startswith("*   ") for line in lines) - 1 == board.counts["used to fit"][1]
    assert sum("MISS by" in line for line in lines) == sum(not row.is_hit for row in board.rows)
    assert max(map(len, lines)) <= 120


def test_misses_alone_leave_the_counts_as_they_are(board: Scoreboard) -> None:
    lines = board_lines(board, misses_only=True)
    assert sum("MISS by" in line for line in lines) == sum(not row.is_hit for row in board.rows)
    assert not any(" hit" in line and "(" in line and "predictions" not in line for line in lines)
    assert lines[-4:] == board_lines(board)[-4:]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "a.txt"), 2, "no .csv file"),
        (("--picture", "a.pdf"), 2, "neither .svg nor .png"),
        (("--patients", "10"), 2, "greater than or equal to 100"),
    ],
)
def test_what_cannot_be_asked_is_said(
    words: tuple[str, ...],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "check", *words) == code
    assert said in flat(capsys.readouterr().err)
