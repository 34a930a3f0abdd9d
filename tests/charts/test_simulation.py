"""A simulated regimen becomes one picture, with a panel for the level and one for the saturation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import polars as pl
import pytest

from tests.charts.test_registry import texts
from wearoff.charts.simulation import draw_simulation, save_simulation
from wearoff.charts.theme import to_svg


def levels(patients: int = 1) -> pl.DataFrame:
    level = [0.0, 80.0, 30.0, 0.001]
    one = pl.DataFrame({"week": [0.0, 0.01, 4.0, 30.0], "level_typical": level}).with_columns(
        level_p05=pl.col("level_typical") * 0.5,
        level_p95=pl.col("level_typical") * 2,
        saturation_bridge=pl.lit(0.7),
        saturation_ec50_only=pl.lit(0.8),
        saturation_low=pl.lit(0.1),
        saturation_high=pl.lit(0.9),
    )
    return pl.concat(one.with_columns(patient_id=pl.lit(f"P{number}")) for number in range(patients))


def test_the_picture_names_patient_axes_and_what_the_bands_are() -> None:
    words = texts(ET.fromstring(to_svg(draw_simulation(levels()))))  # noqa: S314  drawn here
    assert "P0: typical level, and 5 to 95 % between patients" in words
    assert "Saturation of the typical patient: the range over the curves" in words
    assert {"Level, mg/L", "Saturation", "Weeks since the first dose"} <= set(words)


def test_the_picture_says_where_the_band_holds_parameter_uncertainty() -> None:
    uncertain = levels().with_columns(parameter_uncertainty=pl.lit(True))
    words = texts(ET.fromstring(to_svg(draw_simulation(uncertain))))  # noqa: S314  drawn here
    assert "P0: typical level, and 5 to 95 % over patients and parameter uncertainty" in words


def test_a_level_of_zero_does_not_break_the_logarithmic_axis() -> None:
    svg = to_svg(draw_simulation(levels()))
    assert "NaN" not in svg
    assert "Infinity" not in svg


def test_at_most_six_patients_are_drawn() -> None:
    words = texts(ET.fromstring(to_svg(draw_simulation(levels(9)))))  # noqa: S314  drawn here
    assert sum("typical level" in word for word in words) == 6


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<svg"), ("a.png", b"\x89PNG")])
def test_the_ending_decides_the_format(name: str, start: bytes, tmp_path: Path) -> None:
    save_simulation(levels(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
