"""The likelihood of a level is that of SciPy, and its derivatives are the limits of differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from wearoff.dosing.fit.likelihood import ResidualError, loss_of

ERROR = ResidualError(0.219, 0.1)
PREDICTED = np.array([0.05, 0.5, 2.0, 20.0, 60.0])


def test_a_quantified_level_has_a_normal_error_and_one_below_its_probability() -> None:
    measured = np.array([0.1, 0.4, 3.0, 15.0, 70.0])
    sd = np.sqrt((0.219 * PREDICTED) ** 2 + 0.1**2)
    found = loss_of(PREDICTED, measured, np.zeros(5, bool), ERROR).value
    np.testing.assert_allclose(found, -norm.logpdf(measured, PREDICTED, sd), rtol=1e-7)
    below = loss_of(PREDICTED, np.full(5, 0.5), np.ones(5, bool), ERROR).value
    np.testing.assert_allclose(below, -norm.logcdf(0.5, PREDICTED, sd), rtol=1e-7)


@pytest.mark.parametrize("is_below", [False, True])
def test_slope_and_bend_are_the_limits_of_differences(is_below: bool) -> None:
    step = 1e-6 * PREDICTED
    flags = np.full(5, is_below)
    measured = np.full(5, 1.5)
    up, down = (loss_of(PREDICTED + sign * step, measured, flags, ERROR) for sign in (1, -1))
    found = loss_of(PREDICTED, measured, flags, ERROR)
    np.testing.assert_allclose(found.slope, (up.value - down.value) / (2 * step), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.bend, (up.slope - down.slope) / (2 * step), rtol=1e-5, atol=1e-7)
    assert (found.curvature >= 0).all()


def test_the_curvature_of_a_quantified_level_is_its_expected_information() -> None:
    rng = np.random.default_rng(1)
    sd = ERROR.sd(np.array([20.0]))
    drawn = rng.normal(20.0, sd, 400_000)
    slopes = loss_of(np.full(drawn.size, 20.0), drawn, np.zeros(drawn.size, bool), ERROR)
    assert slopes.curvature[0] == pytest.approx(np.mean(slopes.slope**2), rel=0.01)


def test_what_was_not_measured_counts_nothing_and_no_error_at_all_is_refused() -> None:
    found = loss_of(PREDICTED, np.full(5, np.nan), np.zeros(5, bool), ERROR)
    assert not found.value.any()
    assert not found.slope.any()
    with pytest.raises(ValueError, match="not both zero"):
        ResidualError(0.0)
