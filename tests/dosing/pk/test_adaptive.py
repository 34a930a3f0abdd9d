"""The compiled sweep: what it needs is chosen by each patient's own series."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.pk.adaptive import _root, sweep


def block(tolerance: float, vmax: float = 2.86) -> dict[str, object]:
    """Two patients, one infusion of an hour and four weeks after it."""
    rows = np.tile(np.array([0.164, 3.48, 3.48, 0.4, vmax, 0.875, 0.233, 0.84])[:, None], 2)
    rows[0, 1] = 0.4
    return {
        "parameters": rows[None],
        "state": np.zeros((3, 2)),
        "events": np.array([[1 / 24, 7200.0, 0, 0, 0, 1, 1, 1], [28 - 1 / 24, 0, 0, 0, 0, 1, 1, 1]]),
        "segment": np.zeros(2, int),
        "ahead": np.array([28.0, 28 - 1 / 24]),
        "tolerance": np.float64(tolerance),
    }


def test_what_was_given_is_in_the_body_or_gone_and_a_finer_tolerance_takes_more_steps() -> None:
    coarse = sweep(block(1e-4), order=8, has_depot=False, with_peripheral=True)
    fine = sweep(block(1e-9), order=8, has_depot=False, with_peripheral=True)
    present = np.asarray(fine["central"] + fine["peripheral"])
    assert (present[0] < 300).all()
    assert (present[0] > 299).all()
    assert (present[1] < present[0]).all()
    assert int(fine["steps"]) > int(coarse["steps"])
    np.testing.assert_allclose(coarse["level"], fine["level"], rtol=2e-4)


def test_the_order_changes_the_steps_and_not_the_result() -> None:
    low, middle, high = (sweep(block(1e-9), order=order, has_depot=False) for order in (4, 8, 16))
    assert int(low["steps"]) > int(middle["steps"]) > int(high["steps"])
    np.testing.assert_allclose(low["level"], high["level"], rtol=1e-7)
    np.testing.assert_allclose(middle["level"], high["level"], rtol=1e-7)


def test_without_saturable_elimination_the_level_is_the_closed_form() -> None:
    found = np.asarray(sweep(block(1e-12, 0.0), order=16, has_depot=False)["level"])
    for patient, cl in enumerate((0.164, 0.4)):
        k10, k12, k21 = cl / 3.48, 0.4 / 3.48, 0.4 / 3.48
        fast, slow = np.roots([1, -(k10 + k12 + k21), k10 * k21])
        for gap, (running, after) in enumerate(((1 / 24, 0.0), (1 / 24, 28 - 1 / 24))):
            expected = sum(
                7200
                / 3.48
                * (one - k21)
                / (one - other)
                / one
                * -np.expm1(-one * running)
                * np.exp(-one * after)
                for one, other in ((fast, slow), (slow, fast))
            )
            assert found[gap, patient] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("order", [4, 8, 16])
def test_the_quick_root_is_never_too_small_and_at_most_seven_percent_too_large(order: int) -> None:
    numbers = np.geomspace(1e-250, 1e250, 5001)
    ratio = np.asarray(_root(numbers, order)) / numbers ** (1 / order)
    assert ratio.min() > 1 - 1e-12
    assert ratio.max() < 1.07
