"""Changes of the true EDSS: shares, closed forms and the ends of the scale."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.intervals import YEAR_D
from wearoff.trial.truth import Disability, Events
from wearoff.trial.world.disability import disability_of
from wearoff.trial.world.people_file import load_people

MANY = 20_000
NUMBERS = load_people()
NONE = Events(np.zeros(0, dtype=np.int64), np.zeros(0))
ONE = Events(np.arange(MANY), np.full(MANY, 100.0))


def changes(
    edss: float, relapses: Events, yearly: float = 0.0, patients: int = MANY, days: float = 2000.0
) -> Disability:
    return disability_of(NUMBERS, yearly, np.full(patients, edss), relapses, 1, 0, days)


def test_the_stated_share_worsens_in_a_year_without_relapse() -> None:
    found = changes(2.0, NONE, yearly=0.1, days=YEAR_D)
    share = np.unique(found.patient).size / MANY
    assert abs(share - 0.1) < 3 * np.sqrt(0.09 / MANY)
    assert np.isinf(found.until_d).all()
    assert (found.steps == 1.0).all()


def test_every_relapse_raises_the_edss_for_a_while() -> None:
    found = changes(2.0, ONE)
    rise = np.isfinite(found.until_d)
    assert np.bincount(found.patient[rise], minlength=MANY).tolist() == [1] * MANY
    assert (found.day[rise] == 100.0).all()
    assert (found.steps[rise] == NUMBERS.relapse_rise.value).all()
    long = found.until_d[rise] - 100.0
    mean = NUMBERS.relapse_d.value
    # exponential, but at least 14 days
    expected = 14.0 + mean * np.exp(-14.0 / mean)
    assert abs(long.mean() - expected) < 3 * mean / np.sqrt(MANY)
    assert long.min() == 14.0


def test_a_step_stays_after_the_stated_share_of_relapses_from_the_end_of_the_rise_on() -> None:
    found = changes(2.0, ONE)
    stays = np.isinf(found.until_d)
    share = NUMBERS.relapse_leaves.value
    assert abs(stays.sum() / MANY - share) < 3 * np.sqrt(share * (1 - share) / MANY)
    ends = np.full(MANY, np.nan)
    ends[found.patient[~stays]] = found.until_d[~stays]
    np.testing.assert_array_equal(found.day[stays], ends[found.patient[stays]])


@pytest.mark.parametrize(("edss", "step"), [(0.0, 1.5), (1.0, 1.0), (5.0, 1.0), (5.5, 0.5), (9.5, 0.5)])
def test_a_step_has_the_size_that_counts_as_worsening(edss: float, step: float) -> None:
    found = changes(edss, NONE, yearly=0.3, days=100.0)
    assert set(found.steps[np.diff(found.patient, prepend=-1) > 0]) == {step}


def test_the_scale_ends_at_10() -> None:
    found = changes(9.0, NONE, yearly=0.99, patients=200, days=10 * YEAR_D)
    total = 9.0 + np.bincount(found.patient, weights=found.steps, minlength=200)
    assert total.max() == 10.0
    assert not changes(10.0, NONE, yearly=0.9).day.size


def test_changes_do_not_hang_on_who_else_is_there() -> None:
    everyone = changes(2.0, ONE, yearly=0.2)
    few = disability_of(
        NUMBERS, 0.2, np.full(50, 2.0), Events(np.arange(50), np.full(50, 100.0)), 1, 300, 2000.0
    )
    mine = (everyone.patient >= 300) & (everyone.patient < 350)
    np.testing.assert_array_equal(few.patient + 300, everyone.patient[mine])
    np.testing.assert_array_equal(few.day, everyone.day[mine])
    np.testing.assert_array_equal(few.until_d, everyone.until_d[mine])
