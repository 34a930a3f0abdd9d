"""`wearoff explain` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_models import flat
from tests.cli.test_study import run
from tests.explained import DRAWS, answered
from wearoff.cli.explain import explained_lines
from wearoff.report.explained_html import render_explained


def test_the_command_prints_every_answer_and_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "explain.html"
    assert run(monkeypatch, "explain", "--draws", str(DRAWS), "-o", str(file)) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == [*explained_lines(answered()), f"written  {file}"]
    assert file.read_text(encoding="utf-8") == render_explained(answered())


def test_answers_tables_limits_and_sources_are_printed_within_the_width() -> None:
    lines = explained_lines(answered())
    text = flat(" ".join(lines))
    for each in answered().explanations:
        assert each.question in lines
        assert flat(each.answer) in text
        assert all(flat(limit) in text for limit in each.limits)
        assert flat(", ".join(each.evidence)) in text
        for grid in each.grids:
            for label, *cells in grid.cells:
                assert any(label in line and cells[0] in line for line in lines) or label in text
                assert all(cell in text for cell in cells)
    assert max(map(len, lines)) <= 112
    assert "not a dose recommendation" in lines[-1]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "a.pdf"), 2, "no .html file"),
        (("--draws", "10"), 2, "greater than or equal to 100"),
        (("--weight", "heavy"), 1, "no body weight"),
    ],
)
def test_what_cannot_be_asked_is_said(
    words: tuple[str, ...],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "explain", *words) == code
    assert said in flat(capsys.readouterr().err)
