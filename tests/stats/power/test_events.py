from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from wearoff.stats import (
    event_chance,
    hazard_of_share,
    schoenfeld_events,
    schoenfeld_power,
    schoenfeld_total,
)

PUBLISHED = {
    (0.10, 1): 516,
    (0.10, 2): 297,
    (0.10, 3): 225,
    (0.041, 1): 1237,
    (0.041, 2): 680,
    (0.041, 3): 497,
}
shares = st.floats(0.05, 0.95)
ratios = st.floats(0.1, 10.0).filter(lambda ratio: abs(ratio - 1.0) > 0.05)


@pytest.mark.parametrize(("activity", "years"), PUBLISHED)
def test_the_sizes_of_the_larger_longer_cohort_are_reproduced(activity: float, years: int) -> None:
    total = schoenfeld_total(
        2.0,
        hazard=hazard_of_share(activity),
        length=years,
        loss=hazard_of_share(0.125),
        share=0.425,
        power=0.8,
    )
    assert ceil(total) == pytest.approx(PUBLISHED[activity, years], rel=0.005)


def test_the_events_behind_them_are_those_worked_out_by_hand() -> None:
    assert schoenfeld_events(2.0, share=0.425) == pytest.approx(66.85, abs=0.005)


@given(ratios, shares, st.floats(0.1, 0.99), st.sampled_from([1, 2]))
def test_power_and_events_are_inverse(ratio: float, share: float, power: float, sides: int) -> None:
    events = schoenfeld_events(ratio, share=share, power=power, sides=sides)
    assert schoenfeld_power(events, ratio, share=share, sides=sides) == pytest.approx(power, rel=1e-9)


@given(ratios, shares, st.floats(1.0, 500.0))
def test_it_does_not_matter_which_group_is_called_the_one(ratio: float, share: float, events: float) -> None:
    swapped = schoenfeld_power(events, 1.0 / ratio, share=1.0 - share)
    assert schoenfeld_power(events, ratio, share=share) == pytest.approx(swapped, rel=1e-9)


@given(ratios, shares)
def test_power_grows_with_the_events(ratio: float, share: float) -> None:
    powers = [schoenfeld_power(events, ratio, share=share) for events in (0, 5, 20, 80, 320)]
    assert powers == sorted(powers)


@given(st.floats(0.001, 2.0), st.floats(0.0, 2.0), st.floats(0.1, 10.0))
def test_the_chance_of_an_event_is_the_integral_over_when_it_comes(
    hazard: float, loss: float, length: float
) -> None:
    by_hand, _ = quad(lambda t: hazard * np.exp(-(hazard + loss) * t), 0, length)
    assert event_chance(hazard, length, loss=loss) == pytest.approx(by_hand, rel=1e-7)


def test_without_losses_everybody_is_watched_to_the_end() -> None:
    assert event_chance(hazard_of_share(0.1), 1.0) == pytest.approx(0.1)
    assert event_chance(0.0, 1.0) == 0.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: schoenfeld_events(2.0, share=1.0), "share of the one group"),
        (lambda: schoenfeld_power(-1.0, 2.0), "events"),
        (lambda: event_chance(-0.1, 1.0), "negative"),
        (lambda: event_chance(0.1, 0.0), "length"),
        (lambda: schoenfeld_total(2.0, hazard=0.0, length=1.0), "no number of members"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(call, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert said in str(caught.value)
