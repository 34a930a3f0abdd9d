"""Cells in blood and CSF against the closed form of a constant level, and what was published."""

from __future__ import annotations

import pytest

from wearoff.dosing.occupancy import curve_names
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.scoreboard import tissue
from wearoff.dosing.scoreboard.simulations import Simulations
from wearoff.dosing.trafficking import blood_excess, free_share, load_curve, typical_numbers

SIMULATIONS = Simulations(load_model(), 20, 2, 3)


@pytest.mark.parametrize("name", curve_names())
def test_the_rise_lies_between_those_of_a_level_held_at_trough_and_at_full_block(name: str) -> None:
    trough = SIMULATIONS.typical
    from wearoff.dosing.pk.population import steady_population

    level = steady_population(trough, 4.0).trough[0]
    f = typical_numbers().alpha4_share_of_exit
    at_trough = float(blood_excess(free_share(load_curve(name), level), f)[0])
    rise = tissue.rise_of_lymphocytes(SIMULATIONS, {"curve": name})
    assert at_trough < rise.value < 1 / (1 - float(f[0]))
    assert rise.error == 0


def test_a_count_is_the_rise_times_the_count_before() -> None:
    settings = {"curve": "bridge", "before": "IO116"}
    rise = tissue.rise_of_lymphocytes(SIMULATIONS, settings).value
    assert tissue.count_of_lymphocytes(SIMULATIONS, settings).value == pytest.approx(2.15 * rise)
    with pytest.raises(ValueError, match="IO114 is no single count"):
        tissue.count_of_lymphocytes(SIMULATIONS, {"curve": "bridge", "before": "IO114"})


@pytest.mark.parametrize("name", curve_names())
def test_csf_cd4_falls_further_than_cd8_and_not_further_than_full_block_allows(name: str) -> None:
    numbers = typical_numbers()
    most = float(numbers.rho_quiet["cns_cd8"][0] / numbers.rho_quiet["cns_cd4"][0])
    assert 1 < tissue.csf_cd4_over_cd8(SIMULATIONS, {"curve": name}).value < most
