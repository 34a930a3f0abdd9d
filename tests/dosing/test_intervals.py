"""Options against the user's own rule: what they must be whatever the levels."""

from __future__ import annotations

import numpy as np
import pytest

from wearoff.dosing.fit.posterior import Posterior
from wearoff.dosing.intervals import (
    LONGEST_WEEKS,
    IntervalOption,
    Target,
    compare_intervals,
    interval_evidence,
)
from wearoff.dosing.occupancy import load_curve
from wearoff.dosing.pk.models import load_model
from wearoff.dosing.pk.solve import steady_state
from wearoff.dosing.regimen import every
from wearoff.sources import figure

MODEL = load_model()
MONTHLY = every(4, times=14)


@pytest.fixture(scope="module")
def options(posterior: Posterior) -> tuple[IntervalOption, ...]:
    return compare_intervals(posterior, target=Target(5.0, at_least=0.9))


def test_longer_intervals_have_lower_troughs_and_probabilities_and_fewer_infusions(
    options: tuple[IntervalOption, ...],
) -> None:
    assert [option.weeks for option in options] == [4, 5, 6, 7, 8]
    for name in ("p05", "p50", "p95"):
        assert (np.diff([option.settled_trough[name] for option in options]) < 0).all()
        assert (np.diff([option.next_trough[name] for option in options]) < 0).all()
    assert (np.diff([option.probability_settled for option in options]) <= 0).all()
    assert (np.diff([option.days_below for option in options]) >= 0).all()
    assert [round(option.infusions_per_year, 1) for option in options] == [13.0, 10.4, 8.7, 7.5, 6.5]
    assert [option.next_d - MONTHLY.start_d[-1] for option in options] == [28, 35, 42, 49, 56]


def test_the_median_of_a_typical_patient_is_near_the_typical_trough(
    options: tuple[IntervalOption, ...],
) -> None:
    for option in options[:3]:
        typical = steady_state(MODEL.typical(75.0), option.weeks).trough[0, 0]
        assert option.settled_trough["p50"] == pytest.approx(typical, rel=0.1)


def test_the_rule_is_the_users_and_both_moments_must_meet_it(options: tuple[IntervalOption, ...]) -> None:
    for option in options:
        assert option.probability_next is not None
        assert option.probability_settled is not None
        is_enough = min(option.probability_next, option.probability_settled) >= 0.9
        assert option.meets_rule is is_enough
    assert options[0].meets_rule
    assert not options[-1].meets_rule


def test_without_a_floor_nothing_is_asked_and_nothing_is_met(posterior: Posterior) -> None:
    (option,) = compare_intervals(posterior, weeks=[6])
    assert option.probability_next is option.days_below is option.meets_rule is None
    assert set(option.settled_saturation) == {"ec50_only", "bridge", "trough_pairs_low", "trough_pairs_high"}
    expected = load_curve("bridge").saturation(option.settled_trough["p50"])
    assert option.settled_saturation["bridge"]["p50"] == pytest.approx(float(expected), rel=1e-3)


def test_a_saturation_is_a_floor_under_its_curve(posterior: Posterior) -> None:
    curve = load_curve("bridge")
    level = 5.0
    by_level, by_curve = (
        compare_intervals(posterior, weeks=[6], target=target)[0]
        for target in (Target(level), Target(float(curve.saturation(level)), "saturation", "bridge"))
    )
    assert by_level.probability_settled == pytest.approx(by_curve.probability_settled, abs=0.002)
    with pytest.raises(ValueError, match="no saturation curve 'mine'"):
        compare_intervals(posterior, target=Target(0.8, "saturation", "mine"))


def test_long_intervals_need_an_explicit_request(posterior: Posterior) -> None:
    with pytest.raises(ValueError, match="no trial supports intervals above 8 weeks"):
        compare_intervals(posterior, weeks=[6, 10])
    (option,) = compare_intervals(posterior, weeks=[10], allow_long=True)
    assert option.evidence.badge == "none"
    assert "12-weekly dosing failed" in option.evidence.sentence


@pytest.mark.parametrize(
    ("weeks", "badge"),
    [(4, "trial"), (6, "trial"), (6.5, "cohort"), (8, "none"), (10, "none"), (12, "failed")],
)
def test_every_interval_has_its_evidence_with_rows_behind_it(weeks: float, badge: str) -> None:
    found = interval_evidence(weeks)
    assert found.badge == badge
    assert all(figure(row).id == row for row in found.evidence)
    assert found.evidence or (badge == "none" and weeks <= LONGEST_WEEKS)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"value": 0.0}, "a floor lies above 0"),
        ({"value": 1.2, "kind": "saturation", "curve": "bridge"}, "a saturation below 1"),
        ({"value": 0.8, "kind": "saturation"}, "under a named curve"),
        ({"value": 5.0, "at_least": 90.0}, "a probability lies between 0 and 1"),
    ],
)
def test_a_floor_that_cannot_be_is_refused(value: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Target(**value)  # type: ignore[arg-type]


def test_an_interval_is_positive(posterior: Posterior) -> None:
    with pytest.raises(ValueError, match="longer than 0 weeks"):
        interval_evidence(0)
    with pytest.raises(ValueError, match="more than 0 weeks"):
        compare_intervals(posterior, weeks=[])
