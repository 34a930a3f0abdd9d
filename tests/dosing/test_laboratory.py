"""A laboratory's scale, and the ratio that does not depend on it."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wearoff.dosing.laboratory
from wearoff.dosing.laboratory import Laboratory
from wearoff.sources import Mark, Source

scales = st.floats(0.1, 10)
levels = st.floats(1e-3, 500)


def test_a_laboratory_reports_the_level_itself_until_its_scale_is_known() -> None:
    unknown = Laboratory("Bergen")
    assert (unknown.scale, unknown.mark) == (1.0, Mark.ASSUMED)
    assert unknown.observed([0, 12.5]).tolist() == [0, 12.5]
    assert unknown.provenance["laboratory_scale_mark"] == "assumed"


@given(scale=scales, level=levels, predicted=levels)
def test_the_ratio_of_two_levels_does_not_depend_on_the_scale(
    scale: float, level: float, predicted: float
) -> None:
    laboratory = Laboratory("X", scale, Mark.DERIVED, Source("own calibration"))
    ratio = laboratory.ratio(laboratory.observed(level), predicted)
    assert ratio == pytest.approx(level / predicted)
    assert laboratory.ratio(laboratory.observed(level), level) == pytest.approx(1)


def test_a_missing_level_stays_missing_and_nothing_expected_gives_no_ratio() -> None:
    ratio = Laboratory("X", 2.0).ratio([10.0, np.nan, 1.0, 1.0], [5.0, 5.0, 0.0, np.nan])
    assert ratio[0] == 1
    assert np.isnan(ratio[1:]).all()


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_a_scale_that_is_not_positive_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="laboratory X must be finite and positive"):
        Laboratory("X", scale)


def test_a_scale_to_be_estimated_states_its_prior() -> None:
    laboratory = Laboratory("X", 1.1, prior_cv=0.3)
    draws = 1.1 * np.exp(laboratory.prior_log_sd * np.random.default_rng(1).standard_normal(200_000))
    assert laboratory.is_estimated
    assert draws.std() / draws.mean() == pytest.approx(0.3, rel=0.01)
    assert laboratory.provenance["laboratory_scale_prior_cv"] == "0.3"
    known = Laboratory("X", 1.1)
    assert (known.is_estimated, known.prior_log_sd) == (False, 0.0)
    assert "laboratory_scale_prior_cv" not in known.provenance


@pytest.mark.parametrize("cv", [0.0, -0.2, np.nan, np.inf])
def test_a_prior_without_a_spread_is_refused(cv: float) -> None:
    with pytest.raises(ValueError, match="prior CV of laboratory X must be finite and positive"):
        Laboratory("X", prior_cv=cv)


def test_a_nameless_laboratory_and_a_negative_level_are_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        Laboratory(" ")
    with pytest.raises(ValueError, match="negative"):
        Laboratory("X").observed([-1.0])


def test_the_example_holds() -> None:
    assert doctest.testmod(wearoff.dosing.laboratory).failed == 0
