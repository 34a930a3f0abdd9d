"""`wearoff cycle` as a person meets it."""

from __future__ import annotations

import pytest

from tests.cli.test_models import flat
from tests.cli.test_study import run
from wearoff.cli.cycle import cycle_lines
from wearoff.dosing.cycle import tissue_cycle
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.trafficking import trafficking_file


def printed_by(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(monkeypatch, "cycle", *words) == 0
    return capsys.readouterr().out.splitlines()


def test_a_cycle_is_printed_as_computed_day_by_day(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--interval", "6", "--weight", "176 lb", "--draws", "100", "--seed", "3")
    printed, model = printed_by(monkeypatch, capsys, *words), load_model()
    found = tissue_cycle(model, 176 * 0.45359237, 6.0, draws=100, seed=3)
    assert printed == cycle_lines(found, model)
    for day in ("after it", "day 7", "day 35", "before next"):
        assert sum(line.startswith(day) for line in printed) == 3
    assert all(len(line) <= 120 for line in printed)


def test_the_answer_has_direction_size_and_what_no_cohort_has_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = flat(" ".join(printed_by(monkeypatch, capsys, "--weight", "80", "--draws", "100")))
    assert (
        "Is one most vulnerable right after the infusion? It depends on to what. In this model the block is deepest"
        in text
    )
    rise = tissue_cycle(load_model(), 80.0, 4.0, draws=100).rise["cns_cd4"]
    assert 0 < rise.low < 0.05  # printed as less than a tenth, because it does rise
    assert f"brain CD4 {rise.middle_low:.1f}-{rise.middle_high:.1f} (<0.1 to {rise.high:.0f})" in text
    assert "no cohort has shown a difference in outcome by day of the cycle" in text
    assert "It is no risk of infection, and no day of the cycle is shown to be safe." in text
    assert "Nobody has compared human CSF under 4- and 6-weekly dosing." in text


def test_what_lies_outside_the_evidence_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = flat(
        " ".join(printed_by(monkeypatch, capsys, "--weight", "150", "--interval", "12", "--draws", "100"))
    )
    assert "Outside the model's data: a weight of 150 kg" in text
    assert "Outside the model's data: an interval above 8 weeks; there it rests on Km" in text
    assert "IO065" in text


def test_every_number_is_listed_with_mark_range_and_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed_by(monkeypatch, capsys, "--numbers")
    text = flat(" ".join(lines))
    for name, figure in trafficking_file().figures.items():
        (line,) = (line for line in lines if line.startswith(f"{name} "))
        assert f"{figure.value:g}" in line
        assert "[assumed]" in line
        assert "scanned range" in line
        assert flat(figure.source.citation) in text


def test_without_a_weight_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "cycle", "--interval", "6") == 2
    assert "--weight 80" in capsys.readouterr().err
