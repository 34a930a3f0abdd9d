"""Tests of `trial/recording/chance.py`: a number for each patient and purpose."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tests.trial.truths import protocol, truth
from wearoff.trial.recording.chance import Chance

MANY = Chance(seed=3, first=0, count=20_000)


def test_the_number_of_a_patient_does_not_depend_on_who_stands_beside() -> None:
    some = Chance(seed=3, first=700, count=40)
    assert np.array_equal(some.normal("a"), MANY.normal("a")[700:740])
    assert np.array_equal(some.uniform("a"), MANY.uniform("a")[700:740])


def test_numbers_are_uniform_and_two_purposes_have_nothing_in_common() -> None:
    one, other = MANY.uniform("a"), MANY.uniform("b")
    assert stats.kstest(one, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(one, other)[0, 1]) < 3.0 / np.sqrt(MANY.count)


def test_whom_a_small_share_meets_a_larger_one_meets_too() -> None:
    few, more = MANY.happens(0.1, "a"), MANY.happens(0.3, "a")
    assert np.all(more[few])
    assert abs(few.mean() - 0.1) < 3.0 * np.sqrt(0.09 / MANY.count)
    assert not MANY.happens(0.0, "a").any()
    assert MANY.happens(1.0, "a").all()


def test_a_truth_of_another_protocol_is_refused() -> None:
    with pytest.raises(
        ValueError, match="the truth has 40 patients in 1 replicates, the protocol 39 in each"
    ):
        Chance.of(truth(protocol(size=40)), 39)
