"""One compiled step, taken alone."""

from __future__ import annotations

import numpy as np

from wearoff.dosing.pk.grid import EVENTS
from wearoff.dosing.pk.series import ROWS, advance

K10, K12, K21, VMAX, CROSSING, KA, F, ONE_OVER_VC = 0.05, 0.0, 0.1, 0.0, 3.0, 0.2, 0.84, 0.25


def unit(changes: dict[str, object] | None = None, **event: float) -> dict[str, np.ndarray]:
    """One unit of one draw that starts with 100 mg in the central compartment and takes one step of a day."""
    usual = dict.fromkeys(EVENTS, 0.0) | {"length": 1.0, "kept_depot": 1.0}
    usual |= {"kept_central": 1.0, "kept_peripheral": 1.0}
    rates = np.array([K10, K12, K21, VMAX, CROSSING, KA, F, ONE_OVER_VC])
    given = {
        "count": np.int32(1),
        "events": np.array([list((usual | event).values())]),
        "segment": np.array([0], dtype=np.int32),
        "slot": np.array([0], dtype=np.int32),
        "rates": rates[None, :, None],
        "state": np.array([0.0, 100.0, 0.0, 0.0])[:, None],
    } | (changes or {})
    return {name: np.asarray(value)[None] for name, value in given.items()}


def test_a_step_of_linear_elimination_is_the_exponential() -> None:
    states, failed = advance(unit(), outputs=1, is_balanced=True)
    found = dict(zip(ROWS, np.asarray(states)[0, 0, :, 0], strict=True))
    np.testing.assert_allclose(found["central"], 100 * np.exp(-K10), rtol=1e-14)
    np.testing.assert_allclose(found["eliminated"], -100 * np.expm1(-K10), rtol=1e-13)
    np.testing.assert_allclose(found["concentration"], ONE_OVER_VC * found["central"])
    assert failed.tolist() == [[-1]]


def test_a_dose_into_the_depot_enters_after_bioavailability_and_leaves_exponentially() -> None:
    states, _ = advance(unit(depot_bolus=300.0), outputs=1, is_balanced=True)
    np.testing.assert_allclose(np.asarray(states)[0, 0, 1, 0], 300 * F * np.exp(-KA), rtol=1e-12)


def test_a_negative_amount_comes_out_as_the_step_at_which_it_arose() -> None:
    _, failed = advance(unit(rate=-200.0), outputs=1, is_balanced=False)
    assert failed.tolist() == [[0]]


def test_a_unit_without_steps_stays_as_it_is() -> None:
    states, failed = advance(unit({"count": np.int32(0)}), outputs=1, is_balanced=False)
    assert not np.asarray(states).any()
    assert failed.tolist() == [[-1]]


def test_a_bolus_and_an_inflow_into_the_depot_and_what_is_removed_have_their_closed_forms() -> None:
    states, _ = advance(unit(central_bolus=50.0, kept_central=0.25), outputs=1, is_balanced=True)
    found = dict(zip(ROWS, np.asarray(states)[0, 0, :, 0], strict=True))
    np.testing.assert_allclose(found["central"], (25 + 50) * np.exp(-K10), rtol=1e-14)
    np.testing.assert_allclose(found["eliminated"], 75 - 75 * np.expm1(-K10), rtol=1e-14)
    states, _ = advance(unit(depot_rate=60.0), outputs=1, is_balanced=True)
    depot = np.asarray(states)[0, 0, 1, 0]
    np.testing.assert_allclose(depot, -60 * F * np.expm1(-KA) / KA, rtol=1e-12)
