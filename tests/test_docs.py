"""What the documentation says of commands and files is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from math import ceil
from pathlib import Path

import pytest

from tests.shared import ROOT
from wearoff.cohort.neda import rule_names, step_rule_names
from wearoff.dosing.activity import activity_file
from wearoff.dosing.fit.patient_file import example_patient
from wearoff.stats import (
    group_sizes,
    noninferiority_exact_total,
    noninferiority_power,
    noninferiority_total,
)

DOCS = sorted((ROOT / "docs").rglob("*.md"))


def options_of(command: str) -> set[str]:
    """The long options in a command's help."""
    run = subprocess.run(
        [sys.executable, "-m", "wearoff", command, "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z][a-z-]+", run.stdout)) - {"--help"}


@pytest.mark.parametrize(
    "command",
    [
        "check",
        "study",
        "template",
        "cycle",
        "explain",
        "convert",
        "neda",
        "quality",
        "evidence",
        "models",
        "patient",
        "pml",
        "policies",
        "power",
        "simulate",
        "trial",
    ],
)
def test_every_option_of_a_command_is_documented(command: str) -> None:
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert options_of(command) <= set(re.findall(r"--[a-z][a-z-]+", page))


def test_every_option_in_the_documents_exists() -> None:
    for command in ("study", "neda"):
        known = options_of(command) | {"--version", "--help"}
        for page in [ROOT / "README.md", *DOCS]:
            for line in page.read_text(encoding="utf-8").splitlines():
                if f"wearoff {command}" in line:
                    assert set(re.findall(r"--[a-z][a-z-]+", line)) <= known, (page.name, line)


def test_the_explained_step_rules_are_those_of_the_package() -> None:
    page = (ROOT / "docs" / "explanation" / "neda.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in step_rule_names())
    assert rule_names()[0] == "neda3_12w"


def test_the_explained_exponents_are_those_of_the_package() -> None:
    page = (ROOT / "docs" / "explanation" / "tissue.md").read_text(encoding="utf-8")
    for name, curve in activity_file().curves.items():
        low, high = curve.exponent.interval or (0.0, 0.0)
        numbers = f"{curve.exponent.value:.1f} | {low:.1f} to {high:.1f} | {curve.rate_on_drug.value:.3f}"
        assert f"| `{name}` | {numbers} |" in page


def test_the_planned_sizes_are_those_of_the_package() -> None:
    page = (ROOT / "docs" / "how-to" / "plan-a-study.md").read_text(encoding="utf-8")
    for base in (0.041, 0.1, 0.157, 0.264):
        seed, equal = (
            ceil(noninferiority_total((base, base), margin=0.1, share=share)) for share in (0.425, 0.5)
        )
        exact = noninferiority_power(group_sizes(seed, 0.425), (base, base), margin=0.1)
        needed = noninferiority_exact_total((base, base), margin=0.1, share=0.425)
        assert f"| {100 * base:.3g} % | {seed} | {equal} | {100 * exact:.1f} % | {needed} |" in page
    printed = " ".join(page.split())
    assert printed.count("516 patients followed for 1 year, 297 for 2 years or 225 for 3 years") == 1


def test_the_readme_names_only_paths_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8") + (ROOT / "CONTRIBUTING.md").read_text(
        encoding="utf-8"
    )
    paths = set(re.findall(r"`((?:src|docs|tests|examples)/[\w./-]+)`", text))
    assert len(paths) > 5
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_the_version_is_said_once() -> None:
    from wearoff import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == __version__


@pytest.mark.parametrize(
    "page",
    [
        "how-to/describe-a-patient.md",
        "how-to/run-a-virtual-trial.md",
        "how-to/plan-a-study.md",
        "explanation/pml.md",
        "explanation/published-policies.md",
        "explanation/tissue.md",
        "explanation/virtual-patients.md",
    ],
)
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    (tmp_path / "patient.toml").write_text(example_patient(), encoding="utf-8")
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        code = "import warnings\nwarnings.simplefilter('error')\n" + block
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
        assert run.returncode == 0, run.stderr


def blocks(page: str, language: str) -> list[str]:
    """The blocks of code of one language in a page of the documents."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_protocol_of_the_how_to_is_sound_and_names_what_there_is() -> None:
    from wearoff.trial.definition.protocol_file import parse_protocol, protocol_names

    (text,) = blocks("how-to/write-a-protocol.md", "toml")
    assert parse_protocol(text).size == 80
    page = (ROOT / "docs" / "how-to" / "write-a-protocol.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, flags=re.MULTILINE)) == set(protocol_names())


def test_the_faults_of_the_how_to_are_those_that_are_told() -> None:
    from wearoff.errors import InputError
    from wearoff.trial.definition.protocol_file import parse_protocol

    (text,) = blocks("how-to/write-a-protocol.md", "toml")
    (said,) = blocks("how-to/write-a-protocol.md", "text")
    text = text.replace("size = 40", "size = 0", 1).replace('"neda3_12w"', '"neda3_12"')
    text = text.replace('"mann_whitney"', '"weighted_risk_difference"').replace(
        'endpoint = "level"\nby = "arm"', 'endpoint = "activity"\nby = "wearing_off"'
    )
    with pytest.raises(InputError) as caught:
        parse_protocol(text, "mine.toml")
    found = [str(problem) for problem in caught.value.problems]
    shown = [line.removesuffix(", ...") for line in said.strip().splitlines()]
    assert len(found) == len(shown)
    assert all(told.startswith(line) for told, line in zip(found, shown, strict=True)), found


def test_every_table_of_a_protocol_is_in_the_how_to() -> None:
    from wearoff.trial.definition.protocol_form import forms

    page = (ROOT / "docs" / "how-to" / "write-a-protocol.md").read_text(encoding="utf-8")
    assert {form.written for form in forms().values() if form.path and form.written not in page} == set()
