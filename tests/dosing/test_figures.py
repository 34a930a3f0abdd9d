"""A data file is read strictly, and a fault names the file and the field."""

from __future__ import annotations

from pathlib import Path

import pytest

from wearoff.dosing.figures import Figure, digest_of, read_figures
from wearoff.errors import InputError
from wearoff.sources import Mark

GOOD = 'value = 0.16\nunit = "L/d"\nmark = "secondary"\nsource = { text = "Somebody 2020" }\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "numbers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_figure_carries_value_unit_mark_and_source(tmp_path: Path) -> None:
    figure = read_figures(Figure, written(tmp_path, GOOD))
    assert (figure.value, figure.unit, figure.mark) == (0.16, "L/d", Mark.SECONDARY)
    assert figure.source.citation == "Somebody 2020"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (GOOD.replace("0.16", '"0.16"'), "value"),
        (GOOD.replace('unit = "L/d"\n', ""), "unit"),
        (GOOD.replace("secondary", "certain"), "mark"),
        (GOOD + "colour = 3\n", "colour"),
        (GOOD.replace('text = "Somebody 2020"', 'doi = "10.1/x"'), "source.text"),
    ],
)
def test_a_wrong_field_is_refused_by_name(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        read_figures(Figure, written(tmp_path, text))
    assert [problem.file for problem in caught.value.problems] == ["numbers.toml"]
    assert caught.value.problems[0].column == field


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + 'interval = [0.2, 0.3]\ninterval_kind = "95 %"\n', "contain the value"),
        (GOOD + "interval = [0.1, 0.3]\n", "together"),
        (GOOD.replace("0.16", "nan"), "finite"),
        ("value = ", "not a usable TOML file"),
    ],
)
def test_a_figure_that_contradicts_itself_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_figures(Figure, written(tmp_path, text))


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    before = digest_of(written(tmp_path, GOOD))
    assert len(before) == 64
    assert digest_of(written(tmp_path, GOOD + "\n")) != before
