from __future__ import annotations

import pytest

from tests.cli.test_study import run


def test_a_word_lists_the_figures_with_value_mark_and_citation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "evidence", "Bringeland", "NEDA") == 0
    printed = capsys.readouterr()
    assert "35 patients" in printed.out
    assert "[measured]" in printed.out
    assert "https://doi.org/10.1016/j.jns.2020.116880" in printed.out


def test_without_a_word_everything_is_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from wearoff.sources import evidence

    assert run(monkeypatch, "evidence") == 0
    assert f"{len(evidence())} published figures" in capsys.readouterr().err


def test_a_word_that_occurs_nowhere_says_so_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "evidence", "aspirin") == 1
    assert "0 published figures with 'aspirin'" in capsys.readouterr().err
