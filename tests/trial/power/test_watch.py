from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from wearoff.trial.power import Watch

hazards = st.floats(0.001, 1.5)
shares = st.floats(0.0, 0.6)


@given(hazards, shares, st.floats(0.3, 6.0), st.sampled_from([0.5, 1.0, 2.0, 12.0]), st.floats(0.0, 1.0))
def test_the_chance_to_be_seen_is_the_integral_over_when_the_event_comes(
    hazard: float, dropout: float, years: float, scans: float, at_once: float
) -> None:
    watch = Watch(years, dropout, scans, at_once)
    times = watch.scan_times

    def seen(t: float) -> float:  # density of the event times the chance of still being there when it shows
        shown = times[np.searchsorted(times, t)]
        stays = at_once * np.exp(-watch.loss * t) + (1 - at_once) * np.exp(-watch.loss * shown)
        return float(hazard * np.exp(-hazard * t) * stays)

    edges = [0.0, *times]
    by_hand = sum(quad(seen, a + 1e-12, b)[0] for a, b in pairwise(edges))
    assert watch.chance_seen(hazard) == pytest.approx(by_hand, rel=1e-6, abs=1e-9)


@given(hazards, st.floats(0.2, 5.0), st.sampled_from([0.5, 1.0, 4.0]))
def test_where_nobody_is_lost_the_schedule_of_scans_hides_nothing(hazard, years, scans) -> None:
    assert Watch(years, 0.0, scans, 0.0).chance_seen(hazard) == pytest.approx(
        Watch(years).chance_seen(hazard)
    )


@given(hazards, st.floats(0.01, 0.6), st.floats(0.0, 0.9))
def test_more_scans_show_more_and_never_more_than_there_is(hazard, dropout, at_once) -> None:
    seen = [Watch(2.0, dropout, scans, at_once).chance_seen(hazard) for scans in (0.5, 1.0, 2.0, 4.0, 48.0)]
    assert seen == sorted(seen)
    assert seen[-1] <= Watch(2.0, dropout).chance_seen(hazard) + 1e-12


def test_the_last_scan_falls_on_the_end_of_follow_up() -> None:
    assert Watch(2.0, 0.1, 1.0).scan_times.tolist() == [1.0, 2.0]
    assert Watch(1.5, 0.1, 1.0).scan_times.tolist() == [1.0, 1.5]
    assert Watch(1.0, 0.1, 0.5).scan_times.tolist() == [1.0]
    assert Watch(1.0, 0.1).scan_times.tolist() == []


@pytest.mark.parametrize("scans", [0.0, 1.0, 4.0])
def test_drawn_patients_are_seen_as_often_as_the_formula_says(scans: float) -> None:
    watch = Watch(2.0, 0.2, scans, 0.3)
    uniforms = np.random.default_rng(5).random((40_000, 3))
    time, seen, stayed = watch.follow(np.full(len(uniforms), 0.3), uniforms)
    for share, chance in ((seen.mean(), watch.chance_seen(0.3)), (stayed.mean(), watch.complete)):
        assert share == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / len(uniforms)))
    assert time.max() <= 2.0
    assert time.min() > 0.0
    watched = watch.watched(uniforms[:, 1])
    assert watched.mean() == pytest.approx(watch.mean_years, abs=4 * watched.std() / 200)


def test_what_only_a_scan_shows_is_seen_on_the_day_of_a_scan() -> None:
    watch = Watch(2.0, 0.2, 2.0, 0.0)
    uniforms = np.random.default_rng(6).random((2_000, 3))
    time, seen, _ = watch.follow(np.full(len(uniforms), 0.8), uniforms)
    assert set(time[seen == 1.0]) <= set(watch.scan_times)


def test_whoever_leaves_before_the_scan_takes_the_lesion_along() -> None:
    watch = Watch(1.0, 0.5, 1.0, 0.0)
    early = np.array([[0.2, 0.3, 0.9]])  # the event comes first, then the loss, then the scan
    time, seen, stayed = watch.follow(np.array([1.0]), early)
    assert (seen[0], stayed[0]) == (0.0, 0.0)
    assert time[0] == pytest.approx(watch.watched(early[:, 1])[0])


def test_what_cannot_be_is_named() -> None:
    faults = Watch(-1.0, 1.0, -2.0, 1.5).faults()
    assert all(faults.values())
    assert set(faults) == {"years", "dropout", "scans", "relapse_share"}
    assert not any(Watch(1.0, 0.1, 2.0, 0.3).faults().values())
