"""Disease activity: its laws, the closed forms of its counts, and where every number comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.fit_activity import SCANS_D, areas, chances, fit, levels, shape_of
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from wearoff.dosing.activity import (
    KINDS,
    Kind,
    activity_file,
    draw_activity,
    expected_events,
    infiltrate,
    read_activity,
    share_without,
    typical_activity,
)
from wearoff.dosing.intervals import YEAR_D
from wearoff.dosing.occupancy import curve_names
from wearoff.errors import InputError, UnknownNameError
from wearoff.sources import Mark, figure
from wearoff.stats.proportions import proportion_interval

DAYS = np.arange(0.0, 731.0)


@pytest.mark.parametrize("name", curve_names())
@pytest.mark.parametrize("kind", KINDS)
def test_no_drug_gives_exactly_the_untreated_rate(name: str, kind: Kind) -> None:
    numbers = draw_activity(name, 30, 1)
    found = infiltrate(DAYS, np.ones((30, DAYS.size)), numbers)
    at = np.array([0.0, 100.5, 365.25, 730.0])
    mean = expected_events(DAYS, found, numbers, kind, at)
    np.testing.assert_allclose(mean, numbers.rates(kind)[1][:, None] * np.diff(at) / YEAR_D, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_full_block_gives_exactly_the_rate_on_the_drug_once_the_infiltrate_is_gone(kind: Kind) -> None:
    numbers = draw_activity("bridge", 30, 2)
    found = infiltrate(DAYS, np.zeros((30, DAYS.size)), numbers, 0.0)
    mean = expected_events(DAYS, found, numbers, kind, np.array([0.0, 365.25]))
    np.testing.assert_allclose(mean[:, 0], numbers.rates(kind)[0], rtol=1e-10)
    # from full activity the infiltrate adds exactly one time constant of it
    from_full = infiltrate(DAYS, np.zeros((30, DAYS.size)), numbers, 1.0)
    np.testing.assert_allclose(from_full.area[:, -1], numbers.infiltrate_d, rtol=1e-6)


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6), st.integers(0, 5), st.floats(0, 1))
def test_more_free_integrin_at_any_time_never_means_fewer_events(
    free: list[float], where: int, more: float
) -> None:
    day, numbers = np.array([0.0, 3.0, 10.0, 28.0, 90.0, 200.0]), typical_activity("ec50_only")
    low = np.array([free])
    high = low.copy()
    high[0, where] = max(high[0, where], more)
    at = np.array([0.0, 50.0, 200.0])
    for kind in KINDS:
        before, after = (
            expected_events(day, infiltrate(day, u, numbers), numbers, kind, at) for u in (low, high)
        )
        assert (after >= before - 1e-12).all()


def test_windows_add_up_whatever_the_scans() -> None:
    numbers = typical_activity("bridge")
    free = 0.5 + 0.5 * np.sin(DAYS / 13.0)[None]
    found = infiltrate(DAYS, free, numbers)
    often = expected_events(DAYS, found, numbers, "t2", np.linspace(0, 730, 27))
    once = expected_events(DAYS, found, numbers, "t2", np.array([0.0, 730.0]))
    assert often.sum() == pytest.approx(once[0, 0], rel=1e-12)


@pytest.mark.parametrize("at", [[0.0], [0.0, 0.0], [-1.0, 5.0], [0.0, 731.5]])
def test_days_outside_what_was_followed_are_refused(at: list[float]) -> None:
    numbers = typical_activity("bridge")
    found = infiltrate(DAYS, np.ones((1, DAYS.size)), numbers)
    with pytest.raises(ValueError, match="within the samples"):
        expected_events(DAYS, found, numbers, "t2", np.array(at))


@given(st.floats(0.01, 50), st.floats(0.1, 10))
def test_the_share_without_is_that_of_the_negative_binomial(mean: float, shape: float) -> None:
    assert share_without(mean, shape) == pytest.approx(nbinom.pmf(0, shape, shape / (shape + mean)), rel=1e-9)


@given(st.floats(0.01, 20), st.floats(0.01, 20), st.floats(0.1, 10))
def test_a_time_without_events_is_followed_by_fewer(first: float, second: float, shape: float) -> None:
    both = share_without(first + second, shape)
    assert share_without(first, shape) * share_without(second, shape, first) == pytest.approx(both, rel=1e-9)


def test_placebo_has_11_lesions_and_15_percent_without_and_0_67_to_0_73_relapses() -> None:
    numbers = typical_activity("bridge")
    found = infiltrate(DAYS, np.ones((1, DAYS.size)), numbers)
    lesions = expected_events(DAYS, found, numbers, "t2", np.array([0.0, 730.5 - 0.5]))[0, 0] * 730.5 / 730
    assert lesions == pytest.approx(float(figure("IO239b").value), rel=0.005)
    without = float(share_without(lesions, numbers.lesion_shape[0]))
    assert without == pytest.approx(float(figure("IO241b").value) / 100, abs=0.005)
    relapses = numbers.relapse_rate[0]
    assert 0.67 <= relapses <= 0.73
    free = float(share_without(2 * relapses, numbers.relapse_shape[0]))
    relapsing = figure("IO235")
    assert free == pytest.approx(1 - float(relapsing.value) / (relapsing.n or 1), abs=0.01)


def test_the_shapes_are_those_that_the_means_and_the_shares_without_give() -> None:
    content = activity_file()
    lesions = shape_of(float(figure("IO239b").value), float(figure("IO241b").value) / 100)
    assert lesions == pytest.approx(content.lesion_shape.value, abs=0.005)
    relapsing = figure("IO235")
    without = 1 - float(relapsing.value) / (relapsing.n or 1)
    ends = content.relapse_rate.interval or (0, 0)
    found = [shape_of(2 * rate, without) for rate in (content.relapse_rate.value, *ends)]
    assert found[0] == pytest.approx(content.relapse_shape.value, abs=0.005)
    assert sorted(found[1:]) == pytest.approx(content.relapse_shape.interval, abs=0.005)
    assert ends[0] == float(figure("IO236b").value)
    assert content.t2_rate.value == float(figure("D007").value)


@pytest.mark.parametrize("name", curve_names())
def test_the_fitted_numbers_are_those_that_the_fit_gives(name: str) -> None:
    # fewer virtual patients than the file was made with: the middle moves by less than a twentieth of its interval
    again, stated = fit(name, 64, points=3), activity_file().curves[name]
    low, high = stated.exponent.interval or (0.0, 0.0)
    assert abs(again.median - stated.exponent.value) < 0.05 * (high - low)
    assert (again.low, again.high) == pytest.approx((low, high), abs=0.1 * (high - low))
    assert again.rate_on_drug == pytest.approx(stated.rate_on_drug.value, rel=0.02)
    assert (again.rate_low, again.rate_high) == pytest.approx(stated.rate_on_drug.interval, rel=0.05)


@pytest.mark.parametrize("name", curve_names())
def test_activity_returns_after_stopping_when_and_as_often_as_in_restore(name: str) -> None:
    numbers = typical_activity(name)
    rate, base = numbers.gd_rate[0], numbers.rates("gd")[0][0]
    off, passed = areas(levels("stopped", 128), name, numbers.exponent[0], numbers.infiltrate_d[0], SCANS_D)
    found = chances(base * (passed - off) + rate * off, numbers.lesion_shape[0])
    for row, key in (("IO081", "any by week 28"), ("IO070", "recurrence by week 28")):
        published = figure(row)
        assert found[key] in proportion_interval(int(published.value), published.n or 0)
    # the first ones came at week 12, in none of 122 before
    assert found["any by week 8"] in proportion_interval(0, 122)
    assert found["recurrence by week 12"] in proportion_interval(int(figure("IO074").value), 122)
    on, passed_on = areas(levels("went on", 128), name, numbers.exponent[0], numbers.infiltrate_d[0], SCANS_D)
    still = chances(base * (passed_on - on) + rate * on, numbers.lesion_shape[0])["any by week 28"]
    went = figure("IO080")
    assert still in proportion_interval(int(went.value), went.n or 0)


def test_every_number_has_a_source_and_assumed_ones_are_scanned() -> None:
    figures = activity_file().figures
    assert len(figures) == 8 + 2 * len(curve_names())
    for key, number in figures.items():
        assert number.source.where, key
        assert number.evidence or number.mark is Mark.ASSUMED, key
        if number.mark is Mark.ASSUMED:
            assert number.interval_kind == "scanned range", key
        for row in number.evidence:
            assert figure(row).id == row


def test_numbers_come_from_their_ranges_and_more_keep_the_first() -> None:
    few, many = draw_activity("bridge", 10, 3), draw_activity("bridge", 4000, 3)
    np.testing.assert_array_equal(few.exponent, many.exponent[:10])
    low, high = activity_file().infiltrate_d.interval or (0, 0)
    assert low <= many.infiltrate_d.min() < many.infiltrate_d.max() <= high
    fitted = activity_file().curves["bridge"].exponent
    lowest, highest = fitted.interval or (0, 0)
    assert np.quantile(many.exponent, [0.025, 0.5, 0.975]) == pytest.approx(
        (lowest, fitted.value, highest), rel=0.05
    )
    assert not np.array_equal(few.exponent, draw_activity("bridge", 10, 4).exponent)
    assert (draw_activity("bridge", 5, 3).t2_rate == activity_file().t2_rate.value).all()
    with pytest.raises(ValueError, match="at least one"):
        draw_activity("bridge", 0, 1)


def test_a_curve_without_a_fit_is_named_with_those_that_have_one() -> None:
    with pytest.raises(UnknownNameError, match="trough_pairs_low"):
        typical_activity("mine")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("interval = [7.0, 42.0]", "interval = [0.0, 42.0]", "infiltrate_d"),
        ("interval = [0.0, 1.0]", "interval = [0.0, 1.5]", "frailty_correlation"),
    ],
)
def test_a_damaged_file_is_refused_by_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    from importlib.resources import files

    text = (files("wearoff.dosing") / "activity.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "numbers.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=field):
        read_activity(path)
