"""`wearoff models` as a person meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_study import EXAMPLE, run
from tests.dosing.pk.test_models import OWN, written
from wearoff.dosing.pk.models import card_names, model_card


def flat(text: str) -> str:
    return " ".join(text.split())


def test_every_model_is_listed_with_use_structure_and_reference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "models") == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[::3]] == list(card_names())
    for name in card_names():
        card = model_card(name)
        assert f"{card.use:16}  {card.structure}" in printed
        assert card.title in printed
        assert (card.reference.link or card.reference.citation) in printed


@pytest.mark.parametrize("name", card_names())
def test_a_card_prints_every_number_with_value_unit_interval_mark_and_source(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "models", name) == 0
    printed = flat(capsys.readouterr().out)
    card = model_card(name)
    for figure in card.figures.values():
        unit = "" if figure.unit == "1" else f" {figure.unit}"
        assert f"{figure.value:g}{unit}" in printed
        assert figure.source.citation in printed
        if figure.interval is not None:
            assert f"{figure.interval[0]:g} to {figure.interval[1]:g} ({figure.interval_kind})" in printed
    for text in (
        card.use,
        card.use_reason or "",
        card.domain.reason,
        card.population.description,
        *card.notes,
    ):
        assert flat(text) in printed


def test_typical_troughs_are_those_of_the_specification(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "models", "van_den_berg_2025", "--typical") == 0
    printed = capsys.readouterr().out
    for line in ("every 4 weeks  26 mg/L", "every 6 weeks  7.6 mg/L", "every 8 weeks  0.84 mg/L"):
        assert line in printed


def test_a_file_of_your_own_has_a_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "models", written(tmp_path, OWN)) == 0
    assert "1 compartment; infusion; Michaelis-Menten elimination" in capsys.readouterr().out


def test_what_cannot_be_shown_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "models", "linear_without_saturation", "--typical") == 1
    assert "'never'" in capsys.readouterr().err
    assert run(monkeypatch, "models", "van_den_berg_2024") == 1
    assert "Did you mean 'van_den_berg_2025'?" in capsys.readouterr().err
    assert run(monkeypatch, "models", "--typical") == 2


def test_a_study_refuses_a_model_that_is_not_for_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--model", "toukam_2025_biib107", "--as-of", "2026-01-01")
    assert run(monkeypatch, "study", EXAMPLE, "-o", tmp_path / "out", *arguments) == 1
    said = capsys.readouterr().err
    assert "'toukam_2025_biib107' is not for prediction" in said
    assert "BIIB107" in said
    assert not (tmp_path / "out").exists()


def test_the_list_and_a_card_load_no_solver() -> None:
    code = (
        "import sys; from wearoff.cli.app import app\n"
        "for words in (['models'], ['models', 'davda_2014']):\n"
        "    app(words, standalone_mode=False)\n"
        "sys.exit('jax' in sys.modules)"
    )
    run_ = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert run_.returncode == 0
