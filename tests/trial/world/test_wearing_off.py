"""True wearing-off: the stated shares, and what drives it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.trial.worlds import FOUR, study
from wearoff.trial.protocol import Arm, Patients, World
from wearoff.trial.truth import Truth
from wearoff.trial.world.reference import reference_of
from wearoff.trial.world.simulate import simulate_truth
from wearoff.trial.world.wearing_off import cuts_of, wearing_off_of

MANY = study(Arm(name="a", size=100), weeks=4)


def truth(world: World, population: str = "stable") -> Truth:
    patients = Patients(population=population)
    return simulate_truth(MANY.model_copy(update={"world": world, "patients": patients}), 1, 0, 60)


@pytest.mark.parametrize("strength", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("population", ["stable", "starter"])
def test_the_stated_shares_wear_off_on_average(strength: float, population: str) -> None:
    found = truth(World(strength=strength), population).wearing_off
    for kind, share in enumerate((0.575, 0.225, 0.2)):
        # the reference population has an error of its own, much smaller than this
        assert abs((found == kind).mean() - share) < 3 * np.sqrt(share * (1 - share) / found.size)


def test_independent_wearing_off_has_nothing_to_do_with_the_drug() -> None:
    found = truth(World(wearing_off="independent"))
    at_entry = found.infusions.saturation[found.infusions.day == 0]
    assert spearmanr(found.wearing_off, at_entry).pvalue > 0.01
    assert abs((found.wearing_off > 0).mean() - 0.425) < 0.02


def test_wearing_off_by_low_occupancy_grows_as_the_saturation_falls() -> None:
    found = truth(World(strength=1.0))
    at_entry = found.infusions.saturation[found.infusions.day == 0]
    parts = np.array_split(found.wearing_off[np.argsort(at_entry)] > 0, 5)
    shares = [float(part.mean()) for part in parts]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1] + 0.2


def test_the_log_odds_grow_by_the_strength_for_each_standard_deviation() -> None:
    reference = reference_of(Patients(), World(strength=2.0))
    saturation = reference.mean - reference.sd * np.array([0.0, 1.0])
    drive = reference.drive(2.0, saturation, 2)
    np.testing.assert_allclose(np.diff(drive), 2.0, rtol=1e-12)


def test_thresholds_give_the_shares_whatever_the_drive() -> None:
    random = np.random.default_rng(1)
    drive = random.exponential(2.0, 5000)
    world = World(regularly=0.1, sometimes=0.5)
    cuts = cuts_of(world, drive)
    any_of, regular = (float((1 / (1 + np.exp(cut - drive))).mean()) for cut in cuts)
    assert any_of == pytest.approx(0.6, abs=1e-9)
    assert regular == pytest.approx(0.1, abs=1e-9)


@pytest.mark.parametrize(("regularly", "sometimes", "only"), [(0.0, 0.0, 0), (1.0, 0.0, 2), (0.0, 1.0, 1)])
def test_everybody_or_nobody_may_wear_off(regularly: float, sometimes: float, only: int) -> None:
    world = World(regularly=regularly, sometimes=sometimes)
    drive = np.linspace(-3, 3, 100)
    found = wearing_off_of(drive, cuts_of(world, drive), np.linspace(0.001, 0.999, 100))
    assert (found == only).all()


def test_shares_of_more_than_everybody_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 1"):
        simulate_truth(study(FOUR, world=World(regularly=0.7, sometimes=0.7)), 1, 0, 1)
