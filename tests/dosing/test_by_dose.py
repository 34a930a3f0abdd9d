from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from wearoff.dosing.by_dose import reference_dose, runs_of, share_error, spread_of
from wearoff.dosing.regimen import every

REGIMEN = every(4, times=6).then(every(6, times=5))


def test_the_error_of_a_share_is_the_binomial_one_and_never_zero() -> None:
    for above, draws in ((0, 1000), (3, 1000), (500, 1000), (1000, 1000)):
        found = share_error(np.array(above / draws), draws)
        assert found == pytest.approx(beta(above + 1, draws - above + 1).std(), rel=1e-6)
    assert share_error(np.array(1.0), 10_000_000) == pytest.approx(1e-7, rel=1e-5)
    assert share_error(np.array(0.3), 10_000) == pytest.approx(np.sqrt(0.3 * 0.7 / 10_000), rel=1e-3)


def test_the_error_of_a_fall_is_that_of_a_ratio_within_the_same_patients() -> None:
    random = np.random.default_rng(2)
    person = random.lognormal(0, 0.4, (4000, 1))
    levels = person * np.linspace(25, 8, 11) * random.lognormal(0, 0.1, (4000, 11))
    spread = spread_of(levels[0], levels)
    reference = reference_dose(REGIMEN)
    assert reference == 5
    four, six = runs_of(REGIMEN, spread, spread, np.cov(levels.T)[reference], 4000)
    assert (four.fall, four.fall_error) == (None, None)
    assert (six.interval_d, six.intervals) == (42, 5)
    again = []
    for _ in range(400):
        some = levels[random.integers(0, 4000, 4000)]
        again.append(1 - some[:, 10].mean() / some[:, 5].mean())
    assert six.fall == pytest.approx(1 - levels[:, 10].mean() / levels[:, 5].mean())
    assert six.fall_error == pytest.approx(np.std(again), rel=0.15)
    assert six.trough.error == pytest.approx(levels[:, 10].std(ddof=1) / np.sqrt(4000))


def test_without_a_four_weekly_run_nothing_is_compared() -> None:
    levels = np.random.default_rng(2).lognormal(0, 0.4, (50, 5))
    spread = spread_of(levels[0], levels)
    assert reference_dose(every(6, times=5)) is None
    assert [run.fall for run in runs_of(every(6, times=5), spread, spread, None, 50)] == [None]
