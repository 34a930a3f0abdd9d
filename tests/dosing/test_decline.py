"""After the last dose: what the level does, what a late dose costs, and what plasma exchange leaves."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.decline import (
    FOLLOWED_WEEKS,
    decline,
    delays,
    holding,
    washout,
)
from wearoff.dosing.fit.posterior import Posterior
from wearoff.dosing.intervals import Target, compare_intervals
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.regimen import every
from wearoff.sources import figure

MONTHLY = every(4, times=14)


def test_the_decline_is_the_next_trough_of_every_interval(posterior: Posterior) -> None:
    target = Target(5.0)
    gone = decline(posterior, [28.0, 42.0, 56.0], target=target)
    options = compare_intervals(posterior, weeks=[4, 6, 8], target=target)
    assert gone.chance is not None
    for index, option in enumerate(options):
        for name, value in option.next_trough.items():
            assert gone.level[name][index] == pytest.approx(value, rel=5e-5)
        assert gone.chance[index] == option.probability_next
        for curve, bands in option.next_saturation.items():
            assert gone.saturation[curve]["p50"][index] == pytest.approx(bands["p50"], rel=5e-5)


def test_the_level_falls_and_the_chance_with_it(posterior: Posterior) -> None:
    gone = decline(posterior, np.arange(1.0, 120.0), target=Target(5.0))
    for name in ("p05", "p50", "p95"):
        assert (np.diff(gone.level[name]) < 0).all()
    assert gone.chance is not None
    assert (np.diff(gone.chance) <= 0).all()
    assert gone.error is not None
    assert (gone.error > 0).all()


def test_a_delay_of_a_week_is_the_interval_a_week_longer(posterior: Posterior) -> None:
    found = delays(posterior, [4, 5, 6], [0.0, 7.0], target=Target(5.0))
    by_place = {(one.weeks, one.days): one for one in found}
    assert by_place[4, 7].trough == by_place[5, 0].trough
    assert by_place[5, 7].probability == by_place[6, 0].probability
    for weeks in (4, 5, 6):
        on_time, late = by_place[weeks, 0], by_place[weeks, 7]
        assert late.trough["p50"] < on_time.trough["p50"]
        assert late.days_below is not None
        assert on_time.days_below is not None
        assert late.days_below >= on_time.days_below
        assert late.error is not None


def test_the_days_below_are_the_days_after_the_level_has_passed_the_floor(posterior: Posterior) -> None:
    target = Target(5.0)
    (late,) = delays(posterior, [8], [14.0], target=target)
    gone = decline(posterior, np.arange(1.0, 71.0), target=target)
    assert gone.chance is not None
    assert late.days_below == pytest.approx(float((1 - gone.chance).sum()), rel=1e-9)


def test_three_exchanges_soon_after_a_dose_lower_the_level_as_published(posterior: Posterior) -> None:
    published = figure("P153").number
    assert published is not None
    gone = washout(posterior, 1.0)
    assert 100 * gone.fall["p50"] == pytest.approx(published, abs=1)
    nothing = washout(posterior, 1.0, share=0.0)
    assert nothing.level["p50"] == pytest.approx(nothing.without["p50"], rel=1e-6)
    assert gone.level["p50"] < 0.3 * gone.without["p50"]
    more = washout(posterior, 1.0, share=0.78)
    assert more.fall["p50"] > gone.fall["p50"]
    curve = load_curve("bridge")
    assert gone.saturation["bridge"]["p50"] == pytest.approx(
        float(curve.saturation(gone.level["p50"])), rel=1e-2
    )


def test_the_weeks_above_a_floor_agree_with_the_probability_at_those_weeks(posterior: Posterior) -> None:
    found = holding(posterior, Target(5.0)).weeks
    assert found["p05"] < found["p50"] < found["p95"]
    # half of the draws are above the floor at the median, and not a day later
    before, after = (
        compare_intervals(posterior, weeks=[weeks], target=Target(5.0), allow_long=True)[0].probability_next
        for weeks in (found["p50"], found["p50"] + 1 / 7)
    )
    assert before is not None
    assert after is not None
    assert before >= 0.5 >= after
    assert holding(posterior, Target(1e-3)).weeks["p50"] > found["p95"]
    assert holding(posterior, Target(500.0)).weeks["p95"] == 0


def test_the_rule_holds_until_the_day_before_its_chance_is_too_small(posterior: Posterior) -> None:
    target = Target(5.0, at_least=0.9)
    until = holding(posterior, target).rule_until_d
    assert until is not None
    gone = decline(posterior, [until, until + 1], target=target)
    assert gone.chance is not None
    assert gone.chance[0] >= 0.9 > gone.chance[1]
    assert holding(posterior, Target(500.0, at_least=0.5)).rule_until_d == 0
    assert holding(posterior, Target(1e-300, at_least=0.5)).rule_until_d == np.inf
    assert holding(posterior, Target(1e-300)).weeks["p50"] == np.inf
    assert holding(posterior, Target(5.0)).rule_until_d is None
    assert FOLLOWED_WEEKS == 52


def test_what_cannot_be_asked_is_refused(posterior: Posterior) -> None:
    with pytest.raises(ValueError, match="begin after the last dose and increase"):
        decline(posterior, [7.0, 3.0])
    with pytest.raises(ValueError, match="delay not negative"):
        delays(posterior, [4], [-1.0])
    with pytest.raises(ValueError, match="at least one session, after the last dose"):
        washout(posterior, 0.0)
