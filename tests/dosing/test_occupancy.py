"""The four saturation curves: laws, the figures of the specification, and their sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearoff.dosing.occupancy import curve_names, load_curve, read_curves
from wearoff.errors import InputError, UnknownNameError
from wearoff.sources import Mark, figure

SPECIFIED = {
    "ec50_only": (0, 1, 2.51),
    "bridge": (0.177, 0.775, 2.51),
    "trough_pairs_low": (0, 0.93, 2.0),
    "trough_pairs_high": (0, 1, 5.1),
}
levels = st.floats(0, 500)


def test_the_four_curves_of_the_specification_are_there() -> None:
    assert curve_names() == tuple(SPECIFIED)


@pytest.mark.parametrize("name", SPECIFIED)
def test_a_curve_has_its_specified_numbers(name: str) -> None:
    curve = load_curve(name)
    assert (curve.e0.value, curve.emax.value, curve.ec50.value) == SPECIFIED[name]
    assert curve.hill.value == 1


@pytest.mark.parametrize("name", SPECIFIED)
@given(low=levels, high=levels)
def test_saturation_is_a_fraction_that_rises_with_the_level(name: str, low: float, high: float) -> None:
    low, high = sorted((low, high))
    below, above = load_curve(name).saturation([low, high])
    assert 0 <= below <= above <= 1


@pytest.mark.parametrize("name", SPECIFIED)
def test_half_of_the_rise_is_reached_at_ec50(name: str) -> None:
    e0, emax, ec50 = SPECIFIED[name]
    curve = load_curve(name)
    np.testing.assert_allclose(curve.saturation([0, ec50, 1e12]), [e0, e0 + emax / 2, e0 + emax])


def test_the_derived_curves_pass_near_both_published_trough_pairs() -> None:
    levels, measured = zip(
        *((figure(c).number, figure(o).number) for c, o in (("P090", "P092"), ("P091", "P093"))),
        strict=True,
    )
    for name in ("trough_pairs_low", "trough_pairs_high"):
        predicted = 100 * load_curve(name).saturation(levels)
        assert np.abs(predicted - measured).max() < 6  # percentage points


@pytest.mark.parametrize("name", SPECIFIED)
def test_every_number_has_a_mark_and_a_source_that_exists(name: str) -> None:
    for entry in load_curve(name).figures.values():
        assert entry.source.text
        assert entry.source.where
        if entry.mark is not Mark.ASSUMED:
            assert entry.evidence
        for row in entry.evidence:
            assert figure(row).topic in {"exposure", "occupancy"}


def test_the_numbers_that_were_read_are_those_of_the_evidence_table() -> None:
    assert load_curve("ec50_only").ec50.value == figure("P023").number
    bridge = load_curve("bridge")
    assert 100 * bridge.e0.value == pytest.approx(figure("P074").number)
    assert 100 * bridge.emax.value == pytest.approx(figure("P075").number)


def test_a_missing_level_stays_missing_and_a_negative_one_is_refused() -> None:
    curve = load_curve("bridge")
    assert np.isnan(curve.saturation(np.nan))
    with pytest.raises(ValueError, match="negative"):
        curve.saturation([-1.0])


def test_an_unknown_curve_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="bridge"):
        load_curve("brigde")


def test_a_curve_above_full_saturation_is_refused(tmp_path: Path) -> None:
    number = '{{ value = {}, unit = "{}", mark = "assumed", source = {{ text = "x" }} }}'
    path = tmp_path / "mine.toml"
    path.write_text(
        '[curves.mine]\ntitle = "t"\n'
        + "\n".join(
            f"{name} = {number.format(value, unit)}"
            for name, value, unit in (
                ("e0", 0.5, "1"),
                ("emax", 0.6, "1"),
                ("ec50", 2.0, "mg/L"),
                ("hill", 1.0, "1"),
            )
        )
    )
    with pytest.raises(InputError, match=r"mine.toml, column curves.mine"):
        read_curves(path)
