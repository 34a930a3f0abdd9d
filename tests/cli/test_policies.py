"""`wearoff policies` as a person meets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.test_models import flat
from tests.cli.test_study import run
from wearoff.cli.policies import figure_lines
from wearoff.dosing.policies import policy_card, policy_names
from wearoff.dosing.published_dosing import recompute


def test_every_policy_is_listed_with_title_and_reference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "policies") == 0
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()[::2]] == list(policy_names())
    for name in policy_names():
        card = policy_card(name)
        assert card.title in printed.out
        assert (card.reference.link or card.reference.citation) in printed.out
    assert "no recommendation, and no aim is preset" in printed.err


@pytest.mark.parametrize("name", policy_names())
def test_a_card_prints_the_rule_and_every_setting_with_unit_mark_and_source(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "policies", name) == 0
    printed, card = flat(capsys.readouterr().out), policy_card(name)
    for key, setting in card.settings.items():
        unit = "" if setting.unit == "1" else f" {setting.unit}"
        assert f"{key} {setting.value:g}{unit}" in printed
        assert f"[{setting.mark}]" in printed
        assert flat(setting.source.citation) in printed
    for text in (card.rule, card.reference.citation, *card.notes):
        assert flat(text) in printed


def test_the_figures_are_printed_as_recomputed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "policies", "--figures", "--patients", "100", "--seed", "3") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == figure_lines(recompute(100, 3))
    assert printed[0].startswith("100 virtual patients of van_den_berg_2025, seed 3")
    for row in (f"P{number:03d}" for number in range(13, 23)):
        (line,) = (line for line in printed if row in line)
        assert " near" in line or " miss" in line
    assert all(len(line) <= 120 for line in printed)


def test_what_cannot_be_shown_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "policies", "model_infromed") == 1
    assert "Did you mean 'model_informed'?" in capsys.readouterr().err
    assert run(monkeypatch, "policies", "fixed", "--figures") == 2
    assert run(monkeypatch, "policies", "--figures", "--patients", "10") == 2


def test_the_list_and_a_card_load_no_solver() -> None:
    code = (
        "import sys; from wearoff.cli.app import app\n"
        "for words in (['policies'], ['policies', 'model_informed']):\n"
        "    app(words, standalone_mode=False)\n"
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
