"""`wearoff pml` as a person meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_models import flat
from tests.cli.test_study import run
from wearoff.cli.pml import risk_lines
from wearoff.dosing.pml import Antibody, PmlFactors, pml_risk

BAND = pml_risk(PmlFactors(Antibody.POSITIVE, 2.4), 4.5, 6)
SHOWN = [
    BAND,
    pml_risk(PmlFactors(Antibody.POSITIVE, 1.2), 3),
    pml_risk(PmlFactors(Antibody.POSITIVE, None, True), 6, 6),
    pml_risk(PmlFactors(Antibody.NEGATIVE), 4),
]
everyone = pytest.mark.parametrize("risk", SHOWN, ids=lambda risk: risk.group)


def test_the_command_prints_the_lines_of_the_risk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "pml", "--index", "2.4", "--years", "4.5", "--interval", "6") == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == risk_lines(BAND)
    assert "No earlier immunosuppression is taken as given" in printed.err


@everyone
def test_every_epoch_source_and_limit_is_printed(risk) -> None:
    printed = flat(" ".join(risk_lines(risk)))
    for row in [epoch.published for epoch in risk.epochs] + list(risk.beside):
        assert row.id in printed
        assert flat(row.citation) in printed
    for note in risk.notes:
        assert flat(note) in printed
    assert "not a prediction for one person" in printed
    assert "not added to the risk of relapse" in printed
    if risk.extended is not None:
        assert "observational" in printed
        for row in (risk.extended.ratio, *risk.extended.pooled):
            assert row.id in printed
            assert row.value in printed
        for note in risk.extended.notes:
            assert flat(note) in printed


@everyone
def test_a_thousand_dots_are_printed_and_as_many_marked_as_the_value_says(risk) -> None:
    field = "".join(line for line in risk_lines(risk) if set(line) <= set("●○·") and line)
    assert len(field) == 1000
    assert (field.count("●"), field.count("○")) == (risk.icons.within_low, risk.icons.up_to_high)


@everyone
def test_nothing_instructs_and_every_line_fits_a_terminal(risk) -> None:
    lines = risk_lines(risk)
    printed = " ".join(lines).lower()
    for word in ("should", "recommend ", "safe to", "must", "advise"):
        assert word not in printed
    assert max(map(len, lines)) <= 120


def test_the_ratio_stands_with_both_ends_of_its_interval_and_no_effect() -> None:
    printed = "\n".join(risk_lines(BAND))
    for ratio, shown in (
        ("0.06", "0.6 to 1.2"),
        ("0.01", "0.1 to 0.2"),
        ("0.22", "2.2 to 4.4"),
        ("1,", "10 to 20"),
    ):
        assert any(
            line.lstrip().startswith(f"ratio {ratio}") and line.endswith(shown)
            for line in printed.splitlines()
        )


def test_a_picture_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "pml.svg"
    assert run(monkeypatch, "pml", "--antibody", "negative", "--years", "2", "--picture", str(file)) == 0
    assert file.read_bytes().startswith(b"<svg")
    assert f"written  {file}" in capsys.readouterr().out
    assert [path.name for path in file.parent.iterdir()] == ["pml.svg"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--years", "2"), 2, "unknown status"),
        (("--index", "1.2", "--years", "2", "--picture", "a.pdf"), 2, "neither .svg nor .png"),
        (("--index", "1.2", "--years", "8"), 1, "up to 6 years on natalizumab, and none for 8"),
        (("--index", "1.2", "--antibody", "negative", "--years", "2"), 1, "have no index"),
        (("--index", "1.2", "--years", "2", "--interval", "16"), 1, "from 3 to 12 weeks"),
    ],
)
def test_what_lies_outside_the_table_is_refused_in_a_sentence(
    words: tuple[str, ...],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "pml", *words) == code
    printed = capsys.readouterr()
    assert said in flat(printed.err)
    assert "●" not in printed.out


def test_a_picture_that_cannot_be_written_is_said_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    file = tmp_path / "taken" / "pml.svg"
    assert run(monkeypatch, "pml", "--antibody", "negative", "--years", "2", "--picture", str(file)) == 1
    assert "taken" in capsys.readouterr().err


def test_without_a_picture_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys\nsys.argv = ['wearoff', 'pml', '--index', '1.2', '--years', '3']\n"
        "import wearoff.cli.app as app\n"
        "try:\n    app.main()\nexcept SystemExit:\n    pass\n"
        "assert not {'jax', 'polars', 'altair'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
